from __future__ import annotations

import math
import warnings
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from aln_desk.stats import operating
from aln_desk.stats.operating import Confusion, figures

# The paper's Table 2: right positives and right negatives, published sensitivity and specificity.
INTERNAL, EXTERNAL = (184, 89), (94, 46)
TABLE_2 = [
    ("clinical", INTERNAL, (126, 59), 0.685, 0.663),
    ("single T", INTERNAL, (135, 64), 0.734, 0.719),
    ("HRNet", INTERNAL, (159, 66), 0.864, 0.742),
    ("ResNet", INTERNAL, (109, 74), 0.592, 0.831),
    ("U-Net", INTERNAL, (128, 74), 0.696, 0.831),
    ("MobileNet", INTERNAL, (128, 69), 0.696, 0.775),
    ("Swin", INTERNAL, (149, 73), 0.810, 0.820),
    ("SegFormer", INTERNAL, (150, 76), 0.815, 0.854),
    ("clinical", EXTERNAL, (68, 25), 0.723, 0.543),
    ("single T", EXTERNAL, (66, 33), 0.702, 0.717),
    ("HRNet", EXTERNAL, (77, 36), 0.819, 0.783),
    ("ResNet", EXTERNAL, (82, 29), 0.872, 0.630),
    ("U-Net", EXTERNAL, (53, 30), 0.564, 0.652),
    ("MobileNet", EXTERNAL, (74, 40), 0.787, 0.870),
    ("Swin", EXTERNAL, (85, 34), 0.904, 0.739),
    ("SegFormer", EXTERNAL, (80, 44), 0.851, 0.957),
]


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    outcome = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=20))]
    score = st.one_of(st.integers(0, 4).map(float), st.floats(allow_nan=False, allow_infinity=False))
    return outcome, draw(st.lists(score, min_size=len(outcome), max_size=len(outcome)))


def youden(outcome: list[int], score: list[float], threshold: float) -> float:
    at = operating.table(outcome, score, threshold)
    return at.sensitivity.value + at.specificity.value


@pytest.mark.parametrize(("name", "cohort", "right", "sensitivity", "specificity"), TABLE_2)
def test_published_proportions(
    name: str, cohort: tuple[int, int], right: tuple[int, int], sensitivity: float, specificity: float
) -> None:
    (positive, negative), (tp, tn) = cohort, right
    at = figures(Confusion(tp, negative - tn, tn, positive - tp))
    assert (round(at.sensitivity.value, 3), round(at.specificity.value, 3)) == (sensitivity, specificity), name


def test_published_f1_recomputed_from_the_counts() -> None:
    """Two F1 of the published table do not follow from its counts; these do."""
    assert round(figures(Confusion(85, 12, 34, 9)).f1.value, 3) == 0.890  # Swin, external
    assert round(figures(Confusion(128, 20, 69, 56)).f1.value, 3) == 0.771  # MobileNet, internal


def test_every_figure_of_one_matrix() -> None:
    at = figures(Confusion(tp=8, fp=1, tn=3, fn=4))
    values = (
        at.accuracy.value,
        at.sensitivity.value,
        at.specificity.value,
        at.ppv.value,
        at.npv.value,
        at.f1.value,
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


COUNT = st.integers(0, 60)


@given(COUNT, COUNT, COUNT, COUNT)
def test_f1_limits_hold_f1_and_are_wilsons_of_its_share(tp: int, fp: int, tn: int, fn: int) -> None:
    f1 = figures(Confusion(tp, fp, tn, fn)).f1
    if not tp + fp + fn:
        assert math.isnan(f1.value) and f1.reason
        return
    assert 0 <= f1.low <= f1.value <= f1.high <= 1 and f1.low < f1.high
    star = operating.wilson(tp, tp + fp + fn)
    assert f1.low / (2 - f1.low) == pytest.approx(star.low) and f1.high / (2 - f1.high) == pytest.approx(star.high)


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.5, 0.99))
def test_wilson_agrees_with_scipy_at_any_level(count: int, total: int, level: float) -> None:
    result = operating.wilson(min(count, total), total, level)
    limits = binomtest(min(count, total), total).proportion_ci(level, method="wilson")
    assert (result.low, result.high) == pytest.approx((limits.low, limits.high), abs=1e-12)


def test_the_level_widens_every_limit() -> None:
    narrow, wide = (operating.table([1, 1, 0, 0], [4, 2, 3, 1], 2.5, level) for level in (0.5, 0.99))
    for inner, outer in zip(astuple(narrow), astuple(wide), strict=True):
        assert inner[0] == outer[0] and outer[1] < inner[1] < inner[2] < outer[2]


def test_nobody_gives_nan_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty = operating.table([], [], 0.5)
        negative = operating.table([0, 0], [0.1, 0.2], 0.5)
    assert math.isnan(empty.accuracy.value) and math.isnan(empty.accuracy.low) and math.isnan(empty.f1.low)
    assert math.isnan(negative.sensitivity.value) and math.isnan(negative.ppv.high) and math.isnan(negative.f1.value)
    assert negative.specificity.value == negative.npv.value == 1.0
    assert empty.accuracy.reason == "no patients" and negative.ppv.reason == "no patient is called positive"
    assert negative.sensitivity.reason == "no patient has a positive outcome" and not negative.npv.reason


@pytest.mark.parametrize(
    ("score", "threshold", "reason"),
    [([0.1, math.nan], 0.5, "1 of 2 scores are missing"), ([0.1, 0.9], math.nan, "there is no one threshold")],
)
def test_a_nan_decides_nothing(score: list[float], threshold: float, reason: str) -> None:
    at = operating.table([0, 1], score, threshold)
    assert math.isnan(at.accuracy.value) and math.isnan(at.f1.high)
    assert at.accuracy.reason == at.f1.reason == reason
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
    ("outcome", "score", "reason"),
    [
        ([], [], "no patients"),
        ([1, 1], [0.2, 0.3], "no patient has a negative outcome"),
        ([0, 1], [0.2, math.nan], "1 of 2 scores are missing"),
        ([0, 1], [0.2, math.inf], "1 scores are infinite"),
    ],
)
def test_no_threshold_without_a_reason(outcome: list[int], score: list[float], reason: str) -> None:
    assert math.isnan(operating.youden_threshold(outcome, score))
    assert math.isnan(operating.threshold_at_sensitivity(outcome, score, 0.9))
    assert operating.why_no_threshold(outcome, score) == reason


def test_a_fixed_sensitivity_by_hand() -> None:
    outcome, score = [1, 1, 1, 1, 0, 0], [0.9, 0.7, 0.5, 0.3, 0.6, 0.1]
    reached = [operating.threshold_at_sensitivity(outcome, score, goal) for goal in (0.01, 0.5, 0.51, 0.75, 1.0)]
    assert reached == [0.9, 0.7, 0.5, 0.5, 0.3]


@given(patients(), st.floats(0.001, 1.0))
def test_the_highest_threshold_that_reaches_the_sensitivity(data: tuple[list[int], list[float]], goal: float) -> None:
    outcome, score = data
    chosen = operating.threshold_at_sensitivity(outcome, score, goal)
    reaching = [t for t in score if operating.table(outcome, score, t).sensitivity.value >= goal]
    assert chosen == max(reaching)


@pytest.mark.parametrize("goal", [0.0, 1.01, math.nan])
def test_a_sensitivity_that_cannot_be_asked_for(goal: float) -> None:
    with pytest.raises(ValueError):
        operating.threshold_at_sensitivity([0, 1], [0.1, 0.2], goal)


DECISIONS = st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=1, max_size=40)


@given(DECISIONS)
def test_mcnemar_is_statsmodels_exact_test(rows: list[tuple[int, int, int]]) -> None:
    outcome, first, second = (list(column) for column in zip(*rows, strict=True))
    result = operating.mcnemar(outcome, first, second)
    square = np.zeros((2, 2))
    np.add.at(square, (np.equal(first, outcome).astype(int), np.equal(second, outcome).astype(int)), 1)
    assert (result.only_a, result.only_b) == (square[1, 0], square[0, 1])
    assert result.p == pytest.approx(statsmodels_mcnemar(square, exact=True).pvalue, rel=1e-12)
    assert result.difference == pytest.approx(np.mean(np.equal(first, outcome)) - np.mean(np.equal(second, outcome)))
    assert operating.mcnemar(outcome, second, first).p == result.p


def test_mcnemar_of_an_approval_by_hand() -> None:
    """25 discordant patients, 5 against 20: 2 P(X <= 5) of binomial(25, 1/2) is 2 * 68406 / 2^25."""
    result = operating.mcnemar([1] * 25, [1] * 5 + [0] * 20, [0] * 5 + [1] * 20)
    assert result.p == pytest.approx(2 * 68406 / 2**25, rel=1e-14)


def test_mcnemar_without_patients_or_decisions() -> None:
    nobody, missing = operating.mcnemar([], [], []), operating.mcnemar([0, 1], [0, math.nan], [1, 1])
    assert math.isnan(nobody.p) and math.isnan(nobody.difference) and nobody.reason == "no patients"
    assert math.isnan(missing.p) and missing.reason == "1 of 2 patients lack a decision"
    with pytest.raises(ValueError):
        operating.mcnemar([0, 1], [0.3, 0.7], [0, 1])
