"""The left pane of Train: the runs of the project, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.presets import PRESETS
from aln_desk.gui import theme
from aln_desk.gui.widgets.labels import label
from aln_desk.io.runs import Run

_RUN = Qt.ItemDataRole.UserRole
_ROW_HEIGHT = 52
_SIGNS = {"running": "▶", "finished": "✓", "stopped": "■", "failed": "×", "interrupted": "!"}


class RunList(QWidget):
    """``runChosen`` carries the chosen `Run`."""

    runChosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setAccessibleName("Runs")
        self.list.setItemDelegate(_RunRow(self.list))
        self.list.currentItemChanged.connect(self._choose)
        self.empty = label("No training yet. Runs of this project are listed here.", "muted", wrap=True)
        self.empty.setContentsMargins(12, 4, 12, 0)
        heading = label("Runs", "heading")
        heading.setContentsMargins(12, 12, 12, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(heading)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)

    def show_runs(self, runs: Sequence[Run], live: str, chosen: str) -> None:
        """List the runs; ``live`` names the one under way, ``chosen`` the one to mark (else the newest)."""
        self.list.blockSignals(True)
        self.list.clear()
        for run in runs:
            entry = QListWidgetItem(_title(run))
            entry.setData(_RUN, (run, state_of(run, live)))
            entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{_title(run)}, {state_of(run, live)}")
            entry.setToolTip(run.name)
            self.list.addItem(entry)
            if run.name == chosen:
                self.list.setCurrentItem(entry)
        if runs and self.list.currentRow() < 0:
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self.empty.setVisible(not runs)

    def chosen(self) -> Run | None:
        """The marked run."""
        entry = self.list.currentItem()
        return entry.data(_RUN)[0] if entry else None

    def _choose(self) -> None:
        if (run := self.chosen()) is not None:
            self.runChosen.emit(run)


def state_of(run: Run, live: str) -> str:
    """The run's state in one word; a record that says running while nothing runs was interrupted."""
    return "interrupted" if run.state == "running" and run.name != live else run.state


def _title(run: Run) -> str:
    preset = PRESETS[run.preset].title if run.preset in PRESETS else run.preset or run.name
    try:
        return f"{preset} · {datetime.fromisoformat(run.started).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return preset


class _RunRow(QStyledItemDelegate):
    """Two lines: preset and date; state and what was reached."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, _ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = theme.palette()
        run, state = index.data(_RUN)
        box: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(colours.selection))
            painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), QColor(colours.accent))
        inner = box.adjusted(14, 8, -12, -8)
        painter.setFont(theme.body_font())
        painter.setPen(QColor(colours.text))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, index.data())
        font = theme.body_font()
        font.setPixelSize(theme.CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom, f"{_SIGNS[state]}  {state.capitalize()}")
        auc = run.figures.get("auc")
        if auc is not None:
            painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, f"AUC {auc:.3f}")
        painter.restore()
