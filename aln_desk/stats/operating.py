"""What a frozen threshold does to the patients: the confusion matrix, its proportions, and how to choose one.

A score >= threshold is called positive. A proportion of nobody is nan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.ranks import can_be_ranked, counts_from, paired


@dataclass(frozen=True, slots=True)
class Confusion:
    """Patients called rightly and wrongly: true and false positives, true and false negatives."""

    tp: int
    fp: int
    tn: int
    fn: int


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share in [0, 1] with its 95 % confidence limits; all nan where it is a share of nobody."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Operating:
    """The figures of one confusion matrix. F1 is no proportion of patients and has no interval."""

    accuracy: Proportion
    sensitivity: Proportion
    specificity: Proportion
    ppv: Proportion
    npv: Proportion
    f1: float


def confusion(outcome: ArrayLike, score: ArrayLike, threshold: float) -> Confusion:
    """Count the patients (n,) by outcome and decision.

    ValueError where the lengths differ, or the threshold or a score is NaN: counts cannot say "undefined".
    """
    outcomes, scores = paired(outcome, score)
    if math.isnan(threshold) or np.isnan(scores).any():
        raise ValueError("a threshold or score that is not a number decides nothing")
    called = scores >= threshold
    return Confusion(
        tp=int(np.count_nonzero(called & outcomes)),
        fp=int(np.count_nonzero(called & ~outcomes)),
        tn=int(np.count_nonzero(~called & ~outcomes)),
        fn=int(np.count_nonzero(~called & outcomes)),
    )


def table(outcome: ArrayLike, score: ArrayLike, threshold: float) -> Operating:
    """The figures of patients (n,) at a threshold; all nan where the threshold or a score is NaN."""
    _, scores = paired(outcome, score)
    if math.isnan(threshold) or np.isnan(scores).any():
        return figures(Confusion(0, 0, 0, 0))
    return figures(confusion(outcome, score, threshold))


def figures(counts: Confusion) -> Operating:
    """The proportions of a confusion matrix with Wilson intervals, and F1 = 2 tp / (2 tp + fp + fn)."""
    tp, fp, tn, fn = counts.tp, counts.fp, counts.tn, counts.fn
    wrong = fp + fn
    return Operating(
        accuracy=wilson(tp + tn, tp + tn + wrong),
        sensitivity=wilson(tp, tp + fn),
        specificity=wilson(tn, tn + fp),
        ppv=wilson(tp, tp + fp),
        npv=wilson(tn, tn + fn),
        f1=2 * tp / (2 * tp + wrong) if tp + wrong else math.nan,
    )


def wilson(count: int, total: int, level: float = 0.95) -> Proportion:
    """``count / total`` with Wilson's score interval (JASA 22:209, 1927), no continuity correction."""
    if total == 0:
        return Proportion(math.nan, math.nan, math.nan)
    share = count / total
    z = NormalDist().inv_cdf(0.5 + level / 2)
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    reach = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    # At shares of 0 and 1 a limit is the share itself, which rounding must not overstep.
    return Proportion(share, max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach)))


def youden_threshold(outcome: ArrayLike, score: ArrayLike) -> float:
    """The threshold of greatest sensitivity + specificity (Youden, Cancer 3:32, 1950): never infinite.

    It lies midway between neighbouring distinct scores, so that it depends on no single patient's last digit.
    Of thresholds equally good the lowest is taken: it misses the fewest positives. Where no midpoint beats
    calling everyone positive (scores all equal, or worse than chance) it is the lowest score. nan where one
    outcome is missing or a score is NaN or infinite.
    """
    outcomes, scores = paired(outcome, score)
    if not can_be_ranked(outcomes, scores) or not np.isfinite(scores).all():
        return math.nan
    distinct, true_positive, false_positive = counts_from(outcomes, scores)
    # Sensitivity - false positive rate, times m n: whole numbers, so that ties are exact.
    gain = true_positive * false_positive[0] - false_positive * true_positive[0]
    best = int(gain.argmax())
    return _midpoint(float(distinct[max(best - 1, 0)]), float(distinct[best]))


def _midpoint(low: float, high: float) -> float:
    """Above ``low`` (where they differ) and at most ``high``, even for neighbouring floats."""
    middle = low / 2 + high / 2
    return middle if low < middle <= high else high
