from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_studies import cell, make_patient, make_patients, make_results, make_scorer, notes

from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import HOSPITAL
from aln_desk.evaluation.tables.subgroup_table import ALL, subgroup_table, subgroups
from aln_desk.stats import roc

OUTCOMES = [1, 0, 1, 0, 1, 0, 1, 1]
SCORES = [0.9, 0.1, 0.3, 0.4, 0.8, 0.7, 0.6, math.nan]
STAGES = ["2", "2", "2", "2", "10", "10", "", "2"]


def results() -> Results:
    patients = make_patients("test", OUTCOMES, t_stage=STAGES, doctor=[f"Dr {n}" for n in range(8)])
    return make_results([make_scorer("A", patients, SCORES)], patients)


def test_subgroups_stand_in_natural_order_below_all_patients() -> None:
    found = subgroups(results(), "A", "test")
    assert [(group.variable, group.label, group.n, group.positive) for group in found] == [
        ("", ALL, 7, 4),
        ("T stage", "2", 4, 2),
        ("T stage", "10", 2, 1),
        ("T stage", "Unknown", 1, 1),
    ]


def test_a_subgroup_s_auc_is_that_of_its_patients() -> None:
    group = subgroups(results(), "A", "test")[1]
    assert (group.auc, group.low, group.high) == roc.auc_interval([1, 0, 1, 0], [0.9, 0.1, 0.3, 0.4])
    assert group.reason == ""


def test_too_few_patients_have_a_reason_and_no_interval() -> None:
    ten, unknown = subgroups(results(), "A", "test")[2:]
    assert ten.auc == 1.0 and math.isnan(ten.low) and ten.reason == "fewer than 2 patients have a positive outcome"
    assert math.isnan(unknown.auc) and unknown.reason == "no patient has a negative outcome"


def test_a_variable_of_many_values_gives_no_subgroups() -> None:
    patients = make_patients("test", [0, 1] * 10, doctor=[f"Dr {n}" for n in range(20)])
    scorer = make_scorer("A", patients, [0.1] * 20)
    assert [group.label for group in subgroups(make_results([scorer], patients), "A", "test", ["doctor"])] == [ALL]


def test_node_image_hospital_and_scanner_are_looked_at() -> None:
    patients = [
        replace(
            make_patient(f"P{n}", "test", n % 2, {"scanner": "xy"[n % 2], "BI-RADS": "45"[n % 2]}, node=n % 2),
            hospital="AB"[n % 2],
        )
        for n in range(4)
    ]
    found = subgroups(make_results([make_scorer("A", patients, [0.1, 0.2, 0.3, 0.4])], patients), "A", "test")
    assert list(dict.fromkeys(group.variable for group in found)) == [
        "",
        "Bi-rads",
        "Node image",
        "Hospital",
        "Scanner",
    ]
    assert [group.label for group in found if group.variable == "Node image"] == ["With", "Without"]


def test_the_table_shows_them_below_cohort_and_variable() -> None:
    table = subgroup_table(results(), "A")
    assert table.title == "AUC of A in subgroups"
    assert cell(table, "test: T stage: 2", "Positive (%)") == "2 (50.0)"
    assert cell(table, "test: T stage: 10", "AUC (95 % CI)") == "1.000 (–)"
    assert "no patient has a negative outcome (AUC of T stage Unknown on test)" in notes(table)


def test_asked_variables_and_unknown_scorers() -> None:
    assert [group.variable for group in subgroups(results(), "A", "test", [HOSPITAL])] == [""]
    with pytest.raises(KeyError):
        subgroups(results(), "B", "test")
