"""A finished table on a card: read-only, to be copied into a document or a spreadsheet."""

from __future__ import annotations

import re
from dataclasses import replace

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.evaluation.tables.table import Table, is_heading, to_csv, to_html
from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes
from aln_desk.gui.widgets.labels import button, label

_ROW = 26
_FRAME = 14
_MOST_ROWS = 11
_CELL_EDGES = 20
"""Pixels of a column beside its words."""
_FEW = 3
_LIMITS = re.compile(r" \([^()]*\)$")
_STYLE = (
    "QTableWidget, QHeaderView, QHeaderView::section { background: transparent; }"
    "QHeaderView::section { padding: 6px 5px; } QTableWidget::item { padding: 0 3px; }"
)


class TableBody(QWidget):
    """The table and its notes below."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = FigureTable(name)
        self.notes = label("", "caption", wrap=True)
        self.copy = button("Copy table", "small", "For a document, where it becomes a table, or for a spreadsheet")
        self.copy.clicked.connect(self.table.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addWidget(self.notes, 1)
        foot.addStretch(0)
        foot.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(foot)

    def show_table(self, table: Table | None, notes: bool = True) -> None:
        """Show a table, with its ``notes`` or without; None: it is not there yet."""
        self.table.show_table(table, brief=not notes)
        words = (table.notes if notes else ()) if table else ("Being worked out…",)
        self.notes.setText("\n".join(words))
        self.notes.setVisible(bool(self.notes.text()))
        self.copy.setVisible(notes)
        self.copy.setEnabled(table is not None)


class FigureTable(QTableWidget):
    """Ctrl+C copies it whole: as HTML for a document, as CSV elsewhere.

    A ``brief`` one leaves the limits behind its figures to their tooltips where they do not fit.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Table | None = None
        self.brief = False
        self._drawn: Table | None = None
        self.setAccessibleName(name)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setStyleSheet(_STYLE)
        self.setVerticalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """All rows, as far as a card goes, and the bar below where the table is wider than there is room."""
        heading = self.horizontalHeader().sizeHint().height()
        return QSize(600, heading + min(self.rowCount(), _MOST_ROWS - 1) * _ROW + _FRAME + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def show_table(self, table: Table | None, brief: bool = False) -> None:
        """Show this table in place of another; the same again changes nothing."""
        self.shown, self.brief = table, brief
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()

    def copy(self) -> None:
        """Put the whole table on the clipboard."""
        if self.shown is not None:
            copied = QMimeData()
            copied.setText(to_csv(self.shown))
            copied.setHtml(to_html(self.shown))
            QGuiApplication.clipboard().setMimeData(copied)

    def event(self, event: QEvent) -> bool:
        """Copying is the table's own here, whatever the key does elsewhere in the window."""
        if event.type() == QEvent.Type.ShortcutOverride and _copies(event):
            event.accept()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _copies(event):
            self.copy()
        else:
            super().keyPressEvent(event)

    def _draw(self) -> None:
        table = self.shown
        if table is not None and self.brief and _width(table) > self.viewport().width():
            table = without_limits(table)
        if table == self._drawn:
            return
        self._drawn = table
        self.clear()
        self.clearSpans()
        self.setRowCount(len(table.rows) if table else 0)
        self.setColumnCount(len(table.columns) if table else 0)
        if table is not None:
            self._fill(table)
            self.updateGeometry()

    def _fill(self, table: Table) -> None:
        for place, (words, end) in enumerate(zip(table.columns, table.right(), strict=True)):
            header = QTableWidgetItem(_heading(table, place))
            header.setFont(plot_axes.caption())  # the stylesheet's own font is not measured
            header.setToolTip(" ".join([_above(table, place)[0], words]).strip())
            header.setTextAlignment(_side(end))
            self.setHorizontalHeaderItem(place, header)
        for number in range(len(table.rows)):
            self._fill_row(number, table)

    def _fill_row(self, number: int, table: Table) -> None:
        row, whole, ends = table.rows[number], self.shown, table.right()
        heading = is_heading(row)
        for place, text in enumerate(row):
            entry = QTableWidgetItem("   " * table.depth(number) + text if place == 0 else text)
            entry.setTextAlignment(_side(ends[place]))
            if whole is not None and whole.rows[number][place] != text:
                entry.setToolTip(f"{table.columns[place]} {whole.rows[number][place]}")
            if heading:
                entry.setForeground(QColor(theme.palette().muted))
                entry.setFont(_bold())
            self.setItem(number, place, entry)
        if heading:
            self.setSpan(number, 0, 1, len(row))


def _above(table: Table, column: int) -> tuple[str, int]:
    """What stands above a column's heading, and over how many columns."""
    end = 0
    for words, count in table.spans:
        end += count
        if column < end:
            return words, count
    return "", 0


def _heading(table: Table, column: int) -> str:
    """A column's heading. What stands above few columns is said here: their own headings mean nothing without it."""
    words, count = _above(table, column)
    return f"{words}\n{table.columns[column]}" if words and count <= _FEW else table.columns[column]


def _copies(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy)


def _side(right: bool) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter


def _bold() -> QFont:
    font = theme.body_font()
    font.setPixelSize(theme.CAPTION)
    font.setBold(True)
    return font


def _width(table: Table) -> int:
    """Pixels that a whole table wants."""
    metrics = QFontMetrics(theme.body_font())
    rows = [row for row in table.rows if not is_heading(row)]
    return sum(
        max(map(metrics.horizontalAdvance, cells)) + _CELL_EDGES for cells in zip(table.columns, *rows, strict=True)
    )


def without_limits(table: Table) -> Table:
    """Its figures without the limits in brackets behind them, but where the column's heading speaks of brackets."""
    keeps = [number == 0 or "(" in words for number, words in enumerate(table.columns)]
    rows = (
        tuple(text if keep else _LIMITS.sub("", text) for text, keep in zip(row, keeps, strict=True))
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def of_cohort(table: Table, cohort: str) -> Table:
    """The rows below the heading of one cohort; the table as it is where it has no such heading."""
    begin = next((n for n, row in enumerate(table.rows) if is_heading(row) and row[0] == cohort), None)
    if begin is None:
        return table
    later = range(begin + 1, len(table.rows))
    end = next((n for n in later if table.depth(n) <= table.depth(begin)), len(table.rows))
    return replace(table, rows=table.rows[begin + 1 : end], depths=())
