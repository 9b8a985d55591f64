from __future__ import annotations

import math
import warnings
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aln_desk.stats import delong, ranks, roc

OUTCOME = [1, 1, 0, 1, 0]
SCORE = [0.9, 0.6, 0.5, 0.4, 0.2]


@st.composite
def readings(draw: st.DrawFn) -> tuple[list[int], list[float], list[float]]:
    """Two scores, with many ties, of at least two patients of each outcome."""
    outcome = [0, 1, 0, 1, *draw(st.lists(st.integers(0, 1), max_size=20))]
    score = st.lists(st.integers(0, 6).map(float), min_size=len(outcome), max_size=len(outcome))
    return outcome, draw(score), draw(score)


def kernel(outcome: list[int], score: list[float]) -> NDArray[np.float64]:
    """(m, n): 1 where the positive scores above the negative, 1/2 where they tie."""
    scores, positive = np.array(score), np.array(outcome, dtype=bool)
    gap = scores[positive][:, None] - scores[~positive][None, :]
    won: NDArray[np.float64] = (np.sign(gap) + 1) / 2
    return won


def brute_covariance(outcome: list[int], first: list[float], second: list[float]) -> float:
    """DeLong's S10 / m + S01 / n from the whole (m, n) kernel, in O(mn)."""
    a, b = kernel(outcome, first), kernel(outcome, second)
    m, n = a.shape
    return float(np.cov(a.mean(1), b.mean(1))[0, 1] / m + np.cov(a.mean(0), b.mean(0))[0, 1] / n)


def test_midranks_share_ties() -> None:
    assert ranks.midranks(np.array([3.0, 1.0, 3.0, 2.0, 3.0])).tolist() == [4.0, 1.0, 4.0, 2.0, 4.0]


def test_variance_of_five_patients_by_hand() -> None:
    # Components of the positives 1, 1, 1/2: variance 1/12, over 3; of the negatives 2/3, 1: 1/18, over 2.
    assert delong.variance(OUTCOME, SCORE) == pytest.approx(1 / 36 + 1 / 36, abs=1e-15)


@given(readings())
def test_variance_equals_brute_force(data: tuple[list[int], list[float], list[float]]) -> None:
    outcome, score, _ = data
    assert delong.variance(outcome, score) == pytest.approx(brute_covariance(outcome, score, score), abs=1e-12)


@given(readings())
def test_comparison_equals_brute_force(data: tuple[list[int], list[float], list[float]]) -> None:
    outcome, first, second = data
    result = delong.compare(outcome, first, second)
    spread = (
        brute_covariance(outcome, first, first)
        + brute_covariance(outcome, second, second)
        - 2 * brute_covariance(outcome, first, second)
    )
    difference = kernel(outcome, first).mean() - kernel(outcome, second).mean()
    assert result.difference == pytest.approx(difference, abs=1e-12)
    assert ((result.high - result.low) / 2 / 1.959963984540054) ** 2 == pytest.approx(spread, abs=1e-12)
    if spread > 1e-9:
        assert result.z == pytest.approx(difference / math.sqrt(spread), abs=1e-6)
        assert result.p == pytest.approx(1 - math.erf(abs(result.z) / math.sqrt(2)), abs=1e-12)


@given(readings())
def test_swapping_the_scores_turns_the_sign(data: tuple[list[int], list[float], list[float]]) -> None:
    outcome, first, second = data
    there, back = delong.compare(outcome, first, second), delong.compare(outcome, second, first)
    assert there.difference == -back.difference
    assert (there.p == back.p) or (math.isnan(there.p) and math.isnan(back.p))


def test_a_score_against_itself_gives_no_evidence() -> None:
    assert delong.compare(OUTCOME, SCORE, np.exp(SCORE)) == delong.Comparison(0.0, 0.0, 0.0, 0.0, 1.0, n=5)


def test_a_difference_without_variance_has_no_p() -> None:
    result = delong.compare([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])
    assert (result.difference, result.low, result.high) == (1.0, 1.0, 1.0)
    assert math.isnan(result.z) and math.isnan(result.p)
    assert result.reason == "the difference has no variance"


def test_a_known_normal_quantile() -> None:
    # z of the difference between SCORE (AUC 5/6) and its reverse (1/6): 2/3 over 2 * sqrt(1/18) is sqrt(2).
    result = delong.compare(OUTCOME, SCORE, np.negative(SCORE))
    assert result.z == pytest.approx(math.sqrt(2), abs=1e-12)
    assert result.p == pytest.approx(0.15729920705, abs=1e-10)


NOTHING = [([], [], "no patients"), ([1, 1, 1], [1, 2, 3], "no patient has a negative outcome")]


@pytest.mark.parametrize(("outcome", "score", "reason"), NOTHING)
def test_undefined_is_nan_with_a_reason_and_no_warning(outcome: list[int], score: list[float], reason: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(delong.variance(outcome, score))
        results = [
            delong.compare(outcome, score, score),
            delong.compare_unpaired(outcome, score, OUTCOME, SCORE),
            delong.compare_unpaired(OUTCOME, SCORE, outcome, score),
        ]
    for result in results:
        assert all(math.isnan(v) for v in (result.difference, result.low, result.high, result.z, result.p))
        assert result.reason.startswith(reason)


def test_one_patient_of_an_outcome_has_an_auc_but_no_variance() -> None:
    outcome, score = [1, 0, 0], [0.5, 0.2, 0.9]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(delong.variance(outcome, score))
        assert roc.auc(outcome, score) == 0.5
        result = delong.compare(outcome, score, [1, 2, 3])
        apart = delong.compare_unpaired(outcome, score, OUTCOME, SCORE)
    assert (result.difference, result.reason) == (0.5, "fewer than 2 patients have a positive outcome")
    assert math.isnan(result.p) and math.isnan(result.low)
    assert apart.difference == pytest.approx(0.5 - 5 / 6)
    assert math.isnan(apart.p) and apart.reason == "fewer than 2 patients have a positive outcome in one of the cohorts"


def test_patients_without_a_score_are_left_out_of_the_pair() -> None:
    outcome, first, second = [0, *OUTCOME, 1], [9.0, *SCORE, math.nan], [math.nan, *np.negative(SCORE), 0.0]
    assert delong.compare(outcome, first, second) == delong.compare(OUTCOME, SCORE, np.negative(SCORE))
    assert math.isnan(delong.variance([*OUTCOME, 1], [*SCORE, math.nan]))


def test_no_patient_with_both_scores() -> None:
    result = delong.compare([0, 1], [math.nan, 1.0], [1.0, math.nan])
    assert (result.n, result.reason) == (0, "no patient has both scores")


def test_two_perfect_cohorts_have_no_variance_to_test_with() -> None:
    result = delong.compare_unpaired([0, 0, 1, 1], [1, 2, 3, 4], [1, 1, 0, 0], [4, 3, 2, 1])
    assert (result.difference, result.low, result.high, result.reason) == (
        0.0,
        0.0,
        0.0,
        "the difference has no variance",
    )
    assert math.isnan(result.p)


@given(readings(), readings())
def test_unpaired_is_welchs_test_of_two_areas(
    one: tuple[list[int], list[float], list[float]], two: tuple[list[int], list[float], list[float]]
) -> None:
    (outcome_a, first, _), (outcome_b, second, _) = one, two
    result = delong.compare_unpaired(outcome_a, first, outcome_b, second)
    back = delong.compare_unpaired(outcome_b, second, outcome_a, first)
    spread_a, spread_b = brute_covariance(outcome_a, first, first), brute_covariance(outcome_b, second, second)
    assert result.difference == pytest.approx(kernel(outcome_a, first).mean() - kernel(outcome_b, second).mean())
    assert result.n == back.n == len(outcome_a) + len(outcome_b)
    if spread_a + spread_b > 1e-9:
        assert result.z == pytest.approx(result.difference / math.sqrt(spread_a + spread_b), abs=1e-9)
        assert (result.z, result.p) == pytest.approx((-back.z, back.p))
        assert min(len(outcome_a), len(outcome_b)) - 1 - 1e-9 <= result.df <= result.n - 2 + 1e-9


@st.composite
def several(draw: st.DrawFn) -> tuple[list[int], dict[str, list[float]]]:
    """Up to four scores of the same patients, some of them missing."""
    outcome = [0, 1, 0, 1, *draw(st.lists(st.integers(0, 1), max_size=15))]
    value = st.one_of(st.integers(0, 5).map(float), st.just(math.nan))
    column = st.lists(value, min_size=len(outcome), max_size=len(outcome))
    return outcome, {f"model {i}": draw(column) for i in range(draw(st.integers(0, 4)))}


@given(several())
def test_the_matrix_says_what_each_comparison_says(data: tuple[list[int], dict[str, list[float]]]) -> None:
    outcome, scores = data
    table = delong.matrix(outcome, scores)
    assert table.names == tuple(scores) and table.p.shape == table.difference.shape == (len(scores),) * 2
    for i, a in enumerate(scores):
        assert math.isnan(table.p[i, i]) and table.difference[i, i] == 0.0
        for j, b in enumerate(scores):
            if i < j:
                alone = delong.compare(outcome, scores[a], scores[b])
                np.testing.assert_array_equal(astuple(table.pairs[a, b])[:6], astuple(alone)[:6])
                assert table.pairs[a, b].reason == alone.reason
                np.testing.assert_array_equal([table.difference[i, j], table.p[i, j]], [alone.difference, alone.p])
                np.testing.assert_array_equal([table.difference[j, i], table.p[j, i]], [-alone.difference, alone.p])


def test_the_matrix_corrects_for_the_pairs_that_could_be_tested() -> None:
    scores: dict[str, list[float]] = {"a": SCORE, "b": [5, 1, 4, 2, 3], "c": [2, 1, 3, 5, 4], "none": [math.nan] * 5}
    plain, corrected = delong.matrix(OUTCOME, scores), delong.matrix(OUTCOME, scores, "holm")
    tested = [plain.p[0, 1], plain.p[0, 2], plain.p[1, 2]]
    assert min(tested) * 3 == pytest.approx(np.nanmin(corrected.p)) and corrected.correction == "holm"
    assert np.isnan(corrected.p[3]).all() and corrected.pairs["a", "none"].reason == "no patient has both scores"
    np.testing.assert_equal(corrected.p, corrected.p.T)
    assert corrected.pairs["a", "b"].p == plain.p[0, 1]


def test_mismatched_lengths_are_refused() -> None:
    with pytest.raises(ValueError):
        delong.compare([0, 1], [0.1, 0.2], [0.1])


def test_coverage_of_the_interval_on_binormal_scores() -> None:
    """Of 400 studies of 60 patients, about 95 % of the intervals hold the true AUC, Phi(1 / sqrt 2)."""
    random = np.random.default_rng(5)
    outcome = np.arange(60) % 2
    held = 0
    for _ in range(400):
        _, low, high = roc.auc_interval(outcome, random.normal(outcome, 1.0))
        held += low <= 0.7602499 <= high
    assert 0.92 <= held / 400 <= 0.98
