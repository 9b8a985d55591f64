"""Tables and pictures of values: brightness and contrast, the CAM's colour map, the predicted mask's tint."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10, pi, tan

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

CAM_TOP = 4.0
"""Logits that the CAM's scale must hold where the model does not say how strong its evidence becomes."""
_STEPS = 5
"""A scale has at most this many steps between its ticks."""
_CAM_FADE = (0.1, 0.5)
"""Shares of the scale between which evidence fades in: below it is clear, so that weak evidence hides no tissue."""
_FINER = 8
"""A CAM is interpolated to this many points a cell before it is coloured: colours themselves do not mix."""

_INFERNO = np.array(
    [
        (0, 0, 4),
        (31, 12, 72),
        (85, 15, 109),
        (136, 34, 106),
        (186, 54, 85),
        (227, 89, 51),
        (249, 140, 10),
        (249, 201, 50),
        (252, 255, 164),
    ],
    dtype=np.float64,
)
"""Nine evenly spaced colours of the inferno map (public domain, CC0, by N. Smith and S. van der Walt)."""


def levels(brightness: float, contrast: float) -> NDArray[np.uint8]:
    """(256,) uint8: the grey value shown for each grey value stored.

    Both arguments are -1..1 with 0 neutral. Contrast turns the straight line around mid-grey, from flat to a step;
    brightness moves it up or down.
    """
    gain = tan((min(max(contrast, -1.0), 0.98) + 1) * pi / 4)
    shown = (np.arange(256) - 127.5) * gain + 127.5 + brightness * 127.5
    table: NDArray[np.uint8] = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    return table


def inferno() -> NDArray[np.uint8]:
    """(256, 3) uint8 RGB, dark to bright, lightness rising all the way."""
    at = np.linspace(0, len(_INFERNO) - 1, 256)
    channels = [np.interp(at, np.arange(len(_INFERNO)), _INFERNO[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


def cam_colours() -> NDArray[np.uint8]:
    """(256, 4) uint8 RGBA along the CAM's scale, 0 to its top: inferno, fading in from clear."""
    alpha = np.interp(np.linspace(0, 1, 256), _CAM_FADE, (0, 255))
    return np.column_stack([inferno(), np.rint(alpha).astype(np.uint8)])


@dataclass(frozen=True, slots=True)
class CamScale:
    """``top``: logits at the bright end, larger ones look the same. ``ticks``: round numbers from 0 to the top."""

    top: float
    ticks: tuple[float, ...]


def cam_scale(highest: float) -> CamScale:
    """The shortest scale of at most five round steps that holds ``highest`` (logits, above 0)."""
    power = 10.0 ** floor(log10(highest / _STEPS))
    counts = {factor * power: ceil(highest / (factor * power) - 1e-9) for factor in (1, 2, 2.5, 5, 10)}
    step, count = next((step, count) for step, count in counts.items() if count <= _STEPS)
    ticks = tuple(round(number * step, 10) for number in range(count + 1))
    return CamScale(ticks[-1], ticks)


def cam_rgba(cam: NDArray[np.float32], top: float = CAM_TOP) -> NDArray[np.uint8]:
    """(h * 8, w * 8, 4) uint8 RGBA of a CAM (h, w) in logits.

    The colour is value / ``top``; evidence below a tenth of it is clear. A value that is not a number is clear too.
    """
    share = np.clip(_finer(np.nan_to_num(cam)) / top, 0, 1)
    painted: NDArray[np.uint8] = cam_colours()[np.rint(share * 255).astype(np.intp)]
    return painted


def mask_rgba(mask: NDArray[np.bool_], colour: str) -> NDArray[np.uint8]:
    """(H, W, 4) uint8 RGBA: ``colour`` where the mask is, clear elsewhere."""
    tint = QColor(colour)
    painted = np.zeros((*mask.shape, 4), np.uint8)
    painted[mask] = (tint.red(), tint.green(), tint.blue(), 255)
    return painted


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """A QImage with its own memory from (H, W, 3) RGB or (H, W, 4) RGBA, ready for fast painting."""
    pixels = np.ascontiguousarray(pixels)
    height, width, channels = pixels.shape
    stored, fast = (
        (QImage.Format.Format_RGB888, QImage.Format.Format_RGB32)
        if channels == 3
        else (QImage.Format.Format_RGBA8888, QImage.Format.Format_ARGB32_Premultiplied)
    )
    return QImage(pixels.data, width, height, channels * width, stored).convertToFormat(fast)


def _finer(cam: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear, with cell centres kept in place."""
    rows, columns = (_weights(length) for length in cam.shape)
    return (rows @ cam @ columns.T).astype(np.float32)


def _weights(length: int) -> NDArray[np.float32]:
    """(length * 8, length): each finer point as a mean of its two nearest cell centres."""
    at = np.clip((np.arange(length * _FINER) + 0.5) / _FINER - 0.5, 0, length - 1)
    weights: NDArray[np.float32] = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(length))).astype(np.float32)
    return weights
