"""Stage 1, the image-level multi-task network: mask, lesion type, status, token and CAM in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain.errors import BadSetting
from aln_desk.models.backbones import build_backbone, check_backbone
from aln_desk.models.config import from_record
from aln_desk.models.init import truncated_normal
from aln_desk.models.mask_decoder import MaskDecoder
from aln_desk.models.neck import Neck

TOKEN_DIM = 256
"""Length of an image's token."""

Pooling = Literal["area", "attention"]


@dataclass(frozen=True, slots=True)
class MtlConfig:
    """What the network is; a manifest holds it.

    ``size``: side of the square input in pixels, a multiple of 32. ``mask_tokens``: learned mask tokens, 1 in
    the paper. ``temperature``: divides the mask logits before the attention's sigmoid. ``pooling`` of the
    attended features: ``area``, the paper's mean over the grid, in which a small lesion's token is small with
    it; or ``attention``, the mean weighted by the attention, in which it is not.
    """

    backbone: str = "segformer-b0"
    size: int = 256
    mask_tokens: int = 1
    temperature: float = 2.0
    pooling: Pooling = "area"

    def __post_init__(self) -> None:
        check_backbone(self.backbone, self.size)
        if self.mask_tokens < 1:
            raise BadSetting(f"mask_tokens is {self.mask_tokens}; choose 1 or more.")
        if not self.temperature > 0:
            raise BadSetting(f"temperature is {self.temperature}; choose a number above 0.")
        if self.pooling not in get_args(Pooling):
            raise BadSetting(f"There is no pooling '{self.pooling}'; choose one of {', '.join(get_args(Pooling))}.")

    def to_dict(self) -> dict[str, Any]:
        """A record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> MtlConfig:
        """The inverse of `to_dict`; raises `BadModel` for unknown keys and values that cannot be used."""
        return from_record(cls, record)


@dataclass(frozen=True, slots=True, eq=False)
class MtlOutput:
    """Findings on a batch of B images of S x S pixels; float tensors.

    ``mask_logits`` (B, mask_tokens, S, S): > 0 is lesion. ``lesion_logit`` (B,): > 0 is lymph node.
    ``status_logit`` (B,): > 0 is ALN positive. ``cam`` (B, S/8, S/8) in logits: where the status comes from;
    its mean is ``status_logit`` (bias included). ``token`` (B, 256): what stage 2 reads.
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
    """(B, 3, S, S) normalised images -> `MtlOutput`. S is a multiple of 32, ``config.size`` or another."""

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

    def forward(self, image: Tensor) -> MtlOutput:
        size = image.shape[-1]
        features = self.neck(self.backbone(image), size)  # (B, 256, S/8, S/8)
        mask_logits, segmentation = self.decoder(features)  # (B, k, S/2, S/2), (B, 32, S/2, S/2)
        # In full precision, also under autocast: the CAM's mean is to be the logit exactly.
        with torch.autocast(image.device.type, enabled=False):
            attention = self._attention(mask_logits.float())  # (B, 1, S/2, S/2)
            lesion_token, _ = self._pool(segmentation.float() * attention, attention)
            coarse = _resize(attention, features.shape[-1])
            attended = features.float() * coarse  # (B, 256, S/8, S/8)
            token, scale = self._pool(attended, coarse)
            return MtlOutput(
                mask_logits=_resize(mask_logits.float(), size),
                lesion_logit=self.lesion_head(lesion_token).squeeze(1),
                status_logit=self.status_head(token).squeeze(1),
                cam=self._cam(attended * scale),
                token=token,
            )

    def _attention(self, mask_logits: Tensor) -> Tensor:
        """Soft lesion mask, cut from the graph: the status must not teach the decoder where the lesion is."""
        return torch.sigmoid(mask_logits.amax(dim=1, keepdim=True) / self.config.temperature).detach()

    def _pool(self, attended: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C) mean of the attended features and (B, 1, 1, 1) the factor by which it exceeds the mean by
        area.
        """
        scale = torch.ones_like(attention[:, :, :1, :1])
        if self.config.pooling == "attention":
            scale = 1.0 / attention.mean(dim=(2, 3), keepdim=True).clamp_min(1e-6)
        return (attended * scale).mean(dim=(2, 3)), scale

    def _cam(self, attended: Tensor) -> Tensor:
        """The status head applied before the mean instead of after it: linear, so the mean of this is the
        logit.
        """
        weight, bias = self.status_head.weight, self.status_head.bias
        return torch.einsum("bchw,c->bhw", attended, weight[0]) + bias


def _resize(maps: Tensor, side: int) -> Tensor:
    return F.interpolate(maps, (side, side), mode="bilinear", align_corners=False)
