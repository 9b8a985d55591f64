"""Making a score a probability: one line through the logits, fitted on patients the network did not learn from.

Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks", arXiv 1706.04599) fits the slope,
Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines") slope and shift. Both by Newton's
method with backtracking, as Lin, Lin and Weng 2007 ("A note on Platt's probabilistic outputs", Machine Learning
68:267) do it. The slope is above 0, so the order of the patients, and with it the AUC, stays as it is.

How well a probability is calibrated is measured in `calibration_curve`; its functions bear this module's name too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.domain.errors import BadProject
from aln_desk.stats.calibration_curve import brier as brier
from aln_desk.stats.calibration_curve import curve as curve
from aln_desk.stats.calibration_curve import recalibration as recalibration
from aln_desk.stats.calibration_curve import smooth as smooth
from aln_desk.stats.ranks import Floats, Outcomes, paired

Method = Literal["temperature", "platt"]

_STEPS = 100
_SMALLEST_STEP = 1e-10
_FLAT = 1e-9
_RIDGE = 1e-12
"""Added to the curvature's diagonal, as Lin et al. do: it can then always be inverted."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated logit = ``slope`` * logit + ``shift``; ``slope`` > 0. ValueError for other slopes and non-numbers."""

    none: ClassVar[Calibration]
    """Leaves every logit as it is."""

    slope: float
    shift: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.shift) and self.slope > 0):
            raise ValueError(f"slope {self.slope} and shift {self.shift} must be finite, the slope above 0")

    def apply(self, logit: float) -> float:
        """The calibrated logit."""
        return self.slope * logit + self.shift

    def undo(self, calibrated: float) -> float:
        """The logit that `apply` makes ``calibrated``."""
        return (calibrated - self.shift) / self.slope

    def to_dict(self) -> dict[str, float]:
        """A record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_dict`. KeyError, TypeError or ValueError for a record that is none."""
        return cls(float(record["slope"]), float(record["shift"]))


Calibration.none = Calibration(1.0, 0.0)


def fit(logit: ArrayLike, outcome: ArrayLike, method: Method) -> Calibration:
    """The calibration of greatest likelihood for logits (P,) of patients with these outcomes (P,), 0 or 1.

    ``temperature`` fits the slope alone. The targets are Platt's: (m + 1) / (m + 2) for each of m positives and
    1 / (n + 2) for each of n negatives instead of 1 and 0, so that data which a threshold separates, and a handful of
    patients, still give a finite slope; with many patients this is maximum likelihood.

    Raises `BadProject`, with the reason as a sentence, where no slope above 0 can be fitted: one outcome only, a logit
    that is not finite, equal logits, or logits that do not rise with the outcome. ValueError for an unknown method
    and for arrays that do not pair.
    """
    if method not in ("temperature", "platt"):
        raise ValueError(f"there is no calibration '{method}'")
    outcomes, logits = paired(outcome, logit)
    _refuse(outcomes, logits)
    scale = float(np.abs(logits).max())  # so that logits of any size are numbers up to 1 for Newton's method
    unit = logits / scale
    positives = int(outcomes.sum())
    negatives = outcomes.size - positives
    target = np.where(outcomes, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    if method == "temperature":
        slope, shift = float(_newton(unit[:, None], target, np.zeros(1))[0]), 0.0
    else:
        start = np.array([0.0, math.log((positives + 1) / (negatives + 1))])
        slope, shift = (float(value) for value in _newton(np.column_stack([unit, np.ones_like(unit)]), target, start))
    if slope <= 0:
        raise BadProject(_no("the scores of held-out patients do not rise with the outcome"))
    return Calibration(slope / scale, shift)


def _refuse(outcomes: Outcomes, logits: Floats) -> None:
    if not np.isfinite(logits).all():
        raise BadProject(_no("the score of a held-out patient is not a number"))
    if outcomes.all() or not outcomes.any():
        raise BadProject(_no(f"the {outcomes.size} held-out patients with an outcome do not have both outcomes"))
    if logits.min() == logits.max():
        raise BadProject(_no("all held-out patients have the same score"))


def _no(reason: str) -> str:
    return f"The score cannot be calibrated: {reason}. Hold out more patients, or train without calibration."


def _newton(columns: Floats, target: Floats, weight: Floats) -> Floats:
    """Weights (k,) that maximise the likelihood of targets (P,) in [0, 1] under sigmoid(columns (P, k) @ weights).

    The loss is convex; a step is halved until it lowers the loss by a share (1e-4) of what its slope promises.
    """
    loss = _loss(columns @ weight, target)
    for _ in range(_STEPS):
        probability = sigmoid(columns @ weight)
        gradient = columns.T @ (probability - target)
        if np.abs(gradient).max() < _FLAT:
            break
        curvature = (columns * (probability * (1 - probability))[:, None]).T @ columns
        direction = -np.linalg.solve(curvature + _RIDGE * np.eye(len(weight)), gradient)
        step = 1.0
        while (reached := _loss(columns @ (weight + step * direction), target)) > loss + 1e-4 * step * (
            gradient @ direction
        ):
            step /= 2
            if step < _SMALLEST_STEP:
                return weight
        weight, loss = weight + step * direction, reached
    return weight


def _loss(logit: Floats, target: Floats) -> float:
    """Cross-entropy in sum: log(1 + e^z) - t z, without overflow."""
    return float((np.logaddexp(0.0, logit) - target * logit).sum())


def sigmoid(logit: ArrayLike) -> Floats:
    """1 / (1 + e^-z) of each logit, without overflow; an array of the same shape."""
    score: Floats = np.exp(-np.logaddexp(0.0, -np.asarray(logit, dtype=np.float64)))
    return score
