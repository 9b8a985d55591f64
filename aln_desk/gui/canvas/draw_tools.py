"""Draw shapes of a fixed number of points: rectangle, circle, line, point, ellipse, oriented rectangle."""

from __future__ import annotations

from functools import partial
from math import atan2, copysign, cos, dist, hypot, pi, sin

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from aln_desk.domain import geometry, measures
from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.tools import CTRL, SHIFT, Command, Pointer, Stage, Tool

_CLICK = 4.0
"""A press that moves less than this (widget pixels) sets the first point; a longer one draws on to the second."""
_TURN = pi / 12
"""Shift keeps a line to steps of this angle."""


class PointTool(Tool):
    """Each click is a point."""

    name = "point"
    cursor = Qt.CursorShape.CrossCursor

    def press(self, pointer: Pointer) -> None:
        self.editing.draw([self._snapped(pointer)], "point")

    def double_click(self, pointer: Pointer) -> None:
        """The second press of a double-click means nothing: two points in one place are one too many."""

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        return partial(self.stage.set_tool, "select") if key == Qt.Key.Key_Escape else None


class FewPointsTool(Tool):
    """Click by click, or one drag from the first point to the second; the last point makes the shape."""

    cursor = Qt.CursorShape.CrossCursor
    count = 2
    """How many points are put."""
    idle = ""
    """What is hinted at."""

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._points: list[Point] = []
        self._next: Point = (0.0, 0.0)
        self._is_fresh = False

    @property
    def hint(self) -> str:
        return self.idle

    @property
    def busy(self) -> bool:
        return bool(self._points)

    def press(self, pointer: Pointer) -> None:
        if not self._points:
            self._points, self._is_fresh = [self._snapped(pointer)], True
        self.move(pointer)

    def move(self, pointer: Pointer) -> None:
        if self._points:
            self._next = self._place(pointer)
            self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        """The first press has put the first point only, unless it was dragged away from it."""
        if not self._points:
            return
        fresh, self._is_fresh = self._is_fresh, False
        if not fresh or pointer.far_from(QPointF(*self._points[0]), _CLICK):
            self._put()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        if key == Qt.Key.Key_Escape:
            return self.cancel if self.busy else self._leave
        undone = key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Z and bool(modifiers & CTRL))
        if self.busy and undone:
            return self._take_back
        return self._put if self.busy and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) else None

    def cancel(self) -> None:
        self._points = []
        self.stage.redraw()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if not self._points:
            return
        shape = self._shape([*self._points, self._next])
        if shape.points:
            paint.paint_unfinished(painter, camera, shape)
        at = camera.to_widget(QPointF(*self._next)) + QPointF(14, 22)
        paint.paint_text(painter, at, self._measure(shape), paint.drawn_colour(self.editing.label))

    def _place(self, pointer: Pointer) -> Point:
        """Where the next point goes."""
        return self._snapped(pointer)

    def _shape(self, points: list[Point]) -> Shape:
        """The shape through ``count`` points; through fewer what they say of it so far."""
        raise NotImplementedError

    def _measure(self, shape: Shape) -> str:
        return ""

    def _put(self) -> None:
        if self._next in self._points:
            return
        self._points.append(self._next)
        if len(self._points) == self.count:
            points, self._points = self._points, []
            self._make(points)
        self.stage.redraw()

    def _make(self, points: list[Point]) -> None:
        """All points are put."""
        shape = self._shape(points)
        if shape.points:
            self.editing.draw(shape.points, shape.shape_type)

    def _take_back(self) -> None:
        self._points.pop()
        self.stage.redraw()

    def _leave(self) -> None:
        self.stage.set_tool("select")


class RectangleTool(FewPointsTool):
    """From corner to corner; Shift makes a square."""

    name = "rectangle"
    idle = "Drag from corner to corner; Shift makes a square"

    def _place(self, pointer: Pointer) -> Point:
        (x0, y0), (x, y) = self._points[0], super()._place(pointer)
        if pointer.modifiers & SHIFT:
            side = min(abs(x - x0), abs(y - y0))
            return x0 + copysign(side, x - x0), y0 + copysign(side, y - y0)
        return x, y

    def _shape(self, points: list[Point]) -> Shape:
        return Shape(self.editing.label, tuple(points), "rectangle")

    def _measure(self, shape: Shape) -> str:
        spacing = self.editing.spacing
        return measures.length_words(*measures.extents(shape.points, spacing), spacing=spacing)


class CircleTool(FewPointsTool):
    """From the centre to the rim."""

    name = "circle"
    idle = "Drag from the centre to the rim"

    def _shape(self, points: list[Point]) -> Shape:
        return Shape(self.editing.label, tuple(points), "circle")

    def _measure(self, shape: Shape) -> str:
        spacing = self.editing.spacing
        across = measures.extents(measures.polygon_of(shape), spacing)
        return f"{measures.length_words(max(across), spacing=spacing)} wide"


class LineTool(FewPointsTool):
    """From end to end; Shift keeps to steps of 15 degrees."""

    name = "line"
    idle = "Drag from end to end; Shift keeps to steps of 15°"

    def _place(self, pointer: Pointer) -> Point:
        place = super()._place(pointer)
        return self.editing.inside(QPointF(*stepped(self._points[0], place))) if pointer.modifiers & SHIFT else place

    def _shape(self, points: list[Point]) -> Shape:
        return Shape(self.editing.label, tuple(points), "line")

    def _measure(self, shape: Shape) -> str:
        spacing = self.editing.spacing
        return measures.length_words(measures.length(shape.points, spacing), spacing=spacing)


class EllipseTool(FewPointsTool):
    """Both ends of one axis, then how far the other reaches; stored as a polygon."""

    name = "ellipse"
    idle = "Drag from end to end of one axis, then click how far the other reaches"
    count = 3

    def _shape(self, points: list[Point]) -> Shape:
        if len(points) < self.count:
            return Shape(self.editing.label, tuple(points), "line")
        from aln_desk.outline.forms import ellipse

        first, second, third = points
        middle = ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
        return Shape(self.editing.label, ellipse(middle, second, geometry.distance_to_line(third, first, second)))

    def _measure(self, shape: Shape) -> str:
        return _axes_words(shape, self.editing)


class OrientedRectangleTool(FewPointsTool):
    """Both ends of one side, then how far the rectangle reaches from it."""

    name = "oriented_rectangle"
    idle = "Drag along one side, then click how far the rectangle reaches from it"
    count = 3

    def _shape(self, points: list[Point]) -> Shape:
        if len(points) < self.count:
            return Shape(self.editing.label, tuple(points), "line")
        (ax, ay), (bx, by), (x, y) = points
        length = hypot(bx - ax, by - ay)
        across = (ay - by) / length, (bx - ax) / length
        reach = (x - ax) * across[0] + (y - ay) * across[1]
        if not reach:
            return Shape(self.editing.label, (), "oriented_rectangle")
        dx, dy = across[0] * reach, across[1] * reach
        corners = (points[0], points[1], (bx + dx, by + dy), (ax + dx, ay + dy))
        return Shape(self.editing.label, corners, "oriented_rectangle")

    def _measure(self, shape: Shape) -> str:
        if shape.shape_type != "oriented_rectangle" or not shape.points:
            return _axes_words(shape, self.editing)
        spacing, (a, b, c, _) = self.editing.spacing, shape.points
        return measures.length_words(
            measures.length((a, b), spacing), measures.length((b, c), spacing), spacing=spacing
        )


def _axes_words(shape: Shape, editing: Editing) -> str:
    """Length of a line, else long and short axis."""
    if not shape.points:
        return ""
    found = measures.axes(shape.points, editing.spacing)
    sides = (found.length,) if shape.shape_type == "line" else (found.length, found.width)
    return measures.length_words(*sides, spacing=editing.spacing)


def stepped(start: Point, to: Point) -> Point:
    """``to`` turned about ``start`` to the nearest step of 15 degrees."""
    turn = round(atan2(to[1] - start[1], to[0] - start[0]) / _TURN) * _TURN
    reach = dist(start, to)
    return start[0] + reach * cos(turn), start[1] + reach * sin(turn)
