"""A researcher's afternoon in the real window: compare two models, ask who is behind a figure, export, come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from user_journey import Journey

from aln_desk.demonstration import SEED, simulate_project
from aln_desk.domain.messages import Message
from aln_desk.domain.verdict import decide
from aln_desk.gui.main_window import MainWindow
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.pages.evaluation_bodies import Body
from aln_desk.gui.pages.review import ReviewPage
from aln_desk.gui.widgets.import_scores import ScoresToAdd
from aln_desk.gui.widgets.plot_confusion import MatrixGrid, cell_rect
from aln_desk.io import verdicts
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENTS = 60
MODELS = ("a1a1a1a1a1a1", "b2b2b2b2b2b2")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Simulated patients whom two models have read."""

    def ignore(message: Message) -> None: ...

    simulate_project(tmp_path / "study", PATIENTS, SEED, ignore, lambda: False)
    with Project.open(tmp_path / "study") as project:
        for place, digest in enumerate(MODELS):
            file = verdicts.scores_file(project.predictions, digest)
            file.parent.mkdir(exist_ok=True)
            verdicts.write_verdicts(file, list(read_by(project, digest, np.random.default_rng(place))))
        last = verdicts.read_verdicts(file)
        verdicts.write_verdicts(project.predictions / verdicts.VERDICTS_FILE, last)
    return tmp_path / "study"


def read_by(project: Project, digest: str, random: np.random.Generator) -> Iterator[VerdictRow]:
    """Scores that tell the outcome more often than not."""
    for one in project.patients():
        score = float(np.clip(random.normal(0.3 + 0.4 * (one.outcome or 0), 0.2), 0.01, 0.99))
        yield VerdictRow(one.id, one.cohort, one.outcome, score, 0.5, decide(score, 0.5), 1, 0, digest)


class Evaluating(Journey):
    """The researcher's hands and eyes."""

    def page(self) -> EvaluationPage:
        self.window.actions_["mode.evaluate"].trigger()
        found = self.window.pages["evaluate"]
        assert isinstance(found, EvaluationPage)
        return found


def card(page: EvaluationPage, key: str) -> QWidget:
    """The picture of the cohort on one of the cards."""
    found = next(one.body for one in page.cards.cards if one.kind.key == key)
    assert isinstance(found, Body)
    return found.pictures[0]


def test_the_evaluation_journey(window: MainWindow, qtbot: QtBot, study: Path, tmp_path: Path) -> None:
    user = Evaluating(window, qtbot)
    window.open_project(study)
    page = user.page()
    user.until(lambda: page.board is not None and page.empty.stack.currentIndex() == 1)
    assert page.side.scorers.ticked == MODELS
    user.until(page.side.looks.isVisible)  # what stays on the screen has been looked at
    user.picture("evaluate-cards")
    add_other_software(user, page, tmp_path)
    patient = find_who_is_behind_a_cell(user, page)
    open_in_review(user, page, patient)
    export(user, user.page(), patient, tmp_path / "results")
    come_back_tomorrow(user, study)


def add_other_software(user: Journey, page: EvaluationPage, folder: Path) -> None:
    """A CSV becomes one more column of the comparison."""
    rows = [f"{one.id},{0.2 + 0.5 * (one.outcome or 0)}" for one in user.window.workspace.patients]
    (folder / "radiomics.csv").write_text("\n".join(["patient,score", *rows]), encoding="utf-8")
    page.add_scores(ScoresToAdd(folder / "radiomics.csv", "Radiomics", 0.5, True))
    user.until(lambda: page.board is not None and len(page.board.scorers) == 3)
    assert page.board is not None
    cohort = page.cards.cohort
    assert page.board.results.parts["import:Radiomics", cohort].auc == 1.0


def find_who_is_behind_a_cell(user: Journey, page: EvaluationPage) -> str:
    """A click into a confusion matrix lists its patients on the right."""
    grid = card(page, "confusion")
    assert isinstance(grid, MatrixGrid)
    view = grid.views[0]
    cell = max(view.matrix.counts, key=lambda one: view.matrix.counts[one])
    spot = QPointF(cell_rect(QRectF(view.rect()), cell).center()).toPoint()
    user.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot)
    shown = page.patients.list
    assert shown.topLevelItemCount() == view.matrix.counts[cell] > 0
    entry = shown.topLevelItem(0)
    assert entry is not None
    shown.setCurrentItem(entry)
    user.picture("evaluate-patients")
    return entry.text(0)


def open_in_review(user: Journey, page: EvaluationPage, patient: str) -> None:
    """Enter opens the patient in Review."""
    page.patients.list.setFocus()
    user.qtbot.keyClick(page.patients.list, Qt.Key.Key_Return)
    workspace = user.window.workspace
    user.until(lambda: workspace.patient is not None and workspace.patient.id == patient)
    assert isinstance(user.window.stack.currentWidget(), ReviewPage)


def export(user: Journey, page: EvaluationPage, patient: str, folder: Path) -> None:
    """Only the second model, and only what is ticked, is written by the command line, and the case that was chosen."""
    page.patients.sheets.click()
    assert page.centre.place == "figure_4"
    page.centre.go_to("")
    page.side.scorers.rows[MODELS[0]].box.setChecked(False)
    page.cards.enlarge("roc")
    user.until(lambda: page.board is not None and len(page.board.scorers) == 2)
    user.picture("evaluate-roc")
    with user.qtbot.waitSignal(page._export.finished, timeout=180_000) as ended:
        page.export_to(folder)
    assert ended.args == [True, f"Tables and figures were written to {folder}."]
    table = (folder / "metrics.csv").read_text(encoding="utf-8")
    assert MODELS[1] in table and MODELS[0] not in table
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["selection"]["patients"] == [patient]


def come_back_tomorrow(user: Journey, study: Path) -> None:
    """Ticks and the large card are where they were left."""
    window = user.window
    left = user.page().selection
    assert window.close_project()
    window.open_project(study)
    page = user.page()
    user.until(lambda: page.board is not None and page.board.results.selection == left)
    assert page.cards.large == "roc"
    assert replace(left, scorers=page.side.scorers.ticked) == left
    assert window.workspace.project is not None
    looks = window.workspace.project.looks()
    assert "window" in {look.origin for look in looks} <= {"window", "export"}
