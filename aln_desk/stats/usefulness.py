"""Which image teaches most when it is outlined or looked at again: active learning by what a model left behind.

A reading keeps a model's mask, not the probabilities it was cut from, so how unsure the model is of a border cannot be
asked. Two things can: how unsure it is of the lesion type and of the status (entropy), and, where something is drawn,
how far its mask lies from that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.verdict import InstancePrediction
from aln_desk.stats.agreement import dice
from aln_desk.stats.segmentation import hd95

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Doubt:
    """How unsure a model is of one image, and how far it is from what is drawn there.

    ``lesion_logit`` and ``status_logit`` as predicted. ``dice`` of the two masks and ``border``, the 95 % Hausdorff
    distance over the diameter of a circle of the drawn area: infinite where the model outlines nothing, both nan where
    nothing is drawn.
    """

    instance: str
    lesion_logit: float
    status_logit: float
    dice: float = math.nan
    border: float = math.nan

    @property
    def drawn(self) -> bool:
        """Whether there is something to disagree with."""
        return not math.isnan(self.dice)


@dataclass(frozen=True, slots=True)
class Useful:
    """An image, its ``score`` in [0, 1] among those it was ranked with, and the sentence that says why."""

    instance: str
    score: float
    why: str


def doubt(prediction: InstancePrediction, drawn: Mask | None) -> Doubt:
    """What speaks for looking at one image; ``drawn`` (H, W) bool is its outlined lesion, None or empty: nothing.

    ValueError where the two masks are of different sizes.
    """
    name, lesion, status = prediction.instance, prediction.lesion_logit, prediction.status_logit
    if drawn is None or not drawn.any():
        return Doubt(name, lesion, status)
    diameter = 2 * math.sqrt(np.count_nonzero(drawn) / math.pi)
    distance = hd95(prediction.mask, drawn)
    border = math.inf if math.isnan(distance) else distance / diameter
    return Doubt(name, lesion, status, dice(prediction.mask, drawn), border)


def entropy(logit: float) -> float:
    """Binary entropy in bits of the probability that a logit stands for: 1 at 0, towards 0 far from it."""
    score = _score(logit)
    return float(score * np.logaddexp(0, -logit) + (1 - score) * np.logaddexp(0, logit)) / math.log(2)


def next_most_useful(doubts: Iterable[Doubt]) -> list[Useful]:
    """The images, the most useful first; equals in the order given.

    Each criterion ranks the images it is defined for (share of images below, half of equals): uncertainty is the mean
    rank of the entropies of lesion type and status, disagreement that of 1 - Dice and border distance. An image where
    something is drawn scores the mean of both, another its uncertainty. Ranks, since bits, overlaps and distances have
    no common unit; so a score tells of these images only.
    """
    every = list(doubts)
    drawn = [one for one in every if one.drawn]
    ranked = {(reason, one.instance): rank for reason in _UNSURE for one, rank in _ranks(every, reason)}
    ranked |= {(reason, one.instance): rank for reason in _APART for one, rank in _ranks(drawn, reason)}
    found = [_useful(one, ranked) for one in every]
    return sorted(found, key=lambda one: -one.score)


def _score(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -60.0), 60.0)))


@dataclass(frozen=True, slots=True)
class _Reason:
    value: Callable[[Doubt], float]
    words: Callable[[Doubt], str]


_UNSURE = (
    _Reason(
        lambda one: entropy(one.lesion_logit),
        lambda one: f"The model is unsure whether this is a lymph node ({100 * _score(one.lesion_logit):.0f} %).",
    ),
    _Reason(
        lambda one: entropy(one.status_logit),
        lambda one: f"The model's score of this image is undecided ({_score(one.status_logit):.2f}).",
    ),
)
_APART = (
    _Reason(
        lambda one: one.border,
        lambda one: (
            f"The two borders lie up to {100 * one.border:.0f} % of the lesion's diameter apart."
            if math.isfinite(one.border)
            else "The model outlines nothing where a lesion is drawn."
        ),
    ),
    _Reason(
        lambda one: 1 - one.dice, lambda one: f"What is drawn and the model's mask overlap by a Dice of {one.dice:.2f}."
    ),
)


def _useful(one: Doubt, ranked: dict[tuple[_Reason, str], float]) -> Useful:
    groups = (_APART, _UNSURE) if one.drawn else (_UNSURE,)  # of equal reasons the first is told
    scores = [float(np.mean([ranked[reason, one.instance] for reason in group])) for group in groups]
    strongest = max((reason for group in groups for reason in group), key=lambda reason: ranked[reason, one.instance])
    return Useful(one.instance, float(np.mean(scores)), strongest.words(one))


def _ranks(doubts: Sequence[Doubt], reason: _Reason) -> list[tuple[Doubt, float]]:
    values = np.array([reason.value(one) for one in doubts], np.float64)
    ordered = np.sort(values)
    middle = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2
    return list(zip(doubts, (middle / max(1, len(doubts))).tolist(), strict=True))
