from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aln_desk.stats import roc
from aln_desk.stats.bands import precision_band, roc_band

Numbers = NDArray[np.float64]


def _patients(count: int, ties: int = 0, seed: int = 0) -> tuple[NDArray[np.int8], Numbers]:
    random = np.random.default_rng(seed)
    outcome = (random.random(count) < 0.6).astype(np.int8)
    score = random.normal(size=count) + outcome
    return outcome, np.round(score * ties) / ties if ties else score


def _slowly(outcome: NDArray[np.int8], score: Numbers, at: Numbers, seed: int) -> tuple[Numbers, Numbers]:
    """Patients drawn one by one, and their curve read as `roc.curve` has it."""
    random = np.random.default_rng(seed)
    positive, negative = score[outcome == 1], score[outcome == 0]
    truth = np.repeat([1, 0], [positive.size, negative.size])
    found = []
    for _ in range(2000):
        drawn = np.concatenate([random.choice(positive, positive.size), random.choice(negative, negative.size)])
        curve = roc.curve(truth, drawn)
        found.append(np.interp(at, curve.false_positive_rate, curve.sensitivity))
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    return low, high


@pytest.mark.parametrize(("count", "ties"), [(80, 0), (80, 2), (900, 0)])
def test_the_band_is_that_of_patients_drawn_one_by_one(count: int, ties: int) -> None:
    outcome, score = _patients(count, ties)
    at = np.array([0.105, 0.305, 0.505, 0.805])  # not where the curve has its steps
    band = roc_band(outcome, score, at, resamples=2000)
    low, high = _slowly(outcome, score, at, seed=1)
    assert band.low == pytest.approx(low, abs=0.03)
    assert band.high == pytest.approx(high, abs=0.03)


def test_a_band_of_the_true_curve_holds_it_about_as_often_as_it_says() -> None:
    at = np.array([0.2, 0.5])
    truth = roc.curve(*_patients(100_000, seed=99))
    expected = np.interp(at, truth.false_positive_rate, truth.sensitivity)
    held = []
    for seed in range(150):
        band = roc_band(*_patients(120, seed=seed), at, resamples=200)
        held.append((band.low <= expected) & (expected <= band.high))
    assert (np.mean(held, axis=0) > 0.88).all()


def test_precision_at_full_recall_does_not_vary_where_everyone_is_called_by_the_lowest_positive() -> None:
    outcome, score = np.array([1, 1, 1, 0, 0]), np.array([0.5, 0.5, 0.5, 0.5, 0.5])
    band = precision_band(outcome, score)
    assert band.low == pytest.approx(0.6) and band.high == pytest.approx(0.6)


def test_perfect_separation_has_a_band_of_no_width() -> None:
    outcome, score = np.array([1, 1, 1, 0, 0, 0]), np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1])
    for band in (roc_band(outcome, score), precision_band(outcome, score)):
        assert (band.low == 1).all() and (band.high == 1).all()


@pytest.mark.parametrize(
    ("outcome", "score"),
    [([], []), ([1, 1], [0.1, 0.2]), ([1, 0, 0], [0.1, 0.2, 0.3]), ([1, 1, 0, 0], [0.1, np.nan, 0.3, 0.4])],
)
def test_a_band_that_is_not_defined_is_empty(outcome: list[int], score: list[float]) -> None:
    for band in (roc_band(outcome, score), precision_band(outcome, score)):
        assert band.at.size == band.low.size == band.high.size == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=30), st.permutations(range(4)))
def test_a_band_lies_within_0_and_1_and_does_not_depend_on_the_order(
    rows: list[tuple[bool, int]], first: list[int]
) -> None:
    outcome = np.array([int(one) for one, _ in rows])
    score = np.array([float(value) for _, value in rows])
    order = np.r_[first, 4 : len(rows)].astype(int)
    for make in (roc_band, precision_band):
        band = make(outcome, score, resamples=20)
        assert (band.low >= 0).all() and (band.low <= band.high).all() and (band.high <= 1).all()
        again = make(outcome[order], score[order], resamples=20)
        assert np.array_equal(band.low, again.low) and np.array_equal(band.high, again.high)
