"""Stage 1 as it is used: what it finds may be the mean over several looks at the image, and its mask cut elsewhere."""

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
_FINDINGS = ("lesion_logit", "status_logit", "cam", "token")
_STEP = 32
_CERTAIN = 1e-6
"""Probabilities nearer than this to 0 and 1 have no larger logits."""


def read(net: StageOne, image: Tensor, masks: bool = True) -> MtlOutput:
    """``net`` on normalised images (B, 3, S, S), its output as ``net.config`` wants it shown.

    With ``average_looks`` everything is the mean over the image and its mirror image, so that left and right do not
    matter; the CAM's mean stays the status logit, and the status head of the token too. ``mask_logits`` are those of
    the mean probability over these two and both `SCALES` of the image (sides rounded to multiples of 32), moved so
    that 0 is a probability of ``mask_threshold``. Without ``masks`` they are the one look's, for half the work.
    """
    output: MtlOutput = net(image)
    config = net.config
    if averages(net):
        both = [output, _mirrored(net(image.flip(3)))]
        means = {name: torch.stack([getattr(look, name) for look in both]).mean(dim=0) for name in _FINDINGS}
        output = replace(output, **means)
        if masks:
            output = replace(output, mask_logits=_mean_mask(net, image, [look.mask_logits for look in both]))
    if masks and config.mask_threshold != 0.5:
        moved = output.mask_logits - torch.logit(torch.tensor(config.mask_threshold)).item()
        output = replace(output, mask_logits=moved)
    return output


def _mean_mask(net: StageOne, image: Tensor, logits: list[Tensor]) -> Tensor:
    """Logits of the mean probability over these looks' and those of both `SCALES`."""
    side = int(image.shape[-1])  # a plain number also where the graph is traced
    scaled = [resize(net(resize(image, _side(side * scale))).mask_logits, side) for scale in SCALES]
    return torch.logit(torch.stack([*logits, *scaled]).float().sigmoid().mean(dim=0), eps=_CERTAIN)


def averages(net: StageOne) -> bool:
    """Whether `read` takes the mean over several looks: a network that outlines nothing looks once."""
    return net.config.average_looks and net.config.tasks == "all"


def _mirrored(output: MtlOutput) -> MtlOutput:
    return replace(output, mask_logits=output.mask_logits.flip(3), cam=output.cam.flip(2))


def _side(wanted: float) -> int:
    return max(_STEP, round(wanted / _STEP) * _STEP)
