"""Review says of the patient and of the image whether the model was trained on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_findings import finding

from aln_desk.domain.errors import BadModel
from aln_desk.domain.messages import BagPredicted
from aln_desk.domain.trained_on import Seen, TrainedOn
from aln_desk.domain.verdict import SIMULATED, decide
from aln_desk.gui import tasks
from aln_desk.gui.model_in_use import model_in_use
from aln_desk.gui.pages.review import ReviewPage
from aln_desk.gui.query import PatientRow, complaint, matches
from aln_desk.io import checkpoint, predictions, trained_on
from aln_desk.io.predictions import VerdictRow
from aln_desk.io.project import Project
from aln_desk.io.trained_on import TRAINED_ON_FILE

FITTED, HELD_OUT = "00000000000000aa", "00000000000000bb"
"""Digests of P1's images: the first taught the model, the second was held out, the third is new to it."""


@pytest.fixture
def folder(project_folder: Path) -> Path:
    """A project whose model has a record and has read P1, which it learned from, and P2, which is new to it."""
    model = project_folder / "models" / "first"
    checkpoint.save_tensors(model / checkpoint.MTL_FILE, {"weight": np.zeros(2, np.float32)})
    record = trained_on.write(model, TrainedOn(frozenset({FITTED}), frozenset({HELD_OUT})))
    checkpoint.write_manifest(model, {"name": "first", **record})
    digest = str(checkpoint.read_manifest(model)["digest"])
    with Project.open(project_folder) as project:
        project.adopt(model, digest)
        p1, p2, _ = project.patients()
        which = (FITTED, HELD_OUT, "other", "")
        found = [replace(finding(one), image_digest=own) for one, own in zip((*p1.bag, *p2.bag), which, strict=True)]
        predictions.write_bag(project.predictions / "instances.h5", digest, found, {})
        rows = [row("P1", 0.87, digest, Seen.FITTED), row("P2", 0.12, digest, Seen.NEW)]
        predictions.write_verdicts(project.predictions / "verdicts.csv", rows)
    return project_folder


def row(patient: str, score: float, model: str, seen: Seen) -> VerdictRow:
    return VerdictRow(patient, "training", None, score, 0.46, decide(score, 0.46), 1, 0, model, seen)


@pytest.fixture
def page(review_page: Callable[[Path], ReviewPage], folder: Path) -> ReviewPage:
    return review_page(folder)


def test_the_patient_is_marked_by_its_verdict(page: ReviewPage) -> None:
    chip = page.panel.patient_seen
    assert chip.isVisible() and chip.text() == "In training"
    assert chip.toolTip() == Seen.FITTED.sentence("this patient") == chip.accessibleDescription()
    page._workspace.select_patient("P2")
    assert chip.text() == "Not seen in training"
    page._workspace.select_patient("P10")
    assert not chip.isVisible(), "nobody has read this one"


def test_each_image_is_marked_by_its_bytes(page: ReviewPage) -> None:
    chip, said = page.panel.image_seen, []
    for _ in range(3):
        said.append(chip.text())
        page._workspace.next_instance()
        tasks.wait_all()
    assert said == ["In training", "Held out", "Not seen in training"]
    assert not chip.isVisible(), "the digest of P2's image is not known"


def test_a_model_without_a_record_says_nothing(page: ReviewPage) -> None:
    workspace = page._workspace
    assert workspace.project is not None and workspace.model is not None
    other = workspace.project.models / "other"
    checkpoint.write_manifest(_with_tensors(other), {"name": "other"})
    workspace.adopt(other)
    tasks.wait_all()
    assert not page.panel.image_seen.isVisible()
    workspace.apply_bag(BagPredicted("P1", 0.2, 0.5, workspace.model.digest, {}))
    assert not page.panel.patient_seen.isVisible()


def test_what_the_engine_says_is_shown_at_once(page: ReviewPage) -> None:
    model = page._workspace.model
    assert model is not None
    said = BagPredicted("P1", 0.9, 0.46, model.digest, {}, seen="held out", simulated=True)
    page._workspace.apply_bag(said)
    assert page.panel.patient_seen.text() == "Held out"
    assert page.panel.notice.isVisible() and page.panel.notice.text() == SIMULATED


def test_a_verdict_from_simulated_outcomes_is_called_so_under_another_model(page: ReviewPage, folder: Path) -> None:
    table = folder / "predictions" / "verdicts.csv"
    rows = [replace(row, simulated=True, model="gone") for row in predictions.read_verdicts(table)]
    assert not page.panel.notice.isVisible()
    predictions.write_verdicts(table, rows)
    page._workspace.reload_predictions()
    tasks.wait_all()
    assert page.panel.notice.isVisible()
    page.save_report(folder / "report.html")
    tasks.wait_all()
    assert SIMULATED in (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_carries_the_marks(page: ReviewPage, folder: Path) -> None:
    page.save_report(folder / "report.html")
    tasks.wait_all()
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert Seen.FITTED.sentence("this patient") in text
    assert text.count("In training") == 2 and text.count("Held out") == text.count("Not seen in training") == 1


def test_the_list_marks_who_taught_the_model(page: ReviewPage) -> None:
    def rows() -> list[object]:
        picture = page.list.view.viewport().grab().toImage()
        ratio = picture.devicePixelRatio()
        return [picture.copy(0, int(68 * n * ratio), picture.width(), int(68 * ratio)) for n in range(2)]

    page._workspace.select_patient("P10")
    page.list.view.clearFocus()
    marked, plain = rows()
    table = {name: replace(row, seen=Seen.UNKNOWN) for name, row in page._workspace._readings.rows.items()}
    page._workspace._readings.rows = table
    page._workspace.verdictsChanged.emit()
    assert rows()[0] != marked, "P1 is in training"
    assert rows()[1] == plain, "that P2 is new is what one expects"


def test_the_query_finds_who_was_trained_on(page: ReviewPage) -> None:
    workspace = page._workspace

    def matching(query: str) -> list[str]:
        rows = [PatientRow(p, workspace.verdict(p.id)) for p in workspace.patients]
        return [row.patient.id for row in rows if matches(query, row)]

    assert not complaint("training:in")
    assert (matching("training:in"), matching("training:not"), matching("training:held")) == (["P1"], ["P2"], [])


def test_a_record_that_was_changed_is_no_record(folder: Path) -> None:
    path = folder / "models" / "first" / TRAINED_ON_FILE
    path.write_text(path.read_text().replace(FITTED, HELD_OUT))
    with pytest.raises(BadModel, match="record of the training images"):
        model_in_use(path.parent)


def _with_tensors(folder: Path) -> Path:
    checkpoint.save_tensors(folder / checkpoint.MTL_FILE, {"weight": np.ones(2, np.float32)})
    return folder
