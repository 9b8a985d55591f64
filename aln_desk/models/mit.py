"""MiT ("Mix Transformer"), the encoder of SegFormer, in its six sizes.

Xie et al. 2021, "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers",
arXiv 2105.15203, section 3.1 and its table of sizes, written from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.models.backbone import Backbone
from aln_desk.models.init import he_convolutions, truncated_normal


@dataclass(frozen=True, slots=True)
class MitSize:
    """Channels and blocks of the four stages. The other numbers are the same for every size."""

    channels: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]


MIT_SIZES = {
    "segformer-b0": MitSize(channels=(32, 64, 160, 256), depths=(2, 2, 2, 2)),
    "segformer-b1": MitSize(channels=(64, 128, 320, 512), depths=(2, 2, 2, 2)),
    "segformer-b2": MitSize(channels=(64, 128, 320, 512), depths=(3, 4, 6, 3)),
    "segformer-b3": MitSize(channels=(64, 128, 320, 512), depths=(3, 4, 18, 3)),
    "segformer-b4": MitSize(channels=(64, 128, 320, 512), depths=(3, 8, 27, 3)),
    "segformer-b5": MitSize(channels=(64, 128, 320, 512), depths=(3, 6, 40, 3)),
}
_HEADS = (1, 2, 5, 8)
_REDUCTIONS = (8, 4, 2, 1)
_PATCHES = ((7, 4), (3, 2), (3, 2), (3, 2))
_EXPANSION = 4


class MixTransformer(Backbone):
    """Four stages of overlapping patch embedding and Transformer blocks; no positional encoding."""

    strides = (4, 8, 16, 32)

    def __init__(self, size: MitSize) -> None:
        super().__init__()
        self.channels = size.channels
        inputs = (3, *size.channels[:-1])
        self.stages = nn.ModuleList(
            Stage(inputs[i], size.channels[i], size.depths[i], _HEADS[i], _REDUCTIONS[i], *_PATCHES[i])
            for i in range(4)
        )
        truncated_normal(self)
        he_convolutions(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        # Channels last in memory, a grid is its tokens: the many changes between the two copy nothing.
        image = image.contiguous(memory_format=torch.channels_last)
        maps = []
        for stage in self.stages:
            image = stage(image)
            maps.append(image)
        return maps


class Stage(nn.Module):
    """(B, inputs, h, w) -> (B, channels, h / stride, w / stride)."""

    def __init__(
        self, inputs: int, channels: int, depth: int, heads: int, reduction: int, patch: int, stride: int
    ) -> None:
        super().__init__()
        self.embed = nn.Conv2d(inputs, channels, patch, stride, padding=patch // 2)
        self.embed_norm = nn.LayerNorm(channels)
        self.blocks = nn.ModuleList(Block(channels, heads, reduction) for _ in range(depth))
        self.norm = nn.LayerNorm(channels)

    def forward(self, features: Tensor) -> Tensor:
        grid = self.embed(features)
        height, width = grid.shape[2:]
        tokens = self.embed_norm(_to_tokens(grid))
        for block in self.blocks:
            tokens = block(tokens, height, width)
        return _to_grid(self.norm(tokens), height, width)


class Block(nn.Module):
    """Pre-norm Transformer block: efficient self-attention, then Mix-FFN. (B, h * w, C) -> the same shape."""

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = EfficientAttention(channels, heads, reduction)
        self.ffn_norm = nn.LayerNorm(channels)
        self.ffn = MixFeedForward(channels)

    def forward(self, tokens: Tensor, height: int, width: int) -> Tensor:
        tokens = tokens + self.attention(self.attention_norm(tokens), height, width)
        mixed: Tensor = tokens + self.ffn(self.ffn_norm(tokens), height, width)
        return mixed


class EfficientAttention(nn.Module):
    """Self-attention; keys and values are first reduced ``reduction`` times along each side of the grid."""

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, channels)
        self.reduce: nn.Conv2d | None = None
        if reduction > 1:
            self.reduce = nn.Conv2d(channels, channels, reduction, stride=reduction)
            self.reduce_norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor, height: int, width: int) -> Tensor:
        source = tokens
        if self.reduce is not None:
            source = self.reduce_norm(_to_tokens(self.reduce(_to_grid(tokens, height, width))))
        query, key, value = (self._split(part) for part in (self.query(tokens), self.key(source), self.value(source)))
        seen = F.scaled_dot_product_attention(query, key, value)  # (B, heads, h * w, C / heads)
        attended: Tensor = self.out(seen.transpose(1, 2).flatten(2))
        return attended

    def _split(self, tokens: Tensor) -> Tensor:
        batch, length, channels = tokens.shape
        return tokens.view(batch, length, self.heads, channels // self.heads).transpose(1, 2)


class MixFeedForward(nn.Module):
    """Linear, depthwise 3x3 convolution, GELU, linear. The convolution's zero padding tells positions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels * _EXPANSION
        self.expand = nn.Linear(channels, hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.shrink = nn.Linear(hidden, channels)

    def forward(self, tokens: Tensor, height: int, width: int) -> Tensor:
        grid = self.depthwise(_to_grid(self.expand(tokens), height, width))
        mixed: Tensor = self.shrink(F.gelu(_to_tokens(grid)))
        return mixed


def _to_tokens(grid: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h * w, C)."""
    return grid.permute(0, 2, 3, 1).flatten(1, 2)


def _to_grid(tokens: Tensor, height: int, width: int) -> Tensor:
    """(B, h * w, C) -> (B, C, h, w)."""
    return torch.unflatten(tokens, 1, (height, width)).permute(0, 3, 1, 2)
