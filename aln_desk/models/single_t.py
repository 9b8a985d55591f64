"""Single T, the paper's comparator: one task, the status, read from the whole image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aln_desk.models.backbones import build_backbone
from aln_desk.models.init import truncated_normal
from aln_desk.models.mtl import MtlConfig, MtlOutput

_NO_LESION = -20.0
"""Mask logit of a network that looks for no lesion: a probability of 2e-9, finite in every precision."""


class StatusNet(nn.Module):
    """(B, 3, S, S) normalised images -> `MtlOutput`: backbone, last map (B, C, h, w), mean, linear.

    The token is the mean of the map (C,), the CAM the head before that mean (h, w). Neither mask nor lesion
    type is learned: mask logits are -20, lesion logits 0 everywhere.
    """

    def __init__(self, config: MtlConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = build_backbone(config.backbone, config.size)
        self.token_dim = self.backbone.channels[-1]
        self.status_head = nn.Linear(self.token_dim, 1)
        truncated_normal(self.status_head)

    def forward(self, image: Tensor) -> MtlOutput:
        batch, _, height, width = image.shape
        features = self.backbone(image)[-1]
        # In full precision, also under autocast: the CAM's mean is to be the logit exactly.
        with torch.autocast(image.device.type, enabled=False):
            features = features.float()
            token = features.mean(dim=(2, 3))
            weight, bias = self.status_head.weight, self.status_head.bias
            return MtlOutput(
                mask_logits=features.new_full((batch, 1, height, width), _NO_LESION),
                lesion_logit=features.new_zeros(batch),
                status_logit=self.status_head(token).squeeze(1),
                cam=torch.einsum("bchw,c->bhw", features, weight[0]) + bias,
                token=token,
            )
