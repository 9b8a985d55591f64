"""What an evaluation looks at, and the words for it."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.evaluation.selection import (
    HOSPITAL,
    NODE_IMAGE,
    Filter,
    Selection,
    ThresholdRule,
    chosen,
    filter_of,
    passes,
    rule_of,
    value_of,
    variables,
)

NODE = Instance("P/x.png", "P", View.NODE, "x.png", "x.json")
PATIENTS = [
    Patient("P1", "test", 1, hospital="A", clinical={"t_stage": "1"}, bag=(NODE,)),
    Patient("P2", "test", 0, hospital="A", clinical={"t_stage": "2"}),
    Patient("P3", "test", None, clinical={"t_stage": "1"}),
    Patient("P4", "other", 1, hospital="A"),
]


@pytest.mark.parametrize("text", ["frozen", "youden", "sensitivity:0.95", "sensitivity:1", "0.4", "-2.5"])
def test_rules_are_written_as_they_are_read(text: str) -> None:
    assert rule_of(text).text == text


def test_only_rules_that_see_the_outcomes_say_so() -> None:
    uses = {text: rule_of(text).uses_outcomes for text in ("frozen", "youden", "sensitivity:0.9", "0.5")}
    assert uses == {"frozen": False, "youden": True, "sensitivity:0.9": True, "0.5": False}


@pytest.mark.parametrize(
    "text", ["", "best", "frozen:1", "sensitivity", "sensitivity:0", "sensitivity:95", "nan", "inf", "0.4:0.5", "value"]
)
def test_other_words_are_no_rule(text: str) -> None:
    with pytest.raises(BadSetting, match=r"sensitivity:0\.95"):
        rule_of(text)


_WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=5)


@given(variable=_WORDS.filter(lambda word: "=" not in word), values=st.frozensets(_WORDS, min_size=1, max_size=3))
@example("birads", frozenset({"4A, 4B", '"', "5"}))
def test_filters_are_written_as_they_are_read(variable: str, values: frozenset[str]) -> None:
    assert filter_of(Filter(variable, values).text) == Filter(variable, values)


@pytest.mark.parametrize("text", ["", "t_stage", "=1"])
def test_other_words_are_no_filter(text: str) -> None:
    with pytest.raises(BadSetting, match="variable=value"):
        filter_of(text)


def test_patients_of_known_outcome_are_chosen_by_cohort_and_filters() -> None:
    stage, node = Filter("t_stage", frozenset("1")), Filter(NODE_IMAGE, frozenset({"without"}))

    def names(*filters: Filter) -> dict[str, list[str]]:
        found = chosen(PATIENTS, Selection((), ("other", "test"), filters))
        return {cohort: [patient.id for patient in patients] for cohort, patients in found.items()}

    assert names() == {"other": ["P4"], "test": ["P1", "P2"]}
    assert names(stage) == {"other": [], "test": ["P1"]}
    assert names(stage, node) == {"other": [], "test": []}
    assert names(Filter("t_stage", frozenset({"unknown"}))) == {"other": ["P4"], "test": []}


def test_values_and_the_variables_worth_a_filter() -> None:
    assert [value_of(patient, NODE_IMAGE) for patient in PATIENTS] == ["with", "without", "without", "without"]
    assert [value_of(patient, HOSPITAL) for patient in PATIENTS] == ["A", "A", "unknown", "A"]
    assert variables(PATIENTS) == {
        NODE_IMAGE: ("with", "without"),
        HOSPITAL: ("A", "unknown"),
        "t_stage": ("1", "2", "unknown"),
    }
    assert variables(PATIENTS, most=2).keys() == {NODE_IMAGE, HOSPITAL}
    assert passes(PATIENTS[0], ())


def test_a_rule_without_a_figure_has_none() -> None:
    assert math.isnan(ThresholdRule().value)
