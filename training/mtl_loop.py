"""Stage 1: masks, lesion types and image-level status from single images."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from aln_desk.domain.errors import BadProject
from aln_desk.domain.messages import Note
from aln_desk.domain.recipe import MtlRecipe
from aln_desk.models.build import StageOne, learning_precision
from aln_desk.models.mtl import MtlOutput
from aln_desk.models.preprocess import Preprocess
from training import augment, schedule
from training.data import UNKNOWN, ImageSet
from training.distributed import World, gradients, statistics
from training.feed import Draw, Feed
from training.loop import Course, follow
from training.measure import measure_images
from training.pace import Emit

FAST_PARTS = ("decoder", "lesion_head", "status_head", "type_vectors", "shape_vectors")
"""Parts of the network that learn ``head_rate`` times faster: everything that starts from scratch but the neck."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``x`` (B,3,S,S) float, normalised; ``mask`` (B,S,S) uint8 classes; the rest (B,), `UNKNOWN` where not taught."""

    x: Tensor
    mask: Tensor
    outlined: Tensor
    lesion: Tensor
    status: Tensor


@dataclass(frozen=True, slots=True)
class Counts:
    """How many images of a whole step teach each part; a part of the step divides by these."""

    outlined: int
    lesion: int
    status: int


def train(
    net: StageOne,
    fit: ImageSet,
    tune: ImageSet,
    preprocess: Preprocess,
    recipe: MtlRecipe,
    seed: int,
    state: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
    world: World | None = None,
    snapshot: Callable[[int], None] | None = None,
) -> bool:
    """Train ``net`` in place on the images of ``fit``; True when done, False when stopped before.

    ``state`` is the checkpoint's file: found, training goes on from there with the same batches, augmentations and
    rates as an uninterrupted run. ``tune`` may be empty: then nothing is validated. Several processes of one
    ``world`` share every step and every validation. ``snapshot(step)`` is called at every validation.
    """
    if not len(fit):
        raise BadProject("The training patients have no image that teaches anything. Draw outlines or enter outcomes.")
    world = world or World()
    device = next(net.parameters()).device
    optimiser = schedule.groups(net, recipe.learning_rate, recipe.weight_decay, FAST_PARTS, recipe.head_rate)
    steps = recipe.iterations
    course = Course(
        stage="mtl",
        steps=steps,
        rate=lambda step: schedule.linear(step, steps, recipe.warmup),
        clip=recipe.clip,
        validate_every=recipe.validate_every,
        patience=recipe.patience,
        keep_best=recipe.keep == "best",
        ema=recipe.ema,
        goodness=goodness,
        state=state,
    )

    def measure(step: int) -> Mapping[str, float]:
        figures = measure_images(net, tune, preprocess, world, as_used=False)
        if snapshot is not None and world.first:
            snapshot(step)
        return figures

    with Feed(fit, device, partial(draw, fit, recipe, seed)) as feed:
        learner = Learner(net, fit, feed, preprocess, recipe, seed, world, emit)
        return follow(course, net, optimiser, learner, measure if len(tune) else None, world, emit, should_stop)


def goodness(figures: Mapping[str, float]) -> float:
    """One number for a validation: the mean of those of Dice, lesion accuracy and status AUC that are defined."""
    known = [figures[name] for name in ("dice", "lesion_accuracy", "status_auc") if not math.isnan(figures[name])]
    return sum(known) / len(known) if known else math.nan


class Learner:
    """Leaves the gradients of one step: images through the network in parts that fit the memory."""

    def __init__(
        self,
        net: StageOne,
        data: ImageSet,
        feed: Feed,
        preprocess: Preprocess,
        recipe: MtlRecipe,
        seed: int,
        world: World,
        emit: Emit,
    ) -> None:
        self.net, self.data, self.feed, self.preprocess = net, data, feed, preprocess
        self.recipe, self.seed, self.world, self.emit = recipe, seed, world, emit
        self.device = next(net.parameters()).device
        self.forward: Callable[[Tensor], MtlOutput] = compiled(net, emit) if recipe.compile else net
        # Read once: these arrays are made anew at every access.
        self.outlined, self.lesion, self.status = data.outlined, data.lesion, data.status
        if net.config.tasks == "status":
            self.outlined, self.lesion = np.zeros_like(self.outlined), np.full_like(self.lesion, UNKNOWN)
        self.at_once = recipe.micro_batch or recipe.batch

    def __call__(self, step: int) -> dict[str, Tensor]:
        """The step's losses, over all processes."""
        drawn, pixels, mask = self.feed.take(step)
        counts = self._counts(drawn.index)
        mine = self.world.part(len(drawn.index))
        while True:
            torch.manual_seed((self.seed * 1_000_003 + step) * self.world.size + self.world.rank)
            try:
                parts = self._backward(drawn, pixels, mask, counts, mine)
                break
            except RuntimeError as error:
                if not memory_is_full(error):
                    raise
                self._halve()
        self.world.add_up([*gradients(list(self.net.parameters())), *parts.values()])
        self.world.average(statistics(self.net))
        return {"loss": torch.stack(list(parts.values())).sum(), **parts}

    def _backward(self, drawn: Draw, pixels: Tensor, mask: Tensor, counts: Counts, mine: slice) -> dict[str, Tensor]:
        """Gradients of this process's images, a few at once; their losses, which add up over parts and processes."""
        self.net.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        for start in range(mine.start, mine.stop, self.at_once):
            rows = slice(start, min(start + self.at_once, mine.stop))
            batch = self._batch(drawn.part(rows), pixels[rows], mask[rows])
            with nullcontext() if self.recipe.precision == "float32" else learning_precision(self.device):
                output = self.forward(batch.x)
            parts = losses(output, batch, counts, self.recipe)
            torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
            for name, value in parts.items():
                sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach()
        return sums or self._nothing()

    def _batch(self, drawn: Draw, pixels: Tensor, mask: Tensor) -> Batch:
        if drawn.variation is None:
            x = self.preprocess.normalise(pixels.permute(0, 3, 1, 2))
        else:
            content = torch.from_numpy(self.data.content[drawn.index])
            x, mask = augment.apply(pixels, mask, content, drawn.variation, self.preprocess)
        taught = (
            torch.from_numpy(values[drawn.index]).to(self.device, non_blocking=True)
            for values in (self.outlined, self.lesion, self.status)
        )
        return Batch(x.to(memory_format=torch.channels_last), mask, *taught)

    def _counts(self, index: NDArray[np.int64]) -> Counts:
        lesion, status = self.lesion[index] != UNKNOWN, self.status[index] != UNKNOWN
        return Counts(int(self.outlined[index].sum()), int(lesion.sum()), int(status.sum()))

    def _nothing(self) -> dict[str, Tensor]:
        """The losses of a process whose part of the step is empty."""
        names = ["mask", "lesion", "status"] + (["dice"] if self.recipe.dice else [])
        return {name: torch.zeros((), device=self.device) for name in names}

    def _halve(self) -> None:
        """Go on with half as many images at once; with one, the memory is too small for good."""
        if self.at_once == 1:
            raise BadProject(
                "The memory of the device is too small for a single image. Choose a smaller size or backbone."
            ) from None
        self.at_once = math.ceil(self.at_once / 2)
        self.net.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        self.emit(Note(f"The device's memory is full: {self.at_once} images at once from now on, results unchanged."))


def draw(data: ImageSet, recipe: MtlRecipe, seed: int, step: int) -> Draw:
    """What one step looks at: a function of ``seed`` and ``step`` alone, so that a resumed run sees the same."""
    index = np.sort(chosen(data, recipe, seed, step))
    if not recipe.augment:
        return Draw(index, None)
    generator = torch.Generator().manual_seed(seed * 7_368_787 + step)
    coarse, content = torch.from_numpy(data.coarse[index]), torch.from_numpy(data.content[index])
    return Draw(index, augment.draw(coarse, content, data.image.shape[1], recipe, generator))


def chosen(data: ImageSet, recipe: MtlRecipe, seed: int, step: int) -> NDArray[np.int64]:
    """(B,) image indices of a step. Every image once an epoch, in an order of that epoch alone; batches run on over
    the epochs' ends. Balanced: every patient once an epoch, with one image drawn at random. With a share without
    outcome, images with and without a known one take turns in that proportion, each with epochs of their own.
    """
    turns = _turns(data, recipe.balanced, recipe.without_outcome)
    found: list[int] = []
    for position in range(step * recipe.batch, (step + 1) * recipe.batch):
        unknown, place = _turn(position, recipe.without_outcome) if len(turns) > 1 else (0, position)
        epoch, place = divmod(place, len(turns[unknown]))
        own = turns[unknown][_order(seed, epoch, unknown, len(turns[unknown]))[place]]
        pick = np.random.default_rng([seed, position, 1]).integers(len(own)) if len(own) > 1 else 0
        found.append(int(own[pick]))
    return np.array(found, dtype=np.int64)


def _turn(position: int, share: float) -> tuple[int, int]:
    """Whether it is the turn of those without an outcome (1) or of the others (0), and how many turns they had."""
    before = math.floor(position * share)
    unknown = math.floor((position + 1) * share) > before
    return int(unknown), before if unknown else position - before


@lru_cache(maxsize=2)
def _turns(data: ImageSet, balanced: bool, share: float) -> list[list[NDArray[np.int64]]]:
    """The images that have a turn together, a patient's or one alone; apart for known and unknown outcomes (in this
    order) where there are both and they have shares of their own.
    """
    unit = data.patient if balanced else np.arange(len(data))
    unknown = data.status == UNKNOWN
    apart = [~unknown, unknown] if share and unknown.any() and not unknown.all() else [np.ones(len(data), bool)]
    return [[np.flatnonzero(part & (unit == one)) for one in np.unique(unit[part])] for part in apart]


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, unknown: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch, 2] if unknown else [seed, epoch]).permutation(count)


def losses(output: MtlOutput, batch: Batch, counts: Counts, recipe: MtlRecipe) -> dict[str, Tensor]:
    """Binary cross-entropies of mask, lesion type and status, and a soft Dice loss, by the weights of the recipe.

    Each is the sum over the batch's images that teach it, divided by ``counts``, and exactly 0 (with no gradient)
    where none does. With two mask tokens each learns the masks of its own lesion type.
    """
    logits = output.mask_logits.float()
    kinds = torch.arange(1, 3, device=batch.mask.device).view(1, 2, 1, 1)
    target = (batch.mask[:, None] == kinds if logits.shape[1] == 2 else batch.mask[:, None] > 0).float()
    pixelwise = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    lesion, status = _bce(output.lesion_logit, batch.lesion), _bce(output.status_logit, batch.status)
    parts = {
        "mask": _mean(pixelwise.mean((1, 2, 3)), batch.outlined, counts.outlined),
        "lesion": recipe.lesion * _mean(lesion, batch.lesion != UNKNOWN, counts.lesion),
        "status": recipe.status * _mean(status, batch.status != UNKNOWN, counts.status),
    }
    if recipe.dice:
        parts["dice"] = recipe.dice * _mean(_dice_loss(logits.sigmoid(), target), batch.outlined, counts.outlined)
    return parts


def memory_is_full(error: Exception) -> bool:
    """Whether a device had no memory left: CUDA has a kind of error for that, the others only words."""
    return any(words in str(error).lower() for words in ("out of memory", "allocate memory", "not enough memory"))


def compiled(net: nn.Module, emit: Emit) -> Callable[[Tensor], MtlOutput]:
    """``net`` through torch.compile; from the first failure on, told in a sentence, the network as it is."""
    works, fused = True, None

    def forward(x: Tensor) -> MtlOutput:
        nonlocal works, fused
        if works:
            try:
                if fused is None:  # its truth value would be its length, which it does not have
                    fused = torch.compile(net, dynamic=False)
                output: MtlOutput = fused(x)
                return output
            except Exception as error:  # whatever a compiler may raise: it must not end a training
                if memory_is_full(error):
                    raise
                works = False
                first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
                emit(Note(f"torch.compile does not work here ({first_line[:120]}); going on without it."))
        plain: MtlOutput = net(x)
        return plain

    return forward


def _bce(logit: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logit.float(), target.clamp(min=0).float(), reduction="none")


def _mean(values: Tensor, taught: Tensor, count: int) -> Tensor:
    return (values * taught).sum() / max(1, count)


def _dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """(B,) over all masks of an image together; 1 is added above and below, so that empty masks are defined."""
    overlap = (probability * target).sum((1, 2, 3))
    return 1.0 - (2.0 * overlap + 1.0) / (probability.sum((1, 2, 3)) + target.sum((1, 2, 3)) + 1.0)
