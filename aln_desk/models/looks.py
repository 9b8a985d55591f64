"""Stage 1 as it is used: its mask may be the mean over several looks at the image, and need not be cut at one half."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aln_desk.models.mtl import MtlOutput, resize

if TYPE_CHECKING:
    from aln_desk.models.build import StageOne

SCALES = (0.8, 1.25)
"""Of the looks beside the image itself and its mirror image."""
_STEP = 32
_CERTAIN = 1e-6
"""Probabilities nearer than this to 0 and 1 have no larger logits."""


def read(net: StageOne, image: Tensor) -> MtlOutput:
    """``net`` on normalised images (B, 3, S, S), its ``mask_logits`` as ``net.config`` wants them shown.

    With ``average_looks`` they are those of the mean probability over the image, its mirror image, and both `SCALES` of
    it (sides rounded to multiples of 32). They are moved so that 0 is a probability of ``mask_threshold``. Nothing else
    of the output changes: what status and token attend to is the one look's mask.
    """
    output: MtlOutput = net(image)
    config, logits = net.config, output.mask_logits
    if config.average_looks and config.tasks == "all":
        side = int(image.shape[-1])  # a plain number also where the graph is traced
        looks = [logits, net(image.flip(3)).mask_logits.flip(3)]
        looks += [resize(net(resize(image, _side(side * scale))).mask_logits, side) for scale in SCALES]
        logits = torch.logit(torch.stack(looks).float().sigmoid().mean(dim=0), eps=_CERTAIN)
    if config.mask_threshold != 0.5:
        logits = logits - torch.logit(torch.tensor(config.mask_threshold)).item()
    return replace(output, mask_logits=logits)


def _side(wanted: float) -> int:
    return max(_STEP, round(wanted / _STEP) * _STEP)
