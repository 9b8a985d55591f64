from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_scores import GOOD, POOR, board, scorer, write_project
from PySide6.QtWidgets import QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.verdict import SIMULATED
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.pages.evaluation_notes import Notes, simulated_words
from aln_desk.gui.workspace import Workspace
from aln_desk.io import checkpoint
from aln_desk.io.project import Project


@pytest.fixture
def notes(qtbot: QtBot) -> Notes:
    made = Notes()
    qtbot.addWidget(made)
    made.resize(890, 30)
    return made


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions) -> Iterator[EvaluationPage]:
    made = EvaluationPage(workspace, actions)
    window.setCentralWidget(made)
    window.show()
    yield made
    tasks.wait_all()
    made.close()


def told(notes: Notes) -> list[str]:
    """What the list says, row by row: the matter, the remedy."""
    return [one.text() for one in notes.area.findChildren(QLabel) if not one.isHidden()]


def test_nothing_to_know_takes_no_room(notes: Notes) -> None:
    notes.show()
    notes.show_results(board("internal").results, ())
    assert notes.isHidden()
    notes.show_results(None, (GOOD,))
    assert notes.isHidden()


def test_each_matter_has_its_remedy_beside_it(notes: Notes) -> None:
    notes.show()
    notes.show_results(board("one kind", "internal", scorers=(scorer(GOOD),)).results, ())
    assert notes.fold.text() == "1 thing to know ▴" and notes.area.isHidden()
    notes.fold.click()
    assert notes.fold.text() == "1 thing to know ▾" and not notes.area.isHidden()
    assert told(notes) == [
        "Good on one kind: one outcome only, so the AUC is not defined.",
        "Add patients of the other outcome.",
    ]


def test_a_name_with_a_full_stop_stays_whole(notes: Notes) -> None:
    scores = {"internal-0": 0.9, "internal-1": 0.8, "internal-3": 0.2, "internal-4": 0.1}
    reader = replace(scorer(GOOD), name="Dr. Hall. MD", scores=scores)
    notes.show_results(board("internal", scorers=(reader,)).results, ())
    matter, remedy = told(notes)
    assert matter.startswith("Dr. Hall. MD on internal: 2 patients") and matter.endswith("left out.")
    assert remedy == "Let the model read the project again."


def test_a_long_list_is_scrolled(notes: Notes, qtbot: QtBot) -> None:
    notes.show()
    many = tuple(replace(scorer(GOOD), key=str(number), name=f"Model {number}", scores={}) for number in range(12))
    notes.show_results(board("external", "internal", scorers=many).results, ())
    notes.fold.click()
    assert notes.fold.accessibleName() == "24 things to know"
    qtbot.waitUntil(lambda: notes.area.verticalScrollBar().maximum() > 0)
    assert notes.area.height() == 220


def test_who_learned_from_simulated_outcomes_is_named_where_others_did_not() -> None:
    results = board().results
    assert simulated_words(results, ()) == ""
    assert simulated_words(results, (GOOD, POOR)) == f"{SIMULATED} Research use, not a medical device."
    assert "This holds for Poor. Research use, not a medical device." in simulated_words(results, {POOR})
    alone = board(scorers=(scorer(GOOD),)).results
    assert simulated_words(alone, {POOR}) == "", "it is not among those shown"


def test_the_board_tells_live_what_to_know(page: EvaluationPage, workspace: Workspace, tmp_path: Path) -> None:
    write_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    notes = page.empty.notes
    assert not notes.isVisible()
    page.side.cohorts.rows["one kind"].box.setChecked(True)
    tasks.wait_all()
    assert notes.fold.isVisible() and notes.sentences == page.board.results.problems  # type: ignore[union-attr]
    page.cards.enlarge("roc")
    assert notes.fold.isVisible()
    page.centre.setCurrentIndex(1)
    assert notes.fold.isVisible()
    page.side.cohorts.rows["one kind"].box.setChecked(False)
    tasks.wait_all()
    assert not notes.isVisible()


def test_the_page_says_that_a_chosen_model_s_outcomes_were_simulated(
    page: EvaluationPage, workspace: Workspace, tmp_path: Path
) -> None:
    write_project(tmp_path / "p")
    with Project.open(tmp_path / "p") as project:
        model = project.models / "drawn"
        checkpoint.save_tensors(model / checkpoint.MTL_FILE, {})
        checkpoint.write_manifest(model, {"name": "drawn", "simulated": True})
        digest = str(checkpoint.read_manifest(model)["digest"])
        model.rename(project.models / digest)
        scores = project.predictions / "scores"
        table = (scores / f"{POOR}.csv").read_text(encoding="utf-8")
        (scores / f"{digest}.csv").write_text(table.replace(POOR, digest), encoding="utf-8")
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    words = page.empty.notes.simulated
    assert words.isVisible() and words.text().startswith(f"{SIMULATED} This holds for drawn.")
    page.side.scorers.rows[digest].box.setChecked(False)
    tasks.wait_all()
    assert not words.isVisible()
