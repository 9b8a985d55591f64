"""Outlines to masks and back. A pixel belongs to an outline if its centre (column + 0.5, row + 0.5) lies inside."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.domain import geometry
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Point, Shape, class_of

Mask = NDArray[np.bool_]

# Coordinates are brought into this range first, so that none overflows; no image reaches it.
_FARTHEST = 1e9
_LEAST_OVERLAP = 0.97


def class_mask(annotation: Annotation, height: int, width: int) -> NDArray[np.uint8]:
    """(height, width) uint8: 0 background, 1 tumour, 2 lymph node; later shapes lie over earlier ones.

    Shapes whose label names neither class and shapes without area (points, lines) leave no trace; what reaches beyond
    the image is cut off.
    """
    classes = np.zeros((height, width), np.uint8)
    for shape in annotation.shapes:
        if class_of(shape.label):
            classes[shape_mask(shape, height, width)] = class_of(shape.label)
    return classes


def lesion_class(annotation: Annotation) -> int:
    """1 tumour or 2 lymph node, whichever has the larger summed area (tumour if equal); 0 if neither has any."""
    areas = [0.0, 0.0, 0.0]
    for shape in annotation.shapes:
        areas[class_of(shape.label)] += _area(shape)
    tumour, node = areas[class_of(TUMOUR_LABEL)], areas[class_of(NODE_LABEL)]
    if tumour == node == 0:
        return 0
    return class_of(TUMOUR_LABEL if tumour >= node else NODE_LABEL)


def shape_mask(shape: Shape, height: int, width: int) -> Mask:
    """(height, width) bool of one shape; all False for kinds without area and for masks that cannot be decoded."""
    if shape.shape_type == "circle":
        return _disc(shape.points[0], shape.points[1], height, width)
    if shape.shape_type == "mask":
        return _placed(shape, height, width)
    return polygon_mask(geometry.outline(shape), height, width)


def polygon_mask(points: Sequence[Point], height: int, width: int) -> Mask:
    """(height, width) bool of a polygon by the even-odd rule; all False under three vertices.

    Exact, unlike `cv2.fillPoly`, which adds every pixel the border touches. For each edge and each row whose centre
    it crosses, the first column right of the crossing is toggled; a running sum along the row then counts crossings.
    """
    if len(points) < 3:
        return np.zeros((height, width), np.bool_)
    start = np.clip(np.asarray(points, np.float64), -_FARTHEST, _FARTHEST)
    end = np.roll(start, -1, axis=0)
    # Both ways along an edge reckon alike, so that a bridge walked there and back leaves no pixel.
    down = start[:, 1:] <= end[:, 1:]
    start, end = np.where(down, start, end), np.where(down, end, start)
    top, bottom = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first, stop = _first_centre(top, height), _first_centre(bottom, height)
    edge = np.repeat(np.arange(len(start)), stop - first)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(stop - first) - stop, stop - first)
    (ax, ay), (bx, by) = start[edge].T, end[edge].T
    column = _first_centre(ax + (row + 0.5 - ay) * (bx - ax) / (by - ay), width)
    toggles = np.bincount(row * (width + 1) + column, minlength=height * (width + 1)).reshape(height, width + 1)
    return np.asarray(np.cumsum(toggles[:, :width], axis=1) % 2 == 1)


def outlines(mask: ArrayLike, tolerance: float = 1.0) -> list[tuple[Point, ...]]:
    """Polygons around the connected (8 neighbours) parts of an (H, W) bool mask, the largest part first.

    Outer borders only: holes are filled. The border runs along pixel edges and is simplified by at most ``tolerance``
    pixels, less where a small or thin part would otherwise come back changed: `polygon_mask` of the polygon overlaps
    the part by an IoU of at least 0.97.
    """
    filled = np.ascontiguousarray(mask, dtype=np.uint8)
    contours, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    parts = [_part(contour) for contour in contours]
    parts.sort(key=lambda part: -np.count_nonzero(part[0]))
    return [tuple((x + left, y + top) for x, y in _part_outline(part, tolerance)) for part, (left, top) in parts]


def mask_pixels(mask: str) -> Mask:
    """(h, w) bool of a LabelMe mask, a base64 PNG of one channel; raises ValueError if it is anything else."""
    try:
        data = np.frombuffer(base64.b64decode(mask), np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except (ValueError, cv2.error) as error:
        raise ValueError("not a base64 PNG") from error
    if pixels is None or pixels.ndim != 2:
        raise ValueError("not a PNG of one channel")
    return np.asarray(pixels != 0)


def mask_text(pixels: Mask) -> str:
    """The inverse of `mask_pixels`: an (h, w) bool array, not empty, as LabelMe keeps it (0 and 1 in a PNG)."""
    _ok, encoded = cv2.imencode(".png", pixels.astype(np.uint8))
    return base64.b64encode(encoded.tobytes()).decode("ascii")


def _area(shape: Shape) -> float:
    return float(np.count_nonzero(_pixels(shape))) if shape.shape_type == "mask" else geometry.area(shape)


def _first_centre(position: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The first pixel of ``count`` whose centre lies at or beyond ``position``; ``count`` if none does."""
    return np.clip(np.ceil(position - 0.5), 0, count).astype(np.int64)


def _disc(centre: Point, rim: Point, height: int, width: int) -> Mask:
    across = np.arange(width) + 0.5 - centre[0]
    down = np.arange(height) + 0.5 - centre[1]
    radius = np.hypot(rim[0] - centre[0], rim[1] - centre[1])
    return np.asarray(np.hypot(across[None, :], down[:, None]) <= radius)


def _placed(shape: Shape, height: int, width: int) -> Mask:
    """A mask's pixels with their first one at the upper left corner of the shape's box, rounded to a whole pixel."""
    canvas = np.zeros((height, width), np.bool_)
    pixels = _pixels(shape)
    corner = np.clip(np.min(shape.points, axis=0), -_FARTHEST, _FARTHEST)
    left, top = (round(float(value)) for value in corner)
    visible = pixels[max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
    top, left = max(top, 0), max(left, 0)
    canvas[top : top + visible.shape[0], left : left + visible.shape[1]] = visible
    return canvas


def _pixels(shape: Shape) -> Mask:
    try:
        return mask_pixels(shape.mask or "")
    except ValueError:
        return np.zeros((0, 0), np.bool_)


def _part(contour: NDArray[np.int32]) -> tuple[Mask, tuple[int, int]]:
    """One contour as a filled mask in its own box, and the box's (left, top)."""
    left, top, width, height = cv2.boundingRect(contour)
    canvas = np.zeros((height, width), np.uint8)
    cv2.drawContours(canvas, [contour], 0, 1, cv2.FILLED, offset=(-left, -top))
    return canvas.astype(np.bool_), (left, top)


def _part_outline(part: Mask, tolerance: float) -> tuple[Point, ...]:
    border = _border(part)
    for allowed in (tolerance, tolerance / 2, tolerance / 4):
        polygon = geometry.simplify(border, allowed)
        if _overlap(polygon_mask(polygon, *part.shape), part) >= _LEAST_OVERLAP:
            return polygon
    return geometry.simplify(border, 0.0)


def _overlap(one: Mask, other: Mask) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


def _border(part: Mask) -> tuple[Point, ...]:
    """The middles of the pixel edges around a part without holes, once round, clockwise on screen.

    Middles rather than corners: staircases become slopes, and every pixel centre stays on its side.
    """
    following = _pixel_edges(part)
    start = here = next(iter(following))
    step = (1, 0)
    middles = []
    while True:
        ways = following[here]
        # Where two pixels meet at a corner only, turning left keeps both on one walk.
        left_turn = (here[0] + step[1], here[1] - step[0])
        there = left_turn if left_turn in ways else ways[0]
        ways.remove(there)
        middles.append(((here[0] + there[0]) / 2, (here[1] + there[1]) / 2))
        step = (there[0] - here[0], there[1] - here[1])
        here = there
        if here == start and not following[start]:
            return tuple(middles)


def _pixel_edges(part: Mask) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """From each pixel corner on the border the corners that follow it, with the part to the right of the way."""
    padded = np.pad(part, 1)
    inside = padded[1:-1, 1:-1]
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}
    # (neighbour outside, start and end of the edge relative to the pixel's upper left corner as x, y)
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    for neighbour, (ax, ay), (bx, by) in sides:
        rows, columns = np.nonzero(inside & ~neighbour)
        for x, y in zip(columns.tolist(), rows.tolist(), strict=True):
            following.setdefault((x + ax, y + ay), []).append((x + bx, y + by))
    return following
