"""The signs show in the images: each grows with its latent number, in the place the outline says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from training.phantom.images import Picture, draw_normal, draw_pictures
from training.phantom.latents import NodeSigns, SimulatedPatient, TumourSigns, draw_patients
from training.phantom.lesions import LARGEST, SMALLEST
from training.phantom.scanner import LOOKS

SIZE = 256
PATIENT = next(p for p in draw_patients(50, 2) if p.node is not None)
FLAT = TumourSigns(0.0, 0.0, 0.0, 0.0)
PLAIN = NodeSigns(0.0, 0.0, 0.0)


def picture(patient: SimulatedPatient, name: str, size: int = SIZE) -> Picture:
    return next(p for p in draw_pictures(patient, size) if p.name == name)


def with_tumour(**signs: float) -> Picture:
    return picture(replace(PATIENT, tumour=replace(FLAT, **signs)), "T1")


def with_node(**signs: float) -> Picture:
    return picture(replace(PATIENT, node=replace(PLAIN, **signs)), "L1")


def inside(drawn: Picture, share: float = 1.0) -> NDArray[np.bool_]:
    """Pixels in the outline, shrunk around its centre to ``share``."""
    line = np.array(drawn.outline)
    line = line.mean(axis=0) + share * (line - line.mean(axis=0))
    mask = np.zeros(drawn.grey.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(line).astype(np.int32)], 1)
    return mask.astype(bool)


def around(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool)
    return np.asarray(wide & ~cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool))


def mean(drawn: Picture, mask: NDArray[np.bool_]) -> float:
    return float(drawn.grey[mask].mean())


def area(drawn: Picture) -> float:
    return float(cv2.contourArea(np.array(drawn.outline, np.float32)))


def irregularity(drawn: Picture) -> float:
    """Squared perimeter over area, that of an oval of the same proportions being 1."""
    line = np.array(drawn.outline, np.float32)
    width, height = cv2.minAreaRect(line)[1]
    oval = cv2.ellipse2Poly((0, 0), (round(50 * width), round(50 * height)), 0, 0, 360, 2)
    both = [cv2.arcLength(one, True) ** 2 / cv2.contourArea(one) for one in (line, oval)]
    return float(both[0] / both[1])


def shadow(drawn: Picture) -> float:
    """How much darker the picture is below the lesion's middle than beside that at the same depth."""
    line = np.array(drawn.outline)
    (left, _), (right, bottom) = line.min(axis=0).astype(int), line.max(axis=0).astype(int)
    rows = slice(bottom + 2, bottom + 2 + SIZE // 8)
    third = (right - left) // 3
    beside = np.hstack([drawn.grey[rows, max(0, left - third) : left], drawn.grey[rows, right : right + third]])
    return -float(drawn.grey[rows, left + third : right - third].mean() / (beside.mean() + 5.0))


SHARES = np.linspace(0.9, 0.1, 17)


def rings(drawn: Picture) -> NDArray[np.float64]:
    """Mean grey of rings of a node from the rim inwards, at `SHARES` of its radius."""
    return np.array([mean(drawn, inside(drawn, outer) & ~inside(drawn, outer - 0.1)) for outer in SHARES])


def hilum(drawn: Picture) -> float:
    """How little brighter the middle is than the rim."""
    return -mean(drawn, inside(drawn, 0.35)) / (mean(drawn, inside(drawn) & ~inside(drawn, 0.85)) + 5.0)


def cortex(drawn: Picture) -> float:
    """How deep, as a share of the radius, the rings get halfway from dark to bright."""
    profile = rings(drawn)
    return float(1.0 - SHARES[int(np.argmax(profile > (profile[:6].min() + profile.max()) / 2))])


def roundness(drawn: Picture) -> float:
    _, axes, _ = cv2.fitEllipse(np.array(drawn.outline, np.float32))
    return float(min(axes) / max(axes))


@cache
def drawn_study() -> list[tuple[SimulatedPatient, Picture]]:
    """The first image of either lesion of some patients."""
    return [
        (patient, drawn)
        for patient in draw_patients(90, 11)
        for drawn in draw_pictures(replace(patient, tumour_images=1, node_images=int(patient.node is not None)), SIZE)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "least"),
    [("size", 0.98), ("spiculation", 0.9), ("shadow", 0.7), ("hilum_loss", 0.8), ("cortex", 0.8), ("roundness", 0.95)],
)
def test_a_plain_feature_of_the_image_follows_each_sign(sign: str, least: float) -> None:
    features = {
        "size": area,
        "spiculation": irregularity,
        "shadow": shadow,
        "hilum_loss": hilum,
        "cortex": cortex,
        "roundness": roundness,
    }
    strength, seen = [], []
    for patient, drawn in drawn_study():
        signs = patient.tumour if drawn.name.startswith("T") else patient.node
        if hasattr(signs, sign):
            strength.append(getattr(signs, sign))
            seen.append(features[sign](drawn))
    assert len(seen) > 50
    assert spearmanr(strength, seen, nan_policy="omit")[0] > least


def test_a_tumours_outline_holds_a_region_darker_than_what_lies_around() -> None:
    for patient in draw_patients(8, 4):
        for drawn in draw_pictures(patient, SIZE):
            if drawn.name.startswith("T"):
                assert mean(drawn, inside(drawn)) < 0.95 * mean(drawn, around(inside(drawn)))


def test_outlines_have_a_usable_number_of_points_inside_the_image() -> None:
    for drawn in draw_pictures(PATIENT, SIZE):
        points = np.array(drawn.outline)
        assert 30 <= len(points) <= 80
        assert points.min() >= 0 and points.max() <= SIZE
        assert inside(drawn).sum() > 100


def test_a_larger_tumour_covers_more_over_the_whole_range_of_real_ones() -> None:
    areas = [area(with_tumour(size=z)) / SIZE**2 for z in (-3, -1, 0, 1, 3)]
    assert all(1.3 * small < large for small, large in pairwise(areas))
    assert areas[0] < 1.3 * SMALLEST and areas[-1] > 0.7 * LARGEST


def test_spiculation_makes_the_margin_less_even() -> None:
    seen = [irregularity(with_tumour(size=1.0, spiculation=z)) for z in (-2, -0.5, 0.5, 2)]
    assert all(smooth < uneven for smooth, uneven in pairwise(seen))
    assert seen[0] < 1.15 and seen[-1] > 1.5


def test_a_shadow_darkens_what_lies_below() -> None:
    seen = [shadow(with_tumour(shadow=z)) for z in (-2.0, 0.0, 2.0)]
    assert -seen[0] > -1.3 * seen[1] > -1.3 * 1.3 * seen[2]


def test_heterogeneity_varies_the_inside() -> None:
    spread = []
    for z in (-2.0, 2.0):
        drawn = with_tumour(size=1.0, spiculation=-2.0, shadow=-1.0, heterogeneity=z)
        smooth = cv2.GaussianBlur(drawn.grey.astype(np.float32), (0, 0), 3)
        spread.append(float(smooth[inside(drawn, 0.75)].std()))
    assert spread[1] > 1.5 * spread[0]


def test_hilum_loss_darkens_the_middle_of_a_node() -> None:
    middle = [mean(drawn, inside(drawn, 0.35)) for drawn in (with_node(cortex=-0.5, hilum_loss=z) for z in (-2, 0, 2))]
    assert middle[0] > 1.15 * middle[1] > 1.15 * 1.15 * middle[2]


def test_a_thicker_cortex_darkens_the_node() -> None:
    whole = [mean(drawn, inside(drawn)) for drawn in (with_node(hilum_loss=-1.5, cortex=z) for z in (-2, -0.7, 0.7, 2))]
    assert all(thin > 1.04 * thick for thin, thick in pairwise(whole))


def test_a_round_node_is_rounder_than_an_oval_one() -> None:
    aspects = [roundness(with_node(roundness=z)) for z in (-2, 0, 2)]
    assert aspects[0] < aspects[1] < aspects[2]
    assert aspects[0] < 0.45 and aspects[2] > 0.8


def test_images_of_one_lesion_differ_but_are_of_like_size() -> None:
    patient = replace(PATIENT, tumour_images=4, node_images=0, node=None)
    drawn = list(draw_pictures(patient, SIZE))
    areas = [area(one) for one in drawn]
    assert len({one.grey.tobytes() for one in drawn}) == 4
    assert max(areas) < 1.6 * min(areas)


def test_a_picture_does_not_depend_on_how_often_it_is_drawn() -> None:
    first, second = (picture(PATIENT, "L1") for _ in range(2))
    assert np.array_equal(first.grey, second.grey)
    assert first.outline == second.outline and first.furniture == second.furniture


def test_a_picture_does_not_depend_on_the_outcome() -> None:
    first, second = (picture(replace(PATIENT, outcome=outcome), "T1") for outcome in (0, 1))
    assert np.array_equal(first.grey, second.grey)


def test_pictures_need_not_be_square() -> None:
    drawn = next(draw_pictures(PATIENT, SIZE, 200))
    assert drawn.grey.shape == (200, SIZE)
    assert np.array(drawn.outline)[:, 1].max() <= 200


@pytest.mark.parametrize("look", LOOKS)
def test_a_picture_without_a_lesion_is_grey_over_a_wide_range_and_darkens_with_depth(look: str) -> None:
    pictures = [draw_normal(seed, SIZE, LOOKS[look], marks=False) for seed in range(3)]
    grey = np.mean(pictures, axis=0)
    assert pictures[0].dtype == np.uint8 and pictures[0].shape == (SIZE, SIZE)
    assert grey[40:100, 60:-60].mean() > 1.3 * grey[-40:, 60:-60].mean()
    assert np.percentile(pictures[0], 99) > 120
    assert np.array_equal(pictures[0], draw_normal(0, SIZE, LOOKS[look], marks=False))
