"""What is on screen: layers painted once into a pixmap, marks painted above it where something changed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QPainter, QPixmap

from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.layers import Layers
from aln_desk.gui.canvas.outlines import Outline
from aln_desk.gui.canvas.viewport import Viewport


class Scene:
    """Layers change seldom and cost much (thousands of outlines); marks follow the pointer and cost little."""

    def __init__(self, layers: Layers, editing: Editing) -> None:
        self.layers = layers
        self.editing = editing
        self.plain = False
        self._pixmap: QPixmap | None = None

    def forget(self) -> None:
        """The layers are out of date."""
        self._pixmap = None

    def paint(self, painter: QPainter, view: Viewport, dirty: QRectF) -> None:
        """Paint what lies in the ``dirty`` rectangle (widget pixels), to which the painter is clipped."""
        if self._pixmap is None or self._pixmap.devicePixelRatio() != view.devicePixelRatioF():
            self._pixmap = self._paint_layers(view)
        painter.drawPixmap(0, 0, self._pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.plain and self.layers.shown("drawn"):
            self._paint_marks(painter, view.camera, dirty)

    def _paint_layers(self, view: Viewport) -> QPixmap:
        ratio = view.devicePixelRatioF()
        pixmap = QPixmap(view.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        painter.setFont(view.font())
        if self.plain:
            paint.paint_image(painter, view.camera, QSizeF(view.size()), self.layers)
        else:
            paint.paint_layers(painter, view.camera, QSizeF(view.size()), self.layers, self._resting())
        painter.end()
        return pixmap

    def _resting(self) -> list[Outline]:
        """Outlines that belong into the layers: shown, and not being changed."""
        if not self.layers.shown("drawn"):
            return []
        away = self.editing.hidden | self.editing.lifted
        return [outline for index, outline in enumerate(self.editing.outlines.all) if index not in away]

    def _paint_marks(self, painter: QPainter, camera: Camera, dirty: QRectF) -> None:
        hovered = self.editing.hovered
        marked = self.editing.selection | self.editing.lifted | ({hovered.shape} if hovered else frozenset())
        painter.save()
        painter.setTransform(camera.transform(), True)
        for index in sorted(marked - self.editing.hidden):
            outline = self.editing.outlines.all[index]
            if not camera.widget_rect(outline.box, paint.MARGIN).intersects(dirty):
                continue
            paint.paint_outline(painter, outline, width=2.5, fill=36)
            corner = hovered.corner if hovered is not None and hovered.shape == index else None
            if index in self.editing.selection or corner is not None:
                paint.paint_corners(painter, outline, corner)
        painter.restore()
