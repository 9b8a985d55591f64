"""What a picture's greys look like in numbers: histogram, speckle, spectrum, depth, contrast of the lesion.

A picture is (height, width) uint8. Black borders, the sector's corners and drawn marks are left out where it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Polygon = Sequence[tuple[float, float]]

LEVELS, BANDS, DEPTHS = 32, 16, 16
WIDTH = 512
"""Pictures are brought to this width, so that a pixel is the same share of what is seen."""

_PATCH = 48
_LAGS = 16
_NYQUIST = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Of one picture: ``histogram`` (32,) shares, ``spectrum`` (16,) in dB over log-spaced frequencies, ``depth`` (16,)
    mean grey in bands from top to bottom.

    ``along`` and ``across`` are the widths at half height in pixels of the autocorrelation of fine texture, down the
    beams and sideways; ``slope`` that of the spectrum in dB a decade; ``contrast`` the mean grey of a ring around the
    lesion less that inside, nan without a lesion.
    """

    histogram: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    depth: NDArray[np.float64]
    along: float
    across: float
    slope: float
    contrast: float


def measure(grey: Grey, lesions: Sequence[Polygon] = ()) -> Measures:
    """The measures of one picture; ``lesions`` are outlines in its pixels."""
    factor = WIDTH / grey.shape[1]
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    picture = cv2.resize(grey, (WIDTH, max(2 * _PATCH, round(grey.shape[0] * factor))), interpolation=interpolation)
    widths = texture_widths(picture)
    spectrum = radial_spectrum(picture)
    return Measures(
        histogram=np.histogram(picture, LEVELS, (0, 256))[0] / picture.size,
        spectrum=spectrum,
        depth=np.array([band.mean() for band in np.array_split(picture.astype(float), DEPTHS)]),
        along=widths[0],
        across=widths[1],
        slope=float(np.polyfit(np.log10(frequencies()), spectrum, 1)[0]),
        contrast=contrast(grey, lesions),
    )


def texture_widths(picture: Grey) -> tuple[float, float]:
    """Median over patches of the autocorrelation's width at half height (down, sideways), in pixels.

    Of greys less their mean over 17 pixels, in patches that are neither dark nor bright.
    """
    fine = picture.astype(np.float32) - cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 6.0)
    height, width = picture.shape
    found = [
        _half_widths(fine[y : y + _PATCH, x : x + _PATCH])
        for y in range(0, height - _PATCH + 1, _PATCH)
        for x in range(0, width - _PATCH + 1, _PATCH)
        if 25 < picture[y : y + _PATCH, x : x + _PATCH].mean() < 160
    ]
    if not found:
        return float("nan"), float("nan")
    down, sideways = np.median(np.array(found), axis=0)
    return float(down), float(sideways)


def _half_widths(patch: NDArray[np.float32]) -> tuple[float, float]:
    power = np.abs(np.fft.fft2(patch - patch.mean(), (2 * _PATCH, 2 * _PATCH))) ** 2
    correlation = np.fft.ifft2(power).real
    correlation /= max(float(correlation[0, 0]), 1e-9)
    return _half_width(correlation[:_LAGS, 0]), _half_width(correlation[0, :_LAGS])


def _half_width(correlation: NDArray[np.float64]) -> float:
    """Full width at half height, between lags by straight lines."""
    below = np.flatnonzero(correlation < 0.5)
    if not len(below):
        return 2.0 * _LAGS
    after = int(below[0])
    high, low = correlation[after - 1], correlation[after]
    return float(2.0 * (after - 1 + (high - 0.5) / max(high - low, 1e-9)))


def frequencies() -> NDArray[np.float64]:
    """Centres of the bands of `radial_spectrum`, in cycles a pixel."""
    edges = _edges()
    return np.asarray(np.sqrt(edges[1:] * edges[:-1]))


def _edges() -> NDArray[np.float64]:
    return np.geomspace(4 / WIDTH, _NYQUIST, BANDS + 1)


def radial_spectrum(picture: Grey) -> NDArray[np.float64]:
    """Mean power in dB in rings of frequency, of the picture less its mean under a Hann window."""
    window = np.outer(np.hanning(picture.shape[0]), np.hanning(picture.shape[1]))
    power = np.abs(np.fft.fft2((picture - picture.mean()) * window)) ** 2 / np.square(window).sum()
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in picture.shape), indexing="ij"))
    ring = np.digitize(radius.ravel(), _edges())
    total = np.bincount(ring, power.ravel(), BANDS + 2)[1:-1]
    count = np.bincount(ring, minlength=BANDS + 2)[1:-1]
    return np.asarray(10.0 * np.log10(total / np.maximum(count, 1) + 1e-6))


def contrast(grey: Grey, lesions: Sequence[Polygon]) -> float:
    """Mean grey of a ring (a third of its radius wide) around the lesions less that inside; nan without a lesion."""
    if not lesions:
        return float("nan")
    inside = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint(np.array(line)).astype(np.int32) for line in lesions], 1)
    reach = 2 * max(2, round(float(np.sqrt(inside.sum() / len(lesions) / np.pi)) / 3)) + 1
    around = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > inside
    if not inside.any() or not around.any():
        return float("nan")
    return float(grey[around].mean() - grey[inside > 0].mean())
