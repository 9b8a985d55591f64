"""How the layers and the marks above them look. Widths are widget pixels at every zoom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPen, QPolygonF

from aln_desk.domain.cam_scale import CamScale, cam_colours, tick_words
from aln_desk.domain.shape import class_of
from aln_desk.gui import theme
from aln_desk.gui.canvas import colours
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.layers import Layers, Reading
from aln_desk.gui.canvas.outlines import DOT_KINDS, Outline

MARGIN = 9.0
"""How far marks reach beyond a shape's box, in widget pixels."""
NODE_DRAWN = "#b5e05a"
OTHER_DRAWN = "#c9ced6"

_LINE = 2.0
_CRISP_ZOOM = 6.0
"""From this zoom on the image is shown as the pixels it has."""
_LABEL_ROOM = 28.0
"""A shape smaller than this on screen (widget pixels) carries no label."""
_TICK_ROOM = 16.0
"""Height of a tick's words beside the CAM's bar, in widget pixels."""
_MASK_FILL = 0.12
"""Opacity of the predicted mask's inside, of that of its outline."""
_INK = QColor(0, 0, 0, 170)
_CAPTION = QColor("#c9ced6")


def drawn_colour(label: str) -> QColor:
    """Green for a tumour, yellow-green for a lymph node, grey for a word that names neither."""
    return QColor((OTHER_DRAWN, theme.DRAWN, NODE_DRAWN)[class_of(label)])


def paint_layers(painter: QPainter, camera: Camera, room: QSizeF, layers: Layers, outlines: Sequence[Outline]) -> None:
    """The image and its overlays in a room (widget pixels); no ``outlines`` where they are hidden."""
    paint_image(painter, camera, room, layers)
    if layers.reading is not None:
        _paint_reading(painter, layers, layers.reading)
    painter.setOpacity(layers.overlays["drawn"].opacity)
    for outline in outlines:
        paint_outline(painter, outline)
    painter.resetTransform()
    paint_labels(painter, camera, outlines)
    painter.setOpacity(1)
    if layers.scale_shown is not None:
        paint_bar(painter, room, layers.scale_shown)


def paint_image(painter: QPainter, camera: Camera, room: QSizeF, layers: Layers) -> None:
    """The image alone; leaves the camera's transform on the painter."""
    painter.fillRect(QRectF(QPointF(), room), QColor(theme.IMAGE_ROOM))
    painter.setTransform(camera.transform(), True)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, camera.zoom < _CRISP_ZOOM)
    painter.drawPixmap(QPointF(), layers.picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def paint_outline(painter: QPainter, outline: Outline, width: float = _LINE, fill: int = 0) -> None:
    """One shape, with the camera's transform on the painter; ``fill`` is the alpha (0..255) of its inside."""
    colour = drawn_colour(outline.shape.label)
    if outline.shape.shape_type in DOT_KINDS:
        _paint_dots(painter, outline.polygon, colour, 4 * width)
        return
    painter.setPen(_pen(painter, colour, width))
    if fill and outline.closed:
        inside = QColor(colour)
        inside.setAlpha(fill)
        painter.setBrush(inside)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(outline.path)


def paint_corners(painter: QPainter, outline: Outline, active: int | None) -> None:
    """Handles on the corners of a shape, with the camera's transform on the painter; one may be active (larger)."""
    corners = outline.polygon
    square = Qt.PenCapStyle.SquareCap
    for width, colour in ((8.0, _INK), (6.0, drawn_colour(outline.shape.label))):
        painter.setPen(_pen(painter, colour, width, square))
        painter.drawPoints(corners)
    if active is not None and active < len(outline.corners):
        for width, colour in ((13.0, _INK), (11.0, QColor(theme.ACCENT))):
            painter.setPen(_pen(painter, colour, width, square))
            painter.drawPoint(corners.at(active))


def paint_labels(painter: QPainter, camera: Camera, outlines: Iterable[Outline]) -> None:
    """Each shape's word at the top left of its box, in widget pixels."""
    painter.setFont(caption_font(painter))
    for outline in outlines:
        box = camera.widget_rect(outline.box)
        if max(box.width(), box.height()) >= _LABEL_ROOM:
            paint_text(painter, box.topLeft() + QPointF(4, -7), outline.shape.label, drawn_colour(outline.shape.label))


def paint_draft(
    painter: QPainter, camera: Camera, points: Sequence[QPointF], cursor: QPointF | None, colour: QColor, closing: bool
) -> None:
    """A polygon being drawn, in widget pixels: its points so far (image) and the way to the cursor (widget).

    ``closing``: the next click joins the first point, which shows it.
    """
    if not points:
        return
    line = QPolygonF([camera.to_widget(point) for point in points])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(painter, colour, _LINE))
    painter.drawPolyline(line)
    if cursor is not None:
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawLine(line.at(len(points) - 1), cursor)
    _paint_dots(painter, line, colour, 6)
    _paint_dots(painter, QPolygonF([line.at(0)]), QColor(theme.ACCENT), 14 if closing else 9)


def paint_bar(painter: QPainter, room: QSizeF, scale: CamScale) -> None:
    """The CAM's colours with their values in logits, at the right edge; where it is low, both ends and the middle."""
    height = min(240.0, room.height() - 80)
    if height < 60:
        return
    roomy = height >= _TICK_ROOM * (len(scale.ticks) - 1)
    bar = QRectF(room.width() - 28, 44, 10, height)
    _paint_plate(painter, bar.adjusted(-56, -34, 10, 14))
    painter.drawImage(bar, _bar_image())
    painter.setFont(caption_font(painter))
    for value in scale.ticks if roomy else (-scale.top, 0.0, scale.top):
        y = bar.center().y() - value / scale.top * bar.height() / 2
        painter.setPen(_CAPTION)
        painter.drawLine(QPointF(bar.left() - 4, y), QPointF(bar.left() - 1, y))
        spot = QRectF(bar.left() - 56, y - 8, 48, 16)
        painter.drawText(spot, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tick_words(value, scale))
    head = QRectF(bar.left() - 56, bar.top() - 28, 66, 14)
    painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "CAM, logit")


def paint_text(painter: QPainter, at: QPointF, text: str, colour: QColor) -> None:
    """Text readable on any image: on a dark plate of its own."""
    _paint_plate(painter, QRectF(painter.fontMetrics().boundingRect(text)).translated(at).adjusted(-4, -1, 4, 2))
    painter.setPen(colour)
    painter.drawText(at, text)


def caption_font(painter: QPainter) -> QFont:
    """The widget's font at caption size."""
    font = QFont(painter.font())
    font.setPixelSize(theme.CAPTION)
    return font


def _paint_plate(painter: QPainter, rect: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_INK)
    painter.drawRoundedRect(rect, 3, 3)


def _paint_reading(painter: QPainter, layers: Layers, reading: Reading) -> None:
    image = QRectF(QPointF(), layers.size)
    painter.save()
    painter.setClipRect(image)
    cam = reading.cam if layers.shown("cam") else None
    if cam is not None:
        painter.setOpacity(layers.overlays["cam"].opacity)
        painter.drawImage(reading.cam_rect, cam)
    if layers.shown("predicted"):
        opacity = layers.overlays["predicted"].opacity
        if cam is None:  # a fill would change the colours of the CAM
            painter.setOpacity(opacity * _MASK_FILL)
            painter.drawImage(image, reading.mask)
        painter.setOpacity(opacity)
        painter.setPen(_pen(painter, QColor(theme.PREDICTED), _LINE, style=Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(reading.outline)
    painter.restore()


def _paint_dots(painter: QPainter, points: QPolygonF, colour: QColor, width: float) -> None:
    for size, ink in ((width + 2, _INK), (width, colour)):
        painter.setPen(_pen(painter, ink, size))
        painter.drawPoints(points)


def _pen(
    painter: QPainter,
    colour: QColor,
    width: float,
    cap: Qt.PenCapStyle = Qt.PenCapStyle.RoundCap,
    style: Qt.PenStyle = Qt.PenStyle.SolidLine,
) -> QPen:
    pen = QPen(QBrush(colour), width * painter.device().devicePixelRatioF(), style, cap, Qt.PenJoinStyle.RoundJoin)
    pen.setCosmetic(True)  # of the same width at every zoom, but counted in device pixels
    return pen


def _bar_image() -> QImage:
    """1 x 511, evidence for a positive status on top."""
    return colours.to_qimage(cam_colours()[::-1, None, :])
