"""Confusion matrices: counts and row percentages, a cell to choose by mouse or arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes, plot_style
from aln_desk.gui.widgets.labels import label

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
_SMALL_TOP = 18.0
_GAP = 4.0
_LEAST = QSize(84, 66)
_HALFWAY = 0.19
"""Relative luminance on which light and dark words are equally readable."""
_ROOMY = QSize(236, 140)
"""From this size on there is room for words beside the cells."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by cell, whose they are (``title``), the number of that line's colour and at which ``threshold``."""

    title: str
    counts: dict[Cell, int]
    series: int = -1
    threshold: float | None = None

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
        self.cell: Cell | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(_LEAST)
        self.matrix = matrix
        self.show_matrix(matrix)

    def sizeHint(self) -> QSize:
        return QSize(260, 160)

    def show_matrix(self, matrix: Matrix) -> None:
        """Show these counts; a chosen cell stays chosen."""
        self.matrix = matrix
        at = "" if matrix.threshold is None else f"\nCalled positive from a score of {matrix.threshold:.3f}"
        self.setToolTip(f"{matrix.title}{at}\n" + "\n".join(matrix.words(cell) for cell in NAMES))
        self.setAccessibleName(f"Confusion matrix, {matrix.title}")
        self.setAccessibleDescription(". ".join(matrix.words(cell) for cell in NAMES))
        self.update()

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
    left, above = (_LEFT, _TOP) if _is_roomy(area) else (0.0, _SMALL_TOP)
    width = (area.width() - left - _GAP) / 2
    height = (area.height() - above - _GAP) / 2
    row, column = _ORDER.index(cell[0]), _ORDER.index(cell[1])
    x, y = area.left() + left + column * (width + _GAP), area.top() + above + row * (height + _GAP)
    return QRectF(x, y, width, height)


def paint(painter: QPainter, area: QRectF, matrix: Matrix, colours: theme.Palette, chosen: Cell | None = None) -> None:
    """Paint a matrix; without room for words beside them, the cells alone."""
    painter.setFont(plot_axes.caption(bold=True))
    left = 0.0
    if matrix.series >= 0:
        painter.setPen(plot_style.series_pen(matrix.series))
        painter.drawLine(QPointF(area.left(), area.top() + 8), QPointF(area.left() + 20, area.top() + 8))
        left = 26.0
    painter.setPen(QColor(colours.text))
    title = plot_axes.short(matrix.title, area.width() - left, bold=True)
    painter.drawText(area.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignTop, title)
    if _is_roomy(area):
        _paint_names(painter, area, colours)
    for cell in NAMES:
        _paint_cell(painter, cell_rect(area, cell), matrix, cell, colours, cell == chosen)


def _is_roomy(area: QRectF) -> bool:
    return area.width() >= _ROOMY.width() and area.height() >= _ROOMY.height()


def _paint_names(painter: QPainter, area: QRectF, colours: theme.Palette) -> None:
    painter.setFont(plot_axes.caption())
    painter.setPen(QColor(colours.muted))
    for value, words in ((1, "Called positive"), (0, "Called negative")):
        box = cell_rect(area, (1, value))
        head = QRectF(box.left(), area.top() + 20, box.width(), _TOP - 22)
        painter.drawText(head, Qt.AlignmentFlag.AlignCenter, words)
    for value, words in ((1, "Metastasis"), (0, "No\nmetastasis")):
        box = cell_rect(area, (value, 1))
        side = QRectF(area.left(), box.top(), _LEFT - 8, box.height())
        painter.drawText(side, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)


def _paint_cell(
    painter: QPainter, box: QRectF, matrix: Matrix, cell: Cell, colours: theme.Palette, chosen: bool
) -> None:
    share = matrix.share(cell)
    ground = blend(QColor(colours.raised), QColor(colours.button), 0.10 + 0.80 * (share or 0.0))
    painter.setPen(QPen(QColor(colours.text), 2) if chosen else Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 4, 4)
    painter.setPen(readable_on(ground))
    words = "\u2013" if share is None else f"{100 * share:.0f} %"
    small = box.height() < 44
    above = box if small else box.adjusted(0, 0, 0, -box.height() * 0.30)
    painter.setFont(_font(theme.BODY if small else 18, bold=True))
    painter.drawText(above, Qt.AlignmentFlag.AlignCenter, str(matrix.counts[cell]))
    if not small:
        painter.setFont(plot_axes.caption())
        painter.drawText(box.adjusted(0, box.height() * 0.42, 0, 0), Qt.AlignmentFlag.AlignCenter, words)


def readable_on(ground: QColor) -> QColor:
    """Of light and dark words the ones with more contrast, by WCAG's relative luminance."""
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in ground.getRgbF()[:3]]  # type: ignore[index]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return QColor("#f4f5f7") if luminance < _HALFWAY else QColor("#16191e")


def blend(below: QColor, above: QColor, share: float) -> QColor:
    """``share`` of the one colour over the other, opaque: text on it can be chosen by its lightness."""
    parts = zip(below.getRgb()[:3], above.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(low + (high - low) * share) for low, high in parts))


class MatrixGrid(QWidget):
    """Matrices in as many columns as there is room for. ``cellChosen``: a matrix's place, outcome and decision."""

    cellChosen = Signal(int, int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views: list[ConfusionView] = []
        self.empty = label("Without a threshold nobody is called positive or negative.", "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._grid.addWidget(self.empty, 0, 0)

    def show_matrices(self, matrices: Sequence[Matrix]) -> None:
        """Show these and no others; as many as before keep their places and what is chosen in them."""
        if len(matrices) != len(self.views):
            for view in self.views:
                self._grid.removeWidget(view)
                view.hide()
                view.deleteLater()
            self.views = [self._made(place, matrix) for place, matrix in enumerate(matrices)]
            self._arrange()
        for view, matrix in zip(self.views, matrices, strict=True):
            view.show_matrix(matrix)
        self.empty.setVisible(not matrices)

    def choose(self, place: int | None, cell: Cell | None = None) -> None:
        """Mark one cell of one matrix and no other."""
        for number, view in enumerate(self.views):
            view.choose(cell if number == place else None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _made(self, place: int, matrix: Matrix) -> ConfusionView:
        view = ConfusionView(matrix, self)
        view.cellChosen.connect(partial(self._take, place))
        return view

    def _take(self, place: int, outcome: int, called: int) -> None:
        self.choose(place, (outcome, called))
        self.cellChosen.emit(place, outcome, called)

    def _arrange(self) -> None:
        columns = self._best()
        if columns == self._columns and self._grid.count() == len(self.views) + 1:
            return
        self._columns = columns
        for place, view in enumerate(self.views):
            self._grid.addWidget(view, *divmod(place, columns))
            view.show()

    def _best(self) -> int:
        """As many columns as make the matrices largest in the shape of the place there is."""
        count = max(1, len(self.views))
        most = max(1, (self.width() + 8) // (_LEAST.width() + 8))

        def side(columns: int) -> float:
            rows = -(-count // columns)
            return min(self.width() / columns, 1.5 * self.height() / rows)

        return max(range(1, min(count, most) + 1), key=side)


def _font(pixels: int, bold: bool = False) -> QFont:
    font = theme.body_font()
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
