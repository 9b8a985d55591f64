"""The one loop: both stages go through it, each with its own way to learn from a step and to measure itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW

from aln_desk.domain.messages import Curve, Note
from aln_desk.models.heap import keep_freed_memory
from training import checkpoint, schedule
from training.average import Average
from training.distributed import World
from training.pace import Emit, Pace

Learn = Callable[[int], Mapping[str, Tensor]]
Measure = Callable[[int], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Course:
    """How one network is trained. ``rate`` gives the factor of the base rates at a step.

    ``validate_every`` and ``patience`` as in `MtlRecipe`, the latter counted in validations. ``goodness`` makes one
    number, larger for better, of a validation's figures. ``state`` is the checkpoint's file; the best parameters lie
    beside it, and ``keep_best`` says whether they or the last ones are the network's in the end. ``offset`` and
    ``total`` place this network among several of a stage, for progress.
    """

    stage: str
    steps: int
    rate: Callable[[int], float]
    clip: float
    validate_every: int
    patience: int
    keep_best: bool
    ema: float
    goodness: Callable[[Mapping[str, float]], float]
    state: Path
    offset: int = 0
    total: int = 0

    @property
    def best_file(self) -> Path:
        return self.state.with_name(f"{self.state.stem}-best{self.state.suffix}")


@dataclass(slots=True)
class Best:
    """The best validation so far: its goodness, its step, and how many came after it."""

    goodness: float = -math.inf
    step: int = 0
    since: int = 0

    def note(self, goodness: float, step: int) -> bool:
        """Take in a validation; True where it is the best one.

        Where nothing can be measured (nan), the last is the best, and nobody's patience wears out.
        """
        defined = goodness == goodness
        if goodness > self.goodness or not (defined or math.isfinite(self.goodness)):
            self.goodness, self.step, self.since = (goodness if defined else -math.inf), step, 0
            return True
        self.since += defined
        return False


def follow(
    course: Course,
    net: nn.Module,
    optimiser: AdamW,
    learn: Learn,
    measure: Measure | None,
    world: World,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> bool:
    """Train ``net`` in place; True when the course is done, False when it was stopped before.

    ``learn(step)`` leaves the gradients of a step and gives its losses; ``measure(done)`` gives figures of the
    network as it then is (with averaged parameters, where those are kept). A state that is found is gone on from,
    with the same parameters bit for bit as without the interruption (on a CPU).
    """
    keep_freed_memory()
    average, best = Average(net, course.ema), Best()
    device = next(net.parameters()).device
    start, more = checkpoint.restore(course.state, net, optimiser)
    average.restore(more)
    if "best" in more:
        best = Best(float(more["best"][0]), int(more["best"][1]), int(more["best"][2]))
    pace = Pace(course.stage, course.offset + start, course.total or course.steps, emit)
    net.train()
    done = start
    while done < course.steps and not _worn_out(course, best):
        schedule.set_rate(optimiser, course.rate(done))
        losses = learn(done)
        if course.clip:
            torch.nn.utils.clip_grad_norm_(net.parameters(), course.clip)
        optimiser.step()
        average.update(done)
        pace.step(losses)
        done += 1
        if measure is not None and (done % course.validate_every == 0 or done == course.steps):
            with average.in_use():
                _validate(course, net, measure, best, done, world, emit)
        stop = world.any(should_stop(), device)
        if world.first and (stop or pace.save_due() or done == course.steps or _worn_out(course, best)):
            checkpoint.save(course.state, net, optimiser, done, {**average.state(), **_record(best)})
        if stop and done < course.steps and not _worn_out(course, best):
            return False
    if done < course.steps:
        emit(Note(f"Stopped early: no better validation since step {best.step}."))
    if course.keep_best and course.best_file.exists():
        checkpoint.load_net(course.best_file, net)
    else:
        average.settle()
    net.eval()
    return True


def _validate(
    course: Course, net: nn.Module, measure: Measure, best: Best, done: int, world: World, emit: Emit
) -> None:
    net.eval()
    figures = measure(done)
    net.train()
    emit(Curve(course.stage, "validation", course.offset + done, dict(figures)))
    if best.note(course.goodness(figures), done) and world.first:
        checkpoint.save_net(course.best_file, net)


def _worn_out(course: Course, best: Best) -> bool:
    return bool(course.patience) and best.since >= course.patience


def _record(best: Best) -> dict[str, NDArray[Any]]:
    return {"best": np.array([best.goodness, best.step, best.since])}
