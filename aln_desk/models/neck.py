"""Neck: the backbone's maps to one map on the stride-8 grid."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.models.init import truncated_normal

NECK_STRIDE = 8


class Neck(nn.Module):
    """Every scale resized (bilinear) to the stride-8 grid, concatenated, mixed by a 1x1 convolution."""

    def __init__(self, channels: Sequence[int], dim: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(sum(channels), dim, 1)
        truncated_normal(self)

    def forward(self, maps: Sequence[Tensor], size: int) -> Tensor:
        """Maps (B, C_i, h_i, w_i) of an image of ``size`` pixels -> (B, dim, size / 8, size / 8)."""
        side = size // NECK_STRIDE
        resized = [F.interpolate(m, (side, side), mode="bilinear", align_corners=False) for m in maps]
        mixed: Tensor = self.mix(torch.cat(resized, dim=1))
        return mixed
