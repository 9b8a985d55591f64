"""Mask decoder: the two-way Transformer of Segment Anything between the features and learned mask tokens.

Kirillov et al. 2023, "Segment Anything", arXiv 2304.02643, appendix A. Without prompts and without its
quality (IoU) token; the tokens are expanded to the batch, which the stock decoder cannot do.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.models.init import truncated_normal
from aln_desk.models.two_way import TwoWayTransformer

DECODER_STRIDE = 2
"""Stride of the mask logits and of the segmentation feature, in input pixels."""


class MaskDecoder(nn.Module):
    """(B, dim, h, w) -> mask logits (B, mask_tokens, 4h, 4w) and the segmentation feature (B, dim / 8, 4h,
    4w).

    With ONE mask token the attention from pixels to tokens has a single key: its softmax is constantly 1, so
    the query and key projections there (and in the token's self-attention) get a gradient of exactly zero.
    """

    def __init__(self, dim: int, mask_tokens: int) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer(depth=2, dim=dim, heads=8, mlp_dim=2048)
        self.upscale = nn.Sequential(
            nn.ConvTranspose2d(dim, dim // 4, 2, stride=2),
            nn.LayerNorm(dim // 4, eps=1e-6),
            nn.GELU(),
            nn.ConvTranspose2d(dim // 4, dim // 8, 2, stride=2),
            nn.GELU(),
        )
        self.hyper = nn.ModuleList(_mlp(dim, dim // 8) for _ in range(mask_tokens))
        self.mask_tokens = nn.Parameter(torch.empty(mask_tokens, dim))
        self.no_mask = nn.Parameter(torch.empty(dim))
        # Random, never trained, yet part of the model: a buffer is saved with the parameters.
        frequencies = torch.empty(2, dim // 2)
        self.register_buffer("frequencies", frequencies if frequencies.is_meta else frequencies.normal_())
        truncated_normal(self)
        nn.init.trunc_normal_(self.mask_tokens, std=0.02)
        nn.init.trunc_normal_(self.no_mask, std=0.02)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        batch, _, height, width = features.shape
        pixels = features.permute(0, 2, 3, 1).flatten(1, 2) + self.no_mask  # (B, h * w, dim)
        tokens = self.mask_tokens.expand(batch, -1, -1)
        tokens, pixels = self.transformer(pixels, self.positions(height, width), tokens)
        fine = self._upscaled(pixels)  # (B, h * w * 16, dim / 8)
        kernels = torch.stack([mlp(tokens[:, i]) for i, mlp in enumerate(self.hyper)], dim=1)
        logits = fine @ kernels.transpose(1, 2)  # (B, h * w * 16, mask_tokens)
        return on_grid(logits, height, width), on_grid(fine, height, width)

    def positions(self, height: int, width: int) -> Tensor:
        """Random Fourier features (1, h * w, dim) of each cell's centre in [-1, 1] (Tancik et al. 2020)."""
        frequencies = self.get_buffer("frequencies")
        y = (torch.arange(height, device=frequencies.device) + 0.5) / height * 2 - 1
        x = (torch.arange(width, device=frequencies.device) + 0.5) / width * 2 - 1
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).flatten(0, 1)  # (h * w, 2)
        angle = 2 * math.pi * (grid.to(frequencies.dtype) @ frequencies)
        return torch.cat([angle.sin(), angle.cos()], dim=-1)[None]

    def _upscaled(self, pixels: Tensor) -> Tensor:
        """(B, N, dim) -> (B, N * 16, dim / 8): each pixel's quarters, and the quarters' quarters.

        What a transposed convolution of kernel and stride 2 makes of a pixel depends on no other pixel, so the parts
        need no order among each other until the end.
        """
        first, norm, _, second, _ = self.upscale
        assert isinstance(first, nn.ConvTranspose2d) and isinstance(second, nn.ConvTranspose2d)
        return F.gelu(quartered(F.gelu(norm(quartered(pixels, first))), second))


def quartered(pixels: Tensor, upscale: nn.ConvTranspose2d) -> Tensor:
    """(B, N, C) -> (B, N * 4, C'): the two rows of two that one pixel becomes."""
    kernel = upscale.weight.permute(2, 3, 1, 0).flatten(0, 2)  # (2 * 2 * C', C)
    parts = F.linear(pixels, kernel, upscale.get_parameter("bias").repeat(4))
    return torch.unflatten(parts, 2, (4, -1)).flatten(1, 2)


def on_grid(parts: Tensor, height: int, width: int) -> Tensor:
    """(B, height * width * 16, C), quarters of quarters -> (B, C, 4 * height, 4 * width), channels last in memory."""
    grid = torch.unflatten(parts, 1, (height, width, 2, 2, 2, 2)).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return grid.flatten(4, 6).flatten(1, 3).permute(0, 3, 1, 2)


def _mlp(dim: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, outputs))
