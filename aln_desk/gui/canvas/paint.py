"""How the layers and the marks above them look. Widths are widget pixels at every zoom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPen, QPolygonF

from aln_desk.domain.cam_scale import CamScale, cam_colours, tick_words
from aln_desk.domain.shape import Shape
from aln_desk.gui import theme
from aln_desk.gui.canvas import colours
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.grips import grips
from aln_desk.gui.canvas.layers import Layers, Reading
from aln_desk.gui.canvas.outlines import DOT_KINDS, Outline, make_outline, polygon_of

MARGIN = 9.0
"""How far marks reach beyond a shape's box, in widget pixels."""
LABEL_ROOM = 28.0
"""A shape smaller than this on screen (widget pixels) carries no label."""
LABEL_RISE = 24.0
"""How far a label reaches above its shape's box, in widget pixels."""
WIDEST_LETTER = 11.0
"""No letter of a label is wider than this, in widget pixels."""
OTHER_READER = "#ffffff"
"""No label is white, and no colour blindness takes white for a label's colour; the dots tell it apart once more."""

_LINE = 2.0
_THIN_LINE = 1.6
_CRISP_ZOOM = 6.0
"""From this zoom on the image is shown as the pixels it has."""
_TICK_ROOM = 16.0
"""Height of a tick's words beside the CAM's bar, in widget pixels."""
_MASK_FILL = 0.12
"""Opacity of the predicted mask's inside, of that of its outline."""
_INK = QColor(0, 0, 0, 170)
_CAPTION = QColor("#c9ced6")


def drawn_colour(label: str) -> QColor:
    """What shapes of this label are drawn in."""
    return QColor(theme.drawn_colour(label))


def paint_layers(painter: QPainter, camera: Camera, room: QSizeF, layers: Layers) -> None:
    """The image, what a model predicted and what another reader drew, in a room (widget pixels)."""
    painter.save()
    paint_image(painter, camera, room, layers)
    if layers.reading is not None:
        _paint_reading(painter, layers, layers.reading)
    if layers.comparison is not None and layers.shown("other"):
        painter.setOpacity(layers.overlays["other"].opacity)
        for outline in layers.comparison.outlines.all:
            _paint_other(painter, outline)
    painter.restore()


def paint_fixtures(painter: QPainter, room: QSizeF, layers: Layers) -> None:
    """What explains the layers and stays where it is while they move: the CAM's bar, whose outlines are dotted."""
    if layers.scale_shown is not None:
        paint_bar(painter, room, layers.scale_shown)
    comparison = layers.comparison
    if comparison is not None and layers.shown("other"):
        _paint_legend(painter, room, comparison.reader or "Other reader", not comparison.annotation.shapes)


def paint_image(painter: QPainter, camera: Camera, room: QSizeF, layers: Layers) -> None:
    """The image alone; leaves the camera's transform on the painter."""
    painter.fillRect(QRectF(QPointF(), room), QColor(theme.IMAGE_ROOM))
    painter.setTransform(camera.transform(), True)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, painter.transform().m11() < _CRISP_ZOOM)
    painter.drawPixmap(QPointF(), layers.picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def paint_outline(painter: QPainter, outline: Outline, width: float = _LINE, fill: int = 0) -> None:
    """One shape, with the camera's transform on the painter; ``fill`` is the alpha (0..255) of its inside."""
    colour = drawn_colour(outline.shape.label)
    if outline.shape.shape_type in DOT_KINDS:
        _paint_dots(painter, outline.polygon, colour, 4 * width)
        return
    painter.setPen(_line(painter, colour, width, outline.closed))
    if fill and outline.closed:
        inside = QColor(colour)
        inside.setAlpha(fill)
        painter.setBrush(inside)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(outline.path_at(painter.deviceTransform().m11()))


def paint_corners(painter: QPainter, outline: Outline, active: Collection[int], pointer: QPointF | None = None) -> None:
    """Handles on the corners of a shape, with the camera's transform on the painter; the ``active`` ones are larger.

    Where handles would lie on each other some are left out; near the ``pointer`` (image pixels) small ones say where.
    """
    handled, others = grips(outline.array, painter.transform().m11(), pointer)
    colour = drawn_colour(outline.shape.label)
    _paint_squares(painter, polygon_of(others), colour, 3.0)
    _paint_squares(painter, polygon_of(handled), colour, 6.0)
    marked = [outline.polygon.at(corner) for corner in active if corner < len(outline.corners)]
    _paint_squares(painter, QPolygonF(marked), QColor(theme.ACCENT), 11.0 if len(marked) == 1 else 8.0)


def paint_labels(painter: QPainter, camera: Camera, outlines: Iterable[Outline]) -> None:
    """Each shape's word at the top left of its box, in widget pixels."""
    painter.setFont(caption_font(painter))
    for outline in outlines:
        box = camera.widget_rect(outline.box)
        if max(box.width(), box.height()) >= LABEL_ROOM:
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
    paint_clicks(painter, camera, points, colour, closing)


def paint_clicks(painter: QPainter, camera: Camera, points: Sequence[QPointF], colour: QColor, closing: bool) -> None:
    """The points (image) that were put so far, in widget pixels; the first larger, and more so while ``closing``."""
    line = QPolygonF([camera.to_widget(point) for point in points])
    _paint_dots(painter, line, colour, 6)
    _paint_dots(painter, QPolygonF([line.at(0)]), QColor(theme.ACCENT), 14 if closing else 9)


def paint_unfinished(painter: QPainter, camera: Camera, shape: Shape) -> None:
    """A shape of any kind while it is drawn, in widget pixels."""
    painter.save()
    painter.setTransform(camera.transform(), True)
    paint_outline(painter, make_outline(shape), fill=30)
    painter.restore()


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


def _paint_other(painter: QPainter, outline: Outline) -> None:
    """Another reader's shape: thin and dotted, in one colour whatever its label, on a dark line of its own."""
    if outline.shape.shape_type in DOT_KINDS:
        _paint_dots(painter, outline.polygon, QColor(OTHER_READER), 5)
        return
    path = outline.path_at(painter.deviceTransform().m11())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (_pen(painter, QColor(0, 0, 0, 150), 3.0, Qt.PenCapStyle.FlatCap), _dotted(painter)):
        painter.setPen(pen)
        painter.drawPath(path)


def _dotted(painter: QPainter) -> QPen:
    pen = _pen(painter, QColor(OTHER_READER), _THIN_LINE, Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([1.5, 1.5])
    return pen


def _paint_legend(painter: QPainter, room: QSizeF, reader: str, empty: bool) -> None:
    painter.setFont(caption_font(painter))
    words = f"{reader}: nothing drawn" if empty else reader
    metrics = painter.fontMetrics()
    words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(int(room.width()) - 72, 40))
    plate = QRectF(8, room.height() - 30, metrics.horizontalAdvance(words) + 50, 22)
    _paint_plate(painter, plate)
    y = plate.center().y()
    painter.setPen(_dotted(painter))
    painter.drawLine(QPointF(plate.left() + 8, y), QPointF(plate.left() + 34, y))
    painter.setPen(_CAPTION)
    painter.drawText(plate.adjusted(42, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)


def _paint_squares(painter: QPainter, places: QPolygonF, colour: QColor, width: float) -> None:
    if places.isEmpty():
        return
    for size, ink in ((width + 2, _INK), (width, colour)):
        painter.setPen(_pen(painter, ink, size, Qt.PenCapStyle.SquareCap))
        painter.drawPoints(places)


def _line(painter: QPainter, colour: QColor, width: float, closed: bool) -> QPen:
    """Mitred: thousands of rounded corners cost three times as much, and nobody sees them in so thin a line."""
    cap = Qt.PenCapStyle.FlatCap if closed else Qt.PenCapStyle.RoundCap
    pen = _pen(painter, colour, width, cap)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


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
