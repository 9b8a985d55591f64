"""Decision curves: is it better to treat by a probability than to treat all patients, or none?

Vickers & Elkin, Medical Decision Making 26:565, 2006. Whoever treats at a probability of at least t takes a needless
treatment to cost w = t / (1 - t) of what a needed one gains. The net benefit, a patient, is the needed treatments
less w times the needless ones; treating none has 0, treating all its own line.

Limits: each of these figures is the mean over the patients of a number that depends on one patient alone (1, -w or 0
for the net benefit), so the variance of the mean is exact for patients drawn at random, needs no resampling, and is
the influence function's of Pfeiffer & Gail, Biometrical Journal 62:764, 2020. The limits are normal, pointwise and
not clipped. They do not say which choice to make (Vickers et al., Diagnostic and Prognostic Research 7:11, 2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.ranks import Floats, Outcomes, paired

_AT_THE_ENDS = "at a threshold of 0 or 1 needless and needed treatments cannot be weighed against each other"

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A figure at each threshold (T,) with its confidence limits; nan where not defined."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class DecisionCurve:
    """Net benefit per patient, at most the prevalence, at ``threshold`` (T,), in the order that was asked for.

    ``avoided``: of 100 patients, how many more go untreated than when all are treated, at no loss in net benefit:
    100 (model - treat all) / w. ``reason`` says why figures are nan; it is empty where all are defined.
    """

    threshold: Floats
    model: Band
    treat_all: Band
    treat_none: Floats
    avoided: Band
    reason: str = ""


def why_undefined(outcome: ArrayLike, probability: ArrayLike) -> str:
    """Why scores (n,) have no decision curve, as words that can follow a colon; empty where they have one.

    They must be probabilities. One outcome alone is no hindrance: a needless treatment costs, whoever is spared.
    """
    outcomes, probabilities = paired(outcome, probability)
    if not outcomes.size:
        return "no patients"
    missing = np.count_nonzero(np.isnan(probabilities))
    if missing:
        return f"{missing} of {outcomes.size} scores are missing"
    outside = np.count_nonzero((probabilities < 0) | (probabilities > 1))
    return f"{outside} of {outcomes.size} scores are not probabilities between 0 and 1" if outside else ""


def net_benefit(outcome: ArrayLike, probability: ArrayLike, thresholds: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Net benefit (T,) of the model, of treating all and of treating none, of patients (n,) at ``thresholds`` (T,).

    tp / n - fp / n * w, a patient being treated whose probability is at least the threshold. At 0 all are treated and
    it is the prevalence; at 1 w is infinite and it is nan. All is nan without patients, with a missing probability or
    one outside [0, 1] (`why_undefined`). ValueError for thresholds outside [0, 1].
    """
    found = curve(outcome, probability, thresholds)
    return found.model.value, found.treat_all.value, found.treat_none


def curve(outcome: ArrayLike, probability: ArrayLike, thresholds: ArrayLike, level: float = 0.95) -> DecisionCurve:
    """`net_benefit` with limits, and the interventions avoided per 100 patients, in O(n log n + T log n).

    The interventions avoided are nan at thresholds of 0 and 1. Limits are nan for a single patient, and of no width
    where all patients count alike (nobody treated: exactly 0).
    """
    threshold = np.asarray(thresholds, dtype=np.float64)
    if threshold.ndim != 1 or not ((threshold >= 0) & (threshold <= 1)).all():
        raise ValueError("thresholds must be a flat array of numbers between 0 and 1")
    outcomes, probabilities = paired(outcome, probability)
    if reason := why_undefined(outcomes, probabilities):
        nothing = np.full(threshold.shape, np.nan)
        band = Band(nothing, nothing, nothing)
        return DecisionCurve(threshold, band, band, nothing, band, reason)
    return _curve(outcomes, probabilities, threshold, NormalDist().inv_cdf(0.5 + level / 2))


def _curve(outcomes: Outcomes, probabilities: Floats, threshold: Floats, z: float) -> DecisionCurve:
    n, m = outcomes.size, np.count_nonzero(outcomes)
    fn = np.searchsorted(np.sort(probabilities[outcomes]), threshold)
    tn = np.searchsorted(np.sort(probabilities[~outcomes]), threshold)
    weight = np.divide(threshold, 1 - threshold, out=np.full(threshold.shape, np.nan), where=threshold < 1)
    inverse = np.divide(1, weight, out=np.full(threshold.shape, np.nan), where=weight > 0)
    everyone = np.full(threshold.shape, m)
    spared = _band(tn, fn, inverse, n, z)
    return DecisionCurve(
        threshold,
        _band(m - fn, n - m - tn, weight, n, z),
        _band(everyone, n - everyone, weight, n, z),
        np.zeros(threshold.shape),
        Band(100 * spared.value, 100 * spared.low, 100 * spared.high),
        "" if ((threshold > 0) & (threshold < 1)).all() else _AT_THE_ENDS,
    )


def _band(gained: Counts, lost: Counts, weight: Floats, n: int, z: float) -> Band:
    """Mean over n patients of 1 for each of ``gained`` (T,), -``weight`` for each of ``lost`` (T,), 0 for the rest."""
    gain, loss = gained / n, lost / n
    value = gain - weight * loss
    variance = gain * (1 - gain) + weight**2 * loss * (1 - loss) + 2 * weight * gain * loss
    margin = z * np.sqrt(variance / (n - 1)) if n > 1 else np.full(value.shape, math.nan)
    return Band(value, value - margin, value + margin)
