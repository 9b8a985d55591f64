"""One cohort's confusion matrix: counts and row percentages, a cell to choose by mouse or arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from aln_desk.gui import theme

Cell = tuple[int, int]
"""(outcome, called): 1 positive, 0 negative."""

NAMES: dict[Cell, str] = {
    (1, 1): "True positive",
    (1, 0): "Missed (false negative)",
    (0, 1): "False alarm (false positive)",
    (0, 0): "True negative",
}
_ORDER = (1, 0)
_LEFT, _TOP = 76.0, 44.0
_GAP = 4.0
_LEAST = QSize(250, 150)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by cell, and whose they are."""

    title: str
    counts: dict[Cell, int]

    def share(self, cell: Cell) -> float | None:
        """The cell's share of the patients with its outcome; None where there are none."""
        row = self.counts[cell[0], 0] + self.counts[cell[0], 1]
        return self.counts[cell] / row if row else None

    def words(self, cell: Cell) -> str:
        """One cell for a screen reader."""
        share = self.share(cell)
        percent = "" if share is None else f", {100 * share:.0f} % of its row"
        return f"{NAMES[cell]}: {self.counts[cell]}{percent}"


class ConfusionView(QWidget):
    """``cellChosen`` carries the cell's outcome and decision, 1 positive and 0 negative."""

    cellChosen = Signal(int, int)

    def __init__(self, matrix: Matrix, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.matrix = matrix
        self.cell: Cell | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(_LEAST)
        self.setToolTip("Choose a cell to see its patients")
        self.setAccessibleName(f"Confusion matrix, {matrix.title}")
        self.setAccessibleDescription(". ".join(matrix.words(cell) for cell in NAMES))

    def sizeHint(self) -> QSize:
        return QSize(320, 180)

    def choose(self, cell: Cell | None) -> None:
        """Mark a cell without telling anybody."""
        self.cell = cell
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint(painter, QRectF(self.rect()), self.matrix, theme.palette(), self.cell)
        if self.hasFocus() and self.cell is None:
            painter.setPen(QPen(QColor(theme.palette().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for cell in NAMES:
            if cell_rect(QRectF(self.rect()), cell).contains(event.position()):
                self._take(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: (1, None),
            Qt.Key.Key_Down: (0, None),
            Qt.Key.Key_Left: (None, 1),
            Qt.Key.Key_Right: (None, 0),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        outcome, called = self.cell or (1, 1)
        self._take((outcome if step[0] is None else step[0], called if step[1] is None else step[1]))

    def _take(self, cell: Cell) -> None:
        self.choose(cell)
        self.cellChosen.emit(*cell)


def cell_rect(area: QRectF, cell: Cell) -> QRectF:
    """Where a cell lies in a widget of this area."""
    width = (area.width() - _LEFT - _GAP) / 2
    height = (area.height() - _TOP - _GAP) / 2
    row, column = _ORDER.index(cell[0]), _ORDER.index(cell[1])
    x, y = area.left() + _LEFT + column * (width + _GAP), area.top() + _TOP + row * (height + _GAP)
    return QRectF(x, y, width, height)


def paint(painter: QPainter, area: QRectF, matrix: Matrix, colours: theme.Palette, chosen: Cell | None = None) -> None:
    """Paint a matrix; the figure that is exported is painted by the same strokes."""
    caption = _font(theme.CAPTION)
    painter.setFont(_font(theme.CAPTION, bold=True))
    painter.setPen(QColor(colours.muted))
    total = sum(matrix.counts.values())
    painter.drawText(area, Qt.AlignmentFlag.AlignTop, f"{matrix.title} · {total} patients")
    painter.setFont(caption)
    for value, words in ((1, "Called positive"), (0, "Called negative")):
        box = cell_rect(area, (1, value))
        head = QRectF(box.left(), area.top() + 20, box.width(), _TOP - 22)
        painter.drawText(head, Qt.AlignmentFlag.AlignCenter, words)
    for value, words in ((1, "Metastasis"), (0, "No\nmetastasis")):
        box = cell_rect(area, (value, 1))
        side = QRectF(area.left(), box.top(), _LEFT - 8, box.height())
        painter.drawText(side, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)
    for cell in NAMES:
        _paint_cell(painter, cell_rect(area, cell), matrix, cell, colours, cell == chosen)


def _paint_cell(
    painter: QPainter, box: QRectF, matrix: Matrix, cell: Cell, colours: theme.Palette, chosen: bool
) -> None:
    share = matrix.share(cell)
    ground = _blend(QColor(colours.raised), QColor(colours.button), 0.10 + 0.80 * (share or 0.0))
    painter.setPen(QPen(QColor(colours.text), 2) if chosen else Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor("#f4f5f7") if ground.lightness() < 140 else QColor("#16191e"))
    words = "–" if share is None else f"{100 * share:.0f} %"
    above, below = box.adjusted(0, 0, 0, -box.height() * 0.30), box.adjusted(0, box.height() * 0.42, 0, 0)
    painter.setFont(_font(18, bold=True))
    painter.drawText(above, Qt.AlignmentFlag.AlignCenter, str(matrix.counts[cell]))
    painter.setFont(_font(theme.CAPTION))
    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)


def _blend(below: QColor, above: QColor, share: float) -> QColor:
    """``share`` of the one colour over the other, opaque: text on it can be chosen by its lightness."""
    parts = zip(below.getRgb()[:3], above.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(low + (high - low) * share) for low, high in parts))


class MatrixGrid(QWidget):
    """Matrices in as many columns as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views: list[ConfusionView] = []
        self._columns = 1
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)

    def show_matrices(self, matrices: Sequence[Matrix]) -> list[ConfusionView]:
        """Show these and no others; the new views in the same order."""
        for view in self.views:
            self._grid.removeWidget(view)
            view.deleteLater()
        self.views = [ConfusionView(matrix, self) for matrix in matrices]
        self._arrange()
        return self.views

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = max(1, (self.width() + 12) // (_LEAST.width() + 12))
        if columns != self._columns:
            self._columns = columns
            self._arrange()

    def _arrange(self) -> None:
        for place, view in enumerate(self.views):
            self._grid.addWidget(view, *divmod(place, self._columns))


def _font(pixels: int, bold: bool = False) -> QFont:
    font = theme.body_font()
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
