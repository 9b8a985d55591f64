"""Reading a project: resumable, incremental, and never a half-written file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from aln_desk.domain.errors import BadProject
from aln_desk.domain.messages import BagPredicted, InstancePredicted, Message
from aln_desk.inference import reading
from aln_desk.inference.reading import ProjectReader, model_folder
from aln_desk.inference.session import Session
from aln_desk.io import predictions, verdicts
from aln_desk.io.project import Project
from aln_desk.models.build import LoadedModel, load_model


@pytest.fixture
def model(random_model: Path) -> LoadedModel:
    return load_model(random_model, torch.device("cpu"))


def read_all(study: Path, model: LoadedModel, bags: int = 10_000) -> tuple[reading.Reading, list[Message]]:
    told: list[Message] = []
    with Project.open(study) as project:
        reader = ProjectReader(project, Session(model), told.append)
        for _ in range(bags):
            if not reader.step():
                break
        return reader.finish(), told


def test_every_patient_gets_a_verdict_and_every_image_its_findings(study: Path, model: LoadedModel) -> None:
    found, told = read_all(study, model)
    with Project.open(study) as project:
        patients = project.patients()
    rows = predictions.read_verdicts(study / "predictions" / "verdicts.csv")
    assert [row.patient for row in rows] == [p.id for p in patients]
    assert {row.outcome for row in rows} == {0, 1}
    assert all((row.decision == "positive") == (row.score >= row.threshold) for row in rows)
    assert found.complete
    assert found.images == sum(len(p.bag) for p in patients)
    known = predictions.known(study / "predictions" / "instances.h5", model.digest)
    assert set(known) == {i.id for p in patients for i in p.bag}
    assert sum(isinstance(m, BagPredicted) for m in told) == len(patients)


def test_a_second_reading_computes_nothing_again(
    study: Path, model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = read_all(study, model)
    monkeypatch.setattr(Session, "read", lambda *_: pytest.fail("computed again"))
    second, _ = read_all(study, model)
    assert [r.score for r in second.verdicts] == [r.score for r in first.verdicts]


def test_a_changed_image_is_read_again(study: Path, model: LoadedModel) -> None:
    first, _ = read_all(study, model)
    with Project.open(study) as project:
        patient = project.patients()[3]
    image = Path(patient.bag[0].image)
    cv2.imwrite(str(image), np.full((64, 64), 200, np.uint8))
    second, _ = read_all(study, model)
    changed = [a.patient for a, b in zip(first.verdicts, second.verdicts, strict=True) if a.score != b.score]
    assert changed == [patient.id]


def test_a_stopped_reading_keeps_what_it_read_and_goes_on_later(
    study: Path, model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, _ = read_all(study, model, bags=5)
    assert not part.complete
    assert len(part.verdicts) == 5
    whole, _ = read_all(study, model)
    assert whole.complete
    assert [r.score for r in whole.verdicts[:5]] == [r.score for r in part.verdicts]


def test_a_reading_that_died_goes_on_from_its_parts(study: Path, model: LoadedModel) -> None:
    with Project.open(study) as project:
        reader = ProjectReader(project, Session(model), lambda message: None)
        reader.step()
        reader.step()  # and here the process ends without finish()
    computed: list[str] = []
    original = Session.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "read", lambda s, bag, more: computed.append(bag[0].patient) or original(s, bag, more))
        whole, _ = read_all(study, model)
    assert whole.complete
    assert len(computed) == len(whole.verdicts) - 2


def test_the_patient_on_screen_is_read_first(study: Path, model: LoadedModel) -> None:
    told: list[Message] = []
    with Project.open(study) as project:
        reader = ProjectReader(project, Session(model), told.append)
        reader.prefer("P020")
        reader.prefer("no such patient")
        reader.step()
    assert [m.patient for m in told if isinstance(m, BagPredicted)] == ["P020"]


def test_images_of_the_patient_on_screen_are_told_of_as_they_come(study: Path, model: LoadedModel) -> None:
    told: list[Message] = []
    with Project.open(study) as project:
        watched = next(p for p in project.patients() if len(p.bag) == 2)
        reader = ProjectReader(project, Session(model), told.append)
        reader.prefer(watched.id)
        while reader.step():
            pass
    first, *others = [m for m in told if isinstance(m, InstancePredicted)]
    assert others == []  # the last image of the bag comes with the verdict
    assert (first.patient, first.instance, first.model) == (watched.id, watched.bag[0].id, model.digest)
    assert told.index(first) < next(at for at, m in enumerate(told) if isinstance(m, BagPredicted))
    found = predictions.read_instance(Path(first.file), first.instance, model=model.digest)
    assert found is not None


def test_a_bag_of_which_a_part_is_known_costs_the_rest(
    study: Path, model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(study) as project:
        patient = next(p for p in project.patients() if len(p.bag) == 2)
        project.remove_patient(patient.id)
        project.add_patient(replace(patient, bag=patient.bag[:1]))
        read_all(study, model)
        project.remove_patient(patient.id)
        project.add_patient(patient)
    asked: list[list[str]] = []
    original = Session.read
    monkeypatch.setattr(
        Session, "read", lambda s, bag, more: asked.append([i.id for i in bag]) or original(s, bag, more)
    )
    whole, _ = read_all(study, model)
    assert asked == [[patient.bag[1].id]]
    shares = predictions.read_shares(study / "predictions" / "instances.h5", [i.id for i in patient.bag])
    assert sum(shares.values()) == pytest.approx(1.0)
    assert whole.complete


@pytest.mark.parametrize("network", [(1, 1), (16, 1), (1, 3)], ids=["one by one", "batches", "side by side"])
def test_a_damaged_image_leaves_its_own_patient_out_and_no_other(
    study: Path, model: LoadedModel, network: tuple[int, int]
) -> None:
    with Project.open(study) as project:
        broken = project.patients()[2]
        Path(broken.bag[-1].image).write_bytes(b"not an image")
        session = Session(model)
        session._network.batch, session._network.callers = network
        reader = ProjectReader(project, session, lambda message: None)
        while reader.step():
            pass
        found = reader.finish()
    assert found.left_out == (broken.id,)
    assert len(found.verdicts) == 31


@pytest.fixture
def other(tmp_path: Path) -> LoadedModel:
    from small_study import make_model

    return load_model(make_model(tmp_path / "other", seed=1), torch.device("cpu"))


def test_another_model_takes_the_place_of_the_last_reading_and_both_are_kept(
    study: Path, model: LoadedModel, other: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = read_all(study, model)
    second, _ = read_all(study, other)
    folder = study / "predictions"
    assert {row.model for row in verdicts.read_verdicts(folder / "verdicts.csv")} == {other.digest}
    assert predictions.known(folder / "instances.h5", model.digest) == {}
    assert verdicts.read_models(folder) == {model.digest: list(first.verdicts), other.digest: list(second.verdicts)}
    assert len(predictions.known(predictions.instances_file(folder, model.digest), model.digest)) == first.images

    monkeypatch.setattr(Session, "read", lambda *_: pytest.fail("computed again"))
    again, told = read_all(study, model)
    assert again.verdicts == first.verdicts
    assert predictions.instances_file(folder, model.digest) == folder / "instances.h5"
    assert predictions.instances_file(folder, other.digest).exists()
    assert all(m.shares for m in told if isinstance(m, BagPredicted))


def test_a_stopped_reading_keeps_its_scores_beside_the_other_models(
    study: Path, model: LoadedModel, other: LoadedModel
) -> None:
    first, _ = read_all(study, model)
    read_all(study, other)
    part, _ = read_all(study, model, bags=3)
    assert not part.complete
    assert part.verdicts == first.verdicts  # the three read again and the others as before
    fresh = load_model(_changed(study.parent / "third"), torch.device("cpu"))
    begun, _ = read_all(study, fresh, bags=3)
    assert len(begun.verdicts) == 3
    kept = verdicts.read_models(study / "predictions")
    assert {key: len(rows) for key, rows in kept.items()} == {model.digest: 32, other.digest: 32, fresh.digest: 3}
    assert {row.model for row in verdicts.read_verdicts(study / "predictions" / "verdicts.csv")} == {other.digest}


def _changed(folder: Path) -> Path:
    from small_study import make_model

    return make_model(folder, seed=2)


def test_an_empty_project_is_a_sentence(tmp_path: Path, model: LoadedModel) -> None:
    with Project.create(tmp_path / "empty") as project, pytest.raises(BadProject, match="no images"):
        ProjectReader(project, Session(model), lambda message: None)


def test_the_model_asked_for_comes_before_the_adopted_one(study: Path, random_model: Path) -> None:
    with Project.open(study) as project:
        assert model_folder(project).name == "model"
        project.adopt(random_model, "abc")
        assert model_folder(project) == random_model.resolve()
        own = project.models / "0123"
        own.mkdir()
        assert model_folder(project, "0123") == own
        assert model_folder(project, "/somewhere/else") == Path("/somewhere/else")


def test_stopping_a_second_reading_loses_no_verdict_of_the_first(study: Path, model: LoadedModel) -> None:
    first, _ = read_all(study, model)
    part, _ = read_all(study, model, bags=3)
    assert not part.complete
    assert predictions.read_verdicts(study / "predictions" / "verdicts.csv") == list(first.verdicts)


def test_shares_follow_a_bag_that_shrank(study: Path, model: LoadedModel) -> None:
    read_all(study, model)
    with Project.open(study) as project:
        patient = next(p for p in project.patients() if len(p.bag) == 2)
        project.remove_patient(patient.id)
        project.add_patient(replace(patient, bag=patient.bag[:1]))
    read_all(study, model)
    shares = predictions.read_shares(study / "predictions" / "instances.h5", [patient.bag[0].id])
    assert shares == {patient.bag[0].id: pytest.approx(1.0)}


def test_a_model_of_stage_one_alone_tells_of_each_bag_without_a_verdict(study: Path, tmp_path: Path) -> None:
    from small_study import make_model

    masks_only = load_model(make_model(tmp_path / "masks", with_verdict=False), torch.device("cpu"))
    found, told = read_all(study, masks_only)
    bags = [m for m in told if isinstance(m, BagPredicted)]
    assert len(bags) == 32
    assert all(m.score is None and Path(m.file).parent.name == "parts" for m in bags)
    assert found.complete
    assert found.verdicts == ()


def test_damaged_results_are_made_anew(study: Path, model: LoadedModel) -> None:
    first, _ = read_all(study, model)
    for name in ("verdicts.csv", "instances.h5"):
        (study / "predictions" / name).write_bytes(b"\xff\x00 not what it was")
    again, _ = read_all(study, model)
    assert predictions.read_verdicts(study / "predictions" / "verdicts.csv") == list(again.verdicts)
    assert [r.score for r in again.verdicts] == pytest.approx([r.score for r in first.verdicts])
