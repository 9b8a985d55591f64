"""Logits that patients get from a stage 2 which did not learn from them: the training patients dealt into folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from aln_desk.domain.errors import BadProject, BadSetting, Stopped
from aln_desk.domain.messages import Curve, Message, Progress
from aln_desk.domain.recipe import MilRecipe
from aln_desk.models.build import build_mil
from aln_desk.models.mil import BagNetwork, MilConfig
from training import mil_loop
from training.mil_loop import Bags
from training.pace import Emit

FOLDS = 5

Learner = Callable[[Bags, int], BagNetwork]
"""Gives a stage 2 trained on these bags: all but those of the fold of that number."""


def folds(outcome: ArrayLike, count: int, seed: int) -> NDArray[np.int64]:
    """The fold (P,), 0 to ``count`` - 1, of patients with these outcomes (P,), 0 or 1.

    Folds differ by at most one patient in all and by at most one of either outcome. The same seed deals the same.
    `BadProject` where an outcome has fewer patients than there are folds.
    """
    outcomes = np.asarray(outcome, dtype=bool)
    fewest = int(min(outcomes.sum(), (~outcomes).sum()))
    if fewest < count:
        raise BadProject(
            f"Cross-fitting needs {count} training patients with images of either outcome, and one has {fewest}. "
            "Enter more outcomes."
        )
    rng = np.random.default_rng(seed)
    dealt = np.concatenate([rng.permutation(np.flatnonzero(outcomes == value)) for value in (False, True)])
    fold = np.empty(outcomes.size, np.int64)
    fold[dealt] = np.arange(outcomes.size) % count
    return fold


def cross_fit(bags: Bags, learn: Learner, seed: int, count: int = FOLDS) -> NDArray[np.float64]:
    """Logits (P,) of the bags, each from the network that ``learn`` makes of the other folds' bags.

    `BadSetting` where a logit is no finite number, `BadProject` as `folds`.
    """
    fold = folds(bags.outcome.cpu().numpy(), count, seed)
    logit = np.empty(len(bags))
    for number in range(count):
        net = learn(bags.take(np.flatnonzero(fold != number)), number)
        left_out = np.flatnonzero(fold == number)
        logit[left_out] = mil_loop.logits(net, bags.take(left_out))
    if not np.isfinite(logit).all():
        raise BadSetting("Stage 2 has diverged: its scores are no longer numbers. Try a lower mil.learning_rate.")
    return logit


def learner(
    config: MilConfig,
    head: nn.Linear,
    recipe: MilRecipe,
    seed: int,
    device: torch.device,
    tune: Bags,
    folder: Path,
    tell: Emit,
    should_stop: Callable[[], bool],
) -> Learner:
    """Trains a stage 2 as a run does, measured on the held-out bags ``tune``; ``head`` is for the fixed rules.

    Each fold has its checkpoint in ``folder``, so that one that is finished is not trained again. `Stopped` when
    stopped.
    """

    def learn(bags: Bags, number: int) -> BagNetwork:
        torch.manual_seed(seed)
        net = build_mil(config, head).to(device)
        state, emit = folder / f"fold{number}.safetensors", _of_all_folds(tell, number)
        if not mil_loop.train(net, bags, tune, recipe, seed, state, emit, should_stop):
            raise Stopped(f"Stopped in fold {number + 1} of {FOLDS}. Resume the run to go on from here.")
        return net.eval()

    return learn


def _of_all_folds(tell: Emit, number: int) -> Emit:
    """Counts progress over all folds; the curves of a fold's network, which nobody keeps, are not told."""

    def emit(message: Message) -> None:
        if isinstance(message, Progress):
            done, total = number * message.total + message.done, FOLDS * message.total
            tell(replace(message, done=done, total=total, seconds_left=None))
        elif not isinstance(message, Curve):
            tell(message)

    return emit
