"""A whole run: what is left on disk when it ends, is stopped, or fails, and that going on changes nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from asked import SETTINGS, job, record, same_parameters, trained

from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Curve, Failed, Finished, Message, Note, Progress, SnapshotTaken, Started
from aln_desk.io import labelme_json, snapshots
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.io.runs import read_progress
from aln_desk.models.build import load_model
from training import mtl_loop, pace
from training.record import RunFolder
from training.run import train
from training.tokens import source_digest

pytestmark = pytest.mark.usefixtures("thin_network")


def in_stage(told: list[Message], stage: str) -> bool:
    return any(isinstance(m, Curve) and m.stage == stage and m.part == "train" for m in told)


def test_a_finished_run_leaves_a_model_that_explains_itself(study: Path) -> None:
    told: list[Message] = []
    folder = trained(job(study, name="mine"), told)
    manifest = read_manifest(folder)
    model = load_model(folder, torch.device("cpu"))
    assert folder.name == manifest["digest"] == model.digest
    assert model.name == "mine"
    assert manifest["training"]["preset"] == "tiny"
    assert manifest["training"]["recipe"]["mtl"]["iterations"] == 4
    assert manifest["training"]["cohorts"] == ["training"]
    assert set(manifest["training"]["versions"]) == {"aln-desk", "torch", "python"}
    assert manifest["threshold_rule"].startswith("Youden index on")
    assert 0 <= manifest["threshold"] <= 1
    assert len(manifest["data_digest"]) == 33  # of the images to learn from and of those to measure with
    assert {"dice", "lesion_accuracy", "auc"} <= set(manifest["figures"])
    assert isinstance(told[0], Started) and isinstance(told[-1], Finished)
    assert record(study)["state"] == "finished"
    assert record(study)["seconds"] > 0


def test_a_finished_run_leaves_its_course(study: Path) -> None:
    told: list[Message] = []
    trained(job(study, ("mtl.validate_every", "2")), told)
    run = next((study / "runs").glob("*"))
    events = (run / "events.jsonl").read_text().splitlines()
    assert {json.loads(line)["event"] for line in events} >= {"Started", "Curve", "SnapshotTaken", "Finished"}
    last = [m for m in told if isinstance(m, Progress)][-1]
    assert read_progress(run) == last
    assert (last.stage, last.done) == ("mil", last.total)
    with (run / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["stage"], row["part"], row["name"]) for row in csv.DictReader(file)}
    assert {("mtl", "train", "mask"), ("mtl", "validation", "dice"), ("mil", "validation", "auc")} <= rows
    taken = [m for m in told if isinstance(m, SnapshotTaken)]
    assert [m.step for m in taken] == [2, 4]
    assert [run / m.file for m in taken] == snapshots.listed(run)
    assert [snapshots.read(path).step for path in snapshots.listed(run)] == [2, 4]


@pytest.mark.parametrize("stage", ["mtl", "mil"])
def test_stopping_in_either_stage_and_resuming_gives_the_same_model(
    study: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr(pace, "TELL_EVERY_SECONDS", 0)
    options = (("mtl.ema", "0.9"), ("mtl.validate_every", "2"), ("mtl.keep", "best"), ("mil.members", "2"))
    whole = trained(job(study, *options))
    told: list[Message] = []
    assert train(job(study, *options), told.append, lambda: in_stage(told, stage)) is None
    assert record(study)["state"] == "stopped"
    assert told[-1] == Finished(stopped=True)
    assert same_parameters(whole, trained(job(study, resume=""), told))


def test_a_file_in_its_folder_stops_a_run(study: Path) -> None:
    told: list[Message] = []

    def emit(message: Message) -> None:
        told.append(message)
        if isinstance(message, SnapshotTaken):
            (next((study / "runs").glob("*")) / "stop").touch()

    assert train(job(study, ("mtl.validate_every", "2")), emit) is None
    assert [m.step for m in told if isinstance(m, SnapshotTaken)] == [2]
    assert record(study)["state"] == "stopped"
    trained(job(study, resume=""))
    assert record(study)["state"] == "finished"


def test_a_finished_run_stays_finished_and_gives_the_same_model_again(study: Path) -> None:
    folder = trained(job(study))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    states: list[str] = []
    name = str(record(study)["run"])
    again = train(job(study, resume=name), lambda message: states.append(str(record(study)["state"])))
    assert again is not None
    assert set(states) == {"finished"}
    assert same_parameters(folder, again)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


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
    manifest = read_manifest(trained(job(study), told))
    assert manifest["taught"] == ["mask", "lesion"]
    assert manifest["mil"] is None
    assert any(isinstance(m, Note) and "no training patient has an outcome" in m.text for m in told)


def test_the_outcomes_of_test_patients_change_nothing(study: Path) -> None:
    first = trained(job(study))
    with Project.open(study) as project:
        for patient in project.patients(cohorts={"internal test"}):
            project.set_outcome(patient.id, 1 - (patient.outcome or 0))
    second = trained(job(study))
    assert same_parameters(first, second)
    assert read_manifest(first)["threshold"] == read_manifest(second)["threshold"]


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
        "mil.kind=vote",
        "mil.node_dropout=2",
        "held_out=1",
        "mtl.iterations=0",
        "mil.epochs=0",
        "mtl.scale_low=3",
        "mtl.ema=1",
        "mtl.keep=first",
        "mask_tokens=3",
        "geometry=round",
        "backbone=segformer-b9",
        "error=0.9",
    ],
)
def test_a_value_no_training_could_use_is_refused_before_any_work(study: Path, setting: str) -> None:
    key, _, value = setting.partition("=")
    with pytest.raises(BadSetting, match=key):
        train(job(study, settings=((key, value),)), lambda message: None)
    assert not list((study / "runs").glob("*"))


def test_several_members_of_a_fixed_rule_are_refused(study: Path) -> None:
    with pytest.raises(BadSetting, match=r"mil\.members"):
        train(job(study, ("mil.kind", "noisy-or"), ("mil.members", "3")), lambda message: None)


def test_a_diverged_training_fails_with_a_sentence(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverged(output: object, *arguments: object) -> dict[str, torch.Tensor]:
        return {"mask": output.status_logit.sum() * np.nan}  # type: ignore[attr-defined]

    monkeypatch.setattr(mtl_loop, "losses", diverged)
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


def test_a_run_of_stage_two_names_its_data_and_notices_changes(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TELL_EVERY_SECONDS", 0)
    base = trained(job(study))
    told: list[Message] = []
    wanted = job(study, stages="mil", base=base)
    assert train(wanted, told.append, lambda: in_stage(told, "mil")) is None
    with Project.open(study) as project:
        project.set_outcome("P001", 0)
    with pytest.raises(BadProject, match="Start a new run"):
        train(job(study, resume=""), told.append)
    second = trained(wanted)
    assert len(read_manifest(second)["data_digest"]) == 16
    assert read_manifest(second)["training"]["base"] == base.name
    assert same_parameters(base, second, "mtl.safetensors")


def test_the_measured_network_is_the_stored_one(study: Path) -> None:
    model = load_model(trained(job(study, ("dtype", "float16"))), torch.device("cpu"))
    (found,) = (study / "cache").glob("tokens-*.h5")
    assert found.stem.split("-")[1] == source_digest(model.mtl, model.preprocess)


def test_the_same_run_again_is_the_same_to_the_last_bit(study: Path) -> None:
    first = trained(job(study, ("mtl.ema", "0.9"), ("seed", "3"), fold=(2, 3)))
    named = str(record(study)["run"])
    again = trained(job(study, preset="", settings=(), like=named))
    assert same_parameters(first, again)
    one, other = read_manifest(first), read_manifest(again)
    for key in ("training", "threshold", "figures", "data_digest", "mtl", "mil", "preprocess"):
        assert one[key] == other[key], key
    assert (record(study)["like"], record(study)["fold"]) == (named, "2/3")


def test_the_same_run_but_for_a_setting_or_a_fold(study: Path) -> None:
    trained(job(study, ("seed", "3")))
    named = str(record(study)["run"])
    trained(job(study, settings=(("mil.epochs", "1"),), like=named, fold=(1, 2), group="g"))
    found = record(study)
    assert (found["recipe"]["seed"], found["recipe"]["mil"]["epochs"]) == (3, 1)
    assert (found["fold"], found["group"]) == ("1/2", "g")
    with pytest.raises(BadProject, match="no run 'nobody'"):
        train(job(study, like="nobody"), lambda message: None)


def test_stages_and_cohorts_are_those_of_the_run_that_is_repeated(study: Path) -> None:
    base = trained(job(study))
    trained(job(study, stages="mil", base=base))
    named = str(record(study)["run"])
    folder = trained(job(study, settings=(), like=named))
    assert (record(study)["stages"], record(study)["base"]) == ("mil", str(base))
    assert same_parameters(base, folder, "mtl.safetensors")
    assert dict(SETTINGS)["mil.epochs"] == str(record(study)["recipe"]["mil"]["epochs"])
