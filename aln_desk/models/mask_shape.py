"""The form of a soft mask in six numbers: what a radiologist would say of an outline, and a pooled token cannot."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SHAPE_SIGNS = ("area", "roundness", "taller than wide", "irregularity", "fullness", "blur")
"""What `describe` gives, in order."""

CENTRE = (-1.3, -0.5, -0.45, 0.5, -0.1, -3.5)
WIDTH = (1.0, 0.3, 0.3, 0.25, 0.1, 0.5)
"""About the mean and the deviation of each over tumours and lymph nodes, so that all are numbers of one size."""
_MOST = 4.0
_LEAST_AREA = 1e-4
"""Of the picture: a mask is taken to be at least this large, so that an empty one has a form too."""


def describe(probability: Tensor) -> Tensor:
    """``probability`` (B, H, W) in [0, 1] -> (B, 6) float, about -1 to 1 each and never beyond 4.

    With the mask taken as a mass: the logarithms of its share of the picture; of short over long axis and of height
    over width (square roots of its second moments); of the squared perimeter over 4 pi area (Cox 1927; the perimeter
    is the mask's total variation); of its area over that of the ellipse of its moments; and of its blur, the area in
    doubt over the perimeter's scale, the root of the area. An empty mask gives finite numbers that mean nothing.
    """
    height, width = probability.shape[-2:]
    row = torch.linspace(-1.0, 1.0, height, device=probability.device) * (height / width)
    column = torch.linspace(-1.0, 1.0, width, device=probability.device)
    pixel = 4.0 * height / width / (height * width)
    area = pixel * probability.sum((1, 2)) + _LEAST_AREA
    along, down = pixel * probability.sum(1), pixel * probability.sum(2)
    x, y = (along * column).sum(1) / area, (down * row).sum(1) / area
    dx, dy = column - x[:, None], row - y[:, None]
    xx = (along * dx.square()).sum(1) / area + _LEAST_AREA
    yy = (down * dy.square()).sum(1) / area + _LEAST_AREA
    xy = pixel * ((probability * dy[:, :, None]).sum(1) * dx).sum(1) / area
    determinant = (xx * yy - xy.square()).clamp_min(_LEAST_AREA**2)
    middle, apart = (xx + yy) / 2, ((xx - yy).square() / 4 + xy.square()).sqrt()
    found = (
        area.log(),
        (determinant / (middle + apart).square()).log() / 2,
        (yy / xx).log() / 2,
        (_perimeter(probability).square() / (4 * math.pi * area)).log(),
        (area / (4 * math.pi * determinant.sqrt())).log(),
        (pixel * (probability * (1 - probability)).sum((1, 2)) / area.sqrt() + _LEAST_AREA).log(),
    )
    scaled = (torch.stack(found, 1) - probability.new_tensor(CENTRE)) / probability.new_tensor(WIDTH)
    return scaled.clamp(-_MOST, _MOST)


def _perimeter(probability: Tensor) -> Tensor:
    """(B,) total variation in half widths of the picture; at least that of the smallest area."""
    across = probability[:, 1:, :-1] - probability[:, :-1, :-1]
    down = probability[:, :-1, 1:] - probability[:, :-1, :-1]
    length = (across.square() + down.square() + 1e-12).sqrt().sum((1, 2))
    return length * (2.0 / probability.shape[2]) + math.sqrt(_LEAST_AREA)
