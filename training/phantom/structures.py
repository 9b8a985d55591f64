"""What lies in and under the layers now and then: vessels, ribs and the pleura, poor contact of the probe."""

from __future__ import annotations

import numpy as np

from training.phantom.fields import Field, Size, grid, ridge, smooth_curve, smooth_noise, step, unit
from training.phantom.tissue import Tissue


def with_vessels(rng: np.random.Generator, tissue: Tissue, most: int) -> Tissue:
    """Up to ``most`` small dark tubes with bright walls, cut at any angle."""
    echo, specular = tissue.echo.copy(), tissue.specular.copy()
    size = echo.shape[0], echo.shape[1]
    for _ in range(int(rng.integers(0, most + 1))):
        inside = _tube(rng, size)
        echo += step(inside, 1.5 * unit(size)) * (np.float32(rng.uniform(-34.0, -22.0)) - echo)
        specular += np.float32(0.1) * ridge(inside, 1.0 * unit(size)) - step(inside, 1.2 * unit(size)) * specular
    return Tissue(echo, specular, tissue.rate)


def _tube(rng: np.random.Generator, size: Size) -> Field:
    """Pixels inside a flat ellipse somewhere below the skin."""
    x, y = grid(size)
    thick = unit(size) * rng.uniform(2.5, 7.0)
    long = thick * rng.uniform(1.0, 6.0)
    angle = rng.normal(0.0, 0.25)
    dx, dy = x - size[1] * rng.uniform(0.05, 0.95), y - size[0] * rng.uniform(0.12, 0.8)
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    return np.asarray(thick * (1.0 - np.hypot(along / long, across / thick)), dtype=np.float32)


def with_chest_wall(rng: np.random.Generator, tissue: Tissue) -> Tissue:
    """Ribs (a bright arc, darkness and a shadow under it) and the pleura between them with its echoes below."""
    echo, specular, rate = tissue.echo.copy(), tissue.specular.copy(), tissue.rate.copy()
    size = echo.shape[0], echo.shape[1]
    x, y = grid(size)
    level = size[0] * rng.uniform(0.66, 0.93) + rng.normal(0.0, 0.08) * (x - size[1] / 2)
    below = y - level - 0.015 * size[0] * smooth_curve(rng, size[1], size[1] / 3)[None, :]
    uneven = 4.0 * smooth_noise(rng, size, 40 * unit(size), 8 * unit(size))
    haze = uneven * np.cos(below * np.float32(2 * np.pi / (rng.uniform(12, 30) * unit(size))))
    lung = haze - 16.0 - below * np.float32(12.0 / size[0]) + 3.0 * smooth_noise(rng, size, 12 * unit(size), 2.0)
    inside = step(below, 1.5 * unit(size))
    echo += inside * (np.asarray(lung, np.float32) - echo)
    strength = rng.uniform(0.3, 1.4) * np.clip(0.5 + 0.6 * smooth_curve(rng, size[1], size[1] / 8), 0.05, 1.5)
    line = strength.astype(np.float32)[None, :] * ridge(below, 1.5 * unit(size))
    specular += line - inside * specular
    echo += 10.0 * line
    for _ in range(int(rng.integers(0, 3))):
        _add_rib(rng, echo, specular, rate, level)
    return Tissue(echo, specular, rate)


def _add_rib(rng: np.random.Generator, echo: Field, specular: Field, rate: Field, level: Field) -> None:
    """A rib: cartilage or bone, dark, its upper side bright in the middle where it faces the beam, a shadow below."""
    size = echo.shape[0], echo.shape[1]
    x, y = grid(size)
    half = size[1] * rng.uniform(0.09, 0.2)
    aside = (x - size[1] * rng.uniform(-0.02, 1.02)) / half
    high = half * rng.uniform(0.3, 0.5)
    down = (y - level + 0.6 * high) / high
    uneven = 0.06 * smooth_noise(rng, size, 30 * unit(size), 30 * unit(size))
    inside = np.asarray(high * (1.0 - np.hypot(aside, down) + uneven), np.float32)
    core = step(inside, 4.0 * unit(size))
    echo += core * (np.float32(-24.0) + 2.0 * smooth_noise(rng, size, 10.0, 4.0) - echo)
    specular -= core * specular
    facing = step(-down, 0.3) * np.exp(-2.0 * np.square(aside))
    cap = facing * ridge(inside, 2.0 * unit(size))
    specular += np.float32(rng.uniform(0.1, 0.8)) * cap
    echo += np.float32(8.0) * cap
    rate += core * np.float32(rng.uniform(10.0, 30.0) / (1.5 * high))


def contact(rng: np.random.Generator, size: Size) -> Field:
    """Attenuation in dB (1, width) that poor contact and the skin cost each beam: streaks, and darker sides."""
    width = size[1]
    x, _ = grid(size)
    loss = 1.2 * smooth_curve(rng, width, width / 14) + 1.5 * smooth_curve(rng, width, width / 4)
    for side in (x, width - 1 - x):
        reach = width * rng.uniform(0.03, 0.2)
        loss = loss + rng.choice((0.0, 3.0, 6.0, 18.0), p=(0.3, 0.35, 0.25, 0.1)) * np.exp(-np.square(side / reach))
    return np.asarray(loss, dtype=np.float32).reshape(1, width)
