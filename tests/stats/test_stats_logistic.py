"""The logistic model as plain data: what it adds up, what stands in for missing values, what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats.logistic import UNKNOWN, CategoryTerm, LogisticModel, NumberTerm, level_key, number_of

MODEL = LogisticModel(
    -1.0,
    (NumberTerm("age", 50.0, 0.1), CategoryTerm("t_stage", {"1": 0.0, "2": 0.5, "unknown": 0.2})),
)
FUSION = LogisticModel(-1.0, (CategoryTerm("birads", {"4A": 0.0, "5": 2.0}),), image=0.75)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
numbers = st.floats(-50, 50)
terms = st.builds(NumberTerm, st.text(), numbers, numbers) | st.builds(
    CategoryTerm, st.text(), st.dictionaries(st.sampled_from(["1", "2", "4A", "yes", UNKNOWN]), numbers, min_size=1)
)
models = st.builds(
    LogisticModel, numbers, st.lists(terms, max_size=4, unique_by=lambda t: t.name).map(tuple), st.none() | numbers
)


def test_the_effects_add_up() -> None:
    assert MODEL.logit({"age": "60", "t_stage": "2"}) == pytest.approx(-1.0 + 1.0 + 0.5)
    assert MODEL.logit({"age": " 50 ", "t_stage": "1.0", "er": "positive"}) == pytest.approx(-1.0)
    assert FUSION.logit({"birads": "5"}, -2.0) == pytest.approx(-1.0 + 2.0 - 1.5)
    assert MODEL.variables == ("age", "t_stage")


@pytest.mark.parametrize("value", ["", "unknown", " N/A ", "?", "T9"])
def test_a_missing_or_new_level_is_unknown_where_training_knew_that_level_else_the_reference(value: str) -> None:
    assert MODEL.logit({"age": "50", "t_stage": value}) == pytest.approx(-1.0 + 0.2)
    assert FUSION.logit({"birads": value}, 0.0) == pytest.approx(-1.0)


@pytest.mark.parametrize("value", ["", "old", "nan", "inf", "1e999", "1_0"])
def test_a_missing_number_is_the_median(value: str) -> None:
    assert MODEL.logit({"age": value, "t_stage": "1"}) == MODEL.logit({"t_stage": "1"}) == pytest.approx(-1.0)


def test_a_patient_is_known_by_any_one_variable() -> None:
    assert MODEL.knows({"age": "61"})
    assert MODEL.knows({"age": "", "t_stage": "T9"})
    assert not MODEL.knows({"age": "old", "t_stage": "unknown", "birads": "5"})


def test_only_a_fusion_asks_for_the_logit_of_the_images() -> None:
    assert MODEL.logit({}, 3.0) == MODEL.logit({})
    with pytest.raises(ValueError, match="logit of the images"):
        FUSION.logit({})


@pytest.mark.parametrize(
    ("one", "other"), [("4a", "4A"), ("2", "2.0"), (" Luminal  A", "luminal a"), ("", "NaN"), ("+1", "01.")]
)
def test_spellings_of_one_level(one: str, other: str) -> None:
    assert level_key(one) == level_key(other)


@pytest.mark.parametrize(("one", "other"), [("+", "-"), ("none", ""), ("1-10", "110"), ("2.5", "2")])
def test_different_levels_stay_apart(one: str, other: str) -> None:
    assert level_key(one) != level_key(other)


@given(st.text())
def test_any_cell_has_a_key_and_perhaps_a_number(cell: str) -> None:
    assert level_key(level_key(cell)) == level_key(cell)
    number = number_of(cell)
    assert number is None or number == float(cell)


@given(models, st.dictionaries(st.sampled_from(["age", "t_stage"]), st.text(max_size=4)))
def test_a_model_survives_json(model: LogisticModel, clinical: dict[str, str]) -> None:
    again = LogisticModel.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again == model
    assert again.logit(clinical, 0.5) == model.logit(clinical, 0.5)


@given(json_values)
def test_any_other_record_is_refused(record: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        LogisticModel.from_dict(record)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"intercept": float("nan")},
        {"intercept": True},
        {"intercept": 10**400},
        {"image": "1"},
        {"terms": [{"name": "age", "median": 50, "coefficient": float("inf")}]},
        {"terms": [{"name": 3, "median": 50, "coefficient": 1}]},
        {"terms": [{"name": "age", "coefficient": 1}]},
        {"terms": [{"name": "t", "coefficients": {"1": None}}]},
        {"terms": [{"name": "t", "coefficients": {"1": 0, "1.0": 2}}]},
        {"terms": [{"name": "t", "coefficients": {}}] * 2},
        {"terms": 5},
    ],
)
def test_nonsense_in_a_record_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        LogisticModel.from_dict({**MODEL.to_dict(), **changes})
