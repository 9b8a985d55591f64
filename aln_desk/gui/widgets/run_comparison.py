"""Several runs beside each other: their curves over each other, and a table with what each was and reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from string import ascii_uppercase
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QMenu, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from aln_desk.domain.messages import Curve, Message
from aln_desk.gui import tasks
from aln_desk.gui.widgets import plot_style
from aln_desk.gui.widgets.curve_tools import STAGES, CurveTools
from aln_desk.gui.widgets.labels import button
from aln_desk.gui.widgets.panes import Stack
from aln_desk.gui.widgets.plot_chart import ChartCard, Line
from aln_desk.io.runs import Run, read_events
from aln_desk.io.runs_table import COLUMNS, RunRow, cell, grouped, run_row, to_csv, to_text

Compared = dict[str, tuple[tuple[str, str, str], ...]]
COMPARED: Compared = {
    "mtl": (("Loss while learning", "train", "loss"), ("Mask overlap, held-out patients", "validation", "dice")),
    "mil": (("Loss, held-out patients", "validation", "loss"), ("Patient AUC, held-out patients", "validation", "auc")),
}
"""The two charts of each stage: title, part and value."""
_LONGEST = 280


class RunComparison(QWidget):
    """Curves above, table below: a letter and a swatch before a run's name stand for its lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[RunRow] = []
        self._runs: list[Run] = []
        self._events: list[list[Message]] = []
        self._asked = 0
        self._stage = STAGES[0]
        self.tools = CurveTools()
        self.charts = [ChartCard("", ()), ChartCard("", (), share=True)]
        self.table = RunTable()
        self.copy = button("Copy table", "menu")
        menu = QMenu(self.copy)
        menu.addAction("As text", lambda: _to_clipboard(to_text(self.rows)))
        menu.addAction("As CSV", lambda: _to_clipboard(to_csv(self.rows)))
        self.copy.setMenu(menu)
        self._lay_out()
        self.tools.stageChosen.connect(self._show_stage)
        for card in self.charts:
            self.tools.logChanged.connect(card.set_log)
            self.tools.smoothingChanged.connect(card.set_smoothing)
            card.hovered.connect(self._point)

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Read these runs beside the window's thread and compare them."""
        self._asked += 1
        tasks.run(partial(_read, list(runs)), partial(self._take, self._asked, list(runs)))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            for card in self.charts:
                card.dress()
            self.table.show_rows(self.rows, [run.name for run in self._runs])
        super().changeEvent(event)

    def _take(self, asked: int, runs: list[Run], events: list[list[Message]]) -> None:
        if asked != self._asked:
            return
        self._runs, self._events = runs, events
        self.rows = grouped([run_row(run, found) for run, found in zip(runs, events, strict=True)])
        self.table.show_rows(self.rows, [run.name for run in runs])
        self._show_stage(self._stage)
        if self._stage not in (found := _stages(events)) and found:
            self.tools.show_stage(found[-1])

    def _show_stage(self, stage: str) -> None:
        self._stage = stage
        for card, (title, part, value) in zip(self.charts, COMPARED[stage], strict=True):
            lines = [Line(run.name, value, _letter(place)) for place, run in enumerate(self._runs)]
            card.show_lines(title, lines)
            for line, events in zip(lines, self._events, strict=True):
                for step, number in _values(events, stage, part, value):
                    card.add(line, step, number)
            card.draw()

    def _point(self, step: int | None) -> None:
        for card in self.charts:
            card.point_at(step)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.tools, 1)
        head.addWidget(self.copy)
        charts = QWidget()
        row = QHBoxLayout(charts)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for card in self.charts:
            row.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(Stack([charts, self.table], [320, 280]), 1)


class RunTable(QTreeWidget):
    """A row a run, sorted by any column; the runs of a cross-validation below their mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Comparison of runs")
        self.setHeaderLabels([column.words for column in COLUMNS])
        for place, column in enumerate(COLUMNS):
            self.headerItem().setToolTip(place, column.help or column.words)
            if column.kind in ("figure", "seconds"):
                self.headerItem().setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QTreeWidget.SelectionBehavior.SelectRows)
        self.setIconSize(QSize(22, 12))
        self.setStyleSheet("QTreeView::item { min-height: 28px; }")
        self.header().setStretchLastSection(False)

    def show_rows(self, rows: Sequence[RunRow], lines: Sequence[str]) -> None:
        """Show these rows; ``lines`` names the runs in the order of their lines' colours."""
        self.setSortingEnabled(False)
        self.clear()
        self.setRootIsDecorated(any(row.run is None for row in rows))
        above: dict[str, _Entry] = {}
        for row in rows:
            entry = _Entry(row)
            if row.run is None:
                above[row.group] = entry
            else:
                place = lines.index(row.run.name)
                entry.setIcon(0, _swatch(place))
                entry.setText(0, f"{_letter(place)}  {entry.text(0)}")
            if row.run is not None and row.group in above:
                above[row.group].addChild(entry)
            else:
                self.addTopLevelItem(entry)
        self.expandAll()
        self.header().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        for place in range(len(COLUMNS)):
            self.resizeColumnToContents(place)
            self.setColumnWidth(place, min(self.columnWidth(place) + 8, _LONGEST))


class _Entry(QTreeWidgetItem):
    """Sorted by what it stands for, not by its words; what is not defined is least."""

    def __init__(self, row: RunRow) -> None:
        super().__init__([cell(row, column) for column in COLUMNS])
        self.row = row
        for place, column in enumerate(COLUMNS):
            self.setToolTip(place, self.text(place))
            if column.kind in ("figure", "seconds"):
                self.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if row.run is None:
            font = self.font(0)
            font.setBold(True)
            for place in range(len(COLUMNS)):
                self.setFont(place, font)

    def __lt__(self, other: Any) -> bool:
        tree = self.treeWidget()
        column = COLUMNS[max(tree.sortColumn(), 0) if tree is not None else 0]
        return _order(self.row, column.key) < _order(other.row, column.key)


def _order(row: RunRow, key: str) -> tuple[bool, float, str]:
    value = row.values.get(key)
    number = value if isinstance(value, float) else 0.0
    return value is not None, number, str(value or "").casefold()


def _letter(place: int) -> str:
    """A to Z, then A1 to Z1: what a legend has room for."""
    turn, letter = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(turn) if turn else "")


def _swatch(place: int) -> QIcon:
    drawn = QPixmap(44, 24)
    drawn.setDevicePixelRatio(2)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(plot_style.series_pen(place))
    painter.drawLine(0, 6, 22, 6)
    painter.end()
    return QIcon(drawn)


def _read(runs: Sequence[Run]) -> list[list[Message]]:
    return [read_events(run.folder) for run in runs]


def _values(events: Sequence[Message], stage: str, part: str, value: str) -> Iterator[tuple[int, float]]:
    """(step, value) of every message that has it."""
    for event in events:
        if isinstance(event, Curve) and (event.stage, event.part) == (stage, part):
            number = event.values.get(value)
            if number is not None:
                yield event.step, number


def _stages(events: Sequence[Sequence[Message]]) -> list[str]:
    """The stages that any of the runs has curves of."""
    found = {event.stage for run in events for event in run if isinstance(event, Curve)}
    return [stage for stage in STAGES if stage in found]


def _to_clipboard(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
