"""A painted plot of lines whose points can be pointed at and chosen, by mouse or by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes, plot_style
from aln_desk.gui.widgets.plot_axes import Axes

Floats = NDArray[np.float64]
_NEAR = 24.0
"""Pixels: how near the pointer must come to a point."""
_BAND = 34
"""Alpha of a band of uncertainty."""
_FEW = 3
"""Lines whose bands can be told apart; with more of them only the band of the line pointed at is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class PlotLine:
    """One line through points ``x``, ``y`` (k,); without points nothing is drawn.

    ``series`` gives it colour and dash; -1 and -2 are quiet lines of reference (solid, dotted), which nobody chooses.
    ``tell`` says a point in words. ``ring`` is a spot to mark (an operating point), ``band`` the limits (x, low, high),
    each (b,). ``dots`` marks each point.
    """

    name: str
    series: int
    x: Floats
    y: Floats
    tell: Callable[[int], str] = str
    ring: tuple[float, float] | None = None
    band: tuple[Floats, Floats, Floats] | None = None
    dots: bool = False


class LinePlot(QWidget):
    """``pointChosen`` carries the line's place among the lines and the point's place on it."""

    pointChosen = Signal(int, int)

    def __init__(self, name: str, axes: Axes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes = axes
        self.lines: Sequence[PlotLine] = ()
        self.pointed: tuple[int, int] | None = None
        self.chosen: tuple[int, int] | None = None
        self._drawn: QPixmap | None = None
        self._name = name
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(200, 180))
        self.setAccessibleName(name)

    def sizeHint(self) -> QSize:
        return QSize(300, 260)

    def show_lines(self, lines: Sequence[PlotLine], axes: Axes | None = None) -> None:
        """Draw these lines and no others; the chosen point stays where its line still has it."""
        self.lines, self.axes = lines, axes or self.axes
        self.pointed = None
        if self.chosen is not None and not self._has(*self.chosen):
            self.chosen = None
        self._redraw()

    def choose(self, place: tuple[int, int] | None) -> None:
        """Mark a point without telling anybody."""
        self.chosen = place
        self.update()

    def area(self) -> QRectF:
        """Where the lines are."""
        return self.axes.area(QRectF(self.rect()))

    def nearest(self, at: QPointF) -> tuple[int, int] | None:
        """The (line, point) nearest to a spot of the widget; None where none is near."""
        best, found = _NEAR**2, None
        for place, line in enumerate(self.lines):
            if line.series < 0 or not line.x.size:
                continue
            across, down = self.axes.spots(self.area(), line.x, line.y)
            far = (across - at.x()) ** 2 + (down - at.y()) ** 2
            point = int(far.argmin())
            if far[point] < best:
                best, found = float(far[point]), (place, point)
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._drawn is None:
            self._drawn = self._draw()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.pointed is not None and len(self._own()) > _FEW:
            self._draw_band(painter, self.area(), self.lines[self.pointed[0]])
        painter.drawPixmap(0, 0, self._drawn)
        for place in (self.chosen, self.pointed):
            if place is not None:
                self._mark(painter, *place)
        if self.pointed is not None:
            self._say(painter, *self.pointed)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.palette().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.nearest(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.nearest(event.position())
        if found is not None and event.button() is Qt.MouseButton.LeftButton:
            self._take(found)
        super().mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)
        super().leaveEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._point(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along a line, up and down to another line, Enter and Space choose; Enter on what is chosen
        is left to what lies around.
        """
        key = Qt.Key(event.key())
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        chooses = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if key in chooses and self.pointed is not None and self.pointed != self.chosen:
            self._take(self.pointed)
        elif key in steps and self._own():
            self._point(self._stepped(steps[key], key in (Qt.Key.Key_Up, Qt.Key.Key_Down)))
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._redraw()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._drawn = None
        super().resizeEvent(event)

    def _redraw(self) -> None:
        self._drawn = None
        self.update()

    def _own(self) -> list[int]:
        """The lines that can be pointed at."""
        return [place for place, line in enumerate(self.lines) if line.series >= 0 and line.x.size]

    def _has(self, line: int, point: int) -> bool:
        return line < len(self.lines) and point < self.lines[line].x.size

    def _stepped(self, step: int, other_line: bool) -> tuple[int, int]:
        own = self._own()
        line, point = self.pointed or self.chosen or (own[0], 0)
        if other_line:
            there = own[(own.index(line) + step) % len(own)] if line in own else own[0]
            return there, min(point, self.lines[there].x.size - 1)
        return line, max(0, min(point + step, self.lines[line].x.size - 1))

    def _point(self, place: tuple[int, int] | None) -> None:
        if place == self.pointed:
            return
        self.pointed = place
        self.setCursor(Qt.CursorShape.ArrowCursor if place is None else Qt.CursorShape.PointingHandCursor)
        self.setAccessibleDescription("" if place is None else self._words(*place))
        self.update()

    def _take(self, place: tuple[int, int]) -> None:
        self.choose(place)
        self.pointChosen.emit(*place)

    def _words(self, line: int, point: int) -> str:
        return f"{self.lines[line].name}\n{self.lines[line].tell(point)}"

    # Painting

    def _draw(self) -> QPixmap:
        """Everything but what follows the pointer."""
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(self.size() * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.area()
        plot_axes.paint(painter, area, self.axes)
        painter.save()
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        for line in self.lines if len(self._own()) <= _FEW else ():
            self._draw_band(painter, area, line)
        for line in reversed(self.lines):  # the first lies on top
            self._draw_line(painter, area, line)
        painter.restore()
        for line in reversed(self.lines):
            self._draw_ring(painter, area, line)
        painter.end()
        return drawn

    def _draw_line(self, painter: QPainter, area: QRectF, line: PlotLine) -> None:
        if not line.x.size:
            return
        painter.setPen(plot_style.line_pen(line.series))
        spots = _spots(*_thinned(*self.axes.spots(area, line.x, line.y)))
        painter.drawPolyline(QPolygonF(spots))
        if line.dots:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(plot_style.series_colour(line.series))
            for spot in spots:
                painter.drawEllipse(spot, 3.0, 3.0)

    def _draw_band(self, painter: QPainter, area: QRectF, line: PlotLine) -> None:
        if line.band is None or not line.band[0].size:
            return
        x, *limits = line.band
        low, high = (self.axes.spots(area, x, limit) for limit in limits)
        colour = plot_style.series_colour(line.series)
        colour.setAlpha(_BAND)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        known = np.isfinite(low[1]) & np.isfinite(high[1])
        across = np.concatenate([low[0][known], high[0][known][::-1]])
        down = np.concatenate([low[1][known], high[1][known][::-1]])
        painter.drawPolygon(QPolygonF(_spots(across, down)))

    def _draw_ring(self, painter: QPainter, area: QRectF, line: PlotLine) -> None:
        if line.ring is not None:
            painter.setPen(QPen(plot_style.series_colour(line.series), 2))
            painter.setBrush(QColor(theme.palette().raised))
            painter.drawEllipse(self.axes.spot(area, *line.ring), 4.5, 4.5)

    def _spot(self, line: int, point: int) -> QPointF:
        one = self.lines[line]
        return self.axes.spot(self.area(), float(one.x[point]), float(one.y[point]))

    def _mark(self, painter: QPainter, line: int, point: int) -> None:
        painter.setPen(QPen(QColor(theme.palette().text), 1.5))
        painter.setBrush(plot_style.series_colour(self.lines[line].series))
        painter.drawEllipse(self._spot(line, point), 5.0, 5.0)

    def _say(self, painter: QPainter, line: int, point: int) -> None:
        """The point in words, beside it and inside the widget."""
        words, font = self._words(line, point), plot_axes.caption()
        room = QFontMetricsF(font).boundingRect(QRectF(0, 0, 260, 200), Qt.AlignmentFlag.AlignLeft, words)
        box = QRectF(0, 0, room.width() + 16, room.height() + 10)
        spot = self._spot(line, point)
        box.moveTopLeft(spot + QPointF(12, 12))
        if box.right() > self.width():
            box.moveRight(max(spot.x() - 12, box.width()))
        if box.bottom() > self.height():
            box.moveBottom(spot.y() - 12)
        painter.setPen(QPen(QColor(theme.palette().strong_line), 1))
        painter.setBrush(QColor(theme.palette().window))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(font)
        painter.setPen(QColor(theme.palette().text))
        painter.drawText(box.adjusted(8, 5, -8, -5), Qt.AlignmentFlag.AlignLeft, words)


def _thinned(across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Without the points that lie on the pixel of the one before: nobody sees them, and dashes are slow to draw."""
    whole = np.stack([np.round(across * 2), np.round(down * 2)])
    new = np.append(True, np.any(whole[:, 1:] != whole[:, :-1], axis=0))
    new &= np.isfinite(across) & np.isfinite(down)
    return across[new], down[new]


def _spots(across: Floats, down: Floats) -> list[QPointF]:
    return [QPointF(x, y) for x, y in zip(across.tolist(), down.tolist(), strict=True)]
