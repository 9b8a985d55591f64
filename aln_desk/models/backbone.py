"""What every backbone is."""

from __future__ import annotations

from torch import Tensor, nn


class Backbone(nn.Module):
    """(B, 3, S, S) -> one map (B, channels[i], S / strides[i], S / strides[i]) a scale, finest first."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]

    def forward(self, image: Tensor) -> list[Tensor]:
        raise NotImplementedError
