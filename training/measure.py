"""How good stage 1 is on images it has not learned from."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aln_desk.models import looks
from aln_desk.models.build import StageOne, precision
from aln_desk.models.preprocess import Preprocess
from aln_desk.stats.roc import auc
from training.data import UNKNOWN, ImageSet
from training.distributed import World

BATCH = 32
FIGURES = ("dice", "miou", "lesion_accuracy", "status_auc")
"""What is measured, by name."""
_DICE, _LESION, _STATUS, _OVERLAP, _UNION = 0, 1, 2, slice(3, 6), slice(6, 9)


@torch.inference_mode()
def measure_images(
    net: StageOne, data: ImageSet, preprocess: Preprocess, world: World | None = None, as_used: bool = True
) -> dict[str, float]:
    """Figures of ``net``, which is put in evaluation mode and back; nan where undefined.

    ``dice``: mean over outlined images with a lesion. ``miou``: mean over background, tumour and lymph node of the
    intersection over union of all pixels of the set, a lesion's class being the predicted lesion type (as the
    published code has it). ``lesion_accuracy``. ``status_auc`` of single images, the only figure of a network that
    learns the status alone. Several processes measure disjoint parts and all get the figures of the whole.
    Masks are those that readers are shown (`looks`); not ``as_used``, those of one look, which takes less time.
    """
    world = world or World()
    was_training = net.training
    net.eval()
    found = torch.zeros(len(data), 9)
    mine = world.part(len(data))
    for start in range(mine.start, mine.stop, BATCH):
        rows = slice(start, min(start + BATCH, mine.stop))
        found[rows] = torch.from_numpy(_rows(net, data, rows, preprocess, as_used))
    device = next(net.parameters()).device
    on_device = found.to(device)
    world.add_up([on_device])
    net.train(was_training)
    figures = _figures(on_device.cpu().double().numpy(), data)
    if net.config.tasks == "status":
        figures |= dict.fromkeys(("dice", "miou", "lesion_accuracy"), math.nan)
    return figures


def _rows(net: StageOne, data: ImageSet, rows: slice, preprocess: Preprocess, as_used: bool) -> NDArray[np.float32]:
    """(n, 9) a row an image: Dice, lesion logit, status logit, pixels of overlap and union by class."""
    device = next(net.parameters()).device
    pixels = torch.from_numpy(np.array(data.image[rows])).to(device).permute(0, 3, 1, 2)
    drawn = torch.from_numpy(np.array(data.mask[rows])).to(device)
    with precision(device):
        images = preprocess.normalise(pixels)
        output = looks.read(net, images) if as_used else net(images)
    lesion = output.lesion_logit.float()
    predicted = output.lesion_mask_logits > 0
    kind = torch.where(lesion > 0, 2, 1)[:, None, None]
    overlap, union = _pixels(predicted * kind, drawn)
    dice = 2.0 * _count(predicted & (drawn > 0)) / (_count(predicted) + _count(drawn > 0))
    columns = torch.stack([dice, lesion, output.status_logit.float()], dim=1)
    return torch.cat([columns, overlap, union], dim=1).cpu().numpy()


def _pixels(predicted: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """(n, 3) pixels of intersection and of union of each class."""
    pairs = [(predicted == kind, drawn == kind) for kind in range(3)]
    return (
        torch.stack([_count(a & b) for a, b in pairs], dim=1),
        torch.stack([_count(a | b) for a, b in pairs], dim=1),
    )


def _count(mask: Tensor) -> Tensor:
    return mask.flatten(1).sum(dim=1).float()


def _figures(found: NDArray[np.float64], data: ImageSet) -> dict[str, float]:
    lesion, status = data.lesion, data.status
    typed, known = lesion != UNKNOWN, status != UNKNOWN
    right = (found[typed, _LESION] > 0) == (lesion[typed] == 1)
    with np.errstate(invalid="ignore"):
        shares = found[data.outlined, _OVERLAP].sum(axis=0) / found[data.outlined, _UNION].sum(axis=0)
    return {
        "dice": _mean(found[typed & data.outlined, _DICE]),
        "miou": _mean(shares[~np.isnan(shares)]),
        "lesion_accuracy": _mean(right),
        "status_auc": auc(status[known], found[known, _STATUS]),
    }


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.mean()) if len(values) else math.nan
