"""Random smooth fields and the pixel grid: the raw material of simulated tissue.

All fields are square float32 arrays (size, size), rows along depth, unless said otherwise.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, size: int, along: float, across: float) -> Field:
    """Gaussian noise of mean 0 and standard deviation 1, smoothed by ``along`` (x) and ``across`` (y) pixels.

    Drawn on a coarse grid of about half a smoothing length and enlarged: slow fields cost next to nothing.
    """
    step_x, step_y = max(1.0, along / 2), max(1.0, across / 2)
    pad = 8
    shape = (int(size / step_y) + 2 * pad, int(size / step_x) + 2 * pad)
    coarse = rng.standard_normal(shape, dtype=np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), along / step_x, sigmaY=across / step_y)
    coarse = coarse[pad:-pad, pad:-pad]
    fine = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray((fine - fine.mean()) / max(float(fine.std()), 1e-6), dtype=np.float32)


def smooth_curve(rng: np.random.Generator, size: int, length: float) -> Field:
    """A random curve (size,) of mean 0 and standard deviation about 1 that turns every ``length`` pixels."""
    knots = rng.standard_normal(int(size / length) + 4).astype(np.float32)
    at = np.linspace(1.0, len(knots) - 2.0, size)
    row = np.zeros((1, size), np.float32)
    curve = cv2.remap(knots[None], at[None].astype(np.float32), row, cv2.INTER_CUBIC)
    return np.asarray(curve[0], dtype=np.float32)


def grid(size: int) -> tuple[Field, Field]:
    """Column numbers (1, size) and row numbers (size, 1), for broadcasting."""
    axis = np.arange(size, dtype=np.float32)
    return axis[None, :], axis[:, None]


def step(distance: Field, width: float) -> Field:
    """Rises from 0 to 1 where ``distance`` passes 0, over about four ``width``; smooth and clipped."""
    ramp = np.clip(distance * np.float32(0.25 / width) + np.float32(0.5), 0.0, 1.0)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), dtype=np.float32)


def ridge(distance: Field, width: float | Field) -> Field:
    """1 where ``distance`` is 0, falling to both sides as a Gaussian of this ``width``."""
    return np.asarray(np.exp(np.float32(-0.5) * np.square(distance / width)), dtype=np.float32)
