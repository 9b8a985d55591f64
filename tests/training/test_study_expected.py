"""Figures over all outcomes that there could have been: against drawing them, and against the plain figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats import calibration_curve, roc
from aln_desk.stats.conformal import Conformal
from training.study import expected

CHANCE = st.floats(0, 1, allow_nan=False)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.3, 0.7, 0.9])), min_size=1, max_size=30))
def test_of_outcomes_that_are_certain_they_are_the_plain_figures(patients: list[tuple[bool, float]]) -> None:
    outcome, score = np.array([p for p, _ in patients], int), np.array([s for _, s in patients])
    assert expected.auc(outcome, score) == pytest.approx(roc.auc(outcome, score), nan_ok=True)
    if 0 < outcome.sum() < len(outcome):
        assert expected.ece(outcome, score) == pytest.approx(calibration_curve.curve(outcome, score).ece)


def test_the_auc_is_that_of_outcomes_drawn_again_and_again() -> None:
    rng = np.random.default_rng(1)
    chance = rng.beta(1.5, 1.0, 150)
    score = np.round(chance + 0.3 * rng.standard_normal(150), 1)
    drawn = [roc.auc(rng.random(150) < chance, score) for _ in range(3000)]
    assert expected.auc(chance, score) == pytest.approx(np.mean(drawn), abs=0.002)
    assert expected.auc(chance, chance) > max(expected.auc(chance, score), 0.75)


@given(st.lists(CHANCE, min_size=1, max_size=40))
def test_the_chances_themselves_are_calibrated(chance: list[float]) -> None:
    assert expected.ece(chance, chance) == pytest.approx(0.0, abs=1e-12)


def test_a_constant_bias_is_the_calibration_error() -> None:
    chance = np.linspace(0.05, 0.85, 200)
    assert expected.ece(chance, chance + 0.07) == pytest.approx(0.07)


def test_coverage_is_the_mean_chance_of_the_outcomes_in_the_set() -> None:
    sets = Conformal(0.1, quantile_negative=0.6, quantile_positive=0.5)
    score = np.array([0.1, 0.55, 0.9])
    chance = np.array([0.2, 0.5, 0.7])
    regions = [sets.region(one) for one in score.tolist()]
    wanted = [sum(p if outcome else 1 - p for outcome in region) for region, p in zip(regions, chance, strict=True)]
    assert expected.coverage(chance, score, sets) == pytest.approx(float(np.mean(wanted)))
    assert {len(region) for region in regions} > {1}


def test_nobody_has_no_figures() -> None:
    assert math.isnan(expected.auc([], [])) and math.isnan(expected.ece([], []))
    assert math.isnan(expected.coverage([], [], Conformal(0.1, 0.5, 0.5)))
    assert math.isnan(expected.auc([1.0], [0.3])), "nobody to be ranked against"
