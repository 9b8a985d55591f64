"""The magic wand on drawn images, where the area is known, and on real ones."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from real_lesions import BUSI, lesions

from aln_desk.io.rasterize import polygon_mask
from aln_desk.outline import wand
from aln_desk.stats.agreement import dice

Mask = NDArray[np.bool_]
SHAPE = (240, 320)


def disc(x: float, y: float, radius: float) -> Mask:
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return np.asarray(np.hypot(columns + 0.5 - x, rows + 0.5 - y) <= radius)


def drawn(dark: Mask, speckle: float = 0.6) -> NDArray[np.uint8]:
    grey = np.where(dark, 50.0, 140.0)
    noise = cv2.GaussianBlur(np.random.default_rng(2).rayleigh(1, SHAPE), (0, 0), 1)
    return np.clip(cv2.GaussianBlur(grey, (0, 0), 1.5) * noise**speckle, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("bright", [False, True])
def test_a_click_finds_the_whole_lesion_in_speckle(bright: bool) -> None:
    lesion = disc(150, 120, 40)
    image = drawn(lesion)
    image = 255 - image if bright else image
    seed = (160.0, 110.0)
    tolerance = wand.suggested_tolerance(image, seed, bright=bright)
    for found in (wand.region(image, seed, tolerance, bright=bright), wand.region(image, seed, bright=bright)):
        assert dice(found, lesion) > 0.95
    assert not wand.region(image, (30.0, 30.0), 10.0, bright=bright)[lesion].any()


def test_what_hangs_on_by_a_neck_is_cut_off() -> None:
    lesion, other = disc(100, 120, 40), disc(200, 120, 40)
    neck = np.zeros(SHAPE, bool)
    neck[112:128, 100:200] = True
    found = wand.region(drawn(lesion | other | neck), (100.0, 120.0), 90.0)
    assert dice(found, lesion) > 0.93 and not found[:, 170:].any()


def test_a_bright_spot_in_a_lesion_belongs_to_it_but_a_large_hole_does_not() -> None:
    lesion, spot, core = disc(150, 120, 60), disc(150, 90, 6), disc(150, 120, 38)
    assert wand.region(drawn(lesion & ~spot), (150.0, 130.0))[90, 150]
    assert not wand.region(drawn(lesion & ~core), (100.0, 120.0))[120, 150]


def test_a_higher_tolerance_reaches_into_brighter_surroundings() -> None:
    ramp = np.broadcast_to(np.abs(np.arange(320) - 160.0), SHAPE).astype(np.uint8)
    areas = [int(wand.region(ramp, (160.0, 120.0), tolerance).sum()) for tolerance in (20, 40, 80)]
    assert areas[0] < areas[1] < areas[2]


def test_the_suggestion_stops_at_the_clearest_border() -> None:
    """A dark lesion with a grey halo: between the two the step is small, around the halo large."""
    lesion, halo = disc(150, 120, 25), disc(150, 120, 55)
    grey = np.select([lesion, halo], [40, 55], 160).astype(np.uint8)
    found = wand.region(grey, (150.0, 120.0), wand.suggested_tolerance(grey, (150.0, 120.0)))
    assert dice(found, halo) > 0.95


def test_without_any_border_the_default_is_suggested() -> None:
    flat = np.full((60, 60), 90, np.uint8)
    assert wand.suggested_tolerance(flat, (30.0, 30.0)) == wand.TOLERANCE
    assert wand.suggested_tolerance(flat, (-1.0, 30.0)) == wand.TOLERANCE


def test_a_click_beside_the_image_finds_nothing() -> None:
    image = drawn(disc(150, 120, 40))
    for seed in ((-0.1, 5.0), (320.0, 5.0), (5.0, 240.0), (5.0, -3.0)):
        assert not wand.region(image, seed).any()
    assert wand.region(image, (319.9, 239.9), 80.0)[230, 310]


def test_a_large_image_gives_the_same_area() -> None:
    lesion = disc(150, 120, 40)
    large = cv2.resize(drawn(lesion), (2240, 1680), interpolation=cv2.INTER_CUBIC)
    found = wand.region(large, (1050.0, 840.0))
    assert found.shape == (1680, 2240)
    assert dice(found, cv2.resize(lesion.astype(np.uint8), (2240, 1680))) > 0.95


@settings(max_examples=60)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24))),
    st.floats(0, 0.999),
    st.floats(0, 0.999),
    st.floats(0, 255),
    st.sampled_from([0.0, 1.0, 2.0]),
)
def test_any_click_gives_a_connected_area_or_none(
    grey: NDArray[np.uint8], x: float, y: float, tolerance: float, smooth: float
) -> None:
    seed = (x * grey.shape[1], y * grey.shape[0])
    found = wand.region(grey, seed, tolerance, smooth)
    assert found.shape == grey.shape and found.dtype == np.bool_
    if smooth == 0 and found.any():
        assert cv2.connectedComponents(found.astype(np.uint8), connectivity=8)[0] == 2
    assert wand.suggested_tolerance(grey, seed, smooth) in (*wand.TOLERANCES, wand.TOLERANCE)


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_pieces_hold_exactly_the_pixels_of_the_mask(mask: Mask) -> None:
    again = np.zeros(mask.shape, int)
    for piece in wand.pieces(mask):
        assert shapely.Polygon(piece.outer, piece.holes).is_valid
        area = polygon_mask(piece.outer, *mask.shape)
        for hole in piece.holes:
            area &= ~polygon_mask(hole, *mask.shape)
        again += area
    assert np.array_equal(again, mask)


@given(arrays(np.bool_, st.tuples(st.integers(3, 12), st.integers(3, 12))), st.floats(0, 3))
def test_simplified_pieces_stay_valid_and_inside_the_image(mask: Mask, tolerance: float) -> None:
    for piece in wand.pieces(mask, tolerance):
        polygon = shapely.Polygon(piece.outer, piece.holes)
        assert polygon.is_valid and polygon.area > 0
        assert shapely.box(0, 0, mask.shape[1], mask.shape[0]).contains(polygon)


def test_the_largest_piece_comes_first_with_its_holes() -> None:
    ring, dot = disc(150, 120, 60) & ~disc(150, 120, 20), disc(20, 20, 5)
    first, second = wand.pieces(ring | dot, 0.5)
    assert len(first.holes) == 1 and not second.holes
    assert shapely.Polygon(first.outer).area == pytest.approx(math.pi * 60**2, rel=0.02)
    assert shapely.Polygon(first.holes[0]).area == pytest.approx(math.pi * 20**2, rel=0.05)
    assert wand.pieces(np.zeros((4, 4), bool)) == []


@pytest.mark.skipif(not BUSI.is_dir(), reason="the shared real images are absent")
def test_real_lesions_are_found() -> None:
    found, suggested = [], []
    for lesion in lesions(15):
        seed = _middle(lesion.mask)
        tolerance = wand.suggested_tolerance(lesion.grey, seed)
        found.append(dice(wand.region(lesion.grey, seed), lesion.mask))
        suggested.append(dice(wand.region(lesion.grey, seed, tolerance), lesion.mask))
    # Clicked so, 40 lesions give 0.75 and 0.78; a plain flood fill about 0.5.
    assert np.median(found) > 0.65 and np.median(suggested) > 0.7


def _middle(mask: Mask) -> tuple[float, float]:
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(column) + 0.5, float(row) + 0.5
