from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats import operating
from aln_desk.stats.operating import Confusion, figures

# The paper's Table 2: counts, published sensitivity and specificity. 184 positives and 89 negatives in the
# internal test, 94 and 46 in the external one.
TABLE_2 = [
    ("clinical internal", Confusion(126, 30, 59, 58), 0.685, 0.663),
    ("segformer internal", Confusion(150, 13, 76, 34), 0.815, 0.854),
    ("segformer external", Confusion(80, 2, 44, 14), 0.851, 0.957),
    ("swin external", Confusion(85, 12, 34, 9), 0.904, 0.739),
]


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    outcome = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=20))]
    score = st.one_of(st.integers(0, 4).map(float), st.floats(allow_nan=False, allow_infinity=False))
    return outcome, draw(st.lists(score, min_size=len(outcome), max_size=len(outcome)))


def youden(outcome: list[int], score: list[float], threshold: float) -> float:
    at = operating.table(outcome, score, threshold)
    return at.sensitivity.value + at.specificity.value


@pytest.mark.parametrize(("name", "counts", "sensitivity", "specificity"), TABLE_2)
def test_published_proportions(name: str, counts: Confusion, sensitivity: float, specificity: float) -> None:
    at = figures(counts)
    assert (round(at.sensitivity.value, 3), round(at.specificity.value, 3)) == (sensitivity, specificity), name


def test_published_f1_of_swin_recomputed_from_the_counts() -> None:
    assert round(figures(Confusion(85, 12, 34, 9)).f1, 3) == 0.890


def test_every_figure_of_one_matrix() -> None:
    at = figures(Confusion(tp=8, fp=1, tn=3, fn=4))
    values = (
        at.accuracy.value,
        at.sensitivity.value,
        at.specificity.value,
        at.ppv.value,
        at.npv.value,
        at.f1,
    )
    assert values == pytest.approx((11 / 16, 8 / 12, 3 / 4, 8 / 9, 3 / 7, 16 / 21))


def test_a_score_equal_to_the_threshold_is_positive() -> None:
    counts = operating.confusion([1, 0, 1, 0], [0.5, 0.5, 0.4, 0.4], 0.5)
    assert counts == Confusion(tp=1, fp=1, tn=1, fn=1)


def test_counts_go_where_they_belong() -> None:
    outcome = [1] * 4 + [0] * 6
    counts = operating.confusion(outcome, [1, 1, 1, 0, 1, 1, 0, 0, 0, 0], 0.5)
    assert counts == Confusion(tp=3, fp=2, tn=4, fn=1)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_limits_as_published(count: int, total: int, low: float, high: float) -> None:
    """The last row is Newcombe's example (Statistics in Medicine 17:857, 1998)."""
    result = operating.wilson(count, total)
    assert (result.low, result.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_limits_hold_the_share(count: int, total: int) -> None:
    result = operating.wilson(min(count, total), total)
    assert 0 <= result.low <= result.value <= result.high <= 1


def test_nobody_gives_nan_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty = operating.table([], [], 0.5)
        negative = operating.table([0, 0], [0.1, 0.2], 0.5)
    assert math.isnan(empty.accuracy.value) and math.isnan(empty.accuracy.low) and math.isnan(empty.f1)
    assert math.isnan(negative.sensitivity.value) and math.isnan(negative.ppv.high) and math.isnan(negative.f1)
    assert negative.specificity.value == negative.npv.value == 1.0


@pytest.mark.parametrize(("score", "threshold"), [([0.1, math.nan], 0.5), ([0.1, 0.9], math.nan)])
def test_a_nan_decides_nothing(score: list[float], threshold: float) -> None:
    assert math.isnan(operating.table([0, 1], score, threshold).accuracy.value)
    with pytest.raises(ValueError):
        operating.confusion([0, 1], score, threshold)


def test_mismatched_lengths_are_refused() -> None:
    with pytest.raises(ValueError):
        operating.table([0, 1], [0.5], 0.5)


def test_youden_is_the_midpoint() -> None:
    assert operating.youden_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9]) == pytest.approx(0.4)


def test_youden_takes_the_lowest_of_equally_good() -> None:
    # Above 1.5: both positives and one of two negatives. Above 3.5: one positive, no negative. Both gain 1/2.
    assert operating.youden_threshold([0, 1, 0, 1], [1.0, 2.0, 3.0, 4.0]) == 1.5


def test_youden_without_any_separation_calls_everyone_positive() -> None:
    assert operating.youden_threshold([0, 1, 1], [0.7, 0.7, 0.7]) == 0.7
    assert operating.youden_threshold([1, 0], [0.2, 0.8]) == 0.2


def test_youden_between_neighbouring_floats_still_separates() -> None:
    low = 0.1
    high = float(np.nextafter(low, 1))
    assert operating.youden_threshold([0, 1], [low, high]) == high
    assert operating.youden_threshold([0, 1], [0.0, 5e-324]) == 5e-324
    assert operating.youden_threshold([0, 1], [-1.7e308, 1.7e308]) == 0.0


@given(patients())
def test_no_threshold_is_better_than_youdens(data: tuple[list[int], list[float]]) -> None:
    outcome, score = data
    chosen = operating.youden_threshold(outcome, score)
    assert math.isfinite(chosen)
    best = max(youden(outcome, score, candidate) for candidate in [*score, math.inf])
    assert youden(outcome, score, chosen) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize(
    ("outcome", "score"),
    [([], []), ([1, 1], [0.2, 0.3]), ([0, 1], [0.2, math.nan]), ([0, 1], [0.2, math.inf])],
)
def test_youden_is_nan_where_not_defined(outcome: list[int], score: list[float]) -> None:
    assert math.isnan(operating.youden_threshold(outcome, score))
