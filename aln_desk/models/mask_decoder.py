"""Mask decoder: the two-way Transformer of Segment Anything between the features and learned mask tokens.

Kirillov et al. 2023, "Segment Anything", arXiv 2304.02643, appendix A. Without prompts and without its
quality (IoU) token; the tokens are expanded to the batch, which the stock decoder cannot do.
"""

from __future__ import annotations

import math

import torch
from segment_anything.modeling.common import LayerNorm2d
from segment_anything.modeling.transformer import TwoWayTransformer
from torch import Tensor, nn

from aln_desk.models.init import truncated_normal

DECODER_STRIDE = 2
"""Stride of the mask logits and of the segmentation feature, in input pixels."""


class MaskDecoder(nn.Module):
    """(B, dim, h, w) -> mask logits (B, mask_tokens, 4h, 4w) and the segmentation feature (B, dim / 8, 4h,
    4w).

    With ONE mask token the attention from pixels to tokens has a single key: its softmax is constantly 1, so
    the query and key projections there (and in the token's self-attention) never receive a gradient.
    """

    def __init__(self, dim: int, mask_tokens: int) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer(depth=2, embedding_dim=dim, num_heads=8, mlp_dim=2048)
        self.upscale = nn.Sequential(
            nn.ConvTranspose2d(dim, dim // 4, 2, stride=2),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.ConvTranspose2d(dim // 4, dim // 8, 2, stride=2),
            nn.GELU(),
        )
        self.hyper = nn.ModuleList(_mlp(dim, dim // 8) for _ in range(mask_tokens))
        self.mask_tokens = nn.Parameter(torch.empty(mask_tokens, dim))
        self.no_mask = nn.Parameter(torch.empty(dim))
        # Random, never trained, yet part of the model: a buffer is saved with the parameters.
        self.register_buffer("frequencies", torch.randn(2, dim // 2))
        truncated_normal(self)
        nn.init.trunc_normal_(self.mask_tokens, std=0.02)
        nn.init.trunc_normal_(self.no_mask, std=0.02)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        batch, _, height, width = features.shape
        positions = self._positions(height, width).expand_as(features)
        tokens = self.mask_tokens.expand(batch, -1, -1)
        tokens, pixels = self.transformer(features + self.no_mask[:, None, None], positions, tokens)
        segmentation = self.upscale(pixels.transpose(1, 2).reshape_as(features))  # (B, dim / 8, 4h, 4w)
        kernels = torch.stack([mlp(tokens[:, i]) for i, mlp in enumerate(self.hyper)], dim=1)
        return torch.einsum("bkc,bchw->bkhw", kernels, segmentation), segmentation

    def _positions(self, height: int, width: int) -> Tensor:
        """Random Fourier features (1, dim, h, w) of each cell's centre in [-1, 1] (Tancik et al. 2020)."""
        frequencies = self.get_buffer("frequencies")
        y = (torch.arange(height, device=frequencies.device) + 0.5) / height * 2 - 1
        x = (torch.arange(width, device=frequencies.device) + 0.5) / width * 2 - 1
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)  # (h, w, 2)
        angle = 2 * math.pi * (grid.to(frequencies.dtype) @ frequencies)
        return torch.cat([angle.sin(), angle.cos()], dim=-1).permute(2, 0, 1)[None]


def _mlp(dim: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, outputs))
