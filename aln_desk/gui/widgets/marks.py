"""Small painted signs that mean the same everywhere: verdict dot, label's dot, score bar."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from aln_desk.gui import theme


def verdict_colour(decision: str | None) -> QColor:
    """Orange positive, sky blue negative, grey uncertain or none."""
    known = {"positive": theme.POSITIVE, "negative": theme.NEGATIVE}
    return QColor(known.get(decision or "", theme.UNCERTAIN))


def paint_dot(painter: QPainter, centre: QPointF, decision: str | None, radius: float = 6.0) -> None:
    """A filled dot with a plus, a minus or a question mark in it; an empty ring while there is no verdict."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = verdict_colour(decision)
    if decision is None:
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, radius - 1, radius - 1)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(centre, radius, radius)
        painter.setPen(QPen(QColor("#15171b"), 1.8))
        _paint_sign(painter, centre, decision, radius)
    painter.restore()


def _paint_sign(painter: QPainter, centre: QPointF, decision: str, radius: float) -> None:
    if decision == "uncertain":
        font = painter.font()
        font.setPixelSize(round(1.7 * radius))
        font.setBold(True)
        painter.setFont(font)
        square = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "?")
        return
    painter.drawLine(centre - QPointF(3, 0), centre + QPointF(3, 0))
    if decision == "positive":
        painter.drawLine(centre - QPointF(0, 3), centre + QPointF(0, 3))


def paint_bar(painter: QPainter, rect: QRectF, fraction: float, colour: QColor) -> None:
    """A groove filled from the left up to ``fraction`` (0 to 1)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    radius = rect.height() / 2
    painter.setBrush(QColor(theme.palette().line))
    painter.drawRoundedRect(rect, radius, radius)
    filled = QRectF(rect)
    filled.setWidth(max(rect.height(), rect.width() * min(max(fraction, 0.0), 1.0)))
    painter.setBrush(colour)
    painter.drawRoundedRect(filled, radius, radius)
    painter.restore()


def dot(colour: str) -> QIcon:
    """A dot in the colour (``#rrggbb``) that shapes of a label are drawn in; the same on a selected row."""
    picture = QPixmap(36, 36)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(5, 4, 10, 10)
    painter.end()
    made = QIcon(picture)
    for mode in (QIcon.Mode.Selected, QIcon.Mode.Disabled):
        made.addPixmap(picture, mode)
    return made
