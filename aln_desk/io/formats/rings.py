"""Shapes as closed polygons, for formats that hold only those, and masks as shapes that cover exactly their pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.domain import geometry
from aln_desk.domain.shape import Point, Shape
from aln_desk.io.rasterize import mask_text, outlines, polygon_mask, shape_mask

Mask = NDArray[np.bool_]
Ring = tuple[Point, ...]

_MOST_PIECES = 1000
_FARTHEST = 1e9
"""Coordinates are brought into this range, so that none overflows; no image reaches it."""
_SAGITTA = 0.05
"""How far a circle's polygon may lie inside the circle, in pixels."""


def rings_of(shape: Shape, height: int, width: int) -> list[Ring]:
    """Polygons that cover a shape's area: one for most kinds, one a piece for a mask, none without area.

    Holes are joined to their outer ring by a bridge walked there and back. A circle is a polygon on its rim whose
    sides leave it by at most 0.05 px; of a mask only what lies on the image (``height``, ``width``) counts.
    """
    if shape.shape_type == "mask":
        return [ring for _piece, _place, ring, _exact in _pieces(shape_mask(shape, height, width))]
    ring = _circle(*shape.points) if shape.shape_type == "circle" else geometry.outline(shape)
    return [ring] if len(ring) >= 3 and all(map(math.isfinite, chain.from_iterable(ring))) else []


def shapes_of_mask(mask: Mask, label: str) -> list[Shape]:
    """Shapes whose area on the image is exactly the (H, W) mask, the largest piece first.

    A polygon a piece (pixels that touch, at corners too); a piece that no polygon covers exactly, or everything where
    there are more than 1000 pieces, stays a mask.
    """
    if cv2.connectedComponents(mask.astype(np.uint8))[0] - 1 > _MOST_PIECES:
        top, left = (int(np.flatnonzero(mask.any(axis=1 - axis))[0]) for axis in (0, 1))
        return [_mask_shape(_cropped(mask), (left, top), label)]
    return [
        Shape(label, ring) if exact else _mask_shape(piece, place, label)
        for piece, place, ring, exact in sorted(_pieces(mask), key=lambda found: -np.count_nonzero(found[0]))
    ]


def clipped(ring: Ring, height: int, width: int) -> Ring:
    """The part of a polygon that lies on the image (Sutherland and Hodgman 1974); empty where none does.

    A polygon that leaves and enters again stays one: its parts are joined along the image's border.
    """
    ring = tuple((_near(x), _near(y)) for x, y in ring)
    for axis, limit, sign in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        ring = tuple(_cut(ring, axis, limit, _beyond(axis, limit, sign)))
    return ring


def _pieces(mask: Mask) -> Iterator[tuple[Mask, tuple[int, int], Ring, bool]]:
    """Each piece: its pixels in their box, the box's (left, top), its ring, and whether that covers it exactly."""
    count, numbered, boxes, _centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        left, top, width, height = (int(value) for value in boxes[number][:4])
        piece = numbered[top : top + height, left : left + width] == number
        ring = _ring(piece)
        exact = bool(np.array_equal(polygon_mask(ring, height, width), piece))
        yield piece, (left, top), tuple((x + left, y + top) for x, y in ring), exact


def _ring(piece: Mask) -> Ring:
    """The border of one piece with its holes; through the middles of pixel edges, so every centre keeps its side."""
    outer = outlines(piece, tolerance=0.0)[0]
    missing = polygon_mask(outer, *piece.shape) & ~piece
    count, numbered = cv2.connectedComponents(missing.astype(np.uint8), connectivity=4)
    holes = [outlines(numbered == number, tolerance=0.0)[0] for number in range(1, count)]
    if not holes:
        return outer
    from aln_desk.outline.areas import ring_of  # shapely is loaded only for the rare mask with holes

    return ring_of(outer, holes)


def _mask_shape(pixels: Mask, place: tuple[int, int], label: str) -> Shape:
    (left, top), (height, width) = place, pixels.shape
    corners = (float(left), float(top)), (float(left + width - 1), float(top + height - 1))
    return Shape(label, corners, "mask", mask=mask_text(pixels))


def _cropped(mask: Mask) -> Mask:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _circle(centre: Point, rim: Point) -> Ring:
    radius = math.dist(centre, rim)
    if radius == 0 or not math.isfinite(radius):
        return ()
    wanted = math.pi / math.acos(1 - _SAGITTA / radius) if radius > _SAGITTA else 0
    count = min(max(math.ceil(wanted), 16), 720)
    turns = (math.tau * step / count for step in range(count))
    return tuple((centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in turns)


def _near(value: float) -> float:
    return min(max(value, -_FARTHEST), _FARTHEST)


def _beyond(axis: int, limit: float, sign: int) -> Callable[[Point], bool]:
    return lambda point: (point[axis] - limit) * sign < 0


def _cut(ring: Ring, axis: int, limit: float, is_out: Callable[[Point], bool]) -> Iterator[Point]:
    for before, point in zip((*ring[-1:], *ring[:-1]), ring, strict=True):
        if is_out(before) != is_out(point):
            share = (limit - before[axis]) / (point[axis] - before[axis])
            other = before[1 - axis] + share * (point[1 - axis] - before[1 - axis])
            yield (limit, other) if axis == 0 else (other, limit)
        if not is_out(point):
            yield point
