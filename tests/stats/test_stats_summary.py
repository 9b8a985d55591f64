from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pytest

from aln_desk.stats.summary import cohort_metrics


@dataclass(frozen=True)
class Reading:
    cohort: str
    outcome: int | None
    score: float
    threshold: float = 0.5
    model: str = "a1"
    decision: str = "positive"


READINGS = [
    Reading("test", 1, 0.9),
    Reading("test", 1, 0.6),
    Reading("test", 0, 0.55),
    Reading("test", 1, 0.4),
    Reading("test", 0, 0.2),
    Reading("test", None, 0.99),
    Reading("elsewhere", 1, 0.1),
]


def test_a_row_of_known_patients() -> None:
    (row,) = cohort_metrics(READINGS, ["test"])
    assert (row.model, row.cohort, row.n, row.positive, row.threshold) == ("a1", "test", 5, 3, 0.5)
    assert row.auc == pytest.approx(5 / 6)
    assert row.auc_low == pytest.approx(5 / 6 - 1.959964 * math.sqrt(1 / 18), abs=1e-6)
    assert row.auc_high == 1.0
    assert (row.accuracy, row.sensitivity, row.specificity) == pytest.approx((3 / 5, 2 / 3, 1 / 2))
    assert (row.ppv, row.npv, row.f1) == pytest.approx((2 / 3, 1 / 2, 2 / 3))


def test_rows_follow_the_models_then_the_cohorts() -> None:
    second = [Reading("test", 1, 0.9, threshold=0.3, model="b2")]
    rows = cohort_metrics([*READINGS, *second], ["elsewhere", "test", "empty"])
    assert [(row.model, row.cohort, row.n) for row in rows] == [
        ("a1", "elsewhere", 1),
        ("a1", "test", 5),
        ("a1", "empty", 0),
        ("b2", "elsewhere", 0),
        ("b2", "test", 1),
        ("b2", "empty", 0),
    ]
    assert rows[3].threshold == 0.3


def test_what_is_not_defined_is_nan() -> None:
    one_class, empty = cohort_metrics(READINGS, ["elsewhere", "empty"])
    assert math.isnan(one_class.auc) and math.isnan(one_class.specificity) and one_class.sensitivity == 0.0
    assert math.isnan(empty.accuracy) and math.isnan(empty.f1) and empty.positive == 0


def test_a_model_read_with_two_thresholds_has_no_figures_at_the_threshold() -> None:
    mixed = [Reading("test", 1, 0.9, threshold=0.5), Reading("test", 0, 0.1, threshold=0.6)]
    (row,) = cohort_metrics(mixed, ["test"])
    assert row.auc == 1.0
    assert math.isnan(row.threshold) and math.isnan(row.accuracy) and math.isnan(row.f1)


def test_uncertain_patients_are_counted_and_stay_in_the_figures() -> None:
    unsure = [replace(each, decision="uncertain") if each.score < 0.6 else each for each in READINGS]
    rows = cohort_metrics(unsure, ["test", "elsewhere"])
    assert [row.uncertain for row in rows] == [3, 1]
    assert [replace(row, uncertain=0) for row in rows] == cohort_metrics(READINGS, ["test", "elsewhere"])


def test_an_uncertain_patient_of_unknown_outcome_does_not_count() -> None:
    (row,) = cohort_metrics([replace(each, decision="uncertain") for each in READINGS], ["test"])
    assert (row.n, row.uncertain) == (5, 5)


def test_no_readings_no_rows() -> None:
    assert cohort_metrics([], ["test"]) == []
