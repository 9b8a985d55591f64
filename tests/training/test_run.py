"""A whole run: what is left on disk when it ends, is stopped, or fails, and that going on changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Curve, Failed, Finished, Message, Note
from aln_desk.io import labelme_json
from aln_desk.io.checkpoint import load_tensors, read_manifest
from aln_desk.io.project import Project
from aln_desk.models.build import load_model
from training import mtl_loop, pace
from training.record import RunFolder
from training.run import Job, _cam_top, _threshold, parameters_digest, train

SETTINGS = (("mtl.iterations", "4"), ("mtl.validate_every", "2"), ("mil.epochs", "2"), ("mil.layers", "1"))


def job(study: Path, **changes: object) -> Job:
    return Job(**{"project": study, "preset": "tiny", "settings": SETTINGS, "device": "cpu", **changes})  # type: ignore[arg-type]


def record(study: Path) -> dict[str, object]:
    found = sorted((study / "runs").glob("*/run.json"))
    return dict(json.loads(found[-1].read_text()))


def test_a_finished_run_leaves_a_model_that_explains_itself(study: Path) -> None:
    told: list[Message] = []
    folder = train(job(study, name="mine"), told.append)
    assert folder is not None
    manifest = read_manifest(folder)
    model = load_model(folder, torch.device("cpu"))
    assert folder.name == manifest["digest"] == model.digest
    assert model.name == "mine"
    assert manifest["training"]["preset"] == "tiny"
    assert manifest["training"]["recipe"]["mtl"]["iterations"] == 4
    assert manifest["threshold_rule"].startswith("Youden index on")
    assert 0 <= manifest["threshold"] <= 1
    assert len(manifest["data_digest"]) == 16
    assert {"dice", "lesion_accuracy"} <= set(manifest["figures"])
    assert isinstance(told[-1], Finished)
    assert record(study)["state"] == "finished"
    events = (next((study / "runs").glob("*")) / "events.jsonl").read_text().splitlines()
    assert {json.loads(line)["event"] for line in events} >= {"Started", "Curve", "Finished"}


def test_stopping_in_either_stage_and_resuming_gives_the_same_model(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TELL_EVERY_SECONDS", 0)
    whole = train(job(study), lambda message: None)
    assert whole is not None
    for stage in ("mtl", "mil"):
        told: list[Message] = []

        def reached(stage: str = stage, told: list[Message] = told) -> bool:
            return any(isinstance(m, Curve) and m.stage == stage and m.part == "train" for m in told)

        assert train(job(study), told.append, reached) is None
        assert record(study)["state"] == "stopped"
        resumed = train(job(study, resume=""), told.append)
        assert resumed is not None
        for file in ("mtl.safetensors", "mil.safetensors"):
            one, other = load_tensors(whole / file), load_tensors(resumed / file)
            assert all(np.array_equal(one[name], other[name]) for name in one), (stage, file)


def test_a_run_does_not_go_on_with_other_data(study: Path) -> None:
    told: list[Message] = []
    assert train(job(study), told.append, lambda: any(isinstance(m, Curve) for m in told)) is None
    with Project.open(study) as project:
        sidecar = Path(project.patients()[0].bag[0].annotation)
    labelme_json.write(sidecar, labelme_json.read(sidecar).with_shapes(()))
    with pytest.raises(BadProject, match="Start a new run"):
        train(job(study, resume=""), told.append)
    assert isinstance(told[-1], Failed)
    assert record(study)["state"] == "failed"


def test_without_outcomes_only_stage_one_is_trained(study: Path) -> None:
    with Project.open(study) as project:
        for patient in project.patients():
            project.set_outcome(patient.id, None)
    told: list[Message] = []
    folder = train(job(study), told.append)
    assert folder is not None
    manifest = read_manifest(folder)
    assert manifest["taught"] == ["mask", "lesion"]
    assert manifest["mil"] is None
    assert any(isinstance(m, Note) and "no training patient has an outcome" in m.text for m in told)


def test_the_outcomes_of_test_patients_change_nothing(study: Path) -> None:
    first = train(job(study), lambda message: None)
    with Project.open(study) as project:
        for patient in project.patients(cohorts={"internal test"}):
            project.set_outcome(patient.id, 1 - (patient.outcome or 0))
    second = train(job(study), lambda message: None)
    assert first is not None
    assert second is not None
    one, other = load_tensors(first / "mil.safetensors"), load_tensors(second / "mil.safetensors")
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert read_manifest(first)["threshold"] == read_manifest(second)["threshold"]


def test_the_scale_of_the_cam_leaves_out_the_highest_tenth() -> None:
    assert _cam_top(np.array([-5.0, -1.0], np.float32)) is None
    assert _cam_top(np.arange(-10, 101, dtype=np.float32)) == pytest.approx(90.1)


def test_the_threshold_falls_back_to_the_fitted_patients_when_few_are_held_out() -> None:
    from test_mil_loop import bags, fresh

    many, few = bags(40), bags(4)
    assert "40 held-out training patients" in _threshold(fresh().eval(), many, many)[1]
    assert "40 training patients" in _threshold(fresh().eval(), many, few)[1]


@pytest.mark.parametrize(
    "setting",
    [
        "dtype=foo",
        "mtl.batch=0",
        "mil.batch=0",
        "mtl.validate_every=0",
        "seed=99999999999",
        "mil.dropout=1.5",
        "mil.layers=0",
        "held_out=1",
        "mtl.iterations=0",
        "mil.epochs=0",
        "mtl.scale_low=3",
        "geometry=round",
    ],
)
def test_a_value_no_training_could_use_is_refused_before_any_work(study: Path, setting: str) -> None:
    key, _, value = setting.partition("=")
    with pytest.raises(BadSetting, match=key):
        train(job(study, settings=((key, value),)), lambda message: None)
    assert not list((study / "runs").glob("*"))


def test_a_diverged_training_fails_with_a_sentence(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtl_loop, "losses", lambda output, batch, dice: {"mask": output.status_logit.sum() * np.nan})
    with pytest.raises(BadSetting, match=r"diverged.*mtl.learning_rate"):
        train(job(study), lambda message: None)
    assert record(study)["state"] == "failed"


def test_one_run_is_held_by_one_process(study: Path) -> None:
    told: list[Message] = []
    assert train(job(study), told.append, lambda: any(isinstance(m, Curve) for m in told)) is None
    run = RunFolder.find(study / "runs", "")
    with run, pytest.raises(BadProject, match="under way in another process"):
        train(job(study, resume=""), told.append)
    assert train(job(study, resume=""), told.append) is not None


def test_a_run_of_stage_two_names_its_data_and_notices_changes(study: Path) -> None:
    base = train(job(study), lambda message: None)
    assert base is not None
    told: list[Message] = []

    def in_stage_two() -> bool:
        return any(isinstance(m, Curve) and m.stage == "mil" for m in told)

    assert train(job(study, stages="mil", base=base), told.append, in_stage_two) is None
    with Project.open(study) as project:
        project.set_outcome("P001", 0)
    with pytest.raises(BadProject, match="Start a new run"):
        train(job(study, resume=""), told.append)
    second = train(job(study, stages="mil", base=base), lambda message: None)
    assert second is not None
    assert len(read_manifest(second)["data_digest"]) == 16


def test_the_measured_network_is_the_stored_one(study: Path) -> None:
    folder = train(job(study, settings=(*SETTINGS, ("dtype", "float16"))), lambda message: None)
    assert folder is not None
    net = load_model(folder, torch.device("cpu")).mtl
    found = sorted((study / "runs").glob("*/tokens-*.h5"))
    assert found[-1].stem == f"tokens-{parameters_digest(net)}"
