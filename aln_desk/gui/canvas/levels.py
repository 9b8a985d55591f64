"""How the image's greys are shown: brightness, contrast, gamma, inversion, local contrast. The image stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, tan

import numpy as np
from numpy.typing import NDArray

FLATTEST, STEEPEST = 0.2, 5.0
"""Limits of gamma."""
_CLIP = 2.5
"""How much steeper than the mean CLAHE may make a grey scale, which keeps speckle from being blown up ..."""
_TILES = 8
"""... in each of 8 x 8 tiles."""


@dataclass(frozen=True, slots=True)
class Levels:
    """``brightness`` and ``contrast`` are -1..1 with 0 neutral, ``gamma`` `FLATTEST`..`STEEPEST` with 1 neutral.

    A gamma above 1 lightens the middle greys and leaves black and white. ``local`` is contrast limited adaptive
    histogram equalization, done before all else; ``invert`` comes last.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0
    invert: bool = False
    local: bool = False

    @property
    def neutral(self) -> bool:
        """Whether the image is shown as it was recorded."""
        return self == Levels()

    def table(self) -> NDArray[np.uint8]:
        """(256,) uint8: the grey value shown for each grey value stored.

        Contrast turns the straight line around mid-grey, from flat to a step; brightness moves it up or down.
        """
        gain = tan((min(max(self.contrast, -1.0), 0.98) + 1) * pi / 4)
        curved = 255 * (np.arange(256) / 255) ** (1 / min(max(self.gamma, FLATTEST), STEEPEST))
        shown = (curved - 127.5) * gain + 127.5 + self.brightness * 127.5
        table: NDArray[np.uint8] = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
        return 255 - table if self.invert else table


class Developer:
    """One image's pixels, and what `Levels` make of them; local contrast is computed once an image."""

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        """``rgb`` is (H, W, 3) uint8."""
        self._rgb = rgb
        self._plain: NDArray[np.uint8] | None = None
        self._local: NDArray[np.uint8] | None = None

    def developed(self, levels: Levels) -> NDArray[np.uint8]:
        """(H, W, 3) RGB, or (H, W) where the image has greys only and is not shown as recorded; uint8."""
        if levels.neutral:
            return self._rgb
        source = self._equalized() if levels.local else self._greys()
        return np.take(levels.table(), source)

    def _greys(self) -> NDArray[np.uint8]:
        """One channel says everything of a grey image, in a third of the time."""
        if self._plain is None:
            red, green, blue = (self._rgb[..., channel] for channel in range(3))
            grey = np.array_equal(red, green) and np.array_equal(green, blue)
            self._plain = np.ascontiguousarray(red) if grey else self._rgb
        return self._plain

    def _equalized(self) -> NDArray[np.uint8]:
        if self._local is None:
            self._local = local_contrast(self._greys())
        return self._local


def local_contrast(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) greys or (H, W, 3) RGB with each region's contrast stretched, colours kept (Zuiderveld 1994)."""
    import cv2

    equalizer = cv2.createCLAHE(_CLIP, (_TILES, _TILES))
    if pixels.ndim == 2:
        return np.asarray(equalizer.apply(pixels), np.uint8)
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lab[..., 0] = equalizer.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
