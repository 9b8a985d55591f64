"""The one colour scale of evidence: round, symmetric, the same everywhere, and told apart by every eye."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aln_desk.domain.cam_scale import CAM_TOP, CamScale, cam_colours, cam_rgba, cam_scale, known_top, tick_words

ZERO = 255

# Vienot, Brettel & Mollon 1999 (Color Research and Application 24:243): linear RGB as seen without one kind of cone.
PROTAN = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
DEUTAN = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


def lightness(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    return colours[:, :3].astype(float) @ (0.2126, 0.7152, 0.0722)


@given(st.floats(1e-3, 1e4))
def test_a_scale_is_round_symmetric_and_just_holds_the_evidence(highest: float) -> None:
    scale = cam_scale(highest)
    step = scale.ticks[-1] - scale.ticks[-2]
    assert scale.ticks == tuple(-tick for tick in reversed(scale.ticks)) and scale.ticks[-1] == scale.top
    assert 3 <= len(scale.ticks) <= 11
    assert np.allclose(np.diff(scale.ticks), step)
    assert float(f"{step:.2g}") == pytest.approx(step) and f"{step:.1e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}
    assert scale.top - step < highest * (1 + 1e-6) and highest <= scale.top * (1 + 1e-6)


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(4.0, (-4, -3, -2, -1, 0, 1, 2, 3, 4)), (43.5, (-50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50))],
)
def test_ticks(highest: float, ticks: tuple[float, ...]) -> None:
    assert cam_scale(highest).ticks == pytest.approx(ticks)


def test_ticks_in_words() -> None:
    scale = CamScale(2.5, (-2.5, 0.0, 2.5))
    assert [tick_words(tick, scale) for tick in (-2.5, -1.0, 0.0, 1.0, 2.5)] == ["≤ −2.5", "−1", "0", "+1", "≥ +2.5"]


@pytest.mark.parametrize(
    ("said", "top"),
    [(43.5, 43.5), (7, 7.0), (None, CAM_TOP), (0, CAM_TOP), (-1.0, CAM_TOP), ("9", CAM_TOP), (math.inf, CAM_TOP)],
)
def test_a_manifest_without_a_top_gets_the_usual_one(said: object, top: float) -> None:
    assert known_top(said) == top


def test_stronger_evidence_is_lighter_and_covers_more() -> None:
    against, for_it = cam_colours()[:ZERO][::-1], cam_colours()[ZERO + 1 :]
    for side in (against, for_it):
        assert (np.diff(lightness(side)) >= -1).all() and lightness(side)[-1] > 220 > 60 > lightness(side)[0]
        assert (np.diff(side[:, 3].astype(int)) >= 0).all() and side[0, 3] == 0 and side[-1, 3] == 255


def test_both_signs_are_equally_light_and_never_of_one_hue() -> None:
    against, for_it = cam_colours()[:ZERO][::-1], cam_colours()[ZERO + 1 :]
    assert np.abs(lightness(against) - lightness(for_it)).max() < 20
    assert (against[:, 2] > against[:, 0]).all() and (for_it[:, 0] > for_it[:, 2]).all()


@pytest.mark.parametrize("eye", [PROTAN, DEUTAN], ids=["protanopia", "deuteranopia"])
def test_signs_are_told_apart_without_red_or_green(eye: NDArray[np.float64]) -> None:
    linear = (cam_colours()[:, :3] / 255.0) ** 2.2 @ eye.T
    yellow_blue = linear[:, 2] - linear[:, 1]
    strong = ZERO // 4  # where colours begin to cover the image
    assert yellow_blue[: ZERO - strong].min() > 0.05 and yellow_blue[ZERO + strong :].max() < -0.01


def test_weak_evidence_and_no_number_are_clear() -> None:
    painted = cam_rgba([[np.nan, 0.0, 0.3, -0.3]], top=4.0)
    assert painted.shape == (1, 4, 4) and not painted[..., 3].any()


def test_values_beyond_the_scale_look_like_its_ends() -> None:
    beyond, ends = cam_rgba([[-np.inf, -9.0, 9.0, np.inf]], 2.0), cam_rgba([[-2.0, -2.0, 2.0, 2.0]], 2.0)
    assert np.array_equal(beyond, ends)


@given(st.floats(-60, 60), st.floats(0.5, 50))
def test_a_colour_is_share_of_the_scale_alone(value: float, top: float) -> None:
    assert np.array_equal(cam_rgba([[value]], top), cam_rgba([[2 * value]], 2 * top))
