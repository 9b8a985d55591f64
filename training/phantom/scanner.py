"""From tissue to a B-mode picture: speckle, gain, log compression, the scanner's own smoothing.

A `ScannerLook` is one scanner with its presets. Looks differ between hospitals and never depend on the outcome.
Speckle is fully developed: complex normal scatterers through a Gaussian point spread, whose envelope is detected
(Wagner, Smith, Sandrik, Lopez, IEEE Trans. Sonics Ultrason. 30, 1983), averaged in power over compounded looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from training.phantom.fields import Field, Size, grid, unit
from training.phantom.geometry import Scan, convex, linear, trapezoid
from training.phantom.shadows import tissue_loss
from training.phantom.structures import contact
from training.phantom.tissue import Tissue

_ZONES = 4
_FALL_POWER = 1.6
_STEERED = 0.6

Geometry = Literal["linear", "trapezoid", "convex"]


@dataclass(frozen=True, slots=True)
class ScannerLook:
    """How one scanner draws.

    ``axial`` and ``lateral`` (at ``focus``, a share of the depth) are the deviations of the point spread in pixels of a
    512 image, ``spread`` how many pixels the lateral one gains over the whole depth, ``looks`` the pictures compounded
    in power, ``smooth`` (0 to 1) the share of speckle that its filter takes away, ``range_db`` the dynamic range,
    ``gamma`` the grey curve, ``gain`` the amplification in dB at equal depths that undoes or overdoes attenuation,
    ``fall`` the attenuation in dB that is left at the bottom, ``noise_db`` the electronic noise there.
    ``geometry`` is how its beams lie; a trapezoid look steers them outwards in `_STEERED` of its pictures and is linear
    in the others. The rest is furniture: ``logo``, the side of the depth ``ticks``, ``focus_mark``, grey ``bar``, name
    of the ``probe``, ``font`` of OpenCV, ``ink`` in grey levels and the style of ``calipers``.
    """

    axial: float
    lateral: float
    focus: float
    spread: float
    looks: int
    smooth: float
    range_db: float
    gamma: float
    gain: tuple[float, ...]
    fall: float
    noise_db: float
    geometry: Geometry
    logo: str
    ticks: Literal["", "left", "right"]
    focus_mark: bool
    bar: bool
    probe: str
    font: int
    ink: int
    calipers: Literal["plus", "cross", "dot"]


_SIMPLEX, _PLAIN, _DUPLEX = cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX

LOOKS = {
    "A1": ScannerLook(
        axial=0.65,
        lateral=1.2,
        focus=0.4,
        spread=1.1,
        looks=3,
        smooth=0.5,
        range_db=64,
        gamma=1.55,
        gain=(0, 0, 1, 0, 0),
        fall=25,
        noise_db=-53,
        geometry="linear",
        logo="Q",
        ticks="",
        focus_mark=False,
        bar=False,
        probe="",
        font=_DUPLEX,
        ink=235,
        calipers="plus",
    ),
    "A2": ScannerLook(
        axial=0.8,
        lateral=1.5,
        focus=0.5,
        spread=1.4,
        looks=2,
        smooth=0.48,
        range_db=60,
        gamma=1.45,
        gain=(-2, 0, 1, 1, 0),
        fall=22,
        noise_db=-50,
        geometry="linear",
        logo="",
        ticks="right",
        focus_mark=True,
        bar=True,
        probe="L12-5",
        font=_SIMPLEX,
        ink=215,
        calipers="cross",
    ),
    "A3": ScannerLook(
        axial=0.6,
        lateral=1.1,
        focus=0.35,
        spread=1.1,
        looks=3,
        smooth=0.6,
        range_db=70,
        gamma=1.75,
        gain=(0, 1, 0, -1, 0),
        fall=26,
        noise_db=-55,
        geometry="trapezoid",
        logo="B",
        ticks="left",
        focus_mark=True,
        bar=False,
        probe="14L5",
        font=_PLAIN,
        ink=200,
        calipers="plus",
    ),
    "A4": ScannerLook(
        axial=0.95,
        lateral=1.7,
        focus=0.45,
        spread=1.8,
        looks=2,
        smooth=0.45,
        range_db=62,
        gamma=1.5,
        gain=(1, 0, 0, 1, 2),
        fall=22,
        noise_db=-50,
        geometry="convex",
        logo="S",
        ticks="right",
        focus_mark=False,
        bar=True,
        probe="C6-2",
        font=_SIMPLEX,
        ink=225,
        calipers="dot",
    ),
    "B1": ScannerLook(
        axial=0.85,
        lateral=1.5,
        focus=0.45,
        spread=1.4,
        looks=3,
        smooth=0.6,
        range_db=66,
        gamma=1.45,
        gain=(-1, 0, 2, 1, 1),
        fall=23,
        noise_db=-52,
        geometry="linear",
        logo="V",
        ticks="left",
        focus_mark=False,
        bar=True,
        probe="L15-4",
        font=_PLAIN,
        ink=245,
        calipers="cross",
    ),
    "B2": ScannerLook(
        axial=0.75,
        lateral=1.4,
        focus=0.3,
        spread=1.8,
        looks=2,
        smooth=0.45,
        range_db=58,
        gamma=1.65,
        gain=(0, 0, 0, 1, 0),
        fall=20,
        noise_db=-50,
        geometry="trapezoid",
        logo="M",
        ticks="right",
        focus_mark=True,
        bar=False,
        probe="ML6-15",
        font=_DUPLEX,
        ink=210,
        calipers="dot",
    ),
}
"""The scanners, by name: A1 to A4 stand in hospital A, B1 and B2 in hospital B."""


def draw_scan(rng: np.random.Generator, size: Size, look: ScannerLook) -> Scan:
    """How the beams of one picture lie."""
    if look.geometry == "convex":
        return convex(size, float(rng.uniform(0.75, 1.2)), float(rng.uniform(0.42, 0.52)))
    if look.geometry == "trapezoid" and rng.random() < _STEERED:
        return trapezoid(size, float(rng.uniform(0.72, 0.9)), float(rng.uniform(0.3, 0.8)))
    return linear(size)


def render(rng: np.random.Generator, scan: Scan, tissue: Tissue, shadow: Field, look: ScannerLook) -> Field:
    """The picture (height, width) in grey levels 0..255 of tissue with what a lesion takes from the beams in dB."""
    gain = _gain(rng, scan.size, look)
    loss = tissue_loss(rng, tissue.rate) + shadow + contact(rng, scan.size)
    power = _speckle(rng, tissue, gain - loss, look)
    return scan.picture(_compress(rng, power, look))


def _gain(rng: np.random.Generator, size: Size, look: ScannerLook) -> Field:
    """What time-gain compensation leaves of attenuation (height, 1) in dB, at most 0 on the whole."""
    _, y = grid(size)
    depth = y[:, 0] / size[0]
    knots = np.array(look.gain) + rng.normal(0.0, 1.0, len(look.gain))
    curve = np.interp(depth, np.linspace(0.0, 1.0, len(knots)), knots)
    fall = look.fall * rng.uniform(0.45, 1.15) * depth**_FALL_POWER
    return np.asarray(curve - fall, dtype=np.float32)[:, None]


def _speckle(rng: np.random.Generator, tissue: Tissue, level: Field, look: ScannerLook) -> Field:
    """Echo power (height, width): scatterers and mirrors at this level in dB, through the point spread, plus noise."""
    size = level.shape[0], level.shape[1]
    diffuse = _amplitude(tissue.echo + level)[..., None]
    mirror = _amplitude(level) * tissue.specular
    power = np.zeros(size, np.float32)
    for _ in range(look.looks):
        field = rng.standard_normal((*size, 2), dtype=np.float32) * diffuse
        field[..., 0] += mirror
        field = _spread(field, look)
        power += np.square(field[..., 0]) + np.square(field[..., 1])
    noise = np.square(rng.standard_normal((*size, 2), dtype=np.float32)).sum(axis=2)
    noise *= np.square(_amplitude(look.noise_db + _rise(size)))
    return np.asarray(power / np.float32(look.looks) + noise)


def _rise(size: Size) -> Field:
    """Electronic noise under its level at the bottom, in dB (height, 1): gain lifts it with depth."""
    _, y = grid(size)
    return np.asarray(-14.0 * (1.0 - y / size[0]), dtype=np.float32)


def _amplitude(level: Field) -> Field:
    return np.asarray(np.exp(level * np.float32(np.log(10.0) / 20.0)), dtype=np.float32)


def _spread(field: Field, look: ScannerLook) -> Field:
    """``field`` (height, width, 2) through a Gaussian point spread whose width grows away from the focus.

    Blends `_ZONES` + 1 widths along depth; kernels have unit energy, so that the speckle's mean stays.
    """
    rows_in_all = field.shape[0]
    scale = unit((field.shape[0], field.shape[1]))
    field = cv2.sepFilter2D(field, -1, np.ones(1, np.float32), _kernel(look.axial * scale))
    blended = np.zeros_like(field)
    height = rows_in_all / _ZONES
    for zone in range(_ZONES + 1):
        top, bottom = max(0, int((zone - 1) * height)), min(rows_in_all, int((zone + 1) * height))
        lateral = scale * (look.lateral + look.spread * abs(zone / _ZONES - look.focus))
        rows = cv2.sepFilter2D(field[top:bottom], -1, _kernel(lateral), np.ones(1, np.float32))
        weight = 1.0 - np.abs(np.arange(top, bottom, dtype=np.float32) / np.float32(height) - zone)
        blended[top:bottom] += rows * np.clip(weight, 0.0, 1.0)[:, None, None]
    return blended


def _kernel(sigma: float) -> Field:
    reach = max(1, int(np.ceil(3.0 * sigma)))
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    return np.asarray(kernel / np.sqrt(np.square(kernel).sum()), dtype=np.float32)


def _compress(rng: np.random.Generator, power: Field, look: ScannerLook) -> Field:
    """Grey (height, width) 0..255: decibels under the brightest echoes, smoothed by the scanner, gamma."""
    scale = unit((power.shape[0], power.shape[1]))
    power = cv2.GaussianBlur(power, (0, 0), max(0.4, 0.45 * look.lateral * scale), sigmaY=max(0.4, 0.5 * scale))
    level = np.float32(10.0) * np.log10(power + np.float32(1e-12))
    level = _smoothed(level, look, scale)
    top = float(np.percentile(level[::4, ::4], 99.7)) + rng.normal(3.0, 3.0)
    grey = np.clip((level - np.float32(top)) / np.float32(look.range_db) + np.float32(1.0), 0.0, 1.0)
    return np.asarray(np.float32(255.0) * np.power(grey, np.float32(look.gamma)), dtype=np.float32)


def _smoothed(level: Field, look: ScannerLook, scale: float) -> Field:
    """Speckle reduced where nothing but speckle varies: the local linear filter of Lee (IEEE PAMI 2, 1980)."""
    mean = _mean(level, scale)
    variance = _mean(np.square(level), scale) - np.square(mean)
    kept = np.clip(1.0 - np.float32(8.0) / np.maximum(variance, 1e-3), 0.0, 1.0)
    filtered = mean + kept * (level - mean)
    smooth = np.asarray(level + np.float32(look.smooth) * (filtered - level), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(smooth, (0, 0), max(0.6, 0.65 * scale), sigmaY=max(0.45, 0.5 * scale)))


def _mean(level: Field, scale: float) -> Field:
    return np.asarray(cv2.GaussianBlur(level, (0, 0), max(0.6, 1.5 * scale), sigmaY=max(0.6, scale)))
