"""Beam samples land in the picture where their places say, and outlines are as irregular as asked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.phantom.geometry import Scan, convex, linear, trapezoid
from training.phantom.outline import ANGLES, OUTLINE_POINTS, Outline, ellipse, irregular, of_area, perimeter, spikes

SIZE = (120, 160)
SCANS = (linear(SIZE), trapezoid(SIZE, 0.8, 0.5), convex(SIZE, 0.9, 0.45))


@pytest.mark.parametrize("scan", SCANS)
def test_what_a_sample_says_is_seen_at_its_place(scan: Scan) -> None:
    for name in ("x", "y"):
        shown = scan.picture(getattr(scan, name))
        columns, rows = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
        expected = columns if name == "x" else rows
        inner = cv2.erode(scan.seen().astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
        assert np.abs(shown - expected)[inner].max() < 0.6


@pytest.mark.parametrize("scan", SCANS)
def test_what_lies_outside_the_sector_is_black(scan: Scan) -> None:
    shown = scan.picture(np.full(SIZE, 200.0, np.float32))
    beyond = cv2.dilate(scan.seen().astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    assert not shown[beyond].any()
    assert (shown[scan.seen()] > 199).mean() > 0.98


def test_a_trapezoid_lacks_its_upper_corners_and_a_convex_sector_its_lower_ones_too() -> None:
    _, fan, arc = (scan.seen() for scan in SCANS)
    assert not fan[0, 0] and not fan[0, -1] and fan[0, 80] and fan[-1, 0]
    assert not arc[0, 80] and arc[-2, 80] and not arc[-1, 5] and not arc[3, 3]


def test_an_outline_has_points_at_equal_distances() -> None:
    line = np.array(Outline(80.0, 60.0, ellipse(50.0, 30.0, 0.3)).polygon(SIZE))
    steps = np.hypot(*np.diff(line, axis=0).T)
    assert len(line) == OUTLINE_POINTS
    assert steps.max() < 1.1 * steps.min()
    assert cv2.contourArea(line.astype(np.float32)) == pytest.approx(np.pi * 50 * 30, rel=0.01)


def test_an_outline_beyond_the_image_ends_at_its_border() -> None:
    line = np.array(Outline(150.0, 60.0, ellipse(50.0, 30.0, 0.0)).polygon(SIZE))
    assert line[:, 0].max() == 160.0 and line[:, 0].min() == pytest.approx(100.0, abs=0.1)


@pytest.mark.parametrize("quotient", [1.0, 1.3, 1.8])
def test_an_outline_is_as_irregular_as_asked(quotient: float) -> None:
    oval = ellipse(1.4, 0.7, 0.2)
    rng = np.random.default_rng(0)
    pattern = spikes(np.linspace(-3, 3, 9), rng.uniform(0.1, 0.2, 9), rng.uniform(0.3, 1.0, 9))
    drawn = irregular(oval, pattern, quotient)
    assert len(drawn) == ANGLES and drawn.min() > 0
    lengths = [perimeter(of_area(radius, 1.0)) for radius in (oval, drawn)]
    assert (lengths[1] / lengths[0]) ** 2 == pytest.approx(quotient, abs=0.01)


def test_distance_is_to_the_centre_and_angles_are_numbered_from_the_left() -> None:
    distance, number = Outline(80.5, 60.5, ellipse(10.0, 10.0, 0.0)).polar(SCANS[0])
    assert distance[60, 90] == pytest.approx(10.0) and distance[40, 80] == pytest.approx(20.0)
    assert abs(int(number[60, 90]) - ANGLES // 2) <= 1
    assert abs(int(number[90, 80]) - ANGLES * 3 // 4) <= 1
