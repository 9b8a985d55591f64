"""Maps against outlines, areas under curves, and rankings against rankings: by hand and as laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from aln_desk.stats.explanation import area_under, energy_inside, hit, rank_correlation, top_agreement

LESION = np.zeros((5, 6), bool)
LESION[1:3, 1:4] = True
maps = arrays(np.float64, (5, 6), elements=st.integers(-8, 8).map(float))
values = st.integers(2, 9).flatmap(lambda n: arrays(np.float64, n, elements=st.integers(-3, 3).map(float)))


def peak_at(*places: tuple[int, int], height: float = 2.0) -> np.ndarray:
    found = np.full((5, 6), -1.0)
    for place in places:
        found[place] = height
    return found


@pytest.mark.parametrize(
    ("evidence", "tolerance", "expected"),
    [
        (peak_at((2, 3)), 0.0, 1.0),
        (peak_at((2, 4)), 0.0, 0.0),
        (peak_at((2, 4)), 1.0, 1.0),
        (peak_at((4, 5)), math.sqrt(8), 1.0),  # two down and two to the right of the lesion's corner (2, 3)
        (peak_at((4, 5)), 2.8, 0.0),
        (peak_at((1, 1), (4, 5)), 0.0, 0.5),
    ],
)
def test_pointing(evidence: np.ndarray, tolerance: float, expected: float) -> None:
    assert hit(evidence, LESION, tolerance) == expected


def test_energy_by_hand() -> None:
    evidence = np.zeros((5, 6))
    evidence[1, 1], evidence[2, 3], evidence[0, 0], evidence[4, 4] = 2.0, 1.0, 1.0, -50.0
    assert energy_inside(evidence, LESION) == 0.75


@pytest.mark.parametrize("measure", [hit, energy_inside])
def test_nothing_positive_points_nowhere(measure: object) -> None:
    assert math.isnan(measure(np.full((5, 6), -1.0), LESION))  # type: ignore[operator]
    assert math.isnan(measure(peak_at((1, 1)), np.zeros((5, 6), bool)))  # type: ignore[operator]
    assert math.isnan(measure(np.full((5, 6), np.nan), LESION))  # type: ignore[operator]
    with pytest.raises(ValueError, match="different images"):
        measure(np.zeros((5, 6)), np.zeros((6, 5)))  # type: ignore[operator]


def test_even_evidence_has_the_lesion_s_share_of_the_area() -> None:
    assert energy_inside(np.ones((5, 6)), LESION) == hit(np.ones((5, 6)), LESION) == LESION.mean()


@given(maps, st.floats(0.5, 8))
def test_strength_and_what_speaks_against_do_not_matter(evidence: np.ndarray, factor: float) -> None:
    assume(evidence.max() > 0)
    without = np.maximum(evidence, 0)
    for measure in (hit, energy_inside):
        assert measure(factor * without, LESION) == pytest.approx(measure(evidence, LESION))
    assert energy_inside(evidence, LESION) + energy_inside(evidence, ~LESION) == pytest.approx(1)


@given(maps, st.floats(0, 4), st.floats(0, 4))
def test_more_tolerance_never_misses_more(evidence: np.ndarray, one: float, other: float) -> None:
    assume(evidence.max() > 0)
    low, high = sorted((one, other))
    assert hit(evidence, LESION, low) <= hit(evidence, LESION, high)
    assert hit(evidence, LESION, 9) == 1


@pytest.mark.parametrize(("curve", "area"), [([0, 1], 0.5), ([1, 1, 1], 1.0), ([1, 0, 0], 0.25), ([0, 1, 0, 1], 0.5)])
def test_areas_by_hand(curve: list[float], area: float) -> None:
    assert area_under(curve) == pytest.approx(area)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_a_curve_and_its_reverse_have_one_area(curve: list[float]) -> None:
    assert area_under(curve) == pytest.approx(area_under(curve[::-1]))
    assert min(curve) - 1e-12 <= area_under(curve) <= max(curve) + 1e-12


def test_a_point_is_no_curve() -> None:
    with pytest.raises(ValueError, match="two points"):
        area_under([1.0])


@given(values, st.randoms(use_true_random=False))
def test_rank_correlation_is_scipy_s(first: np.ndarray, random: object) -> None:
    second = np.array(random.sample(first.tolist(), len(first))) + np.arange(len(first)) % 2  # type: ignore[attr-defined]
    assume(np.ptp(first) > 0 and np.ptp(second) > 0)
    assert rank_correlation(first, second) == pytest.approx(float(spearmanr(first, second).statistic))
    assert rank_correlation(np.exp(first), second) == pytest.approx(rank_correlation(first, second))
    assert rank_correlation(first, -second) == pytest.approx(-rank_correlation(first, second))


@pytest.mark.parametrize(
    ("first", "second"), [([1.0], [2.0]), ([], []), ([1.0, 1.0], [1.0, 2.0]), ([1.0, math.nan], [1.0, 2.0])]
)
def test_rank_correlation_is_not_defined(first: list[float], second: list[float]) -> None:
    assert math.isnan(rank_correlation(first, second))


@pytest.mark.parametrize(
    ("found", "truth", "expected"),
    [
        ([0.2, 0.8], [0.1, 0.9], 1.0),
        ([0.8, 0.2], [0.1, 0.9], 0.0),
        ([0.4, 0.4, 0.2], [0.5, 0.3, 0.2], 0.5),
        ([0.3, 0.5, 0.2], [0.4, 0.4, 0.2], 1.0),
    ],
)
def test_top_agreement_by_hand(found: list[float], truth: list[float], expected: float) -> None:
    assert top_agreement(found, truth) == expected


def test_where_all_are_alike_in_truth_none_is_first() -> None:
    assert math.isnan(top_agreement([0.3, 0.7], [0.5, 0.5]))
    assert math.isnan(top_agreement([1.0], [1.0]))
    assert math.isnan(top_agreement([math.nan, 1.0], [1.0, 2.0]))


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="one length"):
        top_agreement([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="cannot be compared"):
        rank_correlation([1.0], [1.0, 2.0])
