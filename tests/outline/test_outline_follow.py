"""Outlines that follow known motions of made and real images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from real_lesions import BUSI, lesions

from aln_desk.domain.shape import Point
from aln_desk.io.rasterize import polygon_mask
from aln_desk.outline.follow import TRUSTED, followed
from aln_desk.stats.agreement import dice

Grey = NDArray[np.uint8]
Motion = NDArray[np.float64]

OUTLINE: tuple[Point, ...] = tuple(
    (150 + 45 * math.cos(turn), 130 + 28 * math.sin(turn)) for turn in np.linspace(0, 2 * math.pi, 40, endpoint=False)
)


def tissue(seed: int, outline: Sequence[Point] | None = OUTLINE, shape: tuple[int, int] = (260, 320)) -> Grey:
    """Layers and lumps of tissue with a dark lesion, smooth enough to be moved by parts of a pixel."""
    random = np.random.default_rng(seed)
    lumps = cv2.GaussianBlur(random.normal(0, 1, shape), (0, 0), sigmaX=9, sigmaY=4)
    grain = cv2.GaussianBlur(random.normal(0, 1, shape), (0, 0), 2.5)
    grey = 120 + 30 * lumps / lumps.std() + 10 * grain / grain.std()
    if outline is not None:
        grey = np.where(polygon_mask(outline, *shape), 0.4 * grey, grey)
    return np.clip(cv2.GaussianBlur(grey, (0, 0), 1.2), 0, 255).astype(np.uint8)


def motion(dx: float, dy: float, degrees: float = 0, size: float = 1) -> Motion:
    """Of pixel centres, about (150, 130)."""
    about: Motion = cv2.getRotationMatrix2D((149.5, 129.5), degrees, size)
    about[:, 2] += dx, dy
    return about


def moved_image(grey: Grey, by: Motion, shape: tuple[int, int] | None = None) -> Grey:
    height, width = shape or grey.shape
    moved = cv2.warpAffine(grey, by, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def moved_points(points: Sequence[Point], by: Motion) -> NDArray[np.float64]:
    return np.asarray((np.array(points) - 0.5) @ by[:, :2].T + by[:, 2] + 0.5)


def farthest(points: Sequence[Point], truth: NDArray[np.float64]) -> float:
    return float(np.hypot(*(np.array(points) - truth).T).max())


@settings(max_examples=25)
@given(st.integers(-32, 32), st.integers(-26, 26), st.integers(0, 4))
def test_a_shift_is_followed_to_a_part_of_a_pixel(dx: int, dy: int, seed: int) -> None:
    before = tissue(seed)
    by = motion(dx, dy)
    points, confidence = followed(before, moved_image(before, by), OUTLINE)
    assert confidence > 0.8
    assert farthest(points, moved_points(OUTLINE, by)) < 0.5


@settings(max_examples=15)
@given(st.floats(-10, 10), st.floats(0.9, 1.1), st.floats(-20, 20), st.floats(-15, 15))
def test_a_turn_and_another_size_are_followed(degrees: float, size: float, dx: float, dy: float) -> None:
    before = tissue(7)
    by = motion(dx, dy, degrees, size)
    points, confidence = followed(before, moved_image(before, by), OUTLINE)
    assert confidence > 0.8
    assert farthest(points, moved_points(OUTLINE, by)) < 1.5


def test_gain_brightness_and_noise_do_not_matter() -> None:
    before = tissue(3)
    by = motion(14, -9, 6, 1.05)
    noise = np.random.default_rng(0).normal(0, 8, before.shape)
    after = np.clip(1.25 * moved_image(before, by) + 12 + noise, 0, 255).astype(np.uint8)
    points, confidence = followed(before, after, OUTLINE)
    assert confidence > TRUSTED
    assert farthest(points, moved_points(OUTLINE, by)) < 2


def test_an_image_of_another_size_is_searched_too() -> None:
    before = tissue(4)
    by = motion(25, 20)
    points, confidence = followed(before, moved_image(before, by, (300, 420)), OUTLINE)
    assert confidence > 0.8 and farthest(points, moved_points(OUTLINE, by)) < 0.5


def test_a_still_image_keeps_its_outline() -> None:
    points, confidence = followed(tissue(5), tissue(5), OUTLINE)
    assert confidence > 0.95 and farthest(points, np.array(OUTLINE)) < 0.2


@pytest.mark.parametrize("seed", range(8))
def test_other_tissue_leaves_the_outline_where_it_was(seed: int) -> None:
    points, confidence = followed(tissue(seed), tissue(seed + 50, None), OUTLINE)
    assert confidence < TRUSTED and points == OUTLINE


@pytest.mark.parametrize("after", [np.zeros((260, 320), np.uint8), np.zeros((1, 1), np.uint8)])
def test_an_image_of_nothing_is_not_trusted(after: Grey) -> None:
    for before in (tissue(1), np.zeros((260, 320), np.uint8)):
        assert followed(before, after, OUTLINE) == (OUTLINE, 0.0)


def test_no_points_and_points_far_outside_have_nothing_to_follow() -> None:
    grey, far = tissue(1), ((900.0, 900.0), (950.0, 900.0), (920.0, 940.0))
    assert followed(grey, grey, ()) == ((), 0.0)
    assert followed(grey, grey, far) == (far, 0.0)


@settings(max_examples=25)
@given(
    st.binary(min_size=30, max_size=30),
    st.binary(min_size=30, max_size=30),
    st.lists(st.tuples(st.floats(-20, 120), st.floats(-20, 100)), max_size=5),
)
def test_any_two_images_give_as_many_points_and_a_share(first: bytes, second: bytes, points: list[Point]) -> None:
    before, after = (
        cv2.resize(np.frombuffer(data, np.uint8).reshape(5, 6), (100, 80), interpolation=cv2.INTER_CUBIC)
        for data in (first, second)
    )
    moved, confidence = followed(before, after, points)
    assert len(moved) == len(points) and 0 <= confidence <= 1
    assert confidence >= TRUSTED or moved == tuple(points)


@pytest.mark.skipif(not BUSI.is_dir(), reason="the shared real images are absent")
def test_real_lesions_are_followed_and_other_images_refused() -> None:
    chosen = lesions(24)
    random = np.random.default_rng(1)
    kept, trusted = [], 0
    for lesion in chosen:
        after, truth = _disturbed(lesion.grey, lesion.outline, random)
        points, confidence = followed(lesion.grey, after, lesion.outline)
        trusted += confidence >= TRUSTED
        if confidence >= TRUSTED:
            shape = (2 * after.shape[0], 2 * after.shape[1])
            kept.append(dice(polygon_mask(points, *shape), polygon_mask(truth, *shape)))
    assert trusted >= 0.85 * len(chosen)  # of 120: 96 %, and none of them under 0.9
    assert np.median(kept) > 0.985 and min(kept) > 0.9
    for lesion, other in zip(chosen, chosen[5:] + chosen[:5], strict=True):
        assert followed(lesion.grey, other.grey, lesion.outline)[1] < TRUSTED


def _disturbed(
    grey: Grey, outline: Sequence[Point], random: np.random.Generator
) -> tuple[Grey, list[tuple[float, float]]]:
    """Moved, turned and resized at random, with other gain, speckle and noise; and the outline there."""
    height, width = grey.shape
    x, y = np.mean(outline, axis=0)
    by: Motion = cv2.getRotationMatrix2D((x - 0.5, y - 0.5), random.uniform(-10, 10), random.uniform(0.9, 1.1))
    by[:, 2] += random.uniform(-0.1, 0.1, 2) * (width, height)
    speckle = cv2.GaussianBlur(random.rayleigh(1, grey.shape), (0, 0), 1.2)
    after = cv2.warpAffine(grey, by, (width, height)) * (1 + 1.5 * (speckle / speckle.mean() - 1))
    after = after * random.uniform(0.75, 1.3) + random.uniform(-10, 10) + random.normal(0, 4, grey.shape)
    return np.clip(after, 0, 255).astype(np.uint8), [(px, py) for px, py in moved_points(outline, by).tolist()]
