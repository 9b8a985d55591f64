"""The stated risk of a positive outcome, and what is left of it for a reader who does not see every sign.

Signs are standard normal numbers. Those of one lesion share a common factor, because malignant looks come together
(correlation `TUMOUR_CORRELATION` between any two of the tumour's, `NODE_CORRELATION` between the node's); tumour and
node are independent of each other. The outcome of every patient is drawn from ::

    logit = INTERCEPT + 1.5 size + 1.5 spiculation + 1.0 shadow              (tumour)
                      + 1.8 cortex + 1.8 hilum loss + 1.1 roundness          (node)
    outcome ~ Bernoulli(1 / (1 + exp(-logit)))

A tumour's heterogeneity goes along with its other signs and adds nothing once they are known. A node that no image
shows has its part in the outcome all the same. ``shift`` is what a cohort's common factors are moved by: it changes
how many patients are positive, never the chance that given signs mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

INTERCEPT = 2.0
TUMOUR_WEIGHTS = (1.5, 1.5, 1.0, 0.0)
TUMOUR_CORRELATION = 0.5
NODE_WEIGHTS = (1.8, 1.8, 1.1)
NODE_CORRELATION = 0.6

_BELL = np.arange(-8.0, 8.01, 0.2)
_MASS = np.exp(-0.5 * _BELL**2) / np.exp(-0.5 * _BELL**2).sum()


def chance(tumour_logit: float, node_logit: float) -> float:
    """P(outcome = 1) where all signs are known, from the two parts of the logit."""
    return float(expit(INTERCEPT + tumour_logit + node_logit))


def chance_of_tumour(tumour_logit: ArrayLike, shift: float) -> Floats:
    """P(outcome = 1) (N,) of tumours with these parts of the logit (N,), the node not being seen."""
    mean, spread = lean(NODE_WEIGHTS, NODE_CORRELATION) * shift, deviation(NODE_WEIGHTS, NODE_CORRELATION)
    return _expected(INTERCEPT + np.asarray(tumour_logit, np.float64) + mean, spread)


def positive_share(shift: float) -> float:
    """P(outcome = 1) in a cohort of this shift."""
    tumour, node = (TUMOUR_WEIGHTS, TUMOUR_CORRELATION), (NODE_WEIGHTS, NODE_CORRELATION)
    mean = INTERCEPT + shift * (lean(*tumour) + lean(*node))
    return float(_expected(np.array([mean]), float(np.hypot(deviation(*tumour), deviation(*node))))[0])


def deviation(weights: Sequence[float], correlation: float) -> float:
    """Standard deviation of a lesion's part of the logit."""
    own, common = np.square(weights).sum(), np.sum(weights) ** 2
    return float(np.sqrt((1 - correlation) * own + correlation * common))


def lean(weights: Sequence[float], correlation: float) -> float:
    """By how much a lesion's part of the logit rises with a common factor that is larger by 1."""
    return float(np.sqrt(correlation) * np.sum(weights))


def _expected(mean: Floats, spread: float) -> Floats:
    """E[sigmoid(N(mean, spread))] (N,) by the trapezoidal rule, whose error for a bell curve is below 1e-8 here."""
    return np.asarray(expit(mean[:, None] + spread * _BELL) @ _MASS)
