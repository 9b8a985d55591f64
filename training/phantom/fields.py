"""Random smooth fields and the sampling grid: the raw material of simulated tissue.

All fields are float32 arrays (height, width), rows along depth, unless said otherwise.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Size = tuple[int, int]
"""Height and width in pixels."""


def unit(size: Size) -> float:
    """Pixels of this picture that one pixel of a picture 512 wide corresponds to."""
    return size[1] / 512


def smooth_noise(rng: np.random.Generator, size: Size, along: float, across: float) -> Field:
    """Gaussian noise of mean 0 and standard deviation 1, smoothed by ``along`` (x) and ``across`` (y) pixels.

    Drawn on a coarse grid of about half a smoothing length and enlarged: slow fields cost next to nothing.
    """
    step_x, step_y = max(1.0, along / 2), max(1.0, across / 2)
    pad = 8
    shape = (int(size[0] / step_y) + 2 * pad, int(size[1] / step_x) + 2 * pad)
    coarse = rng.standard_normal(shape, dtype=np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), along / step_x, sigmaY=across / step_y)
    coarse = coarse[pad:-pad, pad:-pad]
    fine = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((fine - fine.mean()) / max(float(fine.std()), 1e-6), dtype=np.float32)


def smooth_curve(rng: np.random.Generator, points: int, length: float) -> Field:
    """A random curve (points,) of mean 0 and standard deviation about 1 that turns every ``length`` points."""
    knots = rng.standard_normal(int(points / length) + 4).astype(np.float32)
    at = np.linspace(1.0, len(knots) - 2.0, points)
    row = np.zeros((1, points), np.float32)
    curve = cv2.remap(knots[None], at[None].astype(np.float32), row, cv2.INTER_CUBIC)
    return np.asarray(curve[0], dtype=np.float32)


def grid(size: Size) -> tuple[Field, Field]:
    """Column numbers (1, width) and row numbers (height, 1), for broadcasting."""
    height, width = size
    return np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]


def step(distance: Field, width: float | Field) -> Field:
    """Rises from 0 to 1 where ``distance`` passes 0, over about four ``width``; smooth and clipped."""
    ramp = np.clip(distance * (np.float32(0.25) / np.float32(width)) + np.float32(0.5), 0.0, 1.0)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), dtype=np.float32)


def ridge(distance: Field, width: float | Field) -> Field:
    """1 where ``distance`` is 0, falling to both sides as a Gaussian of this ``width``."""
    return np.asarray(np.exp(np.float32(-0.5) * np.square(distance / np.float32(width))), dtype=np.float32)
