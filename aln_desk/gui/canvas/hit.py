"""What lies under the pointer: a corner, an edge or the inside of a shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot, inf

from PySide6.QtCore import QPointF

from aln_desk.domain.geometry import nearest_edge, nearest_vertex
from aln_desk.gui.canvas.outlines import DOT_KINDS, Outline, Outlines

EPSILON = 10.0
"""How far from a corner or edge a click still counts, in widget pixels."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A shape by its index; ``corner`` or ``edge`` (from corner i to the next) where one is within reach."""

    shape: int
    corner: int | None = None
    edge: int | None = None


def hit(
    outlines: Outlines,
    at: QPointF,
    reach: float,
    hidden: frozenset[int] = frozenset(),
    selected: frozenset[int] = frozenset(),
) -> Hit | None:
    """The best answer at an image point; ``reach`` is `EPSILON` in image pixels.

    A corner comes before an edge and an edge before an inside. Among equals a selected shape comes first, then the
    nearest, then (inside several) the smallest. Hidden shapes are not there.
    """
    near = [index for index in outlines.near(at, reach) if index not in hidden]
    mine = [index for index in near if index in selected]
    others = [index for index in near if index not in selected]
    return (
        _corner(outlines, mine, at, reach)
        or _corner(outlines, others, at, reach)
        or _edge(outlines, near, at, reach)
        or _inside(outlines, near, at)
    )


def _corner(outlines: Outlines, near: Iterable[int], at: QPointF, reach: float) -> Hit | None:
    found = [
        (distance, shape, corner)
        for shape in near
        if outlines.all[shape].grips
        for corner, distance in [nearest_vertex((at.x(), at.y()), outlines.all[shape].grips)]
        if distance <= reach
    ]
    if not found:
        return None
    _, shape, corner = min(found)
    return Hit(shape, corner=corner)


def _edge(outlines: Outlines, near: Iterable[int], at: QPointF, reach: float) -> Hit | None:
    found = [(*_edge_of(outlines.all[shape], at), shape) for shape in near]
    if not found:
        return None
    distance, edge, shape = min(found)
    return Hit(shape, edge=edge) if distance <= reach else None


def _edge_of(outline: Outline, at: QPointF) -> tuple[float, int]:
    """(distance, edge) of one outline; infinite for dots. A circle is one edge, its rim."""
    if outline.shape.shape_type in DOT_KINDS or len(outline.corners) < 2:
        return inf, 0
    if outline.shape.shape_type == "circle":
        (x, y), (rim_x, rim_y) = outline.corners
        return abs(hypot(at.x() - x, at.y() - y) - hypot(rim_x - x, rim_y - y)), 0
    edge, distance = nearest_edge((at.x(), at.y()), outline.corners, outline.closed)
    return distance, edge


def _inside(outlines: Outlines, near: Iterable[int], at: QPointF) -> Hit | None:
    holding = [index for index in near if outlines.all[index].closed and outlines.all[index].path.contains(at)]
    return Hit(min(holding, key=lambda index: _extent(outlines.all[index]))) if holding else None


def _extent(outline: Outline) -> float:
    return outline.box.width() * outline.box.height()
