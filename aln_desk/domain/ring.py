"""Rings that walk to their holes: a polygon's points where some are visited twice.

A hole is joined to the outer ring by a bridge, an edge walked there and back, so that one ring holds both (a keyhole).
By the even-odd rule a bridge encloses nothing. These functions keep such rings whole while their vertices are edited;
on a ring that visits every point once they do what one expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from aln_desk.domain import geometry
from aln_desk.domain.shape import Point

Ring = tuple[Point, ...]

_MOST_PAIRS = 4_000_000
"""With more pairs of vertices than this only every second, third ... vertex of a loop may hold its bridge."""


def without_repeats(points: Sequence[Point]) -> Ring:
    """The ring without vertices equal to the one before them, the last one's next being the first."""
    once = [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
    return tuple(once[:-1] if len(once) > 1 and once[-1] == once[0] else once)


def loops(points: Sequence[Point]) -> list[Ring]:
    """The loops that a walk around the ring closes on its way, of three vertices or more each, in no set order.

    What the ring encloses by the even-odd rule is what an odd number of its loops enclose. A ring that visits every
    point once is its own only loop; a keyhole's are the outer ring and the holes; bridges and spikes are none.
    """
    found: list[Ring] = []
    walk: list[Point] = []
    place: dict[Point, int] = {}
    for point in points:
        if point not in place:
            place[point] = len(walk)
            walk.append(point)
            continue
        start = place[point]
        found.append(tuple(walk[start:]))
        for passed in walk[start + 1 :]:
            del place[passed]
        del walk[start + 1 :]
    return [loop for loop in (*found, tuple(walk)) if len(loop) > 2]


def is_bridge(points: Sequence[Point], edge: int) -> bool:
    """Whether the edge from vertex ``edge`` to the next is walked back elsewhere in the ring."""
    start, end = points[edge], points[(edge + 1) % len(points)]
    return start != end and any(points[i - 1] == end and points[i] == start for i in range(len(points)))


def twins(points: Sequence[Point], vertices: Iterable[int]) -> set[int]:
    """``vertices`` and those at the same places, where the ring passes again.

    Vertices that merely follow upon one another at one place are none, so that an accidental double can be parted.
    """
    chosen = set(vertices)
    again = _passed_again(points, chosen)
    return chosen | {index for index, point in enumerate(points) if point in again}


def without(points: Sequence[Point], vertices: Iterable[int]) -> Ring:
    """The ring without some vertices and their `twins`; holes whose bridge that takes away are bridged anew.

    A hole left with fewer than three vertices goes. Empty where fewer than three of the outer ring are left.
    """
    chosen = set(vertices)
    again = _passed_again(points, chosen)
    left = tuple(p for index, p in enumerate(points) if index not in chosen and p not in again)
    places = set(left)
    found = sorted(loops(points), key=lambda loop: -abs(geometry.signed_area(loop)))
    kept = [tuple(point for point in loop if point in places) for loop in found]
    if not kept or len(kept[0]) < 3:
        return ()
    whole = not again and all(len(loop) > 2 for loop in kept)
    return left if whole else joined([loop for loop in kept if len(loop) > 2])


def joined(found: Sequence[Ring]) -> Ring:
    """One ring that walks all the loops, each bridged to those before it at the nearest pair of vertices."""
    walk = found[0] if found else ()
    for loop in found[1:]:
        ((here, there),) = nearest_pairs(walk, loop, 1)
        walk = bridged(walk, here, loop, there)
    return without_repeats(walk)


def bridged(walk: Ring, here: int, loop: Ring, there: int) -> Ring:
    """``walk`` that goes from its vertex ``here`` to ``there`` of a loop, around that and back."""
    return (*walk[: here + 1], *loop[there:], *loop[: there + 1], *walk[here:])


def nearest_pairs(walk: Sequence[Point], loop: Sequence[Point], count: int) -> list[tuple[int, int]]:
    """(vertex of the walk, vertex of the loop) in the ``count`` nearest pairs, the nearest first."""
    step = -(-len(walk) * len(loop) // _MOST_PAIRS)
    starts, ends = np.asarray(walk, float), np.asarray(loop, float)[::step]
    apart = np.hypot(starts[:, :1] - ends[:, 0], starts[:, 1:] - ends[:, 1]).ravel()
    near = np.argpartition(apart, count - 1)[:count] if count < len(apart) else np.arange(len(apart))
    here, there = np.unravel_index(near[np.argsort(apart[near], kind="stable")], (len(starts), len(ends)))
    return list(zip(here.tolist(), (there * step).tolist(), strict=True))


def _passed_again(points: Sequence[Point], vertices: Iterable[int]) -> set[Point]:
    """The places of ``vertices`` that the ring leaves and comes back to."""
    passes = Counter(without_repeats(points))
    return {points[vertex] for vertex in vertices if passes[points[vertex]] > 1}
