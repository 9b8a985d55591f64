"""Pointwise confidence bands of ROC and precision-recall curves, by drawing the patients again.

Positives and negatives are drawn with replacement, each as many as there are (stratified bootstrap), and the drawn
curves are read at fixed places; the band's edges are percentiles there. For the ROC curve this is `ci.se` of R's pROC
(Robin et al., BMC Bioinformatics 12:77, 2011; Fawcett, Pattern Recognition Letters 27:861, 2006, calls the reading
vertical averaging). Each place holds for itself: the whole curve lies within the band less often than at one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.ranks import Floats, can_be_ranked, paired

RESAMPLES = 1000
_FINEST = 512
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Lower and upper edge (k,) at the places (k,) along the horizontal axis; all empty where not defined."""

    at: Floats
    low: Floats
    high: Floats


_NONE = Band(np.empty(0), np.empty(0), np.empty(0))
_Read = Callable[[Floats, Floats, Floats], Floats]


def roc_band(
    outcome: ArrayLike,
    score: ArrayLike,
    at: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Band:
    """Limits of the sensitivity of patients (n,) at false positive rates ``at`` (k,), by default 0, 0.01 ... 1.

    Between its points a curve is straight, so tied patients count by halves. Beyond 512 distinct scores neighbours
    are joined to 512 groups. Empty with fewer than two patients of an outcome or a NaN score, and for perfect
    separation of no width.
    """
    places = np.linspace(0, 1, 101) if at is None else np.asarray(at, dtype=np.float64)
    return _band(outcome, score, places, _sensitivity, (level, resamples, seed))


def precision_band(
    outcome: ArrayLike,
    score: ArrayLike,
    at: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Band:
    """Limits of the precision of patients (n,) at recalls ``at`` (k,), by default 0.01, 0.02 ... 1; as `roc_band`.

    The precision at a recall is that of the first point that reaches it, as average precision counts it.
    """
    places = np.linspace(0.01, 1, 100) if at is None else np.asarray(at, dtype=np.float64)
    return _band(outcome, score, places, _precision, (level, resamples, seed))


def _band(outcome: ArrayLike, score: ArrayLike, places: Floats, read: _Read, drawing: tuple[float, int, int]) -> Band:
    outcomes, scores = paired(outcome, score)
    positives = int(outcomes.sum())
    if not can_be_ranked(outcomes, scores) or positives < 2 or outcomes.size - positives < 2:
        return _NONE
    level, resamples, seed = drawing
    group = _groups(scores)
    size = int(group.max()) + 1
    true, false = (np.bincount(group[who], minlength=size) for who in (outcomes, ~outcomes))
    random = np.random.default_rng(seed)
    found = np.empty((resamples, places.size))
    for start in range(0, resamples, _AT_ONCE):
        rows = found[start : start + _AT_ONCE]
        above = random.multinomial(true.sum(), true / true.sum(), size=len(rows)).cumsum(axis=1)
        wrong = random.multinomial(false.sum(), false / false.sum(), size=len(rows)).cumsum(axis=1)
        for row, a, w in zip(rows, above, wrong, strict=True):
            row[:] = read(places, a.astype(np.float64), w.astype(np.float64))
    low, high = np.quantile(found, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return Band(places, low, high)


def _groups(scores: Floats) -> NDArray[np.intp]:
    """The tie group (n,) of each patient, highest score first, neighbours joined to at most `_FINEST` groups."""
    _, group, count = np.unique(-scores, return_inverse=True, return_counts=True)
    if count.size <= _FINEST:
        return group
    _, joined = np.unique((np.cumsum(count) - count) * _FINEST // scores.size, return_inverse=True)
    return np.asarray(joined[group])


def _sensitivity(places: Floats, above: Floats, wrong: Floats) -> Floats:
    """At false positive rates ``places``, from how many positives and negatives (g,) score at least so much.

    Where the curve rises steeply at a rate, its upper end counts.
    """
    x, y = np.append(0.0, wrong / wrong[-1]), np.append(0.0, above / above[-1])
    after = np.searchsorted(x, places, side="right")
    before = after - 1
    last = after == x.size
    after[last] = before[last]
    run = x[after] - x[before]
    share = np.divide(places - x[before], run, out=np.zeros_like(places), where=run > 0)
    return np.asarray(y[before] + share * (y[after] - y[before]))


def _precision(places: Floats, above: Floats, wrong: Floats) -> Floats:
    """At recalls ``places``: of the first point that reaches them."""
    reached = np.searchsorted(above / above[-1], places - 1e-12, side="left")
    reached = np.minimum(reached, above.size - 1)
    return np.asarray(above[reached] / np.maximum(above[reached] + wrong[reached], 1.0))
