"""From echogenicity to a B-mode picture: speckle, gain, log compression, the marks a scanner burns in.

A `Look` is one scanner with its presets. Looks differ between hospitals and never depend on the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom.fields import Field, grid, smooth_noise

_ZONES = 4


@dataclass(frozen=True, slots=True)
class Look:
    """How one scanner draws.

    ``axial`` and ``lateral`` (at ``focus``, a share of the depth) are the deviations of the point spread in
    pixels of a 512 image, ``spread`` how many pixels the lateral one gains over the whole depth, ``looks``
    the pictures compounded in power, ``range_db`` the dynamic range, ``fall`` the attenuation in dB that
    time-gain compensation leaves at the bottom, ``noise_db`` the electronic noise there. ``wedge`` cuts the
    upper corners as steered beams do; ``ticks``, ``bar`` and ``mark`` are furniture.
    """

    axial: float
    lateral: float
    focus: float
    spread: float
    looks: int
    range_db: float
    gamma: float
    fall: float
    noise_db: float
    blur: float
    ticks: bool
    bar: bool
    wedge: bool
    mark: str


LOOKS = {
    "A": (
        Look(0.8, 2.2, 0.40, 2.5, 2, 54, 1.65, 27, -54, 0.7, True, False, False, "Q"),
        Look(1.0, 2.5, 0.50, 3.0, 2, 57, 1.75, 24, -52, 0.7, False, True, False, ""),
        Look(0.7, 1.9, 0.35, 2.5, 3, 52, 1.55, 28, -56, 0.6, True, False, True, "B"),
    ),
    "B": (
        Look(1.2, 2.8, 0.45, 3.5, 2, 60, 1.50, 25, -50, 0.8, True, False, False, "L12-5"),
        Look(0.9, 2.3, 0.30, 3.0, 2, 50, 1.60, 22, -52, 0.9, False, True, False, "V"),
    ),
}
"""The scanners of each hospital."""


def render(rng: np.random.Generator, echo: Field, attenuation: Field, look: Look) -> NDArray[np.uint8]:
    """The picture (size, size) uint8 of echogenicity and lesion attenuation, both (size, size) in dB."""
    power = _speckle(rng, echo - attenuation - _fall(rng, echo.shape[0], look), look)
    picture = _compress(power, look, gain=float(rng.normal(0.0, 2.0)))
    return _furnish(rng, picture, look)


def _fall(rng: np.random.Generator, size: int, look: Look) -> Field:
    """Attenuation in dB left by the gain curve: with depth, towards the sides, and where contact is bad."""
    x, y = grid(size)
    depth = look.fall * rng.uniform(0.8, 1.2) * (y / size) ** 1.3
    sides = 5.0 * (np.abs(x / size - 0.5) * 2.0) ** 4
    contact = 1.5 * smooth_noise(rng, size, size / 12, size)
    return np.asarray(depth + sides + contact, dtype=np.float32)


def _speckle(rng: np.random.Generator, level: Field, look: Look) -> Field:
    """Echo power (size, size): scatterers of this level in dB, seen through the point spread, plus noise."""
    size = level.shape[0]
    amplitude = np.power(np.float32(10.0), level / np.float32(20.0))[..., None]
    _, y = grid(size)
    noise = np.power(10.0, (look.noise_db - 14.0 * (1.0 - y / size)) / 20.0).astype(np.float32)[..., None]
    power = np.zeros((size, size), np.float32)
    for _ in range(look.looks):
        field = _spread(rng.standard_normal((size, size, 2), dtype=np.float32) * amplitude, look)
        field += rng.standard_normal((size, size, 2), dtype=np.float32) * noise
        power += np.square(field[..., 0]) + np.square(field[..., 1])
    # A detector averages neighbours, too; without it the pits of speckle are darker than a scanner shows.
    unit = size / 512
    power = cv2.GaussianBlur(power, (0, 0), 0.5 * look.lateral * unit, sigmaY=0.6 * unit)
    return np.asarray(power / np.float32(look.looks))


def _spread(field: Field, look: Look) -> Field:
    """``field`` (size, size, 2) through a Gaussian point spread whose width grows away from the focus.

    Blends `_ZONES` + 1 widths along depth; kernels have unit energy, so that the speckle's mean stays.
    """
    size = field.shape[0]
    unit = size / 512
    field = cv2.sepFilter2D(field, -1, np.ones(1, np.float32), _kernel(look.axial * unit))
    blended = np.zeros_like(field)
    height = size // _ZONES
    for zone in range(_ZONES + 1):
        top, bottom = max(0, (zone - 1) * height), min(size, (zone + 1) * height)
        lateral = unit * (look.lateral + look.spread * abs(zone / _ZONES - look.focus))
        rows = cv2.sepFilter2D(field[top:bottom], -1, _kernel(lateral), np.ones(1, np.float32))
        weight = 1.0 - np.abs(np.arange(top, bottom, dtype=np.float32) / np.float32(height) - zone)
        blended[top:bottom] += rows * np.clip(weight, 0.0, 1.0)[:, None, None]
    return blended


def _kernel(sigma: float) -> Field:
    reach = max(1, int(np.ceil(3.0 * sigma)))
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    return np.asarray(kernel / np.sqrt(np.square(kernel).sum()), dtype=np.float32)


def _compress(power: Field, look: Look, gain: float) -> Field:
    """Grey (size, size) 0..255: decibels under the 99.6th percentile, gamma, the scanner's own smoothing."""
    level = np.float32(10.0) * np.log10(power + np.float32(1e-12))
    top = float(np.percentile(level[::4, ::4], 99.6)) - gain
    grey = np.clip((level - np.float32(top)) / np.float32(look.range_db) + np.float32(1.0), 0.0, 1.0)
    grey = np.float32(255.0) * np.power(grey, np.float32(look.gamma))
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), look.blur * power.shape[0] / 512), dtype=np.float32)


def _furnish(rng: np.random.Generator, grey: Field, look: Look) -> NDArray[np.uint8]:
    """The picture as uint8 with the scanner's marks: depth ticks, a grey bar, a letter in the corner."""
    picture = np.rint(grey).clip(0, 255).astype(np.uint8)
    size = picture.shape[0]
    if look.wedge:
        side = np.arange(size // 8, 0, -1) // 2
        for row, width in zip(range(0, 2 * len(side), 2), side, strict=True):
            picture[row : row + 2, :width] = picture[row : row + 2, size - width :] = 0
    if look.ticks:
        for depth in range(size // 10, size, size // 10):
            picture[depth, -6:] = 200
    if look.bar:
        height = size // 4
        picture[size // 16 : size // 16 + height, 4:9] = np.linspace(255, 0, height).astype(np.uint8)[:, None]
    if look.mark:
        place = (int(rng.integers(12, 20)), int(rng.integers(16, 24)))
        font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.4 * size / 512
        cv2.putText(picture, look.mark, place, font, scale, 220, 1, cv2.LINE_AA)
    return picture
