"""The ROC curve and the area under it, higher scores meaning positive.

Nothing is ever flipped: an AUC under 0.5 stays under 0.5. What is not defined (one outcome only, no patients,
a NaN among the scores) is nan, without a warning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.delong import variance
from aln_desk.stats.ranks import Floats, can_be_ranked, counts_from, paired, placements


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Points (k,) from (0, 0) to (1, 1); a point calls positive every score >= its ``threshold``.

    Thresholds descend from infinity (nobody positive) through the distinct scores. All three are empty where
    the curve is not defined.
    """

    false_positive_rate: Floats
    sensitivity: Floats
    threshold: Floats


def auc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Chance that a positive (n,) scores above a negative, a tie counting one half (Mann-Whitney).

    nan where not defined; ValueError where the lengths differ.
    """
    outcomes, scores = paired(outcome, score)
    if not can_be_ranked(outcomes, scores):
        return math.nan
    below, above = placements(outcomes, scores)
    return float(below.sum() / (below.size * above.size))


def auc_interval(outcome: ArrayLike, score: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """AUC and its confidence limits (auc, low, high): DeLong variance, normal, clipped to [0, 1].

    As pROC does. Perfect separation has no variance: (1, 1, 1). The limits are nan with fewer than two
    patients of an outcome.
    """
    area = auc(outcome, score)
    margin = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(variance(outcome, score))
    if math.isnan(margin):
        return area, math.nan, math.nan
    return area, max(0.0, area - margin), min(1.0, area + margin)


def curve(outcome: ArrayLike, score: ArrayLike) -> RocCurve:
    """The ROC curve: nobody positive, then a point for each distinct score (tied patients move together)."""
    outcomes, scores = paired(outcome, score)
    if not can_be_ranked(outcomes, scores):
        return RocCurve(np.empty(0), np.empty(0), np.empty(0))
    threshold, true_positive, false_positive = counts_from(outcomes, scores)
    return RocCurve(
        np.append(0.0, false_positive[::-1] / false_positive[0]),
        np.append(0.0, true_positive[::-1] / true_positive[0]),
        np.append(np.inf, threshold[::-1]),
    )
