"""U-Net: an encoder of five levels and a decoder that joins them again.

Ronneberger et al. 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation", arXiv 1505.04597, figure 1,
written from there; with batch norm, and with padding, so that no border is cropped.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aln_desk.models.backbone import Backbone
from aln_desk.models.init import he_convolutions


class UNet(Backbone):
    """The five maps of the decoder, its deepest the encoder's own: 64, 128, 256, 512 and 1024 channels."""

    channels = (64, 128, 256, 512, 1024)
    strides = (1, 2, 4, 8, 16)

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *self.channels[:-1])
        self.down = nn.ModuleList(_double(*pair) for pair in zip(inputs, self.channels, strict=True))
        self.halve = nn.MaxPool2d(2)
        self.up = nn.ModuleList(Join(fine, fine * 2) for fine in self.channels[:-1])
        he_convolutions(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        encoded = [self.down[0](image)]
        for level in self.down[1:]:
            encoded.append(level(self.halve(encoded[-1])))
        maps = [encoded[-1]]
        for join, skipped in zip(reversed(self.up), reversed(encoded[:-1]), strict=True):
            maps.insert(0, join(skipped, maps[0]))
        return maps


class Join(nn.Module):
    """(B, fine, 2h, 2w) of the encoder and (B, coarse, h, w) from below -> (B, fine, 2h, 2w)."""

    def __init__(self, fine: int, coarse: int) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(coarse, fine, 2, stride=2)
        self.convolve = _double(2 * fine, fine)

    def forward(self, skipped: Tensor, below: Tensor) -> Tensor:
        joined: Tensor = self.convolve(torch.cat([skipped, self.enlarge(below)], dim=1))
        return joined


def _double(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with batch norm and ReLU; the norm makes a bias needless."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
