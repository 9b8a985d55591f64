"""How well two masks of one image agree."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def dice(first: ArrayLike, second: ArrayLike) -> float:
    """2 |A and B| / (|A| + |B|) of two masks (H, W), any value but 0 being inside.

    0 where one is empty; nan where both are (there is nothing to agree on). ValueError where the shapes
    differ.
    """
    common, total = _areas(first, second)
    return 2 * common / total if total else math.nan


def iou(first: ArrayLike, second: ArrayLike) -> float:
    """|A and B| / |A or B| of two masks (H, W); edge cases as for `dice`."""
    common, total = _areas(first, second)
    return common / (total - common) if total else math.nan


def _areas(first: ArrayLike, second: ArrayLike) -> tuple[int, int]:
    """Pixels in both masks, and the sum of the pixels of each."""
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"masks of shapes {a.shape} and {b.shape} lie on different images")
    return int(np.count_nonzero(a & b)), int(np.count_nonzero(a)) + int(np.count_nonzero(b))
