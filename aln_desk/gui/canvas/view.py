"""The canvas: an image with what was drawn on it and what a model predicted, to look at and to edit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import measures_of
from aln_desk.domain.measures import Spacing
from aln_desk.gui import theme
from aln_desk.gui.canvas import calipers, paint, toolbox
from aln_desk.gui.canvas.picture_view import PictureView
from aln_desk.gui.canvas.proposal import paint_proposal
from aln_desk.gui.canvas.ruler import RulerTool
from aln_desk.gui.canvas.tools import CTRL, SHIFT, Command, Pointer, Tool

_CLICK = 4
"""A right button that moved less than this (widget pixels) was clicked."""


class ImageCanvas(PictureView):
    """Shows layers, passes pointer and keys to a tool, paints only what changed.

    It saves nothing: ``annotationEdited(annotation, what)`` tells of each finished edit.
    """

    annotationEdited = Signal(object, str)
    selectionChanged = Signal()
    cursorMoved = Signal(float, float)
    cursorLeft = Signal()
    toolChanged = Signal(str)
    rulerChanged = Signal(bool)
    menuRequested = Signal(QPoint)
    """The right button was clicked, not dragged, here (screen pixels); what lies there is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = {tool.name: tool(self.editing, self) for tool in toolbox.TOOLS}
        self._tool = self._tools["look"]
        self._chosen = "select"
        self._ruler = RulerTool(self.editing, self)
        self._ruling = False
        self._right_at = QPointF()
        self._held = False
        """Whether the left button is down on the image."""
        self.editing.changed.connect(self._repaint_outlines)
        self.editing.touched.connect(self._touch)
        self.editing.edited.connect(self.annotationEdited)
        self.editing.proposalChanged.connect(self.update)
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
        self._ruler.cancel()
        self._repaint_picture()
        self._repaint_outlines()

    def set_annotation(self, annotation: Annotation | None) -> None:
        """Show these shapes; a gesture that changes others is dropped, a shape being drawn goes on."""
        if annotation is not self.editing.annotation and not self._tool.busy:
            self._tool.cancel()
        self.editing.set_annotation(annotation)

    def look_again(self) -> None:
        """Paint every outline anew: labels have other colours."""
        self._repaint_outlines()

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
        return self._hand.hint

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

    def fit_selection(self) -> None:
        """Show the selected shapes as large as there is room; the whole image when none is selected."""
        box = self.editing.box(self.editing.selection)
        if box.isNull():
            self.fit()
        else:
            self.show_part(box)

    # Ruler

    @property
    def ruling(self) -> bool:
        """Whether the pointer measures instead of what it does otherwise."""
        return self._ruling

    @property
    def measured(self) -> str:
        """What the ruler's line measures, in words; empty while there is none."""
        return self._ruler.words

    def set_ruler(self, ruling: bool) -> None:
        """Let the pointer measure, on any canvas and without ending what is half drawn; off takes the line away."""
        if ruling == self._ruling:
            return
        self._ruling = ruling
        self._ruler.cancel()
        self._show_cursor()
        self.rulerChanged.emit(ruling)

    def set_spacing(self, spacing: Spacing | None) -> None:
        """How large a pixel is, for the ruler; None where the image is not calibrated."""
        self._ruler.spacing = spacing
        self.update()

    @property
    def _hand(self) -> Tool:
        """What the pointer's left button works."""
        return self._ruler if self._ruling else self._tool

    # Stage (what tools may ask)

    def redraw(self) -> None:
        """Paint the marks again; the layers stay."""
        self.update()

    def image(self) -> NDArray[np.uint8] | None:
        """The pixels on screen as they are stored."""
        return self.layers.rgb

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Layers from their cache, marks in the dirty rectangle, the tool's own marks, aids, the focus ring."""
        painter = QPainter(self)
        self.scene.paint(painter, self, QRectF(event.rect()))
        self._paint_hands(painter)
        self._paint_aids(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_hands(self, painter: QPainter) -> None:
        annotation = self.editing.annotation
        if annotation is not None and annotation.extra and not self.scene.plain and self.layers.shown("drawn"):
            calipers.paint_measures(painter, self.camera, measures_of(annotation), self.editing.spacing)
        if self.editing.proposal is not None and not self.scene.plain:
            paint_proposal(painter, self.camera, self.editing.proposal)
        self._tool.paint(painter, self.camera)
        self._ruler.paint(painter, self.camera)

    def _paint_live(self, painter: QPainter, zone: QRectF) -> None:
        super()._paint_live(painter, zone)
        self._paint_hands(painter)

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._pans(event):
            self.start_pan(event.position())
        elif event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self._hand.press(self._pointer(event))
        elif self.start_windowing(event):
            self._right_at = event.position()
        self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self.point_at(at)
        if not (self.pan_to(at) or self.window_to(at)):
            pointer = self._pointer(event)
            self._hand.move(pointer)
            self.cursorMoved.emit(pointer.image.x(), pointer.image.y())
        self._show_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = False
        if event.button() == Qt.MouseButton.RightButton and self.editable:
            self._offer_menu(event)
        stopped = self.stop_windowing() if event.button() == Qt.MouseButton.RightButton else self.stop_pan()
        if not stopped and event.button() == Qt.MouseButton.LeftButton:
            self._hand.release(self._pointer(event))
        self._show_cursor()

    def _offer_menu(self, event: QMouseEvent) -> None:
        if (event.position() - self._right_at).manhattanLength() > _CLICK or self._tool.busy:
            return
        pointer = self._pointer(event)
        found = self.editing.find(pointer.image, pointer.reach)
        if found is not None and found.shape not in self.editing.selection:
            self.editing.select({found.shape})
        if self.editing.selection:
            self.menuRequested.emit(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self._hand.double_click(self._pointer(event))
        elif event.button() == Qt.MouseButton.RightButton:
            self.reset_levels()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more; a corner chosen by keys stays marked while the keys are here."""
        if not self.hasFocus():
            self.editing.hover(None)
        self.point_at(None)
        self.cursorLeft.emit()
        super().leaveEvent(event)

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position()
        down = bool(event.buttons() & Qt.MouseButton.LeftButton)
        return Pointer(at, self.to_image(at), self.camera.zoom, event.modifiers(), down)

    def _pans(self, event: QMouseEvent) -> bool:
        return super()._pans(event) or (self.scene.plain and event.button() == Qt.MouseButton.LeftButton)

    def _show_cursor(self) -> None:
        if not self.panning:
            self.setCursor(self._hand.cursor_now())

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
        elif not (self.panning or self._held):
            self._tool.finish()
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A key that is held is released elsewhere."""
        self.set_plain(False)
        self._tool.finish()
        super().focusOutEvent(event)

    def _command(self, event: QKeyEvent) -> Command | None:
        key, modifiers = event.key(), event.modifiers()
        if self.editing.proposal is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers & CTRL:
            return self.editing.accept_proposal
        if self.editing.proposal is not None and key == Qt.Key.Key_Escape and self._tool.name != "assist":
            return partial(self.editing.propose, None)
        own = (self._ruling and self._ruler.command(key, modifiers)) or self._tool.command(key, modifiers)
        if own:
            return own
        if self._ruling and key == Qt.Key.Key_Escape:
            return partial(self.set_ruler, False)
        if key == Qt.Key.Key_F and modifiers & CTRL and modifiers & SHIFT:
            return self.fit_selection
        if modifiers & CTRL and self.editable and (tool := toolbox.KEYS.get(Qt.Key(key))):
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

    def _touch(self, indices: frozenset[int]) -> None:
        box = self.editing.box(indices)
        if not box.isNull():
            self.update(self.camera.widget_rect(box, paint.MARGIN).toAlignedRect())
