"""How well a probability is calibrated: curves, slope and intercept, Brier score, expected calibration error.

What is not defined for the patients at hand is nan, and ``reason`` says why. No function here changes a probability;
`calibration.fit` does that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.bootstrap import Estimate
from aln_desk.stats.operating import wilson
from aln_desk.stats.ranks import Floats, Outcomes, midranks, paired, too_few

Strategy = Literal["equal", "quantile", "distinct"]
"""How patients are binned by probability. All patients of one probability are always in one bin.

``equal``: bins of equal width, ((k - 1) / bins, k / bins], 0 in the first. ``quantile``: bins of equal numbers of
patients as far as ties allow, floor(bins (midrank - 1/2) / n). ``distinct``: a bin for each distinct probability.
"""

_STEPS, _SAME_STEP, _ROUNDING = 100, 1e-11, 1e-6
"""Of Newton's method: at most so many steps, which end at one so small; and what a likelihood may lose by rounding."""
_SAME = 1e-6
"""Logits that differ by less, relative to themselves, carry roundings and no slope."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationCurve:
    """Bins (k,) that hold patients, in ascending order: mean probability, share of positives, its Wilson limits, n.

    Without patients, or where ``reason`` is not empty, k is 0.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    count: NDArray[np.int64]
    reason: str = ""

    @property
    def ece(self) -> float:
        """Expected calibration error: the sum over bins of n_k / n |observed_k - predicted_k|; nan without bins.

        With the ten bins of equal width that `curve` makes by default this is the definition of Guo et al. 2017 (arXiv
        1706.04599). It depends on the bins, and in few patients it is above 0 also for the true probabilities.
        """
        gap = np.abs(self.observed - self.predicted)
        return float(np.average(gap, weights=self.count)) if self.count.size else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class SmoothCurve:
    """The smoothed share of positives ``observed`` (k,) at the distinct probabilities ``predicted`` (k,), ascending.

    ``e_max``, ``e_90`` and ``e_avg`` are maximum, 90th centile and mean over the patients of the distance between
    probability and smoothed share. Empty and nan where ``reason`` is not.
    """

    predicted: Floats
    observed: Floats
    e_max: float
    e_90: float
    e_avg: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What a logistic regression of the outcome on the logit of the probability finds; see `recalibration`.

    ``left_out`` patients have a probability of exactly 0 or 1.
    """

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate
    left_out: int


@dataclass(frozen=True, slots=True)
class Brier:
    """The Brier score and its parts; see `brier`. ``reason`` says why a figure is nan."""

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    scaled: float
    reason: str = ""


def curve(
    outcome: ArrayLike, probability: ArrayLike, bins: int = 10, strategy: Strategy = "equal", level: float = 0.95
) -> CalibrationCurve:
    """Share of positives against mean probability, in bins of the patients (n,); bins without patients are left out.

    No bins, with a reason, where a probability is NaN or outside [0, 1] or there are no patients. ``bins`` plays no
    part for ``distinct``. ValueError for bins below 1, an unknown strategy and arrays that do not pair.
    """
    outcomes, probabilities = paired(outcome, probability)
    reason = _unusable(probabilities)
    index = _bins(np.empty(0) if reason else probabilities, bins, strategy)
    if reason:
        nobody = np.empty(0)
        return CalibrationCurve(nobody, nobody, nobody, nobody, np.empty(0, np.int64), reason)
    count = np.bincount(index)
    held = np.flatnonzero(count)
    positive, total = np.bincount(index, outcomes)[held].astype(np.int64), count[held].astype(np.int64)
    limits = [wilson(int(k), int(n), level) for k, n in zip(positive, total, strict=True)]
    return CalibrationCurve(
        predicted=np.bincount(index, probabilities)[held] / total,
        observed=positive / total,
        low=np.array([limit.low for limit in limits]),
        high=np.array([limit.high for limit in limits]),
        count=total,
    )


def _bins(probability: Floats, bins: int, strategy: Strategy) -> NDArray[np.intp]:
    """The bin (n,) of each patient, from 0."""
    if bins < 1:
        raise ValueError(f"{bins} bins hold nobody")
    if strategy == "equal":
        return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probability, side="left")
    if strategy == "quantile":  # in whole numbers, so that no patient's bin hangs on a rounding
        twice = (2 * midranks(probability)).astype(np.int64)
        return ((twice - 1) * bins // (2 * max(probability.size, 1))).astype(np.intp)
    if strategy == "distinct":
        return np.unique(probability, return_inverse=True)[1]
    raise ValueError(f"there are no '{strategy}' bins")


def _unusable(probability: Floats) -> str:
    """Why these are no probabilities of patients; empty where they are."""
    if not probability.size:
        return "no patients"
    if np.isnan(probability).any():
        return "a probability is not a number"
    if probability.min() < 0 or probability.max() > 1:
        return "a probability lies outside 0 to 1"
    return ""


def smooth(outcome: ArrayLike, probability: ArrayLike, span: float = 2 / 3) -> SmoothCurve:
    """Cleveland's lowess of the outcome on the probability (JASA 74:829, 1979), as ``val.prob`` of R's rms draws it.

    Local lines through the nearest ``span`` of the patients, tricube weights, no robustness steps, straight between
    points nearer than 1 % of the range (R's ``lowess(p, y, iter = 0)``). The share may leave [0, 1] a little near the
    ends. One outcome only is a flat line. Undefined, with a reason, for probabilities that `curve` refuses, and where
    one probability is that of so many patients that a neighbourhood has no width.
    """
    outcomes, probabilities = paired(outcome, probability)
    reason = _unusable(probabilities) or _too_narrow(probabilities, span)
    if reason:
        return SmoothCurve(np.empty(0), np.empty(0), math.nan, math.nan, math.nan, reason)
    from statsmodels.nonparametric.smoothers_lowess import lowess

    found = lowess(outcomes.astype(float), probabilities, span, it=0, delta=0.01 * float(np.ptp(probabilities)))
    distinct, first, count = np.unique(found[:, 0], return_index=True, return_counts=True)
    observed = found[first, 1]
    error = np.repeat(np.abs(distinct - observed), count)
    return SmoothCurve(distinct, observed, float(error.max()), float(np.quantile(error, 0.9)), float(error.mean()))


def _too_narrow(probability: Floats, span: float) -> str:
    """Why some neighbourhood, of as many patients as statsmodels takes, would have no width; empty where none."""
    patients = int(span * probability.size + 1e-10)
    if np.unique(probability, return_counts=True)[1].max() >= patients:
        return "too few patients, or too many with the same probability, for a smooth curve"
    return ""


def recalibration(outcome: ArrayLike, probability: ArrayLike, level: float = 0.95) -> Recalibration:
    """Calibration slope, intercept and calibration-in-the-large of patients (n,), with Wald intervals.

    ``slope`` b and ``intercept`` a are of the one model logit P(positive) = a + b logit(probability), fitted by maximum
    likelihood: ``val.prob``'s Slope and Intercept (Cox, Biometrika 45:562, 1958); 1 and 0 for a calibrated model.
    ``in_the_large`` is the intercept of the other model, whose slope is held at 1 (logit(probability) is an offset;
    Steyerberg et al., Epidemiology 21:128, 2010): above 0 where the probabilities are too low on the whole.

    A probability of exactly 0 or 1 has no logit: as ``val.prob`` does, such patients are left out, and counted. All
    figures are nan for one outcome only and for probabilities that `curve` refuses; slope and intercept also where
    the probabilities are all equal, or a threshold separates the outcomes (the slope is then infinite).
    """
    outcomes, probabilities = paired(outcome, probability)
    reason = _unusable(probabilities)
    inside = (probabilities > 0) & (probabilities < 1)
    left_out = 0 if reason else int(np.count_nonzero(~inside))
    outcomes, p = outcomes[inside], probabilities[inside]
    if not reason and not p.size:
        reason = "every probability is exactly 0 or 1"
    if reason := reason or too_few(outcomes):
        return Recalibration(_undefined(reason), _undefined(reason), _undefined(reason), left_out)
    logit = np.log(p) - np.log1p(-p)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    in_the_large = _in_the_large(outcomes, logit, z)
    if reason := _no_slope(outcomes, logit):
        return Recalibration(_undefined(reason), _undefined(reason), in_the_large, left_out)
    intercept, slope = _line(outcomes, logit, z)
    return Recalibration(slope, intercept, in_the_large, left_out)


def _line(outcome: Outcomes, logit: Floats, z: float) -> tuple[Estimate, Estimate]:
    """Intercept and slope of the likeliest line, by Newton's method; the likelihood has one maximum, and steps that
    would lower it are halved.
    """
    design = np.column_stack([np.ones(logit.size), logit])
    found = np.zeros(2)
    for _ in range(_STEPS):
        gradient, information = _slopes(design, outcome, found)
        step = np.linalg.solve(information, gradient)
        while _log_likelihood(design, outcome, found + step) < _log_likelihood(design, outcome, found) - _ROUNDING:
            step /= 2
        found += step
        if np.abs(step).max() <= _SAME_STEP * (1 + np.abs(found).max()):
            break
    error = np.sqrt(np.diag(np.linalg.inv(_slopes(design, outcome, found)[1])))
    intercept, slope = (_wald(float(b), float(e), z) for b, e in zip(found, error, strict=True))
    return intercept, slope


def _slopes(design: Floats, outcome: Outcomes, at: Floats) -> tuple[Floats, Floats]:
    """Gradient (2,) of the log-likelihood, and the information (2, 2), less its curvature."""
    from scipy.special import expit

    chance = expit(design @ at)
    return design.T @ (outcome - chance), design.T @ (design * (chance * (1 - chance))[:, None])


def _log_likelihood(design: Floats, outcome: Outcomes, at: Floats) -> float:
    logit = design @ at
    return float((outcome * logit - np.logaddexp(0.0, logit)).sum())


def _undefined(reason: str) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, reason)


def _no_slope(outcome: Outcomes, logit: Floats) -> str:
    if np.ptp(logit) <= _SAME * max(1.0, float(np.abs(logit).max())):
        return "all patients have the same probability"
    positive, negative = logit[outcome], logit[~outcome]
    if negative.max() <= positive.min() or positive.max() <= negative.min():
        return "a threshold separates the outcomes, so that the slope is infinite"
    return ""


def _in_the_large(outcome: Outcomes, logit: Floats, z: float) -> Estimate:
    """The shift at which the mean probability is the share of positives; it lies where all patients' own shifts do."""
    from scipy.optimize import brentq
    from scipy.special import expit

    share = float(outcome.mean())
    middle = math.log(share) - math.log1p(-share)
    low, high = middle - float(logit.max()), middle - float(logit.min())
    # The limits are widened by more than a rounding, for there the excess may be 0 but for one.
    shift = float(brentq(lambda by: float(expit(logit + by).mean()) - share, low - 1e-6, high + 1e-6, xtol=1e-14))
    chance = expit(logit + shift)
    return _wald(shift, 1 / math.sqrt(float((chance * (1 - chance)).sum())), z)


def _wald(value: float, error: float, z: float) -> Estimate:
    return Estimate(value, value - z * error, value + z * error)


def brier(outcome: ArrayLike, probability: ArrayLike, bins: int = 10, strategy: Strategy = "equal") -> Brier:
    """The Brier score, the mean of (probability - outcome)^2 over patients (n,), and Murphy's decomposition of it.

    With n_k patients, mean probability f_k and share of positives o_k in bin k of `curve`, and the share o of all:
    reliability = sum n_k (f_k - o_k)^2 / n (0 is best), resolution = sum n_k (o_k - o)^2 / n (large is good),
    uncertainty = o (1 - o), and score = reliability - resolution + uncertainty + ``within`` (Murphy, Journal of Applied
    Meteorology 12:595, 1973). ``within`` is what the probabilities vary inside bins (Stephenson et al., Weather and
    Forecasting 23:752, 2008); 0 for ``distinct`` bins. ``scaled`` = 1 - score / uncertainty, the gain over giving
    everyone the share o: 1 is perfect; below 0 is worse than that. It is nan for one outcome only; everything is nan
    for probabilities that `curve` refuses.
    """
    outcomes, probabilities = paired(outcome, probability)
    at = curve(outcome, probability, bins, strategy)
    if at.reason:
        return Brier(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, at.reason)
    share = float(outcomes.mean())
    score = float(((probabilities - outcomes) ** 2).mean())
    reliability = float(np.average((at.predicted - at.observed) ** 2, weights=at.count))
    resolution = float(np.average((at.observed - share) ** 2, weights=at.count))
    uncertainty = share * (1 - share)
    within = score - (reliability - resolution + uncertainty)
    scaled = 1 - score / uncertainty if uncertainty else math.nan
    return Brier(score, reliability, resolution, uncertainty, within, scaled, too_few(outcomes))
