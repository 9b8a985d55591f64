"""What a reader measures on an image: calipers, axes, areas, angles, thickness, in mm or in pixels.

Every function takes outlines in image pixels and ``spacing``: with one the figure is in mm (mm²), without (None: nobody
has calibrated the image) in pixels. Millimetres are never guessed. Points are brought to mm before anything is
measured, since with pixels that are not square the longest chord in mm need not be the longest in pixels. A figure that
is not defined is nan.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain import geometry
from aln_desk.domain.shape import Point, Shape

Line = tuple[Point, Point]
Floats = NDArray[np.float64]

_FINEST, _COARSEST = 1e-6, 1e3
_CIRCLE_STEPS = 360
_SAMPLES = 400
_LEVEL_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Spacing:
    """Size of a pixel in mm, to the right (``dx``) and down (``dy``); ValueError outside 1e-6 to 1000 mm."""

    dx: float
    dy: float

    def __post_init__(self) -> None:
        if not all(_FINEST <= side <= _COARSEST for side in (self.dx, self.dy)):
            raise ValueError(f"a pixel of {self.dx} by {self.dy} mm has no use")


@dataclass(frozen=True, slots=True)
class Axes:
    """Two calipers on an outline: their ends in image pixels, their lengths in the unit asked for."""

    long: Line
    short: Line
    length: float
    width: float

    @property
    def ratio(self) -> float:
        """Long by short axis; nan for an outline without width."""
        return self.length / self.width if self.width > 0 else math.nan


def length(points: Sequence[Point], spacing: Spacing | None = None) -> float:
    """Length of a line through all ``points``; 0 for one point or none."""
    rows = _scaled(points, spacing)
    return float(np.hypot(*np.diff(rows, axis=0).T).sum())


def angle(first: Line, second: Line, spacing: Spacing | None = None) -> float:
    """Degrees, 0 to 90, between two calipers, wherever they lie; nan where one has no length."""
    (ax, ay), (bx, by) = (np.diff(_scaled(line, spacing), axis=0)[0] for line in (first, second))
    if (ax == 0 == ay) or (bx == 0 == by):
        return math.nan
    return math.degrees(math.atan2(abs(ax * by - ay * bx), abs(ax * bx + ay * by)))


def area(points: Sequence[Point], spacing: Spacing | None = None) -> float:
    """Area of a polygon by the shoelace formula (mm² or px²).

    A hole joined to the outer ring by a bridge walked there and back runs the other way round, so it counts out and
    the bridge encloses nothing. A ring that crosses itself has no area that readers agree on.
    """
    return abs(geometry.signed_area(points)) * (spacing.dx * spacing.dy if spacing else 1.0)


def perimeter(points: Sequence[Point], spacing: Spacing | None = None) -> float:
    """Length of a polygon's border, that of its holes included; a bridge walked there and back is none."""
    rows = _scaled(points, spacing)
    lengths = np.hypot(*(np.roll(rows, -1, axis=0) - rows).T).tolist()
    edges = list(zip(points, [*points[1:], *points[:1]], strict=True))
    walks = Counter(edges)
    once = dict(zip(edges, lengths, strict=True))
    return float(sum(long * max(0, walks[edge] - walks[edge[::-1]]) for edge, long in once.items()))


def axes(points: Sequence[Point], spacing: Spacing | None = None) -> Axes:
    """Long axis (greatest distance between two vertices) and short axis of an outline of at least one point.

    The short axis is the longest chord at right angles to the long one, from border to border as a caliper spans it:
    a bay or a hole on its way is not taken off.
    """
    rows = _scaled(points, spacing)
    first, second = _farthest_pair(rows)
    longest = math.dist(first, second)
    if longest == 0:
        spot = points[0]
        return Axes((spot, spot), (spot, spot), 0.0, 0.0)
    along = (second - first) / longest
    across = np.array([-along[1], along[0]])
    level, low, high = _widest_section((rows - first) @ along, (rows - first) @ across)
    ends = np.array([first, second, first + level * along + low * across, first + level * along + high * across])
    a, b, c, d = _unscaled(ends, spacing)
    return Axes((a, b), (c, d), longest, high - low)


def extents(points: Sequence[Point], spacing: Spacing | None = None) -> tuple[float, float]:
    """(width, height) of an outline as it lies on the image; a lesion taller than wide has the greater height."""
    rows = _scaled(points, spacing)
    width, height = rows.max(axis=0) - rows.min(axis=0)
    return float(width), float(height)


def thickness(outer: Sequence[Point], inner: Sequence[Point], spacing: Spacing | None = None) -> tuple[float, float]:
    """(smallest, greatest) thickness of what lies between two outlines: a node's cortex, its hilum inside.

    At a point of the outer outline the thickness is the distance to the nearest point of the inner one. The smallest
    is the least distance of the two borders, 0 where they cross or the inner one leaves the outer; the greatest is
    found at the outer vertices and at 400 points evenly along it. Both outlines have at least one point.
    """
    ring, core = _scaled(outer, spacing), _scaled(inner, spacing)
    from_outer = [_to_border(point, core) for point in _along(ring)]
    from_inner = [_to_border(point, ring) for point in core]
    leaves = any_cross(ring, core) or not all(geometry.contains(_unscaled(ring, None), (x, y)) for x, y in core)
    return 0.0 if leaves else min(*from_outer, *from_inner), max(from_outer)


def any_cross(ring: Sequence[Point] | Floats, other: Sequence[Point] | Floats | None = None) -> bool:
    """Whether two closed rings cross, or (``other`` None) whether one crosses itself.

    Only where an edge passes through another's inside: rings that touch, and the bridge to a hole walked there and
    back, do not cross.
    """
    starts = np.asarray(ring, np.float64).reshape(-1, 2)
    others = starts if other is None else np.asarray(other, np.float64).reshape(-1, 2)
    ends, other_ends = np.roll(starts, -1, axis=0), np.roll(others, -1, axis=0)
    # Each edge meets only those at its own x; the table of all pairs of a long outline would fill the memory.
    left = np.minimum(others, other_ends)[:, 0]
    order = np.argsort(left)
    left, others, other_ends = left[order], others[order], other_ends[order]
    widest = np.abs(others - other_ends)[:, 0].max(initial=0.0)
    first = np.searchsorted(left, np.minimum(starts, ends)[:, 0] - widest, "left")
    last = np.searchsorted(left, np.maximum(starts, ends)[:, 0], "right")
    return any(
        _passes(starts[edge], ends[edge], others[first[edge] : last[edge]], other_ends[first[edge] : last[edge]])
        for edge in range(len(starts))
    )


def polygon_of(shape: Shape) -> tuple[Point, ...]:
    """The ring to measure: a circle as 360 points; empty for kinds without area and for a mask.

    A mask's box is not its border: the caller makes outlines of its pixels.
    """
    if shape.shape_type != "circle":
        return geometry.outline(shape) if shape.shape_type != "mask" else ()
    (x, y), rim = shape.points
    radius = math.dist((x, y), rim)
    turns = np.linspace(0, 2 * np.pi, _CIRCLE_STEPS, endpoint=False)
    return tuple(zip((x + radius * np.cos(turns)).tolist(), (y + radius * np.sin(turns)).tolist(), strict=True))


def shape_words(shape: Shape, spacing: Spacing | None = None) -> str:
    """One line about a shape for the screen; empty where nothing can be measured (points, a mask)."""
    if shape.shape_type in ("line", "linestrip"):
        return length_words(length(shape.points, spacing), spacing=spacing)
    ring = polygon_of(shape)
    if len(ring) < 3:
        return ""
    found = axes(ring, spacing)
    enclosed = geometry.area(shape) * (spacing.dx * spacing.dy if spacing else 1.0)
    # A rectangle's longest chord is its diagonal, which nobody means.
    sides = _sides(ring, spacing) if "rectangle" in shape.shape_type else (found.length, found.width)
    ratio = sides[0] / sides[1] if sides[1] > 0 else math.nan
    parts = (
        length_words(*sides, spacing=spacing),
        f"ratio {ratio_words(ratio)}",
        f"area {area_words(enclosed, spacing)}",
        f"perimeter {length_words(perimeter(ring, spacing), spacing=spacing)}",
    )
    return " · ".join(parts)


def length_words(*lengths: float, spacing: Spacing | None = None) -> str:
    """Lengths on one caliper or several: ``12.4 × 8.1 mm``, ``31 × 20 px``."""
    return _figures(lengths, "mm" if spacing else "px", bool(spacing))


def area_words(enclosed: float, spacing: Spacing | None = None) -> str:
    """An area: ``79.2 mm²``, ``1240 px²``."""
    return _figures((enclosed,), "mm²" if spacing else "px²", bool(spacing))


def angle_words(degrees: float) -> str:
    """An angle: ``37°``."""
    return f"{degrees:.0f}°" if math.isfinite(degrees) else "not defined"


def ratio_words(ratio: float) -> str:
    """A ratio: ``1.53``."""
    return f"{ratio:.2f}" if math.isfinite(ratio) else "not defined"


def _figures(values: Sequence[float], unit: str, fine: bool) -> str:
    if not all(math.isfinite(value) for value in values):
        return "not defined"
    return " × ".join(f"{value:.{1 if fine else 0}f}" for value in values) + f" {unit}"


def _sides(corners: Sequence[Point], spacing: Spacing | None) -> tuple[float, float]:
    """The longer and the shorter side of a four-cornered ring."""
    one, other = (length(side, spacing) for side in pairwise(corners[:3]))
    return max(one, other), min(one, other)


def _scaled(points: Sequence[Point], spacing: Spacing | None) -> Floats:
    rows = np.asarray(points, np.float64).reshape(-1, 2)
    return rows * (spacing.dx, spacing.dy) if spacing else rows


def _unscaled(rows: Floats, spacing: Spacing | None) -> list[Point]:
    pixels = rows / (spacing.dx, spacing.dy) if spacing else rows
    return [(x, y) for x, y in pixels.tolist()]


def _farthest_pair(rows: Floats) -> tuple[Floats, Floats]:
    hull = _hull(rows)
    farthest = [int(np.argmax(((hull - corner) ** 2).sum(axis=1))) for corner in hull]
    first = max(range(len(hull)), key=lambda index: math.dist(hull[index], hull[farthest[index]]))
    return hull[first], hull[farthest[first]]


def _hull(rows: Floats) -> Floats:
    """Corners of the convex hull (Andrew's monotone chain, 1979); all the points where these are few."""
    ordered = sorted(set(map(tuple, rows.tolist())))
    if len(ordered) < 3:
        return np.asarray(ordered, np.float64)
    corners = _half_hull(ordered)[:-1] + _half_hull(ordered[::-1])[:-1]
    return np.asarray(corners, np.float64)


def _half_hull(ordered: list[Point]) -> list[Point]:
    half: list[Point] = []
    for x, y in ordered:
        while len(half) > 1:
            (ax, ay), (bx, by) = half[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            half.pop()
        half.append((x, y))
    return half


def _widest_section(along: Floats, across: Floats) -> tuple[float, float, float]:
    """(level, lowest, highest) of the widest section of a ring at one level along an axis.

    Between two neighbouring levels with a vertex the highest border is convex and the lowest concave, so the widest
    section lies at the level of a vertex.
    """
    along = np.round(along, _LEVEL_DIGITS)  # vertices of one level are so however the outline was turned
    levels, at = np.unique(along, return_inverse=True)
    following = np.roll(at, -1)
    first, last = np.minimum(at, following), np.maximum(at, following)
    counts = last - first + 1
    edge = np.repeat(np.arange(len(along)), counts)
    level = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    run = (np.roll(along, -1) - along)[edge]
    share = np.divide(levels[level] - along[edge], run, out=np.zeros(len(edge)), where=run != 0)
    height = across[edge] + share * (np.roll(across, -1) - across)[edge]
    lowest, highest = np.full(len(levels), np.inf), np.full(len(levels), -np.inf)
    np.minimum.at(lowest, level, height)
    np.maximum.at(highest, level, height)
    widest = int(np.argmax(highest - lowest))
    return float(levels[widest]), float(lowest[widest]), float(highest[widest])


def _to_border(point: Floats, ring: Floats) -> float:
    return float(geometry.distances_to_segments((point[0], point[1]), ring, np.roll(ring, -1, axis=0)).min())


def _along(ring: Floats) -> Floats:
    """The vertices of a ring and points evenly along its edges, about `_SAMPLES` of them."""
    edges = np.roll(ring, -1, axis=0) - ring
    lengths = np.hypot(*edges.T)
    step = max(float(lengths.sum()) / _SAMPLES, np.finfo(float).tiny)
    pieces = np.maximum(1, np.ceil(lengths / step)).astype(np.int64)
    edge = np.repeat(np.arange(len(ring)), pieces)
    share = (np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    return np.asarray(ring[edge] + share[:, None] * edges[edge])


def _passes(start: Floats, end: Floats, starts: Floats, ends: Floats) -> bool:
    """Whether the segment start-end and one of the others each part the other's ends."""
    one, other = _side(start, end, starts), _side(start, end, ends)
    near, far = _side(starts, ends, start), _side(starts, ends, end)
    return bool(((one * other < 0) & (near * far < 0)).any())


def _side(start: Floats, end: Floats, point: Floats) -> Floats:
    """-1, 0 or 1: on which side of the way from start to end a point lies; the arguments' rows are paired."""
    way, there = end - start, point - start
    return np.sign(way[..., 0] * there[..., 1] - way[..., 1] * there[..., 0])
