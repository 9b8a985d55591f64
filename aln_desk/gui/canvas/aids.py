"""Aids for the eye above the image: cross-hair, magnifier, the place pointed at elsewhere, a word at the foot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QRegion

from aln_desk.gui import theme
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera

LENS = 160.0
"""Width of the magnifier, in widget pixels."""
MAGNIFIED = 3.0
_BESIDE = 30.0
"""Distance of the magnifier's rim from the pointer, along both axes."""
_LEAST_MARK = 5.0
"""The pixel under the pointer is marked by a square of at least this width."""
_ECHO = 12
_SHADE = QColor(0, 0, 0, 120)
_LIGHT = QColor(236, 238, 241, 210)
_FOOT = 34

Live = Callable[[QPainter, QRectF], None]
"""Paints what lies in a rectangle (widget pixels), sharp at whatever scale the painter has."""


@dataclass(slots=True)
class Aids:
    """Which aids are on. ``pointer`` is in widget pixels, ``echo`` in image pixels; None where there is none."""

    crosshair: bool = False
    magnifier: bool = False
    pointer: QPointF | None = None
    echo: QPointF | None = None
    words: str = ""

    def region(self, room: QRect, camera: Camera) -> QRegion:
        """What the aids cover now, in widget pixels."""
        region = QRegion()
        if self.pointer is not None and self.crosshair:
            x, y = floor(self.pointer.x()), floor(self.pointer.y())
            region |= QRegion(x - 2, 0, 5, room.height()) | QRegion(0, y - 2, room.width(), 5)
        if self.pointer is not None and self.magnifier:
            region |= QRegion(lens(self.pointer, room).adjusted(-3, -3, 3, 3).toAlignedRect())
        if self.echo is not None:
            at = camera.to_widget(self.echo).toPoint()
            region |= QRegion(at.x() - _ECHO - 3, at.y() - _ECHO - 3, 2 * _ECHO + 6, 2 * _ECHO + 6)
        return region

    def paint(self, painter: QPainter, room: QRect, camera: Camera, live: Live) -> None:
        """All that is on, in widget pixels."""
        if self.echo is not None:
            _paint_echo(painter, camera.to_widget(self.echo))
        if self.pointer is not None and self.crosshair:
            _paint_crosshair(painter, self.pointer, QSizeF(room.size()))
        if self.pointer is not None and self.magnifier:
            _paint_lens(painter, self.pointer, lens(self.pointer, room), camera, live)
        if self.words:
            _paint_words(painter, room, self.words)


def lens(at: QPointF, room: QRect) -> QRectF:
    """Where the magnifier lies: right of the pointer and above it, on the other side where there is no room."""
    x = at.x() + _BESIDE if at.x() + _BESIDE + LENS <= room.width() else at.x() - _BESIDE - LENS
    y = at.y() - _BESIDE - LENS if at.y() - _BESIDE - LENS >= 0 else at.y() + _BESIDE
    return QRectF(x, y, LENS, LENS)


def foot(room: QRect) -> QRect:
    """The strip at the foot of a view where words stand."""
    return QRect(0, room.height() - _FOOT, room.width(), _FOOT)


def _paint_crosshair(painter: QPainter, at: QPointF, room: QSizeF) -> None:
    x, y = floor(at.x()) + 0.5, floor(at.y()) + 0.5
    for width, ink in ((3.0, _SHADE), (1.0, _LIGHT)):
        painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(x, 0), QPointF(x, room.height()))
        painter.drawLine(QPointF(0, y), QPointF(room.width(), y))


def _paint_echo(painter: QPainter, at: QPointF) -> None:
    """A cross that leaves its middle open."""
    for width, ink in ((4.0, _SHADE), (2.0, QColor(theme.ACCENT))):
        painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            way = QPointF(across, down)
            painter.drawLine(at + way * 4, at + way * _ECHO)


def _paint_lens(painter: QPainter, at: QPointF, where: QRectF, camera: Camera, live: Live) -> None:
    inside = QPainterPath()
    inside.addEllipse(where)
    seen = LENS / MAGNIFIED
    painter.save()
    painter.setClipPath(inside, Qt.ClipOperation.IntersectClip)
    painter.translate(where.center())
    painter.scale(MAGNIFIED, MAGNIFIED)
    painter.translate(-at)
    live(painter, QRectF(at.x() - seen / 2, at.y() - seen / 2, seen, seen))
    painter.restore()
    painter.save()
    painter.setClipPath(inside, Qt.ClipOperation.IntersectClip)
    _paint_pixel(painter, at, where.center(), camera)
    painter.restore()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for width, ink in ((4.0, QColor(0, 0, 0, 200)), (2.0, QColor(theme.OTHER_DRAWN))):
        painter.setPen(QPen(ink, width))
        painter.drawEllipse(where)


def _paint_pixel(painter: QPainter, at: QPointF, middle: QPointF, camera: Camera) -> None:
    """A square around the image pixel under the pointer, which stands a little off the lens' middle."""
    there, scale = camera.to_image(at), camera.zoom * MAGNIFIED
    corner = QPointF(floor(there.x()) - there.x(), floor(there.y()) - there.y()) * scale + middle
    pixel = QRectF(corner, QSizeF(scale, scale))
    spare = max(_LEAST_MARK - scale, 0) / 2
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for width, ink in ((3.0, QColor(0, 0, 0, 200)), (1.0, QColor("#ffffff"))):
        painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(pixel.adjusted(-spare, -spare, spare, spare))


def _paint_words(painter: QPainter, room: QRect, words: str) -> None:
    painter.setFont(paint.caption_font(painter))
    width = painter.fontMetrics().horizontalAdvance(words)
    at = QPointF((room.width() - width) / 2, room.height() - 14)
    paint.paint_text(painter, at, words, QColor(theme.OTHER_DRAWN))
