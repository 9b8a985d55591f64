"""Stage 2, from the tokens of a patient's images to one logit: what every bag network shares, and the paper's.

The paper's is a Transformer: pre-norm encoder layers as in the Vision Transformer (Dosovitskiy et al. 2021, arXiv
2010.11929) without positional encoding, so that the verdict does not depend on the order of the images. The other
kinds are in `aln_desk.models.aggregators`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.recipe import AGGREGATORS
from aln_desk.models.config import from_record
from aln_desk.models.init import truncated_normal

RULES = ("max", "mean", "majority", "noisy-or")
"""Kinds with nothing to learn: fixed rules over image scores."""

VIEWS = ("all", "tumour")


@dataclass(frozen=True, slots=True)
class MilConfig:
    """What the network is; a manifest holds it.

    ``kind``: one of `AGGREGATORS`. ``dim``: length of a token. ``layers``, ``heads`` and ``mlp`` (hidden length of a
    layer's feed-forward part) are read by the Transformer alone. ``view_embedding``, for the Transformer alone: add a
    learned vector for the view (tumour or lymph node) to each token; not in the paper. ``members``: networks whose
    logits are averaged. ``views`` is ``all``, or ``tumour``: lymph node images are not seen, except in a bag that
    holds nothing else.
    """

    kind: str = "transformer"
    dim: int = 256
    layers: int = 6
    heads: int = 4
    mlp: int = 768
    dropout: float = 0.1
    view_embedding: bool = False
    members: int = 1
    views: str = "all"

    def __post_init__(self) -> None:
        for name, choices in (("kind", AGGREGATORS), ("views", VIEWS)):
            if getattr(self, name) not in choices:
                raise BadSetting(f"There is no {name} '{getattr(self, name)}'; choose one of {', '.join(choices)}.")
        counts = (self.dim, self.layers, self.heads, self.mlp, self.members)
        if not all(isinstance(count, int) and count > 0 for count in counts) or self.dim % self.heads:
            raise BadSetting(
                f"No net has {self.layers} layers, {self.heads} heads, dim {self.dim}, mlp {self.mlp} and "
                f"{self.members} members; choose whole numbers above 0 and a dim that the heads divide."
            )
        if not 0 <= self.dropout < 1:
            raise BadSetting(f"dropout is {self.dropout}; choose a number from 0 to below 1.")
        if self.view_embedding and self.kind != "transformer":
            raise BadSetting(f"'{self.kind}' has no view embedding; leave it out or choose the transformer.")
        if self.members > 1 and not self.learned:
            raise BadSetting(f"'{self.kind}' is a fixed rule, which every member would share; choose 1 member.")

    @property
    def learned(self) -> bool:
        """Whether there is anything to train: False for the fixed rules."""
        return self.kind not in RULES

    @property
    def reads_view(self) -> bool:
        """Whether the network must be told which images are of lymph nodes."""
        return self.view_embedding or self.views != "all" or self.kind == "view-pool"

    def to_dict(self) -> dict[str, Any]:
        """A record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> MilConfig:
        """The inverse of `to_dict`, also of an older version (absent keys take their default).

        Raises `BadModel` for unknown keys and values that cannot be used.
        """
        return from_record(cls, record)


@dataclass(frozen=True, slots=True, eq=False)
class MilOutput:
    """Findings on B bags of up to N images.

    ``logit`` (B,): > 0 is ALN positive. ``instance_score`` (B, N) in [0, 1]: the score of a bag that holds
    this image alone. ``weight`` (B, N): where the verdict looks, 1 in sum over a bag; each kind says what it is.
    The last two carry no gradient and are 0 for absent images. How far each image moved the verdict is told
    by `aln_desk.models.shares`.
    """

    logit: Tensor
    instance_score: Tensor
    weight: Tensor


class BagNetwork(nn.Module, ABC):
    """Bags of images -> one logit a bag, whatever the kind.

    ``tokens`` (B, N, dim) float, bags padded to a common N >= 1; ``present`` (B, N) bool, False where a bag has no
    such image: whatever stands there, nan included, has no influence. ``view`` (B, N) int, 0 tumour and 1 lymph node;
    `ValueError` where it is None and ``config.reads_view``. A bag without any image has a finite logit that means
    nothing, and weights of 0. Shapes alone decide what is computed: nothing waits for the device.
    """

    def __init__(self, config: MilConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, tokens: Tensor, present: Tensor, view: Tensor | None = None) -> MilOutput:
        """The logit with its evidence."""
        return MilOutput(
            logit=self.logit(tokens, present, view),
            instance_score=self._alone(tokens, present, view),
            weight=self._weight(tokens, present, view),
        )

    def logit(self, tokens: Tensor, present: Tensor, view: Tensor | None = None) -> Tensor:
        """``forward(...).logit`` (B,) without the evidence: all that training needs."""
        return self._read(*self._seen(tokens, present, view))

    @torch.no_grad()
    def _alone(self, tokens: Tensor, present: Tensor, view: Tensor | None) -> Tensor:
        """(B, N) score of each image as a bag of one."""
        single_view = None if view is None else view.reshape(-1, 1)
        logit = self.logit(tokens.flatten(0, 1)[:, None], present.reshape(-1, 1), single_view)
        return torch.sigmoid(logit).view_as(present) * present

    @torch.no_grad()
    def _weight(self, tokens: Tensor, present: Tensor, view: Tensor | None) -> Tensor:
        bags = self._seen(tokens, present, view)
        share = self._share(*bags).float() * bags[1]
        return share / share.sum(dim=1, keepdim=True).clamp_min(torch.finfo(share.dtype).tiny)

    def _seen(self, tokens: Tensor, present: Tensor, view: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """The bags as `_read` and `_share` want them: absent tokens 0, and only the views that count present."""
        if view is None:
            if self.config.reads_view:
                raise ValueError("this network reads the view of each image; give `view`")
            view = torch.zeros_like(present, dtype=torch.long)
        if self.config.views == "tumour":
            tumour = present & (view == 0)
            present = torch.where(tumour.any(dim=1, keepdim=True), tumour, present)
        return tokens.masked_fill(~present[..., None], 0.0), present, view

    @abstractmethod
    def _read(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        """Logit (B,)."""

    @abstractmethod
    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        """(B, N) >= 0, proportional to the weight of each present image; anything finite for the others."""


class BagTransformer(BagNetwork):
    """[CLS] + tokens -> encoder layers -> LayerNorm -> CLS -> one logit. Weight: `attention_rollout`."""

    def __init__(self, config: MilConfig) -> None:
        super().__init__(config)
        self.cls = nn.Parameter(torch.zeros(config.dim))
        self.views = nn.Embedding(2, config.dim) if config.view_embedding else None
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.head = nn.Linear(config.dim, 1)
        truncated_normal(self)

    def _read(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        state, mask = self._start(tokens, present, view)
        *inner, last = self.layers
        for layer in inner:
            state = layer(state, mask)
        cls = last(state, mask, wanted=1)[:, 0]  # nobody reads what becomes of the images in the end
        logit: Tensor = self.head(self.norm(cls))
        return logit.squeeze(1)

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        state, mask = self._start(tokens, present, view)
        attentions = []
        for layer in self.layers:
            attentions.append(cast(EncoderLayer, layer).attention(state, mask))
            state = layer(state, mask)
        return attention_rollout(attentions)

    def _start(self, tokens: Tensor, present: Tensor, view: Tensor) -> tuple[Tensor, Tensor]:
        """The first state (B, 1 + N, dim), and what is added to similarities: (B, 1, 1, 1 + N), -inf for absent."""
        if self.views is not None:
            tokens = tokens + self.views(view)
        state = torch.cat([self.cls.expand(len(tokens), 1, -1), tokens], dim=1)
        absent = F.pad(~present, (1, 0), value=False)  # CLS is always there, so no softmax is empty
        mask = torch.zeros_like(absent, dtype=state.dtype).masked_fill(absent, float("-inf"))
        return state, mask[:, None, None]


class EncoderLayer(nn.Module):
    """Pre-norm self-attention and feed-forward, each with a residual."""

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

    def forward(self, state: Tensor, mask: Tensor, wanted: int | None = None) -> Tensor:
        """``state`` (B, L, dim), ``mask`` (B, 1, 1, L) added to similarities -> (B, L, dim), or (B, wanted, dim) if
        only the first ``wanted`` are asked for.
        """
        query, key, value = self._heads(state)
        left_out = self.dropout.p if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query[:, :, :wanted], key, value, mask, left_out)
        state = state[:, :wanted] + self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        change: Tensor = self.mlp(self.mlp_norm(state))
        return state + change

    def attention(self, state: Tensor, mask: Tensor) -> Tensor:
        """(B, heads, L, L): how `forward` mixes, from each query (third axis) to each key, before dropout."""
        query, key, _ = self._heads(state)
        similarity: Tensor = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
        return (similarity + mask).softmax(dim=-1)

    def _heads(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value, each (B, heads, L, dim / heads)."""
        parts = self.query_key_value(self.attention_norm(state)).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value


def attention_rollout(attentions: list[Tensor]) -> Tensor:
    """How much of what CLS holds at the end came from each image, by attention alone: (B, N), not normalised.

    Abnar and Zuidema 2020, arXiv 2005.00928: R = A'_L ... A'_1 with A' = (mean over heads of A + identity) / 2; the
    row of CLS, without CLS itself. ``attentions``: one (B, heads, 1 + N, 1 + N) a layer, first layer first.
    """
    identity = torch.eye(attentions[0].shape[-1], device=attentions[0].device)
    flow = identity
    for attention in attentions:
        flow = (attention.float().mean(dim=1) + identity) / 2 @ flow
    return flow[:, 0, 1:]


class BagEnsemble(BagNetwork):
    """Networks of one kind from different random starts (Lakshminarayanan et al. 2017, arXiv 1612.01474).

    The logit is the mean of the members' logits, the weight the mean of their weights. ``members`` may be trained one
    by one.
    """

    def __init__(self, config: MilConfig, members: list[BagNetwork]) -> None:
        super().__init__(config)
        self.members = nn.ModuleList(members)

    def _read(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return torch.stack([member._read(tokens, present, view) for member in self._networks()]).mean(dim=0)

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return torch.stack([member._weight(tokens, present, view) for member in self._networks()]).mean(dim=0)

    def _networks(self) -> list[BagNetwork]:
        return [cast(BagNetwork, member) for member in self.members]
