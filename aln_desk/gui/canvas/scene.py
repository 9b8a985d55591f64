"""What is on screen: the picture and the resting outlines painted once each, marks painted above where they change."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainter, QPixmap

from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.grips import NEAR, crowded
from aln_desk.gui.canvas.layers import Layers
from aln_desk.gui.canvas.sheet import OutlineSheet
from aln_desk.gui.canvas.viewport import Viewport


class Scene:
    """The picture changes with camera and levels, the sheet of outlines with edits, marks follow the pointer."""

    def __init__(self, layers: Layers, editing: Editing) -> None:
        self.layers = layers
        self.editing = editing
        self.plain = False
        self.pointer: QPointF | None = None
        """Where the pointer is, in image pixels; it brings corners to light."""
        self.sheet = OutlineSheet(editing)
        self._picture: QPixmap | None = None
        self._resting_known = False

    def forget_picture(self) -> None:
        """The image, or what lies on it, looks different now."""
        self._picture = None

    def forget_outlines(self) -> None:
        """Other outlines may rest now."""
        self._resting_known = False

    def paint(self, painter: QPainter, view: Viewport, dirty: QRectF) -> None:
        """Paint what lies in the ``dirty`` rectangle (widget pixels), to which the painter is clipped."""
        ratio = view.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            self._picture = self._painted_picture(view, ratio)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.plain:
            return
        if self.layers.shown("drawn"):
            self._place_sheet(view, ratio)
            painter.setOpacity(self.layers.overlays["drawn"].opacity)
            self.sheet.paint(painter)
            painter.setOpacity(1)
            self._paint_marks(painter, view.camera, dirty)
        paint.paint_fixtures(painter, QSizeF(view.size()), self.layers)

    def paint_live(self, painter: QPainter, camera: Camera, zone: QRectF) -> None:
        """What `paint` shows in a zone (widget pixels) painted anew, for a painter that enlarges it."""
        if self.plain:
            paint.paint_image(painter, camera, QSizeF(zone.right(), zone.bottom()), self.layers)
            return
        paint.paint_layers(painter, camera, QSizeF(zone.right(), zone.bottom()), self.layers)
        if self.layers.shown("drawn"):
            painter.save()
            painter.setTransform(camera.transform(), True)
            painter.setOpacity(self.layers.overlays["drawn"].opacity)
            away = self._away
            for index in self.editing.outlines.within(camera.image_rect(zone)):
                if index not in away:
                    paint.paint_outline(painter, self.editing.outlines.all[index])
            painter.restore()
            self._paint_marks(painter, camera, zone)

    def crowded(self, camera: Camera) -> bool:
        """Whether handles are left out somewhere, so that the pointer's surroundings look different where it goes."""
        if len(self.editing.selection) > 20 or not self.layers.shown("drawn"):
            return bool(self.editing.selection)
        chosen = (self.editing.outlines.all[index] for index in self.editing.selection)
        return any(crowded(outline.array, camera.zoom) for outline in chosen)

    @property
    def _away(self) -> frozenset[int]:
        """Outlines that do not rest: not shown, or being changed."""
        return self.editing.hidden | self.editing.lifted

    def _painted_picture(self, view: Viewport, ratio: float) -> QPixmap:
        pixmap = QPixmap(view.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        room = QSizeF(view.size())
        if self.plain:
            paint.paint_image(painter, view.camera, room, self.layers)
        else:
            paint.paint_layers(painter, view.camera, room, self.layers)
        painter.end()
        return pixmap

    def _place_sheet(self, view: Viewport, ratio: float) -> None:
        if not self._resting_known:
            away = self._away
            self.sheet.show([one for index, one in enumerate(self.editing.outlines.all) if index not in away])
            self._resting_known = True
        self.sheet.place(view.camera, view.size(), ratio, view.font())

    def _paint_marks(self, painter: QPainter, camera: Camera, dirty: QRectF) -> None:
        hovered = self.editing.hovered
        marked = self.editing.selection | self.editing.lifted | ({hovered.shape} if hovered else frozenset())
        if not marked:
            return
        reach = paint.MARGIN / camera.zoom
        seen = self.editing.outlines.within(camera.image_rect(dirty), reach)
        painter.save()
        painter.setTransform(camera.transform(), True)
        for index in sorted(marked.intersection(seen) - self.editing.hidden):
            outline = self.editing.outlines.all[index]
            paint.paint_outline(painter, outline, width=2.5, fill=36)
            corner = hovered.corner if hovered is not None and hovered.shape == index else None
            if index in self.editing.selection or corner is not None:
                chosen = self.editing.corners.get(index, frozenset())
                paint.paint_corners(
                    painter, outline, chosen | ({corner} if corner is not None else frozenset()), self.pointer
                )
        painter.restore()


def around(at: QPointF) -> QRectF:
    """Where the pointer at a widget point brings corners to light, in widget pixels."""
    reach = NEAR + paint.MARGIN
    return QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
