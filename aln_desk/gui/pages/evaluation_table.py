"""A finished table on a card: read-only, to be copied into a document or a spreadsheet."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QKeyEvent, QKeySequence
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
from aln_desk.gui.widgets.labels import button, label

_ROW = 26
_FRAME = 14
_MOST_ROWS = 11
_STYLE = (
    "QTableWidget, QHeaderView, QHeaderView::section { background: transparent; }QTableWidget::item { padding: 0 6px; }"
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
        self.table.show_table(table)
        words = (table.notes if notes else ()) if table else ("Being worked out…",)
        self.notes.setText("\n".join(words))
        self.notes.setVisible(bool(self.notes.text()))
        self.copy.setVisible(notes)
        self.copy.setEnabled(table is not None)


class FigureTable(QTableWidget):
    """Ctrl+C copies it whole: as HTML for a document, as CSV elsewhere."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Table | None = None
        self.setAccessibleName(name)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
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
        return QSize(600, min(self.rowCount() + 1, _MOST_ROWS) * _ROW + _FRAME + 12)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def show_table(self, table: Table | None) -> None:
        """Show this table in place of another; the same again changes nothing."""
        if table == self.shown:
            return
        self.shown = table
        self.clear()
        self.clearSpans()
        rows = table.rows if table else ()
        self.setRowCount(len(rows))
        self.setColumnCount(len(table.columns) if table else 0)
        if table is None:
            return
        ends = table.right()
        for place, (words, end) in enumerate(zip(table.columns, ends, strict=True)):
            header = QTableWidgetItem(words)
            header.setTextAlignment(_side(end))
            self.setHorizontalHeaderItem(place, header)
        for number, row in enumerate(rows):
            self._fill(number, row, table.depth(number), ends)
        self.updateGeometry()

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

    def _fill(self, number: int, row: tuple[str, ...], depth: int, ends: tuple[bool, ...]) -> None:
        heading = is_heading(row)
        for place, text in enumerate(row):
            entry = QTableWidgetItem("   " * depth + text if place == 0 else text)
            entry.setTextAlignment(_side(ends[place]))
            if heading:
                entry.setForeground(QColor(theme.palette().muted))
                entry.setFont(_bold())
            self.setItem(number, place, entry)
        if heading:
            self.setSpan(number, 0, 1, len(row))


def _copies(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy)


def _side(right: bool) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter


def _bold() -> QFont:
    font = theme.body_font()
    font.setPixelSize(theme.CAPTION)
    font.setBold(True)
    return font


def of_cohort(table: Table, cohort: str) -> Table:
    """The rows below the heading of one cohort; the table as it is where it has no such heading."""
    begin = next((n for n, row in enumerate(table.rows) if is_heading(row) and row[0] == cohort), None)
    if begin is None:
        return table
    later = range(begin + 1, len(table.rows))
    end = next((n for n in later if table.depth(n) <= table.depth(begin)), len(table.rows))
    return replace(table, rows=table.rows[begin + 1 : end], depths=())
