from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aln_desk.stats.agreement import dice, iou

MASKS = arrays(bool, (4, 5))


def test_half_overlapping_squares() -> None:
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    first[:, :2], second[:, 1:3] = True, True
    assert dice(first, second) == 0.5
    assert iou(first, second) == pytest.approx(1 / 3)


def test_any_value_but_zero_is_inside() -> None:
    assert dice(np.array([[0, 2]], np.uint8), np.array([[0, 255]], np.uint8)) == 1.0


def test_one_empty_mask_agrees_nowhere_and_two_are_undefined() -> None:
    empty, full = np.zeros((2, 2), bool), np.ones((2, 2), bool)
    assert (dice(empty, full), iou(full, empty)) == (0.0, 0.0)
    assert math.isnan(dice(empty, empty)) and math.isnan(iou(empty, empty))
    assert math.isnan(dice(np.zeros((0, 0)), np.zeros((0, 0))))


def test_masks_of_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\) and \(2, 1\)"):
        dice(np.ones((2, 2)), np.ones((2, 1)))


@given(MASKS, MASKS)
def test_dice_and_iou_say_the_same_either_way_round(
    first: np.typing.NDArray[np.bool_], second: np.typing.NDArray[np.bool_]
) -> None:
    overlap = iou(first, second)
    assert math.isnan(overlap) or dice(second, first) == pytest.approx(2 * overlap / (1 + overlap))
    assert not first.any() or dice(first, first) == 1.0


@given(st.integers(1, 30), st.integers(0, 30))
def test_dice_from_areas(inside: int, beyond: int) -> None:
    first, second = np.zeros(60, bool), np.zeros(60, bool)
    first[:inside], second[: inside + beyond] = True, True
    assert dice(first, second) == pytest.approx(2 * inside / (2 * inside + beyond))
