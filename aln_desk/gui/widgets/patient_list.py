"""The patients as a list beside the image, with the query box and what is said of the outcomes."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QAction, QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QListView, QVBoxLayout, QWidget

from aln_desk.gui.actions import Actions
from aln_desk.gui.thumbnails import Thumbnails
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.patient_delegate import TILE, PatientDelegate
from aln_desk.gui.widgets.patient_model import PatientFilter
from aln_desk.gui.widgets.query_line import NoMatch, QueryLine
from aln_desk.gui.workspace import Workspace


class PatientList(QWidget):
    """Query box, a line that counts, the list. Choosing a row selects the patient in the workspace."""

    activated = Signal(str)

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self.filter = PatientFilter(workspace, self)
        self.query = QueryLine(workspace)
        self.query.textChanged.connect(self._apply_query)
        self.counts = label("", "caption")
        self.outcomes = QCheckBox("Show outcomes")
        self.outcomes.setToolTip("The node status from pathology, here and beside the image")
        self.view = QListView(uniformItemSizes=True)
        self.no_match = NoMatch(self.query, self.view)
        self._thumbnails = Thumbnails(self, TILE * self.devicePixelRatioF())
        self._thumbnails.ready.connect(lambda _: self.view.viewport().update())
        workspace.projectChanged.connect(self._thumbnails.try_again)
        self._delegate = PatientDelegate(self._picture, self.view)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setMinimumWidth(270)
        self.view.setMouseTracking(True)
        self.view.setModel(self.filter)
        self.view.setItemDelegate(self._delegate)
        self.view.setAccessibleName("Patients")
        self.view.selectionModel().currentChanged.connect(self._choose)
        self._lay_out(actions.key("outcomes.show"))
        self._follow_outcomes(actions["outcomes.show"])
        workspace.patientSelected.connect(self.mark)
        for signal in (self.filter.modelReset, self.filter.dataChanged, self.filter.layoutChanged):
            signal.connect(self._count)
        self.filter.modelReset.connect(self._mark_selected)
        self.filter.verdictsRead.connect(lambda: self._apply_query(self.query.text()))
        self._count()
        self._mark_selected()

    def mark(self, patient: str) -> None:
        """Mark a patient's row, if the query shows it."""
        row = self.filter.row_of(patient)
        selection = self.view.selectionModel()
        if row < 0:
            selection.clear()
        elif selection.currentIndex().row() != row or not selection.hasSelection():
            self.view.setCurrentIndex(self.filter.index(row, 0))

    def step(self, step: int) -> None:
        """Select the visible patient ``step`` rows on."""
        here = self._workspace.patient.id if self._workspace.patient else ""
        if (there := self.filter.neighbour(here, step)) is not None:
            self._workspace.select_patient(there)

    def next_to_read(self) -> None:
        """Select the next visible patient without a signed judgement, from the top again after the last."""
        here = self.filter.row_of(self._workspace.patient.id) if self._workspace.patient else -1
        count = self.filter.rowCount()
        order = [(here + 1 + step) % count for step in range(count)]
        waiting = (name for name in map(self.filter.patient_at, order) if name not in self._workspace.signed)
        if (name := next(waiting, None)) is not None:
            self._workspace.select_patient(name)

    def _picture(self, image: str) -> QPixmap | None:
        project = self._workspace.project
        return self._thumbnails.get(image, project.cache) if project is not None else None

    def _follow_outcomes(self, action: QAction) -> None:
        """The box and the menu are two handles of one switch."""
        self.outcomes.toggled.connect(action.setChecked)
        action.toggled.connect(self.outcomes.setChecked)
        action.toggled.connect(self._show_outcomes)
        self.outcomes.setChecked(action.isChecked())
        self._show_outcomes(action.isChecked())

    def _show_outcomes(self, shown: bool) -> None:
        self._delegate.outcomes = shown
        self.view.viewport().update()

    def _mark_selected(self) -> None:
        if self._workspace.patient is not None:
            self.mark(self._workspace.patient.id)

    def _choose(self, current: QModelIndex) -> None:
        if not current.isValid():
            return
        name = self.filter.patient_at(current.row())
        if self._workspace.patient is None or self._workspace.patient.id != name:
            self._workspace.select_patient(name)

    def _apply_query(self, text: str) -> None:
        self.view.selectionModel().blockSignals(True)
        self.filter.set_query(text)
        self.view.selectionModel().blockSignals(False)
        self._mark_selected()
        self._count()

    def _count(self) -> None:
        total = len(self._workspace.patients)
        words = f"{self.filter.rowCount()} of {total} · {len(self._workspace.signed)} signed"
        uncertain = self._uncertain()
        self.counts.setText(f"{words}\n{uncertain} uncertain" if uncertain else words)
        self.no_match.tell(self.filter.rowCount(), total)

    def _uncertain(self) -> int:
        read = self._workspace.verdicts  # none of ten thousand, most often
        verdicts = (self._workspace.verdict(patient) for patient in read)
        return sum(verdict is not None and verdict.uncertain for verdict in verdicts)

    def _lay_out(self, key: str) -> None:
        about = QHBoxLayout()
        about.setSpacing(6)
        about.addWidget(self.counts, 1)
        about.addWidget(self.outcomes)
        if key:
            about.addWidget(label(key, "key"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(4)
        head = QVBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.setSpacing(4)
        head.addWidget(self.query)
        head.addLayout(about)
        column.addLayout(head)
        column.addWidget(self.view, 1)
