from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from evaluation_scores import GOOD, POOR, keep_findings, rows, write_project, write_scores
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.review import Review
from aln_desk.evaluation.selection import BY_RULE, Choices, Filter, Selection, ThresholdRule
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_bodies import ConfusionBody, CurvesBody, DelongBody, ForestBody
from aln_desk.gui.pages.evaluation_cards import KINDS
from aln_desk.gui.pages.evaluation_empty import Emptiness
from aln_desk.gui.pages.evaluation_export import Export, arguments
from aln_desk.gui.pages.evaluation_table import TableBody
from aln_desk.gui.widgets.import_scores import ImportScoresDialog, ScoresToAdd
from aln_desk.gui.widgets.plot_confusion import MatrixGrid
from aln_desk.gui.workspace import Workspace
from aln_desk.io.project import Project
from aln_desk.io.verdicts import write_verdicts

CHILD = """
import json, pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
if out.name == "full":
    sys.exit("aln-desk: The disk is full.")
out.mkdir(parents=True)
print(json.dumps({"event": "Progress", "stage": "evaluate", "done": 3, "total": 32}), flush=True)
if out.name == "long":
    sys.stdin.read()
(out / "arguments.json").write_text(json.dumps(sys.argv[1:]))
"""


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions) -> Iterator[EvaluationPage]:
    made = EvaluationPage(workspace, actions, Export(command=[sys.executable, "-c", CHILD]))
    window.setCentralWidget(made)
    window.show()
    yield made
    tasks.wait_all()
    made.close()


@pytest.fixture
def shown(page: EvaluationPage, workspace: Workspace, tmp_path: Path) -> EvaluationPage:
    """The page of a project that both models have read."""
    write_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    return page


def settle(page: EvaluationPage) -> None:
    tasks.wait_all()
    page.refresh()
    tasks.wait_all()


def body(page: EvaluationPage, key: str) -> object:
    return next(card.body for card in page.cards.cards if card.kind.key == key)


def listed(page: EvaluationPage) -> list[str]:
    tree = page.patients.list
    return [tree.topLevelItem(place).text(0) for place in range(tree.topLevelItemCount())]


# Nothing to show


def test_without_a_project_it_says_so(page: EvaluationPage) -> None:
    assert page.empty.state is Emptiness.NO_PROJECT
    assert page.empty.words.isVisible()
    assert not page.empty.action.isVisible() and not page.side.foot.export.isEnabled()


def test_a_project_that_was_not_read_offers_reading(
    page: EvaluationPage, workspace: Workspace, actions: Actions, tmp_path: Path
) -> None:
    write_project(tmp_path / "p", read=False)
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    asked: list[str] = []
    actions["review.read"].triggered.connect(lambda: asked.append("read"))
    assert page.empty.state is Emptiness.NO_SCORES
    page.empty.action.click()
    assert asked == ["read"]


def test_a_model_without_second_stage_offers_train(
    page: EvaluationPage, workspace: Workspace, actions: Actions, tmp_path: Path
) -> None:
    write_project(tmp_path / "p", read=False)
    workspace.open(tmp_path / "p")
    assert workspace.model is not None
    workspace.model = replace(workspace.model, judges=False)
    settle(page)
    asked: list[str] = []
    actions["mode.train"].triggered.connect(lambda: asked.append("train"))
    assert page.empty.state is Emptiness.NO_SECOND_STAGE
    page.empty.action.click()
    assert asked == ["train"]


def test_verdicts_without_any_outcome_lead_to_patients(
    page: EvaluationPage, workspace: Workspace, actions: Actions, tmp_path: Path
) -> None:
    write_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    for patient in list(workspace.patients):
        workspace.change_patient(patient.id, partial(Project.set_outcome, patient=patient.id, outcome=None))
    settle(page)
    asked: list[str] = []
    actions["mode.patients"].triggered.connect(lambda: asked.append("patients"))
    assert page.empty.state is Emptiness.NO_OUTCOMES
    page.empty.action.click()
    assert asked == ["patients"]


def test_nothing_ticked_offers_to_tick_all(shown: EvaluationPage) -> None:
    for row in shown.side.scorers.rows.values():
        row.box.setChecked(False)
    tasks.wait_all()
    assert shown.empty.state is Emptiness.NOTHING_TICKED
    shown.empty.action.click()
    tasks.wait_all()
    assert shown.empty.state is Emptiness.NONE
    assert shown.side.cohorts.ticked == ("external", "internal", "one kind")


def test_filters_that_nobody_passes_offer_all_patients(shown: EvaluationPage) -> None:
    shown.side.filters.set_filters([Filter("t_stage", frozenset({"4"}))])
    shown.side.filters.changed.emit()
    tasks.wait_all()
    assert shown.empty.state is Emptiness.NOBODY_LEFT
    shown.empty.action.click()
    tasks.wait_all()
    assert shown.empty.state is Emptiness.NONE and not shown.selection.filters


# What is shown


def test_models_are_compared_on_the_test_cohorts_at_first(shown: EvaluationPage) -> None:
    assert shown.selection == Selection((GOOD, POOR), ("external", "internal"))
    assert shown.board is not None
    assert shown.board.results.parts[GOOD, "internal"].auc == pytest.approx(8 / 9)
    assert shown.cards.cohort == "external"
    table = body(shown, "table_2")
    assert isinstance(table, TableBody) and table.table.rowCount() == 2
    patients = body(shown, "table_1")
    assert isinstance(patients, TableBody) and patients.table.rowCount() > 2


def test_all_cards_of_the_cohort_are_filled(shown: EvaluationPage) -> None:
    shown.cards.cohort_tabs.setCurrentIndex(1)
    roc, confusion, delong, forest = (body(shown, key) for key in ("roc", "confusion", "delong", "forest"))
    assert isinstance(roc, CurvesBody) and isinstance(confusion, ConfusionBody)
    assert isinstance(delong, DelongBody) and isinstance(forest, ForestBody)
    assert roc.cohorts == confusion.cohorts == delong.cohorts == forest.cohorts == ("internal",)
    grid = confusion.pictures[0]
    assert isinstance(grid, MatrixGrid)
    assert grid.views[0].matrix.counts == {(1, 1): 2, (1, 0): 1, (0, 1): 1, (0, 0): 2}
    assert forest.scorer.count() == 2


def test_a_card_opens_large_with_all_cohorts_and_closes(shown: EvaluationPage, qtbot: QtBot) -> None:
    card = next(one for one in shown.cards.cards if one.kind.key == "roc")
    card.open.click()
    assert shown.cards.large == "roc" and shown.cards.currentIndex() == 1
    large = shown.cards._large_body
    assert isinstance(large, CurvesBody) and large.cohorts == ("external", "internal")
    qtbot.keyClick(shown.cards.back, Qt.Key.Key_Escape)
    assert shown.cards.large == "" and shown.cards.currentIndex() == 0
    assert card.open.hasFocus()


def test_every_card_opens_large_one_after_the_other(shown: EvaluationPage) -> None:
    shown.cards.enlarge(KINDS[0].key)
    seen = []
    for _ in KINDS:
        seen.append(shown.cards.large)
        assert not shown.cards.grab().isNull()
        shown.cards.step(1)
    assert seen == [kind.key for kind in KINDS] and shown.cards.large == KINDS[0].key


def test_unticking_takes_figures_away_and_is_kept(shown: EvaluationPage, tmp_path: Path) -> None:
    shown.side.scorers.rows[POOR].box.setChecked(False)
    shown.side.cohorts.rows["external"].box.setChecked(False)
    tasks.wait_all()
    assert shown.board is not None and list(shown.board.results.parts) == [(GOOD, "internal")]
    assert shown.save_state()["ticks"][POOR] is False
    settle(shown)
    assert shown.selection == Selection((GOOD,), ("internal",))


def test_a_row_ticks_wherever_it_is_clicked(shown: EvaluationPage, qtbot: QtBot) -> None:
    row = shown.side.scorers.rows[POOR]
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=row.rect().center())
    assert not row.box.isChecked()


def test_only_the_newest_selection_is_shown(shown: EvaluationPage) -> None:
    boards: list[Selection] = []
    shown.work.worked.connect(lambda board: boards.append(board.results.selection))
    for ticked in (False, True, False):
        shown.side.scorers.rows[POOR].box.setChecked(ticked)
    tasks.wait_all()
    assert [one.scorers for one in boards] == [(GOOD,)]


def test_bands_come_after_and_stay_known(shown: EvaluationPage) -> None:
    assert set(shown.work.bands) == {(key, name) for key in (GOOD, POOR) for name in ("external", "internal")}
    assert all(one.slope is not None for one in shown.work.bands.values())
    before = dict(shown.work.bands)
    shown.side.scorers.rows[POOR].box.setChecked(False)
    tasks.wait_all()
    assert shown.work.bands[GOOD, "internal"] is before[GOOD, "internal"]


def test_the_threshold_rule_is_followed_and_warns(shown: EvaluationPage) -> None:
    box = shown.side.threshold
    assert not box.warning.isVisible() and not box.value.isVisible()
    box.kind.setCurrentIndex(box.kind.findData("youden"))
    box.kind.activated.emit(1)
    tasks.wait_all()
    assert box.warning.isVisible()
    assert shown.board is not None and shown.board.results.parts[GOOD, "internal"].threshold == pytest.approx(0.25)
    box.kind.setCurrentIndex(box.kind.findData("value"))
    box.kind.activated.emit(3)
    box.value.setValue(0.85)
    tasks.wait_all()
    assert not box.warning.isVisible() and box.value.isVisible()
    assert box.minimumSizeHint().width() < 224  # the left pane less its margins
    assert shown.board.results.parts[GOOD, "internal"].threshold == 0.85 or shown.selection.rule.value == 0.85


def test_a_filter_is_a_chip_that_can_be_removed(shown: EvaluationPage) -> None:
    shown.side.filters.take("t_stage", "1", True)
    tasks.wait_all()
    assert shown.board is not None and len(shown.board.results.patients["internal"]) == 3
    chip = shown.side.filters._chips.itemAt(0).widget()
    assert chip.accessibleName() == "Remove the filter T stage: 1"
    chip.click()
    tasks.wait_all()
    assert len(shown.board.results.patients["internal"]) == 6
    shown.side.filters.take("t_stage", "1", True)
    shown.side.filters.take("t_stage", "2", True)
    assert shown.side.filters.filters == () and not shown.side.filters._chips.count()
    shown.side.filters.take("t_stage", "1", False)
    assert shown.side.filters.filters == (Filter("t_stage", frozenset({"2"})),)


def test_the_menu_of_filters_ticks_and_stays_open(shown: EvaluationPage, qtbot: QtBot) -> None:
    filters = shown.side.filters
    assert [menu.title() for menu in filters._submenus] == ["T stage"]
    menu = filters._submenus[0]
    menu.popup(shown.mapToGlobal(shown.rect().center()))
    menu.setActiveAction(menu.actions()[1])
    qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert filters.filters == (Filter("t_stage", frozenset({"2"})),) and menu.isVisible()
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(menu.actions()[1]).center())
    assert filters.filters == () and menu.isVisible()
    menu.close()


def test_an_outcome_entered_now_counts_now(shown: EvaluationPage, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.change_patient("internal-6", lambda project: project.set_outcome("internal-6", 1))

    def counted() -> bool:
        return shown.board is not None and len(shown.board.results.patients["internal"]) == 7

    qtbot.waitUntil(counted, timeout=10_000)


def test_a_model_in_use_that_has_not_read_is_told(shown: EvaluationPage, actions: Actions) -> None:
    asked: list[str] = []
    actions["review.read"].triggered.connect(lambda: asked.append("read"))
    assert shown.side.read_again.isVisible()
    shown.side.read_again.click()
    assert asked == ["read"]


def test_readers_are_offered_beside_the_models(page: EvaluationPage, workspace: Workspace, tmp_path: Path) -> None:
    write_project(tmp_path / "p")
    with Project.open(tmp_path / "p") as project:
        for number, judgement in enumerate((5, 4, 2, 3, 1, 2)):
            project.add_review(Review(f"internal-{number}", "Dr Hall", judgement))
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    assert list(page.side.scorers.rows) == [GOOD, POOR, "reader:Dr Hall"]
    page.side.scorers.rows["reader:Dr Hall"].box.setChecked(True)
    tasks.wait_all()
    assert page.board is not None and page.board.results.parts["reader:Dr Hall", "internal"].auc == pytest.approx(
        7.5 / 9
    )


def test_what_is_being_read_cannot_be_asked_to_be_read(
    shown: EvaluationPage, actions: Actions, workspace: Workspace, tmp_path: Path
) -> None:
    actions.set_mode("evaluate")
    actions.hold("review.read", True)
    assert not shown.side.read_again.isEnabled() and shown.side.read_again.text() == "Being read…"
    actions.hold("review.read", False)
    assert shown.side.read_again.isEnabled() and shown.side.read_again.text() == "Read this project"
    write_project(tmp_path / "unread", read=False)
    workspace.open(tmp_path / "unread")
    tasks.wait_all()
    assert shown.empty.action.isEnabled()
    actions.hold("review.read", True)
    assert not shown.empty.action.isEnabled() and shown.empty.action.text() == "Being read…"


# Who is behind it


def test_enter_goes_to_the_patients_and_escape_back(shown: EvaluationPage, qtbot: QtBot) -> None:
    shown.cards.cohort_tabs.setCurrentIndex(1)
    roc = body(shown, "roc")
    assert isinstance(roc, CurvesBody)
    plot = roc.pictures[0].plot  # type: ignore[attr-defined]
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert plot.hasFocus(), "nothing is chosen yet"
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert plot.hasFocus() and listed(shown) == ["internal-0"]
    qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert shown.patients.list.hasFocus() and shown.patients.list.currentItem().text(0) == "internal-0"
    opened: list[str] = []
    shown.patientOpenRequested.connect(opened.append)
    qtbot.keyClick(shown.patients.list, Qt.Key.Key_Return)
    qtbot.keyClick(shown.patients.list, Qt.Key.Key_Escape)
    assert opened == ["internal-0"] and plot.hasFocus()


def test_escape_leads_back_from_a_list_that_was_clicked(shown: EvaluationPage, qtbot: QtBot) -> None:
    roc = body(shown, "roc")
    assert isinstance(roc, CurvesBody)
    plot = roc.pictures[0].plot  # type: ignore[attr-defined]
    plot.setFocus()
    plot.pointChosen.emit(0, 1)
    shown.patients.list.setFocus()
    qtbot.keyClick(shown.patients.list, Qt.Key.Key_Escape)
    assert plot.hasFocus()


def test_the_keys_are_where_they_were_when_the_page_comes_back(shown: EvaluationPage) -> None:
    shown.patients.list.show()
    shown.patients.list.setFocus()
    shown.hide()
    shown.show()
    shown.setFocus()
    assert shown.patients.list.hasFocus()


@pytest.mark.parametrize("key", ["confusion", "delong", "forest"])
def test_enter_on_a_cell_a_square_or_a_row_goes_to_its_patients(shown: EvaluationPage, qtbot: QtBot, key: str) -> None:
    shown.cards.cohort_tabs.setCurrentIndex(1)
    picture = body(shown, key).pictures[0]  # type: ignore[attr-defined]
    picture = picture.views[0] if isinstance(picture, MatrixGrid) else picture
    picture.setFocus()
    qtbot.keyClick(picture, Qt.Key.Key_Down)
    assert listed(shown)
    qtbot.keyClick(picture, Qt.Key.Key_Return)
    assert shown.patients.list.hasFocus()


def test_a_cell_names_its_patients_and_opens_them(shown: EvaluationPage) -> None:
    shown.cards.cohort_tabs.setCurrentIndex(1)
    confusion = body(shown, "confusion")
    assert isinstance(confusion, ConfusionBody)
    grid = confusion.pictures[0]
    assert isinstance(grid, MatrixGrid)
    grid.cellChosen.emit(0, 1, 0)
    assert shown.patients.title.text() == f"Missed (false negative) · {GOOD}\ninternal · 1 patient"
    entry = shown.patients.list.topLevelItem(0)
    assert [entry.text(column) for column in range(4)] == ["internal-2", "+", "0.300", "0.700"]
    assert not entry.font(2).bold() and entry.font(3).bold()
    opened: list[str] = []
    shown.patientOpenRequested.connect(opened.append)
    shown.patients.list.itemActivated.emit(entry, 0)
    assert opened == ["internal-2"]


def test_points_squares_and_rows_name_their_patients(shown: EvaluationPage) -> None:
    shown.cards.cohort_tabs.setCurrentIndex(1)
    roc, delong, forest = (body(shown, key) for key in ("roc", "delong", "forest"))
    assert isinstance(roc, CurvesBody) and isinstance(delong, DelongBody) and isinstance(forest, ForestBody)
    roc.pictures[0].plot.pointChosen.emit(1, 1)  # type: ignore[attr-defined]
    assert listed(shown) == ["internal-2"]
    assert shown.patients.list.headerItem().toolTip(2) == POOR
    delong.pictures[0]._take((1, 0))  # type: ignore[attr-defined]
    assert set(listed(shown)) == {"internal-1", "internal-2", "internal-3", "internal-4"}
    forest.pictures[0]._take(0)  # type: ignore[attr-defined]
    assert len(listed(shown)) == 6
    assert delong.pictures[0].pair is None  # type: ignore[attr-defined]


def test_a_choice_stays_while_its_cohort_is_shown(shown: EvaluationPage) -> None:
    delong = body(shown, "delong")
    assert isinstance(delong, DelongBody)
    delong.pictures[0]._take((0, 0))  # type: ignore[attr-defined]
    settle(shown)
    assert shown.patients.behind is not None and shown.patients.behind.cohort == "external"
    assert delong.pictures[0].pair == (0, 0)  # type: ignore[attr-defined]
    shown.side.scorers.rows[POOR].box.setChecked(False)
    tasks.wait_all()
    assert shown.patients.list.columnCount() == 3 and delong.pictures[0].pair is None  # type: ignore[attr-defined]
    shown.side.scorers.rows[POOR].box.setChecked(True)
    shown.side.scorers.rows[GOOD].box.setChecked(False)
    tasks.wait_all()
    assert shown.patients.behind is None and not shown.patients.list.isVisible()


def test_another_threshold_makes_a_choice_void(shown: EvaluationPage) -> None:
    delong = body(shown, "delong")
    assert isinstance(delong, DelongBody)
    delong.pictures[0]._take((1, 1))  # type: ignore[attr-defined]
    assert listed(shown)
    shown.side.threshold.set_rule(ThresholdRule("youden"))
    shown.side.threshold.changed.emit()
    tasks.wait_all()
    assert shown.patients.behind is None


def test_holm_corrects_the_p_values(shown: EvaluationPage) -> None:
    delong = body(shown, "delong")
    assert isinstance(delong, DelongBody) and shown.board is not None
    plain, corrected = shown.board.tests["external"]
    delong.holm.setChecked(True)
    shown_p = delong.pictures[0].squares.p  # type: ignore[attr-defined]
    assert shown_p is corrected.p and shown_p is not plain.p
    shown.cards.enlarge("delong")
    large = shown.cards._large_body
    assert isinstance(large, DelongBody) and large.holm.isChecked()
    large.holm.setChecked(False)
    assert not delong.holm.isChecked() and delong.pictures[0].squares.p is plain.p  # type: ignore[attr-defined]


def test_another_scorer_s_subgroups(shown: EvaluationPage) -> None:
    forest = body(shown, "forest")
    assert isinstance(forest, ForestBody)
    forest.scorer.setCurrentIndex(1)
    forest.scorer.activated.emit(1)
    tasks.wait_all()
    assert shown.board is not None and shown.board.looked_at == POOR
    assert forest.scorer.currentData() == POOR


def test_a_table_is_copied_for_documents_and_spreadsheets(shown: EvaluationPage, qtbot: QtBot) -> None:
    table = body(shown, "table_2")
    assert isinstance(table, TableBody)
    qtbot.keyClick(table.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().mimeData()
    assert "<table" in copied.html() and copied.text().count("\n") == 3


# What is kept


def test_the_state_comes_back(shown: EvaluationPage, workspace: Workspace, actions: Actions) -> None:
    shown.side.scorers.rows[GOOD].box.setChecked(False)
    shown.side.filters.take("t_stage", "1", True)
    shown.side.threshold.set_rule(ThresholdRule("sensitivity", 0.9))
    shown.cards.cohort_tabs.setCurrentIndex(1)
    shown.cards.enlarge("delong")
    shown.centre.supplement.cases.add_by_hand(Behind("Chosen", "internal", (POOR,), ("internal-3",)))
    state = json.loads(json.dumps(shown.save_state()))
    other = EvaluationPage(workspace, actions)
    other.restore_state(state)
    tasks.wait_all()
    assert other.selection == Selection(
        (POOR,), ("external", "internal"), (Filter("t_stage", frozenset({"1"})),), ThresholdRule("sensitivity", 0.9)
    )
    assert (other.cards.large, other.cards.cohort) == ("delong", "internal")
    assert other.centre.supplement.cases.among(["external", "internal"]) == ["internal-3"]
    other.close()


@pytest.mark.parametrize(
    "state",
    [
        {"ticks": [1], "filters": "x", "rule": 3, "cohort": None, "card": "none", "widths": "no"},
        {"ticks": {"a": 2}, "filters": ["no filter", 3], "rule": "sometimes", "subgroups": 5},
        {"cases": {"internal": "internal-1", "external": [3], "one kind": []}},
        {},
    ],
)
def test_a_damaged_state_is_passed_over(shown: EvaluationPage, state: dict[str, object]) -> None:
    shown.restore_state({"project": shown.save_state()["project"], **state})
    tasks.wait_all()
    assert shown.selection == Selection((GOOD, POOR), ("external", "internal"))
    assert not shown.centre.supplement.cases.by_hand


def test_another_project_begins_anew(shown: EvaluationPage, workspace: Workspace, tmp_path: Path) -> None:
    shown.side.scorers.rows[GOOD].box.setChecked(False)
    shown.side.filters.take("t_stage", "1", True)
    shown.cards.enlarge("roc")
    shown.centre.supplement.cases.add_by_hand(Behind("Chosen", "internal", (GOOD,), ("internal-3",)))
    left = shown.save_state()
    write_project(tmp_path / "other")
    workspace.open(tmp_path / "other")
    shown.restore_state(left)
    tasks.wait_all()
    assert shown.selection == Selection((GOOD, POOR), ("external", "internal"))
    assert shown.cards.large == "" and not shown.centre.supplement.cases.by_hand


def test_looks_at_test_data_are_recorded_once(
    shown: EvaluationPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    shown.work._record()
    shown.work._record()
    tasks.wait_all()
    assert workspace.project is not None
    assert [(look.cohort, look.origin) for look in workspace.project.looks()] == [
        ("external", "window"),
        ("internal", "window"),
    ]
    assert shown.side.looks.text() == "Test patients looked at so far: external 1 time, internal 1 time."


def test_nobody_looks_at_a_page_that_is_away(shown: EvaluationPage, workspace: Workspace) -> None:
    assert shown.work._look.isActive()
    shown.hide()
    assert not shown.work._look.isActive()
    shown.work._record()
    tasks.wait_all()
    assert workspace.project is not None and workspace.project.looks() == []
    shown.show()
    assert shown.work._look.isActive()


# Scores of other software, export


def test_scores_of_other_software_come_and_go(shown: EvaluationPage, tmp_path: Path) -> None:
    file = tmp_path / "radiomics.csv"
    file.write_text("patient,score\ninternal-0,0.9\ninternal-3,0.4\nsomebody,0.1\n", encoding="utf-8")
    shown.add_scores(ScoresToAdd(file, "Radiomics", 0.5, True))
    tasks.wait_all()
    assert shown.side.scorers.ticked == (GOOD, POOR, "import:Radiomics")
    assert "somebody" in shown.side.foot.notice.text() and shown.side.foot.notice.isVisible()
    shown._remove("import:Radiomics")
    tasks.wait_all()
    assert list(shown.side.scorers.rows) == [GOOD, POOR]
    assert shown.side.foot.notice.text() == "Radiomics was removed; add its file again to have it back."


def test_a_table_that_is_none_is_told(shown: EvaluationPage, tmp_path: Path) -> None:
    (tmp_path / "no.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    shown.add_scores(ScoresToAdd(tmp_path / "no.csv", "No", 0.5, True))
    tasks.wait_all()
    assert "no.csv" in shown.side.foot.notice.text()


def test_the_dialog_asks_what_scores_mean(qtbot: QtBot) -> None:
    dialog = ImportScoresDialog(Path("/somewhere/radiomics v2.csv"))
    qtbot.addWidget(dialog)
    wish = dialog.wish()
    assert (wish.name, wish.probability) == ("radiomics v2", True) and wish.threshold != wish.threshold
    dialog.name.setText("  ")
    assert not dialog.add.isEnabled()
    dialog.name.setText("Radiomics ")
    dialog.has_threshold.setChecked(True)
    dialog.threshold.setValue(0.3)
    dialog.probability.setChecked(False)
    assert dialog.wish() == ScoresToAdd(Path("/somewhere/radiomics v2.csv"), "Radiomics", 0.3, False)


def test_the_dialog_says_when_scores_are_replaced(qtbot: QtBot) -> None:
    dialog = ImportScoresDialog(Path("radiomics.csv"), {"radiomics"})
    qtbot.addWidget(dialog)
    assert dialog.add.text() == "Replace scores"
    dialog.name.setText("radiomics 2")
    assert dialog.add.text() == "Add scores"


def test_what_is_selected_is_exported(shown: EvaluationPage, qtbot: QtBot, tmp_path: Path) -> None:
    shown.side.filters.take("t_stage", "1", True)
    with qtbot.waitSignal(shown._export.finished, timeout=20_000):
        shown.export_to(tmp_path / "out")
    words = json.loads((tmp_path / "out" / "arguments.json").read_text(encoding="utf-8"))
    assert words == arguments(tmp_path / "p", tmp_path / "out", shown.selection, BY_RULE)
    assert "--shown" in words and not any(word.startswith("--patients") for word in words)
    assert words[-5:] == ["--cohort=internal", "--where=t_stage=1", "--runs", GOOD, POOR]
    assert str(tmp_path / "out") in shown.side.foot.notice.text()
    assert shown.side.foot.export.isEnabled() and shown.side.foot.open.isVisible()


def choose(box: QComboBox, data: str) -> None:
    """As a user does."""
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def exported(page: EvaluationPage, qtbot: QtBot, out: Path) -> list[str]:
    """What the program that writes the files was asked for."""
    with qtbot.waitSignal(page._export.finished, timeout=20_000):
        page.export_to(out)
    words: list[str] = json.loads((out / "arguments.json").read_text(encoding="utf-8"))
    return words


def test_what_is_chosen_on_the_cards_is_exported(shown: EvaluationPage, qtbot: QtBot, tmp_path: Path) -> None:
    keep_findings(tmp_path / "p", GOOD, POOR)
    settle(shown)
    supplement, forest = shown.centre.supplement, body(shown, "forest")
    assert isinstance(forest, ForestBody)
    choose(forest.scorer, POOR)
    tasks.wait_all()
    for cohort, names in (("internal", ("internal-2", "internal-0")), ("one kind", ("one kind-1",))):
        supplement.cases.add_by_hand(Behind("Chosen", cohort, (GOOD,), names))
    choose(supplement.cases.boxes[1], POOR)
    for box, key in zip(supplement.cams.boxes, (GOOD, POOR), strict=True):
        choose(box, key)
    shown.cards._correct(True)
    chosen = Choices(("internal-2", "internal-0"), POOR, (GOOD, POOR), POOR, holm=True)
    asked = partial(arguments, tmp_path / "p")
    out = tmp_path / "out"
    assert exported(shown, qtbot, out) == asked(out, shown.selection, chosen), "the third one's cohort is not ticked"
    shown.side.scorers.rows[POOR].box.setChecked(False)
    tasks.wait_all()
    out = tmp_path / "other"
    assert exported(shown, qtbot, out) == asked(
        out, shown.selection, replace(BY_RULE, patients=chosen.patients, holm=True)
    )


def test_what_was_chosen_and_is_gone_is_as_the_rule_has_it(
    shown: EvaluationPage, workspace: Workspace, tmp_path: Path
) -> None:
    keep_findings(tmp_path / "p", GOOD, POOR)
    settle(shown)
    supplement = shown.centre.supplement
    supplement.cases.add_by_hand(Behind("Chosen", "internal", (POOR,), ("internal-2", "internal-0")))
    shown._look_at(POOR)
    tasks.wait_all()
    state = json.loads(json.dumps(shown.save_state()))
    assert supplement.choices(shown.selection) == Choices(("internal-2", "internal-0"), POOR, subgroups_of=POOR)
    assert workspace.project is not None
    workspace.project.remove_patient("internal-2")
    for kept in (tmp_path / "p" / "predictions").rglob(f"{POOR}*"):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    settle(shown)
    for restored in (False, True):
        if restored:
            shown.restore_state(state)
            tasks.wait_all()
        assert supplement.choices(shown.selection) == Choices(("internal-0",))
        assert supplement.cases.how.text() == "Chosen by hand: 1 patient"
        assert [box.count() for box in supplement.cases.boxes] == [2, 1]
        assert shown.board is not None and shown.board.looked_at == GOOD


def test_a_model_without_findings_is_not_offered_for_images(shown: EvaluationPage, tmp_path: Path) -> None:
    supplement = shown.centre.supplement
    supplement.cases.add_by_hand(Behind("Chosen", "internal", (POOR,), ("internal-2",)))
    assert supplement.choices(shown.selection) == Choices(("internal-2",))
    keep_findings(tmp_path / "p", POOR)
    settle(shown)
    assert [box.itemData(0) for box in supplement.cams.boxes] == [POOR, POOR]
    assert supplement.cases.boxes[1].count() == 1


def test_an_export_says_how_far_it_is_and_can_be_stopped(shown: EvaluationPage, qtbot: QtBot, tmp_path: Path) -> None:
    foot = shown.side.foot
    shown.export_to(tmp_path / "long")
    assert foot.stop.isVisible() and not foot.export.isEnabled()
    qtbot.waitUntil(lambda: foot.notice.text() == "Writing 3 of 32…", timeout=20_000)
    assert (foot.bar.value(), foot.bar.maximum()) == (3, 32)
    with qtbot.waitSignal(shown._export.finished, timeout=20_000):
        foot.stop.click()
    assert foot.notice.text() == "Stopped; nothing was written."
    assert foot.export.isEnabled() and not foot.open.isVisible() and not foot.stop.isVisible()


def test_an_export_that_fails_says_why(shown: EvaluationPage, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(shown._export.finished, timeout=20_000):
        shown.export_to(tmp_path / "full")
    assert shown.side.foot.notice.text() == "The disk is full."
    assert shown.side.foot.notice.property("role") == "notice" and not shown.side.foot.open.isVisible()
    shown.side.foot.close_notice.click()
    assert not shown.side.foot.notice.isVisible() and not shown.side.foot.close_notice.isVisible()


def test_the_command_line_understands_the_arguments(tmp_path: Path) -> None:
    from aln_desk import cli

    rule = ThresholdRule("sensitivity", 0.9)
    selection = Selection((GOOD, "import:My scores"), ("a, b", "c"), (Filter("t_stage", frozenset("12")),), rule)
    words = arguments(
        tmp_path, tmp_path / "out", selection, Choices(("P 1", "-2"), GOOD, (GOOD, POOR), POOR, holm=True)
    )
    options = cli._parser()["aln-desk"].parse_args(words)
    assert (options.cohort, options.runs) == (["a, b", "c"], [GOOD, "import:My scores"])
    assert options.patients == ["P 1", "-2"] and options.shown
    assert (options.where, options.threshold) == (["t_stage=1,2"], "sensitivity:0.9")
    assert (options.cases_by, options.beside, options.subgroups_of, options.holm) == (GOOD, [GOOD, POOR], POOR, True)


def test_a_damaged_table_of_scores_is_told(page: EvaluationPage, workspace: Workspace, tmp_path: Path) -> None:
    write_project(tmp_path / "p")
    (tmp_path / "p" / "predictions" / "scores" / f"{POOR}.csv").write_text("patient\n\x00\n", encoding="utf-8")
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    assert POOR in page.side.foot.notice.text()
    assert page.empty.state is Emptiness.UNREADABLE
    (tmp_path / "p" / "predictions" / "scores" / f"{POOR}.csv").unlink()
    page.empty.action.click()
    tasks.wait_all()
    assert page.found is not None and not page.side.foot.notice.text()


def test_what_a_model_says_anew_is_shown(shown: EvaluationPage, workspace: Workspace) -> None:
    assert workspace.project is not None
    write_scores(workspace.project, POOR)
    turned = [replace(row, score=1 - row.score) for row in rows(GOOD)]
    write_verdicts(workspace.project.predictions / "scores" / f"{GOOD}.csv", turned)
    settle(shown)
    assert shown.board is not None and shown.board.results.parts[GOOD, "internal"].auc == pytest.approx(1 / 9)
