"""Where the image lies in the widget: one zoom and one offset, and the ways to change them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QTransform

SMALLEST, LARGEST = 0.02, 64.0
"""Limits of the zoom."""
_MARGIN = 16.0
"""Empty border around a fitted image, in widget pixels."""
_AROUND = 1.3
"""The room has this many times the extent of a part that is shown by itself."""
_KEPT = 48.0
"""At least this many widget pixels of the image stay in the widget, so that it is never lost."""


@dataclass(frozen=True, slots=True)
class Camera:
    """widget = image * zoom + (x, y). ``zoom`` is widget (logical) pixels per image pixel."""

    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def to_widget(self, point: QPointF) -> QPointF:
        """Widget position of an image point."""
        return QPointF(point.x() * self.zoom + self.x, point.y() * self.zoom + self.y)

    def to_image(self, point: QPointF) -> QPointF:
        """Image position of a widget point; it may lie outside the image."""
        return QPointF((point.x() - self.x) / self.zoom, (point.y() - self.y) / self.zoom)

    def transform(self) -> QTransform:
        """Image to widget, for a painter."""
        return QTransform(self.zoom, 0, 0, self.zoom, self.x, self.y)

    def image_rect(self, rect: QRectF) -> QRectF:
        """A rectangle of widget pixels in image pixels."""
        return QRectF(self.to_image(rect.topLeft()), self.to_image(rect.bottomRight()))

    def widget_rect(self, rect: QRectF, margin: float = 0.0) -> QRectF:
        """An image rectangle in widget pixels, grown by ``margin`` widget pixels on each side."""
        return self.transform().mapRect(rect).adjusted(-margin, -margin, margin, margin)

    def moved(self, dx: float, dy: float) -> Camera:
        """Shifted by widget pixels."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    def zoomed(self, zoom: float, at: QPointF) -> Camera:
        """At another zoom (kept within the limits), with the image point under widget point ``at`` unmoved."""
        zoom = min(max(zoom, SMALLEST), LARGEST)
        under = self.to_image(at)
        return Camera(zoom, at.x() - under.x() * zoom, at.y() - under.y() * zoom)

    def magnified(self, factor: float, at: QPointF) -> Camera:
        """``factor`` times as large around widget point ``at``, whatever the limits."""
        return Camera(self.zoom * factor, at.x() - (at.x() - self.x) * factor, at.y() - (at.y() - self.y) * factor)

    def kept_in_view(self, image: QSizeF, room: QSizeF) -> Camera:
        """Shifted as little as needed so that part of the image stays in the widget."""
        return replace(
            self,
            x=_kept(self.x, image.width() * self.zoom, room.width()),
            y=_kept(self.y, image.height() * self.zoom, room.height()),
        )


def fitted(image: QSizeF, room: QSizeF) -> Camera:
    """The whole image as large as the room allows, in its middle."""
    width, height = room.width() - 2 * _MARGIN, room.height() - 2 * _MARGIN
    zoom = min(width / max(image.width(), 1), height / max(image.height(), 1))
    return centred(image, room, min(max(zoom, SMALLEST), LARGEST))


def showing(part: QRectF, image: QSizeF, room: QSizeF) -> Camera:
    """A part of the image as large as the room allows with some of its surroundings, in the middle."""
    width, height = room.width() / _AROUND, room.height() / _AROUND
    zoom = min(width / max(part.width(), 1), height / max(part.height(), 1))
    zoom = min(max(zoom, SMALLEST), LARGEST)
    middle = part.center()
    camera = Camera(zoom, room.width() / 2 - middle.x() * zoom, room.height() / 2 - middle.y() * zoom)
    return camera.kept_in_view(image, room)


def centred(image: QSizeF, room: QSizeF, zoom: float) -> Camera:
    """The middle of the image in the middle of the room."""
    return Camera(zoom, (room.width() - image.width() * zoom) / 2, (room.height() - image.height() * zoom) / 2)


def _kept(start: float, length: float, room: float) -> float:
    least = min(_KEPT, length)
    return min(max(start, least - length), room - least)
