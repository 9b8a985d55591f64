"""How well an explanation agrees with what is known: of one map with an outline, of curves, and of two rankings.

Sources: pointing game, Zhang et al., "Top-down neural attention by excitation backprop", IJCV 126:1084, 2018 (arXiv
1608.00507); energy inside, Wang et al., "Score-CAM", CVPR workshops 2020 (arXiv 1910.01279); areas under deletion and
insertion curves, Petsiuk et al., "RISE", BMVC 2018 (arXiv 1806.07421); rank correlation of maps, Adebayo et al.,
"Sanity checks for saliency maps", NeurIPS 2018 (arXiv 1810.03292). What is not defined is nan.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.ranks import Floats, midranks


def hit(evidence: ArrayLike, lesion: ArrayLike, tolerance: float = 0.0) -> float:
    """Whether the largest positive evidence (H, W) lies inside the lesion (H, W), or at most ``tolerance`` pixels away.

    1 or 0; between them, the share of the places that are largest together. nan where there is no positive evidence
    (nothing is pointed at) or no lesion. ValueError where the shapes differ.
    """
    values, inside = _paired(evidence, lesion)
    top = values.max(initial=-math.inf)
    if not top > 0 or not inside.any():
        return math.nan
    peaks, drawn = np.argwhere(values == top), np.argwhere(inside)
    near = [float(((drawn - peak) ** 2).sum(axis=1).min()) <= tolerance**2 for peak in peaks]
    return float(np.mean(near))


def energy_inside(evidence: ArrayLike, lesion: ArrayLike) -> float:
    """The share in [0, 1] of all positive evidence (H, W) that lies inside the lesion (H, W); for evidence that knows
    nothing of the lesion, the lesion's share of the area.

    nan where there is no positive evidence or no lesion. ValueError where the shapes differ.
    """
    values, inside = _paired(evidence, lesion)
    positive = np.maximum(values, 0.0)
    total = positive.sum()
    return float(positive[inside].sum() / total) if total > 0 and inside.any() else math.nan


def area_under(curve: ArrayLike) -> float:
    """Area under a curve (n,), n >= 2, over even steps from 0 to 1, by trapezoids. ValueError for fewer points."""
    points = np.asarray(curve, dtype=np.float64)
    if points.ndim != 1 or points.size < 2:
        raise ValueError(f"a curve {points.shape} needs two points or more in a row")
    return float(((points[:-1] + points[1:]) / 2).mean())


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's correlation of two sets of values of one shape, equal values sharing their mean rank.

    nan for fewer than two values, a value that is none, and where either set is all alike. ValueError where the shapes
    differ.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"values of shapes {one.shape} and {other.shape} cannot be compared")
    if np.isnan(one).any() or np.isnan(other).any():
        return math.nan
    a, b = (_centred(midranks(values.ravel())) for values in (one, other))
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(a @ b / spread, -1, 1)) if spread else math.nan


def top_agreement(found: ArrayLike, truth: ArrayLike) -> float:
    """Whether what is ranked first by ``found`` (n,) is first in ``truth`` (n,): 1 or 0; of several that are first
    together by ``found``, the share that is right.

    nan where all are alike in truth, so that no choice is wrong. ValueError where the lengths differ.
    """
    one, other = np.asarray(found, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError(f"found {one.shape} and truth {other.shape} must be flat and of one length")
    if not one.size or np.isnan(one).any() or not other.max() > other.min():
        return math.nan
    right = other == other.max()
    return float(right[one == one.max()].mean())


def _paired(evidence: ArrayLike, lesion: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    values, inside = np.asarray(evidence, dtype=np.float64), np.asarray(lesion, dtype=bool)
    if values.ndim != 2 or values.shape != inside.shape:
        raise ValueError(f"evidence {values.shape} and lesion {inside.shape} lie on different images")
    return np.nan_to_num(values, nan=0.0), inside


def _centred(values: Floats) -> Floats:
    return values - values.mean() if values.size else values
