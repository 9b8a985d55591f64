"""Where a score becomes a positive verdict: one rule for every kind of model, on training patients only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadSetting
from aln_desk.stats.operating import youden_threshold

FEWEST_FOR_THRESHOLD = 20


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Patients of known outcome (P,), 0 or 1, and their scores (P,) in [0, 1]."""

    outcome: NDArray[np.int64]
    score: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.outcome)


def choose(fit: Judged, tune: Judged) -> tuple[float, str]:
    """Youden's threshold and the words for how it was found: on the held-out training patients; on the fitted ones
    where fewer than `FEWEST_FOR_THRESHOLD` were held out, or all of one outcome.

    `BadSetting` where a score is no finite number.
    """
    enough = len(tune) >= FEWEST_FOR_THRESHOLD and len(set(tune.outcome.tolist())) == 2
    used, words = (tune, "held-out training patients") if enough else (fit, "training patients")
    if not np.isfinite(used.score).all():
        raise BadSetting("The training has diverged: its scores are no longer numbers. Try a lower learning rate.")
    return youden_threshold(used.outcome, used.score), f"Youden index on {len(used)} {words}"
