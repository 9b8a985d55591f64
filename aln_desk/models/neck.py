"""Neck: the backbone's maps to one map on the stride-8 grid."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.models.init import truncated_normal

NECK_STRIDE = 8


class Neck(nn.Module):
    """Every scale resized (bilinear) to the stride-8 grid, side by side, mixed by a 1x1 convolution.

    Mixing and resizing are linear in different directions, so they may change places: each scale is mixed on the
    smaller of the two grids and the results are added, a third of the work for the same numbers.
    """

    def __init__(self, channels: Sequence[int], dim: int) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.mix = nn.Conv2d(sum(channels), dim, 1)
        truncated_normal(self)

    def forward(self, maps: Sequence[Tensor], size: int) -> Tensor:
        """Maps (B, C_i, h_i, w_i) of an image of ``size`` pixels -> (B, dim, size / 8, size / 8)."""
        side = size // NECK_STRIDE
        kernels = torch.split(self.mix.weight, list(self.channels), dim=1)
        mixed = [_mixed(one, kernel, side) for one, kernel in zip(maps, kernels, strict=True)]
        return torch.stack(mixed).sum(0) + self.mix.get_parameter("bias")[:, None, None]


def _mixed(one: Tensor, kernel: Tensor, side: int) -> Tensor:
    """One scale (B, C_i, h, w) through its part of the convolution, (dim, C_i, 1, 1), on the grid of ``side``."""
    if one.shape[-1] < side:
        return _resized(_convolved(one, kernel), side)
    return _convolved(_resized(one, side), kernel)


def _convolved(one: Tensor, kernel: Tensor) -> Tensor:
    """The 1x1 convolution as the matrix product that it is; channels last in memory."""
    return F.linear(one.permute(0, 2, 3, 1), kernel.flatten(1)).permute(0, 3, 1, 2)


def _resized(one: Tensor, side: int) -> Tensor:
    return F.interpolate(one, (side, side), mode="bilinear", align_corners=False)
