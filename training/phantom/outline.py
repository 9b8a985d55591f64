"""Star-shaped outlines of lesions: from smooth ovals to lobulated, angular and spiculated ones.

How irregular an outline is, is set as the quotient of its squared perimeter by that of the same oval, so that
lobes, angles and spicules of one strength are equally irregular by 4 pi area / perimeter^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom.fields import Field, Size
from training.phantom.geometry import Scan

OUTLINE_POINTS = 80
ANGLES = 720
THETA = np.linspace(-np.pi, np.pi, ANGLES, endpoint=False)

Radius = NDArray[np.float64]
"""(720,) over the angles from -pi."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A star-shaped closed line: ``radius`` (720,) in pixels over the angles from -pi, around (x, y)."""

    x: float
    y: float
    radius: Radius

    def polar(self, scan: Scan) -> tuple[Field, NDArray[np.int32]]:
        """For each beam sample (height, width): its distance from (x, y) and the number of its angle."""
        distance, angle = cv2.cartToPolar(scan.x + np.float32(0.5 - self.x), scan.y + np.float32(0.5 - self.y))
        number = (angle * np.float32(ANGLES / (2 * np.pi)) + np.float32(ANGLES / 2)).astype(np.int32) % ANGLES
        return distance, number

    def points(self) -> NDArray[np.float64]:
        """(720, 2) x and y along the line."""
        return np.stack([self.x + self.radius * np.cos(THETA), self.y + self.radius * np.sin(THETA)], axis=1)

    def polygon(self, size: Size) -> list[tuple[float, float]]:
        """`OUTLINE_POINTS` image points at equal distances along the line, kept inside the image."""
        line = np.vstack([self.points(), self.points()[:1]])
        length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        at = np.linspace(0.0, length[-1], OUTLINE_POINTS, endpoint=False)
        x, y = np.interp(at, length, line[:, 0]).clip(0, size[1]), np.interp(at, length, line[:, 1]).clip(0, size[0])
        return [(round(float(a), 2), round(float(b), 2)) for a, b in zip(x, y, strict=True)]


def ellipse(half_width: float, half_height: float, tilt: float) -> Radius:
    """The radius of an ellipse turned by ``tilt`` radians."""
    angle = THETA - tilt
    return np.asarray(1.0 / np.hypot(np.cos(angle) / half_width, np.sin(angle) / half_height))


def of_area(radius: Radius, area: float) -> Radius:
    """The same shape with this area."""
    return np.asarray(radius * np.sqrt(area / (np.pi / ANGLES * np.square(radius).sum())))


def perimeter(radius: Radius) -> float:
    """Length of the line."""
    x, y = radius * np.cos(THETA), radius * np.sin(THETA)
    return float(np.hypot(np.diff(x, append=x[0]), np.diff(y, append=y[0])).sum())


def irregular(oval: Radius, pattern: Radius, quotient: float) -> Radius:
    """``oval`` made uneven by ``pattern`` until its squared perimeter over area has grown by ``quotient`` (>= 1)."""
    smooth = perimeter(of_area(oval, 1.0))
    low, high = 0.0, 2.0
    for _ in range(16):
        middle = (low + high) / 2
        grown = (perimeter(of_area(_uneven(oval, pattern, middle), 1.0)) / smooth) ** 2
        low, high = (middle, high) if grown < quotient else (low, middle)
    return _uneven(oval, pattern, low)


def _uneven(oval: Radius, pattern: Radius, strength: float) -> Radius:
    return np.asarray(oval * np.maximum(1.0 + strength * pattern, 0.35))


def waves(heights: NDArray[np.float64], phases: NDArray[np.float64], first: int) -> Radius:
    """Harmonics ``first``, ``first`` + 1, ... of the angle with these heights and phases."""
    order = np.arange(first, first + len(heights))
    return np.asarray((heights * np.cos(order * THETA[:, None] + phases)).sum(axis=1))


def lobes(count: int, phase: float) -> Radius:
    """``count`` round bulges with narrow notches between, of mean 0."""
    bent = np.abs(np.cos((count * THETA + phase) / 2 + 0.5 * np.sin(THETA + 3 * phase)))
    return np.asarray(bent - bent.mean())


def corners(angles: NDArray[np.float64], heights: NDArray[np.float64]) -> Radius:
    """Straight edges between corners at these angles (rising) and relative radii, of mean 0."""
    x, y = heights * np.cos(angles), heights * np.sin(angles)
    ring = np.arange(len(angles) + 1) % len(angles)
    dense_x = np.concatenate([np.linspace(x[a], x[b], 60) for a, b in pairwise(ring)])
    dense_y = np.concatenate([np.linspace(y[a], y[b], 60) for a, b in pairwise(ring)])
    around = np.arctan2(dense_y, dense_x)
    order = np.argsort(around)
    edge = np.interp(THETA, around[order], np.hypot(dense_x, dense_y)[order], period=2 * np.pi)
    return np.asarray(edge - edge.mean())


def spikes(angles: NDArray[np.float64], widths: NDArray[np.float64], heights: NDArray[np.float64]) -> Radius:
    """Pointed spicules at these angles, of mean 0; ``widths`` in radians."""
    away = np.abs(np.angle(np.exp(1j * (THETA[:, None] - angles))))
    edge = (heights * np.exp(-((away / widths) ** 1.2))).sum(axis=1)
    return np.asarray(edge - edge.mean())
