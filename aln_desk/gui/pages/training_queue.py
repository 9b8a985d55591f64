"""Below the runs in Train: the trainings that wait, in their order."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.gui import theme
from aln_desk.gui.trainer import Trainer
from aln_desk.gui.training_queue import Order
from aln_desk.gui.widgets.labels import button, label

_SUMMARY = Qt.ItemDataRole.UserRole
_ROW_HEIGHT = 58
_RESTS = "The queue rests."
_ROWS = 3
"""So many are seen at once before the list scrolls."""


class QueueList(QWidget):
    """Away while nothing waits and nothing went wrong."""

    def __init__(self, trainer: Trainer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trainer = trainer
        self._project: Path | None = None
        self.heading = label("", "heading")
        self.list = QListWidget()
        self.list.setAccessibleName("Trainings that wait")
        self.list.setItemDelegate(_OrderRow(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rests = label(_RESTS, "muted")
        self.go_on = button("Go on", tip="Start the first of these, then the others")
        self.trouble = label("", "notice", wrap=True)
        self.up = button("Up", "small", "Train it sooner (Alt+Up)")
        self.down = button("Down", "small", "Train it later (Alt+Down)")
        self.remove = button("Remove", "small", "Take it out of the queue (Delete)")
        self._lay_out()
        self._connect()
        self.show_queue()

    def show_project(self, project: Path | None) -> None:
        """Trainings of other projects are named with theirs."""
        self._project = project
        self.show_queue()

    def show_queue(self) -> None:
        """List what waits; the marked one stays marked where it still waits."""
        queue = self._trainer.queue
        row = self.list.currentRow()
        self.list.clear()
        for order in queue.orders:
            self.list.addItem(self._entry(order))
        self.list.setCurrentRow(min(max(0, row), len(queue.orders) - 1))
        self.list.setFixedHeight(_ROW_HEIGHT * min(_ROWS, len(queue.orders)))
        self.heading.setText(f"Queue · {len(queue.orders)}")
        for widget in (self.heading, self.list, self._buttons):
            widget.setVisible(bool(queue.orders))
        self._resting.setVisible(queue.rests and not self._trainer.running)
        self.trouble.setText(queue.trouble)
        self.trouble.setVisible(bool(queue.trouble))
        self.setVisible(bool(queue.orders or queue.trouble))
        self._show_moves()

    def _entry(self, order: Order) -> QListWidgetItem:
        place = "" if order.project == self._project else f"{order.project.name} · "
        entry = QListWidgetItem(order.wish.title)
        entry.setData(_SUMMARY, f"{place}{order.wish.summary}")
        entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{order.wish.title}, {place}{order.wish.summary}")
        entry.setToolTip(f"{order.wish.title}: {place}{order.wish.summary}")
        return entry

    def _show_moves(self) -> None:
        row = self.list.currentRow()
        self.up.setEnabled(row > 0)
        self.down.setEnabled(0 <= row < self.list.count() - 1)

    def _move(self, by: int) -> None:
        row = self.list.currentRow()
        target = row + by
        if row >= 0 and 0 <= target < self.list.count():
            self._trainer.queue.move(row, by)
            self.list.setCurrentRow(target)
            self.list.setFocus()  # at an end of the list the button goes, and its focus would fall on Remove

    def _remove(self) -> None:
        if self.list.currentRow() >= 0:
            self._trainer.queue.remove(self.list.currentRow())

    def _connect(self) -> None:
        self._trainer.queue.changed.connect(self.show_queue)
        self._trainer.changed.connect(self.show_queue)
        self.list.currentRowChanged.connect(self._show_moves)
        self.go_on.clicked.connect(self._trainer.go_on)
        self.up.clicked.connect(lambda: self._move(-1))
        self.down.clicked.connect(lambda: self._move(1))
        self.remove.clicked.connect(self._remove)
        for keys, answer in (("Alt+Up", self.up), ("Alt+Down", self.down), ("Delete", self.remove)):
            shortcut = QShortcut(QKeySequence(keys), self.list)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(answer.click)

    def _lay_out(self) -> None:
        self._resting = _row(self.rests, self.go_on)
        self._buttons = _row(self.up, self.down, self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(4)
        for widget in (_row(self.heading), self._resting, _row(self.trouble), self.list, self._buttons):
            column.addWidget(widget)


class _OrderRow(QStyledItemDelegate):
    """Its title, then what is asked in one or two lines."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, _ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = theme.palette()
        box: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(colours.selection))
        inner = box.adjusted(12, 5, -12, -4)
        painter.setFont(theme.body_font())
        painter.setPen(QColor(colours.text))
        title = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, title)
        font = theme.body_font()
        font.setPixelSize(theme.CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        painter.drawText(inner.adjusted(0, 20, 0, 0), Qt.TextFlag.TextWordWrap, index.data(_SUMMARY))
        painter.restore()


def _row(*widgets: QWidget) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(12, 0, 12, 0)
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, int(isinstance(widget, QLabel)))
    row.addStretch(0)
    return made
