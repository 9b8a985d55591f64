"""How every chart looks: colours that colour-blind eyes tell apart, a dash for each, quiet axes."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from aln_desk.gui import theme

pg.setConfigOptions(antialias=True)

_ON_DARK = ("#7aa2f7", "#e3c34f", "#3fc1a5", "#d884c6", "#c3c8d0", "#b58f6a", "#e07a6b", "#a5c95a")
_ON_LIGHT = ("#2f55c8", "#8a6a00", "#007a63", "#a0358a", "#444b57", "#7a4d20", "#a83a2c", "#557a00")
_GRID = 0.16
_SWATCH_HEIGHT = 16
_QUIET = 170
"""Opacity of a line of reference, of 255: behind the others, yet seen."""
_DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)


def series_colour(index: int) -> QColor:
    """Colour of the n-th line of a chart on the theme in use."""
    colours = _ON_LIGHT if theme.palette() is theme.LIGHT else _ON_DARK
    return QColor(colours[index % len(colours)])


def series_pen(index: int) -> QPen:
    """Colour and dash of the n-th line: lines stay apart without colour too."""
    return QPen(series_colour(index), 1.8, _DASHES[index % len(_DASHES)])


def chart_pen(index: int, ratio: float) -> QPen:
    """`series_pen` for a `pyqtgraph` plot, whose scale must not stretch it, on a screen of this device pixel ratio."""
    pen = series_pen(index)
    pen.setCosmetic(True)  # its width then counts the screen's own pixels
    pen.setWidthF(pen.widthF() * ratio)
    return pen


def line_pen(series: int) -> QPen:
    """`series_pen`, or a quiet line of reference: -1 is solid, -2 dotted."""
    if series >= 0:
        return series_pen(series)
    style = Qt.PenStyle.SolidLine if series == -1 else Qt.PenStyle.DotLine
    colour = QColor(theme.palette().muted)
    colour.setAlpha(_QUIET)
    return QPen(colour, 1.2, style)


def make_plot(bottom: str, left: str) -> Any:
    """A `pyqtgraph.PlotWidget` that only shows: no menu, no dragging, light gridlines."""
    plot = pg.PlotWidget()
    plot.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.showGrid(x=True, y=True, alpha=_GRID)
    plot.setLabel("bottom", bottom)
    plot.setLabel("left", left)
    for side in ("bottom", "left"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    dress(plot)
    return plot


def set_left_axis(plot: Any, axis: Any) -> None:
    """Another axis for the values, as quiet as the one that `make_plot` made."""
    plot.setAxisItems({"left": axis})
    axis.enableAutoSIPrefix(False)
    axis.setGrid(round(255 * _GRID))


def dress(plot: Any) -> None:
    """Give a plot the colours of the theme in use; call it again when the theme has changed."""
    colours = theme.palette()
    plot.setBackground(QColor(colours.raised))
    font = theme.body_font()
    font.setPixelSize(theme.CAPTION)
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.setPen(QPen(QColor(colours.muted), 1))
        axis.setTextPen(QColor(colours.muted))
        axis.setTickFont(font)
        axis.setStyle(tickLength=4)
        axis.label.setFont(font)
        axis.setLabel(axis.labelText, color=colours.muted)


def swatch(index: int, width: int, ratio: float) -> QPixmap:
    """A short piece of a chart's n-th line, for a screen of this device pixel ratio."""
    drawn = QPixmap(round(width * ratio), round(_SWATCH_HEIGHT * ratio))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setPen(series_pen(index))
    painter.drawLine(0, _SWATCH_HEIGHT // 2, width, _SWATCH_HEIGHT // 2)
    painter.end()
    return drawn


class Swatch(QWidget):
    """A short piece of a chart's n-th line, for its legend."""

    def __init__(self, index: int, width: int = 26, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = index
        self.setFixedSize(width, _SWATCH_HEIGHT)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(series_pen(self._index))
        painter.drawLine(0, _SWATCH_HEIGHT // 2, self.width(), _SWATCH_HEIGHT // 2)
        painter.end()
