"""From an image of any size to the network's square input, and back: the one place that resizes for a
network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.verdict import Placement
from aln_desk.io import burned_in
from aln_desk.models.config import from_record

Geometry = Literal["letterbox", "stretch"]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How images reach the network; a manifest holds it.

    ``size``: side of the square input. ``mean`` and ``std`` are per RGB channel on the scale 0-255 (the
    defaults are the paper's). ``geometry``: ``letterbox`` keeps the aspect, the long edge fills the square,
    the rest is padding on both sides; ``stretch`` ignores the aspect, as the paper's test does. ``clean``: first
    blank what the scanner drew, at the image's own resolution (`burned_in.cleaned`).
    """

    size: int = 256
    mean: Triple = (39.02, 39.34, 41.44)
    std: Triple = (54.45, 53.53, 53.74)
    geometry: Geometry = "letterbox"
    clean: bool = False

    def __post_init__(self) -> None:
        if self.size < 1:
            raise BadSetting(f"size is {self.size}; choose 1 or more.")
        if self.geometry not in get_args(Geometry):
            raise BadSetting(f"There is no geometry '{self.geometry}'; choose letterbox or stretch.")
        if not isinstance(self.clean, bool):
            raise BadSetting(f"clean is {self.clean}; choose true or false.")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(value > 0 for value in self.std):
            raise BadSetting("mean and std need three numbers each, those of std above 0.")
        if not all(math.isfinite(value) for value in (*self.mean, *self.std)):
            raise BadSetting("mean and std must be finite.")

    def to_dict(self) -> dict[str, Any]:
        """A record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Preprocess:
        """The inverse of `to_dict`; raises `BadModel` for unknown keys and values that cannot be used."""
        return from_record(cls, record)

    @property
    def padding(self) -> tuple[int, int, int]:
        """RGB of the padding: the rounded mean, about 0 once normalised."""
        red, green, blue = (int(np.clip(round(value), 0, 255)) for value in self.mean)
        return red, green, blue

    def place(self, height: int, width: int) -> Placement:
        """Where an image of ``height`` x ``width`` pixels (each >= 1) comes to lie.

        The content has a whole number of pixels, at least 1; the scales are those of the content as it is, so
        that letterboxing's two differ by that rounding.
        """
        left, top, right, bottom = self._content(height, width)
        return Placement(self.size, (right - left) / width, (bottom - top) / height, float(left), float(top))

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB -> (size, size, 3) uint8 RGB; shrunk by area, enlarged linearly."""
        shown = burned_in.cleaned(image) if self.clean else image
        return self._into_square(shown, np.array(self.padding, np.uint8), smooth=True)

    def apply_mask(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W) uint8 classes -> (size, size) uint8, nearest; 0 in the padding."""
        return self._into_square(mask, np.zeros((), np.uint8), smooth=False)

    def normalise(self, batch: Tensor) -> Tensor:
        """(B, 3, size, size) RGB 0-255 of any dtype -> float32 of mean about 0 and deviation about 1, same
        device.
        """
        mean, std = (torch.tensor(v, device=batch.device).view(1, 3, 1, 1) for v in (self.mean, self.std))
        return (batch.float() - mean) / std

    def mask_to_image(self, mask: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
        """(size, size) logits or probabilities -> (height, width) float32 on the image, linear; the inverse
        of `apply`. The padding does not bleed into the result.
        """
        left, top, right, bottom = self._content(height, width)
        content = np.ascontiguousarray(mask[top:bottom, left:right], np.float32)
        return np.asarray(cv2.resize(content, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

    def _content(self, height: int, width: int) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of the image in the square, whole pixels."""
        if self.geometry == "stretch":
            return 0, 0, self.size, self.size
        scale = self.size / max(height, width)
        inner_height, inner_width = max(1, round(height * scale)), max(1, round(width * scale))
        left, top = (self.size - inner_width) // 2, (self.size - inner_height) // 2
        return left, top, left + inner_width, top + inner_height

    def _into_square(self, array: NDArray[np.uint8], padding: NDArray[np.uint8], *, smooth: bool) -> NDArray[np.uint8]:
        left, top, right, bottom = self._content(*array.shape[:2])
        shrinks = bottom - top < array.shape[0] or right - left < array.shape[1]
        method = (cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR) if smooth else cv2.INTER_NEAREST_EXACT
        square = np.empty((self.size, self.size, *array.shape[2:]), np.uint8)
        square[:] = padding
        square[top:bottom, left:right] = cv2.resize(array, (right - left, bottom - top), interpolation=method)
        return square
