"""Stage 1, the image-level multi-task network: mask, lesion type, status, token and CAM in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain.errors import BadSetting
from aln_desk.models import mask_shape
from aln_desk.models.backbones import build_backbone, check_backbone
from aln_desk.models.config import from_record
from aln_desk.models.init import truncated_normal
from aln_desk.models.mask_decoder import MaskDecoder
from aln_desk.models.neck import Neck

TOKEN_DIM = 256
"""Length of a `MultiTaskNet`'s token."""

Pooling = Literal["area", "attention"]
Tasks = Literal["all", "status"]


@dataclass(frozen=True, slots=True)
class MtlConfig:
    """What the network is; a manifest holds it.

    ``size``: side of the square input in pixels, a multiple of 32. ``mask_tokens``: learned mask tokens; 1, as
    in the paper, for a lesion of either kind, or 2, the first for tumours and the second for lymph nodes.
    ``temperature``: divides the mask logits before the attention's sigmoid. ``pooling`` of the attended
    features: ``area``, the paper's mean over the grid, in which a small lesion's token is small with it; or
    ``attention``, the mean weighted by the attention, in which it is not. ``tasks``: ``all`` is a
    `MultiTaskNet`; ``status`` a `StatusNet`, for which only backbone and size matter. ``type_tokens``: tell
    the token which type of lesion the image shows; ``shape_tokens``: tell it the form of the mask (`mask_shape`),
    of which a mean over places knows nothing. ``average_looks`` and ``mask_threshold``: how it is used
    (`looks`); the network itself knows nothing of them.
    """

    backbone: str = "segformer-b0"
    size: int = 256
    mask_tokens: int = 1
    temperature: float = 2.0
    pooling: Pooling = "area"
    tasks: Tasks = "all"
    type_tokens: bool = False
    shape_tokens: bool = False
    average_looks: bool = False
    mask_threshold: float = 0.5

    def __post_init__(self) -> None:
        check_backbone(self.backbone, self.size)
        if self.mask_tokens not in (1, 2):
            raise BadSetting(f"mask_tokens is {self.mask_tokens}; choose 1 or 2.")
        if not self.temperature > 0:
            raise BadSetting(f"temperature is {self.temperature}; choose a number above 0.")
        if self.pooling not in get_args(Pooling):
            raise BadSetting(f"There is no pooling '{self.pooling}'; choose one of {', '.join(get_args(Pooling))}.")
        if self.tasks not in get_args(Tasks):
            raise BadSetting(f"There are no tasks '{self.tasks}'; choose one of {', '.join(get_args(Tasks))}.")
        if not 0 < self.mask_threshold < 1:
            raise BadSetting(f"mask_threshold is {self.mask_threshold}; choose a number between 0 and 1.")
        for name in ("type_tokens", "shape_tokens", "average_looks"):
            if not isinstance(getattr(self, name), bool):
                raise BadSetting(f"{name} is {getattr(self, name)}; choose true or false.")

    def to_dict(self) -> dict[str, Any]:
        """A record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> MtlConfig:
        """The inverse of `to_dict`; raises `BadModel` for unknown keys and values that cannot be used."""
        return from_record(cls, record)


@dataclass(frozen=True, slots=True, eq=False)
class MtlOutput:
    """Findings on a batch of B images of S x S pixels; float32 tensors.

    ``mask_logits`` (B, mask_tokens, S, S): > 0 is lesion. ``lesion_logit`` (B,): > 0 is lymph node.
    ``status_logit`` (B,): > 0 is ALN positive. ``cam`` (B, h, w) in logits: where the status comes from; its
    mean is ``status_logit`` (bias included); h = w = S / 8 from a `MultiTaskNet`. ``token`` (B, token_dim):
    what stage 2 reads; the status head of it is ``status_logit``.
    """

    mask_logits: Tensor
    lesion_logit: Tensor
    status_logit: Tensor
    cam: Tensor
    token: Tensor

    @property
    def lesion_mask_logits(self) -> Tensor:
        """(B, S, S): the largest over the mask tokens, a lesion of either kind."""
        return self.mask_logits.amax(dim=1)


class MultiTaskNet(nn.Module):
    """(B, 3, S, S) normalised images -> `MtlOutput`. S is a multiple of 32, ``config.size`` or another.

    Nothing in the forward pass waits for the device or depends on values: it compiles to one graph.
    """

    token_dim = TOKEN_DIM

    def __init__(self, config: MtlConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = build_backbone(config.backbone, config.size)
        self.neck = Neck(self.backbone.channels, TOKEN_DIM)
        self.decoder = MaskDecoder(TOKEN_DIM, config.mask_tokens)
        self.lesion_head = nn.Linear(TOKEN_DIM // 8, 1)
        self.status_head = nn.Linear(TOKEN_DIM, 1)
        truncated_normal(self.lesion_head)
        truncated_normal(self.status_head)
        self.type_vectors: nn.Parameter | None = None
        if config.type_tokens:
            self.type_vectors = nn.Parameter(torch.empty(2, TOKEN_DIM))  # of a tumour, of a lymph node
            nn.init.trunc_normal_(self.type_vectors, std=0.02)
        self.shape_vectors: nn.Parameter | None = None
        if config.shape_tokens:
            self.shape_vectors = nn.Parameter(torch.empty(len(mask_shape.SHAPE_SIGNS), TOKEN_DIM))
            nn.init.trunc_normal_(self.shape_vectors, std=0.02)

    def forward(self, image: Tensor) -> MtlOutput:
        size = image.shape[-1]
        features = self.neck(self.backbone(image), size)  # (B, 256, S/8, S/8)
        mask_logits, segmentation = self.decoder(features)  # (B, k, S/2, S/2), (B, 32, S/2, S/2)
        # In full precision, also under autocast: the CAM's mean is to be the logit exactly.
        with torch.autocast(image.device.type, enabled=False):
            features, mask_logits = features.float(), mask_logits.float()
            attention = self._attention(mask_logits)  # (B, 1, S/2, S/2)
            lesion_logit = self.lesion_head(_mean(segmentation.float() * self._scaled(attention))).squeeze(1)
            attention = self._scaled(resize(attention, features.shape[-1]))  # (B, 1, S/8, S/8)
            mask_logits = resize(mask_logits, size)  # (B, k, S, S)
            even = self.from_no_place(lesion_logit, mask_logits)  # (B, 256)
            token = _mean(features * attention) + even
            return MtlOutput(
                mask_logits=mask_logits,
                lesion_logit=lesion_logit,
                status_logit=self.status_head(token).squeeze(1),
                cam=self._cam(features, attention, even),
                token=token,
            )

    def _attention(self, mask_logits: Tensor) -> Tensor:
        """Soft lesion mask, cut from the graph: the status must not teach the decoder where the lesion is."""
        return torch.sigmoid(mask_logits.amax(dim=1, keepdim=True) / self.config.temperature).detach()

    def _scaled(self, attention: Tensor) -> Tensor:
        """The attention (B, 1, h, w) such that the mean of features times this is the token of the pooling."""
        if self.config.pooling == "attention":
            return attention / attention.mean(dim=(2, 3), keepdim=True).clamp_min(1e-6)
        return attention

    def from_no_place(self, lesion_logit: Tensor, mask_logits: Tensor) -> Tensor:
        """(B, 256): the part of the token that no place in the image has, 0 where there is none. The learned vectors
        of both lesion types, weighted by how likely each is, and those of the mask's form. Cut from the graph: the
        status must not teach what the lesion is, nor where.
        """
        even = lesion_logit.new_zeros(lesion_logit.shape[0], TOKEN_DIM)
        if self.type_vectors is not None:
            tumour, node = self.type_vectors
            even = even + torch.lerp(tumour, node, torch.sigmoid(lesion_logit.detach())[:, None])
        if self.shape_vectors is not None:
            mask = torch.sigmoid(mask_logits.detach().amax(dim=1))
            even = even + mask_shape.describe(mask) @ self.shape_vectors
        return even

    def _cam(self, features: Tensor, attention: Tensor, even: Tensor) -> Tensor:
        """The status head applied before the mean instead of after it: linear, so the mean of this is the
        logit. What comes from no place, and the bias, is spread evenly.
        """
        local = features.permute(0, 2, 3, 1) @ self.status_head.weight[0] * attention.squeeze(1)  # (B, h, w)
        spread: Tensor = self.status_head(even)[..., None]  # (B, 1, 1)
        return local + spread


def _mean(maps: Tensor) -> Tensor:
    return maps.mean(dim=(2, 3))


def resize(maps: Tensor, side: int) -> Tensor:
    """Maps (B, C, h, w) as (B, C, side, side), bilinear."""
    return F.interpolate(maps, (side, side), mode="bilinear", align_corners=False)
