"""The lesions: a tumour and a lymph node, their shape (shared by all images of a patient) and how they are
drawn.

Drawing takes the echogenicity of the tissue (size, size) in dB and returns it with the lesion in it, the
extra attenuation in dB that the lesion casts downwards, and the outline. Lengths are shares of the image's
side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom.fields import Field, grid, ridge, smooth_noise, step
from training.phantom.latents import NodeSigns, TumourSigns, visible

OUTLINE_POINTS = 64
_ANGLES = 720
_THETA = np.linspace(-np.pi, np.pi, _ANGLES, endpoint=False)


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A star-shaped closed line: ``radius`` (720,) in pixels over the angles from -pi, around (x, y)."""

    x: float
    y: float
    radius: NDArray[np.float64]

    def polar(self, size: int) -> tuple[Field, Field]:
        """For each pixel (size, size): its distance from (x, y) and the outline's radius in its direction."""
        column, row = grid(size)
        distance, angle = cv2.cartToPolar(
            np.broadcast_to(column + 0.5 - self.x, (size, size)).astype(np.float32),
            np.broadcast_to(row + 0.5 - self.y, (size, size)).astype(np.float32),
        )
        at = (angle * np.float32(_ANGLES / (2 * np.pi)) + np.float32(_ANGLES / 2)).astype(np.int32) % _ANGLES
        return distance, self.radius.astype(np.float32)[at]

    def polygon(self, size: int) -> list[tuple[float, float]]:
        """`OUTLINE_POINTS` image points at equal distances along the line, kept inside the image."""
        x = self.x + self.radius * np.cos(_THETA)
        y = self.y + self.radius * np.sin(_THETA)
        steps = np.hypot(np.diff(x, append=x[0]), np.diff(y, append=y[0]))
        length = np.concatenate([[0.0], np.cumsum(steps)])
        at = np.linspace(0.0, length[-1], OUTLINE_POINTS, endpoint=False)
        x, y = (np.interp(at, length, np.append(line, line[0])).clip(0, size) for line in (x, y))
        return [(round(float(a), 2), round(float(b), 2)) for a, b in zip(x, y, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class LesionShape:
    """A patient's lesion as every image of it shares it; angles in radians, heights relative to the radius.

    ``aspect`` is height over width before the signs act. ``lobes`` (k, 2) holds height and phase of the slow
    harmonics 2, 3, ...; ``spikes`` (k, 3) angle, width and relative height of the spicules; ``hilum`` the
    offset of a node's hilum as a share of the room it has.
    """

    aspect: float
    lobes: NDArray[np.float64]
    spikes: NDArray[np.float64]
    hilum: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """Echogenicity with a lesion and the attenuation below it, both (size, size) in dB, and its outline."""

    echo: Field
    attenuation: Field
    outline: Outline


def draw_shape(rng: np.random.Generator) -> LesionShape:
    """The shape of one patient's lesion."""
    spikes = int(rng.integers(12, 17))
    angle = np.linspace(-np.pi, np.pi, spikes, endpoint=False) + rng.normal(0.0, 0.25, spikes)
    return LesionShape(
        aspect=float(rng.uniform(0.62, 1.0)),
        lobes=np.stack([rng.uniform(0.01, 0.07, 4), rng.uniform(-np.pi, np.pi, 4)], axis=1),
        spikes=np.stack([angle, rng.uniform(0.05, 0.16, spikes), 0.3 + 0.7 * rng.random(spikes)], axis=1),
        hilum=(float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.2, 0.6))),
    )


def draw_tumour(rng: np.random.Generator, echo: Field, signs: TumourSigns, shape: LesionShape) -> Lesion:
    """A hypoechoic tumour. Size, spiculation, shadow and heterogeneity grow with their signs."""
    size = echo.shape[0]
    spiculation = visible(signs.spiculation)
    radius = size * (0.05 + 0.16 * visible(signs.size)) * rng.uniform(0.93, 1.07)
    outline = Outline(
        x=size * rng.uniform(0.4, 0.6),
        y=max(size * rng.uniform(0.30, 0.42), 0.1 * size + 1.15 * radius),
        radius=radius * _tumour_edge(rng, shape, spiculation),
    )
    depth = _ragged(rng, outline, size, 0.0012 + 0.007 * spiculation)
    inside = step(depth, size / 512 * (1.2 + 2.0 * spiculation))
    rim = ridge(np.minimum(depth, 0.0), 0.01 * size + 0.12 * radius)
    drawn = echo + (1.0 + 5.0 * spiculation) * rim
    drawn += inside * (_tumour_inside(rng, size, visible(signs.heterogeneity)) - drawn)
    strength = -5.0 + 37.0 * visible(signs.shadow) * rng.uniform(0.92, 1.08)
    return Lesion(drawn.astype(np.float32), _shadow(rng, inside, radius, strength), outline)


def draw_node(rng: np.random.Generator, echo: Field, signs: NodeSigns, shape: LesionShape) -> Lesion:
    """An axillary node: dark cortex (thicker with its sign), bright hilum (paler), flat oval to round."""
    size = echo.shape[0]
    long = size * rng.uniform(0.16, 0.19)
    short = long * (0.34 + 0.58 * visible(signs.roundness)) * rng.uniform(0.95, 1.05)
    edge = _ellipse(long, short, rng.normal(0.0, 0.15)) * (1.0 + 0.5 * _lobes(rng, shape))
    outline = Outline(size * rng.uniform(0.4, 0.6), size * rng.uniform(0.36, 0.5), edge)
    depth = _ragged(rng, outline, size, 0.003)
    inside = step(depth, 1.2 * size / 512)
    drawn = echo + inside * (_node_inside(rng, size, outline, signs, shape) - echo)
    capsule = ridge(depth, 1.3 * size / 512)
    drawn += 6.0 * capsule * step(smooth_noise(rng, size, size / 25, size / 25) + 0.3, 0.4)
    return Lesion(drawn.astype(np.float32), _shadow(rng, inside, short, 2.0), outline)


def _tumour_edge(rng: np.random.Generator, shape: LesionShape, spiculation: float) -> NDArray[np.float64]:
    aspect = np.sqrt(shape.aspect * rng.uniform(0.93, 1.07))
    edge = _ellipse(1.0 / aspect, aspect, rng.normal(0.0, 0.12)) * (1.0 + _lobes(rng, shape))
    edge *= 1.0 - 0.12 * spiculation
    for angle, width, height in shape.spikes:
        away = np.angle(np.exp(1j * (_THETA - angle - rng.normal(0.0, 0.03))))
        edge += 0.85 * spiculation * height * rng.uniform(0.8, 1.2) * np.exp(-((np.abs(away) / width) ** 1.2))
    return edge


def _tumour_inside(rng: np.random.Generator, size: int, heterogeneity: float) -> Field:
    blotches = smooth_noise(rng, size, 0.02 * size, 0.014 * size)
    grain = smooth_noise(rng, size, 0.007 * size, 0.004 * size)
    inside = -22.5 + rng.normal(0.0, 1.0) + 1.2 * grain + (0.7 + 6.5 * heterogeneity) * blotches
    return np.asarray(inside, dtype=np.float32)


def _node_inside(rng: np.random.Generator, size: int, outline: Outline, signs: NodeSigns, shape: LesionShape) -> Field:
    """Cortex with the hilum in it; the hilum is the node's own outline, shrunk and shifted."""
    left = 0.88 - 0.66 * visible(signs.cortex) * rng.uniform(0.95, 1.05)
    right, down = shape.hilum
    reach = (1.0 - left) * outline.radius.min()
    core = Outline(outline.x + right * reach, outline.y + down * reach, left * outline.radius)
    hilum = step(_ragged(rng, core, size, 0.004), 2.0 * size / 512)
    texture = smooth_noise(rng, size, 0.02 * size, 0.006 * size)
    bright = 18.0 * (1.0 - 0.9 * visible(signs.hilum_loss))
    return np.asarray(-23.0 + texture + hilum * bright * (1.0 + 0.2 * texture), dtype=np.float32)


def _ragged(rng: np.random.Generator, outline: Outline, size: int, roughness: float) -> Field:
    """Pixels that each pixel lies inside a frayed ``outline``, along its ray; negative outside."""
    distance, edge = outline.polar(size)
    fray = smooth_noise(rng, size, 0.01 * size, 0.008 * size)
    fray += smooth_noise(rng, size, 0.03 * size, 0.03 * size)
    return np.asarray(edge - distance + np.float32(roughness * size) * fray, dtype=np.float32)


def _shadow(rng: np.random.Generator, inside: Field, radius: float, strength: float) -> Field:
    """Attenuation in dB below a lesion: ``strength`` within about its radius; negative enhances.

    Its sides soften with depth, and it is streaked along the beams.
    """
    size = inside.shape[0]
    path = np.cumsum(inside, axis=0) / np.float32(radius)
    streaks = 1.0 + 0.18 * smooth_noise(rng, size, size / 60, size / 3)
    attenuation = (np.float32(strength) * (1.0 - np.exp(-1.2 * path)) * streaks).astype(np.float32)
    near = cv2.GaussianBlur(attenuation, (0, 0), max(1.0, size / 128), sigmaY=0.5)
    far = cv2.GaussianBlur(attenuation, (0, 0), max(1.0, size / 28), sigmaY=0.5)
    _, y = grid(size)
    return np.asarray(near + (far - near) * (y / size) ** 1.5, dtype=np.float32)


def _ellipse(half_width: float, half_height: float, tilt: float) -> NDArray[np.float64]:
    angle = _THETA - tilt
    return np.asarray(1.0 / np.hypot(np.cos(angle) / half_width, np.sin(angle) / half_height))


def _lobes(rng: np.random.Generator, shape: LesionShape) -> NDArray[np.float64]:
    height, phase = shape.lobes.T
    order = np.arange(2, 2 + len(height))
    phase = phase + rng.normal(0.0, 0.2, len(phase))
    return np.asarray((height * np.cos(order * _THETA[:, None] + phase)).sum(axis=1))
