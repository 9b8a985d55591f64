"""Tests of difference and the table of characteristics against published analyses, R and their definitions."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from figures_of_r import rows
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aln_desk.stats import tables
from aln_desk.stats.tables import (
    Cell,
    Characteristics,
    DescribedVariable,
    Share,
    Spread,
    chi_square,
    describe,
    kruskal,
    wilcoxon,
)

OZONE = {
    "May": "41 36 12 18 28 23 19 8 7 16 11 14 18 14 34 6 30 11 1 11 4 32 23 45 115 37",
    "June": "29 71 39 23 21 37 20 12 13",
    "July": "135 49 32 64 40 77 97 97 85 10 27 7 48 35 61 79 63 16 80 108 20 52 82 50 64 59",
    "August": "39 9 16 78 35 66 122 89 110 44 28 65 22 59 23 31 44 21 9 45 168 73 76 118 84 85",
    "September": "96 78 73 91 47 32 20 23 21 24 44 21 28 9 13 46 18 13 24 16 13 23 36 7 14 30 14 18 20",
}
"""Ozone in New York in 1973 (Chambers et al., Graphical Methods for Data Analysis, 1983), as R's examples test it."""

groups_of_numbers = st.lists(
    st.lists(st.integers(0, 6) | st.floats(-5, 5), min_size=1, max_size=9), min_size=2, max_size=5
)
counts_table = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 9), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


def test_parties_of_men_and_women() -> None:
    """Agresti 2007, An Introduction to Categorical Data Analysis, p. 39: X^2 = 30.1 on 2, p < 0.001."""
    found = chi_square([[762, 327, 468], [484, 239, 477]])
    assert found.statistic == pytest.approx(30.0701490957547, rel=1e-13)
    assert (found.df, found.dropped, found.reason) == (2, 0, "")
    assert found.p == pytest.approx(2.95358918321176e-07, rel=1e-12)
    assert found.smallest_expected == pytest.approx(1200 * 566 / 2757)


def test_outcomes_in_the_papers_three_cohorts() -> None:
    """735 of 1144, 184 of 273 and 94 of 140 positive; p by R, also of the fourfold table without Yates' correction."""
    assert chi_square([[735, 184, 94], [409, 89, 46]]).p == pytest.approx(0.53365944794017, rel=1e-12)
    assert chi_square([[735, 94], [409, 46]]).p == pytest.approx(0.499120443500451, rel=1e-12)


def test_ozone_of_may_and_august_and_of_all_months() -> None:
    """R's documented results: W = 127.5, p = 0.0001208; chi-squared = 29.267 on 4, p = 6.901e-06."""
    ozone = {month: [int(value) for value in values.split()] for month, values in OZONE.items()}
    found = wilcoxon(ozone["May"], ozone["August"])
    assert (found.statistic, found.p) == (127.5, pytest.approx(0.000120807830768774, rel=1e-12))
    months = kruskal(list(ozone.values()))
    assert (months.statistic, months.df) == (pytest.approx(29.2665763061169, rel=1e-12), 4)
    assert months.p == pytest.approx(6.90071411854678e-06, rel=1e-11)


def test_half_times_of_mucus_clearance() -> None:
    """Hollander & Wolfe 1973, Nonparametric Statistical Methods, p. 115: chi-squared = 0.771, p = 0.68."""
    found = kruskal([[2.9, 3.0, 2.5, 2.6, 3.2], [3.8, 2.7, 4.0, 2.4], [2.8, 3.4, 3.7, 2.2, 2.0]])
    assert found.statistic == pytest.approx(0.771428571428572, rel=1e-12)
    assert found.p == pytest.approx(0.679964773578894, rel=1e-12)


def test_a_tiny_p_keeps_its_digits() -> None:
    assert wilcoxon(range(1, 101), range(61, 161)).p == pytest.approx(1.05426446974362e-24, rel=1e-11)


@given(counts_table)
def test_chi_square_is_the_sum_over_cells_that_can_have_patients(counts: list[list[int]]) -> None:
    table = np.array(counts, dtype=float)
    row, column, n = table.sum(axis=1), table.sum(axis=0), table.sum()
    found = chi_square(counts)
    assert found.dropped == (row == 0).sum() + (column == 0).sum()
    if min((row > 0).sum(), (column > 0).sum()) < 2:
        assert math.isnan(found.statistic) and math.isnan(found.p)
        assert "fewer than two" in found.reason
        return
    cells = [(i, j) for i, j in np.ndindex(table.shape) if row[i] * column[j] > 0]
    terms = [(table[i, j] - row[i] * column[j] / n) ** 2 / (row[i] * column[j] / n) for i, j in cells]
    assert found.statistic == pytest.approx(sum(terms), rel=1e-12, abs=1e-12)
    assert found.p == pytest.approx(stats.chi2.sf(found.statistic, found.df), rel=1e-9)
    assert found.smallest_expected == pytest.approx(min(row[i] * column[j] / n for i, j in cells))


@given(groups_of_numbers)
def test_wilcoxon_counts_the_pairs_won(groups: list[list[float]]) -> None:
    first, second = groups[:2]
    found = wilcoxon(first, second)
    if len({*first, *second}) == 1:
        assert math.isnan(found.p)
        assert found.reason == "all numbers are equal"
        return
    assert found.statistic == sum((a > b) + (a == b) / 2 for a, b in itertools.product(first, second))
    reference = stats.mannwhitneyu(first, second, method="asymptotic", use_continuity=True)
    assert found.p == pytest.approx(reference.pvalue, rel=1e-10)
    assert wilcoxon(second, first).p == pytest.approx(found.p, rel=1e-12)


@given(groups_of_numbers)
def test_kruskal_is_the_spread_of_mean_ranks(groups: list[list[float]]) -> None:
    found = kruskal([*groups, []])
    assert (found.df, found.dropped) == (len(groups) - 1, 1)
    if len({number for group in groups for number in group}) == 1:
        assert math.isnan(found.statistic)
        return
    reference = stats.kruskal(*groups)
    assert found.statistic == pytest.approx(reference.statistic, rel=1e-9, abs=1e-9)
    assert found.p == pytest.approx(reference.pvalue, rel=1e-7)


def test_tests_of_nothing_are_nan_with_a_reason() -> None:
    assert wilcoxon([], [1.0]).reason == "a group has no patients"
    assert wilcoxon([math.nan], [1.0]).reason == "a number is NaN"
    assert kruskal([[1.0, 2.0]]).reason == kruskal([]).reason == "fewer than two groups have patients"
    assert kruskal([[1.0], [math.nan]]).reason == "a number is NaN"
    assert chi_square(np.zeros((0, 3))).reason == "fewer than two rows have patients"
    assert chi_square([[3, 0], [2, 0]]).reason == "fewer than two columns have patients"
    found = [wilcoxon([], [1.0]), kruskal([]), chi_square([[0]])]
    assert all(math.isnan(test.p) and math.isnan(test.statistic) for test in found)


@pytest.mark.parametrize("counts", [[1, 2], [[1, -1]], [[math.nan, 1]], [[math.inf, 1]]])
def test_what_is_no_table_of_counts_is_refused(counts: object) -> None:
    with pytest.raises(ValueError, match="table"):
        chi_square(counts)  # type: ignore[arg-type]


def test_a_group_that_is_not_flat_is_refused() -> None:
    with pytest.raises(ValueError, match="flat"):
        kruskal([[[1.0]], [2.0]])  # type: ignore[list-item]


CATEGORIES = ["t_stage", "bi_rads", "invasion", "receptor"]


def study() -> list[dict[str, str]]:
    return rows("table_patients.csv")


def by(group: str) -> Characteristics:
    return describe(study(), [patient[group] for patient in study()], ["age", "size", *CATEGORIES])


def variable_of(table: Characteristics, name: str) -> DescribedVariable:
    return {variable.name: variable for variable in table.variables}[name]


@pytest.mark.parametrize("group", ["cohort", "outcome"])
def test_every_p_of_the_table_is_rs(group: str) -> None:
    table = by(group)
    for expected in [row for row in rows("table_tests.csv") if row["by"] == group]:
        found = variable_of(table, expected["variable"])
        assert found.statistic == pytest.approx(float(expected["statistic"]), rel=1e-12)
        assert found.p == pytest.approx(float(expected["p"]), rel=1e-11)
        rank_test = "Wilcoxon" if group == "outcome" else "Kruskal-Wallis"
        assert found.test == ("chi-square" if expected["variable"] in CATEGORIES else rank_test)


def test_medians_and_quartiles_are_rs() -> None:
    table = by("cohort")
    for expected in rows("table_spreads.csv"):
        found = variable_of(table, expected["variable"])
        (row,) = found.levels
        total = expected["group"] == "total"
        at = -1 if total else table.groups.index(expected["group"])
        cell = row.total if total else row.cells[at]
        assert isinstance(cell, Spread)
        assert cell.n == int(expected["n"])
        assert (cell.median, cell.lower, cell.upper) == pytest.approx(
            [float(expected[figure]) for figure in ("median", "lower", "upper")], rel=1e-14
        )
        assert (sum(found.missing) if total else found.missing[at]) == int(expected["missing"])


def test_counts_and_shares_are_rs() -> None:
    table = by("cohort")
    for expected in rows("table_shares.csv"):
        levels = {level.name: level for level in variable_of(table, expected["variable"]).levels}
        cell = levels[expected["level"]].cells[table.groups.index(expected["group"])]
        assert cell == Share(int(expected["count"]), pytest.approx(float(expected["share"]), rel=1e-14))


def test_the_word_unknown_is_a_level_and_an_empty_cell_is_missing() -> None:
    table = by("cohort")
    invasion, receptor = variable_of(table, "invasion"), variable_of(table, "receptor")
    assert [level.name for level in invasion.levels] == ["no", "yes", "unknown"]
    assert sum(invasion.missing) == 0
    assert [level.name for level in receptor.levels] == ["negative", "positive"]
    assert sum(receptor.missing) == sum(patient["receptor"] == "" for patient in study()) > 0


def test_one_column_spelled_in_many_ways() -> None:
    values = ["T2", " t2", "T10", "?", "n/a", "Unknown", "T2 "]
    found = describe([{"stage": value} for value in values] + [{}], ["a"] * 8)
    (stage,) = found.variables
    assert [(level.name, level.total) for level in stage.levels] == [
        ("T2", Share(3, 0.6)),
        ("T10", Share(1, 0.2)),
        ("unknown", Share(1, 0.2)),
    ]
    assert stage.missing == (3,)
    assert (stage.test, stage.reason) == ("chi-square", "fewer than two columns have patients")
    assert math.isnan(stage.p)


def test_numbers_take_the_test_for_the_groups_that_have_some() -> None:
    numbers = [str(k) for k in range(20)]
    clinical = [{"age": number} for number in numbers] + [{"age": "unknown"}] * 5
    (age,) = describe(clinical, ["a", "b"] * 10 + ["c"] * 5).variables
    assert (age.test, age.missing, age.reason) == ("Wilcoxon", (0, 0, 5), "")
    assert age.p == wilcoxon(range(0, 20, 2), range(1, 20, 2)).p
    cell = age.levels[0].cells[2]
    assert isinstance(cell, Spread) and math.isnan(cell.median)


def test_columns_come_in_the_order_asked_for_and_others_do_not_count() -> None:
    clinical = [{"x": "yes"}, {"x": "no"}, {"x": "yes"}]
    found = describe(clinical, ["tune", "test", "train"], order=["train", "test", "empty"])
    assert (found.groups, found.sizes) == (("train", "test", "empty"), (1, 1, 0))
    assert [level.total for level in found.variables[0].levels] == [Share(1, 0.5), Share(1, 0.5)]
    empty = found.variables[0].levels[0].cells[2]
    assert isinstance(empty, Share) and (empty.count, math.isnan(empty.share)) == (0, True)


def test_names_and_empty_columns_have_no_rows_but_a_reason() -> None:
    clinical = [{"name": f"patient {k}", "nothing": ""} for k in range(13)]
    name, nothing = describe(clinical, ["a"] * 13).variables
    assert (name.levels, name.reason) == ((), "13 different values are too many categories")
    assert (nothing.levels, nothing.reason, nothing.missing) == ((), "no patient has a value", (13,))
    assert describe([], []).variables == ()
    (absent,) = describe([], [], ["age"], ["train"]).variables
    assert (absent.reason, absent.missing) == ("no patient has a value", (0,))


def test_patients_and_groups_must_pair() -> None:
    with pytest.raises(ValueError, match="2 patients are in 1 groups"):
        describe([{}, {}], ["a"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "yes", "no", "Unknown", "3", "3.0", "?"]), st.sampled_from("abc")), max_size=30
    )
)
def test_every_patient_is_in_one_cell_of_a_category_or_missing(patients: list[tuple[str, str]]) -> None:
    table = describe([{"x": value} for value, _ in patients], [group for _, group in patients], ["x"])
    (found,) = table.variables
    assert table.sizes == tuple(Counter(group for _, group in patients)[group] for group in table.groups)
    for at, size in enumerate(table.sizes):
        cells: list[Cell] = [level.cells[at] for level in found.levels]
        counts = [cell.count for cell in cells if isinstance(cell, Share)]
        assert sum(counts) + found.missing[at] == size
    assert found.missing == tuple(
        sum(value in ("", "?") for value, other in patients if other == group) for group in table.groups
    )


@given(st.lists(st.tuples(st.text(max_size=6), st.sampled_from("ab")), max_size=25))
def test_any_text_is_described(patients: list[tuple[str, str]]) -> None:
    (found,) = describe([{"x": value} for value, _ in patients], [group for _, group in patients], ["x"]).variables
    assert math.isnan(found.p) == (found.reason != "")


def test_regression_and_nomogram_are_found_here() -> None:
    patients = study()
    found = tables.regression(patients, [int(p["outcome"]) for p in patients], ["size", "bi_rads"], level=1.0)
    assert {row.stage for row in found.rows} == {"univariate", "multivariate"}
    drawn = tables.nomogram(found.model, patients)
    assert [axis.variable for axis in drawn.axes] == ["size", "bi_rads"]
