"""Stage 2, the patient-level multi-instance network: a Transformer over the tokens of a patient's images.

Pre-norm encoder layers as in the Vision Transformer (Dosovitskiy et al. 2021, arXiv 2010.11929), without
positional encoding, so that the verdict does not depend on the order of the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain.errors import BadSetting
from aln_desk.models.config import from_record
from aln_desk.models.init import truncated_normal


@dataclass(frozen=True, slots=True)
class MilConfig:
    """What the network is; a manifest holds it.

    ``dim``: length of a token. ``mlp``: hidden length of a layer's feed-forward part. ``view_embedding``: add
    a learned vector for the view (tumour or lymph node) to each token; not in the paper.
    """

    dim: int = 256
    layers: int = 6
    heads: int = 4
    mlp: int = 768
    dropout: float = 0.1
    view_embedding: bool = False

    def __post_init__(self) -> None:
        if min(self.dim, self.layers, self.heads, self.mlp) < 1 or self.dim % self.heads:
            raise BadSetting(
                f"No net has {self.layers} layers, {self.heads} heads, dim {self.dim} and mlp {self.mlp}; "
                "choose numbers above 0 and a dim that the heads divide."
            )
        if not 0 <= self.dropout < 1:
            raise BadSetting(f"dropout is {self.dropout}; choose a number from 0 to below 1.")

    def to_dict(self) -> dict[str, Any]:
        """A record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> MilConfig:
        """The inverse of `to_dict`; raises `BadModel` for unknown keys and values that cannot be used."""
        return from_record(cls, record)


@dataclass(frozen=True, slots=True, eq=False)
class MilOutput:
    """Findings on B bags of up to N images.

    ``logit`` (B,): > 0 is ALN positive. ``instance_score`` (B, N) in [0, 1]: the score of a bag that holds
    this image alone. ``weight`` (B, N): where the verdict looks (`attention_rollout`), 1 in sum over a bag.
    The last two carry no gradient and are 0 for absent images. How far each image moved the verdict is told
    by `aln_desk.models.shares`.
    """

    logit: Tensor
    instance_score: Tensor
    weight: Tensor


class BagTransformer(nn.Module):
    """[CLS] + tokens -> encoder layers -> LayerNorm -> CLS -> one logit."""

    def __init__(self, config: MilConfig) -> None:
        super().__init__()
        self.config = config
        self.cls = nn.Parameter(torch.zeros(config.dim))
        self.views = nn.Embedding(2, config.dim) if config.view_embedding else None
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.head = nn.Linear(config.dim, 1)
        truncated_normal(self)

    def forward(self, tokens: Tensor, present: Tensor, view: Tensor | None = None) -> MilOutput:
        """Bags padded to a common N >= 1.

        ``tokens`` (B, N, dim) float; ``present`` (B, N) bool, False where a bag has no such image: whatever
        stands there, nan included, has no influence. ``view`` (B, N) int, 0 tumour and 1 lymph node; read
        only with ``config.view_embedding``, which requires it.
        """
        logit, attentions = self._read(tokens, present, view)
        return MilOutput(
            logit=logit,
            instance_score=self._alone(tokens, present, view),
            weight=attention_rollout(attentions, present),
        )

    def logit(self, tokens: Tensor, present: Tensor, view: Tensor | None = None) -> Tensor:
        """``forward(...).logit`` (B,) without the evidence: all that training needs."""
        return self._read(tokens, present, view)[0]

    @torch.no_grad()
    def _alone(self, tokens: Tensor, present: Tensor, view: Tensor | None) -> Tensor:
        """(B, N) score of each image as a bag of one. A token's own final state would be cheaper, but the
        head never learned to read it: only CLS is trained.
        """
        single_view = None if view is None else view.reshape(-1, 1)
        logit, _ = self._read(tokens.flatten(0, 1)[:, None], present.reshape(-1, 1), single_view)
        return torch.sigmoid(logit).view_as(present) * present

    def _read(self, tokens: Tensor, present: Tensor, view: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """The logit and every layer's attention (B, heads, 1 + N, 1 + N)."""
        if self.views is not None:
            if view is None:
                raise ValueError("this network reads the view of each image; give `view`")
            tokens = tokens + self.views(view)
        tokens = tokens.masked_fill(~present[..., None], 0.0)
        state = torch.cat([self.cls.expand(len(tokens), 1, -1), tokens], dim=1)
        seen = F.pad(present, (1, 0), value=True)  # CLS is always there, so no softmax is empty
        attentions = []
        for layer in self.layers:
            state, attention = layer(state, seen)
            attentions.append(attention)
        return self.head(self.norm(state[:, 0])).squeeze(1), attentions


class EncoderLayer(nn.Module):
    """Pre-norm self-attention and feed-forward, each with a residual. Returns the new state and the
    attention.

    The softmax is written out: bags are a few images, and the attention itself is wanted.
    """

    def __init__(self, config: MilConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(config.dim)
        self.query_key_value = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.out = nn.Linear(config.dim, config.dim)
        self.mlp_norm = nn.LayerNorm(config.dim)
        self.mlp = nn.Sequential(
            nn.Linear(config.dim, config.mlp),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.mlp, config.dim),
            nn.Dropout(config.dropout),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, state: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """``state`` (B, L, dim), ``seen`` (B, L) bool keys -> (B, L, dim), (B, heads, L, L)."""
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in self.query_key_value(self.attention_norm(state)).chunk(3, dim=2)
        )
        scale = query.shape[-1] ** -0.5
        similarity = (query @ key.transpose(2, 3) * scale).masked_fill(~seen[:, None, None], float("-inf"))
        attention = similarity.softmax(dim=-1)
        mixed = (self.dropout(attention) @ value).transpose(1, 2).flatten(2)
        state = state + self.dropout(self.out(mixed))
        return state + self.mlp(self.mlp_norm(state)), attention.detach()


def attention_rollout(attentions: list[Tensor], present: Tensor) -> Tensor:
    """How much of what CLS holds at the end came from each image, by attention alone: (B, N), 1 in sum over a
    bag.

    Abnar and Zuidema 2020, arXiv 2005.00928: R = A'_L ... A'_1 with A' = (mean over heads of A + identity) /
    2; the row of CLS, without CLS itself, normalised. ``attentions``: one (B, heads, 1 + N, 1 + N) a layer,
    first layer first. A bag without any image gives zeros.
    """
    identity = torch.eye(present.shape[1] + 1, device=present.device)
    flow = identity.expand(len(present), -1, -1)
    for attention in attentions:
        flow = (attention.float().mean(dim=1) + identity) / 2 @ flow
    share = flow[:, 0, 1:] * present
    return share / share.sum(dim=1, keepdim=True).clamp_min(torch.finfo(share.dtype).tiny)
