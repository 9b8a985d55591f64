"""DeLong's tests of every pair of scores: AUC on the diagonal, differences above it, p values below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from aln_desk.evaluation.tables.words import number, p_value
from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes, plot_style
from aln_desk.gui.widgets.plot_confusion import blend, readable_on

Floats = NDArray[np.float64]
_LEFT, _TOP, _LOW = 118.0, 20.0, 20.0
_MOST = 168.0, 104.0
"""Pixels of a square in width and height."""
_TWO_LINES = 28.0
"""Pixels of a square in height from which a name beside it may take two lines."""
_LEVELS = ((0.001, 0.85), (0.01, 0.6), (0.05, 0.35))
"""Below this p, this strength of colour; each step also has its sign, so that it is never told by colour alone."""
_ALONE = "Two scores are needed for a comparison."
_LEGEND = "* p < 0.05   ** p < 0.01   *** p < 0.001"


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """K scores by ``names`` and ``series``: their AUC (K,), differences (K, K) row less column, and p (K, K)."""

    title: str
    names: tuple[str, ...]
    series: tuple[int, ...]
    auc: Floats
    difference: Floats
    p: Floats

    def words(self, row: int, column: int) -> str:
        """One square for a tooltip and a screen reader."""
        if row == column:
            return f"{self.names[row]}: AUC {number(self.auc[row])}"
        who = f"{self.names[row]} and {self.names[column]}"
        return f"{who}: AUC differs by {number(self.difference[row, column])}, p {p_value(self.p[row, column])}"


class DelongView(QWidget):
    """``pairChosen`` carries the places of two scores, the row's first; equal ones on the diagonal."""

    pairChosen = Signal(int, int)

    def __init__(self, squares: Squares, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pair: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(240, 180))
        self.squares = squares
        self.show_squares(squares)

    def sizeHint(self) -> QSize:
        return QSize(320, 260)

    def show_squares(self, squares: Squares) -> None:
        """Show these tests; the chosen square stays where it still exists."""
        self.squares = squares
        if self.pair is not None and max(self.pair) >= len(squares.names):
            self.pair = None
        self.setAccessibleName(f"DeLong tests, {squares.title}")
        pairs = [(row, column) for row in range(len(squares.names)) for column in range(row)]
        self.setAccessibleDescription(". ".join(squares.words(*pair) for pair in pairs))
        self.update()

    def choose(self, pair: tuple[int, int] | None) -> None:
        """Mark a square without telling anybody."""
        self.pair = pair
        self.update()

    def square(self, row: int, column: int) -> QRectF:
        """Where one square lies."""
        count = max(1, len(self.squares.names))
        left = min(_LEFT, self.width() * 0.34)
        room = QRectF(left, _TOP, self.width() - left - 2, self.height() - _TOP - _LOW)
        wide, high = min(room.width() / count, _MOST[0]), min(room.height() / count, _MOST[1])
        return QRectF(room.left() + column * wide, room.top() + row * high, wide - 2, high - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        count = len(self.squares.names)
        for row in range(count):
            self._name(painter, row)
            for column in range(count):
                self._paint(painter, row, column)
        painter.setFont(plot_axes.caption())
        painter.setPen(QColor(theme.palette().muted))
        last = self.square(max(count - 1, 0), max(count - 1, 0))
        below = QRectF(0, last.bottom() + 4, max(last.right(), 230.0), _LOW - 2)
        beside = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(below, beside, _LEGEND if count > 1 else _ALONE)
        if self.hasFocus() and self.pair is None:
            painter.setPen(QPen(QColor(theme.palette().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if (pair := self._at(event.position())) is not None:
            self._take(pair)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pair = self._at(event.position())
        self.setCursor(Qt.CursorShape.ArrowCursor if pair is None else Qt.CursorShape.PointingHandCursor)
        QToolTip.showText(event.globalPosition().toPoint(), self.squares.words(*pair) if pair else "", self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        step, count = steps.get(Qt.Key(event.key())), len(self.squares.names)
        if step is None or not count:
            super().keyPressEvent(event)
            return
        row, column = self.pair or (0, 0)
        self._take((max(0, min(row + step[0], count - 1)), max(0, min(column + step[1], count - 1))))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)

    def _at(self, spot: QPointF) -> tuple[int, int] | None:
        places = range(len(self.squares.names))
        return next(
            ((row, column) for row in places for column in places if self.square(row, column).contains(spot)), None
        )

    def _take(self, pair: tuple[int, int]) -> None:
        self.choose(pair)
        self.pairChosen.emit(*pair)

    def _name(self, painter: QPainter, place: int) -> None:
        box, top = self.square(place, 0), self.square(0, place)
        painter.setFont(plot_axes.caption())
        painter.setPen(plot_style.series_pen(self.squares.series[place]))
        painter.drawLine(QPointF(0, box.center().y()), QPointF(14, box.center().y()))
        painter.drawLine(QPointF(top.center().x() - 7, 9), QPointF(top.center().x() + 7, 9))
        painter.setPen(QColor(theme.palette().text))
        fitted = plot_axes.lines if box.height() >= _TWO_LINES else plot_axes.short
        words = fitted(self.squares.names[place], box.left() - 26)
        painter.drawText(QRectF(20, box.top(), box.left() - 24, box.height()), Qt.AlignmentFlag.AlignVCenter, words)

    def _paint(self, painter: QPainter, row: int, column: int) -> None:
        colours, box = theme.palette(), self.square(row, column)
        p = float(self.squares.p[row, column])
        strength = 0.0 if column >= row else next((share for level, share in _LEVELS if p < level), 0.08)
        ground = blend(QColor(colours.raised), QColor(colours.button), strength)
        chosen = self.pair == (row, column)
        edge = QPen(QColor(colours.text), 2) if chosen else QPen(QColor(colours.line), 1)
        painter.setPen(edge)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(
            readable_on(ground) if strength > 0.3 else QColor(colours.muted if row != column else colours.text)
        )
        painter.setFont(plot_axes.caption(bold=row == column))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._text(row, column, box))

    def _text(self, row: int, column: int, box: QRectF) -> str:
        """What fits: the number with its stars, or the stars alone."""
        if row == column:
            return number(self.squares.auc[row]) if box.width() > 34 else ""
        if row < column:
            return _signed(float(self.squares.difference[row, column])) if box.width() > 38 else ""
        p = float(self.squares.p[row, column])
        stars = "*" * sum(p < level for level, _ in _LEVELS)
        if box.width() < 38:
            return stars
        return f"{p_value(p)}\n{stars}" if box.height() > 34 and stars else p_value(p)


def _signed(difference: float) -> str:
    """ "+0.021", with the sign that says which of the two is better."""
    return f"+{number(difference)}" if difference > 0 else number(difference)
