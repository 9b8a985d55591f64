"""What scores reach on average over all outcomes that patients could have had: their chances are known here.

A cohort's outcomes are one draw of them, and with 140 patients an AUC goes up and down by 0.03 from draw to draw. These
figures do not. ``chance`` (n,) is P(outcome = 1) of each patient for a reader who sees all that the images show.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.conformal import Conformal
from aln_desk.stats.ranks import Floats

BINS = 10


def auc(chance: ArrayLike, score: ArrayLike) -> float:
    """Expected number of pairs, a positive and another patient who is negative, that ``score`` (n,) ranks rightly, a
    tie counting one half, over the expected number of pairs; nan where none can be expected.
    """
    positive, scores = np.asarray(chance, np.float64), np.asarray(score, np.float64)
    negative, level = 1.0 - positive, np.unique(scores, return_inverse=True)[1]
    of_level = np.bincount(level, negative)
    below = np.cumsum(of_level) - 0.5 * of_level
    alone = float(positive @ negative)  # a patient is no pair with themselves
    pairs = float(positive.sum() * negative.sum()) - alone
    if not pairs > 0:
        return math.nan
    return (float(np.bincount(level, positive) @ below) - 0.5 * alone) / pairs


def ece(chance: ArrayLike, probability: ArrayLike) -> float:
    """Mean over patients of how far the mean ``probability`` (n,) of their bin, one of ten of equal width, lies from
    the mean chance; 0 for the chances themselves. nan without patients.
    """
    chances, said = np.asarray(chance, np.float64), np.asarray(probability, np.float64)
    if not said.size:
        return math.nan
    place = np.clip(np.ceil(said * BINS) - 1, 0, BINS - 1).astype(np.int64)
    return float(np.abs(np.bincount(place, said - chances)).sum() / said.size)


def coverage(chance: ArrayLike, score: ArrayLike, conformal: Conformal) -> float:
    """Mean chance that a patient's conformal set holds the outcome; nan without patients."""
    chances: Floats = np.asarray(chance, np.float64)
    if not chances.size:
        return math.nan
    regions = [conformal.region(one) for one in np.asarray(score, np.float64).tolist()]
    held = [(1 in region) * p + (0 in region) * (1 - p) for region, p in zip(regions, chances.tolist(), strict=True)]
    return float(np.mean(held))
