"""Segment Anything's mask decoder, computed as our own is: the same numbers in a third of the time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.models.mask_decoder import on_grid, quartered
from aln_desk.models.two_way import TwoWayTransformer


class SamDecoder(nn.Module):
    """For one image and one prompt. ``theirs``: segment_anything's decoder, whose parameters it takes over.

    Of several masks only the best one is computed beyond its score.
    """

    def __init__(self, theirs: Any) -> None:
        super().__init__()
        layers = theirs.transformer.layers
        heads, hidden = layers[0].self_attn.num_heads, layers[0].mlp.lin1.out_features
        self.transformer = TwoWayTransformer(len(layers), theirs.transformer_dim, heads, hidden)
        self.transformer.load_state_dict(theirs.transformer.state_dict())
        self.first, self.norm, _, self.second, _ = theirs.output_upscaling
        self.kernels, self.scores = theirs.output_hypernetworks_mlps, theirs.iou_prediction_head
        self.own_tokens = nn.Parameter(torch.cat([theirs.iou_token.weight, theirs.mask_tokens.weight]))

    def forward(
        self, features: Tensor, positions: Tensor, sparse: Tensor, dense: Tensor, several: bool
    ) -> tuple[Tensor, Tensor]:
        """The mask's logits (4h, 4w) and its score ().

        ``features``, ``positions`` and ``dense`` (1, C, h, w); ``sparse`` (1, K, C), the prompt. ``several``: the best
        of the masks for ambiguous prompts, else the one for others.
        """
        height, width = features.shape[2:]
        tokens = torch.cat([self.own_tokens[None], sparse], dim=1)
        tokens, pixels = self.transformer(_rows(features + dense), _rows(positions), tokens)
        scores = self.scores(tokens[0, 0])
        best = 1 + int(scores[1:].argmax()) if several else 0
        kernel = self.kernels[best](tokens[0, 1 + best])
        logits = self._upscaled(pixels) @ kernel[:, None]
        return on_grid(logits, height, width)[0, 0], scores[best]

    def _upscaled(self, pixels: Tensor) -> Tensor:
        """(1, h * w, C) -> (1, h * w * 16, C / 8): quarters of quarters of each pixel."""
        norm: Any = self.norm
        once = quartered(pixels, self.first)
        once = F.layer_norm(once, norm.weight.shape, norm.weight, norm.bias, norm.eps)
        return F.gelu(quartered(F.gelu(once), self.second))


def _rows(maps: Tensor) -> Tensor:
    return maps.flatten(2).transpose(1, 2)
