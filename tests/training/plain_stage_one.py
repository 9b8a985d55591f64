"""A stage 1 of four small layers and images of random discs: what the loops do is tested on them in milliseconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain import presets
from aln_desk.domain.patient import Instance, View
from aln_desk.models.mtl import MtlConfig, MtlOutput
from aln_desk.models.preprocess import Preprocess
from training.data import COARSE, UNKNOWN, ImageSet, Taught

SIDE = 32
PREPROCESS = Preprocess(size=SIDE)
RECIPE = replace(presets.preset("tiny").recipe.mtl, precision="float32")  # compared to the last digits


class PlainNet(nn.Module):
    """`MtlOutput` of (B, 3, S, S); with ``norm`` it has a batch norm."""

    token_dim = 8

    def __init__(self, mask_tokens: int = 1, norm: bool = False, tasks: str = "all") -> None:
        super().__init__()
        self.config = MtlConfig(size=SIDE, mask_tokens=mask_tokens, tasks=tasks)  # type: ignore[arg-type]
        self.backbone = nn.Conv2d(3, 8, 5, stride=4, padding=2)
        self.norm = nn.BatchNorm2d(8) if norm else nn.Identity()
        self.decoder = nn.Conv2d(8, mask_tokens, 1)
        self.lesion_head, self.status_head = nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> MtlOutput:
        features = torch.tanh(self.norm(self.backbone(x)))
        token = features.mean((2, 3))
        return MtlOutput(
            mask_logits=F.interpolate(self.decoder(features), x.shape[-2:], mode="bilinear"),
            lesion_logit=self.lesion_head(token).squeeze(1),
            status_logit=self.status_head(token).squeeze(1),
            cam=torch.einsum("bchw,c->bhw", features, self.status_head.weight[0]) + self.status_head.bias,
            token=token,
        )


def plain_net(seed: int = 0, mask_tokens: int = 1, norm: bool = False, tasks: str = "all") -> PlainNet:
    """The same parameters for the same seed."""
    torch.manual_seed(seed)
    return PlainNet(mask_tokens, norm, tasks)


def draw_images(count: int, seed: int = 0, patients: int = 0) -> ImageSet:
    """Dark discs, tumours and nodes in turn, larger where the outcome is positive; every sixth image is neither
    outlined nor typed, every fifth has no outcome. ``patients``: how many they belong to (0: one each).
    """
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 200, (count, SIDE, SIDE, 3), np.uint8)
    mask = np.zeros((count, SIDE, SIDE), np.uint8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    entries = []
    for k in range(count):
        outcome, kind = k % 2, k // 2 % 2
        y, x = rng.uniform(10, SIDE - 10, 2)
        disc = np.hypot(rows - y, columns - x) < (9 if outcome else 5)
        image[k][disc] //= 4
        outlined = k % 6 != 5
        mask[k][disc & outlined] = kind + 1
        owner = f"P{k % (patients or count):03d}"
        instance = Instance(f"{owner}/{k}", owner, View.NODE if kind else View.TUMOUR, f"{k}.png", f"{k}.json")
        status = UNKNOWN if k % 5 == 4 else outcome
        entries.append(Taught(instance, outlined, kind if outlined else UNKNOWN, status))
    seen = ((np.arange(COARSE) + 0.5) * SIDE / COARSE).astype(int)
    content = np.full((count, 2), SIDE, np.float32)
    return ImageSet(image, mask, mask[:, seen][:, :, seen], content, tuple(entries), f"drawn-{seed}")
