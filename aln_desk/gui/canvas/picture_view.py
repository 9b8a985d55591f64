"""A view of an image with its layers, its greys as the user wants them, and aids for the eye. No tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.cam_scale import CAM_TOP
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui.canvas.aids import Aids, foot
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.layers import Layers, Overlay
from aln_desk.gui.canvas.levels import Levels
from aln_desk.gui.canvas.scene import Scene, around
from aln_desk.gui.canvas.viewport import Viewport

_WHOLE_RANGE = 300.0
"""A drag this long (widget pixels) takes brightness or contrast from neutral to its end."""


@dataclass(frozen=True, slots=True)
class _Windowing:
    """A drag with the right button: where it began, and the levels it began with."""

    start: QPointF
    levels: Levels

    def at(self, place: QPointF) -> Levels:
        """To the right the window widens, which lowers contrast; upwards its level falls, which brightens."""
        contrast = self.levels.contrast - (place.x() - self.start.x()) / _WHOLE_RANGE
        brightness = self.levels.brightness - (place.y() - self.start.y()) / _WHOLE_RANGE
        return replace(self.levels, contrast=_kept(contrast), brightness=_kept(brightness))


class PictureView(Viewport):
    """``levelsChanged(Levels)`` follows a drag with the right button, or its double-click."""

    levelsChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers = Layers()
        self.editing = Editing(self)
        self.scene = Scene(self.layers, self.editing)
        self.aids = Aids()
        self._windowing: _Windowing | None = None
        self.scene.sheet.ready.connect(self.update)

    # What is shown

    def set_prediction(self, prediction: InstancePrediction | None, cam_top: float | None = CAM_TOP) -> None:
        """Show what a model found on this image, or nothing; the CAM's scale holds ``cam_top``, None shows no CAM."""
        if self.layers.set_prediction(prediction, cam_top):
            self._repaint_picture()

    def set_other(self, annotation: Annotation | None, reader: str = "") -> None:
        """Show what another reader drew on this image beside the outlines that are edited, or nothing."""
        if self.layers.set_other(annotation, reader):
            self._repaint_picture()

    def set_overlay(self, name: str, visible: bool, opacity: float) -> None:
        """Show or hide ``drawn``, ``predicted``, ``cam`` or ``other``; opacity 0..1."""
        self.layers.overlays[name] = Overlay(visible, min(max(opacity, 0.0), 1.0))
        self._repaint_picture()

    def overlay(self, name: str) -> tuple[bool, float]:
        """(visible, opacity) of an overlay."""
        overlay = self.layers.overlays[name]
        return overlay.visible, overlay.opacity

    def set_levels(self, levels: Levels) -> None:
        """How the greys are shown; changes what is seen, never the image."""
        if self.layers.set_levels(levels):
            self._repaint_picture()

    def set_plain(self, plain: bool) -> None:
        """Show the image alone for a moment."""
        if plain != self.scene.plain:
            self.scene.plain = plain
            self._repaint_picture()

    # Aids

    def set_crosshair(self, shown: bool) -> None:
        """Thin lines through the pointer over the whole view."""
        self.aids.crosshair = shown
        self.update()

    def set_magnifier(self, shown: bool) -> None:
        """A lens beside the pointer."""
        self.aids.magnifier = shown
        self.update()

    def set_echo(self, at: QPointF | None) -> None:
        """Mark the place (image pixels) that is pointed at in another view, or none."""
        self._with_aids(lambda: setattr(self.aids, "echo", at))

    def point_at(self, at: QPointF | None) -> None:
        """The pointer is at a widget point, or nowhere here: what follows it goes along."""
        before = self.aids.pointer
        if at == before:
            return
        self._with_aids(lambda: setattr(self.aids, "pointer", at))
        self.scene.pointer = self.to_image(at) if at is not None else None
        if self.scene.crowded(self.camera):
            for place in (before, at):
                if place is not None:
                    self.update(around(place).toAlignedRect())

    def _with_aids(self, change: Callable[[], None]) -> None:
        """Repaint what the aids covered before a change of them, and what they cover after it."""
        before = self.aids.region(self.rect(), self.camera)
        change()
        self.update(before | self.aids.region(self.rect(), self.camera))

    def _paint_aids(self, painter: QPainter) -> None:
        self.aids.paint(painter, self.rect(), self.camera, self._paint_live)

    def _paint_live(self, painter: QPainter, zone: QRectF) -> None:
        self.scene.paint_live(painter, self.camera, zone)

    # Brightness and contrast by the right button

    def start_windowing(self, event: QMouseEvent) -> bool:
        """Begin with the right button; False for another one."""
        if event.button() == Qt.MouseButton.RightButton and not self.layers.size.isEmpty():
            self._windowing = _Windowing(event.position(), self.layers.levels)
        return self._windowing is not None

    def window_to(self, at: QPointF) -> bool:
        """Follow the pointer; False when no such drag is going on."""
        if self._windowing is None:
            return False
        self._window(self._windowing.at(at))
        return True

    def stop_windowing(self) -> bool:
        """End the drag; False when none was going on."""
        was, self._windowing = self._windowing is not None, None
        self._tell("")
        return was

    def reset_levels(self) -> None:
        """Show the image as it was recorded."""
        self._window(Levels())

    def _window(self, levels: Levels) -> None:
        if levels != self.layers.levels:
            self.set_levels(levels)
            self.levelsChanged.emit(levels)
        if self._windowing is not None:
            self._tell(f"Brightness {_signed(levels.brightness)} · Contrast {_signed(levels.contrast)}")

    def _tell(self, words: str) -> None:
        if words != self.aids.words:
            self.aids.words = words
            self.update(foot(self.rect()))

    # Viewport

    def image_size(self) -> QSizeF:
        return self.layers.size

    def _camera_moved(self) -> None:
        self._repaint_picture()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The layers are painted anew at the new size."""
        super().resizeEvent(event)
        self._repaint_picture()

    def _repaint_picture(self) -> None:
        self.scene.forget_picture()
        self.update()

    def _repaint_outlines(self) -> None:
        self.scene.forget_outlines()
        self.update()


def _kept(value: float) -> float:
    """Within -1..1, and neutral where it nearly is."""
    return round(min(max(value, -1.0), 1.0), 2)


def _signed(value: float) -> str:
    return f"{100 * value:+.0f}".replace("-", "−").replace("+0", "0")
