"""Tissue that carries a lesion: skin, fat, gland, fascia, muscle, ribs and pleura, vessels.

Layers are drawn flat first and bent once, so that strands, streaks and borders run parallel as they do in a body.
Connective tissue lies along the zero lines of anisotropic noise: unlike straight sticks these branch, fade and end.
Echogenicity has a diffuse part (scatterers, in dB) and a specular one (smooth borders that reflect as mirrors do, as
an amplitude); `rate` is the attenuation of each sample above the mean of soft tissue, in dB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.phantom.fields import Field, Size, grid, ridge, smooth_curve, smooth_noise, step, unit


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """What the beams meet, all (height, width) on beam samples: ``echo`` dB, ``specular`` amplitude, ``rate`` dB."""

    echo: Field
    specular: Field
    rate: Field


@dataclass(frozen=True, slots=True)
class Layer:
    """Tissue from ``top`` downwards, a share of the depth.

    ``echo`` and ``rough`` are its mean and slow deviation in dB, ``border`` the strength of the fascia on its upper
    side, ``septa`` that of strands at ``spacing`` pixels (of a 512 image), ``stretch`` times as long as wide,
    ``streak`` that of short dashes in dB, ``dark`` the depth in dB of the small dark spots and ducts in it, and
    ``loss`` the attenuation in dB of a whole picture of it.
    """

    top: float
    echo: float
    rough: float
    border: float = 0.0
    septa: float = 0.0
    spacing: float = 12.0
    stretch: float = 6.0
    streak: float = 0.0
    dark: float = 0.0
    loss: float = 0.0


def breast(rng: np.random.Generator, density: float) -> list[Layer]:
    """The layers of a breast that is fatty (``density`` 0) to dense (1)."""
    gland = 0.05 + rng.uniform(0.04, 0.26) * (1.15 - density)
    muscle = min(0.95, gland + rng.uniform(0.28, 0.66))
    behind = max(gland + 0.1, muscle - rng.uniform(0.02, 0.12))
    wall = muscle + rng.uniform(0.10, 0.28)
    bright = -9.0 + 6.0 * density + rng.normal(0.0, 1.5)
    return [
        *_cover(rng),
        Layer(gland, bright, 4.5, 0.5, 1.1 - 0.5 * density, rng.uniform(8, 14), 4.5, 5.0, 9.0 * density, 3.0),
        Layer(behind, -16.0, 2.5, 0.4, 0.9, 10.0, 6.0, 3.0),
        Layer(muscle, -17.0, 3.0, 1.1, 1.1, rng.uniform(5, 8), 11.0, 8.0, 0.0, 2.0),
        Layer(wall, -18.0, 3.0, 1.3, 0.6, 8.0, 9.0, 5.0),
    ]


def axilla(rng: np.random.Generator, density: float) -> list[Layer]:
    """The layers of an axilla: fat with many strands, then muscle."""
    deep = rng.uniform(0.10, 0.25)
    muscle = rng.uniform(0.60, 1.0)
    return [
        *_cover(rng),
        Layer(deep, -14.0 + 4.0 * density, 3.5, 0.6, 1.2, rng.uniform(8, 13), 7.0, 7.0, 3.0, 2.0),
        Layer(muscle, -17.0, 3.0, 1.0, 1.1, rng.uniform(5, 8), 11.0, 8.0, 0.0, 2.0),
        Layer(muscle + rng.uniform(0.12, 0.3), -18.0, 3.0, 1.2, 0.6, 8.0, 9.0, 5.0),
    ]


def _cover(rng: np.random.Generator) -> list[Layer]:
    """Skin and the fat under it."""
    skin = rng.uniform(0.02, 0.04)
    return [
        Layer(0.0, -2.0, 1.5, streak=5.0),
        Layer(skin, -16.0, 2.0, 0.9, 1.3, rng.uniform(11, 20), 5.0, 3.0, 0.0, 1.0),
    ]


def draw_tissue(rng: np.random.Generator, size: Size, layers: list[Layer]) -> Tissue:
    """These layers with strands, fasciae and everything that runs through them, bent."""
    _, y = grid(size)
    zoom = rng.uniform(0.8, 1.3)
    streaks = _streaks(rng, size)
    broken = np.clip(0.65 + 0.45 * smooth_noise(rng, size, 9 * unit(size), 2.5 * unit(size)), 0.1, 1.3)
    echo, specular, rate = (np.zeros(size, np.float32) for _ in range(3))
    for layer in layers:
        wander = 0.02 * smooth_curve(rng, size[1], size[1] / 4) if layer.top > 0.05 else 0.002
        below = y - np.float32(size[0]) * (layer.top + np.float32(wander) * np.ones((1, size[1]), np.float32))
        inside = step(below, 1.5 * unit(size))
        strands = layer.septa * broken * _septa(rng, size, layer.spacing * zoom, layer.stretch)
        echo += inside * (_texture(rng, size, layer) + layer.streak * streaks + 15.0 * strands - echo)
        rate += inside * (layer.loss / size[0] + strands * (0.25 / unit(size)) - rate)
        border = layer.border * broken * _border(rng, below)
        specular += inside * (0.7 * strands - specular) + 0.6 * border
        echo += 9.0 * border
        rate += border * (0.2 / unit(size))
    return _bent(rng, Tissue(echo, specular, rate))


def _texture(rng: np.random.Generator, size: Size, layer: Layer) -> Field:
    grain = unit(size) * rng.uniform(4.0, 8.0)
    tissue = layer.echo + rng.normal(0.0, 1.2) + layer.rough * smooth_noise(rng, size, 5.0 * grain, 2.5 * grain)
    tissue += 0.6 * layer.rough * smooth_noise(rng, size, 1.6 * grain, 0.6 * grain)
    tissue += 2.3 * smooth_noise(rng, size, 2.3 * unit(size), 1.2 * unit(size))
    if layer.dark:
        tissue -= layer.dark * step(smooth_noise(rng, size, 2.2 * grain, 1.0 * grain) - np.float32(1.0), 0.3)
    return np.asarray(tissue, dtype=np.float32)


def _streaks(rng: np.random.Generator, size: Size) -> Field:
    """Short bright dashes of height about 1 and fainter dark ones between them."""
    fine = smooth_noise(rng, size, size[1] / 85, size[1] / 430)
    long = smooth_noise(rng, size, size[1] / 30, size[1] / 280)
    dashes = np.maximum(fine + 0.6 * long - np.float32(0.7), 0.0) + 0.25 * np.minimum(fine + long, 0.0)
    return np.asarray(dashes, dtype=np.float32)


def _septa(rng: np.random.Generator, size: Size, spacing: float, stretch: float) -> Field:
    """Strands (height, width) of height 0..1 and varying width, some way apart (pixels of a 512 image)."""
    scale = unit(size) * spacing
    lines = smooth_noise(rng, size, stretch * scale, scale)
    shown = smooth_noise(rng, size, 0.7 * stretch * scale, 1.3 * scale)
    slope = np.abs(cv2.Sobel(lines, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8))
    width = np.float32(unit(size)) * (0.6 + 0.5 * np.maximum(shown, 0.0))
    near = ridge(lines, (slope + np.float32(0.05 / scale)) * width)
    level = np.minimum(slope * np.float32(2.0 * scale), 1.0)  # fades where a line turns upright
    return np.asarray(near * level * step(shown - np.float32(0.3), 0.5), dtype=np.float32)


def _border(rng: np.random.Generator, below: Field) -> Field:
    """The fascia where ``below`` is 0: a bright line of changing strength, at most 1."""
    height, width = below.shape
    strength = np.clip(0.4 + 0.6 * smooth_curve(rng, width, width / 7), 0.0, 1.0)[None, :]
    return np.asarray(strength * ridge(below, 1.2 * unit((height, width))), dtype=np.float32)


def _bent(rng: np.random.Generator, tissue: Tissue) -> Tissue:
    """Everything displaced along depth by a slow random field and a tilt; the skin stays flat."""
    size = tissue.echo.shape[0], tissue.echo.shape[1]
    width = size[1]
    x, y = grid(size)
    bend = rng.uniform(0.008, 0.035) * width * smooth_noise(rng, size, width / 5, width / 6)
    bend += np.float32(rng.normal(0.0, 0.08)) * (x - width / 2)
    down = (y + bend * step(y - 0.07 * size[0], 0.04 * size[0])).astype(np.float32)
    across = np.broadcast_to(x, down.shape).astype(np.float32)
    return Tissue(*(_moved(part, across, down) for part in (tissue.echo, tissue.specular, tissue.rate)))


def _moved(part: Field, across: Field, down: Field) -> Field:
    return np.asarray(cv2.remap(part, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
