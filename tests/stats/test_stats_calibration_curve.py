"""Calibration figures against R (lowess, glm, prop.test, val.prob of rms) and against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from figures_of_r import rows
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aln_desk.stats import calibration
from aln_desk.stats.calibration import brier, curve, recalibration, sigmoid, smooth
from aln_desk.stats.calibration_curve import Strategy
from aln_desk.stats.operating import wilson

SETS = ["overconfident", "tenths", "levels", "certain"]
STRATEGIES: list[Strategy] = ["equal", "quantile", "distinct"]

patients = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 40).map(lambda k: k / 40) | st.floats(0, 1)), min_size=1, max_size=40
)
strategies = st.sampled_from(STRATEGIES)


def apart(pairs: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    outcome, probability = zip(*pairs, strict=True)
    return np.array(outcome), np.array(probability)


def patients_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    found = [row for row in rows("calibration_patients.csv") if row["set"] == name]
    return np.array([int(row["outcome"]) for row in found]), np.array([float(row["probability"]) for row in found])


def figures_of(name: str) -> dict[str, float]:
    return {row["figure"]: float(row["value"]) for row in rows("calibration_figures.csv") if row["set"] == name}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", SETS)
def test_bins_are_those_of_r(name: str, strategy: Strategy) -> None:
    expected = [r for r in rows("calibration_bins.csv") if (r["set"], r["strategy"]) == (name, strategy)]
    found = curve(*patients_of(name), bins=10, strategy=strategy)
    for figure in ("predicted", "observed", "low", "high"):
        assert getattr(found, figure) == pytest.approx([float(r[figure]) for r in expected], rel=1e-12, abs=1e-14)
    assert found.count.tolist() == [int(r["n"]) for r in expected]
    assert found.reason == ""


@pytest.mark.parametrize("name", SETS)
def test_the_smooth_curve_is_that_of_rms(name: str) -> None:
    expected = [row for row in rows("calibration_smooth.csv") if row["set"] == name]
    found = smooth(*patients_of(name))
    assert found.predicted == pytest.approx([float(row["predicted"]) for row in expected], rel=1e-14)
    assert found.observed == pytest.approx([float(row["observed"]) for row in expected], rel=1e-8)
    figures = figures_of(name)
    for figure in ("e_max", "e_90", "e_avg"):
        assert getattr(found, figure) == pytest.approx(figures[f"rms_{figure}"], rel=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_slope_and_intercepts_are_those_of_glm_and_rms(name: str) -> None:
    figures, found = figures_of(name), recalibration(*patients_of(name))
    for figure in ("slope", "intercept", "in_the_large"):
        estimate = getattr(found, figure)
        assert estimate.value == pytest.approx(figures[figure], rel=1e-9)
        assert estimate.low == pytest.approx(figures[f"{figure}_low"], rel=1e-8)
        assert estimate.high == pytest.approx(figures[f"{figure}_high"], rel=1e-8)
        assert estimate.reason == ""
    assert found.slope.value == pytest.approx(figures["rms_slope"], rel=1e-6)
    assert found.intercept.value == pytest.approx(figures["rms_intercept"], rel=1e-6)
    assert found.left_out == figures["left_out"]


@pytest.mark.parametrize("name", SETS)
def test_the_brier_score_is_that_of_rms(name: str) -> None:
    outcome, probability = patients_of(name)
    found = brier(outcome, probability)
    assert found.score == pytest.approx(figures_of(name)["rms_brier"], rel=1e-12)
    assert found.scaled == pytest.approx(1 - found.score / (outcome.mean() * (1 - outcome.mean())), rel=1e-12)


def test_murphys_decomposition_of_ten_days_by_hand() -> None:
    """0.8 said five times and right four times; 0.4 said five times and right once: o = 1/2."""
    outcome = [1, 1, 1, 1, 0, 1, 0, 0, 0, 0]
    found = brier(outcome, [0.8] * 5 + [0.4] * 5)
    assert found.reliability == pytest.approx((0.0**2 + 0.2**2) / 2)
    assert found.resolution == pytest.approx(0.3**2)
    assert found.uncertainty == 0.25
    assert found.score == pytest.approx(0.02 - 0.09 + 0.25)
    assert found.scaled == pytest.approx(0.28)
    assert curve(outcome, [0.8] * 5 + [0.4] * 5).ece == pytest.approx(0.1)


@given(patients, st.integers(1, 12), strategies)
def test_bins_hold_every_patient_once_and_their_own_means(
    pairs: list[tuple[int, float]], bins: int, strategy: Strategy
) -> None:
    outcome, probability = apart(pairs)
    found = curve(outcome, probability, bins, strategy)
    assert found.count.sum() == len(pairs)
    assert (found.predicted * found.count).sum() == pytest.approx(probability.sum(), abs=1e-12)
    assert np.rint(found.observed * found.count).sum() == outcome.sum()
    assert (np.diff(found.predicted) > 0).all()
    for share, low, high, n in zip(found.observed, found.low, found.high, found.count, strict=True):
        assert (share, low, high) == pytest.approx(
            [getattr(wilson(round(share * n), n), f) for f in ("value", "low", "high")]
        )


@given(patients, st.integers(1, 12))
def test_bins_of_equal_width_are_the_published_intervals(pairs: list[tuple[int, float]], bins: int) -> None:
    outcome, probability = apart(pairs)
    edges = np.linspace(0, 1, bins + 1)
    error, counts = 0.0, []
    for k in range(bins):
        inside = (probability > edges[k]) & (probability <= edges[k + 1]) | ((k == 0) & (probability == 0))
        if inside.any():
            counts.append(inside.sum())
            error += inside.sum() / len(pairs) * abs(outcome[inside].mean() - probability[inside].mean())
    found = curve(outcome, probability, bins)
    assert found.count.tolist() == counts
    assert found.ece == pytest.approx(error, abs=1e-12)


@given(st.integers(1, 60), st.integers(1, 12))
def test_quantile_bins_without_ties_differ_by_one_patient_at_most(size: int, bins: int) -> None:
    probability = np.random.default_rng(size).permutation(size) / size
    count = curve(np.zeros(size), probability, bins, "quantile").count
    assert count.size == min(size, bins)
    assert count.max() - count.min() <= 1


@given(patients, strategies)
def test_the_parts_add_up_to_the_brier_score(pairs: list[tuple[int, float]], strategy: Strategy) -> None:
    outcome, probability = apart(pairs)
    found = brier(outcome, probability, 10, strategy)
    assert found.score == pytest.approx(sum((p - o) ** 2 for o, p in pairs) / len(pairs), abs=1e-14)
    assert found.score == pytest.approx(
        found.reliability - found.resolution + found.uncertainty + found.within, abs=1e-14
    )
    assert min(found.reliability, found.resolution, found.uncertainty) >= 0
    if strategy == "distinct":
        assert found.within == pytest.approx(0, abs=1e-12)


@settings(max_examples=40)
@given(patients)
def test_the_recalibrated_probabilities_solve_the_likelihood_equations(pairs: list[tuple[int, float]]) -> None:
    outcome, probability = apart(pairs)
    found = recalibration(outcome, probability)
    inside = (probability > 0) & (probability < 1)
    assert found.left_out == (~inside).sum()
    outcome, logit = outcome[inside], np.log(probability[inside] / (1 - probability[inside]))
    if found.in_the_large.reason:
        assert outcome.all() or not outcome.any()
        return
    assert (sigmoid(logit + found.in_the_large.value) - outcome).sum() == pytest.approx(0, abs=1e-9)
    assume(not found.slope.reason and np.ptp(logit) > 1e-3)
    left = sigmoid(found.intercept.value + found.slope.value * logit) - outcome
    assert left.sum() == pytest.approx(0, abs=1e-6)
    assert (left * logit).sum() == pytest.approx(0, abs=1e-6 * np.abs(logit).max())


@given(patients, st.randoms(use_true_random=False))
def test_the_order_of_the_patients_does_not_matter(pairs: list[tuple[int, float]], random: object) -> None:
    mixed = pairs.copy()
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for strategy in STRATEGIES:
        assert curve(*apart(pairs), 5, strategy).count.tolist() == curve(*apart(mixed), 5, strategy).count.tolist()
    assert smooth(*apart(pairs)).e_max == pytest.approx(smooth(*apart(mixed)).e_max, abs=1e-9, nan_ok=True)


UNUSABLE = [
    ([], [], "no patients"),
    ([0, 1], [0.2, math.nan], "a probability is not a number"),
    ([0, 1], [0.2, 1.5], "a probability lies outside 0 to 1"),
    ([0, 1], [-math.inf, 0.5], "a probability lies outside 0 to 1"),
]


@pytest.mark.parametrize(("outcome", "probability", "reason"), UNUSABLE)
def test_what_is_no_probability_has_no_figures_but_a_reason(
    outcome: list[int], probability: list[float], reason: str
) -> None:
    bins, line = curve(outcome, probability), smooth(outcome, probability)
    assert (bins.reason, bins.count.size, bins.predicted.size) == (reason, 0, 0)
    assert math.isnan(bins.ece)
    assert (line.reason, line.observed.size) == (reason, 0)
    assert math.isnan(line.e_max)
    found, score = recalibration(outcome, probability), brier(outcome, probability)
    assert {found.slope.reason, found.intercept.reason, found.in_the_large.reason, score.reason} == {reason}
    assert all(math.isnan(figure) for figure in (found.slope.value, found.in_the_large.low, score.score, score.within))


def test_one_outcome_only_has_a_curve_and_a_score_but_no_slope() -> None:
    outcome, probability = [1, 1, 1], [0.2, 0.5, 0.9]
    found = recalibration(outcome, probability)
    assert found.slope.reason == found.in_the_large.reason == "no patient has a negative outcome"
    score = brier(outcome, probability)
    assert (score.score, score.uncertainty) == (pytest.approx((0.64 + 0.25 + 0.01) / 3), 0.0)
    assert math.isnan(score.scaled)
    assert score.reason == "no patient has a negative outcome"
    assert curve(outcome, probability).observed.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("probability", [[0.1, 0.2, 0.7, 0.8], [0.1, 0.4, 0.4, 0.8], [0.9, 0.8, 0.2, 0.1]])
def test_a_slope_that_would_be_infinite_is_a_reason(probability: list[float]) -> None:
    found = recalibration([0, 0, 1, 1], probability)
    assert "separates" in found.slope.reason
    assert math.isnan(found.slope.value)
    assert math.isnan(found.intercept.high)
    assert math.isfinite(found.in_the_large.value)


def test_equal_probabilities_leave_calibration_in_the_large() -> None:
    found = recalibration([0, 1, 1, 1], [0.5] * 4)
    assert found.slope.reason == "all patients have the same probability"
    assert found.in_the_large.value == pytest.approx(math.log(3), rel=1e-12)
    assert found.in_the_large.high - found.in_the_large.low == pytest.approx(2 * 1.959963985 / math.sqrt(0.75))


def test_only_certain_probabilities_have_no_logit() -> None:
    found = recalibration([0, 1], [0.0, 1.0])
    assert (found.left_out, found.slope.reason) == (2, "every probability is exactly 0 or 1")


@pytest.mark.parametrize("probability", [[0.3], [0.3, 0.4], [0.3] * 8, [0.3] * 7 + [0.4, 0.5, 0.6]])
def test_a_neighbourhood_without_width_has_no_smooth_curve(probability: list[float]) -> None:
    found = smooth([1] + [0] * (len(probability) - 1), probability)
    assert "smooth curve" in found.reason
    assert math.isnan(found.e_avg)


def test_bins_of_another_kind_or_number_are_refused() -> None:
    with pytest.raises(ValueError, match="0 bins"):
        curve([0, 1], [0.1, 0.2], 0)
    with pytest.raises(ValueError, match="'wide'"):
        curve([0, 1], [0.1, 0.2], strategy="wide")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'wide'"):
        calibration.curve([], [], strategy="wide")  # type: ignore[arg-type]
