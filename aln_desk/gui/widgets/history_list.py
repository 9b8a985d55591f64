"""Every step of an image's outlines, newest first; a click goes there and back again."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from aln_desk.domain.history import History
from aln_desk.gui import theme
from aln_desk.gui.widgets.labels import label

_EMPTY = "Nothing has been changed on this image yet. Every step will stand here, and stays after closing the project."
_MOST = 1000
"""Steps listed; the older ones are reached by Undo."""


class HistoryList(QWidget):
    """``chosen(place)`` is the step that the reader wants to be at."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Steps of this image, newest first")
        self.list.setSelectionMode(QListWidget.SelectionMode.SingleSelection)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.empty = label(_EMPTY, "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        column.addStretch(0)
        self.tell(None)

    def tell(self, history: History | None) -> None:
        """Show these steps; what could be done again stands above the present one, greyed."""
        steps = history.steps if history is not None else ()
        self.empty.setVisible(len(steps) < 2)
        self.list.setVisible(len(steps) > 1)
        self.list.clear()
        if history is None:
            return
        for place in range(len(steps) - 1, max(-1, len(steps) - 1 - _MOST), -1):
            step = steps[place]
            when = f"{datetime.fromtimestamp(step.when):%d %b %H:%M}" if step.when else ""
            words = step.what or "As opened"
            item = QListWidgetItem(words)
            item.setToolTip(f"{words}, {when}" if when else words)
            item.setData(Qt.ItemDataRole.UserRole, place)
            if place > history.at:
                item.setForeground(QColor(theme.palette().disabled))
            self.list.addItem(item)
            if place == history.at:
                self.list.setCurrentItem(item)

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(int(item.data(Qt.ItemDataRole.UserRole)))
