"""What a frozen threshold does to the patients: the confusion matrix, its proportions, and how to choose one.

A score >= threshold is called positive. A proportion of nobody is nan, and says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.ranks import counts_from, paired, why_undefined


@dataclass(frozen=True, slots=True)
class Confusion:
    """Patients called rightly and wrongly: true and false positives, true and false negatives."""

    tp: int
    fp: int
    tn: int
    fn: int


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share in [0, 1] with its confidence limits; all nan where it is a share of nobody: ``reason`` says why."""

    value: float
    low: float
    high: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Operating:
    """The figures of one confusion matrix. F1 is no share of patients; `figures` says what its limits are."""

    accuracy: Proportion
    sensitivity: Proportion
    specificity: Proportion
    ppv: Proportion
    npv: Proportion
    f1: Proportion


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two ways to decide on the same ``n`` patients: ``only_a`` of them are right by a alone, ``only_b`` by b alone.

    ``difference`` is the accuracy of a less that of b, ``p`` two-sided. What is not defined is nan, and ``reason``
    says why; it is empty otherwise.
    """

    n: int
    only_a: int
    only_b: int
    difference: float
    p: float
    reason: str = ""


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


def table(outcome: ArrayLike, score: ArrayLike, threshold: float, level: float = 0.95) -> Operating:
    """The figures of patients (n,) at a threshold; all nan where the threshold or a score is NaN."""
    outcomes, scores = paired(outcome, score)
    missing = np.count_nonzero(np.isnan(scores))
    if missing or math.isnan(threshold):
        reason = f"{missing} of {scores.size} scores are missing" if missing else "there is no one threshold"
        return Operating(*[Proportion(math.nan, math.nan, math.nan, reason)] * 6)
    return figures(confusion(outcomes, scores, threshold), level)


def figures(counts: Confusion, level: float = 0.95) -> Operating:
    """The proportions of a confusion matrix with Wilson intervals, and F1 = 2 tp / (2 tp + fp + fn) with its own.

    F1 = 2 F* / (1 + F*), where F* = tp / (tp + fp + fn) is the share of true positives among the patients who have or
    are called positive (Hand, Christen & Kirielle, Machine Learning 110:451, 2021). It rises with F*, so its limits
    are those of F*, Wilson's, taken through the same formula: never outside [0, 1], and of width above 0 at both ends
    (the indirect Wilson interval of Lam, Gopal & Qian, arXiv 2309.14621).
    """
    tp, fp, tn, fn = counts.tp, counts.fp, counts.tn, counts.fn
    star = _share(tp, tp + fp + fn, "no patient has a positive outcome or is called positive", level)
    f1 = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else math.nan
    return Operating(
        accuracy=_share(tp + tn, tp + tn + fp + fn, "no patients", level),
        sensitivity=_share(tp, tp + fn, "no patient has a positive outcome", level),
        specificity=_share(tn, tn + fp, "no patient has a negative outcome", level),
        ppv=_share(tp, tp + fp, "no patient is called positive", level),
        npv=_share(tn, tn + fn, "no patient is called negative", level),
        f1=Proportion(f1, 2 * star.low / (1 + star.low), 2 * star.high / (1 + star.high), star.reason),
    )


def _share(count: int, total: int, nobody: str, level: float) -> Proportion:
    return wilson(count, total, level) if total else Proportion(math.nan, math.nan, math.nan, nobody)


def wilson(count: int, total: int, level: float = 0.95) -> Proportion:
    """``count / total`` with Wilson's score interval (JASA 22:209, 1927), no continuity correction."""
    if total == 0:
        return Proportion(math.nan, math.nan, math.nan, "a share of nobody")
    share = count / total
    z = NormalDist().inv_cdf(0.5 + level / 2)
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    reach = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    # At shares of 0 and 1 a limit is the share itself, which rounding must not overstep.
    return Proportion(share, max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach)))


def why_no_threshold(outcome: ArrayLike, score: ArrayLike) -> str:
    """Why no threshold can be chosen on patients (n,), as words that can follow a colon; empty where one can."""
    infinite = np.count_nonzero(np.isinf(np.asarray(score, dtype=np.float64)))
    return why_undefined(outcome, score) or (f"{infinite} scores are infinite" if infinite else "")


def youden_threshold(outcome: ArrayLike, score: ArrayLike) -> float:
    """The threshold of greatest sensitivity + specificity (Youden, Cancer 3:32, 1950): never infinite.

    It lies midway between neighbouring distinct scores, so that it depends on no single patient's last digit.
    Of thresholds equally good the lowest is taken: it misses the fewest positives. Where no midpoint beats
    calling everyone positive (scores all equal, or worse than chance) it is the lowest score. nan where one
    outcome is missing or a score is NaN or infinite (`why_no_threshold`).
    """
    outcomes, scores = paired(outcome, score)
    if why_no_threshold(outcomes, scores):
        return math.nan
    distinct, true_positive, false_positive = counts_from(outcomes, scores)
    # Sensitivity - false positive rate, times m n: whole numbers, so that ties are exact.
    gain = true_positive * false_positive[0] - false_positive * true_positive[0]
    best = int(gain.argmax())
    return _midpoint(float(distinct[max(best - 1, 0)]), float(distinct[best]))


def threshold_at_sensitivity(outcome: ArrayLike, score: ArrayLike, sensitivity: float) -> float:
    """The highest threshold whose sensitivity is at least ``sensitivity``, in (0, 1]: the score of a positive patient.

    Any higher one misses more positives than allowed, a lower one gains no specificity. nan where one outcome is
    missing or a score is NaN or infinite (`why_no_threshold`). ValueError for a sensitivity outside (0, 1].
    """
    if not 0 < sensitivity <= 1:
        raise ValueError("a sensitivity to reach lies above 0 and is at most 1")
    outcomes, scores = paired(outcome, score)
    if why_no_threshold(outcomes, scores):
        return math.nan
    distinct, true_positive, _ = counts_from(outcomes, scores)
    reached = true_positive / true_positive[0] >= sensitivity
    return float(distinct[np.flatnonzero(reached)[-1]])


def mcnemar(outcome: ArrayLike, decision_a: ArrayLike, decision_b: ArrayLike) -> McNemar:
    """Are decisions a or b (n,), 0 or 1, of the same patients right more often? McNemar's test, exact.

    Where both were equally good, each of the k patients whom one alone decides rightly is as likely to be a's as
    b's: p = min(1, 2 P(X <= min(only a, only b))), X binomial(k, 1/2) (McNemar, Psychometrika 12:153, 1947). Given
    only the patients with a positive (negative) outcome it compares sensitivities (specificities). p is 1 where k is
    0, nan without patients or with a decision that is NaN. ValueError for other decisions and where lengths differ.
    """
    from scipy.special import bdtr

    outcomes, first = paired(outcome, decision_a)
    _, second = paired(outcome, decision_b)
    undecided = np.isnan(first) | np.isnan(second)
    if not outcomes.size or undecided.any():
        reason = f"{undecided.sum()} of {outcomes.size} patients lack a decision" if outcomes.size else "no patients"
        return McNemar(outcomes.size, 0, 0, math.nan, math.nan, reason)
    if not np.isin([first, second], (0, 1)).all():
        raise ValueError("every decision must be 0 or 1")
    right_a, right_b = first == outcomes, second == outcomes
    only_a, only_b = int(np.count_nonzero(right_a & ~right_b)), int(np.count_nonzero(right_b & ~right_a))
    p = min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
    return McNemar(outcomes.size, only_a, only_b, (only_a - only_b) / outcomes.size, p)


def _midpoint(low: float, high: float) -> float:
    """Above ``low`` (where they differ) and at most ``high``, even for neighbouring floats."""
    middle = low / 2 + high / 2
    return middle if low < middle <= high else high
