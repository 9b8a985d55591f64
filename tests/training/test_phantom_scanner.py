"""Speckle, gain and smoothing of the simulated scanners; attenuation along the beams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.phantom.fields import Field
from training.phantom.geometry import linear
from training.phantom.latents import SCANNERS
from training.phantom.scanner import LOOKS, ScannerLook, render
from training.phantom.shadows import cast
from training.phantom.tissue import Tissue

SIZE = (256, 256)


def even(echo: float = -10.0) -> Tissue:
    return Tissue(np.full(SIZE, echo, np.float32), np.zeros(SIZE, np.float32), np.zeros(SIZE, np.float32))


def shown(look: ScannerLook, shadow: float = 0.0) -> Field:
    return render(np.random.default_rng(0), linear(SIZE), even(), np.full(SIZE, shadow, np.float32), look)


def test_every_scanner_of_the_hospitals_has_a_look() -> None:
    assert [name for names in SCANNERS.values() for name in names] == list(LOOKS)


@pytest.mark.parametrize("name", LOOKS)
def test_speckle_darkens_with_depth_and_is_wider_than_deep(name: str) -> None:
    grey = shown(LOOKS[name])
    assert grey.shape == SIZE and grey.min() >= 0.0 and grey.max() <= 255.0
    assert grey[40:80].mean() > 1.15 * grey[-40:].mean()
    middle = grey[100:140, 60:-60] - grey[100:140, 60:-60].mean(axis=1, keepdims=True)
    across = np.corrcoef(middle[:, :-2].ravel(), middle[:, 2:].ravel())[0, 1]
    along = np.corrcoef(middle[:-2].ravel(), middle[2:].ravel())[0, 1]
    assert across > along


def test_more_looks_and_smoothing_leave_less_speckle() -> None:
    look = LOOKS["A1"]
    rough, smooth = (shown(replace(look, looks=n, smooth=s)) for n, s in ((1, 0.0), (4, 1.0)))
    parts = [grey[100:140, 80:-80].std() / grey[100:140, 80:-80].mean() for grey in (rough, smooth)]
    assert parts[0] > 1.5 * parts[1]


@pytest.mark.parametrize("strength", [-7.0, 20.0])
def test_a_lesion_takes_from_the_beams_below_it_what_it_should(strength: float) -> None:
    inside = np.zeros(SIZE, np.float32)
    inside[60:120, 80:180] = 1.0
    loss = cast(np.random.default_rng(3), SIZE, inside, strength)
    assert loss[130:, 110:150].mean() == pytest.approx(strength, rel=0.35)
    assert np.abs(loss[:50]).max() < 0.1
    assert abs(loss[200:, :30]).max() < 1.0
