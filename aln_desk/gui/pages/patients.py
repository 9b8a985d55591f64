"""All patients in a table, the bag of the chosen one below, its card on the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.query import PatientRow
from aln_desk.gui.widgets.bag_strip import BagStrip
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.marks import paint_bar, paint_dot, verdict_colour
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.widgets.patient_card import PatientCard
from aln_desk.gui.widgets.patient_model import COLUMNS, ROW, VERDICT_COLUMN, PatientFilter
from aln_desk.gui.widgets.query_line import NoMatch, QueryLine
from aln_desk.gui.workspace import Workspace

_WIDTHS = (150, 130, 110, 190, 70, 60, 90, 70)
_LONGEST_BAR = 400.0
"""Pixels; on a wide screen the score stays near its dot."""
_HEADINGS = "QHeaderView::section { padding: 6px 11px; }"
"""They begin where the words below them do."""


class VerdictDelegate(QStyledItemDelegate):
    """Dot with its sign, bar, score; words where there is no verdict."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: PatientRow = index.data(ROW)
        if row.verdict is None:
            super().paint(painter, option, index)
            return
        rect = QRectF(option.rect)
        self._paint_ground(painter, option, index)
        painter.save()
        paint_dot(painter, QPointF(rect.left() + 14, rect.center().y()), row.verdict.decision)
        long = min(max(20.0, rect.width() - 82), _LONGEST_BAR)
        bar = QRectF(rect.left() + 30, rect.center().y() - 2.5, long, 5)
        paint_bar(painter, bar, row.verdict.score, verdict_colour(row.verdict.decision))
        painter.setPen(QColor(theme.palette().text))
        figure = QRectF(rect.left(), rect.top(), bar.right() + 42 - rect.left(), rect.height())
        alignment = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(figure, alignment, f"{row.verdict.score:.2f}")
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The view's own background (hover, selection) without the cell's words."""
        blank = QStyleOptionViewItem(option)
        self.initStyleOption(blank, index)
        blank.text = ""
        widget = blank.widget
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, blank, painter, widget)


class PatientsPage(QWidget):
    """Choosing a row selects the patient; Enter or a double click opens it in Review."""

    title = "Patients"

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._actions = actions
        self.filter = PatientFilter(workspace, self)
        self.query = QueryLine(workspace)
        self.counts = label("", "caption")
        self.table = QTableView(sortingEnabled=True, showGrid=False)
        self.no_match = NoMatch(self.query, self.table)
        self.strip = BagStrip(workspace)
        self.card = PatientCard(workspace)
        self.setFocusProxy(self.table)
        self._dress_table()
        self._lay_out()
        self._connect()
        self._show_patient(workspace.patient.id if workspace.patient else "")
        self._count()

    def save_state(self) -> dict[str, object]:
        """Pane widths, query, order."""
        header = self.table.horizontalHeader()
        order = [header.sortIndicatorSection(), header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder]
        return {"panes": self.panes.save_state(), "query": self.query.save_state(), "order": order}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; what does not fit is ignored."""
        panes = state.get("panes")
        if isinstance(panes, dict):
            self.panes.restore_state(panes)
        self.query.restore_state(state.get("query"))
        match state.get("order"):
            case [int(column), bool(ascending)] if 0 <= column < len(COLUMNS):
                order = Qt.SortOrder.AscendingOrder if ascending else Qt.SortOrder.DescendingOrder
                self.table.sortByColumn(column, order)

    def open_patient(self) -> None:
        """Show the chosen patient in Review."""
        if self._workspace.patient is not None:
            self._actions["mode.review"].trigger()

    def _step(self, step: int) -> None:
        here = self._workspace.patient.id if self._workspace.patient else ""
        if (there := self.filter.neighbour(here, step)) is not None:
            self._workspace.select_patient(there)

    def _choose(self, current: QModelIndex) -> None:
        if not current.isValid():
            return
        name = self.filter.patient_at(current.row())
        if self._workspace.patient is None or self._workspace.patient.id != name:
            self._workspace.select_patient(name)

    def _show_patient(self, name: str) -> None:
        self.strip.show_bag(self._workspace.patient)
        self.card.setVisible(self._workspace.patient is not None)
        row = self.filter.row_of(name) if name else -1
        if row >= 0 and self.table.currentIndex().row() != row:
            self.table.selectRow(row)

    def _open_instance(self, name: str) -> None:
        self._workspace.select_instance(name)
        self._actions["mode.review"].trigger()

    def _apply_query(self, text: str) -> None:
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        self.filter.set_query(text)
        selection.blockSignals(False)
        if self._workspace.patient is not None:
            self._show_patient(self._workspace.patient.id)
        self._count()

    def _count(self) -> None:
        shown, total = self.filter.rowCount(), len(self._workspace.patients)
        self.counts.setText(f"{shown} of {total} patients")
        self.no_match.tell(shown, total)

    def _connect(self) -> None:
        self.query.textChanged.connect(self._apply_query)
        self.filter.modelReset.connect(self._count)
        self.filter.verdictsRead.connect(lambda: self._apply_query(self.query.text()))
        self.table.selectionModel().currentChanged.connect(self._choose)
        self.table.activated.connect(lambda _: self.open_patient())
        self.strip.chosen.connect(self._open_instance)
        self._workspace.patientSelected.connect(self._show_patient)
        self._actions.on("go.patient_next", self, lambda: self._step(1))
        self._actions.on("go.patient_back", self, lambda: self._step(-1))
        self._actions.on("go.query", self, self.query.setFocus)

    def _dress_table(self) -> None:
        self.table.setMouseTracking(True)
        self.table.setStyleSheet(_HEADINGS)
        self.table.setModel(self.filter)
        self.table.setItemDelegateForColumn(VERDICT_COLUMN, VerdictDelegate(self.table))
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(34)
        self.table.setAccessibleName("Patients")
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(VERDICT_COLUMN, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 8)
        head.setSpacing(12)
        head.addWidget(self.query, 1)
        head.addWidget(self.counts)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        column.addWidget(self.strip)
        self.panes = Panes([centre, self.card], [1030, 330])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panes)
