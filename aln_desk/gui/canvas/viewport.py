"""A widget that looks at an image: scroll, pan, zoom and fit, and the way between widget and image pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QNativeGestureEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from aln_desk.gui.canvas.camera import Camera, centred, fitted, showing

STEP = 1.25
"""Zoom of one key press."""
_WHEEL_STEP = 1.0015
"""Zoom of one eighth of a degree of the wheel."""


class Viewport(QWidget):
    """Holds the camera. A subclass says how large its picture is and paints it."""

    zoomChanged = Signal(float)
    cameraChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.camera = Camera()
        self._fitted = True
        self._pan_from: QPointF | None = None
        self.setMinimumSize(160, 120)

    @property
    def panning(self) -> bool:
        """Whether the image follows the pointer."""
        return self._pan_from is not None

    def image_size(self) -> QSizeF:
        """Size of the picture in its own pixels; empty when there is none."""
        return QSizeF()

    def to_image(self, point: QPointF) -> QPointF:
        """Image pixels of a widget point; it may lie outside the image."""
        return self.camera.to_image(point)

    def to_widget(self, point: QPointF) -> QPointF:
        """Widget pixels of an image point."""
        return self.camera.to_widget(point)

    def fit(self) -> None:
        """Show the whole image, and keep doing so when the widget changes its size."""
        self._fitted = True
        if not self.image_size().isEmpty():
            self._look(fitted(self.image_size(), QSizeF(self.size())), fit=True)

    @property
    def is_fitted(self) -> bool:
        """Whether the whole image is kept in sight."""
        return self._fitted

    def show_part(self, part: QRectF) -> None:
        """Show a rectangle of the image (its pixels) as large as there is room, with a border around it."""
        self._look(showing(part, self.image_size(), QSizeF(self.size())))

    def look(self, zoom: float, middle: QPointF) -> None:
        """Show an image point in the middle, at ``zoom`` widget pixels an image pixel."""
        at = self._middle()
        self._look(Camera(zoom, at.x() - middle.x() * zoom, at.y() - middle.y() * zoom))

    @property
    def middle(self) -> QPointF:
        """The image point in the middle of the widget."""
        return self.to_image(self._middle())

    def set_zoom(self, zoom: float) -> None:
        """Widget pixels per image pixel, around the middle of the widget."""
        self._look(self.camera.zoomed(zoom, self._middle()))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom around a widget point (the middle by default), which keeps its place."""
        self._look(self.camera.zoomed(self.camera.zoom * factor, at if at is not None else self._middle()))

    def view_state(self) -> dict[str, Any]:
        """What is looked at, for `restore_view`: fitted or not, zoom, image point in the middle."""
        return {"fit": self._fitted, "zoom": self.camera.zoom, "x": self.middle.x(), "y": self.middle.y()}

    def restore_view(self, state: Mapping[str, Any]) -> None:
        """Look where `view_state` said; anything unreadable fits the image."""
        try:
            zoom, x, y = (float(state[key]) for key in ("zoom", "x", "y"))
        except (KeyError, TypeError, ValueError):
            self.fit()
            return
        if state.get("fit", True) or not zoom > 0:
            self.fit()
            return
        self.look(zoom, QPointF(x, y))

    def start_pan(self, at: QPointF) -> None:
        """Let the image follow the pointer until `stop_pan`."""
        self._pan_from = at
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def pan_to(self, at: QPointF) -> bool:
        """Follow the pointer; False when no pan is going on."""
        if self._pan_from is None:
            return False
        self._look(self.camera.moved(at.x() - self._pan_from.x(), at.y() - self._pan_from.y()))
        self._pan_from = at
        return True

    def stop_pan(self) -> bool:
        """End the pan; False when none was going on."""
        panned, self._pan_from = self._pan_from is not None, None
        return panned

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ctrl zooms at the cursor; otherwise the image scrolls (Shift: sideways)."""
        delta = QPointF(event.pixelDelta()) if not event.pixelDelta().isNull() else QPointF(event.angleDelta()) / 2
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(_WHEEL_STEP ** event.angleDelta().y(), event.position())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and delta.x() == 0:
            self._look(self.camera.moved(delta.y(), 0))
        else:
            self._look(self.camera.moved(delta.x(), delta.y()))
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Two fingers on a touchpad zoom where they are."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stay fitted, or keep the middle in the middle."""
        if self._fitted:
            self.fit()
        elif event.oldSize().isValid():
            grown = event.size() - event.oldSize()
            self._look(self.camera.moved(grown.width() / 2, grown.height() / 2))
        super().resizeEvent(event)

    def _pans(self, event: QMouseEvent) -> bool:
        return event.button() == Qt.MouseButton.MiddleButton

    def show_full(self) -> None:
        """One image pixel a widget pixel, the image in the middle."""
        self._look(centred(self.image_size(), QSizeF(self.size()), 1.0))

    def _zoom_command(self, key: int, modifiers: Qt.KeyboardModifier) -> Callable[[], None] | None:
        """What a key does to the view; Ctrl is not asked of plus and minus."""
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            return partial(self.zoom_by, STEP)
        if key == Qt.Key.Key_Minus:
            return partial(self.zoom_by, 1 / STEP)
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            return {int(Qt.Key.Key_0): self.show_full, int(Qt.Key.Key_F): self.fit}.get(key)
        return None

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _look(self, camera: Camera, fit: bool = False) -> None:
        before = self.camera
        self._fitted = fit
        self.camera = camera if fit else camera.kept_in_view(self.image_size(), QSizeF(self.size()))
        if self.camera != before:
            self._camera_moved()
            self.cameraChanged.emit()
        if self.camera.zoom != before.zoom:
            self.zoomChanged.emit(self.camera.zoom)

    def _camera_moved(self) -> None:
        self.update()
