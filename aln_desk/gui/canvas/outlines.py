"""Shapes made ready for the screen: one path, box and set of handles each, kept while the shape stays the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import ceil, hypot, log2

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.edit import with_vertex
from aln_desk.domain.ring import loops
from aln_desk.domain.shape import Point, Shape

OPEN_KINDS = frozenset({"line", "linestrip"})
DOT_KINDS = frozenset({"point", "points"})
_MANY = 100
"""An outline of more corners than this is painted through fewer where nobody can see the difference ..."""
_UNSEEN = 0.4
"""... which is within this many screen pixels."""
_PASSES = 8
_FEW = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A shape as drawn, all in image pixels.

    ``corners`` are the four corners of a rectangle or mask, otherwise the shape's own points; ``array`` (N, 2) and
    ``polygon`` are the same for numpy and for a painter. ``path`` is empty for dots and leaves out the bridges to a
    polygon's holes. ``bounds`` is the ``box`` as (left, top, right, bottom).
    """

    shape: Shape
    corners: tuple[Point, ...]
    array: Floats
    polygon: QPolygonF
    path: QPainterPath
    box: QRectF
    bounds: tuple[float, float, float, float]
    _coarser: dict[int, QPainterPath] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether an edge joins the last corner with the first."""
        return self.shape.shape_type not in OPEN_KINDS

    @property
    def grips(self) -> tuple[Point, ...]:
        """The corners a user can take hold of; a mask's pixels tie its box to their number."""
        return () if self.shape.shape_type == "mask" else self.corners

    def path_at(self, scale: float) -> QPainterPath:
        """The path to paint at ``scale`` screen pixels an image pixel: no point of it is off by `_UNSEEN` or more.

        One for each doubling of the scale is kept.
        """
        if len(self.corners) <= _MANY:
            return self.path
        level = ceil(log2(scale))
        if level not in self._coarser:
            self._coarser[level] = _path(self.shape, self.corners, self.array, _UNSEEN / 2.0**level)
        return self._coarser[level]


class Outlines:
    """All outlines of an annotation, in its order."""

    def __init__(self, annotation: Annotation | None = None, known: Outlines | None = None) -> None:
        """``known``: outlines of an earlier version of the annotation, kept where a shape is the same object."""
        shapes = annotation.shapes if annotation else ()
        self.all: list[Outline] = []
        self._bounds = bounds_of(())
        if known is None or not self._mended(shapes, known):
            before = {id(outline.shape): outline for outline in known.all} if known is not None else {}
            self.all = [before.get(id(shape)) or make_outline(shape) for shape in shapes]
            self._bounds = bounds_of(self.all)

    def _mended(self, shapes: Sequence[Shape], known: Outlines) -> bool:
        """Take over all but a few outlines, which is what every step of a drag needs; False where more changed."""
        if len(shapes) != len(known.all):
            return False
        new = [place for place, (one, had) in enumerate(zip(shapes, known.all, strict=True)) if one is not had.shape]
        if len(new) > _FEW:
            return False
        self.all, self._bounds = list(known.all), known._bounds.copy()
        for place in new:
            self.all[place] = make_outline(shapes[place])
            self._bounds[place] = self.all[place].bounds
        return True

    def near(self, point: QPointF, reach: float) -> list[int]:
        """Indices of the outlines whose box, grown by ``reach`` image pixels, holds the point."""
        return self.within(QRectF(point, point), reach)

    def within(self, rect: QRectF, reach: float = 0.0) -> list[int]:
        """Indices of the outlines whose box, grown by ``reach`` image pixels, meets a rectangle of image pixels."""
        return meeting(self._bounds, rect.adjusted(-reach, -reach, reach, reach))


def bounds_of(outlines: Sequence[Outline]) -> Floats:
    """(N, 4) left, top, right, bottom of each outline's box."""
    return np.array([outline.bounds for outline in outlines], np.float64).reshape(-1, 4)


def meeting(bounds: Floats, rect: QRectF) -> list[int]:
    """Indices of the ``bounds`` (N, 4) that have a point in common with a rectangle, borders included."""
    left, top, right, bottom = bounds.T
    across = (left <= rect.right()) & (rect.left() <= right)
    down = (top <= rect.bottom()) & (rect.top() <= bottom)
    found: list[int] = np.flatnonzero(across & down).tolist()
    return found


def make_outline(shape: Shape) -> Outline:
    """The outline of any LabelMe kind; a kind with too few points for its form is drawn as what it has."""
    corners = corners_of(shape)
    array = _array(corners)
    polygon = polygon_of(array)
    path = _path(shape, corners, array)
    box = (polygon if path.isEmpty() else path).boundingRect()
    bounds = box.left(), box.top(), box.right(), box.bottom()
    return Outline(shape, corners, array, polygon, path, box, bounds)


def polygon_of(points: Floats) -> QPolygonF:
    """A painter's polygon through (N, 2) points, read in one go from Qt's own form: a count, then pairs."""
    polygon = QPolygonF()
    stored = len(points).to_bytes(4, "big") + points.astype(">f8").tobytes()
    QDataStream(QByteArray(stored)) >> polygon
    return polygon


def thinned(points: Floats, tolerance: float) -> Floats:
    """A line (N, 2) through some of its own points, nowhere further than ``tolerance`` from the whole; ends stay.

    Every second point is left out where its neighbours' chord passes it closely, again and again. The distances
    allowed double from pass to pass and together stay under the tolerance, so no error adds up beyond it.
    """
    for turn in range(_PASSES):
        if len(points) < 3:
            break
        kept = np.ones(len(points), np.bool_)
        allowed = tolerance * 2.0 ** (turn - _PASSES)
        kept[1:-1:2] = _off_chord(points[0:-2:2], points[1:-1:2], points[2::2]) >= allowed
        points = points[kept]
    return points


def _off_chord(starts: Floats, points: Floats, ends: Floats) -> Floats:
    """(N,) distances of N points from the segments between their neighbours, all (N, 2)."""
    (along_x, along_y), (x, y) = (ends - starts).T, (points - starts).T
    length2 = np.maximum(along_x * along_x + along_y * along_y, np.finfo(float).tiny)
    share = np.clip((x * along_x + y * along_y) / length2, 0.0, 1.0)
    return np.asarray(np.hypot(x - share * along_x, y - share * along_y))


def corners_of(shape: Shape) -> tuple[Point, ...]:
    """Four corners of a rectangle or mask, going round, else the points as stored."""
    if shape.shape_type in {"rectangle", "mask"} and len(shape.points) == 2:
        (x0, y0), (x1, y1) = shape.points
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return shape.points


def with_corner(shape: Shape, corner: int, to: Point) -> Shape:
    """The shape with one of its `corners_of` elsewhere.

    The opposite corner of a rectangle stays; a circle's rim follows its centre; for others see `edit.with_vertex`.
    """
    if shape.shape_type == "rectangle" and len(shape.points) == 2:
        return shape.with_points((corners_of(shape)[(corner + 2) % 4], to))
    if shape.shape_type == "circle" and corner == 0 and len(shape.points) == 2:
        (x, y), (rim_x, rim_y) = shape.points
        return shape.with_points((to, (rim_x + to[0] - x, rim_y + to[1] - y)))
    return with_vertex(shape, corner, to)


def _path(shape: Shape, corners: tuple[Point, ...], array: Floats, tolerance: float = 0.0) -> QPainterPath:
    """The path through all corners, or through those that a tolerance in image pixels asks for."""
    path = QPainterPath()
    if shape.shape_type in DOT_KINDS:
        return path
    if shape.shape_type == "circle" and len(corners) == 2:
        (x, y), (rim_x, rim_y) = corners
        radius = hypot(rim_x - x, rim_y - y)
        path.addEllipse(QPointF(x, y), radius, radius)
        return path
    rings = _rings(corners) if shape.shape_type == "polygon" else []
    for line in rings or [array]:
        path.addPolygon(polygon_of(thinned(line, tolerance) if tolerance else line))
        if shape.shape_type not in OPEN_KINDS:
            path.closeSubpath()
    return path


def _rings(corners: tuple[Point, ...]) -> list[Floats]:
    """The outer ring and the holes of a ring that walks to its holes; empty for a plain ring."""
    return [_array(loop) for loop in loops(corners)] if len(set(corners)) < len(corners) else []


def _array(points: Sequence[Point]) -> Floats:
    return np.fromiter(chain.from_iterable(points), np.float64, 2 * len(points)).reshape(-1, 2)
