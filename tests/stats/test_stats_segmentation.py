"""Agreement of masks against definitions worked out pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from aln_desk.stats.agreement import iou
from aln_desk.stats.segmentation import boundary_f1, class_map, hd95, miou

Mask = NDArray[np.bool_]

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
pair_of_masks = shapes.flatmap(lambda shape: st.tuples(arrays(np.bool_, shape), arrays(np.bool_, shape)))
pair_of_maps = shapes.flatmap(
    lambda shape: st.tuples(
        arrays(np.uint8, shape, elements=st.integers(0, 2)), arrays(np.uint8, shape, elements=st.integers(0, 2))
    )
)
spacings = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5))


def square(size: int, top: int, left: int, side: int) -> Mask:
    mask = np.zeros((size, size), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def outline(mask: Mask) -> list[tuple[int, int]]:
    """Pixels inside with a side neighbour that is not."""
    inside = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    return [(y, x) for y, x in sorted(inside) if not {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} <= inside]


def distances(first: Mask, second: Mask, spacing: tuple[float, float]) -> list[float]:
    h, w = spacing
    return [min(math.hypot(h * (y - v), w * (x - u)) for v, u in outline(second)) for y, x in outline(first)]


@given(pair_of_masks, spacings)
def test_hd95_is_the_larger_centile_of_all_distances(masks: tuple[Mask, Mask], spacing: tuple[float, float]) -> None:
    first, second = masks
    found = hd95(first, second, spacing)
    if not (first.any() and second.any()):
        assert math.isnan(found)
        return
    there, back = distances(first, second, spacing), distances(second, first, spacing)
    assert found == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-12, abs=1e-12)
    assert found == hd95(second, first, spacing)


@given(pair_of_masks, st.sampled_from([0.0, 1.0, 1.5, math.sqrt(2), 2.0, math.sqrt(5), 3.0]))
def test_boundary_f1_is_the_f1_of_outline_pixels_found(masks: tuple[Mask, Mask], tolerance: float) -> None:
    first, second = masks
    found = boundary_f1(first, second, tolerance)
    if not (first.any() and second.any()):
        assert math.isnan(found) if first.any() == second.any() else found == 0
        return
    precision, recall = (
        np.mean([distance <= tolerance for distance in distances(*pair, (1, 1))])
        for pair in ((first, second), (second, first))
    )
    assert found == pytest.approx(2 * precision * recall / (precision + recall) if precision + recall else 0.0)


def test_a_shift_by_two_pixels() -> None:
    first, second = square(64, 10, 10, 30), square(64, 10, 12, 30)
    assert hd95(first, second) == 2.0
    assert hd95(first, second, (0.5, 0.1)) == pytest.approx(0.2)
    assert boundary_f1(first, second, 2.0) == 1.0
    assert boundary_f1(first, second, 0.5) < 0.7


def test_a_few_far_pixels_move_the_maximum_but_not_the_95th_centile() -> None:
    first = square(200, 20, 20, 50)
    second = first.copy()
    second[190, 190] = True
    assert hd95(first, second) == 0.0


def test_a_lesion_cut_by_the_images_edge_is_outlined_there() -> None:
    everything = np.ones((20, 30), dtype=bool)
    assert hd95(everything, everything) == 0.0
    assert boundary_f1(everything, np.zeros((20, 30))) == 0.0


@given(st.lists(pair_of_maps, max_size=5))
def test_miou_is_intersection_over_union_of_all_pixels_together(pairs: list[tuple[NDArray[np.uint8], ...]]) -> None:
    found = miou((predicted, drawn) for predicted, drawn in pairs)
    shares = []
    for kind in range(3):
        common = sum(int(((p == kind) & (d == kind)).sum()) for p, d in pairs)
        union = sum(int(((p == kind) | (d == kind)).sum()) for p, d in pairs)
        shares.append(common / union if union else math.nan)
    defined = [share for share in shares if share == share]
    assert found.iou == pytest.approx(tuple(shares), nan_ok=True)
    assert found.value == pytest.approx(sum(defined) / len(defined) if defined else math.nan, nan_ok=True)
    assert found.images == len(pairs)
    assert (found.reason == "") == (len(defined) == 3)


@given(pair_of_masks)
def test_one_image_of_the_right_type_is_its_own_overlap(masks: tuple[Mask, Mask]) -> None:
    first, second = masks
    found = miou([(class_map(first, "tumour"), class_map(second, "tumour"))])
    assert found.iou[1] == pytest.approx(iou(first, second), nan_ok=True)
    assert math.isnan(found.iou[2])
    assert "lymph node" in found.reason


def test_a_perfect_outline_of_the_wrong_type_counts_for_nothing() -> None:
    mask = square(32, 4, 4, 16)
    found = miou([(class_map(mask, "lymph node"), class_map(mask, "tumour"))])
    assert found.iou == (1.0, 0.0, 0.0)
    assert found.value == pytest.approx(1 / 3)


def test_no_image_has_no_overlap() -> None:
    found = miou([])
    assert math.isnan(found.value)
    assert found.reason == "nowhere drawn or predicted: background, tumour, lymph node"


def test_what_does_not_lie_on_one_image_is_refused() -> None:
    for measure in (hd95, boundary_f1):
        with pytest.raises(ValueError, match="one image"):
            measure(np.zeros((4, 4)), np.zeros((4, 5)))
        with pytest.raises(ValueError, match="one image"):
            measure(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="one image"):
        miou([(np.zeros((4, 4)), np.zeros((5, 4)))])
    with pytest.raises(ValueError, match="class"):
        miou([(np.full((2, 2), 3), np.zeros((2, 2)))])
    with pytest.raises(ValueError, match="class"):
        miou([(np.full((2, 2), math.nan), np.zeros((2, 2)))])
    with pytest.raises(ValueError, match="size"):
        hd95(np.ones((2, 2)), np.ones((2, 2)), (1.0, 0.0))
    with pytest.raises(ValueError, match="tolerance"):
        boundary_f1(np.ones((2, 2)), np.ones((2, 2)), math.nan)
