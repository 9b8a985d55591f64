"""Outline along the edge of the lesion: between two clicks the line finds its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPainter

from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.path_tools import PolygonTool
from aln_desk.gui.canvas.tools import ALT, Pointer, Stage

if TYPE_CHECKING:
    from aln_desk.outline.live_edge import LiveEdge


class LiveEdgeTool(PolygonTool):
    """Click on the lesion's border here and there; with Alt held the line to the next click is straight."""

    name = "live_edge"
    strokes = False
    idle = "Click on the border here and there: the line finds its way; Alt keeps it straight"

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._edge: LiveEdge | None = None
        self._of: NDArray[np.uint8] | None = None
        self._straight: set[int] = set()
        """Clicks that a straight line leads to."""
        self._known: dict[tuple[Point | None, ...], tuple[Point, ...]] = {}
        """Pieces found before, by the clicks that they depend on."""

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if not self._points or self._pointer is None:
            return
        path = self._path([*self._clicks(), self._place(self._pointer)], bool(self._pointer.modifiers & ALT))
        paint.paint_unfinished(painter, camera, Shape(self.editing.label, path, "linestrip"))
        colour = paint.drawn_colour(self.editing.label)
        paint.paint_clicks(painter, camera, self._points, colour, self._closes(self._pointer))
        self._paint_measure(painter, camera, self._pointer, colour)

    def cancel(self) -> None:
        self._straight.clear()
        self._known.clear()
        super().cancel()

    def _drawn(self, pointer: Pointer) -> list[Point]:
        return list(self._path([*self._clicks(), self._place(pointer)], bool(pointer.modifiers & ALT)))

    def _append(self, pointer: Pointer) -> None:
        if pointer.modifiers & ALT:
            self._straight.add(len(self._points))
        super()._append(pointer)

    def _take_back(self) -> None:
        super()._take_back()
        self._straight.discard(len(self._points))

    def _place(self, pointer: Pointer) -> Point:
        """On the pointer: a neighbour must not draw the line away from the edge under it."""
        return self.editing.inside(pointer.image)

    def _clicks(self) -> list[Point]:
        return [(point.x(), point.y()) for point in self._points]

    def _path(self, clicks: list[Point], is_last_straight: bool) -> tuple[Point, ...]:
        """The line through the clicks, each piece along the edge unless it was asked to be straight."""
        path = clicks[:1]
        for number in range(1, len(clicks)):
            last = number == len(clicks) - 1
            straight = is_last_straight if last and number == len(self._points) else number in self._straight
            path += clicks[number : number + 1] if straight else self._found(clicks, number)[1:]
        return tuple(path)

    def _found(self, clicks: list[Point], number: int) -> tuple[Point, ...]:
        edge = self._edges()
        before = clicks[number - 2] if number > 1 else None
        start, end = clicks[number - 1], clicks[number]
        after = clicks[number + 1] if number + 1 < len(clicks) else None
        if edge is None:
            return start, end
        asked = (before, start, end, after)
        if number >= len(self._points):  # the pointer's own piece is another at each move
            edge.start(start, before)
            return edge.path_to(end, after)
        if asked not in self._known:
            edge.start(start, before)
            self._known[asked] = edge.path_to(end, after)
        return self._known[asked]

    def _end(self) -> None:
        clicks = self._clicks()
        if len(clicks) < self.fewest:
            return
        edge = self._edges()
        if edge is not None and not self._straight:
            points = edge.closed(clicks)
        else:
            points = self._path([*clicks, clicks[0]], False)[:-1]
        self.cancel()
        self.editing.draw(points, self.shape_type)

    def _edges(self) -> LiveEdge | None:
        """The edges of the image on screen, found once an image."""
        from aln_desk.outline.live_edge import LiveEdge

        image = self.stage.image()
        if image is not self._of:
            self._of, self._edge = image, None if image is None else LiveEdge(image)
        return self._edge
