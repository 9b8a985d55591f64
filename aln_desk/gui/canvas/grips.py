"""Which corners of a shape bear a handle: all where there is room, on a crowded outline those that keep apart."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF

from aln_desk.gui.canvas.outlines import Floats

APART = 11.0
"""Two handles closer than this along the outline (widget pixels) would lie on each other."""
NEAR = 32.0
"""Within this many widget pixels of the pointer every corner shows where it is."""


def grips(corners: Floats, zoom: float, pointer: QPointF | None) -> tuple[Floats, Floats]:
    """((M, 2), (K, 2)) of N corners in image pixels: those with a handle, and the others near the pointer.

    ``zoom`` is widget pixels per image pixel, ``pointer`` its place in image pixels. The first corner has a handle.
    """
    handled = _apart(corners, zoom)
    if handled.all() or pointer is None:
        return corners[handled], corners[:0]
    away = np.hypot(*(corners - pointer.toTuple()).T) * zoom
    return corners[handled], corners[~handled & (away <= NEAR)]


def crowded(corners: Floats, zoom: float) -> bool:
    """Whether some corners bear no handle, so that the pointer brings others to light."""
    return bool((_steps(corners) * zoom < APART).any())


def _apart(corners: Floats, zoom: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    steps = _steps(corners) * zoom
    if (steps >= APART).all():
        return np.ones(len(corners), np.bool_)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    kept, here = np.zeros(len(corners), np.bool_), 0
    while here < len(corners):
        kept[here] = True
        here = max(here + 1, int(np.searchsorted(way, way[here] + APART)))
    return kept


def _steps(corners: Floats) -> Floats:
    """(N - 1,) lengths from each corner to the next."""
    ways = np.diff(corners, axis=0)
    return np.asarray(np.hypot(ways[:, 0], ways[:, 1]))
