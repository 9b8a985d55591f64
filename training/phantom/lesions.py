"""The primary tumour: its form (shared by all images of a patient) and how it is drawn into tissue.

Three signs show: *size* is the share of the picture that the outline covers, *spiculation* how irregular outline
and margin are, *shadow* what the beams lose (or gain) on their way through. Everything else about a tumour is
drawn from the patient's seed and says nothing about the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom.fields import Field, Size, ridge, smooth_noise, step, unit
from training.phantom.geometry import Scan
from training.phantom.latents import TumourSigns, visible
from training.phantom.outline import (
    THETA,
    Outline,
    Radius,
    corners,
    ellipse,
    irregular,
    lobes,
    of_area,
    spikes,
    waves,
)
from training.phantom.shadows import cast
from training.phantom.tissue import Tissue

SMALLEST, LARGEST = 0.012, 0.36
"""Share of the picture that the smallest and the largest tumour cover; real ones reach from 0.004 to 0.42."""
ROUNDEST, ROUGHEST = 1.03, 1.8
"""Squared perimeter of the least and the most irregular tumour over that of an oval as large and long."""
CLEAREST, DARKEST = -9.0, 25.0
"""Attenuation in dB behind a tumour, from enhancement to shadow."""
CONTRASTS = (1.0, 5.0, 9.0, 13.0, 18.0, 25.0, 33.0)
SHARES = (0.05, 0.09, 0.18, 0.27, 0.23, 0.12, 0.06)
"""How far in dB tumours lie under the tissue around them, and how many do: as in real images a few are of its grey."""


@dataclass(frozen=True, slots=True, eq=False)
class TumourForm:
    """What all images of a tumour share and no sign decides; angles in radians, levels in dB.

    ``aspect`` is height over width, ``pattern`` (720,) how an irregular outline departs from the oval, ``rays`` (720,)
    where thin strands leave it. ``contrast`` is how far the inside lies under the tissue around, ``specks`` the number
    of calcifications, ``soft`` (720,) the width of the margin as a share of the mean radius, ``capsule`` the strength
    of a bright rim.
    """

    aspect: float
    tilt: float
    pattern: Radius
    rays: Radius
    contrast: float
    specks: int
    soft: Radius
    capsule: float


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """Tissue with a lesion in it, what it takes from the beams below in dB (height, width), and its outline."""

    tissue: Tissue
    shadow: Field
    outline: Outline


def draw_tumour_form(rng: np.random.Generator) -> TumourForm:
    """The form of one patient's tumour."""
    contrast = rng.choice(CONTRASTS, p=SHARES) * rng.uniform(0.85, 1.15)
    angles = np.sort(rng.uniform(-np.pi, np.pi, int(rng.integers(9, 18))))
    return TumourForm(
        aspect=float(np.clip(0.64 * np.exp(0.24 * rng.standard_normal()), 0.34, 1.3)),
        tilt=float(rng.normal(0.0, 0.18)),
        pattern=_pattern(rng, angles),
        rays=spikes(angles, rng.uniform(0.015, 0.04, len(angles)), rng.uniform(0.3, 1.0, len(angles))),
        contrast=float(contrast),
        specks=int(rng.choice((0, 4, 12), p=(0.7, 0.2, 0.1))),
        soft=rng.uniform(0.01, 0.04) * np.exp(waves(rng.uniform(0.2, 0.9, 3), rng.uniform(-np.pi, np.pi, 3), 1)),
        capsule=float(rng.choice((0.0, 0.25, 0.5), p=(0.5, 0.3, 0.2))),
    )


def _pattern(rng: np.random.Generator, angles: NDArray[np.float64]) -> Radius:
    """Slow waves, lobes, corners and spicules in this patient's own mixture."""
    many = int(rng.integers(5, 9))
    turns = np.linspace(-np.pi, np.pi, many, endpoint=False) + rng.normal(0.0, 0.25, many)
    share = rng.dirichlet((0.7, 0.7, 0.7))
    spicules = spikes(angles, rng.uniform(0.08, 0.3, len(angles)), rng.exponential(0.4, len(angles)))
    fine = waves(rng.uniform(0.0, 0.16, 12), rng.uniform(-np.pi, np.pi, 12), 3)
    return np.asarray(
        0.6 * share[0] * lobes(int(rng.integers(5, 10)), float(rng.uniform(-np.pi, np.pi)))
        + 0.7 * share[1] * corners(np.sort(turns), rng.uniform(0.6, 1.3, many))
        + (0.2 + 0.4 * share[2]) * spicules
        + fine
    )


def draw_tumour(rng: np.random.Generator, scan: Scan, tissue: Tissue, signs: TumourSigns, form: TumourForm) -> Lesion:
    """A tumour whose size, irregularity and shadow grow with their signs."""
    spiculation = visible(signs.spiculation)
    outline = _outline(rng, scan, signs, form)
    distance, number = outline.polar(scan)
    depth = ragged(rng, outline, distance, number, (0.6 + 2.2 * spiculation) * unit(scan.size))
    soft = form.soft * (0.8 + 1.0 * spiculation) * outline.radius.mean() + unit(scan.size)
    inside = step(depth, soft.astype(np.float32)[number])
    around = surroundings(tissue.echo, depth, outline)
    drawn = _halo(tissue, depth, number, outline, form, spiculation)
    content = around - form.contrast + _content(rng, scan.size, visible(signs.heterogeneity))
    content += inherited(tissue.echo, 0.2)
    drawn = filled(drawn, inside, content)
    drawn = _specked(rng, drawn, outline, form, scan)
    strength = CLEAREST + (DARKEST - CLEAREST) * visible(signs.shadow) * rng.uniform(0.94, 1.06)
    return Lesion(drawn, cast(rng, scan.size, inside, strength), outline)


def _outline(rng: np.random.Generator, scan: Scan, signs: TumourSigns, form: TumourForm) -> Outline:
    height, width = scan.size
    area = height * width * SMALLEST * (LARGEST / SMALLEST) ** visible(signs.size) * rng.uniform(0.94, 1.06)
    box = area * 4 / np.pi
    flat, steep = box / (0.92 * width) ** 2, (0.62 * height) ** 2 / box
    aspect = float(np.clip(form.aspect * rng.uniform(0.93, 1.07), flat, max(flat, steep)))
    oval = ellipse(aspect**-0.5, aspect**0.5, form.tilt * min(1.0, 2 * (1 - aspect)) + rng.normal(0.0, 0.08))
    quotient = ROUNDEST + (ROUGHEST - ROUNDEST) * visible(signs.spiculation) * rng.uniform(0.95, 1.05)
    pattern = np.roll(form.pattern, int(rng.normal(0.0, 6.0))) + waves(*_jitter(rng), 2)
    radius = of_area(irregular(oval, pattern, quotient), area)
    return placed(rng, scan, radius, top=float(np.exp(rng.normal(np.log(0.16), 0.45))), spread=0.15)


def _jitter(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return rng.uniform(0.0, 0.04, 4), rng.uniform(-np.pi, np.pi, 4)


def placed(rng: np.random.Generator, scan: Scan, radius: Radius, top: float, spread: float) -> Outline:
    """The outline somewhere in the middle, ``top`` of the height below the skin, as far inside the sector as can be."""
    height, width = scan.size
    seen, best, most = scan.seen(), None, -1.0
    line = Outline(0.0, 0.0, radius).points()
    high, low = line[:, 1].min(), line[:, 1].max()
    y = float(np.clip(height * top, 0.05 * height, max(0.05 * height, 0.8 * height - (low - high)))) - high
    for _ in range(12):
        outline = Outline(width * rng.normal(0.5, spread), y, radius)
        at = np.rint(outline.points()).astype(int)
        within = ((at >= 0) & (at < (width, height))).all(axis=1)
        at = at[within]
        share = float(seen[at[:, 1], at[:, 0]].sum()) / len(THETA)
        if share > most:
            best, most = outline, share
        if share == 1.0:
            break
    assert best is not None
    return best


def surroundings(echo: Field, depth: Field, outline: Outline) -> float:
    """Mean echogenicity in dB of the tissue around a lesion."""
    reach = float(outline.radius.mean()) * 0.35 + 2.0
    ring = (depth < 0) & (depth > -reach)
    return float(echo[ring].mean()) if ring.any() else float(echo.mean())


def inherited(echo: Field, share: float) -> Field:
    """A share of the fine texture of the tissue that a lesion has grown into, in dB."""
    scale = unit((echo.shape[0], echo.shape[1]))
    return np.asarray(np.float32(share) * (echo - cv2.GaussianBlur(echo, (0, 0), 12.0 * scale)), np.float32)


def filled(tissue: Tissue, inside: Field, content: Field) -> Tissue:
    """Tissue replaced by ``content`` in dB where ``inside`` is 1."""
    return Tissue(
        echo=np.asarray(tissue.echo + inside * (content - tissue.echo), np.float32),
        specular=np.asarray(tissue.specular * (1.0 - inside), np.float32),
        rate=np.asarray(tissue.rate * (1.0 - inside), np.float32),
    )


def _halo(
    tissue: Tissue, depth: Field, number: NDArray[np.int32], outline: Outline, form: TumourForm, spiculation: float
) -> Tissue:
    """What surrounds a tumour: an echogenic halo crossed by dark strands, or a thin bright capsule."""
    mean = np.float32(outline.radius.mean())
    away = np.maximum(-depth, 0.0)
    rays = (form.rays.clip(0.0) * spiculation).astype(np.float32)[number]
    halo = np.exp(-away / (np.float32(0.22) * mean)) * step(-depth, 2.0)
    strands = rays * np.exp(-away / (np.float32(0.45) * mean)) * step(-depth, 2.0)
    echo = tissue.echo + np.float32(5.0 * spiculation) * halo - np.float32(22.0) * strands
    rim = np.float32(form.capsule * (1.0 - spiculation)) * ridge(depth, np.full_like(depth, 1.2))
    return Tissue(
        np.asarray(echo, np.float32),
        np.asarray(tissue.specular * (1.0 - np.minimum(2.0 * strands, 1.0)) + rim, np.float32),
        tissue.rate,
    )


def _content(rng: np.random.Generator, size: Size, heterogeneity: float) -> Field:
    """The inside's deviation from its mean level in dB: blotches, grain and bright strands."""
    width = size[1]
    blotches = smooth_noise(rng, size, 0.030 * width, 0.018 * width)
    grain = smooth_noise(rng, size, 0.008 * width, 0.004 * width)
    return np.asarray(1.5 * grain + np.float32(0.5 + 5.0 * heterogeneity) * blotches, dtype=np.float32)


def _specked(rng: np.random.Generator, tissue: Tissue, outline: Outline, form: TumourForm, scan: Scan) -> Tissue:
    """Calcifications: bright points inside the outline."""
    specular = tissue.specular.copy()
    for _ in range(form.specks):
        angle, share = rng.integers(len(THETA)), 0.85 * rng.random() ** 0.5
        x = outline.x + share * outline.radius[angle] * np.cos(THETA[angle])
        y = outline.y + share * outline.radius[angle] * np.sin(THETA[angle])
        near = np.square(scan.x - np.float32(x)) + np.square(scan.y - np.float32(y))
        specular += np.float32(rng.uniform(0.6, 1.6)) * np.exp(-near / np.float32(max(0.6, 0.7 * unit(scan.size) ** 2)))
    return Tissue(tissue.echo, np.asarray(specular, np.float32), tissue.rate)


def ragged(
    rng: np.random.Generator, outline: Outline, distance: Field, number: NDArray[np.int32], roughness: float
) -> Field:
    """Pixels that each sample lies inside a frayed outline, along its ray; negative outside."""
    size = distance.shape[0], distance.shape[1]
    width = size[1]
    fray = smooth_noise(rng, size, 0.01 * width, 0.008 * width) + smooth_noise(rng, size, 0.03 * width, 0.03 * width)
    edge = outline.radius.astype(np.float32)[number]
    return np.asarray(edge - distance + np.float32(roughness) * fray, dtype=np.float32)
