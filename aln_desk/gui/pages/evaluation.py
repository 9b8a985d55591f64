"""Evaluate: how well the verdicts agree with pathology, cohort by cohort, and which patients are behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.patient import Cohort
from aln_desk.gui import file_dialogs, tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation_export import Export
from aln_desk.gui.pages.evaluation_figures import (
    CohortFigures,
    Scored,
    cohort_figures,
    model_of,
    scored_patients,
)
from aln_desk.gui.pages.evaluation_patients import CellPatients
from aln_desk.gui.pages.evaluation_table import MetricsTable
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.widgets.plot_confusion import NAMES, ConfusionView, Matrix, MatrixGrid
from aln_desk.gui.widgets.plot_roc import RocCard, RocLine
from aln_desk.gui.workspace import Workspace

_SETTLE_MS = 300
_NO_PROJECT = "Open a project to evaluate its verdicts."
_NO_VERDICTS = "No patient of this project has been read yet, so there is nothing to evaluate."
_NO_OUTCOMES = "No patient that was read has an outcome from pathology. Enter outcomes in Patients."


class EvaluationPage(QWidget):
    """``patientOpenRequested`` carries the id of a patient to show in Review."""

    title = "Evaluate"
    patientOpenRequested = Signal(str)

    def __init__(
        self, workspace: Workspace, actions: Actions, export: Export | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._actions = actions
        self._export = export or Export(self)
        self._scored: dict[str, list[Scored]] = {}
        self._shown: tuple[tuple[Cohort, ...], dict[str, list[Scored]]] | None = None
        self._unticked: set[str] = set()
        self._asked = 0
        self.figures: list[CohortFigures] = []
        self.cohorts: dict[str, QCheckBox] = {}
        self.matrices = MatrixGrid()
        self.roc = RocCard()
        self.table = MetricsTable()
        self.patients = CellPatients()
        self._settle = QTimer(self, interval=_SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()
        self.refresh()

    # For the window

    def save_state(self) -> dict[str, Any]:
        """Pane widths and the cohorts that are not ticked."""
        return {**self._panes.save_state(), "unticked": sorted(self._unticked)}

    def restore_state(self, state: dict[str, Any]) -> None:
        """What `save_state` gave; damaged values are passed over."""
        self._panes.restore_state(state)
        unticked = state.get("unticked")
        if isinstance(unticked, list):
            self._unticked = {name for name in unticked if isinstance(name, str)}
            self._shown = None
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while the page was away is worked out now."""
        super().showEvent(event)
        self.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window closes: end an export under way."""
        self._export.shutdown()
        super().closeEvent(event)

    # What is shown

    def refresh(self) -> None:
        """Read outcomes, cohorts and verdicts again, then work out the figures beside the window's thread."""
        workspace = self._workspace
        project, rows = workspace.project, workspace.verdicts
        digest = workspace.model.digest if workspace.model else ""
        model = model_of(rows.values(), digest)
        cohorts = tuple(project.cohorts()) if project else ()
        scored = scored_patients(workspace.patients, rows, model)
        changed = (cohorts, scored) != self._shown
        self._shown = cohorts, scored
        self._scored = scored
        self._show_model(model)
        self._show_state()
        if changed:  # else what is being looked at, and the chosen cell, stay
            self._show_cohorts(cohorts)
            self._work_out()

    def _work_out(self) -> None:
        self._asked += 1
        chosen = [name for name, box in self.cohorts.items() if box.isChecked()]
        tasks.run(partial(_figures, chosen, dict(self._scored)), partial(self._take, self._asked))

    def _take(self, asked: int, figures: list[CohortFigures]) -> None:
        if asked != self._asked:
            return
        self.figures = figures
        self.roc.show_lines([_roc_line(each) for each in figures])
        self.table.show_figures(figures)
        self._show_matrices()
        self.patients.clear()

    def _show_cohorts(self, cohorts: Sequence[Cohort]) -> None:
        for box in self.cohorts.values():
            box.deleteLater()
        self.cohorts = {cohort.name: self._check_box(cohort) for cohort in cohorts}
        for box in self.cohorts.values():
            self._cohort_box.addWidget(box)

    def _check_box(self, cohort: Cohort) -> QCheckBox:
        count = len(self._scored.get(cohort.name, ()))
        box = QCheckBox(f"{cohort.name} · {count}")
        box.setToolTip(f"{cohort.role.value}: {count} patients with a verdict and an outcome")
        box.setAccessibleDescription(box.toolTip())
        box.setEnabled(count > 0)
        box.setChecked(count > 0 and cohort.name not in self._unticked)
        box.toggled.connect(partial(self._tick, cohort.name))
        return box

    def _tick(self, cohort: str, ticked: bool) -> None:
        (self._unticked.discard if ticked else self._unticked.add)(cohort)
        self._work_out()

    def _show_model(self, model: str) -> None:
        workspace = self._workspace
        in_use = workspace.model is not None and workspace.model.digest == model
        self._model.setText(workspace.model_name if in_use else f"Model {model}" if model else "–")
        old = bool(model) and not in_use and workspace.model is not None
        mixed = any(row.model != model for row in workspace.verdicts.values())
        self._stale.setText(
            f"These verdicts were made by another model than the one in use ({workspace.model_name})."
            if old
            else "Some patients were last read by another model; they are left out here."
        )
        self._stale_box.setVisible(old or mixed)

    def _show_state(self) -> None:
        workspace = self._workspace
        words = ""
        if workspace.project is None:
            words = _NO_PROJECT
        elif not workspace.verdicts:
            words = _NO_VERDICTS
        elif not self._scored:
            words = _NO_OUTCOMES
        self._empty.setText(words)
        self._read.setVisible(words == _NO_VERDICTS)
        self._stack.setCurrentIndex(0 if words else 1)
        self.export.setEnabled(not words)

    def _show_matrices(self) -> None:
        views = self.matrices.show_matrices([_matrix(each) for each in self.figures])
        for view, figures in zip(views, self.figures, strict=True):
            view.cellChosen.connect(partial(self._choose_cell, view, figures))

    def _choose_cell(self, view: ConfusionView, figures: CohortFigures, outcome: int, called: int) -> None:
        for other in self.matrices.views:
            if other is not view:
                other.choose(None)
        patients = figures.cell(outcome, called)
        title = f"{NAMES[outcome, called]} · {figures.cohort} · {len(patients)}"
        self.patients.show_patients(title, patients)

    # What is asked

    def _ask_export(self) -> None:
        folder = file_dialogs.choose_folder(self, "Write tables and figures to")
        if folder is not None:
            self.export_to(folder)

    def export_to(self, folder: Path) -> None:
        """Write tables and figures into a folder."""
        project = self._workspace.project
        if project is None or self._export.running:
            return
        self._say("Writing…")
        self.export.setEnabled(False)
        self._export.start(project.folder, folder, [view.matrix for view in self.matrices.views])

    def _exported(self, ok: bool, sentence: str) -> None:
        self._say(sentence)
        self.export.setEnabled(True)

    def _say(self, sentence: str) -> None:
        self._notice.setText(sentence)
        self._notice.show()

    # Building

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.projectChanged.connect(self._reset)
        for changed in (workspace.patientsChanged, workspace.verdictsChanged, workspace.modelChanged):
            changed.connect(self._soon)
        workspace.patientEdited.connect(self._soon)
        self.patients.opened.connect(self.patientOpenRequested)
        self.export.clicked.connect(self._ask_export)
        self._actions.on("evaluate.export", self, self.export.click)
        self._export.finished.connect(self._exported)
        for one in (self._read, self._read_again):
            one.clicked.connect(self._actions["review.read"].trigger)

    def _reset(self) -> None:
        self._notice.hide()
        self.refresh()

    def _soon(self) -> None:
        """Verdicts may come by the dozen: once is enough, and only while somebody looks."""
        if self.isVisible() and not self._settle.isActive():
            self._settle.start()

    def _lay_out(self) -> None:
        self._panes = Panes([self._left(), self._centre(), self.patients], [240, 866, 260])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._panes)

    def _left(self) -> QWidget:
        self._model = label("", wrap=True)
        self._stale = label("", "notice", wrap=True)
        self._read_again = button("Read this project again")
        self._stale_box = QWidget()
        stale = QVBoxLayout(self._stale_box)
        stale.setContentsMargins(0, 4, 0, 0)
        stale.addWidget(self._stale)
        stale.addWidget(self._read_again)
        self._cohort_box = QVBoxLayout()
        self._cohort_box.setSpacing(0)
        self.export = button("Export tables and figures…")
        self._notice = label("", "muted", wrap=True)
        self._notice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._notice.hide()
        pane, column = _pane()
        column.addWidget(label("Cohorts", "heading"))
        column.addLayout(self._cohort_box)
        column.addSpacing(12)
        column.addWidget(label("Verdicts by", "heading"))
        column.addWidget(self._model)
        column.addWidget(self._stale_box)
        column.addStretch(1)
        column.addWidget(self._notice)
        column.addWidget(self.export)
        return pane

    def _centre(self) -> QWidget:
        self._stack = QStackedWidget()
        self._empty = label("", "muted", wrap=True)
        self._read = button("Read this project", "main")
        self._stack.addWidget(_empty_place(self._empty, self._read))
        area = QScrollArea(widgetResizable=True)
        area.setWidget(_cards(self.roc, self.matrices, self.table))
        self._stack.addWidget(area)
        return self._stack


def _empty_place(words: QLabel, action: QPushButton) -> QWidget:
    words.setAlignment(Qt.AlignmentFlag.AlignCenter)
    place = QWidget()
    column = QVBoxLayout(place)
    column.setContentsMargins(48, 48, 48, 48)
    column.setSpacing(12)
    column.addStretch(1)
    column.addWidget(words)
    column.addWidget(action, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addStretch(2)
    return place


def _cards(roc: QWidget, matrices: QWidget, table: QWidget) -> QWidget:
    matrix_card, matrix_box = _card("Confusion matrix at the frozen threshold · share of each row")
    matrix_box.addWidget(matrices)
    matrix_box.addStretch(1)
    table_card, table_box = _card("Metrics with 95 % intervals (DeLong for the AUC, Wilson for the others)")
    table_box.addWidget(table)
    above = QHBoxLayout()
    above.setSpacing(8)
    above.addWidget(roc, 1)
    above.addWidget(matrix_card, 1)
    cards = QWidget()
    column = QVBoxLayout(cards)
    column.setContentsMargins(12, 12, 12, 12)
    column.setSpacing(8)
    column.addLayout(above, 1)
    column.addWidget(table_card)
    return cards


def _pane() -> tuple[QWidget, QVBoxLayout]:
    pane = QWidget()
    column = QVBoxLayout(pane)
    column.setContentsMargins(12, 12, 12, 12)
    column.setSpacing(4)
    return pane, column


def _card(title: str) -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setObjectName("card")
    column = QVBoxLayout(card)
    column.setContentsMargins(12, 8, 12, 10)
    column.addWidget(label(title, "heading", wrap=True))
    return card, column


def _figures(cohorts: Sequence[str], scored: Mapping[str, Sequence[Scored]]) -> list[CohortFigures]:
    return [cohort_figures(name, scored.get(name, ())) for name in cohorts]


def _matrix(figures: CohortFigures) -> Matrix:
    counts = figures.confusion
    cells = {(1, 1): counts.tp, (1, 0): counts.fn, (0, 1): counts.fp, (0, 0): counts.tn}
    return Matrix(figures.cohort, cells)


def _roc_line(figures: CohortFigures) -> RocLine:
    at = figures.operating
    return RocLine(
        f"{figures.cohort} · AUC {figures.auc_words()}",
        figures.curve.false_positive_rate,
        figures.curve.sensitivity,
        (1.0 - at.specificity.value, at.sensitivity.value),
    )
