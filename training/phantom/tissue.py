"""Echogenicity of the layers that carry a lesion, in decibels: skin, fat, gland, fascia, muscle, pleura.

Everything is drawn in flat layers first and bent once at the end, so that strands, streaks and borders run
parallel as they do in a body. Connective tissue lies along the zero lines of anisotropic noise: unlike
straight sticks these branch, fade and end.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.phantom.fields import Field, grid, ridge, smooth_curve, smooth_noise, step


@dataclass(frozen=True, slots=True)
class Layer:
    """Tissue from ``top`` downwards, a share of the depth that varies by ``spread`` from image to image.

    ``echo`` and ``rough`` are its mean and slow deviation in dB. ``border`` is the gain of the fascia on its
    upper side, ``septa`` of strands at ``spacing`` pixels (of a 512 image), ``streak`` of short bright
    dashes.
    """

    top: float
    spread: float
    echo: float
    rough: float
    border: float = 0.0
    septa: float = 0.0
    spacing: float = 10.0
    streak: float = 0.0


BREAST = (
    Layer(0.00, 0.00, -3.0, 1.0, streak=2.0),
    Layer(0.03, 0.004, -13.0, 2.0, border=6.0, septa=19.0, spacing=12.0, streak=1.5),
    Layer(0.19, 0.05, -7.0, 3.5, border=6.0, septa=9.0, spacing=7.0, streak=4.5),
    Layer(0.66, 0.06, -13.0, 2.5, border=9.0, septa=15.0, spacing=9.0, streak=2.5),
    Layer(0.80, 0.04, -12.0, 2.5, border=17.0, septa=16.0, spacing=5.0, streak=6.0),
    Layer(1.00, 0.08, -19.0, 2.0, border=24.0, streak=3.0),
)
AXILLA = (
    Layer(0.00, 0.00, -3.0, 1.0, streak=2.0),
    Layer(0.03, 0.004, -13.0, 2.0, border=6.0, septa=19.0, spacing=10.0, streak=2.0),
    Layer(0.17, 0.04, -11.0, 3.0, border=9.0, septa=15.0, spacing=6.0, streak=6.0),
    Layer(0.74, 0.06, -12.0, 2.5, border=17.0, septa=16.0, spacing=5.0, streak=6.0),
    Layer(1.00, 0.08, -19.0, 2.0, border=24.0, streak=3.0),
)


def echo_map(rng: np.random.Generator, size: int, layers: tuple[Layer, ...]) -> Field:
    """Echogenicity (size, size) in dB of these layers, bent and with everything that runs through them."""
    _, y = grid(size)
    streaks = np.maximum(smooth_noise(rng, size, size / 40, size / 320) - np.float32(0.4), 0.0)
    echo = np.zeros((size, size), np.float32)
    for layer in layers:
        top = size * (layer.top + layer.spread * np.float32(rng.uniform(-1.0, 1.0)))
        below = y - top - size * 0.25 * layer.spread * smooth_curve(rng, size, size / 5)[None, :]
        inside = step(below, 1.5 * size / 512)
        echo += inside * (_tissue(rng, size, layer) + layer.streak * streaks - echo)
        echo += _border(rng, below, layer.border)
    return _bent(rng, echo)


def _tissue(rng: np.random.Generator, size: int, layer: Layer) -> Field:
    grain = size / 512 * rng.uniform(6.0, 12.0)
    tissue = layer.echo + rng.normal(0.0, 1.2) + layer.rough * smooth_noise(rng, size, 2.2 * grain, grain)
    if layer.septa:
        tissue += layer.septa * _septa(rng, size, layer.spacing * rng.uniform(0.8, 1.3))
    return np.asarray(tissue, dtype=np.float32)


def _septa(rng: np.random.Generator, size: int, spacing: float) -> Field:
    """Strands (size, size) of height 0..1 and varying width, some way apart (pixels of a 512 image)."""
    unit = size / 512
    lines = smooth_noise(rng, size, 5.5 * spacing * unit, spacing * unit)
    shown = smooth_noise(rng, size, 4.0 * spacing * unit, 1.2 * spacing * unit)
    slope = np.abs(cv2.Sobel(lines, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8))
    width = np.float32(unit) * (1.0 + 0.9 * np.maximum(shown, 0.0))
    near = ridge(lines, (slope + np.float32(0.05 / (spacing * unit))) * width)
    level = np.minimum(slope * np.float32(3.0 * spacing * unit), 1.0)  # fades where a line turns upright
    return np.asarray(near * level * step(shown - np.float32(0.1), 0.4), dtype=np.float32)


def _border(rng: np.random.Generator, below: Field, gain: float) -> Field:
    """The fascia where ``below`` is 0: a bright line of changing strength, ``gain`` dB at most."""
    size = below.shape[0]
    strength = np.clip(0.5 + 0.6 * smooth_curve(rng, size, size / 9), 0.0, 1.0)[None, :]
    return np.asarray(gain * strength * ridge(below, 1.8 * size / 512), dtype=np.float32)


def _bent(rng: np.random.Generator, echo: Field) -> Field:
    """``echo`` displaced along depth by a slow random field and a tilt; the skin stays flat."""
    size = echo.shape[0]
    x, y = grid(size)
    bend = 0.022 * size * smooth_noise(rng, size, size / 7, size / 9)
    bend += 0.006 * size * smooth_noise(rng, size, size / 24, size / 40)
    bend += np.float32(rng.normal(0.0, 0.07)) * (x - size / 2)
    down = (y + bend * step(y - 0.08 * size, 0.03 * size)).astype(np.float32)
    across = np.broadcast_to(x, down.shape).astype(np.float32)
    return np.asarray(cv2.remap(echo, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
