from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadProject
from aln_desk.domain.verdict import Undecided, decide
from aln_desk.stats import conformal
from aln_desk.stats.conformal import Conformal

shares = st.floats(0, 1)
quantiles = st.one_of(shares, st.just(math.inf))
conformals = st.builds(Conformal, st.floats(0.01, 0.5), quantiles, quantiles)


def scores(rng: np.random.Generator, outcome: int, count: int, ties: bool) -> np.ndarray:
    """Probabilities of patients of one outcome by an overconfident model; rounded where ties are wanted."""
    found = 1 / (1 + np.exp(-3 * rng.normal(0.7 if outcome else -0.4, 1, count)))
    return found.round(1) if ties else found


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("error", [0.05, 0.1, 0.3])
@pytest.mark.parametrize(("negatives", "positives"), [(25, 60), (120, 40)])
def test_each_outcome_is_covered_as_promised(error: float, negatives: int, positives: int, ties: bool) -> None:
    """Over 600 draws of calibration patients, each met by 40 new patients of either outcome."""
    rng = np.random.default_rng(7)
    covered: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(600):
        known = np.concatenate([scores(rng, 0, negatives, ties), scores(rng, 1, positives, ties)])
        fitted = conformal.fit(known, [0] * negatives + [1] * positives, error)
        for outcome, hits in covered.items():
            hits.append(np.mean([outcome in fitted.region(p) for p in scores(rng, outcome, 40, ties)]))
    for outcome, count in ((0, negatives), (1, positives)):
        mean, scatter = np.mean(covered[outcome]), np.std(covered[outcome]) / math.sqrt(600)
        assert mean > 1 - error - 4 * scatter
        if not ties:  # exact: ceil((n + 1) (1 - error)) / (n + 1)
            assert mean == pytest.approx(math.ceil((count + 1) * (1 - error) - 1e-9) / (count + 1), abs=4 * scatter)


def test_the_quantile_is_the_kth_smallest() -> None:
    fitted = conformal.fit([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [0] * 9, 0.1)
    assert fitted.quantile_negative == 0.9  # k = ceil(10 * 0.9) = 9 of 9
    assert conformal.fit([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [0] * 9, 0.3).quantile_negative == 0.7
    assert conformal.fit([0.9, 0.8, 0.4], [1, 1, 1], 0.5).quantile_positive == pytest.approx(0.2)


@pytest.mark.parametrize(("count", "error", "enough"), [(8, 0.1, False), (9, 0.1, True), (18, 0.05, False)])
def test_too_few_patients_exclude_nothing(count: int, error: float, enough: bool) -> None:
    fitted = conformal.fit([0.9] * count + [0.1] * 40, [1] * count + [0] * 40, error)
    assert math.isfinite(fitted.quantile_positive) is enough
    assert (1 in fitted.region(0.0)) is not enough
    assert math.isfinite(fitted.quantile_negative)


def test_no_patient_at_all_leaves_both_outcomes_possible() -> None:
    fitted = conformal.fit([], [], 0.1)
    assert [fitted.region(p) for p in (0.0, 0.5, 1.0)] == [frozenset((0, 1))] * 3
    assert fitted.undecided(0.4) == Undecided(0.0, 1.0, 0.1)


def test_a_patient_exactly_at_the_limit_stays() -> None:
    fitted = conformal.fit([0.25] * 20 + [0.75] * 20, [0] * 20 + [1] * 20, 0.1)
    assert fitted.region(0.25) == {0}
    assert fitted.region(0.75) == {1}
    assert fitted.region(0.5) == frozenset()


def test_a_score_that_is_not_a_number_excludes_nothing() -> None:
    assert Conformal(0.1, 0.2, 0.2).region(math.nan) == {0, 1}


@given(conformals, shares, shares, shares)
def test_verdicts_that_leave_the_other_outcome_possible_lie_in_one_range(
    fitted: Conformal, threshold: float, score: float, other_score: float
) -> None:
    low, high = fitted.undecided(threshold).low, fitted.undecided(threshold).high
    assert 0 <= low <= threshold <= high <= 1
    for each in (score, other_score):
        other = 0 if decide(each, threshold) == "positive" else 1
        if other in fitted.region(each):
            assert low - 1e-12 <= each <= high
        else:
            assert not low + 1e-12 < each < high


@given(conformals, shares, shares)
def test_a_higher_score_is_never_less_like_a_positive(fitted: Conformal, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert (1 in fitted.region(low)) <= (1 in fitted.region(high))
    assert (0 in fitted.region(low)) >= (0 in fitted.region(high))


@given(conformals)
def test_a_record_comes_back_through_strict_json(fitted: Conformal) -> None:
    assert Conformal.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False))) == fitted


RECORD = {"error": 0.1, "quantile_negative": 0.4, "quantile_positive": None}


@pytest.mark.parametrize(
    "changes",
    [{"error": 0}, {"error": 1.0}, {"error": None}, {"error": math.nan}, {"quantile_negative": -0.1},
     {"quantile_negative": 1.5}, {"quantile_positive": math.nan}, {"quantile_positive": "much"}],
)  # fmt: skip
def test_a_record_that_is_none_is_refused(changes: dict[str, object]) -> None:
    assert Conformal.from_dict(RECORD).quantile_positive == math.inf
    with pytest.raises((TypeError, ValueError)):
        Conformal.from_dict({**RECORD, **changes})
    for key in RECORD:
        with pytest.raises(KeyError):
            Conformal.from_dict({name: value for name, value in RECORD.items() if name != key})


def test_scores_that_are_no_probabilities_are_a_sentence() -> None:
    for wrong in (math.nan, -0.1, 1.1):
        with pytest.raises(BadProject, match="not a probability"):
            conformal.fit([0.5, wrong], [0, 1], 0.1)
    with pytest.raises(ValueError, match="accepted error"):
        conformal.fit([0.5, 0.6], [0, 1], 0.0)
