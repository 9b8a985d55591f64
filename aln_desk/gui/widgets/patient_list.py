"""The patients as a list beside the image: dot, name, verdict bar, score, bag, signed or to read."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.patient import View
from aln_desk.gui import theme
from aln_desk.gui.query import HINT, PatientRow
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.marks import paint_bar, paint_dot, verdict_colour
from aln_desk.gui.widgets.patient_model import ROW, PatientFilter
from aln_desk.gui.workspace import Workspace

_HEIGHT = 34
_BAR = 34.0
_GAP = 8.0


class PatientDelegate(QStyledItemDelegate):
    """Paints one patient in a line; the name takes what the fixed columns leave."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: PatientRow = index.data(ROW)
        rect = QRectF(option.rect)
        state = option.state
        painter.save()
        self._paint_ground(painter, rect, state)
        decision = row.verdict.decision if row.verdict else None
        paint_dot(painter, QPointF(rect.left() + 18, rect.center().y()), decision)
        self._paint_words(painter, rect, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, rect: QRectF, state: QStyle.StateFlag) -> None:
        colours = theme.palette()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(colours.selection))
            painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), QColor(colours.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(colours.raised))

    def _paint_words(self, painter: QPainter, rect: QRectF, row: PatientRow) -> None:
        """From the right: state, bag, score and bar have the room their widest words need; the rest is the name's."""
        colours, widths = theme.palette(), painter.fontMetrics().horizontalAdvance
        middle = Qt.AlignmentFlag.AlignVCenter
        state, bag, score = (rect.adjusted(0, 0, -10, 0) for _ in range(3))
        state.setLeft(state.right() - widths("to read"))
        bag.setRight(state.left() - _GAP)
        bag.setLeft(bag.right() - widths("00 · 0"))
        score.setRight(bag.left() - _GAP)
        score.setLeft(score.right() - widths("0.00"))
        bar = QRectF(score.left() - _GAP - _BAR, rect.center().y() - 2, _BAR, 4)
        name = rect.adjusted(32, 0, 0, 0)
        name.setRight(bar.left() - _GAP)
        painter.setPen(QColor(colours.text))
        shown = painter.fontMetrics().elidedText(row.patient.id, Qt.TextElideMode.ElideMiddle, int(name.width()))
        painter.drawText(name, middle, shown)
        if row.verdict is not None:
            paint_bar(painter, bar, row.verdict.score, verdict_colour(row.verdict.decision))
            painter.drawText(score, middle, f"{row.verdict.score:.2f}")
        painter.setPen(QColor(colours.muted))
        painter.drawText(bag, middle, f"{row.patient.count(View.TUMOUR)} · {row.patient.count(View.NODE)}")
        painter.drawText(state, middle | Qt.AlignmentFlag.AlignRight, "signed" if row.signed else "to read")


class PatientList(QWidget):
    """Query box, a line that counts, the list. Choosing a row selects the patient in the workspace."""

    activated = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setMinimumWidth(270)
        self._workspace = workspace
        self.filter = PatientFilter(workspace, self)
        self.query = QLineEdit(placeholderText="Search patients", clearButtonEnabled=True)
        self.query.setToolTip(HINT)
        self.query.setAccessibleName("Search patients")
        self.query.textChanged.connect(self._apply_query)
        self.counts = label("", "caption")
        self.view = QListView(uniformItemSizes=True)
        self.view.setMouseTracking(True)
        self.view.setModel(self.filter)
        self.view.setItemDelegate(PatientDelegate(self.view))
        self.view.setAccessibleName("Patients")
        self.view.selectionModel().currentChanged.connect(self._choose)
        self._lay_out()
        workspace.patientSelected.connect(self.mark)
        for signal in (self.filter.modelReset, self.filter.dataChanged, self.filter.layoutChanged):
            signal.connect(self._count)
        self.filter.modelReset.connect(self._mark_selected)
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
        words = [f"{self.filter.rowCount()} of {total} patients", f"{len(self._workspace.signed)} signed"]
        self.counts.setText(" · ".join(words))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        head = QVBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.setSpacing(8)
        head.addWidget(self.query)
        head.addWidget(self.counts)
        column.addLayout(head)
        column.addWidget(self.view, 1)
