"""Agreement of two readers, by hand and against single measures."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from aln_desk.stats.agreement import iou
from aln_desk.stats.kappa import kappa
from aln_desk.stats.readers import LEAST_OVERLAP, ShapeMatch, agreement, by_class, label_pairs, matched

Mask = NDArray[np.bool_]
masks = st.lists(arrays(np.bool_, (3, 4)), max_size=4)


def square(left: int, top: int, side: int = 10) -> Mask:
    mask = np.zeros((60, 80), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_two_squares_beside_each_other_in_pixels_and_millimetres() -> None:
    one, other = square(10, 10), square(14, 10)
    found = agreement(one, other)
    assert (found.dice, found.unit) == (0.6, "px")
    assert found.jaccard == pytest.approx(6 / 14)
    assert found.hausdorff == 4
    in_mm = agreement(one, other, (0.5, 0.1))
    assert in_mm.hausdorff == 2.0 and agreement(one, other, (0.1, 0.5)).hausdorff == pytest.approx(0.4)
    assert in_mm.unit == "mm" and in_mm.dice == found.dice


def test_the_spacing_is_width_then_height() -> None:
    """Rows 3 and 5 of a long bar are 2 pixels apart, wherever along it."""
    one, other = np.zeros((9, 50), bool), np.zeros((9, 50), bool)
    one[3], other[5] = True, True
    found = agreement(one, other, (10.0, 0.25))
    assert (found.hausdorff, found.hausdorff95, found.mean_distance) == (0.5, 0.5, 0.5)


def test_each_class_of_either_reader_is_compared() -> None:
    first, second = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)
    first[2:6, 2:6], second[2:6, 2:6] = 1, 1
    second[10:12, 10:12] = 2
    found = by_class(first, second)
    assert list(found) == [1, 2]
    assert (found[1].dice, found[1].hausdorff) == (1, 0)
    assert found[2].dice == 0 and math.isnan(found[2].hausdorff) and math.isnan(found[2].mean_distance)
    assert by_class(np.zeros((3, 3)), np.zeros((3, 3))) == {}


def test_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        agreement(np.ones((2, 2)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="size"):
        agreement(np.ones((2, 2)), np.ones((2, 2)), (0.0, 1.0))


def test_shapes_find_their_counterparts_whatever_their_order() -> None:
    first = [square(5, 5), square(40, 30), square(60, 5)]
    second = [square(41, 31), square(20, 45), square(5, 6)]
    found = matched(first, second)
    assert [(match.first, match.second) for match in found] == [(0, 2), (1, 0), (2, None), (None, 1)]
    assert found[0].overlap == iou(first[0], second[2])


def test_the_best_assignment_is_not_the_greedy_one() -> None:
    """The first shape overlaps both, the second one only; greedily the first would take what the second needs."""
    first, second = [square(10, 10, 12), square(10, 20, 8)], [square(10, 14, 12), square(10, 4, 12)]
    overlaps = [[iou(one, other) for other in second] for one in first]
    assert overlaps[0][0] > overlaps[0][1] > LEAST_OVERLAP and overlaps[1][1] < LEAST_OVERLAP < overlaps[1][0]
    found = [(match.first, match.second) for match in matched(first, second)]
    assert found == [(0, 1), (1, 0)]


def test_barely_touching_shapes_are_not_the_same() -> None:
    assert matched([square(10, 10)], [square(19, 10)]) == [ShapeMatch(0, None, 0.0), ShapeMatch(None, 0, 0.0)]
    assert matched([], []) == [] and matched([], [square(1, 1)]) == [ShapeMatch(None, 0, 0.0)]
    empty = np.zeros((60, 80), bool)
    assert matched([empty], [empty]) == [ShapeMatch(0, None, 0.0), ShapeMatch(None, 0, 0.0)]


@given(masks, masks)
def test_every_shape_is_named_once_and_no_assignment_overlaps_more(first: list[Mask], second: list[Mask]) -> None:
    found = matched(first, second)
    assert sorted(match.first for match in found if match.first is not None) == list(range(len(first)))
    assert sorted(match.second for match in found if match.second is not None) == list(range(len(second)))
    overlaps = [[_above(iou(one, other)) for other in second] for one in first]
    assert all(
        match.overlap == overlaps[match.first][match.second]
        for match in found
        if match.first is not None and match.second is not None
    )
    short, wide = sorted((len(first), len(second)))
    flip = len(first) > len(second)
    best = max(
        sum(overlaps[j][i] if flip else overlaps[i][j] for i, j in enumerate(chosen))
        for chosen in itertools.permutations(range(wide), short)
    )
    assert sum(match.overlap for match in found) == pytest.approx(best)


def test_labels_of_a_project_with_and_without_what_one_reader_missed() -> None:
    images = [
        ([square(5, 5), square(40, 30)], ["tumor", "lymph_node"], [square(6, 5), square(40, 31)], ["tumor", "tumor"]),
        ([square(5, 5)], ["lymph_node"], [square(5, 5), square(60, 5)], ["lymph_node", "tumor"]),
    ]
    both, all_shapes = [], []
    for first, first_labels, second, second_labels in images:
        matches = matched(first, second)
        both += label_pairs(matches, first_labels, second_labels)
        all_shapes += label_pairs(matches, first_labels, second_labels, absent="nothing")
    assert both == [("tumor", "tumor"), ("lymph_node", "tumor"), ("lymph_node", "lymph_node")]
    assert all_shapes == [*both, ("nothing", "tumor")]
    assert kappa(both).value == pytest.approx((2 / 3 - 4 / 9) / (5 / 9))
    assert kappa(all_shapes).value < kappa(both).value


def _above(share: float) -> float:
    return share if share >= LEAST_OVERLAP else 0.0
