"""The signs show in the images: each grows with its latent number, in the place the outline says."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kurtosis

from training.phantom.fields import smooth_curve, smooth_noise, step
from training.phantom.images import Picture, draw_pictures
from training.phantom.latents import NodeSigns, SimulatedPatient, TumourSigns, draw_patients
from training.phantom.scanner import LOOKS, Look, render

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


def inside(drawn: Picture) -> NDArray[np.bool_]:
    mask = np.zeros(drawn.grey.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(drawn.outline).astype(np.int32)], 1)
    return mask.astype(bool)


def around(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool)
    return np.asarray(wide & ~cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool))


def circularity(drawn: Picture) -> float:
    line = np.array(drawn.outline, np.float32)
    return 4 * np.pi * cv2.contourArea(line) / cv2.arcLength(line, True) ** 2


def core(drawn: Picture, share: float) -> NDArray[np.bool_]:
    """Pixels in the outline shrunk around its centre."""
    line = np.array(drawn.outline)
    return inside(replace(drawn, outline=(line.mean(axis=0) + share * (line - line.mean(axis=0))).tolist()))


def core_grey(drawn: Picture, share: float) -> float:
    return float(drawn.grey[core(drawn, share)].mean())


def test_a_tumours_outline_holds_a_region_darker_than_what_lies_around() -> None:
    for patient in draw_patients(8, 4):
        for drawn in draw_pictures(patient, SIZE):
            mask = inside(drawn)
            if drawn.name.startswith("T"):
                assert drawn.grey[mask].mean() < 0.8 * drawn.grey[around(mask)].mean()


def test_outlines_have_a_usable_number_of_points_inside_the_image() -> None:
    for drawn in draw_pictures(PATIENT, SIZE):
        points = np.array(drawn.outline)
        assert 30 <= len(points) <= 80
        assert points.min() >= 0 and points.max() <= SIZE
        assert inside(drawn).sum() > 100


def test_a_larger_tumour_covers_more() -> None:
    areas = [inside(with_tumour(size=z)).sum() for z in (-2, -1, 0, 1, 2)]
    assert all(small < large for small, large in pairwise(areas))
    assert areas[-1] > 6 * areas[0]


def test_spiculation_makes_the_margin_less_round() -> None:
    roundness = [circularity(with_tumour(size=1.0, spiculation=z)) for z in (-2, 0, 2)]
    assert roundness[0] > roundness[1] > roundness[2]
    assert roundness[0] > 0.75 and roundness[2] < 0.55


def test_a_shadow_darkens_what_lies_below() -> None:
    below = []
    for z in (-2.0, 0.0, 2.0):
        drawn = with_tumour(shadow=z)
        points = np.array(drawn.outline)
        left, right = np.quantile(points[:, 0], (0.3, 0.7)).astype(int)
        bottom = int(points[:, 1].max())
        below.append(drawn.grey[bottom + 5 : bottom + 45, left:right].mean())
    assert below[0] > 1.3 * below[1] > 1.3 * 1.3 * below[2]


def test_heterogeneity_varies_the_inside() -> None:
    spread = []
    for z in (-2.0, 2.0):
        drawn = with_tumour(size=1.0, spiculation=-2.0, shadow=-1.0, heterogeneity=z)
        smooth = cv2.GaussianBlur(drawn.grey.astype(np.float32), (0, 0), 3)
        spread.append(float(smooth[core(drawn, 0.75)].std()))
    assert spread[1] > 2 * spread[0]


def test_hilum_loss_darkens_the_middle_of_a_node() -> None:
    middle = [core_grey(with_node(cortex=-0.5, hilum_loss=z), 0.4) for z in (-2, 0, 2)]
    assert middle[0] > 1.2 * middle[1] > 1.2 * 1.2 * middle[2]


def test_a_thicker_cortex_darkens_the_node() -> None:
    whole = [core_grey(with_node(hilum_loss=-1.5, cortex=z), 1.0) for z in (-2, -0.7, 0.7, 2)]
    assert all(thin > 1.08 * thick for thin, thick in pairwise(whole))


def test_a_round_node_is_rounder_than_an_oval_one() -> None:
    aspects = []
    for z in (-2, 0, 2):
        _, (width, height), _ = cv2.fitEllipse(np.array(with_node(roundness=z).outline, np.float32))
        aspects.append(min(width, height) / max(width, height))
    assert aspects[0] < aspects[1] < aspects[2]
    assert aspects[0] < 0.45 and aspects[2] > 0.8


def test_images_of_one_lesion_differ_but_are_of_like_size() -> None:
    patient = replace(PATIENT, tumour_images=4, node_images=0, node=None)
    drawn = list(draw_pictures(patient, SIZE))
    areas = [inside(one).sum() for one in drawn]
    assert len({one.grey.tobytes() for one in drawn}) == 4
    assert max(areas) < 1.6 * min(areas)


def test_a_picture_does_not_depend_on_how_often_it_is_drawn() -> None:
    first, second = (picture(PATIENT, "L1") for _ in range(2))
    assert np.array_equal(first.grey, second.grey)
    assert first.outline == second.outline


@pytest.mark.parametrize("look", [look for looks in LOOKS.values() for look in looks])
def test_speckle_fills_the_range_and_darkens_with_depth(look: Look) -> None:
    flat = np.full((SIZE, SIZE), -10.0, np.float32)
    grey = render(np.random.default_rng(0), flat, np.zeros_like(flat), look)
    assert grey.dtype == np.uint8 and grey.shape == (SIZE, SIZE)
    assert grey[40:80].mean() > 1.3 * grey[-40:].mean()
    middle = grey[100:140, 60:-60].astype(float)
    across = np.corrcoef(middle[:, :-2].ravel(), middle[:, 2:].ravel())[0, 1]
    along = np.corrcoef(middle[:-2].ravel(), middle[2:].ravel())[0, 1]
    assert across > along, "speckle is wider than it is deep"


def test_smooth_noise_is_standard_and_smooth() -> None:
    noise = smooth_noise(np.random.default_rng(1), 256, 8, 3)
    assert noise.shape == (256, 256) and noise.dtype == np.float32
    assert abs(float(noise.mean())) < 1e-4
    assert float(noise.std()) == pytest.approx(1.0, abs=1e-4)
    assert np.corrcoef(noise[:, :-4].ravel(), noise[:, 4:].ravel())[0, 1] > 0.7
    assert np.corrcoef(noise[:-4].ravel(), noise[4:].ravel())[0, 1] < 0.75
    assert abs(kurtosis(noise.ravel())) < 1.0


def test_smooth_curve_has_the_asked_length() -> None:
    curve = smooth_curve(np.random.default_rng(1), 300, 60)
    assert curve.shape == (300,)
    assert float(np.abs(np.diff(curve)).max()) < 0.2


def test_step_rises_from_0_to_1() -> None:
    assert step(np.array([-9.0, 0.0, 9.0], np.float32), 1.0).tolist() == [0.0, 0.5, 1.0]
