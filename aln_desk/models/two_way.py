"""The two-way Transformer of Segment Anything: a few tokens and many pixels that attend to one another.

Kirillov et al. 2023, "Segment Anything", arXiv 2304.02643, appendix A; parameters are named as its authors name
theirs. No projection is ever computed for every pixel: it is folded into the few tokens instead,
``(W p) . t = p . (W' t)``, which gives the same numbers for a twentieth of the work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TwoWayTransformer(nn.Module):
    """``forward(pixels (B, N, C), positions (1, N, C), tokens (B, K, C)) -> (tokens, pixels)`` of the same shapes.

    ``positions`` and the tokens as they came in are added to whatever asks or is asked, never to what is told.
    """

    def __init__(self, depth: int, dim: int, heads: int, mlp_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(dim, heads, mlp_dim, first=i == 0) for i in range(depth))
        self.final_attn_token_to_image = Attention(dim, dim // 2, heads)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(self, pixels: Tensor, positions: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        start = tokens
        for layer in self.layers:
            tokens, pixels = layer(tokens, pixels, start, positions)
        tokens = tokens + self.final_attn_token_to_image.gather(tokens + start, pixels, positions)
        return self.norm_final_attn(tokens), pixels


class TwoWayBlock(nn.Module):
    """Tokens attend to one another, tokens to pixels, an MLP on the tokens, pixels to tokens; norm after each."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.self_attn = Attention(dim, dim, heads)
        self.norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = Attention(dim, dim // 2, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = FeedForward(dim, mlp_dim)
        self.norm3 = nn.LayerNorm(dim)
        self.norm4 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = Attention(dim, dim // 2, heads)

    def forward(self, tokens: Tensor, pixels: Tensor, start: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        # The first block's tokens are only where they start: nothing is added to them, nor are they kept.
        asking = tokens if self.first else tokens + start
        told = self.self_attn(asking, tokens)
        tokens = self.norm1(told if self.first else tokens + told)
        tokens = self.norm2(tokens + self.cross_attn_token_to_image.gather(tokens + start, pixels, positions))
        tokens = self.norm3(tokens + self.mlp(tokens))
        told = self.cross_attn_image_to_token.spread(pixels, positions, tokens + start, tokens)
        return tokens, self.norm4(pixels + told)


class FeedForward(nn.Module):
    """Linear, ReLU, linear on each token."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden)
        self.lin2 = nn.Linear(hidden, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        mixed: Tensor = self.lin2(F.relu(self.lin1(tokens)))
        return mixed


class Attention(nn.Module):
    """Multi-head attention whose queries, keys and values have ``inner`` channels. K tokens, N pixels, C channels,
    H heads of D channels each.
    """

    def __init__(self, dim: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (inner // heads) ** -0.5
        self.q_proj = nn.Linear(dim, inner)
        self.k_proj = nn.Linear(dim, inner)
        self.v_proj = nn.Linear(dim, inner)
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, asking: Tensor, tokens: Tensor) -> Tensor:
        """Tokens to tokens; all (B, K, C)."""
        query, key, value = self._split(self.q_proj(asking)), self._split(self.k_proj(asking)), self._values(tokens)
        weight = (query @ key.transpose(2, 3) * self.scale).softmax(-1)  # (B, H, K, K)
        return self._joined(weight @ value)

    def gather(self, asking: Tensor, pixels: Tensor, positions: Tensor) -> Tensor:
        """What the tokens (B, K, C) find in the pixels (B, N, C) at their positions (1, N, C): (B, K, C)."""
        logits = self._logits(self._split(self.q_proj(asking)), self.k_proj, pixels, positions)
        weight = logits.softmax(-1)  # (B, H * K, N)
        seen = torch.unflatten(weight @ pixels, 1, (self.heads, -1))  # (B, H, K, C): before the projection
        values = torch.unflatten(self.v_proj.weight, 0, (self.heads, -1))  # (H, D, C)
        bias = torch.unflatten(self.v_proj.bias, 0, (self.heads, 1, -1))  # whole, since the weights sum to 1
        return self._joined(seen @ values.transpose(1, 2) + bias)

    def spread(self, pixels: Tensor, positions: Tensor, asked: Tensor, tokens: Tensor) -> Tensor:
        """What every pixel (B, N, C) is told by the tokens (B, K, C), found by ``asked``: (B, N, C).

        With one token each pixel is told the same, whatever it asks: then one pixel asks for all, (B, 1, C).
        """
        if tokens.shape[1] == 1:
            pixels, positions = pixels[:, :1], positions[:, :1]
        logits = self._logits(self._split(self.k_proj(asked)), self.q_proj, pixels, positions)
        weight = torch.unflatten(logits, 1, (self.heads, -1)).softmax(2).flatten(1, 2)  # (B, H * K, N)
        out = torch.unflatten(self.out_proj.weight, 1, (self.heads, -1))  # (C, H, D)
        told = self._values(tokens) @ out.permute(1, 2, 0)  # (B, H, K, C): projected before it is spread
        return weight.transpose(1, 2) @ told.flatten(1, 2) + self.out_proj.bias

    def _logits(self, tokens: Tensor, projection: nn.Linear, pixels: Tensor, positions: Tensor) -> Tensor:
        """(B, H * K, N): the tokens' (B, H, K, D) products with ``projection(pixels + positions)``, scaled."""
        tokens = tokens * self.scale
        probe = (tokens @ torch.unflatten(projection.weight, 0, (self.heads, -1))).flatten(1, 2)  # (B, H * K, C)
        bias = (tokens @ torch.unflatten(projection.bias, 0, (self.heads, -1, 1))).flatten(1, 2)  # (B, H * K, 1)
        return probe @ pixels.transpose(1, 2) + probe @ positions.transpose(1, 2) + bias

    def _values(self, tokens: Tensor) -> Tensor:
        return self._split(self.v_proj(tokens))

    def _split(self, tokens: Tensor) -> Tensor:
        """(B, K, H * D) -> (B, H, K, D)."""
        return torch.unflatten(tokens, 2, (self.heads, -1)).transpose(1, 2)

    def _joined(self, parts: Tensor) -> Tensor:
        """(B, H, K, D) -> (B, K, C), projected."""
        out: Tensor = self.out_proj(parts.transpose(1, 2).flatten(2))
        return out
