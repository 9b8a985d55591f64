"""The ROC and the precision-recall curve and the areas under them, higher scores meaning positive.

Nothing is ever flipped: an AUC under 0.5 stays under 0.5. What is not defined (one outcome only, no patients,
a NaN among the scores) is nan, without a warning; `ranks.why_undefined` says why, with ``least`` 2 for limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.bootstrap import RESAMPLES, Estimate, counted
from aln_desk.stats.delong import variance
from aln_desk.stats.ranks import Floats, can_be_ranked, counts_from, paired, placements, why_undefined

_EXACT, _COARSE = 2048, 512
"""Up to how many distinct scores a bootstrap keeps them all apart; and to how many ranks it rounds more."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Points (k,) from (0, 0) to (1, 1); a point calls positive every score >= its ``threshold``.

    Thresholds descend from infinity (nobody positive) through the distinct scores. All three are empty where
    the curve is not defined, and ``reason`` says why.
    """

    false_positive_rate: Floats
    sensitivity: Floats
    threshold: Floats
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecallCurve:
    """Points (k,) of rising recall; a point calls positive every score >= its ``threshold``, a distinct score.

    Recall is the sensitivity, precision the positive predictive value. There is no point of recall 0, where nobody
    is called and precision is not defined; a drawing holds the first precision from there on, as the area does. The
    ``prevalence`` is the precision of scores that tell nothing. Where the curve is not defined it is empty,
    ``average_precision`` nan, and ``reason`` says why.
    """

    recall: Floats
    precision: Floats
    threshold: Floats
    average_precision: float
    prevalence: float
    reason: str = ""


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
        return RocCurve(np.empty(0), np.empty(0), np.empty(0), why_undefined(outcomes, scores))
    threshold, true_positive, false_positive = counts_from(outcomes, scores)
    return RocCurve(
        np.append(0.0, false_positive[::-1] / false_positive[0]),
        np.append(0.0, true_positive[::-1] / true_positive[0]),
        np.append(np.inf, threshold[::-1]),
    )


def precision_recall(outcome: ArrayLike, score: ArrayLike) -> PrecisionRecallCurve:
    """The precision-recall curve of patients (n,), a point for each distinct score, and its average precision.

    Average precision is the sum of (recall_i - recall_i-1) precision_i: a step function, not the trapezoids, which
    promise too much (Davis & Goadrich, ICML 2006; as scikit-learn has it). Tied patients move together.
    """
    outcomes, scores = paired(outcome, score)
    if reason := why_undefined(outcomes, scores):
        return PrecisionRecallCurve(np.empty(0), np.empty(0), np.empty(0), math.nan, math.nan, reason)
    threshold, true_positive, false_positive = counts_from(outcomes, scores)
    above, called = true_positive[::-1], (true_positive + false_positive)[::-1]
    area = float(np.diff(above, prepend=0) @ (above / called) / above[-1])
    return PrecisionRecallCurve(
        above / above[-1], above / called, threshold[::-1], area, float(above[-1] / outcomes.size)
    )


def average_precision_interval(
    outcome: ArrayLike, score: ArrayLike, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Average precision with limits from a stratified bootstrap: positives and negatives are drawn apart.

    The limits are normal on the logit scale (as Boyd, Eng & Page, LNCS 8190:451, 2013, advise) with the bootstrap's
    standard error. Percentiles would lie too high: a positive drawn twice adds to its own precision. A resample
    without any error, which has no logit, counts as half the smallest error. Patients are drawn, so scores (n,) must
    be one a patient. Perfect separation has no spread: (1, 1, 1). No limits with fewer than two patients of an
    outcome. The seed fixes the limits, whatever the order of the patients. Beyond 2048 distinct scores the standard
    error is that of scores rounded to 512 ranks: that changes it by less than 2,000 resamples leave to chance.
    """
    outcomes, scores = paired(outcome, score)
    area = precision_recall(outcomes, scores).average_precision
    if reason := why_undefined(outcomes, scores, least=2):
        return Estimate(area, math.nan, math.nan, reason)
    if area == 1.0:
        return Estimate(1.0, 1.0, 1.0)
    groups = _tie_groups(outcomes, scores)
    positives = np.count_nonzero(outcomes)
    least = 1 / (2 * positives * (positives + 1))  # half of what one negative above one positive costs
    spread = np.std(_logit(np.minimum(_redrawn(*groups, resamples, seed), 1 - least)), ddof=1)
    margin = NormalDist().inv_cdf(0.5 + level / 2) * spread
    low, high = 1 / (1 + np.exp(-(_logit(area) + np.array([-margin, margin]))))
    return Estimate(area, float(low), float(high))


def _logit(share: ArrayLike) -> Floats:
    shares = np.asarray(share, dtype=np.float64)
    return np.asarray(np.log(shares / (1 - shares)))


def _tie_groups(outcomes: NDArray[np.bool_], scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positives (k,) and negatives (k,) of each distinct score, highest first, many being rounded."""
    _, group, count = np.unique(-scores, return_inverse=True, return_counts=True)
    if count.size > _EXACT:
        group = ((np.cumsum(count) - count) * _COARSE // scores.size)[group]
    size = int(group.max()) + 1
    return np.bincount(group[outcomes], minlength=size), np.bincount(group[~outcomes], minlength=size)


def _redrawn(positive: NDArray[np.int64], negative: NDArray[np.int64], resamples: int, seed: int) -> Floats:
    """Average precision (resamples,) of patients drawn again from their groups (k,)."""
    random = np.random.default_rng(seed)
    areas = []
    for done in range(0, resamples, _AT_ONCE):
        count = min(_AT_ONCE, resamples - done)
        areas.append(_average_precision(_drawn(random, positive, count), _drawn(random, negative, count)))
    return np.concatenate(areas)


def _drawn(random: np.random.Generator, members: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Members (count, k) of each group after drawing as many as there are with replacement, ``count`` times."""
    total = members.sum()
    if total > 4 * members.size:  # few groups: faster than patient by patient
        return random.multinomial(total, members / total, size=count)
    group = np.repeat(np.arange(members.size), members)
    return counted(group[random.integers(0, total, size=(count, total), dtype=np.uint32)], members.size)


def _average_precision(positive: NDArray[np.int64], negative: NDArray[np.int64]) -> Floats:
    """(...) of the positives and negatives (..., k) in each tie group, highest scores first."""
    above = positive.cumsum(axis=-1)
    called = above + negative.cumsum(axis=-1)
    gained: Floats = (positive * (above / np.maximum(called, 1))).sum(axis=-1) / above[..., -1]
    return gained
