from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aln_desk.stats import roc


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    """At least two patients of each outcome, many ties."""
    outcome = [0, 1, 0, 1, *draw(st.lists(st.integers(0, 1), max_size=25))]
    return outcome, draw(st.lists(st.integers(-5, 5).map(float), min_size=len(outcome), max_size=len(outcome)))


def defined(outcome: list[int], score: list[float]) -> float:
    """Threshold by threshold, from the definition."""
    positive, values = np.array(outcome, dtype=bool), np.array(score)
    area, before = 0.0, 0.0
    for threshold in sorted(set(score), reverse=True):
        called = values >= threshold
        recall = (called & positive).sum() / positive.sum()
        area += (recall - before) * (called & positive).sum() / called.sum()
        before = recall
    return area


def test_curve_point_by_point() -> None:
    line = roc.precision_recall([1, 0, 1, 0, 1], [0.9, 0.8, 0.6, 0.6, 0.1])
    assert line.threshold.tolist() == [0.9, 0.8, 0.6, 0.1]
    assert line.recall.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1.0])
    assert line.precision.tolist() == pytest.approx([1.0, 1 / 2, 2 / 4, 3 / 5])
    assert line.average_precision == pytest.approx(1 / 3 + 1 / 3 * 2 / 4 + 1 / 3 * 3 / 5)
    assert (line.prevalence, line.reason) == (0.6, "")


def test_the_example_of_scikit_learns_manual() -> None:
    assert roc.precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).average_precision == pytest.approx(0.8333333333)


@given(patients())
def test_average_precision_is_its_definition(data: tuple[list[int], list[float]]) -> None:
    assert roc.precision_recall(*data).average_precision == pytest.approx(defined(*data), abs=1e-12)


@given(patients())
def test_a_monotone_map_changes_nothing_but_the_thresholds(data: tuple[list[int], list[float]]) -> None:
    outcome, score = data
    plain, mapped = roc.precision_recall(outcome, score), roc.precision_recall(outcome, np.exp(score) / 7)
    np.testing.assert_array_equal(plain.recall, mapped.recall)
    np.testing.assert_array_equal(plain.precision, mapped.precision)


@given(patients())
def test_the_curve_ends_where_everyone_is_called(data: tuple[list[int], list[float]]) -> None:
    line = roc.precision_recall(*data)
    assert line.recall[-1] == 1.0 and line.precision[-1] == pytest.approx(line.prevalence)
    assert (np.diff(line.recall) >= 0).all()


def test_equal_scores_have_the_prevalence() -> None:
    assert roc.precision_recall([1, 0, 0, 0], [1, 1, 1, 1]).average_precision == 0.25


@settings(max_examples=40)
@given(patients())
def test_limits_hold_the_value_whatever_the_order(data: tuple[list[int], list[float]]) -> None:
    outcome, score = data
    estimate = roc.average_precision_interval(outcome, score, resamples=50)
    assert 0 <= estimate.low <= estimate.value + 1e-12 and estimate.value - 1e-12 <= estimate.high <= 1
    assert roc.average_precision_interval(outcome[::-1], score[::-1], resamples=50) == estimate


def test_the_seed_decides() -> None:
    random = np.random.default_rng(0)
    outcome = np.arange(80) % 2
    score = random.normal(outcome)
    first, again, other = (roc.average_precision_interval(outcome, score, seed=seed) for seed in (1, 1, 2))
    assert first == again and first.low != other.low and first.low == pytest.approx(other.low, abs=0.01)


def test_perfect_separation_has_no_spread() -> None:
    estimate = roc.average_precision_interval([0, 0, 1, 1], [1, 2, 3, 4])
    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)


def test_limits_are_those_of_a_plain_bootstrap() -> None:
    """Patient by patient, without groups: the same standard error on the logit scale."""
    random = np.random.default_rng(3)
    outcome = np.arange(120) % 3 > 0
    score = np.round(random.normal(outcome * 1.0), 1)
    positive, negative = np.flatnonzero(outcome), np.flatnonzero(~outcome)
    drawn = [np.r_[random.choice(positive, positive.size), random.choice(negative, negative.size)] for _ in range(1500)]
    areas = np.array([roc.precision_recall(outcome[rows], score[rows]).average_precision for rows in drawn])
    estimate = roc.average_precision_interval(outcome, score)
    shares = np.array([estimate.low, estimate.value, estimate.high])
    spread = np.log(areas / (1 - areas)).std(ddof=1)
    assert np.diff(np.log(shares / (1 - shares))) == pytest.approx(1.96 * spread, rel=0.06)


def test_rounding_many_scores_moves_the_limits_less_than_another_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    outcome = np.arange(6000) % 3 > 0
    score = random.normal(outcome * 1.2)
    rounded = roc.average_precision_interval(outcome, score, resamples=1000)
    monkeypatch.setattr(roc, "_EXACT", 10_000)
    exact = roc.average_precision_interval(outcome, score, resamples=1000)
    assert rounded.value == exact.value
    assert (rounded.low, rounded.high) == pytest.approx((exact.low, exact.high), abs=1e-3)


def test_coverage_with_few_patients() -> None:
    """Of 200 studies of 60 patients, about 95 % of the limits hold the average precision of 400,000 patients."""
    random = np.random.default_rng(5)
    outcome = np.arange(60) % 3 > 0
    many = np.arange(400_000) % 3 > 0
    truth = roc.precision_recall(many, random.normal(many * 1.2)).average_precision
    held = 0
    for _ in range(200):
        estimate = roc.average_precision_interval(outcome, random.normal(outcome * 1.2), resamples=200)
        held += estimate.low <= truth <= estimate.high
    assert 0.9 <= held / 200 <= 0.99


@pytest.mark.parametrize(
    ("outcome", "score", "reason"),
    [
        ([], [], "no patients"),
        ([1, 1], [0.2, 0.3], "no patient has a negative outcome"),
        ([0, 0], [0.2, 0.3], "no patient has a positive outcome"),
        ([0, 1], [0.2, math.nan], "1 of 2 scores are missing"),
    ],
)
def test_undefined_is_nan_with_a_reason(outcome: list[int], score: list[float], reason: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        line, estimate = roc.precision_recall(outcome, score), roc.average_precision_interval(outcome, score)
    assert line.recall.size == line.precision.size == line.threshold.size == 0
    assert math.isnan(line.average_precision) and math.isnan(estimate.value) and math.isnan(estimate.low)
    assert line.reason == estimate.reason == reason


def test_one_patient_of_an_outcome_has_a_value_but_no_limits() -> None:
    estimate = roc.average_precision_interval([1, 0, 0], [0.5, 0.9, 0.1])
    assert estimate.value == 0.5 and math.isnan(estimate.low)
    assert estimate.reason == "fewer than 2 patients have a positive outcome"
