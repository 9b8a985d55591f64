from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats import decision

Z = 1.959963984540054
PROBABILITY = st.one_of(st.integers(0, 10).map(lambda tenth: tenth / 10), st.floats(0, 1))


@st.composite
def patients(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    outcome = draw(st.lists(st.integers(0, 1), min_size=2, max_size=30))
    return outcome, draw(st.lists(PROBABILITY, min_size=len(outcome), max_size=len(outcome)))


THRESHOLDS = st.lists(st.one_of(st.integers(1, 9).map(lambda tenth: tenth / 10), st.floats(0.01, 0.99)), max_size=6)


def test_by_hand() -> None:
    # At 0.5 (w 1): treated .9+ .6- .5+; at 0.2 (w 1/4) also .3-. Five patients, two positive.
    outcome, probability = [1, 0, 1, 0, 0], [0.9, 0.6, 0.5, 0.3, 0.1]
    model, everyone, nobody = decision.net_benefit(outcome, probability, [0.5, 0.2])
    assert model.tolist() == pytest.approx([2 / 5 - 1 / 5, 2 / 5 - 2 / 5 / 4])
    assert everyone.tolist() == pytest.approx([2 / 5 - 3 / 5, 2 / 5 - 3 / 5 / 4])
    assert nobody.tolist() == [0.0, 0.0]
    # Two of five go untreated at 0.5, neither of them in need: 40 of 100.
    assert decision.curve(outcome, probability, [0.5, 0.2]).avoided.value.tolist() == pytest.approx([40.0, 20.0])


def test_the_papers_segformer_in_external_patients() -> None:
    """80 of 94 positives and 2 of 46 negatives treated: at a threshold of 1/3, 80/140 - 2/140/2."""
    outcome = [1] * 94 + [0] * 46
    probability = [0.9] * 80 + [0.1] * 14 + [0.9] * 2 + [0.1] * 44
    model, everyone, _ = decision.net_benefit(outcome, probability, [1 / 3])
    assert (model[0], everyone[0]) == pytest.approx((79 / 140, (94 - 23) / 140))
    assert decision.curve(outcome, probability, [1 / 3]).avoided.value[0] == pytest.approx(100 * (79 - 71) / 140 * 2)


@given(patients(), THRESHOLDS)
def test_every_figure_is_a_mean_over_the_patients(data: tuple[list[int], list[float]], thresholds: list[float]) -> None:
    outcome, probability = (np.array(column) for column in data)
    found = decision.curve(outcome, probability, thresholds)
    for i, threshold in enumerate(thresholds):
        weight = threshold / (1 - threshold)
        worth = np.where(outcome == 1, 1.0, -weight)
        treated = probability >= threshold
        for band, each in (
            (found.model, worth * treated),
            (found.treat_all, worth),
            (found.avoided, 100 * (worth * treated - worth) / weight),
        ):
            reach = Z * each.std(ddof=1) / math.sqrt(each.size)
            scale = 1e-9 * (1 + abs(each).max())
            assert band.value[i] == pytest.approx(each.mean(), abs=scale)
            assert (band.low[i], band.high[i]) == pytest.approx((each.mean() - reach, each.mean() + reach), abs=scale)
    assert found.reason == "" and found.treat_none.tolist() == [0.0] * len(thresholds)


@given(patients(), THRESHOLDS)
def test_no_model_beats_the_prevalence(data: tuple[list[int], list[float]], thresholds: list[float]) -> None:
    model, everyone, _ = decision.net_benefit(*data, thresholds)
    assert (model <= np.mean(data[0]) + 1e-12).all() and (everyone <= np.mean(data[0]) + 1e-12).all()


@given(patients(), st.permutations(range(5)))
def test_thresholds_may_come_in_any_order(data: tuple[list[int], list[float]], order: list[int]) -> None:
    thresholds = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    model, _, _ = decision.net_benefit(*data, thresholds)
    np.testing.assert_array_equal(decision.net_benefit(*data, thresholds[order])[0], model[order])


def test_the_ends() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = decision.curve([1, 0, 0, 1], [1.0, 0.0, 0.4, 0.7], [0.0, 0.5, 1.0])
    assert found.model.value[0] == found.treat_all.value[0] == 0.5
    assert math.isnan(found.model.value[2]) and math.isnan(found.treat_all.low[2]) and found.treat_none[2] == 0.0
    assert math.isnan(found.avoided.value[0]) and math.isnan(found.avoided.high[2])
    assert np.isfinite([found.model.low[1], found.avoided.value[1]]).all()
    assert found.reason.startswith("at a threshold of 0 or 1")


def test_nobody_treated_is_exactly_nothing() -> None:
    found = decision.curve([1, 0, 0], [0.2, 0.1, 0.3], [0.8])
    assert (found.model.value[0], found.model.low[0], found.model.high[0]) == (0.0, 0.0, 0.0)


def test_one_outcome_alone_is_defined() -> None:
    model, everyone, _ = decision.net_benefit([0, 0, 0, 0], [0.9, 0.1, 0.2, 0.6], [0.5])
    assert (model[0], everyone[0]) == (-0.5, -1.0)


def test_one_patient_has_no_limits() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = decision.curve([1], [0.7], [0.5])
    assert found.model.value[0] == 1.0 and math.isnan(found.model.low[0])


@pytest.mark.parametrize(
    ("outcome", "probability", "reason"),
    [
        ([], [], "no patients"),
        ([0, 1], [math.nan, 0.5], "1 of 2 scores are missing"),
        ([0, 1], [-0.1, 1.5], "2 of 2 scores are not probabilities between 0 and 1"),
        ([0, 1], [0.5, math.inf], "1 of 2 scores are not probabilities between 0 and 1"),
    ],
)
def test_undefined_is_nan_with_a_reason(outcome: list[int], probability: list[float], reason: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = decision.curve(outcome, probability, [0.2, 0.5])
    assert found.reason == decision.why_undefined(outcome, probability) == reason
    for column in (*decision.net_benefit(outcome, probability, [0.2, 0.5]), found.avoided.value, found.model.low):
        assert np.isnan(column).all() and column.shape == (2,)


@pytest.mark.parametrize("thresholds", [[-0.1], [1.1], [math.nan], 0.5, [[0.5]]])
def test_what_is_no_threshold_is_refused(thresholds: object) -> None:
    with pytest.raises(ValueError):
        decision.net_benefit([0, 1], [0.1, 0.2], thresholds)  # type: ignore[arg-type]


def test_coverage_of_the_limits() -> None:
    """Of 400 studies of 140 patients, about 95 % of the limits hold the net benefit of 400,000."""
    random = np.random.default_rng(6)
    outcome = random.random(400_000) < 0.67
    probability = 1 / (1 + np.exp(-random.normal(1.5 * outcome - 0.5)))
    truth = decision.net_benefit(outcome, probability, [0.5])[0][0]
    held = 0
    for _ in range(400):
        rows = random.integers(outcome.size, size=140)
        band = decision.curve(outcome[rows], probability[rows], [0.5]).model
        held += bool(band.low[0] <= truth <= band.high[0])
    assert 0.92 <= held / 400 <= 0.98
