"""DeLong's variance of an AUC, and tests of two AUCs on the same patients or on different ones.

DeLong, DeLong & Clarke-Pearson, Biometrics 44:837, 1988, by the ranks of Sun & Xu (see `ranks.placements`). Figures
are those of R's pROC (Robin et al., BMC Bioinformatics 12:77, 2011).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.multiple import holm
from aln_desk.stats.ranks import Floats, Outcomes, can_be_ranked, paired, placements, too_few

Correction = Literal["none", "holm"]
_Components = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Comparison:
    """AUC of the first score minus that of the second, its confidence limits, the statistic z and two-sided p.

    ``n`` patients were compared. z is normal where ``df`` is infinite, else Student's with ``df`` degrees of freedom.
    What is not defined is nan, and ``reason`` says why; it is empty otherwise.
    """

    difference: float
    low: float
    high: float
    z: float
    p: float
    n: int
    df: float = math.inf
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Every pair of K scores: AUC of the row's score minus that of the column's (K, K), and p (K, K), symmetric.

    ``names`` (K) name rows and columns. The diagonal of ``difference`` is 0 and that of ``p`` nan: nothing is tested
    there. ``p`` is corrected as ``correction`` says; ``pairs`` holds each comparison, the earlier name first, with its
    limits, its uncorrected p, its patients and why it is not defined.
    """

    names: tuple[str, ...]
    difference: Floats
    p: Floats
    correction: Correction
    pairs: Mapping[tuple[str, str], Comparison]


def variance(outcome: ArrayLike, score: ArrayLike) -> float:
    """Variance of the AUC of scores (n,); exactly 0 for perfect separation.

    nan with fewer than two patients of an outcome or a NaN score (`ranks.why_undefined` with ``least`` 2 says which);
    ValueError where the lengths differ.
    """
    outcomes, scores = paired(outcome, score)
    if not can_be_ranked(outcomes, scores):
        return math.nan
    return _variance(*placements(outcomes, scores))


def compare(outcome: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, level: float = 0.95) -> Comparison:
    """Paired test of two scores (n,) of the same patients: is AUC a - AUC b other than 0?

    Patients who lack either score (NaN) are left out, so both areas are of the same patients. The limits are not
    clipped. Two scores that rank every patient alike (a score against itself) give z 0 and p 1, as pROC does; a
    difference without any variance (perfect against reversed) has no z and no p. All is nan where one outcome is
    missing; z, p and limits with fewer than two patients of an outcome. ValueError where the lengths differ.
    """
    outcomes, first = paired(outcome, score_a)
    _, second = paired(outcome, score_b)
    both = ~(np.isnan(first) | np.isnan(second))
    if both.size and not both.any():
        return _undefined(0, "no patient has both scores")
    outcomes, first, second = outcomes[both], first[both], second[both]
    if reason := too_few(outcomes):
        return _undefined(outcomes.size, reason)
    return _tested(placements(outcomes, first), placements(outcomes, second), level)


def compare_unpaired(
    outcome_a: ArrayLike, score_a: ArrayLike, outcome_b: ArrayLike, score_b: ArrayLike, level: float = 0.95
) -> Comparison:
    """Test of the AUCs of scores (n,) and (k,) of different patients, as one model on two cohorts.

    The difference over sqrt(V_a + V_b) is taken as Student's t with Welch's degrees of freedom (V_a + V_b)^2 /
    (V_a^2 / (n - 1) + V_b^2 / (k - 1)), as pROC does; so are the limits, which are not clipped. Patients without a
    score (NaN) are left out. Undefined as for `compare`, by either cohort; z and p also where neither AUC has any
    variance. ValueError where lengths differ.
    """
    cohorts = [_scored(outcome_a, score_a), _scored(outcome_b, score_b)]
    n = sum(outcomes.size for outcomes, _ in cohorts)
    if reason := _first(cohorts, least=1):
        return _undefined(n, reason)
    components = [placements(outcomes, scores) for outcomes, scores in cohorts]
    difference = _area(*components[0]) - _area(*components[1])
    if reason := _first(cohorts, least=2):
        return Comparison(difference, math.nan, math.nan, math.nan, math.nan, n, reason=reason)
    spreads = [_variance(*each) for each in components]
    total = sum(spreads)
    if total == 0.0:
        return Comparison(difference, difference, difference, math.nan, math.nan, n, reason=_NO_SPREAD)
    df = total**2 / sum(v**2 / (outcomes.size - 1) for v, (outcomes, _) in zip(spreads, cohorts, strict=True))
    return _student(difference, math.sqrt(total), df, n, level)


def matrix(
    outcome: ArrayLike, scores: Mapping[str, ArrayLike], correction: Correction = "none", level: float = 0.95
) -> Matrix:
    """`compare` of every pair of ``scores`` (each (n,)), in O(K n log n + K^2 n): patients are ranked once a score.

    A pair in which a score is missing (NaN) leaves out the patients who lack one of the two, and is ranked anew.
    ``correction`` "holm" corrects p for the number of pairs that could be tested. ValueError where lengths differ.
    """
    pairs = _pairs(outcome, scores, level)
    names = tuple(scores)
    rows, columns = np.triu_indices(len(names), 1)
    listed = np.array([each.p for each in pairs.values()])
    p = np.full((len(names), len(names)), np.nan)
    p[rows, columns] = p[columns, rows] = holm(listed) if correction == "holm" else listed
    difference = np.zeros_like(p)
    difference[rows, columns] = [each.difference for each in pairs.values()]
    return Matrix(names, difference - difference.T, p, correction, pairs)


def _pairs(outcome: ArrayLike, scores: Mapping[str, ArrayLike], level: float) -> dict[tuple[str, str], Comparison]:
    """In the order of `np.triu_indices`."""
    ready: dict[str, _Components] = {}
    for name, score in scores.items():
        outcomes, values = paired(outcome, score)
        if can_be_ranked(outcomes, values):
            ready[name] = placements(outcomes, values)
    return {
        (a, b): _tested(ready[a], ready[b], level)
        if a in ready and b in ready
        else compare(outcome, scores[a], scores[b], level)
        for a, b in combinations(scores, 2)
    }


def _scored(outcome: ArrayLike, score: ArrayLike) -> tuple[Outcomes, Floats]:
    outcomes, scores = paired(outcome, score)
    known = ~np.isnan(scores)
    return outcomes[known], scores[known]


def _first(cohorts: list[tuple[Outcomes, Floats]], least: int) -> str:
    """What the first cohort that lacks patients lacks."""
    reasons = (too_few(outcomes, least) for outcomes, _ in cohorts)
    return next((f"{reason} in one of the cohorts" for reason in reasons if reason), "")


def _tested(first: _Components, second: _Components, level: float) -> Comparison:
    """Of two scores of the same patients, from their components."""
    # The differences' variance is S_aa + S_bb - 2 S_ab, but never negative, and exactly 0 for equals.
    below, above = first[0] - second[0], first[1] - second[1]
    difference, error, n = _area(below, above), math.sqrt(_variance(below, above)), below.size + above.size
    if math.isnan(error):
        reason = too_few(np.repeat([True, False], [below.size, above.size]), least=2)
        return Comparison(difference, math.nan, math.nan, math.nan, math.nan, n, reason=reason)
    if error == 0.0 and difference != 0.0:
        return Comparison(difference, difference, difference, math.nan, math.nan, n, reason=_NO_SPREAD)
    margin = NormalDist().inv_cdf(0.5 + level / 2) * error
    z = difference / error if error else 0.0
    return Comparison(difference, difference - margin, difference + margin, z, math.erfc(abs(z) / math.sqrt(2)), n)


def _student(difference: float, error: float, df: float, n: int, level: float) -> Comparison:
    from scipy.special import stdtr, stdtrit

    margin = float(stdtrit(df, 0.5 + level / 2)) * error
    t = difference / error
    return Comparison(difference, difference - margin, difference + margin, t, 2 * float(stdtr(df, -abs(t))), n, df)


_NO_SPREAD = "the difference has no variance"


def _undefined(n: int, reason: str) -> Comparison:
    return Comparison(math.nan, math.nan, math.nan, math.nan, math.nan, n, reason=reason)


def _area(below: Floats, above: Floats) -> float:
    """An AUC, or a difference of two, from components in counts."""
    return float(below.sum() / (below.size * above.size))


def _variance(below: Floats, above: Floats) -> float:
    """Of an AUC (or a difference) from its components (m,) and (n,) in counts: S10 / m + S01 / n."""
    positives, negatives = below.size, above.size
    if positives < 2 or negatives < 2:
        return math.nan
    return float(below.var(ddof=1) / (positives * negatives**2) + above.var(ddof=1) / (negatives * positives**2))
