"""Stage 1's loop: masks, lesion types and image-level status from single images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from aln_desk.domain.errors import BadProject
from aln_desk.domain.messages import Curve, Progress
from aln_desk.domain.recipe import MtlRecipe
from aln_desk.models.build import precision
from aln_desk.models.mtl import MtlOutput, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from aln_desk.stats.roc import auc
from training import augment, checkpoint, schedule
from training.data import UNKNOWN, ImageSet
from training.pace import Emit, Pace

FAST_PARTS = ("decoder", "lesion_head", "status_head")
"""Parts of the network that learn ``head_rate`` times faster: everything that starts from scratch but the neck."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``x`` (B,3,S,S) float, normalised; ``mask`` (B,S,S) uint8 classes; the rest (B,), `UNKNOWN` where not taught."""

    x: Tensor
    mask: Tensor
    outlined: Tensor
    lesion: Tensor
    status: Tensor


def train(
    net: MultiTaskNet,
    data: ImageSet,
    fit: NDArray[np.int64],
    tune: NDArray[np.int64],
    preprocess: Preprocess,
    recipe: MtlRecipe,
    seed: int,
    state: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> bool:
    """Train ``net`` in place on images ``fit``; True when every iteration is done, False when stopped before.

    ``state`` is the checkpoint's file: found, the loop goes on from there with the same batches, augmentations and
    rates as an uninterrupted run. ``tune`` may be empty: then nothing is validated.
    """
    if not len(fit):
        raise BadProject("The training patients have no image that teaches anything. Draw outlines or enter outcomes.")
    device = next(net.parameters()).device
    optimiser = schedule.groups(net, recipe.learning_rate, recipe.weight_decay, FAST_PARTS, recipe.head_rate)
    start = checkpoint.restore(state, net, optimiser)
    pace = Pace("mtl", start, recipe.iterations, emit)
    net.train()
    for step in range(start, recipe.iterations):
        torch.manual_seed(seed * 1_000_003 + step)
        batch = draw(data, fit, step, preprocess, recipe, seed, device)
        schedule.set_rate(optimiser, schedule.linear(step, recipe.iterations, recipe.warmup))
        with precision(device):
            parts = losses(net(batch.x), batch, recipe.dice)
        total = torch.stack(list(parts.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimiser.step()
        pace.step({"loss": total, **parts})
        done = step + 1
        if len(tune) and (done % recipe.validate_every == 0 or done == recipe.iterations):
            emit(Curve("mtl", "validation", done, validate(net, data, tune, preprocess)))
        if pace.save_due() or done == recipe.iterations or should_stop():
            checkpoint.save(state, net, optimiser, done)
        if should_stop() and done < recipe.iterations:
            return False
    net.eval()
    return True


def draw(
    data: ImageSet,
    indices: NDArray[np.int64],
    step: int,
    preprocess: Preprocess,
    recipe: MtlRecipe,
    seed: int,
    device: torch.device,
) -> Batch:
    """The batch of one step: a function of ``seed`` and ``step`` alone, so that a resumed run sees the same."""
    chosen = np.sort(_chosen(indices, step, recipe.batch, seed))
    generator = torch.Generator().manual_seed(seed * 7_368_787 + step)
    pixels = torch.from_numpy(np.ascontiguousarray(data.image[chosen])).to(device)
    mask = torch.from_numpy(np.ascontiguousarray(data.mask[chosen])).to(device)
    if recipe.augment:
        content = torch.from_numpy(data.content[chosen])
        x, mask = _augmented(pixels, mask, content, preprocess, recipe, generator)
    else:
        x = preprocess.normalise(pixels.permute(0, 3, 1, 2))
    lesion, status = (torch.from_numpy(values[chosen]).to(device) for values in (data.lesion, data.status))
    return Batch(x, mask, torch.from_numpy(data.outlined[chosen]).to(device), lesion, status)


def losses(output: MtlOutput, batch: Batch, dice: float) -> dict[str, Tensor]:
    """Binary cross-entropies of mask, lesion type and status (weights 1), and ``dice`` times a soft Dice loss.

    Each is a mean over the images that teach it, and exactly 0 (with no gradient) where none does.
    """
    target = (batch.mask > 0).float()
    logits = output.lesion_mask_logits.float()
    pixelwise = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    parts = {
        "mask": _mean(pixelwise.mean((1, 2)), batch.outlined),
        "lesion": _mean(_bce(output.lesion_logit, batch.lesion), batch.lesion != UNKNOWN),
        "status": _mean(_bce(output.status_logit, batch.status), batch.status != UNKNOWN),
    }
    if dice:
        parts["dice"] = dice * _mean(_dice_loss(logits.sigmoid(), target), batch.outlined)
    return parts


@torch.inference_mode()
def validate(
    net: MultiTaskNet, data: ImageSet, indices: NDArray[np.int64], preprocess: Preprocess, batch: int = 32
) -> dict[str, float]:
    """Mean Dice over outlined images with a lesion, lesion type accuracy, AUC of the status; nan where undefined."""
    net.eval()
    device = next(net.parameters()).device
    dice: list[float] = []
    lesion: list[NDArray[np.float32]] = []
    status: list[NDArray[np.float32]] = []
    for at in range(0, len(indices), batch):
        chosen = indices[at : at + batch]
        pixels = torch.from_numpy(np.ascontiguousarray(data.image[chosen])).to(device).permute(0, 3, 1, 2)
        with precision(device):
            output = net(preprocess.normalise(pixels))
        predicted = (output.lesion_mask_logits > 0).cpu().numpy()
        dice += [_dice(p, t) for p, t in zip(predicted, data.mask[chosen] > 0, strict=True) if t.any()]
        lesion.append(output.lesion_logit.float().cpu().numpy())
        status.append(output.status_logit.float().cpu().numpy())
    net.train()
    kinds, outcomes = data.lesion[indices], data.status[indices]
    right = ((np.concatenate(lesion) > 0) == kinds)[kinds != UNKNOWN]
    known = outcomes != UNKNOWN
    return {
        "dice": float(np.mean(dice)) if dice else float("nan"),
        "lesion_accuracy": float(right.mean()) if len(right) else float("nan"),
        "status_auc": auc(outcomes[known], np.concatenate(status)[known]),
    }


def progress(emit: Emit) -> Callable[[int, int], None]:
    """A callback that reports the reading of images."""
    return lambda done, total: emit(Progress("images", done, total))


def _chosen(indices: NDArray[np.int64], step: int, batch: int, seed: int) -> NDArray[np.int64]:
    """Every image once an epoch, in an order of that epoch alone; batches run on over the epochs' ends."""
    chosen = []
    for position in range(step * batch, (step + 1) * batch):
        epoch, place = divmod(position, len(indices))
        chosen.append(indices[_order(len(indices), epoch, seed)[place]])
    return np.array(chosen, dtype=np.int64)


_orders: dict[tuple[int, int, int], NDArray[np.int64]] = {}


def _order(count: int, epoch: int, seed: int) -> NDArray[np.int64]:
    key = (count, epoch, seed)
    if key not in _orders:
        if len(_orders) > 2:
            _orders.clear()
        _orders[key] = np.random.default_rng([seed, epoch]).permutation(count)
    return _orders[key]


def _augmented(
    pixels: Tensor,
    mask: Tensor,
    content: Tensor,
    preprocess: Preprocess,
    recipe: MtlRecipe,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    warp = augment.varied_warp(mask, content, recipe.scale_low, recipe.scale_high, generator)
    distorted = augment.photometric(pixels.permute(0, 3, 1, 2).float(), generator)
    covered = _covered(content.to(pixels.device), pixels.shape[1])
    # Normalise first: what lies outside the image is then 0 for the network, as in the published recipe.
    x = augment.resample(preprocess.normalise(distorted) * covered, warp, "bilinear")
    moved = augment.resample(mask[:, None].float(), warp, "nearest")
    return x, moved[:, 0].to(torch.uint8)


def _covered(content: Tensor, size: int) -> Tensor:
    """(B,1,S,S) float: 1 inside the image, 0 on the letterbox around it."""
    middle = torch.arange(size, device=content.device) + 0.5 - size / 2
    inside = middle.abs()[None, None, :] <= content[:, :, None] / 2
    return (inside[:, 0, :, None] & inside[:, 1, None, :]).float()[:, None]


def _bce(logit: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logit.float(), target.clamp(min=0).float(), reduction="none")


def _mean(values: Tensor, taught: Tensor) -> Tensor:
    return (values * taught).sum() / taught.sum().clamp(min=1)


def _dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    overlap = (probability * target).sum((1, 2))
    return 1.0 - (2.0 * overlap + 1.0) / (probability.sum((1, 2)) + target.sum((1, 2)) + 1.0)


def _dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2.0 * (a & b).sum() / (a.sum() + b.sum()))
