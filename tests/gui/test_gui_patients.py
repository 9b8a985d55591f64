from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QLineEdit, QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.errors import BadProject
from aln_desk.domain.messages import BagPredicted
from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.patients import PatientsPage
from aln_desk.gui.thumbnails import Thumbnails
from aln_desk.gui.widgets.bag_strip import BagTile
from aln_desk.gui.widgets.marks import paint_dot, verdict_colour
from aln_desk.gui.widgets.patient_model import COLUMNS, VERDICT_COLUMN
from aln_desk.gui.workspace import Workspace
from aln_desk.io.predictions import VERDICTS_FILE
from aln_desk.io.project import Project
from aln_desk.io.verdicts import write_verdicts


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions, read_project: Path) -> PatientsPage:
    made = PatientsPage(workspace, actions)
    window.setCentralWidget(made)
    workspace.open(read_project)
    actions.set_mode("patients")
    window.show()
    tasks.wait_all()
    return made


def cell(page: PatientsPage, row: int, name: str) -> str:
    return str(page.filter.index(row, COLUMNS.index(name)).data())


def visible(page: PatientsPage) -> list[str]:
    return [page.filter.patient_at(row) for row in range(page.filter.rowCount())]


def test_the_table_says_what_is_known(page: PatientsPage) -> None:
    words = [cell(page, 0, name) for name in COLUMNS]
    assert words == ["P1", "training", "+ positive", "positive 0.87", "2", "1", "1 of 3", ""]
    assert cell(page, 2, "Verdict") == "not read"
    assert cell(page, 2, "Outcome") == "unknown"


def test_each_decision_has_its_own_sign(qtbot: QtBot) -> None:
    """Not by colour alone: the dots differ in black and white too."""
    pictures = []
    for decision in ("positive", "negative", "uncertain", None):
        picture = QImage(16, 16, QImage.Format.Format_RGB32)
        picture.fill(verdict_colour(decision))
        painter = QPainter(picture)
        paint_dot(painter, QPointF(8, 8), decision)
        painter.end()
        dark = [(x, y) for x in range(16) for y in range(16) if picture.pixelColor(x, y).lightness() < 100]
        pictures.append(frozenset(dark))
    assert len(set(pictures)) == 4


def test_on_a_wide_screen_the_score_stays_near_its_dot(page: PatientsPage) -> None:
    page.resize(2400, 700)
    page.table.clearSelection()
    cell_of_verdict = page.table.visualRect(page.filter.index(0, VERDICT_COLUMN))
    assert cell_of_verdict.width() > 900
    picture = page.table.viewport().grab(cell_of_verdict).toImage()
    ground = picture.pixelColor(picture.width() - 2, picture.height() // 2)
    drawn = [
        x
        for x in range(picture.width())
        if any(picture.pixelColor(x, y) != ground for y in range(4, picture.height() - 4))
    ]
    assert 400 < drawn[-1] / picture.devicePixelRatio() < 500


def test_it_is_sorted_by_any_column_in_natural_order(page: PatientsPage) -> None:
    assert visible(page) == ["P1", "P2", "P10"]
    page.table.sortByColumn(VERDICT_COLUMN, Qt.SortOrder.DescendingOrder)
    assert visible(page) == ["P1", "P2", "P10"]
    page.table.sortByColumn(VERDICT_COLUMN, Qt.SortOrder.AscendingOrder)
    assert visible(page) == ["P10", "P2", "P1"]


def test_the_query_keeps_what_fits(page: PatientsPage) -> None:
    page.query.setText("nodes:0")
    assert visible(page) == ["P2"]
    assert "1 of 3" in page.counts.text()
    page.query.setText("verdict:none")
    assert visible(page) == ["P10"]
    page.query.clear()
    assert visible(page) == ["P1", "P2", "P10"]


def test_choosing_a_row_shows_the_patient_everywhere(page: PatientsPage) -> None:
    page.table.selectRow(2)
    assert page.card.name.text() == "P10"
    tiles = page.strip.findChildren(BagTile)
    assert {tile.text() for tile in tiles if tile.isVisible()} == {"Tumour 1", "Node 1"}


def test_keys_walk_the_visible_patients(page: PatientsPage) -> None:
    page._actions["go.patient_next"].trigger()
    assert page.card.name.text() == "P2"
    page.query.setText("nodes:>0")
    page._actions["go.patient_next"].trigger()
    assert page.card.name.text() == "P1"


def test_enter_opens_the_patient_in_review(qtbot: QtBot, page: PatientsPage) -> None:
    page.table.selectRow(1)
    with qtbot.waitSignal(page._actions["mode.review"].triggered):
        qtbot.keyClick(page.table, Qt.Key.Key_Return)


def test_a_thumbnail_opens_its_image_in_review(qtbot: QtBot, page: PatientsPage) -> None:
    tile = next(one for one in page.strip.findChildren(BagTile) if one.text() == "Node 1" and one.isVisible())
    with qtbot.waitSignal(page._actions["mode.review"].triggered):
        tile.click()
    assert page._workspace.instance is not None and page._workspace.instance.id == "P1/N3.png"


def test_thumbnails_are_made_and_kept(page: PatientsPage) -> None:
    assert page._workspace.project is not None
    kept = list((page._workspace.project.cache / "thumbnails").glob("*.png"))
    assert len(kept) == 3


def test_a_picture_that_was_away_is_tried_again(tmp_path: Path) -> None:
    image, thumbnails = tmp_path / "a.png", Thumbnails()

    def picture() -> QPixmap | None:
        thumbnails.get(str(image), tmp_path)
        tasks.wait_all()
        return thumbnails.get(str(image), tmp_path)

    assert picture() is None
    QImage(8, 8, QImage.Format.Format_RGB32).save(str(image))
    assert picture() is None, "tried once"
    thumbnails.try_again()
    assert picture() is not None


def test_the_card_keeps_changes_at_once(page: PatientsPage) -> None:
    card, workspace = page.card, page._workspace
    card.outcome.setCurrentText("− negative")
    card.cohort.setCurrentText("internal test")
    card.t_stage.setCurrentText("3")
    card.age.setText("61")
    card.age.setModified(True)
    card.age.editingFinished.emit()
    assert workspace.project is not None
    stored = workspace.project.patient("P1")
    assert (stored.outcome, stored.cohort) == (0, "internal test")
    assert (stored.clinical["t_stage"], stored.clinical["age"]) == ("3", "61")
    assert cell(page, 0, "Outcome") == "− negative"


def type_into(field: QLineEdit, text: str) -> None:
    field.setText(text)
    field.setModified(True)
    field.editingFinished.emit()


def test_the_card_keeps_where_and_when(page: PatientsPage) -> None:
    type_into(page.card.hospital, " Centre B ")
    type_into(page.card.admission_date, "2025-12-31")
    assert page._workspace.project is not None
    stored = page._workspace.project.patient("P1")
    assert (stored.hospital, stored.admission_date) == ("Centre B", "2025-12-31")


def test_what_is_no_date_is_told_beside_its_field(page: PatientsPage) -> None:
    card = page.card
    type_into(card.admission_date, "31.12.2025")
    assert "31.12.2025" in card.date_refused.text() and card.date_refused.isVisible()
    assert card.admission_date.text() == "2026-03-04"
    page._actions["go.patient_next"].trigger()
    assert not card.date_refused.isVisible()
    type_into(card.admission_date, "2025-13-01")
    type_into(card.admission_date, "")
    assert not card.date_refused.isVisible()
    assert page._workspace.patient is not None and page._workspace.patient.admission_date == ""


@pytest.mark.parametrize("text", ["abc", "-1", "121", "54.5", "²"])
def test_what_is_no_age_is_told_beside_its_field(page: PatientsPage, text: str) -> None:
    card = page.card
    type_into(card.age, "54")
    type_into(card.age, text)
    assert f'"{text}" is no age' in card.age_refused.text() and card.age_refused.isVisible()
    assert card.age.text() == "54"
    page._actions["go.patient_next"].trigger()
    assert not card.age_refused.isVisible()
    type_into(card.age, "0")
    type_into(card.age, "")
    assert not card.age_refused.isVisible()
    assert page._workspace.patient is not None and "age" not in page._workspace.patient.clinical


def other_project(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "other") as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_patient(Patient("P1", "training"))
    return tmp_path / "other"


def test_another_project_begins_with_all_of_its_patients(page: PatientsPage, tmp_path: Path) -> None:
    page.query.setText("nodes:>0")
    type_into(page.card.age, "abc")
    page.card.info.say("The disk is full.", "error")
    page._workspace.open(other_project(tmp_path))
    assert page.query.text() == "" and visible(page) == ["P1"]
    assert not page.card.age_refused.isVisible() and not page.card.info.isVisible()


def test_the_query_waits_for_its_own_project(
    qtbot: QtBot, page: PatientsPage, read_project: Path, tmp_path: Path
) -> None:
    page.query.setText("nodes:0")
    page._workspace.open(read_project)
    assert visible(page) == ["P2"], "the same project again"
    state = page.save_state()
    page._workspace.open(other_project(tmp_path))
    page.restore_state(state)
    assert page.query.text() == ""


def test_an_empty_table_says_why_and_how_to_go_back(page: PatientsPage) -> None:
    assert not page.no_match.isVisible()
    page.query.setText("foo:1")
    assert page.no_match.isVisible()
    assert "No patient matches." in page.no_match.words.text() and '"foo" is no word' in page.no_match.words.text()
    page.query.setText("nodes:>7")
    assert page.no_match.words.text() == "No patient matches."
    page.no_match.clear.click()
    assert not page.no_match.isVisible() and visible(page) == ["P1", "P2", "P10"]


def test_looking_at_a_patient_changes_nothing(page: PatientsPage) -> None:
    workspace = page._workspace
    edited: list[str] = []
    workspace.patientEdited.connect(edited.append)
    for name in ("P2", "P10", "P1"):
        workspace.select_patient(name)
    assert edited == []


def test_a_refused_change_is_told_and_taken_back(page: PatientsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BadProject("The disk is full; make space and try again.")

    monkeypatch.setattr(page._workspace.project, "set_outcome", refuse)
    page.card.outcome.setCurrentText("− negative")
    assert "disk is full" in page.card.info.text
    assert page.card.outcome.currentText() == "+ positive"


def test_an_outline_drawn_elsewhere_is_counted(page: PatientsPage) -> None:
    workspace = page._workspace
    shapes = workspace.annotation("P1/T1.png").shapes
    workspace.edit("P1/T2.png", workspace.annotation("P1/T2.png").with_shapes(shapes), "draw")
    assert cell(page, 0, "Outlined") == "2 of 3"


def test_the_state_comes_back_and_nonsense_is_passed_over(qtbot: QtBot, page: PatientsPage) -> None:
    page.query.setText("nodes:>0")
    page.table.sortByColumn(VERDICT_COLUMN, Qt.SortOrder.DescendingOrder)
    state = page.save_state()
    other = PatientsPage(page._workspace, page._actions)
    qtbot.addWidget(other)
    other.restore_state({"panes": {"widths": "x", "folded": 3}, "query": 7, "order": ["a"]})
    other.restore_state(state)
    assert visible(other) == visible(page) == ["P1", "P10"]


def test_a_query_that_was_kept_waits_for_the_verdicts(qtbot: QtBot, read_project: Path) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    workspace = Workspace(window)
    workspace.open(read_project)
    made = PatientsPage(workspace, Actions(window))
    window.setCentralWidget(made)
    made.query.setText("verdict:positive")
    tasks.wait_all()
    assert visible(made) == ["P1"]
    assert made.counts.text() == "1 of 3 patients"
    assert workspace.project is not None and workspace.model is not None
    digest = workspace.model.digest
    workspace.apply_bag(BagPredicted("P1", 0.1, 0.5, digest, {}))
    assert visible(made) == ["P1"], "nothing moves while results come in"
    write_verdicts(workspace.project.predictions / VERDICTS_FILE, [])
    workspace.reload_predictions()
    tasks.wait_all()
    assert visible(made) == []


def test_the_choice_moves_along_with_its_row(page: PatientsPage) -> None:
    page.table.selectRow(page.filter.row_of("P10"))
    for act in (
        lambda: page.table.sortByColumn(0, Qt.SortOrder.DescendingOrder),
        lambda: page.query.setText("p1"),
        page.query.clear,
    ):
        act()
        chosen = page.table.selectionModel().selectedRows()
        assert [page.filter.patient_at(index.row()) for index in chosen] == ["P10"]
    assert visible(page) == ["P10", "P2", "P1"]


def test_a_hidden_choice_is_chosen_again_once_it_fits(page: PatientsPage) -> None:
    page.table.selectRow(page.filter.row_of("P2"))
    page.query.setText("P10")
    assert not page.table.currentIndex().isValid() and page.filter.row_of("P2") == -1
    page.query.clear()
    assert page.table.currentIndex().row() == page.filter.row_of("P2") == 1
