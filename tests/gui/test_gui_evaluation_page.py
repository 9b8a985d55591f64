from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.verdict import decide
from aln_desk.gui import tasks, theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.pages.evaluation_export import Export, confusion_png, confusion_svg
from aln_desk.gui.pages.evaluation_figures import Scored, cohort_figures, model_of, scored_patients
from aln_desk.gui.widgets.plot_confusion import NAMES, ConfusionView, Matrix, cell_rect, paint
from aln_desk.gui.workspace import Workspace
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow, write_verdicts

COHORTS = {
    "internal": (Role.INTERNAL_TEST, ((1, 0.9), (1, 0.8), (1, 0.3), (0, 0.6), (0, 0.2), (0, 0.1))),
    "one kind": (Role.EXTERNAL_TEST, ((1, 0.9), (1, 0.4))),
    "unknown": (Role.EXTERNAL_TEST, ((None, 0.9),)),
}


def row(patient: str, cohort: str, score: float, model: str = "m1") -> VerdictRow:
    return VerdictRow(patient, cohort, None, score, 0.5, decide(score, 0.5), 1, 0, model)


def make_project(folder: Path, read: bool = True) -> list[VerdictRow]:
    rows = []
    with Project.create(folder) as project:
        for cohort, (role, patients) in COHORTS.items():
            project.add_cohort(Cohort(cohort, role))
            for number, (outcome, score) in enumerate(patients):
                project.add_patient(Patient(f"{cohort}-{number}", cohort, outcome))
                rows.append(row(f"{cohort}-{number}", cohort, score))
        if read:
            write_verdicts(project.predictions / "verdicts.csv", rows)
    return rows


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    return window


@pytest.fixture
def workspace(window: QMainWindow) -> Iterator[Workspace]:
    made = Workspace(window)
    yield made
    tasks.wait_all()
    made.discard()


@pytest.fixture
def actions(window: QMainWindow) -> Actions:
    return Actions(window)


CHILD = """
import pathlib, sys
out = pathlib.Path(sys.argv[4])
if out.name == "full":
    sys.exit("aln-desk: The disk is full.")
out.mkdir(parents=True)
(out / "metrics.csv").write_text("model")
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/></svg>'
(out / "roc.svg").write_text(svg)
"""


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions) -> Iterator[EvaluationPage]:
    made = EvaluationPage(workspace, actions, Export(command=[sys.executable, "-c", CHILD]))
    window.setCentralWidget(made)
    window.show()
    yield made
    tasks.wait_all()
    made.close()


def settle(page: EvaluationPage) -> None:
    tasks.wait_all()
    page.refresh()
    tasks.wait_all()


def test_without_a_project_it_says_so(page: EvaluationPage) -> None:
    assert "Open a project" in page._empty.text()
    assert not page._read.isVisible() and not page.export.isEnabled()


def test_a_project_that_was_not_read_offers_reading(
    page: EvaluationPage, workspace: Workspace, actions: Actions, tmp_path: Path
) -> None:
    make_project(tmp_path / "p", read=False)
    workspace.open(tmp_path / "p")
    settle(page)
    asked: list[str] = []
    actions["review.read"].triggered.connect(lambda: asked.append("read"))
    assert page._read.isVisible()
    page._read.click()
    assert asked == ["read"]


def test_verdicts_without_any_outcome_say_what_is_missing(
    page: EvaluationPage, workspace: Workspace, tmp_path: Path
) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    for patient in list(workspace.patients):
        workspace.change_patient(patient.id, partial(Project.set_outcome, patient=patient.id, outcome=None))
    settle(page)
    assert "Enter outcomes" in page._empty.text()
    assert not page._read.isVisible()


def test_figures_of_each_cohort_are_shown(page: EvaluationPage, workspace: Workspace, tmp_path: Path) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    settle(page)
    assert {name: box.isChecked() for name, box in page.cohorts.items()} == {
        "internal": True,
        "one kind": True,
        "unknown": False,
    }
    assert [line.words.split(" (")[0] for line in page.roc.lines] == [
        "internal · AUC 0.889",
        "one kind · AUC not defined",
    ]
    assert page.roc.lines[0].operating == pytest.approx((1 / 3, 2 / 3))
    assert page.matrices.views[0].matrix.counts == {(1, 1): 2, (1, 0): 1, (0, 1): 1, (0, 0): 2}
    assert page.table.item(0, 0).text() == "6 (3)"
    assert page.table.item(1, 1).text() == "not defined (one outcome only)"
    assert page.table.item(2, 0).text().startswith("0.667 (")
    assert page.table.item(8, 0).text() == "0"


def test_uncertain_verdicts_are_counted_beside_unchanged_figures(
    page: EvaluationPage, workspace: Workspace, tmp_path: Path
) -> None:
    rows = make_project(tmp_path / "p")
    unsure = [replace(each, decision="uncertain") if 0.25 < each.score < 0.7 else each for each in rows]
    write_verdicts(tmp_path / "p" / "predictions" / "verdicts.csv", unsure)
    workspace.open(tmp_path / "p")
    settle(page)
    assert page.matrices.views[0].matrix.counts == {(1, 1): 2, (1, 0): 1, (0, 1): 1, (0, 0): 2}
    assert [page.table.item(8, column).text() for column in (0, 1)] == ["2 (33 %)", "1 (50 %)"]
    page._choose_cell(page.matrices.views[0], page.figures[0], 1, 0)
    entry = page.patients.list.topLevelItem(0)
    assert [entry.text(column) for column in range(3)] == ["internal-2", "0.300", "uncertain"]


def test_unticking_a_cohort_takes_its_figures_away(page: EvaluationPage, workspace: Workspace, tmp_path: Path) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    settle(page)
    page.cohorts["internal"].setChecked(False)
    tasks.wait_all()
    assert [figures.cohort for figures in page.figures] == ["one kind"]
    assert page.save_state()["unticked"] == ["internal"]
    page.restore_state({"unticked": ["one kind", 3], "widths": "no"})
    tasks.wait_all()
    assert [figures.cohort for figures in page.figures] == ["internal"]


def test_an_outcome_entered_now_counts_now(
    page: EvaluationPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    settle(page)
    workspace.change_patient("unknown-0", lambda project: project.set_outcome("unknown-0", 1))
    qtbot.waitUntil(lambda: len(page.figures) == 3, timeout=10_000)


def test_a_cell_names_its_patients_and_opens_them(
    page: EvaluationPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    settle(page)
    first, second = page.matrices.views
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton, pos=cell_rect(QRectF(second.rect()), (1, 1)).center().toPoint())
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert (first.cell, second.cell) == ((1, 0), None)
    assert page.patients.title.text() == "Missed (false negative) · internal · 1"
    settle(page)
    assert page.matrices.views == [first, second] and first.cell == (1, 0)
    opened: list[str] = []
    page.patientOpenRequested.connect(opened.append)
    page.patients.list.itemActivated.emit(page.patients.list.topLevelItem(0), 0)
    assert opened == ["internal-2"]


def test_verdicts_of_another_model_are_left_out_and_told(
    page: EvaluationPage, workspace: Workspace, tmp_path: Path
) -> None:
    rows = make_project(tmp_path / "p")
    rows[0] = replace(rows[0], model="m2")
    write_verdicts(tmp_path / "p" / "predictions" / "verdicts.csv", rows)
    workspace.open(tmp_path / "p")
    settle(page)
    assert len(page.figures[0].patients) == 5
    assert page._stale_box.isVisible()


def test_tables_and_figures_are_exported(
    page: EvaluationPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    settle(page)
    with qtbot.waitSignal(page._export.finished, timeout=20_000):
        page.export_to(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "metrics.csv",
        "roc.svg",
        "roc.png",
        "confusion.png",
        "confusion.svg",
    }
    assert QImage(str(tmp_path / "out" / "roc.png")).width() == 120
    assert str(tmp_path / "out") in page._notice.text()
    assert page.export.isEnabled()


def test_an_export_that_fails_says_why(
    page: EvaluationPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    make_project(tmp_path / "p")
    workspace.open(tmp_path / "p")
    settle(page)
    with qtbot.waitSignal(page._export.finished, timeout=20_000):
        page.export_to(tmp_path / "full")
    assert page._notice.text() == "The disk is full."


MATRIX = Matrix("internal", {(1, 1): 9, (1, 0): 1, (0, 1): 0, (0, 0): 0})


def test_figures_that_cannot_be_written_are_told(qtbot: QtBot, tmp_path: Path) -> None:
    assert not confusion_png([MATRIX], tmp_path / "absent" / "a.png")
    assert not confusion_svg([MATRIX], tmp_path / "absent" / "a.svg")


def test_a_fuller_cell_is_painted_stronger(qtbot: QtBot) -> None:
    image = QImage(300, 180, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.READING.raised))
    area = QRectF(0, 0, 300, 180)
    painter = QPainter(image)
    paint(painter, area, MATRIX, theme.READING)
    painter.end()

    def blue(cell: tuple[int, int]) -> int:
        corner = cell_rect(area, cell).topLeft().toPoint()
        return image.pixelColor(corner.x() + 6, corner.y() + 6).blue()

    assert blue((1, 1)) > blue((1, 0)) > blue((0, 1))


def test_a_matrix_can_be_read_aloud(qtbot: QtBot) -> None:
    view = ConfusionView(MATRIX)
    qtbot.addWidget(view)
    assert "True positive: 9, 90 % of its row" in view.accessibleDescription()
    assert "True negative: 0." in view.accessibleDescription() + "."


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1), st.floats(0, 1)), max_size=30),
)
def test_the_cells_part_the_patients(values: list[tuple[int, float, float]]) -> None:
    patients = [Scored(str(k), *value) for k, value in enumerate(values)]
    figures = cohort_figures("a", patients)
    cells = [{each.patient for each in figures.cell(*cell)} for cell in NAMES]
    assert sum(map(len, cells)) == len(patients)
    assert set().union(*cells) == {each.patient for each in patients}
    assert figures.positive == sum(outcome for outcome, _, _ in values)


def test_the_model_in_use_is_shown_before_the_one_with_more_verdicts() -> None:
    rows = {name: row(name, "a", 0.5, model) for name, model in (("1", "x"), ("2", "y"), ("3", "y"))}
    assert model_of(rows.values(), "x") == "x"
    assert model_of(rows.values(), "z") == "y"
    assert model_of((), "z") == ""
    patients = [Patient("1", "a", 1), Patient("2", "b", 0), Patient("3", "b", None), Patient("4", "b", 1)]
    assert scored_patients(patients, rows, "y") == {"b": [Scored("2", 0, 0.5, 0.5)]}


def test_a_score_at_the_threshold_is_called_positive() -> None:
    assert Scored("1", 1, 0.5, 0.5).called == 1
    assert cohort_figures("a", []).auc_words() == "not defined (no outcomes)"
