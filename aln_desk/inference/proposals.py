"""Masks as outlines that a reader may accept."""

from __future__ import annotations

import cv2
import numpy as np

from aln_desk.io.rasterize import Mask, outlines

Polygons = list[list[list[float]]]
"""As messages carry them: closed polygons of points [x, y]."""

_LEAST = 0.05
"""Parts smaller than this share of the largest are specks that nobody would draw."""
_MOST = 8
"""Parts that are proposed at most."""


def polygons(mask: Mask, left: int = 0, top: int = 0) -> Polygons:
    """Outlines round the parts of an (h, w) mask whose upper left pixel is (left, top) of the image, largest first.

    Holes are filled, as a reader draws round all that belongs to a lesion. Empty for an empty mask.
    """
    if not mask.any():
        return []
    return [[[x + left, y + top] for x, y in points] for points in outlines(_large_parts(mask))]


def mostly_within(mask: Mask, box: tuple[int, int, int, int]) -> Mask:
    """The parts of an (h, w) mask that have more than half of their pixels in a box (left, top, right, bottom), whole.

    The box is one of whole pixels, within the mask.
    """
    left, top, right, bottom = box
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    everywhere = np.bincount(parts.ravel(), minlength=count)
    within = np.bincount(parts[top:bottom, left:right].ravel(), minlength=count)
    chosen = 2 * within > everywhere
    chosen[0] = False  # the background
    return np.asarray(chosen[parts])


def _large_parts(mask: Mask) -> Mask:
    _, parts, found, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = found[1:, cv2.CC_STAT_AREA]  # without the background
    largest = np.argsort(-areas, kind="stable")[:_MOST]
    return np.asarray(np.isin(parts, 1 + largest[areas[largest] >= _LEAST * areas.max()]))
