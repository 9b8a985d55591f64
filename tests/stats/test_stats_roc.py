from __future__ import annotations

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats import ranks, roc

# Few distinct values, so that ties are the rule and not the exception.
SCORES = st.integers(-5, 5).map(float)


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    """At least one patient of each outcome."""
    outcome = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=25))]
    return outcome, draw(st.lists(SCORES, min_size=len(outcome), max_size=len(outcome)))


def pairs_won(outcome: list[int], score: list[float]) -> float:
    """The definition: the share of pairs (positive, negative) in the right order, a tie counting one half."""
    positive = [s for o, s in zip(outcome, score, strict=True) if o]
    negative = [s for o, s in zip(outcome, score, strict=True) if not o]
    won = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    return won / (len(positive) * len(negative))


def test_auc_of_six_patients_by_hand() -> None:
    # Positives .9 .6 .4 against negatives .5 .2: 5 of the 6 pairs in order.
    assert roc.auc([1, 1, 0, 1, 0], [0.9, 0.6, 0.5, 0.4, 0.2]) == pytest.approx(5 / 6, abs=1e-15)


def test_auc_of_decisions_is_the_mean_of_sensitivity_and_specificity() -> None:
    # The paper's Table 2, SegFormer, internal test: 150 of 184 positives and 76 of 89 negatives are right.
    outcome = [1] * 184 + [0] * 89
    decision = [1] * 150 + [0] * 34 + [0] * 76 + [1] * 13
    assert roc.auc(outcome, decision) == pytest.approx((150 / 184 + 76 / 89) / 2, abs=1e-15)


def test_bool_outcomes_and_float32_scores() -> None:
    outcome, score = np.array([True, False, True]), np.array([2, 1, 0], dtype=np.float32)
    assert roc.auc(outcome, score) == 0.5


def test_infinite_scores_rank_as_the_greatest() -> None:
    assert roc.auc([0, 1, 1], [-math.inf, 0.0, math.inf]) == 1.0


@given(patients())
def test_auc_is_the_share_of_pairs_won(data: tuple[list[int], list[float]]) -> None:
    assert roc.auc(*data) == pytest.approx(pairs_won(*data), abs=1e-12)


@given(patients())
def test_auc_is_unchanged_by_a_monotone_map(data: tuple[list[int], list[float]]) -> None:
    outcome, score = data
    assert roc.auc(outcome, np.exp(score) / 7 + 3) == roc.auc(outcome, score)


@given(patients())
def test_auc_of_the_negated_score_is_the_complement(data: tuple[list[int], list[float]]) -> None:
    outcome, score = data
    assert roc.auc(outcome, score) == pytest.approx(1 - roc.auc(outcome, np.negative(score)), abs=1e-12)


@given(patients())
def test_area_under_the_curve_is_the_auc(data: tuple[list[int], list[float]]) -> None:
    line = roc.curve(*data)
    area = np.sum(np.diff(line.false_positive_rate) * (line.sensitivity[1:] + line.sensitivity[:-1]) / 2)
    assert area == pytest.approx(roc.auc(*data), abs=1e-12)


@given(patients())
def test_interval_holds_the_auc_and_stays_in_range(data: tuple[list[int], list[float]]) -> None:
    area, low, high = roc.auc_interval(*data)
    few = min(sum(data[0]), len(data[0]) - sum(data[0])) < 2
    assert area == roc.auc(*data)
    assert math.isnan(low) and math.isnan(high) if few else 0 <= low <= area <= high <= 1


def test_interval_by_hand() -> None:
    # AUC 5/6, variance 1/18 (see test_stats_delong): 5/6 -+ 0.6744898 * sqrt(1/18) at level 0.5.
    area, low, high = roc.auc_interval([1, 1, 0, 1, 0], [0.9, 0.6, 0.5, 0.4, 0.2], level=0.5)
    assert (area, low, high) == pytest.approx((0.8333333, 0.6743545, 0.9923122), abs=1e-6)


def test_perfect_separation_has_no_spread() -> None:
    assert roc.auc_interval([0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5]) == (1.0, 1.0, 1.0)


def test_curve_point_by_point() -> None:
    line = roc.curve([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1])
    assert line.threshold.tolist() == [math.inf, 0.9, 0.6, 0.1]
    assert line.false_positive_rate.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert line.sensitivity.tolist() == [0.0, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(
    ("outcome", "score"),
    [([], []), ([1, 1], [0.2, 0.3]), ([0, 0], [0.2, 0.3]), ([0, 1, 1], [0.2, math.nan, 0.3]), ([1], [0.5])],
)
def test_undefined_is_nan_without_a_warning(outcome: list[int], score: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(roc.auc(outcome, score))
        assert all(math.isnan(value) for value in roc.auc_interval(outcome, score))
        assert roc.curve(outcome, score).threshold.size == 0
        assert roc.curve(outcome, score).reason == ranks.why_undefined(outcome, score) != ""


@pytest.mark.parametrize(
    ("outcome", "score", "least", "reason"),
    [
        ([], [], 1, "no patients"),
        ([0, 0], [1, 2], 1, "no patient has a positive outcome"),
        ([1, 1], [1, 2], 1, "no patient has a negative outcome"),
        ([0, 1], [1, math.nan], 1, "1 of 2 scores are missing"),
        ([0, 1], [1, 2], 1, ""),
        ([0, 1, 0], [1, 2, 3], 2, "fewer than 2 patients have a positive outcome"),
        ([0, 1, 1], [1, 2, 3], 2, "fewer than 2 patients have a negative outcome"),
        ([0, 1, 1, 0], [1, 2, 3, 3], 2, ""),
    ],
)
def test_why_undefined(outcome: list[int], score: list[float], least: int, reason: str) -> None:
    assert ranks.why_undefined(outcome, score, least) == reason


@given(st.permutations(range(12)))
def test_the_order_of_the_patients_does_not_count(order: list[int]) -> None:
    outcome, score = np.arange(12) % 2, np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8.0])
    assert roc.auc_interval(outcome[order], score[order]) == pytest.approx(roc.auc_interval(outcome, score), rel=1e-14)


@pytest.mark.parametrize(("outcome", "score"), [([0, 1], [0.5]), ([[0, 1]], [[0.1, 0.2]]), ([0, 2], [0.1, 0.2])])
def test_arrays_that_are_no_patients_are_refused(outcome: list[int], score: list[float]) -> None:
    with pytest.raises(ValueError):
        roc.auc(outcome, score)


def test_importing_statistics_does_not_import_scipy() -> None:
    """The window imports these modules when it starts."""
    code = (
        "import sys; from aln_desk.stats import agreement, bootstrap, decision, delong, operating, roc;"
        "sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
