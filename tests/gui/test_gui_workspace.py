from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile, BadModel, BadProject
from aln_desk.domain.messages import BagPredicted, InstancePredicted
from aln_desk.domain.review import Review
from aln_desk.domain.shape import Shape
from aln_desk.gui import autosave, tasks
from aln_desk.gui.engine_process import EngineProcess
from aln_desk.gui.reading import Reading
from aln_desk.gui.workspace import Workspace
from aln_desk.io import checkpoint, labelme_json, predictions

SHAPE = Shape("tumor", ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)))


@pytest.fixture
def workspace(qtbot: QtBot, read_project: Path) -> Workspace:
    opened = Workspace()
    opened.open(read_project)
    tasks.wait_all()
    return opened


def with_shape(annotation: Annotation) -> Annotation:
    return annotation.with_shapes((*annotation.shapes, SHAPE))


def labels_on_disk(workspace: Workspace, name: str) -> list[str]:
    instance = next(one for patient in workspace.patients for one in patient.bag if one.id == name)
    return [shape.label for shape in labelme_json.read(Path(instance.annotation)).shapes]


def draw(workspace: Workspace, name: str) -> None:
    workspace.edit(name, with_shape(workspace.annotation(name)), "draw a shape")


def test_opening_shows_the_first_patient_and_its_first_image(workspace: Workspace) -> None:
    assert [patient.id for patient in workspace.patients] == ["P1", "P2", "P10"]
    assert workspace.patient is not None and workspace.patient.id == "P1"
    assert workspace.instance is not None and workspace.instance.id == "P1/T1.png"


def test_a_folder_that_is_no_project_leaves_the_open_one_open(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadProject):
        workspace.open(tmp_path / "nothing")
    assert workspace.project is not None and workspace.project.name == "study"


def test_images_are_walked_over_the_borders_of_bags(workspace: Workspace) -> None:
    walked = []
    for _ in range(7):
        assert workspace.instance is not None
        walked.append(workspace.instance.id)
        workspace.next_instance()
    assert walked == ["P1/T1.png", "P1/T2.png", "P1/N3.png", "P2/T1.png", "P10/T1.png", "P10/N2.png", "P10/N2.png"]
    workspace.select_instance("P2/T1.png")
    workspace.previous_instance()
    assert workspace.instance.id == "P1/N3.png"


def test_patients_are_walked_and_the_ends_hold(workspace: Workspace) -> None:
    workspace.previous_patient()
    assert workspace.patient is not None and workspace.patient.id == "P1"
    workspace.next_patient()
    workspace.next_patient()
    workspace.next_patient()
    assert workspace.patient.id == "P10"


def test_selecting_an_image_of_another_patient_selects_both_once(workspace: Workspace, qtbot: QtBot) -> None:
    seen: list[tuple[str, str]] = []
    workspace.patientSelected.connect(lambda name: seen.append((name, workspace.instance.id)))
    workspace.select_instance("P10/N2.png")
    assert seen == [("P10", "P10/N2.png")]


def test_an_edit_is_saved_on_its_own(workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.saveStateChanged, check_params_cb=lambda text: text.startswith("Saved")):
        draw(workspace, "P1/T2.png")
    assert labels_on_disk(workspace, "P1/T2.png") == ["tumor"]
    assert not workspace.unsaved


def test_leaving_an_image_saves_without_waiting(workspace: Workspace) -> None:
    draw(workspace, "P1/T1.png")
    workspace.next_instance()
    tasks.wait_all()
    assert labels_on_disk(workspace, "P1/T1.png") == ["tumor", "tumor"]


def test_closing_saves(workspace: Workspace) -> None:
    draw(workspace, "P1/T1.png")
    image = Path(workspace.patients[0].bag[0].annotation)
    assert workspace.close()
    assert len(labelme_json.read(image).shapes) == 2


def test_undo_and_redo_reach_the_disk_too(workspace: Workspace) -> None:
    draw(workspace, "P1/T1.png")
    workspace.undo()
    workspace.undo()
    assert len(workspace.annotation("P1/T1.png").shapes) == 1
    workspace.redo()
    workspace.flush()
    tasks.wait_all()
    assert labels_on_disk(workspace, "P1/T1.png") == ["tumor", "tumor"]


def test_many_edits_in_a_row_all_survive(workspace: Workspace) -> None:
    for _ in range(20):
        draw(workspace, "P1/T1.png")
        workspace.flush()
    tasks.wait_all()
    assert len(labels_on_disk(workspace, "P1/T1.png")) == 21


def test_a_failed_save_keeps_the_edit_and_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BadFile("P1/T1.json", "the disk is full", "Make space")

    told: list[tuple[str, str, str]] = []
    workspace.troubles.told.connect(lambda *one: told.append(one))
    with monkeypatch.context() as patched:
        patched.setattr(autosave, "save_annotation", refuse)
        draw(workspace, "P1/T1.png")
        assert not workspace.close()
    assert [one[:2] for one in told] == [("P1/T1.png", "failed")] and "disk is full" in told[0][2]
    assert workspace.unsaved == {"P1/T1.png"}
    assert len(workspace.annotation("P1/T1.png").shapes) == 2
    assert workspace.close()


def test_a_file_changed_by_another_program_is_not_written_over(workspace: Workspace) -> None:
    draw(workspace, "P1/T1.png")
    file = Path(workspace.patients[0].bag[0].annotation)
    theirs = replace(labelme_json.read(file), shapes=(replace(SHAPE, label="lymph_node"),) * 3)
    labelme_json.write(file, theirs)
    workspace.flush()
    tasks.wait_all()
    assert labels_on_disk(workspace, "P1/T1.png") == ["lymph_node"] * 3
    trouble = workspace.troubles.of("P1/T1.png")
    assert trouble is not None and trouble.kind == "changed"
    workspace.answer(trouble, "merge")
    tasks.wait_all()
    assert labels_on_disk(workspace, "P1/T1.png") == ["tumor", "tumor"] + ["lymph_node"] * 3
    assert workspace.troubles.all == [] and not workspace.unsaved


def test_a_file_changed_elsewhere_is_read_again_and_can_be_undone(workspace: Workspace) -> None:
    assert len(workspace.annotation("P1/T1.png").shapes) == 1
    file = Path(workspace.patients[0].bag[0].annotation)
    labelme_json.write(file, labelme_json.read(file).with_shapes(()))
    assert workspace.annotation("P1/T1.png").shapes == ()
    workspace.undo()
    assert len(workspace.annotation("P1/T1.png").shapes) == 1


def test_a_damaged_file_is_named_and_left(workspace: Workspace) -> None:
    file = Path(workspace.patients[1].bag[0].annotation)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(BadFile, match=r"T1\.json"):
        workspace.annotation("P2/T1.png")
    assert file.read_text(encoding="utf-8") == "{"


def test_clinical_data_are_kept_at_once(workspace: Workspace, read_project: Path) -> None:
    workspace.change_patient("P2", lambda project: project.set_outcome("P2", 0))
    workspace.change_patient("P2", lambda project: project.set_cohort("P2", "internal test"))
    workspace.change_patient("P2", lambda project: project.set_clinical("P2", "birads", "5"))
    workspace.close()
    workspace.open(read_project)
    patient = workspace.find_patient("P2")
    assert patient is not None
    assert (patient.outcome, patient.cohort, patient.clinical["birads"]) == (0, "internal test", "5")


def test_a_review_marks_the_patient_as_signed(workspace: Workspace) -> None:
    assert workspace.signed == set()
    workspace.add_review(Review("P2", "AN", 4))
    assert workspace.signed == {"P2"}
    assert [review.judgement for review in workspace.reviews("P2")] == [4]


def test_verdicts_come_first_and_findings_when_looked_at(workspace: Workspace, qtbot: QtBot) -> None:
    verdict = workspace.verdict("P1")
    assert verdict is not None and (verdict.score, verdict.decision, verdict.shares) == (0.87, "positive", {})
    assert workspace.verdict("P10") is None
    with qtbot.waitSignal(workspace.predictionChanged):
        assert workspace.prediction("P1/N3.png") is None
    found = workspace.prediction("P1/N3.png")
    assert found is not None and found.mask.shape == (48, 64)
    shares = workspace.verdict("P1").shares  # type: ignore[union-attr]
    assert shares == pytest.approx(dict.fromkeys(("P1/T1.png", "P1/T2.png", "P1/N3.png"), 1 / 3))


def test_a_bag_read_by_the_engine_is_shown_at_once_from_its_part(workspace: Workspace) -> None:
    from made_findings import finding

    assert workspace.project is not None and workspace.model is not None
    patient = workspace.patients[2]
    part = predictions.part_path(workspace.project.predictions, "P10")
    shares = {"P10/T1.png": 0.2, "P10/N2.png": 0.8}
    predictions.write_bag(part, workspace.model.digest, [finding(one) for one in patient.bag], shares)
    workspace.apply_bag(BagPredicted("P10", 0.7, 0.46, workspace.model.digest, shares, str(part)))
    assert workspace.verdict("P10").shares == shares  # type: ignore[union-attr]
    workspace.prediction("P10/N2.png")
    tasks.wait_all()
    assert np.asarray(workspace.prediction("P10/N2.png").mask).any()  # type: ignore[union-attr]


def test_an_image_is_shown_while_the_rest_of_its_bag_is_read(workspace: Workspace, qtbot: QtBot) -> None:
    from made_findings import finding

    assert workspace.project is not None and workspace.model is not None
    patient, digest = workspace.patients[2], workspace.model.digest
    part = predictions.part_path(workspace.project.predictions, "P10")
    predictions.write_bag(part, digest, [finding(patient.bag[0])], {})
    message = InstancePredicted("P10", patient.bag[0].id, digest, str(part))
    with qtbot.waitSignal(workspace.predictionChanged):
        workspace.apply_instance(message)
    assert workspace.prediction(patient.bag[0].id) is not None
    assert workspace.prediction(patient.bag[1].id) is None
    assert workspace.is_read("P10") is False
    assert workspace.verdict("P10") is None
    # One image that comes late changes nothing on the bag that is whole by then.
    workspace.apply_instance(message)
    shares = {one.id: 0.5 for one in patient.bag}
    predictions.write_bag(part, digest, [finding(one) for one in patient.bag], shares)
    workspace.apply_bag(BagPredicted("P10", 0.7, 0.46, digest, shares, str(part)))
    tasks.wait_all()
    workspace.prediction(patient.bag[1].id)
    tasks.wait_all()
    assert workspace.prediction(patient.bag[1].id) is not None
    assert workspace.is_read("P10") is True


def test_images_told_of_by_the_engine_reach_the_open_project_only(workspace: Workspace, qtbot: QtBot) -> None:
    from made_findings import finding

    assert workspace.project is not None and workspace.model is not None
    patient, digest = workspace.patients[2], workspace.model.digest
    part = predictions.part_path(workspace.project.predictions, "P10")
    predictions.write_bag(part, digest, [finding(patient.bag[0])], {})
    engine = EngineProcess()
    reading = Reading(workspace, engine)
    complaints: list[str] = []
    workspace.warned.connect(complaints.append)
    engine.message.emit(InstancePredicted("someone of another project", "x/1", digest, "nowhere.h5"))
    with qtbot.waitSignal(workspace.predictionChanged):
        engine.message.emit(InstancePredicted("P10", patient.bag[0].id, digest, str(part)))
    assert workspace.prediction(patient.bag[0].id) is not None
    assert complaints == [] and not reading.busy


def test_an_image_read_by_another_model_is_not_shown(workspace: Workspace) -> None:
    from made_findings import finding

    assert workspace.project is not None
    patient = workspace.patients[2]
    part = predictions.part_path(workspace.project.predictions, "P10")
    predictions.write_bag(part, "another", [finding(patient.bag[0])], {})
    workspace.apply_instance(InstancePredicted("P10", patient.bag[0].id, "another", str(part)))
    tasks.wait_all()
    assert workspace.prediction(patient.bag[0].id) is None


def test_the_model_in_use_is_named_and_verdicts_keep_theirs(workspace: Workspace, tmp_path: Path) -> None:
    assert workspace.model is not None and workspace.model.simulated
    assert workspace.verdicts["P1"].model == workspace.model.digest
    second = tmp_path / "second"
    checkpoint.save_tensors(second / checkpoint.MTL_FILE, {"weight": np.ones(2, np.float32)})
    checkpoint.write_manifest(second, {"name": "second"})
    workspace.adopt(second)
    assert "second" in workspace.model_name
    assert workspace.verdicts["P1"].model != workspace.model.digest


def test_a_project_that_cannot_be_saved_is_not_left(
    workspace: Workspace, read_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BadFile("P1/T1.json", "the disk is full", "Make space")

    draw(workspace, "P1/T1.png")
    with monkeypatch.context() as patched:
        patched.setattr(autosave, "save_annotation", refuse)
        with pytest.raises(AlnError, match="stays open"):
            workspace.open(read_project)
    assert workspace.unsaved == {"P1/T1.png"}
    assert workspace.close()


def test_a_missing_model_is_told_after_the_project_is_shown(
    workspace: Workspace, read_project: Path, tmp_path: Path
) -> None:
    (read_project / "models" / "first" / "manifest.json").unlink()
    order: list[str] = []
    workspace.projectChanged.connect(lambda: order.append("project"))
    workspace.warned.connect(order.append)
    workspace.open(read_project)
    assert order[:2] == ["project", "project"] and "models" in order[2]
    assert workspace.model is None and workspace.model_name == "No model"


def test_a_damaged_model_is_not_adopted(workspace: Workspace, tmp_path: Path) -> None:
    before = workspace.model_name
    with pytest.raises(BadModel):
        workspace.adopt(tmp_path)
    assert workspace.model_name == before


def test_foreign_keys_survive_an_edit(workspace: Workspace) -> None:
    file = Path(workspace.patients[0].bag[0].annotation)
    record = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**record, "hospital_tag": {"room": 3}}), encoding="utf-8")
    draw(workspace, "P1/T1.png")
    assert workspace.close()
    assert json.loads(file.read_text(encoding="utf-8"))["hospital_tag"] == {"room": 3}
