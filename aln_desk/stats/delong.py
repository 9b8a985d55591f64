"""DeLong's variance of an AUC and test of two AUCs on the same patients.

DeLong, DeLong & Clarke-Pearson, Biometrics 44:837, 1988, by the ranks of Sun & Xu (see `ranks.placements`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from numpy.typing import ArrayLike

from aln_desk.stats.ranks import Floats, can_be_ranked, paired, placements


@dataclass(frozen=True, slots=True)
class Comparison:
    """AUC of the first score minus that of the second, its confidence limits, z statistic and two-sided p."""

    difference: float
    low: float
    high: float
    z: float
    p: float


def variance(outcome: ArrayLike, score: ArrayLike) -> float:
    """Variance of the AUC of scores (n,); exactly 0 for perfect separation.

    nan with fewer than two patients of an outcome or a NaN score; ValueError where the lengths differ.
    """
    outcomes, scores = paired(outcome, score)
    if not can_be_ranked(outcomes, scores):
        return math.nan
    return _variance(*placements(outcomes, scores))


def compare(outcome: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, level: float = 0.95) -> Comparison:
    """Paired test of two scores (n,) of the same patients: is AUC a - AUC b other than 0?

    The limits are not clipped. Two scores that rank every patient alike (a score against itself) give z 0 and
    p 1, as pROC does; a difference without any variance (perfect against reversed) has no z and no p: nan.
    All is nan where either AUC is not defined; z, p and limits with fewer than two patients of an outcome.
    """
    outcomes, first = paired(outcome, score_a)
    _, second = paired(outcome, score_b)
    if not (can_be_ranked(outcomes, first) and can_be_ranked(outcomes, second)):
        return Comparison(math.nan, math.nan, math.nan, math.nan, math.nan)
    below_a, above_a = placements(outcomes, first)
    below_b, above_b = placements(outcomes, second)
    # The differences' variance is S_aa + S_bb - 2 S_ab, but never negative, and exactly 0 for equals.
    below, above = below_a - below_b, above_a - above_b
    difference = float(below.sum() / (below.size * above.size))
    error = math.sqrt(_variance(below, above))
    margin = NormalDist().inv_cdf(0.5 + level / 2) * error
    z = _ratio(difference, error)
    p = math.erfc(abs(z) / math.sqrt(2))
    return Comparison(difference, difference - margin, difference + margin, z, p)


def _variance(below: Floats, above: Floats) -> float:
    """Of an AUC (or a difference) from its components (m,) and (n,) in counts: S10 / m + S01 / n."""
    positives, negatives = below.size, above.size
    if positives < 2 or negatives < 2:
        return math.nan
    return float(below.var(ddof=1) / (positives * negatives**2) + above.var(ddof=1) / (negatives * positives**2))


def _ratio(difference: float, error: float) -> float:
    if error == 0.0:
        return 0.0 if difference == 0.0 else math.nan
    return difference / error
