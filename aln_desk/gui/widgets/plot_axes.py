"""Two axes of a painted plot: where values lie on the screen, and where their ticks are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from aln_desk.gui import theme

Floats = NDArray[np.float64]
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 10.0, 8.0, 38.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axes:
    """What each axis says and its range (low, high); ``square`` plots are as high as they are wide."""

    across: str
    upward: str
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    square: bool = True

    def area(self, widget: QRectF) -> QRectF:
        """Where the lines are drawn in a widget of this size: what is left beside the words of the axes."""
        room = widget.adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)
        if not self.square:
            return room
        side = max(1.0, min(room.width(), room.height()))
        return QRectF(room.left(), room.top(), side, side)

    def spots(self, area: QRectF, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Pixels (k,), (k,) of values x, y (k,)."""
        return (
            area.left() + (x - self.x[0]) / (self.x[1] - self.x[0]) * area.width(),
            area.bottom() - (y - self.y[0]) / (self.y[1] - self.y[0]) * area.height(),
        )

    def spot(self, area: QRectF, x: float, y: float) -> QPointF:
        """The pixel of one pair of values."""
        across, down = self.spots(area, np.array([x]), np.array([y]))
        return QPointF(float(across[0]), float(down[0]))


def paint(painter: QPainter, area: QRectF, axes: Axes) -> None:
    """Light gridlines, the numbers beside them and what the axes say."""
    colours = theme.palette()
    painter.setFont(caption())
    grid, words = QPen(QColor(colours.line), 1), QColor(colours.muted)
    for value in ticks(*axes.x, most=max(2, round(area.width() / 56))):
        at = axes.spot(area, value, axes.y[0]).x()
        painter.setPen(grid)
        painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
        painter.setPen(words)
        painter.drawText(QRectF(at - 30, area.bottom() + 3, 60, 14), Qt.AlignmentFlag.AlignCenter, tick_words(value))
    for value in ticks(*axes.y, most=max(2, round(area.height() / 40))):
        at = axes.spot(area, axes.x[0], value).y()
        painter.setPen(grid)
        painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
        painter.setPen(words)
        beside = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(area.left() - 40, at - 8, 34, 16), beside, tick_words(value))
    painter.setPen(QPen(QColor(colours.strong_line), 1))
    painter.drawLine(area.bottomLeft(), area.bottomRight())
    painter.drawLine(area.bottomLeft(), area.topLeft())
    _paint_names(painter, area, axes)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from ``low`` to ``high``, about ``most`` of them."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in _STEPS if power * one >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(place * step, 10) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_words(value: float) -> str:
    """ "0.25", "0.5", "0"; a real minus sign."""
    return f"{value:.4g}".replace("-", "\u2212")


def caption(bold: bool = False) -> QFont:
    """The font of everything written in a plot."""
    font = theme.body_font()
    font.setPixelSize(theme.CAPTION)
    font.setBold(bold)
    return font


def short(words: str, width: float, bold: bool = False) -> str:
    """``words`` as far as they fit ``width`` pixels; a longer name loses its middle."""
    return QFontMetricsF(caption(bold)).elidedText(words, Qt.TextElideMode.ElideMiddle, width)


def lines(words: str, width: float) -> str:
    """``words`` on one line or, where that is too long for ``width`` pixels, on two; else they lose their middle."""
    metrics, parts = QFontMetricsF(caption()), words.split(" ")
    if metrics.horizontalAdvance(words) <= width:
        return words
    pairs = ((" ".join(parts[:place]), " ".join(parts[place:])) for place in range(len(parts) - 1, 0, -1))
    fitting = (pair for pair in pairs if max(map(metrics.horizontalAdvance, pair)) <= width)
    return "\n".join(next(fitting, (short(words, width),)))


def _paint_names(painter: QPainter, area: QRectF, axes: Axes) -> None:
    painter.setPen(QColor(theme.palette().muted))
    below = QRectF(area.left(), area.bottom() + 19, area.width(), 16)
    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, axes.across)
    painter.save()
    painter.translate(area.left() - _LEFT + 8, area.center().y())
    painter.rotate(-90)
    painter.drawText(QRectF(-area.height() / 2, -8, area.height(), 16), Qt.AlignmentFlag.AlignCenter, axes.upward)
    painter.restore()
