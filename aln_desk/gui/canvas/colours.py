"""Pictures of values: the CAM, the predicted mask's tint, pixels of any kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from aln_desk.domain.cam_scale import cam_rgba

_FINER = 8
"""A CAM is interpolated to this many points a cell before it is coloured: colours themselves do not mix."""
_FORMATS = {
    1: (QImage.Format.Format_Grayscale8, QImage.Format.Format_RGB32),
    3: (QImage.Format.Format_RGB888, QImage.Format.Format_RGB32),
    4: (QImage.Format.Format_RGBA8888, QImage.Format.Format_ARGB32_Premultiplied),
}
"""By channels: as numpy stores them, as Qt paints fastest."""


def cam_picture(cam: NDArray[np.float32], top: float) -> QImage:
    """A CAM (h, w) in logits as a picture of (h * 8, w * 8) in the colours of `cam_scale`."""
    return to_qimage(cam_rgba(_finer(np.nan_to_num(cam)), top))


def mask_rgba(mask: NDArray[np.bool_], colour: str) -> NDArray[np.uint8]:
    """(H, W, 4) uint8 RGBA: ``colour`` where the mask is, clear elsewhere."""
    tint = QColor(colour)
    painted = np.zeros((*mask.shape, 4), np.uint8)
    painted[mask] = (tint.red(), tint.green(), tint.blue(), 255)
    return painted


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """A QImage with its own memory from (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, ready for fast painting."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    stored, fast = _FORMATS[pixels.shape[2] if pixels.ndim == 3 else 1]
    return QImage(pixels.data, width, height, pixels.strides[0], stored).convertToFormat(fast)


def _finer(cam: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear, with cell centres kept in place."""
    rows, columns = (_weights(length) for length in cam.shape)
    return (rows @ cam @ columns.T).astype(np.float32)


def _weights(length: int) -> NDArray[np.float32]:
    """(length * 8, length): each finer point as a mean of its two nearest cell centres."""
    at = np.clip((np.arange(length * _FINER) + 0.5) / _FINER - 0.5, 0, length - 1)
    weights: NDArray[np.float32] = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(length))).astype(np.float32)
    return weights
