from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aln_desk.stats import bootstrap, roc

Floats = NDArray[np.float64]

# Three patients with 1, 2 and 3 images.
PATIENT = ["p2", "p1", "p3", "p2", "p3", "p3"]
VALUE = np.array([4.0, 1.0, 2.0, 6.0, 2.0, 8.0])


def mean(sums: Floats) -> Floats:
    shares: Floats = sums[..., 0] / sums[..., 1]
    return shares


def summands(value: Floats) -> Floats:
    return np.column_stack([value, np.ones(len(value))])


def test_a_patient_is_drawn_with_all_images() -> None:
    seen: list[list[int]] = []

    def remember(rows: bootstrap.Rows) -> float:
        seen.append(sorted(rows.tolist()))
        return 0.0

    bootstrap.interval(remember, PATIENT, resamples=200)
    images = {"p1": [1], "p2": [0, 3], "p3": [2, 4, 5]}
    possible = {tuple(sorted(images[a] + images[b] + images[c])) for a in images for b in images for c in images}
    assert seen[0] == [0, 1, 2, 3, 4, 5]
    assert len(seen) == 201 and {tuple(rows) for rows in seen} == possible


def test_percentiles_of_all_resamples_of_three_patients() -> None:
    """All 27 resamples can be listed; their extremes are the limits at a level near 1."""
    estimate = bootstrap.interval(lambda rows: float(VALUE[rows].mean()), PATIENT, level=0.9999, resamples=3000)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((23 / 6, 1.0, 5.0), abs=0.01)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 6), st.floats(-5, 5)), min_size=1, max_size=20), st.integers(0, 3))
def test_sums_and_rows_draw_the_same_patients(rows: list[tuple[int, float]], seed: int) -> None:
    patient, value = [p for p, _ in rows], np.array([v for _, v in rows])
    quick = bootstrap.interval_of_sums(mean, summands(value), patient, resamples=40, seed=seed)
    slow = bootstrap.interval(lambda picked: float(value[picked].mean()), patient, resamples=40, seed=seed)
    assert (quick.value, quick.low, quick.high) == pytest.approx((slow.value, slow.low, slow.high), nan_ok=True)
    assert quick.reason == slow.reason


@settings(max_examples=30)
@given(st.permutations(range(6)))
def test_the_order_of_the_rows_does_not_count(order: list[int]) -> None:
    plain = bootstrap.interval_of_sums(mean, summands(VALUE), PATIENT, resamples=50)
    turned = bootstrap.interval_of_sums(mean, summands(VALUE[order]), [PATIENT[i] for i in order], resamples=50)
    assert (turned.low, turned.high) == pytest.approx((plain.low, plain.high))


def test_the_seed_decides() -> None:
    limits = [bootstrap.interval_of_sums(mean, summands(VALUE), PATIENT, resamples=50, seed=s) for s in (0, 0, 1)]
    assert limits[0] == limits[1] != limits[2]


def test_a_stratum_keeps_its_number_of_patients() -> None:
    outcome = np.array([0, 0, 1, 1, 1, 0])
    counts: list[tuple[int, int]] = []

    def remember(rows: bootstrap.Rows) -> float:
        counts.append((int((outcome[rows] == 0).sum()), int((outcome[rows] == 1).sum())))
        return 0.0

    bootstrap.interval(remember, np.arange(6), stratum=outcome, resamples=50)
    assert set(counts) == {(3, 3)}


def test_images_of_a_patient_are_not_independent() -> None:
    """100 patients with 4 equal images each: as wide as 100 patients with one, not as 400."""
    value = np.random.default_rng(1).normal(size=100)
    once = bootstrap.interval_of_sums(mean, summands(value), np.arange(100))
    four = bootstrap.interval_of_sums(mean, summands(np.repeat(value, 4)), np.repeat(np.arange(100), 4))
    assert (four.low, four.high) == pytest.approx((once.low, once.high), abs=1e-12)
    assert once.high - once.low == pytest.approx(2 * 1.96 * value.std() / 10, rel=0.1)


def test_an_auc_of_images() -> None:
    random = np.random.default_rng(2)
    patient = np.repeat(np.arange(60), 3)
    outcome = patient % 2
    score = random.normal(outcome) + random.normal(size=60)[patient]
    estimate = bootstrap.interval(
        lambda rows: roc.auc(outcome[rows], score[rows]), patient, stratum=outcome, resamples=300
    )
    _, low, high = roc.auc_interval(outcome, score)
    assert estimate.low < low < estimate.value < high < estimate.high  # wider than if images were patients


def test_too_little_to_draw_from() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nobody = bootstrap.interval(lambda rows: 1.0, [])
        none = bootstrap.interval_of_sums(mean, np.empty((0, 2)), [])
        alone = bootstrap.interval(lambda rows: 1.0, ["p", "p"])
        one_positive = bootstrap.interval(lambda rows: 1.0, [1, 2, 3], stratum=[0, 0, 1])
        undefined = bootstrap.interval_of_sums(mean, [[1.0, 0.0], [-1.0, 0.0]], [1, 2])
    assert nobody.reason == none.reason == "no patients"
    assert alone.reason == one_positive.reason == "a single patient does not vary"
    assert undefined.reason == "the figure itself is not defined"
    assert (alone.value, one_positive.value) == (1.0, 1.0)
    assert all(math.isnan(each.value) for each in (nobody, none, undefined))
    assert all(
        math.isnan(each.low) and math.isnan(each.high) for each in (nobody, none, alone, one_positive, undefined)
    )


def test_a_figure_that_is_often_undefined_has_no_limits() -> None:
    some = bootstrap.percentile(1.0, np.array([math.nan] * 5 + [1.0] * 95))
    many = bootstrap.percentile(1.0, np.array([math.nan] * 6 + [1.0] * 94))
    assert (some.low, some.high, some.reason) == (1.0, 1.0, "")
    assert math.isnan(many.low) and many.reason == "not defined in 6 of 100 resamples"


def test_percentiles_are_rs_type_7() -> None:
    estimate = bootstrap.percentile(2.0, np.array([4.0, 1.0, 3.0, 2.0, 5.0]), level=0.75)
    assert (estimate.low, estimate.high) == (1.5, 4.5)


def test_arrays_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="two strata"):
        bootstrap.interval(lambda rows: 1.0, ["p", "p", "q"], stratum=[0, 1, 0])
    with pytest.raises(ValueError, match="one length"):
        bootstrap.interval(lambda rows: 1.0, ["p", "q"], stratum=[0])
    with pytest.raises(ValueError, match="summands"):
        bootstrap.interval_of_sums(mean, [1.0, 2.0], ["p", "q"])
