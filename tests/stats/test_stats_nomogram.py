"""Nomograms against ``nomogram`` and ``pretty`` of R, and against the model they draw."""

from __future__ import annotations

import math

import numpy as np
import pytest
from figures_of_r import rows
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats.calibration import sigmoid
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, NumberTerm, Term, number_of
from aln_desk.stats.nomogram import Axis, nomogram, pretty
from aln_desk.stats.regression import fit_model

VARIABLES = {"clinical": ["bi_rads", "t_stage"], "numbers": ["size", "t_stage", "age"], "single": ["size"]}
LEVELS = {"bi_rads": ["4A", "4B", "4C", "5"], "t_stage": ["1", "2", "3", "4"]}
TENTHS = [k / 10 for k in range(1, 10)]


def of_r(model: str, axis: str) -> dict[str, float]:
    found = [row for row in rows("nomogram.csv") if (row["model"], row["axis"]) == (model, axis)]
    return {row["label"]: float(row["value"]) for row in found}


def patients_of(model: str) -> list[dict[str, str]]:
    """Those whose variables are all known, as R fits them."""
    return [row for row in rows("table_patients.csv") if all(row[name] for name in VARIABLES[model])]


def model_of_r(model: str) -> LogisticModel:
    """R's coefficients; numbers are measured from 0 there."""
    coefficient = of_r(model, "coefficient")
    terms: list[Term] = [
        CategoryTerm(name, {level: coefficient.get(f"{name}={level}", 0.0) for level in LEVELS[name]})
        if name in LEVELS
        else NumberTerm(name, 0.0, coefficient[name])
        for name in VARIABLES[model]
    ]
    return LogisticModel(coefficient["Intercept"], tuple(terms))


def points(axis: Axis) -> dict[str, float]:
    return {tick.label: tick.points for tick in axis.ticks}


@pytest.mark.parametrize("model", VARIABLES)
def test_axes_of_points_total_and_probability_are_those_of_rms(model: str) -> None:
    found = nomogram(model_of_r(model), patients_of(model), probabilities=TENTHS)
    assert [axis.variable for axis in found.axes] == VARIABLES[model]
    for axis in found.axes:
        assert points(axis) == pytest.approx(of_r(model, axis.variable), rel=1e-11, abs=1e-11)
    assert {tick.label: tick.points for tick in found.total} == pytest.approx(of_r(model, "total"))
    # rms finds these by a line between two of a thousand points.
    probability = {tick.label: tick.points for tick in found.probability}
    assert probability == pytest.approx(of_r(model, "probability"), abs=1e-3)
    assert {"scale": found.scale, "base": found.base} == pytest.approx(of_r(model, "scale"), rel=1e-11)


@pytest.mark.parametrize("model", VARIABLES)
def test_the_model_fitted_here_has_the_same_points(model: str) -> None:
    patients = patients_of(model)
    fitted = fit_model(patients, [int(patient["outcome"]) for patient in patients], VARIABLES[model])
    found = nomogram(fitted, patients)
    for axis in found.axes:
        assert points(axis) == pytest.approx(of_r(model, axis.variable), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("row", rows("nomogram_marks.csv"), ids=lambda row: f"{row['low']} to {row['high']}")
def test_round_numbers_are_those_of_r(row: dict[str, str]) -> None:
    marks = pretty(float(row["low"]), float(row["high"]))
    assert (marks[0], marks[-1]) == pytest.approx((float(row["first"]), float(row["last"])), rel=1e-12)
    assert len(marks) == int(row["marks"])


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_round_numbers_cover_their_range_and_no_more(low: float, width: float) -> None:
    marks = pretty(low, low + width)
    step = marks[1] - marks[0]
    assert marks[0] <= low + 1e-6 * step
    assert marks[-1] >= low + width - 1e-6 * step
    assert marks[1] > low and marks[-2] < low + width
    assert 6 <= len(marks) <= 18
    digits = step / 10 ** math.floor(math.log10(step * 1.0000001))
    assert min(abs(digits - round_number) for round_number in (1, 2, 5, 10)) < 1e-5


effects = st.integers(-300, 300).map(lambda k: k / 100)
models = st.builds(
    lambda intercept, category, slope: LogisticModel(
        intercept,
        (
            CategoryTerm("stage", dict(zip(["1", "2", "3"], [0.0, *category], strict=True))),
            NumberTerm("age", 50.0, slope),
        ),
    ),
    effects,
    st.tuples(effects, effects),
    st.integers(-20, 20).map(lambda k: k / 100),
)
studies = st.lists(
    st.fixed_dictionaries({"stage": st.sampled_from("123"), "age": st.integers(20, 90).map(str)}),
    min_size=1,
    max_size=8,
)


@given(models, studies)
def test_the_points_of_a_patient_add_up_to_the_models_probability(
    model: LogisticModel, patients: list[dict[str, str]]
) -> None:
    found = nomogram(model, patients)
    if found.reason:
        assert {model.terms[0].effect(stage) for stage in "123"} == {0.0}
        assert len({patient["age"] for patient in patients}) == 1 or model.terms[1].effect("51") == 0
        return
    ends = [(min(points(axis).values()), max(points(axis).values())) for axis in found.axes]
    assert [low for low, _ in ends] == pytest.approx([0.0] * len(ends), abs=1e-6)
    assert max(high for _, high in ends) == pytest.approx(100)
    for patient in patients:
        total = points(found.axes[0])[patient["stage"]] + _between(found.axes[1], float(patient["age"]))
        logit = model.logit(patient)
        assert total == pytest.approx(found.points_at(logit), rel=1e-6, abs=1e-6)
        assert found.probability_at(total) == pytest.approx(float(sigmoid(logit)), rel=1e-6)
        assert total <= found.total[-1].points + 1e-6


def _between(axis: Axis, number: float) -> float:
    marks = [(number_of(tick.label), tick.points) for tick in axis.ticks]
    return float(np.interp(number, [mark or 0.0 for mark, _ in marks], [p for _, p in marks]))


def test_the_bags_logit_is_one_more_axis() -> None:
    model = LogisticModel(-1.0, (CategoryTerm("image", {"a": 0.0, "b": 1.0}),), 2.0)
    found = nomogram(model, [{"image": "a"}, {"image": "b"}], image=[-1.0, 1.0])
    assert [axis.variable for axis in found.axes] == ["image", "image"]
    assert points(found.axes[0]) == pytest.approx({"a": 0.0, "b": 25.0})
    assert points(found.axes[1])["0"] == pytest.approx(50.0)
    assert found.points_at(model.logit({"image": "b"}, 1.0)) == pytest.approx(125.0)
    assert found.total[-1].points >= 125.0


def test_probabilities_out_of_reach_have_no_tick() -> None:
    found = nomogram(LogisticModel(0.0, (CategoryTerm("x", {"a": 0.0, "b": 1.0}),)), [{"x": "a"}, {"x": "b"}])
    assert [tick.label for tick in found.probability] == ["0.5", "0.6", "0.7"]


def test_without_patients_the_total_covers_what_the_model_can_say() -> None:
    found = nomogram(LogisticModel(0.0, (CategoryTerm("x", {"a": 0.0, "b": 1.0}), CategoryTerm("y", {"c": 1.0}))), [])
    assert (found.total[0].points, found.total[-1].points) == (0.0, 100.0)
    assert found.reason == ""


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (LogisticModel(1.0), "no variable moves the logit"),
        (LogisticModel(1.0, (CategoryTerm("x", {"a": 0.0, "b": 0.0}),)), "no variable moves the logit"),
        (LogisticModel(1.0, (CategoryTerm("x", {"a": 0.0, "b": 1e-12}),)), "no variable moves the logit"),
        (LogisticModel(1.0, (NumberTerm("age", 50.0, 0.1),)), "no patient has a value of age"),
    ],
)
def test_what_cannot_be_drawn_has_no_axes_but_a_reason(model: LogisticModel, reason: str) -> None:
    found = nomogram(model, [{"age": "unknown"}])
    assert (found.axes, found.total, found.probability, found.reason) == ((), (), (), reason)
    assert math.isnan(found.scale)


def test_bags_logits_must_be_one_a_patient() -> None:
    model = LogisticModel(0.0, (), 1.0)
    for image in (None, [1.0], [1.0, math.nan]):
        with pytest.raises(ValueError, match="2 finite numbers"):
            nomogram(model, [{}, {}], image)
    assert nomogram(model, [], []).reason == "no patient has a value of image"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_any_two_numbers_have_few_round_numbers(one: float, other: float) -> None:
    marks = pretty(min(one, other), max(one, other))
    assert 1 <= len(marks) <= 19
    assert marks == sorted(marks)


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.0), (math.nan, 1.0), (0.0, math.inf)])
def test_what_is_no_range_has_no_round_numbers(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="no range"):
        pretty(low, high)
