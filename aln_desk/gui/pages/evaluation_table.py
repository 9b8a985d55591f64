"""A finished table on a card: read-only, to be copied into a document or a spreadsheet."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.evaluation.tables.table import Table, is_heading, to_csv, to_html
from aln_desk.gui import theme
from aln_desk.gui.pages.evaluation_table_fit import MARGIN, STEP, Fit, above, fit, font_below
from aln_desk.gui.widgets import plot_axes
from aln_desk.gui.widgets.labels import button, label

_ROW, _FOLDED = 26, 38
_HIGHEST, _BAR = 304, 12
"""Pixels: of rows that a card shows at once, and of the bar below them."""
_ACROSS = Qt.AlignmentFlag.AlignHorizontal_Mask
_STYLE = (
    "QTableWidget, QHeaderView, QHeaderView::section, QAbstractScrollArea::corner { background: transparent; }"
    f"QHeaderView::section {{ padding: 6px {MARGIN}px; }}"
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

    What does not fit on one line is folded (see `fit`); a ``brief`` one may leave limits to its tooltips.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Table | None = None
        self.brief = False
        self._drawn: Fit | None = None
        self.setAccessibleName(name)
        self.setItemDelegate(_Cell(self))
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by scrolling past
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setStyleSheet(_STYLE)
        self.setVerticalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(_ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """All rows, as far as a card goes, and the bar below where the table is wider than there is room."""
        bar = _BAR if self._drawn and sum(self._drawn.widths) > self.viewport().width() else 0
        rows = min(self.verticalHeader().length(), _HIGHEST)
        return QSize(600, self.horizontalHeader().sizeHint().height() + rows + bar + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def show_table(self, table: Table | None, brief: bool = False) -> None:
        """Show this table in place of another; the same again changes nothing."""
        self.shown, self.brief = table, brief
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """On a page that scrolls, up and down belong to the page until the table is clicked."""
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        if self.hasFocus() or sideways or not self._is_on_a_page_that_scrolls():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _is_on_a_page_that_scrolls(self) -> bool:
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        return above is not None

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
        shown = None if self.shown is None else fit(self.shown, self.viewport().width(), self.brief)
        if shown == self._drawn:
            return
        before, self._drawn = self._drawn, shown
        if shown is None:
            self.clear()
            self.setRowCount(0)
            self.setColumnCount(0)
        elif before is None or replace(before, widths=shown.widths) != shown:
            self._fill(shown)
        for place, wide in enumerate(shown.widths if shown else ()):
            self.setColumnWidth(place, wide)
        self.updateGeometry()

    def _fill(self, found: Fit) -> None:
        table = found.table
        self.clear()
        self.clearSpans()
        self.setRowCount(len(table.rows))
        self.setColumnCount(len(table.columns))
        for place, (words, end) in enumerate(zip(table.columns, table.right(), strict=True)):
            header = QTableWidgetItem(found.heads[place])
            header.setFont(plot_axes.caption())  # the stylesheet's own font is not measured
            header.setToolTip(" ".join([above(table, place)[0], words]).strip())
            header.setTextAlignment(_side(end))
            self.setHorizontalHeaderItem(place, header)
        for number, row in enumerate(table.rows):
            self._fill_row(number, table)
            self.setRowHeight(number, _FOLDED if found.folded and not is_heading(row) else _ROW)

    def _fill_row(self, number: int, table: Table) -> None:
        row, whole, ends = table.rows[number], self.shown, table.right()
        heading = is_heading(row)
        for place, text in enumerate(row):
            entry = QTableWidgetItem(_indented(text, table.depth(number)) if place == 0 else text)
            entry.setTextAlignment(_side(ends[place]))
            if place == 0:
                entry.setToolTip(text.replace("\n", " "))  # it may be cut down
            elif whole is not None and whole.rows[number][place] != text:
                entry.setToolTip(f"{table.columns[place]} {whole.rows[number][place]}")
            if heading:
                entry.setForeground(QColor(theme.palette().muted))
                entry.setFont(_bold())
            self.setItem(number, place, entry)
        if heading:
            self.setSpan(number, 0, 1, len(row))


class _Cell(QStyledItemDelegate):
    """Words with no more beside them than `fit` reckons with; a second line stands below, small and quiet, that of a
    name as strong as the first.
    """

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        value, _, below = str(index.data()).partition("\n")
        shown.text = ""
        shown.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        box = QRectF(shown.rect).adjusted(MARGIN, 5, -MARGIN, -5)
        side, high = shown.displayAlignment & _ACROSS, Qt.AlignmentFlag.AlignVCenter
        painter.setPen(shown.palette.color(QPalette.ColorRole.Text))
        if below and index.column() == 0:
            painter.setFont(plot_axes.caption())
            painter.drawText(QRectF(shown.rect).adjusted(MARGIN, 0, 0, 0), side | high, str(index.data()))
            return
        painter.setFont(shown.font)
        room = round(box.width()) + 1  # words are a fraction of a pixel wider than they are measured
        words = shown.fontMetrics.elidedText(value, shown.textElideMode, room)
        painter.drawText(box, side | (Qt.AlignmentFlag.AlignTop if below else high), words)
        painter.setFont(font_below())
        painter.setPen(QColor(theme.palette().muted))
        painter.drawText(box, side | Qt.AlignmentFlag.AlignBottom, below)


def _copies(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy)


def _side(right: bool) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter


def _indented(name: str, depth: int) -> str:
    return "\n".join(STEP * depth + line for line in name.split("\n"))


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
