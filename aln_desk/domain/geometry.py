"""Plane geometry of outlines in image pixels. Points are (x, y), y down; a polygon's last vertex joins its first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.domain.shape import Point, Shape

Floats = NDArray[np.float64]


def distances_to_segments(point: Point, starts: ArrayLike, ends: ArrayLike) -> Floats:
    """(N,) distances in pixels from ``point`` to N segments given by (N, 2) starts and ends.

    A segment of no length counts as its point.
    """
    return _distances(_rows(point), _rows(starts), _rows(ends))


def distance_to_segment(point: Point, start: Point, end: Point) -> float:
    """Distance in pixels from ``point`` to one segment."""
    return float(distances_to_segments(point, [start], [end])[0])


def distance_to_line(point: Point, start: Point, end: Point) -> float:
    """Distance in pixels from ``point`` to the endless line through two points; to ``start`` where they are one."""
    length = math.dist(start, end)
    if length == 0:
        return math.dist(point, start)
    across = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
    return abs(across) / length


def nearest_vertex(point: Point, points: Sequence[Point]) -> tuple[int, float]:
    """(index, distance in pixels) of the vertex nearest to ``point``; the first of equals. ``points`` is not empty."""
    distances = np.hypot(*(_rows(points) - np.asarray(point, float)).T)
    index = int(np.argmin(distances))
    return index, float(distances[index])


def nearest_edge(point: Point, points: Sequence[Point], closed: bool = True) -> tuple[int, float]:
    """(index, distance in pixels) of the edge nearest to ``point``; edge i runs from vertex i to the next.

    ``closed`` adds the edge from the last vertex to the first. ``points`` holds at least one point (closed) or two.
    """
    starts = _rows(points)
    ends = np.roll(starts, -1, axis=0)
    count = len(starts) if closed else len(starts) - 1
    distances = distances_to_segments(point, starts[:count], ends[:count])
    index = int(np.argmin(distances))
    return index, float(distances[index])


def contains(points: Sequence[Point], point: Point) -> bool:
    """Whether ``point`` lies inside the polygon by the even-odd rule; left and top borders count as inside."""
    x, y = point
    start = _rows(points)
    end = np.roll(start, -1, axis=0)
    crossing = (start[:, 1] <= y) != (end[:, 1] <= y)
    (ax, ay), (bx, by) = start[crossing].T, end[crossing].T
    return bool(np.count_nonzero(ax + (y - ay) * (bx - ax) / (by - ay) <= x) % 2)


def signed_area(points: Sequence[Point]) -> float:
    """Shoelace area in square pixels: positive where the vertices run clockwise on screen, 0 under three vertices."""
    if len(points) < 3:
        return 0.0
    x, y = (_rows(points) - _rows(points)[0]).T  # near the origin, where far-off outlines keep their precision
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def bounding_box(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of a non-empty set of points."""
    array = _rows(points)
    left, top = array.min(axis=0)
    right, bottom = array.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def perimeter(points: Sequence[Point], closed: bool = True) -> float:
    """Length of the outline in pixels; ``closed`` includes the way back from the last vertex to the first."""
    array = _rows(points)
    steps = np.roll(array, -1, axis=0) - array
    return float(np.hypot(*(steps if closed else steps[:-1]).T).sum())


def axes(points: Sequence[Point]) -> tuple[float, float]:
    """(long, short) axis in pixels of a polygon, as a reader sets two calipers.

    The long axis is the greatest distance between two vertices; the short one is the outline's whole extent at right
    angles to it. (0, 0) for a single point; the short axis is 0 where all vertices lie on one line.
    """
    array = _rows(points)
    # Row by row: the table of all distances of a long outline would fill the memory.
    farthest = [_farthest(array, vertex) for vertex in array]
    first = max(range(len(array)), key=lambda index: farthest[index][1])
    second, long = farthest[first]
    if long == 0:
        return 0.0, 0.0
    along = (array[second] - array[first]) / long
    across = array @ np.array([-along[1], along[0]])
    return long, float(across.max() - across.min())


def simplify_line(points: Sequence[Point], tolerance: float) -> tuple[Point, ...]:
    """An open line with points left out whose loss moves it by at most ``tolerance`` pixels; both ends stay.

    Ramer-Douglas-Peucker (Douglas and Peucker 1973).
    """
    if len(points) <= 2:
        return tuple(points)
    last = len(points) - 1
    return tuple(points[index] for index in sorted({0, last} | _kept(_rows(points), 0, last, tolerance)))


def simplify(points: Sequence[Point], tolerance: float) -> tuple[Point, ...]:
    """The polygon with vertices left out whose loss moves the outline by at most ``tolerance`` pixels.

    Ramer-Douglas-Peucker (Douglas and Peucker 1973) on the two halves between the first vertex and the one farthest
    from it. Polygons of up to three vertices come back as they are; no polygon falls under three.
    """
    if len(points) <= 3:
        return tuple(points)
    array = _rows(points)
    far = int(np.argmax(np.hypot(*(array - array[0]).T)))
    closed = np.vstack([array, array[:1]])
    kept = {0, far} | _kept(closed, 0, far, tolerance) | _kept(closed, far, len(array), tolerance)
    if len(kept) < 3:
        off_chord = _distances(array, array[:1], array[far : far + 1])
        spare = sorted(set(range(len(array))) - kept, key=lambda index: -off_chord[index])
        kept.update(spare[: 3 - len(kept)])
    return tuple(points[index] for index in sorted(kept))


def outline(shape: Shape) -> tuple[Point, ...]:
    """The polygon that encloses a shape's area; empty for kinds without corners (circle, mask) or without area."""
    if shape.shape_type == "rectangle":
        (left, top), (right, bottom) = shape.points
        return (left, top), (right, top), (right, bottom), (left, bottom)
    return shape.points if shape.shape_type in ("polygon", "oriented_rectangle") else ()


def area(shape: Shape) -> float:
    """Area in square pixels: of the outline (shoelace), the circle, or a mask's box; 0 for points and lines."""
    if shape.shape_type == "circle":
        radius = math.dist(*shape.points)
        return math.pi * radius * radius  # a power would overflow with an error
    if shape.shape_type == "mask":
        (left, top), (right, bottom) = shape.points
        return abs((right - left) * (bottom - top))
    return abs(signed_area(outline(shape)))


def _farthest(array: Floats, vertex: Floats) -> tuple[int, float]:
    distances = np.hypot(*(array - vertex).T)
    index = int(np.argmax(distances))
    return index, float(distances[index])


def _kept(array: Floats, first: int, last: int, tolerance: float) -> set[int]:
    """Vertices strictly between ``first`` and ``last`` that the chord may not skip."""
    kept: set[int] = set()
    open_chords = [(first, last)]
    while open_chords:
        start, end = open_chords.pop()
        if end - start < 2:
            continue
        distances = _distances(array[start + 1 : end], array[start : start + 1], array[end : end + 1])
        if distances.max() > tolerance:
            middle = start + 1 + int(np.argmax(distances))
            kept.add(middle)
            open_chords += [(start, middle), (middle, end)]
    return kept


def _distances(points: Floats, starts: Floats, ends: Floats) -> Floats:
    """(N,) distances from points to segments, each (N, 2) or (1, 2)."""
    along = ends - starts
    length2 = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
    share = np.clip(((points - starts) * along).sum(axis=1) / length2, 0, 1)
    return np.asarray(np.hypot(*(points - starts - share[:, None] * along).T))


def _rows(points: ArrayLike) -> Floats:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)
