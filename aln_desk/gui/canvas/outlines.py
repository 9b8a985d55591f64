"""Shapes made ready for the screen: one path, box and set of handles each, kept while the shape stays the same."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Point, Shape

OPEN_KINDS = frozenset({"line", "linestrip"})
DOT_KINDS = frozenset({"point", "points"})
RESHAPED_KINDS = frozenset({"polygon", "linestrip"})
"""Kinds whose number of points may change."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A shape as drawn, all in image pixels.

    ``corners`` (n, 2) float64 are the points a user can take hold of: the four corners of a rectangle, otherwise the
    shape's own points. ``path`` is empty for dots.
    """

    shape: Shape
    path: QPainterPath
    box: QRectF
    corners: NDArray[np.float64]

    @property
    def closed(self) -> bool:
        """Whether an edge joins the last corner with the first."""
        return self.shape.shape_type not in OPEN_KINDS

    @property
    def polygon(self) -> QPolygonF:
        """The corners for a painter."""
        return QPolygonF([QPointF(x, y) for x, y in self.corners.tolist()])


class Outlines:
    """All outlines of an annotation, in its order."""

    def __init__(self, annotation: Annotation | None = None, known: Outlines | None = None) -> None:
        """``known``: outlines of an earlier version of the annotation, taken over where the shape is the same object."""
        shapes = annotation.shapes if annotation else ()
        before = {id(outline.shape): outline for outline in known.all} if known else {}
        self.all = [before.get(id(shape)) or make_outline(shape) for shape in shapes]
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
    path = _path(shape)
    corners = np.array(corners_of(shape), np.float64).reshape(-1, 2)
    box = path.boundingRect() if not path.isEmpty() else _box(corners)
    return Outline(shape, path, box, corners)


def corners_of(shape: Shape) -> tuple[Point, ...]:
    """What a user can take hold of: four corners of a rectangle or mask, else the points as stored."""
    if shape.shape_type in {"rectangle", "mask"} and len(shape.points) == 2:
        (x0, y0), (x1, y1) = shape.points
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return shape.points


def with_corner(shape: Shape, corner: int, to: Point) -> Shape:
    """The shape with one corner elsewhere; the opposite corner of a rectangle stays."""
    if shape.shape_type == "rectangle" and len(shape.points) == 2:
        return shape.with_points((corners_of(shape)[(corner + 2) % 4], to))
    return shape.with_points((*shape.points[:corner], to, *shape.points[corner + 1 :]))


def _path(shape: Shape) -> QPainterPath:
    path = QPainterPath()
    if shape.shape_type in DOT_KINDS:
        return path
    if shape.shape_type == "circle" and len(shape.points) == 2:
        (x, y), (rim_x, rim_y) = shape.points
        radius = hypot(rim_x - x, rim_y - y)
        path.addEllipse(QPointF(x, y), radius, radius)
        return path
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners_of(shape)]))
    if shape.shape_type not in OPEN_KINDS:
        path.closeSubpath()
    return path


def _box(corners: NDArray[np.float64]) -> QRectF:
    if not len(corners):
        return QRectF()
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return QRectF(left, top, right - left, bottom - top)
