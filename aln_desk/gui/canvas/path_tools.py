"""Draw shapes point by point or by one stroke: polygon, line strip, points."""

from __future__ import annotations

from math import dist

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from aln_desk.domain import geometry, measures
from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.hit import EPSILON
from aln_desk.gui.canvas.tools import CTRL, SHIFT, Command, Pointer, Stage, Tool

_STROKE_STEP = 6.0
"""A line drawn with the button held gets a point each so many widget pixels ..."""
_STROKE_TOLERANCE = 0.75
"""... and loses those that move it by less than this when it is finished."""
_AWAY = 14.0
"""Widget pixels between the pointer and the words beside it."""


class PathTool(Tool):
    """Each click adds a point; Enter, Space or a double-click ends it, Backspace takes the last one back."""

    cursor = Qt.CursorShape.CrossCursor
    shape_type = ""
    fewest = 1
    """Fewer points make no shape."""
    strokes = False
    """Whether dragging draws freely."""
    idle = ""
    """What is hinted at before the first point."""

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._points: list[QPointF] = []
        self._pointer: Pointer | None = None
        self._stroked = False

    @property
    def busy(self) -> bool:
        return bool(self._points)

    @property
    def hint(self) -> str:
        return "Enter or double-click ends it, Backspace takes the last point back" if self._points else self.idle

    def press(self, pointer: Pointer) -> None:
        self._pointer = pointer
        if self._closes(pointer):
            self._end()
        else:
            self._append(pointer)

    def move(self, pointer: Pointer) -> None:
        self._pointer = pointer
        stroking = self.strokes and pointer.down and self._points
        if stroking and pointer.far_from(self._points[-1], _STROKE_STEP):
            self._stroked = True
            self._append(pointer)
        elif self._points:
            self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        """A line drawn with the button held closes where it comes back to its start."""
        if self._stroked and self._closes(pointer) and self._went_out(pointer):
            self._end()

    def double_click(self, pointer: Pointer) -> None:
        self._end()

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        if not self._points:
            return self._leave if key == Qt.Key.Key_Escape else None
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            return self._end
        if key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Z and modifiers & CTRL and not modifiers & SHIFT):
            return self._take_back
        return self.cancel if key == Qt.Key.Key_Escape else None

    def cancel(self) -> None:
        self._points.clear()
        self._stroked = False
        self.stage.redraw()

    def conclude(self) -> None:
        self._end()
        self.cancel()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if not self._points:
            return
        colour = paint.drawn_colour(self.editing.label)
        cursor = None if self._pointer is None else camera.to_widget(QPointF(*self._place(self._pointer)))
        closing = self._pointer is not None and self._closes(self._pointer)
        paint.paint_draft(painter, camera, self._points, cursor, colour, closing)
        if self._pointer is not None:
            self._paint_measure(painter, camera, self._pointer, colour)

    def _paint_measure(self, painter: QPainter, camera: Camera, pointer: Pointer, colour: QColor) -> None:
        """How large it would be, on the pointer's side away from what is drawn, which it must not hide."""
        words, metrics = self._measure(pointer), painter.fontMetrics()
        centre = camera.to_widget(QPolygonF(self._points).boundingRect().center())
        across = _AWAY if pointer.at.x() >= centre.x() else -_AWAY - metrics.horizontalAdvance(words)
        down = _AWAY + metrics.ascent() if pointer.at.y() >= centre.y() else -_AWAY
        paint.paint_text(painter, pointer.at + QPointF(across, down), words, colour)

    def _measure(self, pointer: Pointer) -> str:
        return f"{len(self._points)} point" + ("" if len(self._points) == 1 else "s")

    def _drawn(self, pointer: Pointer) -> list[Point]:
        """The points so far with the one that the next click would add."""
        return [*((point.x(), point.y()) for point in self._points), self._place(pointer)]

    def _append(self, pointer: Pointer) -> None:
        self._points.append(QPointF(*self._place(pointer)))
        self.stage.redraw()

    def _place(self, pointer: Pointer) -> Point:
        """A stroke goes where the hand leads it; a click goes to what is near."""
        if self._stroked and pointer.down:
            return self.editing.inside(pointer.image)
        return self._snapped(pointer)

    def _closes(self, pointer: Pointer) -> bool:
        """Whether a click here joins the first point."""
        return False

    def _went_out(self, pointer: Pointer) -> bool:
        """Whether the line has left its start before, which the jitter of a click does not."""
        return any(dist(point.toTuple(), self._points[0].toTuple()) > 2 * pointer.reach for point in self._points)

    def _end(self) -> None:
        if len(self._points) < self.fewest:
            return
        points: tuple[Point, ...] = tuple((point.x(), point.y()) for point in self._points)
        if self._stroked and self._pointer is not None:
            points = self._simplified(points, _STROKE_TOLERANCE / self._pointer.zoom)
        self.cancel()
        self.editing.draw(points, self.shape_type)

    def _simplified(self, points: tuple[Point, ...], tolerance: float) -> tuple[Point, ...]:
        return geometry.simplify_line(points, tolerance)

    def _take_back(self) -> None:
        self._points.pop()
        self.stage.redraw()

    def _leave(self) -> None:
        self.stage.set_tool("select")


class PolygonTool(PathTool):
    """Clicks, drags or both; the first point closes it too."""

    name = "polygon"
    shape_type = "polygon"
    fewest = 3
    strokes = True
    idle = "Click point by point around the lesion, or drag; Alt does not go to what is near"

    def _measure(self, pointer: Pointer) -> str:
        if len(self._points) < 2:
            return super()._measure(pointer)
        found = measures.axes(self._drawn(pointer), self.editing.spacing)
        return measures.length_words(found.length, found.width, spacing=self.editing.spacing)

    def _simplified(self, points: tuple[Point, ...], tolerance: float) -> tuple[Point, ...]:
        return geometry.simplify(points, tolerance)

    def _closes(self, pointer: Pointer) -> bool:
        return len(self._points) >= self.fewest and not pointer.far_from(self._points[0], EPSILON)


class LineStripTool(PathTool):
    """An open line."""

    name = "linestrip"
    shape_type = "linestrip"
    fewest = 2
    strokes = True

    def _measure(self, pointer: Pointer) -> str:
        spacing = self.editing.spacing
        return measures.length_words(measures.length(self._drawn(pointer), spacing), spacing=spacing)


class PointsTool(PathTool):
    """Several points as one shape."""

    name = "points"
    shape_type = "points"

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if self._points:
            shape = Shape(self.editing.label, tuple(point.toTuple() for point in self._points), "points")
            paint.paint_unfinished(painter, camera, shape)
