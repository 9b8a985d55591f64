"""The one rule by which every kind of model gets its threshold."""

from __future__ import annotations

import numpy as np
import pytest

from aln_desk.domain.errors import BadSetting
from training.threshold import Judged, choose


def judged(count: int, negative: float, positive: float) -> Judged:
    """Patients of alternating outcome with one score for each outcome."""
    outcome = np.arange(count) % 2
    return Judged(outcome, np.where(outcome == 1, positive, negative))


def test_held_out_patients_choose_where_there_are_enough_of_both_outcomes() -> None:
    fit, tune = judged(40, 0.2, 0.4), judged(20, 0.6, 0.8)
    assert choose(fit, tune) == (pytest.approx(0.7), "Youden index on 20 held-out training patients")


@pytest.mark.parametrize("tune", [judged(18, 0.6, 0.8), Judged(np.ones(30, np.int64), np.full(30, 0.7))])
def test_otherwise_the_fitted_patients_do(tune: Judged) -> None:
    assert choose(judged(40, 0.2, 0.4), tune) == (pytest.approx(0.3), "Youden index on 40 training patients")


def test_scores_that_are_no_numbers_are_a_sentence() -> None:
    with pytest.raises(BadSetting, match="diverged"):
        choose(judged(40, 0.2, float("nan")), judged(4, 0.1, 0.2))
