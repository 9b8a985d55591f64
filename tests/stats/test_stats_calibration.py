from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from aln_desk.domain.errors import BadProject
from aln_desk.stats.calibration import Calibration, Method, fit, sigmoid

METHODS: list[Method] = ["temperature", "platt"]


def patients(count: int, slope: float, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (count,) and outcomes whose probability is sigmoid(slope * logit + shift)."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 2, count)
    return logit, (rng.random(count) < sigmoid(slope * logit + shift)).astype(int)


def smoothed(outcome: np.ndarray) -> np.ndarray:
    positives, negatives = outcome.sum(), (1 - outcome).sum()
    return np.where(outcome == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def loss(line: np.ndarray, logit: np.ndarray, target: np.ndarray) -> float:
    z = line[0] * logit + (line[1] if len(line) > 1 else 0.0)
    return float((np.logaddexp(0, z) - target * z).sum())


@pytest.mark.parametrize(("slope", "shift"), [(0.4, 0.7), (2.5, -1.0)])
def test_many_patients_give_the_line_that_made_them(slope: float, shift: float) -> None:
    found = fit(*patients(20_000, slope, shift), "platt")
    assert (found.slope, found.shift) == pytest.approx((slope, shift), rel=0.05, abs=0.05)
    straight = fit(*patients(20_000, slope, 0.0), "temperature")
    assert straight.slope == pytest.approx(slope, rel=0.05)
    assert straight.shift == 0.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [12, 40, 300])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e9])
def test_no_other_line_is_likelier(method: Method, count: int, size: float) -> None:
    logit, outcome = patients(count, 0.8, 0.5, seed=count)
    found = fit(size * logit, outcome, method)
    start = np.ones(1) if method == "temperature" else np.array([1.0, 0.0])
    best = minimize(loss, start, (logit, smoothed(outcome)), method="BFGS", options={"gtol": 1e-9})
    line = [found.slope * size, found.shift][: len(start)]
    assert line == pytest.approx(best.x, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_data_that_a_threshold_separates_gives_a_finite_slope(method: Method) -> None:
    logit, outcome = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]), np.array([0, 0, 0, 1, 1, 1])
    found = fit(logit, outcome, method)
    assert 0 < found.slope < 10
    assert sigmoid(found.apply(3.0)) < 0.99


def test_two_patients_are_enough_and_stay_near_a_half() -> None:
    found = fit([-1.0, 1.0], [0, 1], "platt")
    assert sigmoid(found.apply(1.0)) == pytest.approx(2 / 3, abs=1e-6)
    assert sigmoid(found.apply(-1.0)) == pytest.approx(1 / 3, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("logit", "outcome", "reason"),
    [
        ([], [], "do not have both outcomes"),
        ([0.0, 1.0], [1, 1], "the 2 held-out patients"),
        ([0.0, 1.0], [0, 0], "do not have both outcomes"),
        ([0.0, math.nan], [0, 1], "not a number"),
        ([0.0, math.inf], [0, 1], "not a number"),
        ([2.0, 2.0], [0, 1], "the same score"),
        ([-1.0, 1.0, -2.0, 2.0], [1, 0, 1, 0], "do not rise"),
    ],
)
def test_what_cannot_be_calibrated_is_a_sentence(
    method: Method, logit: list[float], outcome: list[int], reason: str
) -> None:
    with pytest.raises(BadProject, match=reason):
        fit(logit, outcome, method)


def test_an_unknown_method_and_arrays_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="isotonic"):
        fit([0.0, 1.0], [0, 1], "isotonic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one length"):
        fit([0.0, 1.0], [0, 1, 1], "platt")


@given(
    st.lists(st.tuples(st.floats(-1e300, 1e300), st.integers(0, 1)), min_size=2, max_size=30),
    st.sampled_from(METHODS),
)
def test_the_answer_is_a_rising_line_or_a_sentence(pairs: list[tuple[float, int]], method: Method) -> None:
    logit, outcome = zip(*pairs, strict=True)
    try:
        found = fit(logit, outcome, method)
    except BadProject:
        return
    assert found.slope > 0
    assert math.isfinite(found.shift)


@given(st.floats(1e-3, 1e3), st.floats(-50, 50), st.floats(-50, 50))
def test_undo_is_the_inverse_and_a_record_comes_back(slope: float, shift: float, logit: float) -> None:
    calibration = Calibration(slope, shift)
    assert calibration.undo(calibration.apply(logit)) == pytest.approx(logit, rel=1e-9, abs=1e-9 + 1e-12 / slope)
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


def test_none_changes_nothing() -> None:
    assert Calibration.none.apply(1.25) == Calibration.none.undo(1.25) == 1.25


@pytest.mark.parametrize(
    "record",
    [{}, {"slope": 1.0}, {"slope": 0.0, "shift": 0.0}, {"slope": -1, "shift": 0}, {"slope": math.nan, "shift": 0},
     {"slope": 1, "shift": math.inf}, {"slope": None, "shift": 0}, {"slope": "steep", "shift": 0}, [], 3],
)  # fmt: skip
def test_a_record_that_is_none_is_refused(record: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Calibration.from_dict(record)  # type: ignore[arg-type]


def test_sigmoid_of_any_logit() -> None:
    assert sigmoid([-1e9, -2.0, 0.0, 1e9]) == pytest.approx([0.0, 0.11920292, 0.5, 1.0])
