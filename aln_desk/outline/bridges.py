"""The bridges that join holes to their outer ring, with nothing between their ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LinearRing, MultiLineString, Polygon

from aln_desk.domain import geometry
from aln_desk.domain.ring import Ring, bridged, nearest_pairs, without_repeats
from aln_desk.domain.shape import Point

Line = tuple[Point, Point]

_DEPTHS = (8, 256, 8192)
"""So many of the nearest pairs of vertices are tried for every hole before more are tried for any."""


def keyhole(outer: Ring, holes: Sequence[Ring], polygon: Polygon) -> Ring:
    """The one ring around ``polygon``, whose rings, without repeats, ``outer`` and ``holes`` are.

    A bridge joins the nearest pair of vertices, of a hole and of what is joined already, between which it stays in the
    polygon and crosses no other bridge; where no near pair is such, the nearest. Holes run against the outer ring.
    """
    clockwise = geometry.signed_area(outer) > 0
    waiting = [hole if (geometry.signed_area(hole) > 0) != clockwise else hole[::-1] for hole in holes]
    lines = [LinearRing(hole) for hole in waiting]
    apart = shapely.distance(polygon.exterior, lines)
    walk, bridges = outer, list[Line]()
    shapely.prepare(polygon)
    while waiting:
        # The nearest first: a bridge past a hole that touches both its ends would run along that hole's border.
        order = np.argsort(apart, kind="stable").tolist()
        chosen, here, there = _next_bridge(walk, [waiting[index] for index in order], polygon, bridges)
        joined, hole = lines.pop(order[chosen]), waiting.pop(order[chosen])
        apart = np.minimum(np.delete(apart, order[chosen]), shapely.distance(joined, lines))
        bridges.append((walk[here], hole[there]))
        walk = bridged(walk, here, hole, there)
    return without_repeats(walk)


def _next_bridge(
    walk: Ring, waiting: Sequence[Ring], polygon: Polygon, bridges: Sequence[Line]
) -> tuple[int, int, int]:
    """(which hole, vertex of the walk, vertex of the hole). A hole behind another waits until that is joined."""
    for depth in _DEPTHS:
        for chosen, hole in enumerate(waiting):
            pairs = nearest_pairs(walk, hole, depth)
            free = _free([(walk[here], hole[there]) for here, there in pairs], polygon, bridges)
            if free.any():
                return chosen, *pairs[int(np.argmax(free))]
    return 0, *nearest_pairs(walk, waiting[0], 1)[0]


def _free(lines: Sequence[Line], polygon: Polygon, bridges: Sequence[Line]) -> NDArray[np.bool_]:
    """(N,) whether each line stays in the polygon and crosses no bridge."""
    drawn = shapely.linestrings(lines)
    return np.asarray(shapely.covers(polygon, drawn) & ~shapely.crosses(drawn, MultiLineString(bridges)))
