"""The canvas: an image with what was drawn on it and what a model predicted, to look at and to edit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.cam_scale import CAM_TOP
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import theme
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.draw_tools import CircleTool, PolygonTool, RectangleTool
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.layers import Layers, Overlay
from aln_desk.gui.canvas.scene import Scene
from aln_desk.gui.canvas.select_tool import SelectTool
from aln_desk.gui.canvas.tools import CTRL, Command, Pointer, Tool
from aln_desk.gui.canvas.viewport import Viewport

_TOOLS: tuple[type[Tool], ...] = (Tool, SelectTool, PolygonTool, RectangleTool, CircleTool)
_TOOL_KEYS = {Qt.Key.Key_N: "polygon", Qt.Key.Key_P: "polygon", Qt.Key.Key_R: "rectangle", Qt.Key.Key_J: "select"}
"""With Ctrl, as in labelme."""


class ImageCanvas(Viewport):
    """Shows layers, passes pointer and keys to a tool, paints only what changed.

    It saves nothing: ``annotationEdited(annotation, what)`` tells of each finished edit.
    """

    annotationEdited = Signal(object, str)
    selectionChanged = Signal()
    cursorMoved = Signal(float, float)
    toolChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers = Layers()
        self.editing = Editing(self)
        self.scene = Scene(self.layers, self.editing)
        self._tools = {tool.name: tool(self.editing, self) for tool in _TOOLS}
        self._tool = self._tools["look"]
        self._chosen = "select"
        self.editing.changed.connect(self._repaint_all)
        self.editing.touched.connect(self._touch)
        self.editing.edited.connect(self.annotationEdited)
        self.editing.selectionChanged.connect(self.selectionChanged)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Image")

    # What is shown

    def set_image(self, rgb: NDArray[np.uint8] | None, keep_view: bool = False) -> None:
        """Show an image (H, W, 3) uint8 RGB, or none; fitted unless ``keep_view`` and of the same size.

        What is half drawn is concluded first, as a shape of the image before.
        """
        before = self.layers.size
        self._tool.conclude()
        self.editing.select(())
        self.layers.set_image(rgb)
        self.editing.size = self.layers.size
        if not (keep_view and before == self.layers.size):
            self.fit()
        self._repaint_all()

    def set_annotation(self, annotation: Annotation | None) -> None:
        """Show these shapes; a gesture that changes others is dropped, a shape being drawn goes on."""
        if annotation is not self.editing.annotation and not self._tool.busy:
            self._tool.cancel()
        self.editing.set_annotation(annotation)

    def set_prediction(self, prediction: InstancePrediction | None, cam_top: float | None = CAM_TOP) -> None:
        """Show what a model found on this image, or nothing; the CAM's scale holds ``cam_top``, None shows no CAM."""
        if self.layers.set_prediction(prediction, cam_top):
            self._repaint_all()

    def set_overlay(self, name: str, visible: bool, opacity: float) -> None:
        """Show or hide ``drawn``, ``predicted`` or ``cam``; opacity 0..1."""
        self.layers.overlays[name] = Overlay(visible, min(max(opacity, 0.0), 1.0))
        self._repaint_all()

    def overlay(self, name: str) -> tuple[bool, float]:
        """(visible, opacity) of an overlay."""
        overlay = self.layers.overlays[name]
        return overlay.visible, overlay.opacity

    def set_levels(self, brightness: float, contrast: float) -> None:
        """Each -1..1, 0 neutral; changes what is seen, never the image."""
        if self.layers.set_levels(brightness, contrast):
            self._repaint_all()

    def set_plain(self, plain: bool) -> None:
        """Show the image alone for a moment."""
        if plain != self.scene.plain:
            self.scene.plain = plain
            self._repaint_all()

    # Editing

    def set_editable(self, editable: bool) -> None:
        """Whether tools may change the annotation; otherwise dragging pans."""
        self._use(self._chosen if editable else "look")

    @property
    def editable(self) -> bool:
        """Whether tools may change the annotation."""
        return self._tool.name != "look"

    def conclude(self) -> None:
        """End what is half drawn: an outline of three points or more becomes a shape, anything less is dropped."""
        self._tool.conclude()

    def cancel(self) -> None:
        """Drop what is half drawn."""
        self._tool.cancel()

    @property
    def hint(self) -> str:
        """What the pointer can do now that no button shows; empty when there is nothing to tell."""
        return self._tool.hint

    @property
    def tool(self) -> str:
        """The chosen tool: ``select``, ``polygon``, ``rectangle`` or ``circle``."""
        return self._chosen

    def set_tool(self, name: str) -> None:
        """Choose a tool; on a canvas that is not editable it waits until it is."""
        changed, self._chosen = name != self._chosen, name
        if self.editable:
            self._use(name)
        if changed:
            self.toolChanged.emit(name)

    def set_label(self, label: str) -> None:
        """The label of the next shape."""
        self.editing.label = label
        self.redraw()

    @property
    def selection(self) -> frozenset[int]:
        """Indices of the selected shapes."""
        return self.editing.selection

    def select(self, indices: Iterable[int]) -> None:
        """Select shapes by index."""
        self.editing.select(indices)

    # Stage (what tools may ask)

    def redraw(self) -> None:
        """Paint the marks again; the layers stay."""
        self.update()

    # Viewport

    def image_size(self) -> QSizeF:
        return self.layers.size

    def _camera_moved(self) -> None:
        self._repaint_all()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The layers are painted anew at the new size."""
        super().resizeEvent(event)
        self._repaint_all()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Layers from their cache, marks in the dirty rectangle, the tool's own marks, the focus ring."""
        painter = QPainter(self)
        self.scene.paint(painter, self, QRectF(event.rect()))
        self._tool.paint(painter, self.camera)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._pans(event):
            self.start_pan(event.position())
        elif event.button() == Qt.MouseButton.LeftButton:
            self._tool.press(self._pointer(event))
        self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.pan_to(event.position()):
            pointer = self._pointer(event)
            self._tool.move(pointer)
            self.cursorMoved.emit(pointer.image.x(), pointer.image.y())
        self._show_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self.stop_pan() and event.button() == Qt.MouseButton.LeftButton:
            self._tool.release(self._pointer(event))
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._tool.double_click(self._pointer(event))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more; a corner chosen by keys stays marked while the keys are here."""
        if not self.hasFocus():
            self.editing.hover(None)
        super().leaveEvent(event)

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position()
        down = bool(event.buttons() & Qt.MouseButton.LeftButton)
        return Pointer(at, self.to_image(at), self.camera.zoom, event.modifiers(), down)

    def _pans(self, event: QMouseEvent) -> bool:
        return super()._pans(event) or (self.scene.plain and event.button() == Qt.MouseButton.LeftButton)

    def _show_cursor(self) -> None:
        if not self.panning:
            self.setCursor(self._tool.cursor_now())

    # Keys

    def event(self, event: QEvent) -> bool:
        """Keys that mean something to the tool right now come here before the window's own keys."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._command(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        command = self._command(event)
        if command is not None:
            command()
            self._show_cursor()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Ends what a held key did: moving by arrows, the plain image."""
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space:
            self.set_plain(False)
        elif not self.panning and QApplication.mouseButtons() == Qt.MouseButton.NoButton:
            self._tool.finish()
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A key that is held is released elsewhere."""
        self.set_plain(False)
        self._tool.finish()
        super().focusOutEvent(event)

    def _command(self, event: QKeyEvent) -> Command | None:
        key, modifiers = event.key(), event.modifiers()
        own = self._tool.command(key, modifiers)
        if own is not None:
            return own
        if modifiers & CTRL and self.editable and (tool := _TOOL_KEYS.get(Qt.Key(key))):
            return partial(self.set_tool, tool)
        if key == Qt.Key.Key_Space and not modifiers:
            return partial(self.set_plain, True)
        return self._zoom_command(key, modifiers)

    def _use(self, name: str) -> None:
        if self._tool.name != name:
            self._tool.conclude()
            self._tool = self._tools[name]
            self.editing.hover(None)
            self._show_cursor()
            self.update()

    def _repaint_all(self) -> None:
        self.scene.forget()
        self.update()

    def _touch(self, indices: frozenset[int]) -> None:
        box = self.editing.box(indices)
        if not box.isNull():
            self.update(self.camera.widget_rect(box, paint.MARGIN).toAlignedRect())
