"""Ranking patients by score: what AUC, ROC curve, DeLong's variance and Youden's threshold have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Outcomes = NDArray[np.bool_]
Floats = NDArray[np.float64]


def paired(outcome: ArrayLike, score: ArrayLike) -> tuple[Outcomes, Floats]:
    """Known outcomes (n,) as bool and scores (n,) as float64, one of each a patient; n may be 0.

    ValueError where the lengths differ, an array is not flat, or an outcome is neither 0 nor 1 (patients of
    unknown outcome are the caller's to leave out).
    """
    outcomes, scores = np.asarray(outcome), np.asarray(score, dtype=np.float64)
    if outcomes.ndim != 1 or outcomes.shape != scores.shape:
        raise ValueError(f"outcome {outcomes.shape} and score {scores.shape} must be flat and of one length")
    if not np.isin(outcomes, (0, 1)).all():
        raise ValueError("every outcome must be 0 or 1")
    return outcomes.astype(bool), scores


def can_be_ranked(outcome: Outcomes, score: Floats) -> bool:
    """Whether both outcomes occur and no score is NaN; otherwise nothing about their order is defined."""
    return bool(outcome.any() and not outcome.all() and not np.isnan(score).any())


def why_undefined(outcome: ArrayLike, score: ArrayLike, least: int = 1) -> str:
    """Why scores (n,) cannot be judged against outcomes (n,), as words that can follow a colon; empty where they can.

    An area or a curve needs ``least`` = 1 patient of each outcome and every score, a variance (hence limits, a z or
    a p) ``least`` = 2. ValueError as for `paired`.
    """
    outcomes, scores = paired(outcome, score)
    missing = np.count_nonzero(np.isnan(scores))
    if missing:
        return f"{missing} of {scores.size} scores are missing"
    return too_few(outcomes, least)


def too_few(outcome: Outcomes, least: int = 1) -> str:
    """Which of the outcomes (n,) fewer than ``least`` patients have; empty where none."""
    if not outcome.size:
        return "no patients"
    positive = np.count_nonzero(outcome)
    for count, name in ((positive, "positive"), (outcome.size - positive, "negative")):
        if count == 0:
            return f"no patient has a {name} outcome"
        if count < least:
            return f"fewer than {least} patients have a {name} outcome"
    return ""


def midranks(values: Floats) -> Floats:
    """Ranks (n,) from 1, equal values sharing the mean of theirs. Multiples of one half, hence exact."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(count) - (count - 1) / 2)[inverse]
    return ranks


def placements(outcome: Outcomes, score: Floats) -> tuple[Floats, Floats]:
    """For each positive (m,) the negatives scored below it, for each negative (n,) the positives above it.

    A tie counts one half. In O((m + n) log (m + n)): a rank among all, less the rank among one's own, counts
    those of the other outcome (Sun & Xu, IEEE Signal Processing Letters 21:1389, 2014). Divided by n and m
    they are DeLong's structural components; as multiples of one half their sums are exact.
    """
    ranks = midranks(score)
    below = ranks[outcome] - midranks(score[outcome])
    above = np.count_nonzero(outcome) - (ranks[~outcome] - midranks(score[~outcome]))
    return below, above


def counts_from(outcome: Outcomes, score: Floats) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Distinct scores (k,) ascending; how many positives (k,) and negatives (k,) score at least that."""
    distinct, inverse = np.unique(score, return_inverse=True)
    positives, negatives = inverse[outcome], inverse[~outcome]
    return distinct, _from_above(positives, distinct.size), _from_above(negatives, distinct.size)


def _from_above(index: NDArray[np.intp], size: int) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.bincount(index, minlength=size)[::-1].cumsum()[::-1].astype(np.int64)
    return counts
