"""What lies under the pointer: a corner, an edge or the inside of a shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot, inf

import numpy as np
from PySide6.QtCore import QPointF

from aln_desk.domain.geometry import distances_to_segments
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
    found = [(*_corner_of(outlines.all[shape], at), shape) for shape in near if outlines.all[shape].grips]
    if not found:
        return None
    distance, corner, shape = min(found, key=lambda one: (one[0], one[2]))
    return Hit(shape, corner=corner) if distance <= reach else None


def _corner_of(outline: Outline, at: QPointF) -> tuple[float, int]:
    """(distance, corner) of the corner nearest to a point; the first of equals."""
    away = outline.array - at.toTuple()
    distances = np.hypot(away[:, 0], away[:, 1])
    corner = int(np.argmin(distances))
    return float(distances[corner]), corner


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
    starts, ends = outline.array, np.roll(outline.array, -1, axis=0)
    count = len(starts) if outline.closed else len(starts) - 1
    distances = distances_to_segments(at.toTuple(), starts[:count], ends[:count])
    edge = int(np.argmin(distances))
    return float(distances[edge]), edge


def _inside(outlines: Outlines, near: Iterable[int], at: QPointF) -> Hit | None:
    holding = [index for index in near if outlines.all[index].closed and outlines.all[index].path.contains(at)]
    return Hit(min(holding, key=lambda index: _extent(outlines.all[index]))) if holding else None


def _extent(outline: Outline) -> float:
    return outline.box.width() * outline.box.height()
