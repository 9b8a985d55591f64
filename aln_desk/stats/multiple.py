"""Many tests at once: p values that keep the chance of any false alarm at the level of one test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.ranks import Floats


def holm(p: ArrayLike) -> Floats:
    """Holm's adjusted p values, in the shape of ``p`` (float64): compare each with the level itself.

    Sorted ascending, the i-th of k (from 0) becomes the largest (k - j) p_j for j <= i, at most 1 (Holm, Scandinavian
    Journal of Statistics 6:65, 1979). A nan is a test that could not be made: it stays nan and does not count in k.
    ValueError for a p outside [0, 1].
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    made = values[known]
    if ((made < 0) | (made > 1)).any():
        raise ValueError("a p value lies between 0 and 1")
    order = made.argsort()
    ascending = np.maximum.accumulate(np.arange(made.size, 0, -1) * made[order])
    made[order] = np.minimum(ascending, 1.0)
    adjusted[known] = made
    return adjusted
