"""Which outcomes a score cannot exclude at an accepted error: class-conditional (Mondrian) split conformal prediction.

Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world", sections 2.2 and 4.5; Vovk 2012,
"Conditional validity of inductive conformal predictors", arXiv 1209.2673. A class is excluded for a patient who is
stranger to it than nearly all calibration patients of that class. If the patient is exchangeable with them, the true
outcome is excluded with at most the accepted error: in each outcome, at any number of patients, and whether or not the
score is a good probability. Since only the order of the scores counts, it does not matter that an increasing
calibration was fitted on the same patients.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.domain.errors import BadProject
from aln_desk.domain.verdict import Undecided
from aln_desk.stats.ranks import Floats, paired


@dataclass(frozen=True, slots=True)
class Conformal:
    """The accepted error in (0, 1) and, for each outcome, the largest strangeness (1 - its probability) that stays.

    A quantile is in [0, 1], or infinite where the calibration patients of that outcome are too few to exclude it
    ever. ValueError for other numbers.
    """

    error: float
    quantile_negative: float
    quantile_positive: float

    def __post_init__(self) -> None:
        if not 0 < self.error < 1:
            raise ValueError(f"the accepted error is {self.error}, not between 0 and 1")
        for quantile in (self.quantile_negative, self.quantile_positive):
            if not (0 <= quantile <= 1 or quantile == math.inf):
                raise ValueError(f"the quantile {quantile} is not between 0 and 1")

    def region(self, probability: float) -> frozenset[int]:
        """The outcomes that a patient with this probability of a positive outcome may have.

        Both where neither can be excluded (and for nan), none where the patient is like neither.
        """
        if math.isnan(probability):
            return frozenset((0, 1))
        stays = (probability <= self.quantile_negative, 1 - probability <= self.quantile_positive)
        return frozenset(outcome for outcome, kept in enumerate(stays) if kept)

    def undecided(self, threshold: float) -> Undecided:
        """The scores whose verdict at ``threshold`` leaves the other outcome possible.

        The range holds the threshold; both ends are the threshold itself where it alone decides well enough.
        """
        low = min(threshold, 1 - self.quantile_positive)
        return Undecided(max(0.0, low), min(1.0, max(threshold, self.quantile_negative)), self.error)

    def to_dict(self) -> dict[str, float | None]:
        """A record that JSON can hold: None stands for an infinite quantile."""
        quantiles = {"quantile_negative": self.quantile_negative, "quantile_positive": self.quantile_positive}
        finite = {name: None if math.isinf(value) else value for name, value in quantiles.items()}
        return {"error": self.error, **finite}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Conformal:
        """The inverse of `to_dict`. KeyError, TypeError or ValueError for a record that is none."""
        names = ("quantile_negative", "quantile_positive")
        quantiles = [math.inf if record[name] is None else float(record[name]) for name in names]
        return cls(float(record["error"]), *quantiles)


def fit(probability: ArrayLike, outcome: ArrayLike, error: float) -> Conformal:
    """From probabilities (P,) in [0, 1] of a positive outcome and the outcomes (P,), 0 or 1, of held-out patients.

    The quantile of an outcome with n patients is their k-th smallest strangeness, k = ceil((n + 1) (1 - error));
    infinite where k > n. An outcome without any patient is never excluded.

    Raises `BadProject` for a probability that is none, ValueError for an error outside (0, 1) and for arrays that do
    not pair.
    """
    outcomes, probabilities = paired(outcome, probability)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise BadProject("The score of a held-out patient is not a probability; train without an accepted error.")
    return Conformal(
        error,
        _quantile(probabilities[~outcomes], error),
        _quantile(1 - probabilities[outcomes], error),
    )


def _quantile(strangeness: Floats, error: float) -> float:
    count = strangeness.size
    rank = count + 1 - math.floor((count + 1) * error + 1e-9)  # the ceil above, safe from 0.7 * 10 > 7
    return float(np.sort(strangeness)[rank - 1]) if rank <= count else math.inf
