"""Brush and eraser: areas changed by a disc drawn over the image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry import Point as Place
from shapely.geometry.base import BaseGeometry

from aln_desk.domain.ring import Ring
from aln_desk.domain.shape import Point
from aln_desk.outline.areas import LEAST, area_of, difference, pieces, polygons, rings, union
from aln_desk.outline.forms import TOLERANCE, quarter_arc

_STRETCH = 64
"""Moves whose area is made in one: after so many a brush redraws them, with fewer vertices than single steps leave."""


def stroke_area(stroke: Sequence[Point], radius: float, tolerance: float = TOLERANCE) -> BaseGeometry:
    """What a disc of ``radius`` pixels covers on its way through ``stroke``.

    Within about twice ``tolerance`` and a fiftieth of the radius. Empty for no points or no radius; points that are not
    finite are left out.
    """
    way = [(x, y) for x, y in stroke if math.isfinite(x) and math.isfinite(y)]
    if not way or radius <= 0:
        return Polygon()
    stretches = [way[start : start + _STRETCH + 1] for start in range(0, max(len(way) - 1, 1), _STRETCH)]
    return union(_stretch_area(stretch, radius, tolerance) for stretch in stretches)


def _stretch_area(way: Sequence[Point], radius: float, tolerance: float) -> BaseGeometry:
    arc = quarter_arc(radius, tolerance)
    if len(set(way)) == 1:
        return Place(way[0]).buffer(radius, quad_segs=arc)
    line = LineString(way).simplify(tolerance / 2)
    if line.is_simple and not line.is_closed:
        return line.buffer(radius, quad_segs=arc).simplify(tolerance / 2)
    # GEOS leaves out parts of what surrounds a line that comes back to itself.
    corners = shapely.get_coordinates(line)
    steps = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    return union(shapely.buffer(steps, radius, quad_segs=arc)).simplify(tolerance / 2)


def brushed(ring: Sequence[Point] | None, stroke: Sequence[Point], radius: float) -> list[Ring]:
    """Rings of an area and of what a stroke covers; of the stroke alone for None. Apart, they are two rings."""
    return pieces(union([area_of(ring or ()), stroke_area(stroke, radius)]))


def erased(ring: Sequence[Point], stroke: Sequence[Point], radius: float) -> list[Ring]:
    """Rings of what a stroke leaves of an area, which may part or vanish."""
    return pieces(difference(area_of(ring), stroke_area(stroke, radius)))


class Brush:
    """A stroke being drawn: an area that follows the pointer, at each move in milliseconds.

    Each move changes the area by the way from the last point alone. Every 64 moves their single steps are replaced by
    one area with as few vertices as ``tolerance`` pixels allow, so that vertices do not pile up; as each part of the
    stroke is simplified once, nothing drifts, and the ring's own vertices stay where the stroke does not come.
    """

    def __init__(
        self, ring: Sequence[Point] | None, radius: float, erasing: bool = False, tolerance: float = TOLERANCE
    ) -> None:
        self._before = area_of(ring or ())
        self._radius, self._tolerance = radius, tolerance
        self._erasing = erasing
        self._stroke: BaseGeometry = Polygon()
        self._way: list[Point] = []
        self._now = self._before

    def to(self, point: Point) -> None:
        """Go on to ``point``; the first one sets the brush down. Moves within the tolerance are passed over."""
        if self._way and math.dist(self._way[-1], point) < self._tolerance:
            return
        step = stroke_area([*self._way[-1:], point], self._radius, self._tolerance)
        self._now = self._changed(self._now, step)
        self._way.append(point)
        if len(self._way) > _STRETCH:
            self._redraw()

    @property
    def area(self) -> BaseGeometry:
        """The area now."""
        return self._now

    def loops(self) -> list[Ring]:
        """Outer rings and holes now, to be painted together by the even-odd rule; quicker than `pieces`."""
        return [ring for polygon in polygons(self._now) for ring in rings(polygon)]

    def pieces(self, least: float = LEAST) -> list[Ring]:
        """The area now as rings for shapes, with as few vertices as the tolerance allows."""
        self._redraw()
        return pieces(self._now, least)

    def _redraw(self) -> None:
        self._stroke = union([self._stroke, stroke_area(self._way, self._radius, self._tolerance)])
        self._way = self._way[-1:]
        self._now = self._changed(self._before, self._stroke)

    def _changed(self, area: BaseGeometry, by: BaseGeometry) -> BaseGeometry:
        return difference(area, by) if self._erasing else union([area, by])
