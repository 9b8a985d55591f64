"""Where a point goes that is put near something: on a neighbour's corner, its edge, or the border of the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSizeF

from aln_desk.domain.shape import Point
from aln_desk.gui.canvas.outlines import DOT_KINDS, Outline, Outlines


def inside(at: QPointF, size: QSizeF) -> Point:
    """The nearest point of the image."""
    return min(max(at.x(), 0.0), size.width()), min(max(at.y(), 0.0), size.height())


def snapped(outlines: Outlines, size: QSizeF, at: QPointF, reach: float, apart: frozenset[int]) -> Point:
    """The corner nearest to ``at`` within ``reach`` image pixels, else the nearest point of an edge within half of it,
    else the image's border within half of it; without any of these the nearest point of the image.

    The outlines ``apart`` are not there: what is being drawn or moved, and what is hidden. A corner draws from twice as
    far as an edge, since an edge leads past every corner.
    """
    x, y = inside(at, size)
    near = [outlines.all[index] for index in outlines.near(QPointF(x, y), reach) if index not in apart]
    corner = _nearest([outline.array for outline in near], (x, y), reach)
    if corner is not None:
        return corner
    edge = _nearest([_feet(outline, (x, y)) for outline in near], (x, y), reach / 2)
    if edge is not None:
        return inside(QPointF(*edge), size)
    return _to_border(x, size.width(), reach / 2), _to_border(y, size.height(), reach / 2)


def _nearest(points: list[NDArray[np.float64]], at: Point, reach: float) -> Point | None:
    every = np.concatenate([np.empty((0, 2)), *points])
    if not len(every):
        return None
    distances = np.hypot(*(every - at).T)
    best = int(np.argmin(distances))
    return (float(every[best, 0]), float(every[best, 1])) if distances[best] <= reach else None


def _feet(outline: Outline, at: Point) -> NDArray[np.float64]:
    """(N, 2): on each straight edge of an outline the point nearest to ``at``; none on dots and on a circle's rim."""
    if outline.shape.shape_type in DOT_KINDS or outline.shape.shape_type == "circle" or len(outline.array) < 2:
        return np.empty((0, 2))
    starts = outline.array if outline.closed else outline.array[:-1]
    ways = (np.roll(outline.array, -1, axis=0) if outline.closed else outline.array[1:]) - starts
    lengths = np.maximum((ways**2).sum(axis=1), np.finfo(float).tiny)
    share = np.clip(((at - starts) * ways).sum(axis=1) / lengths, 0, 1)
    return np.asarray(starts + share[:, None] * ways)


def _to_border(value: float, length: float, reach: float) -> float:
    if value <= reach:
        return 0.0
    return length if length - value <= reach else value
