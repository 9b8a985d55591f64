"""Odds ratios against closed forms and published analyses; the rule of choice; what cannot be estimated."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import chi2

from aln_desk.domain.errors import BadProject
from aln_desk.stats import logistic_fit
from aln_desk.stats.logistic import CategoryTerm, NumberTerm
from aln_desk.stats.regression import (
    DEPENDENT,
    PENALISED,
    REFERENCE,
    RegressionRow,
    RegressionTable,
    fit_model,
    regression,
)

RANK = {"1": (28, 33), "2": (97, 54), "3": (93, 28), "4": (55, 12)}
"""Applicants refused and admitted by rank of their school: UCLA's example of logistic regression (binary.csv)."""


def counted(table: Mapping[str, tuple[int, int]], name: str = "x") -> tuple[list[dict[str, str]], list[int]]:
    """Patients of a table of level -> (negatives, positives)."""
    clinical: list[dict[str, str]] = []
    outcome: list[int] = []
    for level, (negative, positive) in table.items():
        clinical += [{name: level} if level else {}] * (negative + positive)
        outcome += [0] * negative + [1] * positive
    return clinical, outcome


def at(table: RegressionTable, stage: str, variable: str, level: str = "") -> RegressionRow:
    (row,) = [r for r in table.rows if (r.stage, r.variable, r.level) == (stage, variable, level)]
    return row


def spector() -> tuple[list[dict[str, str]], list[int]]:
    """Spector and Mazzeo's 32 students (Journal of Economic Education 11, 1980)."""
    from statsmodels.datasets import spector as data

    found = data.load()
    columns = {name: found.exog[name].tolist() for name in found.exog.columns}
    clinical = [{name: f"{values[k]:g}" for name, values in columns.items()} for k in range(len(found.endog))]
    return clinical, [int(grade) for grade in found.endog]


counts = st.integers(1, 60)


@settings(max_examples=25)
@given(counts, counts, counts, counts)
def test_two_levels_are_the_fourfold_table_with_woolfs_limits(a: int, b: int, c: int, d: int) -> None:
    clinical, outcome = counted({"no": (a, b), "yes": (c, d)})
    row = at(regression(clinical, outcome), "univariate", "x", "yes")
    ratio, error = (a * d) / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    assert row.odds_ratio == pytest.approx(ratio, rel=1e-6)
    assert row.low == pytest.approx(ratio * math.exp(-1.959964 * error), rel=1e-5)
    assert row.high == pytest.approx(ratio * math.exp(1.959964 * error), rel=1e-5)
    assert (row.n, row.positive, row.note) == (c + d, d, "")


def test_four_levels_are_three_fourfold_tables_and_one_likelihood_ratio() -> None:
    clinical, outcome = counted(RANK)
    table = regression(clinical, outcome)
    reference = at(table, "univariate", "x", "1")
    assert (reference.odds_ratio, reference.note, reference.n, reference.positive) == (1.0, REFERENCE, 61, 33)
    for level, (refused, admitted) in list(RANK.items())[1:]:
        row = at(table, "univariate", "x", level)
        assert row.odds_ratio == pytest.approx((28 * admitted) / (33 * refused), rel=1e-6)
    null = _deviance((273, 127))
    assert null == pytest.approx(499.977, abs=5e-4)  # as SAS prints it for these data
    p = chi2.sf(null - sum(_deviance(pair) for pair in RANK.values()), 3)
    assert [row.p_variable for row in table.rows] == pytest.approx([p] * 8, rel=1e-6)


def _deviance(pair: tuple[int, int]) -> float:
    return -2 * sum(count * math.log(count / sum(pair)) for count in pair)


def test_the_multivariate_fit_is_the_published_one() -> None:
    """Greene, Econometric Analysis, 5th edition, table 21.1: coefficients with standard errors, all variables kept."""
    clinical, outcome = spector()
    table = regression(clinical, outcome, level=1.0)
    published = {"GPA": (2.826, 1.263, ""), "TUCE": (0.095, 0.142, ""), "PSI": (2.379, 1.065, "1")}
    for name, (coefficient, error, level) in published.items():
        row = at(table, "multivariate", name, level)
        assert math.log(row.odds_ratio) == pytest.approx(coefficient, abs=6e-4)
        assert math.log(row.high / row.low) / 2 / 1.959964 == pytest.approx(error, abs=6e-4)
    assert at(table, "multivariate", "TUCE").p == pytest.approx(0.501, abs=6e-4)
    assert table.model.logit({"GPA": "0", "TUCE": "0", "PSI": "0"}) == pytest.approx(-13.021, abs=6e-4)
    assert isinstance(table.model.terms[0], NumberTerm)
    assert isinstance(table.model.terms[2], CategoryTerm)


def test_the_logit_of_the_images_is_one_more_column() -> None:
    clinical, outcome = spector()
    model = fit_model(clinical, outcome, ["TUCE", "PSI"], image=[float(row["GPA"]) for row in clinical])
    assert model.variables == ("TUCE", "PSI")
    assert model.image == pytest.approx(2.826, abs=6e-4)
    assert model.logit({"TUCE": "0", "PSI": "0"}, 0.0) == pytest.approx(-13.021, abs=6e-4)


def test_variables_enter_by_their_own_p_and_leave_beside_the_others() -> None:
    """GPA (p 0.003 alone) and PSI (0.016) stay, TUCE (0.073) does not enter at 0.05; at 0.1 it enters and leaves."""
    clinical, outcome = spector()
    strict, lenient = regression(clinical, outcome), regression(clinical, outcome, level=0.1)
    assert strict.model.variables == lenient.model.variables == ("GPA", "PSI")
    assert not [r for r in strict.rows if r.variable == "TUCE" and r.stage == "multivariate"]
    left = at(lenient, "multivariate", "TUCE")
    assert left.note == "left out: p 0.491 beside the others"
    assert left.p_variable == pytest.approx(0.491, abs=5e-4)
    assert math.isnan(left.odds_ratio)
    assert regression(clinical, outcome, ["TUCE"]).model.variables == ()


def test_of_two_variables_that_say_the_same_the_later_is_left_out() -> None:
    clinical, outcome = counted(RANK)
    twins = [{**row, "y": f"R{row['x']}"} for row in clinical]
    table = regression(twins, outcome, level=1.0)
    assert table.model.variables == ("x",)
    assert at(table, "multivariate", "y").note == "left out: it says nothing beyond the others"


def test_values_missing_together_are_not_told_apart() -> None:
    clinical, outcome = counted(RANK)
    rng = np.random.default_rng(0)
    both = [{"x": row["x"], "y": str(rng.integers(1, 4))} for row in clinical]
    table = regression([*both, *[{}] * 40], [*outcome, *[0, 1] * 20], ["x", "y"], level=1.0)
    row = at(table, "multivariate", "y", "unknown")
    assert row.note == DEPENDENT
    assert math.isnan(row.odds_ratio)
    assert math.isfinite(at(table, "multivariate", "x", "unknown").odds_ratio)


def test_a_pure_level_is_penalised_and_says_so() -> None:
    clinical, outcome = counted({"1": (10, 12), "2": (6, 9), "4": (0, 3)})
    table = regression(clinical, outcome, level=1.0)

    def loss(at: list[float]) -> float:
        """Minus the log-likelihood with half a patient of either outcome for each of the two levels."""
        a, b, c = at
        pairs = ((a, 10, 12), (a + b, 6, 9), (a + c, 0, 3), (b, 0.5, 0.5), (c, 0.5, 0.5))
        return float(sum(n * np.logaddexp(0, z) + p * np.logaddexp(0, -z) for z, n, p in pairs))

    best = minimize(loss, [0.0, 0.0, 0.0], tol=1e-12).x
    for level, coefficient in (("2", best[1]), ("4", best[2])):
        row = at(table, "univariate", "x", level)
        assert row.odds_ratio == pytest.approx(math.exp(coefficient), rel=1e-4)
        assert row.note == PENALISED
    gain = 2 * (_deviance_free(outcome) - loss(list(best)) + 2 * math.log(2))
    assert at(table, "univariate", "x", "4").p_variable == pytest.approx(chi2.sf(gain, 2), rel=1e-4)


def _deviance_free(outcome: list[int]) -> float:
    return _deviance((outcome.count(0), outcome.count(1))) / 2


@pytest.mark.parametrize(
    ("column", "outcome", "separated"),
    [
        ([0, 1, 2, 3], [0, 0, 1, 1], True),
        ([0, 1, 1, 2], [0, 0, 1, 1], True),
        ([3, 2, 1, 0], [0, 0, 1, 1], True),
        ([0, 2, 1, 3], [0, 0, 1, 1], False),
        ([0, 0, 1, 1], [0, 1, 0, 1], False),
        ([0, 0, 1, 1], [0, 1, 1, 1], True),
    ],
)
def test_separation_is_seen_before_fitting(column: list[float], outcome: list[int], separated: bool) -> None:
    design = np.column_stack([np.ones(4), column])
    assert logistic_fit.separates(design, np.array(outcome, dtype=bool)) is separated


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["", "?", "unknown", "", "", ""], "no patient has a value"),
        (["x", "x", "X", "x", "", "x"], "all known values are the same"),
        (["1", "2", "", "", "", ""], "all have the same outcome"),
        ([f"name {k}" for k in range(40)], "40 different values, such as 'name 39', are too many categories"),
    ],
)
def test_what_cannot_be_used_has_a_row_with_the_reason(values: list[str], reason: str) -> None:
    outcome = [0, 0, 1, 1, 0, 1] if len(values) == 6 else [0, 1] * 20
    table = regression([{"v": value} for value in values], outcome, level=1.0)
    (row,) = table.rows
    assert reason in row.note
    assert math.isnan(row.odds_ratio)
    assert math.isnan(row.p_variable)
    assert table.model.variables == ()
    assert table.model.logit({}) == pytest.approx(math.log(sum(outcome) / (len(outcome) - sum(outcome))))


def test_few_unknown_values_count_as_the_reference_and_many_are_a_level() -> None:
    clinical, outcome = counted({"no": (20, 10), "yes": (10, 20), "": (2, 2)})
    few = regression(clinical, outcome)
    assert [r.level for r in few.rows if r.stage == "univariate"] == ["no", "yes"]
    assert at(few, "univariate", "x", "yes").odds_ratio == pytest.approx(4.0)
    assert math.exp(few.model.logit({"x": ""})) == pytest.approx(12 / 22)
    clinical, outcome = counted({"no": (20, 10), "yes": (10, 20), "": (3, 12)})
    many = regression(clinical, outcome)
    assert at(many, "univariate", "x", "unknown").odds_ratio == pytest.approx(8.0)
    assert math.exp(many.model.logit({"x": "?"})) == pytest.approx(4.0)


def test_the_reference_is_the_lowest_level_with_both_outcomes() -> None:
    table = regression(*counted({"3": (8, 9), "4": (3, 9), "0": (0, 4)}), level=1.0)
    assert [row.level for row in table.rows if row.stage == "univariate"] == ["3", "0", "4"]


def test_unknown_numbers_are_left_out_alone_and_the_median_beside_others() -> None:
    clinical, outcome = spector()
    more = [*clinical, {"PSI": "1"}, {"PSI": "0"}]
    row = at(regression(more, [*outcome, 1, 0], level=1.0), "univariate", "GPA")
    assert (row.n, row.odds_ratio) == (32, pytest.approx(17.117, abs=1e-3))
    model = fit_model(more, [*outcome, 1, 0], ["GPA", "PSI"])
    assert model.logit({"PSI": "0"}) == pytest.approx(model.logit({"PSI": "0", "GPA": "3.065"}))


def test_one_outcome_is_a_sentence() -> None:
    with pytest.raises(BadProject, match="both outcomes"):
        regression([{"x": "1"}, {"x": "2"}], [1, 1])
    with pytest.raises(BadProject, match="both outcomes"):
        fit_model([], [], [])


cells = st.sampled_from(["", "1", "2", "3", "yes", "4A", "unknown"])
ages = st.integers(30, 60).map(str) | st.just("")


@settings(max_examples=40)
@given(st.lists(st.tuples(cells, cells, ages, st.integers(0, 1)), min_size=2, max_size=40))
def test_no_table_of_patients_makes_a_number_that_lies(rows: list[tuple[str, str, str, int]]) -> None:
    outcome = [row[3] for row in rows]
    if len(set(outcome)) < 2:
        return
    table = regression([dict(zip("abc", row[:3], strict=True)) for row in rows], outcome, level=1.0)
    for row in table.rows:
        if math.isnan(row.odds_ratio):
            assert row.note
        elif row.note != REFERENCE:
            assert 0 < row.low <= row.odds_ratio <= row.high < 1e9
            assert 0 <= row.p <= 1
    assert all(math.isfinite(table.model.logit(dict(zip("abc", row[:3], strict=True)))) for row in rows)
