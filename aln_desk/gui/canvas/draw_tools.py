"""Draw new shapes."""

from __future__ import annotations

from math import copysign, dist

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from aln_desk.domain import geometry
from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.hit import EPSILON
from aln_desk.gui.canvas.outlines import make_outline
from aln_desk.gui.canvas.tools import CTRL, SHIFT, Command, Pointer, Stage, Tool

_STROKE_STEP = 6.0
"""A line drawn with the button held gets a point each so many widget pixels ..."""
_STROKE_TOLERANCE = 0.75
"""... and loses those that move it by less than this when it is finished."""
_CLICK = 4.0
"""A press that moves less than this (widget pixels) sets the first corner; a longer one draws the whole shape."""


class PolygonTool(Tool):
    """Each click adds a point, dragging draws freely; the first point, Enter, Space or a double-click closes it."""

    name = "polygon"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._points: list[QPointF] = []
        self._pointer: Pointer | None = None
        self._stroked = False

    @property
    def busy(self) -> bool:
        return bool(self._points)

    def press(self, pointer: Pointer) -> None:
        if self._closes(pointer):
            self._close()
            return
        self._append(pointer)

    def move(self, pointer: Pointer) -> None:
        self._pointer = pointer
        if pointer.down and self._points and pointer.far_from(self._points[-1], _STROKE_STEP):
            self._stroked = True
            self._append(pointer)
        elif self._points:
            self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        """A line drawn with the button held closes where it comes back to its start."""
        if self._stroked and self._closes(pointer) and self._went_out(pointer):
            self._close()

    def double_click(self, pointer: Pointer) -> None:
        self._close()

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        if not self._points:
            return self._leave if key == Qt.Key.Key_Escape else None
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            return self._close
        if key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Z and modifiers & CTRL and not modifiers & SHIFT):
            return self._take_back
        return self.cancel if key == Qt.Key.Key_Escape else None

    def cancel(self) -> None:
        self._points.clear()
        self._stroked = False
        self.stage.redraw()

    def conclude(self) -> None:
        self._close()
        self.cancel()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        colour = paint.drawn_colour(self.editing.label)
        cursor = self._pointer.at if self._pointer is not None else None
        closing = self._pointer is not None and self._closes(self._pointer)
        paint.paint_draft(painter, camera, self._points, cursor, colour, closing)
        if self._points and cursor is not None:
            paint.paint_text(painter, cursor + QPointF(14, 22), self._measure(), colour)

    def _measure(self) -> str:
        if self._pointer is None or len(self._points) < 2:
            return f"{len(self._points)} point" + ("" if len(self._points) == 1 else "s")
        points = [(point.x(), point.y()) for point in [*self._points, self._pointer.image]]
        long, short = geometry.axes(points)
        return f"{long:.0f} × {short:.0f} px"

    def _append(self, pointer: Pointer) -> None:
        self._points.append(QPointF(*self.editing.inside(pointer.image)))
        self.stage.redraw()

    def _closes(self, pointer: Pointer) -> bool:
        return len(self._points) >= 3 and not pointer.far_from(self._points[0], EPSILON)

    def _went_out(self, pointer: Pointer) -> bool:
        """Whether the line has left its start before, which the jitter of a click does not."""
        return any(dist(point.toTuple(), self._points[0].toTuple()) > 2 * pointer.reach for point in self._points)

    def _close(self) -> None:
        if len(self._points) < 3:
            return
        points: tuple[Point, ...] = tuple((point.x(), point.y()) for point in self._points)
        if self._stroked and self._pointer is not None:
            points = geometry.simplify(points, _STROKE_TOLERANCE / self._pointer.zoom)
        self.cancel()
        self.editing.draw(points, "polygon")

    def _take_back(self) -> None:
        self._points.pop()
        self.stage.redraw()

    def _leave(self) -> None:
        self.stage.set_tool("select")


class TwoPointTool(Tool):
    """Two clicks or one drag from the first point to the second."""

    cursor = Qt.CursorShape.CrossCursor
    shape_type = ""

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._first: QPointF | None = None
        self._second = QPointF()
        self._placed = False

    @property
    def busy(self) -> bool:
        return self._first is not None

    def press(self, pointer: Pointer) -> None:
        if self._first is None:
            self._first = self._second = QPointF(*self.editing.inside(pointer.image))
            self._placed = False
        self.move(pointer)

    def move(self, pointer: Pointer) -> None:
        if self._first is not None:
            self._second = self._end(self._first, pointer)
            self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        if self._first is None:
            return
        if self._placed or pointer.far_from(self._first, _CLICK):
            self._add()
        self._placed = True

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        if key == Qt.Key.Key_Escape:
            return self.cancel if self.busy else self._leave
        undone = key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Z and bool(modifiers & CTRL))
        if self.busy and undone:
            return self.cancel
        return self._add if self.busy and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) else None

    def cancel(self) -> None:
        self._first = None
        self.stage.redraw()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if self._first is None:
            return
        painter.save()
        painter.setTransform(camera.transform(), True)
        paint.paint_outline(painter, make_outline(self._shape(self._first)), fill=30)
        painter.restore()
        at = camera.to_widget(self._second) + QPointF(14, 22)
        paint.paint_text(painter, at, self._measure(self._first), paint.drawn_colour(self.editing.label))

    def _end(self, first: QPointF, pointer: Pointer) -> QPointF:
        return QPointF(*self.editing.inside(pointer.image))

    def _measure(self, first: QPointF) -> str:
        return ""

    def _shape(self, first: QPointF) -> Shape:
        return Shape(self.editing.label, (first.toTuple(), self._second.toTuple()), self.shape_type)

    def _add(self) -> None:
        first = self._first
        self._first = None
        self.stage.redraw()
        if first is not None and first != self._second:
            self.editing.draw(self._shape(first).points, self.shape_type)

    def _leave(self) -> None:
        self.stage.set_tool("select")


class RectangleTool(TwoPointTool):
    """Shift makes a square."""

    name = "rectangle"
    shape_type = "rectangle"

    def _end(self, first: QPointF, pointer: Pointer) -> QPointF:
        x, y = self.editing.inside(pointer.image)
        if pointer.modifiers & SHIFT:
            side = min(abs(x - first.x()), abs(y - first.y()))
            x, y = first.x() + copysign(side, x - first.x()), first.y() + copysign(side, y - first.y())
        return QPointF(x, y)

    def _measure(self, first: QPointF) -> str:
        side = QRectF(first, self._second).normalized()
        return f"{side.width():.0f} × {side.height():.0f} px"


class CircleTool(TwoPointTool):
    """From the centre to the rim."""

    name = "circle"
    shape_type = "circle"

    def _measure(self, first: QPointF) -> str:
        return f"{2 * dist(first.toTuple(), self._second.toTuple()):.0f} px wide"
