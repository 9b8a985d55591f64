"""Shapes made ready for the screen: one path, box and set of handles each, kept while the shape stays the same."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.edit import with_vertex
from aln_desk.domain.shape import Point, Shape

OPEN_KINDS = frozenset({"line", "linestrip"})
DOT_KINDS = frozenset({"point", "points"})


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A shape as drawn, all in image pixels.

    ``corners`` are the four corners of a rectangle or mask, otherwise the shape's own points; ``polygon`` is the same
    for a painter. ``path`` is empty for dots.
    """

    shape: Shape
    corners: tuple[Point, ...]
    polygon: QPolygonF
    path: QPainterPath
    box: QRectF

    @property
    def closed(self) -> bool:
        """Whether an edge joins the last corner with the first."""
        return self.shape.shape_type not in OPEN_KINDS

    @property
    def grips(self) -> tuple[Point, ...]:
        """The corners a user can take hold of; a mask's pixels tie its box to their number."""
        return () if self.shape.shape_type == "mask" else self.corners


class Outlines:
    """All outlines of an annotation, in its order."""

    def __init__(self, annotation: Annotation | None = None, known: Outlines | None = None) -> None:
        """``known``: outlines of an earlier version of the annotation, kept where a shape is the same object."""
        shapes = annotation.shapes if annotation else ()
        before = {id(outline.shape): outline for outline in known.all} if known else {}
        self.all: list[Outline] = [before.get(id(shape)) or make_outline(shape) for shape in shapes]
        edges = [(o.box.left(), o.box.top(), o.box.right(), o.box.bottom()) for o in self.all]
        self._edges = np.array(edges, np.float64).reshape(-1, 4)

    def near(self, point: QPointF, reach: float) -> list[int]:
        """Indices of the outlines whose box, grown by ``reach`` image pixels, holds the point."""
        left, top, right, bottom = self._edges.T
        across = (left - reach <= point.x()) & (point.x() <= right + reach)
        down = (top - reach <= point.y()) & (point.y() <= bottom + reach)
        return [int(index) for index in np.flatnonzero(across & down)]


def make_outline(shape: Shape) -> Outline:
    """The outline of any LabelMe kind; a kind with too few points for its form is drawn as what it has."""
    corners = corners_of(shape)
    polygon = QPolygonF([QPointF(x, y) for x, y in corners])
    path = _path(shape, polygon)
    return Outline(shape, corners, polygon, path, (polygon if path.isEmpty() else path).boundingRect())


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


def _path(shape: Shape, polygon: QPolygonF) -> QPainterPath:
    path = QPainterPath()
    if shape.shape_type in DOT_KINDS:
        return path
    if shape.shape_type == "circle" and len(shape.points) == 2:
        (x, y), (rim_x, rim_y) = shape.points
        radius = hypot(rim_x - x, rim_y - y)
        path.addEllipse(QPointF(x, y), radius, radius)
        return path
    path.addPolygon(polygon)
    if shape.shape_type not in OPEN_KINDS:
        path.closeSubpath()
    return path
