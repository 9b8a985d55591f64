"""Stage 2's loop: one verdict per patient from the frozen tokens of the bag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from aln_desk.domain.patient import Patient, View
from aln_desk.domain.recipe import MilRecipe
from aln_desk.io.tokens import Tokens
from aln_desk.models.mil import BagEnsemble, BagNetwork
from aln_desk.stats.roc import auc
from training import schedule
from training.distributed import World
from training.loop import Course, follow
from training.pace import Emit
from training.threads import working_in

THREADS = 2
"""A step is hundreds of operations of microseconds: more threads would wait for one another longer than they work."""


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Padded bags. ``tokens`` (P,N,256) float32, ``present`` (P,N) bool, ``view`` (P,N) int64 (1 lymph node),
    ``outcome`` (P,) float32 in {0, 1}; ``patients`` their ids in the same order. Absent slots are 0.
    """

    patients: tuple[str, ...]
    tokens: Tensor
    present: Tensor
    view: Tensor
    outcome: Tensor

    def __len__(self) -> int:
        return len(self.patients)

    def take(self, indices: NDArray[np.int64]) -> Bags:
        """These bags, in this order, where they are."""
        return self.pick(indices, self.tokens.device)

    def pick(self, indices: NDArray[np.int64], device: torch.device) -> Bags:
        """These bags, in this order, on ``device``, padded no further than the largest of them needs."""
        at = torch.from_numpy(indices).to(self.tokens.device)
        present = self.present[at]
        # One image more or less is cheaper than to ask a device for the longest bag at every step.
        longest = present.shape[1] if present.is_cuda or not len(at) else max(1, int(present.sum(1).max()))
        return Bags(
            tuple(self.patients[int(i)] for i in indices),
            self.tokens[at, :longest].to(device),
            present[:, :longest].to(device),
            self.view[at, :longest].to(device),
            self.outcome[at].to(device),
        )


def collect(tokens: Tokens, patients: Sequence[Patient]) -> Bags:
    """The bags of the patients with a known outcome and at least one token, in the given order."""
    rows: dict[str, list[int]] = {}
    for row, owner in enumerate(tokens.patient):
        rows.setdefault(owner, []).append(row)
    known = [p for p in patients if p.outcome is not None and p.id in rows]
    longest = max((len(rows[p.id]) for p in known), default=1)
    dim = tokens.token.shape[1]
    values = torch.zeros(len(known), longest, dim)
    present = torch.zeros(len(known), longest, dtype=torch.bool)
    view = torch.zeros(len(known), longest, dtype=torch.long)
    for k, patient in enumerate(known):
        mine = rows[patient.id]
        values[k, : len(mine)] = torch.from_numpy(np.asarray(tokens.token[mine], np.float32))
        present[k, : len(mine)] = True
        view[k, : len(mine)] = torch.tensor([tokens.view[row] == View.NODE for row in mine], dtype=torch.long)
    outcome = torch.tensor([float(p.outcome or 0) for p in known])
    return Bags(tuple(p.id for p in known), values, present, view, outcome)


def train(
    net: BagNetwork,
    fit: Bags,
    tune: Bags,
    recipe: MilRecipe,
    seed: int,
    state: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> bool:
    """Train ``net`` in place; True when every epoch is done, False when stopped before.

    ``state`` is the checkpoint's file, as in stage 1; an ensemble has one a member, each trained from a seed of its
    own. A fixed rule has nothing to learn and is done at once.
    """
    members = [cast(BagNetwork, member) for member in net.members] if isinstance(net, BagEnsemble) else [net]
    with working_in(min(THREADS, torch.get_num_threads())):
        for number, member in enumerate(members if net.config.learned else ()):
            file = state.with_name(f"{state.stem}-{number}{state.suffix}") if number else state
            course = _course(recipe, len(fit), file, number, len(members))
            if not _train_member(member, fit, tune, recipe, course, seed + number, emit, should_stop):
                return False
    net.eval()
    return True


def _course(recipe: MilRecipe, patients: int, state: Path, number: int, members: int) -> Course:
    an_epoch = max(1, -(-patients // recipe.batch))
    steps = an_epoch * recipe.epochs
    return Course(
        stage="mil",
        steps=steps,
        rate=lambda step: schedule.cosine(step, steps, recipe.warmup),
        clip=recipe.clip,
        validate_every=an_epoch,
        patience=recipe.patience,
        keep_best=recipe.keep == "best",
        ema=0.0,
        goodness=lambda figures: figures["auc"],
        state=state,
        offset=number * steps,
        total=members * steps,
    )


def _train_member(
    net: BagNetwork,
    fit: Bags,
    tune: Bags,
    recipe: MilRecipe,
    course: Course,
    seed: int,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> bool:
    device = next(net.parameters()).device
    optimiser = schedule.groups(net, recipe.learning_rate, recipe.weight_decay)
    resident = fit.pick(np.arange(len(fit)), device)
    an_epoch = course.validate_every

    @lru_cache(maxsize=1)
    def order(epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([seed, epoch]).permutation(len(fit))

    def learn(step: int) -> dict[str, Tensor]:
        torch.manual_seed(seed * 1_000_003 + step)
        epoch, place = divmod(step, an_epoch)
        bags = resident.pick(order(epoch)[place * recipe.batch : (place + 1) * recipe.batch], device)
        present = without_nodes(bags.present, bags.view, recipe.node_dropout)
        optimiser.zero_grad(set_to_none=True)
        # In full precision on every device: so little arithmetic costs less than the casts.
        logit = net.logit(bags.tokens, present, bags.view)
        loss = F.binary_cross_entropy_with_logits(logit, bags.outcome)
        loss.backward()  # type: ignore[no-untyped-call]
        return {"loss": loss}

    measure = (lambda step: validate(net, tune)) if len(tune) else None
    return follow(course, net, optimiser, learn, measure, World(), emit, should_stop)


def without_nodes(present: Tensor, view: Tensor, share: float) -> Tensor:
    """``present`` (B,N) with all lymph node images of a random ``share`` of the bags left out; a bag without tumour
    images keeps its own. Draws from torch's global generator.
    """
    if not share:
        return present
    tumour = present & (view == 0)
    chosen = (torch.rand(len(present), device=present.device) < share) & tumour.any(dim=1)
    return torch.where(chosen[:, None], tumour, present)


@torch.inference_mode()
def logits(net: BagNetwork, bags: Bags, batch: int = 256) -> NDArray[np.float64]:
    """Patient logits (P,), in the order of ``bags``; the network is left in training mode if it was."""
    device, was_training = _device(net), net.training
    net.eval()
    found = []
    for at in range(0, len(bags), batch):
        part = bags.pick(np.arange(at, min(at + batch, len(bags))), device)
        found.append(net.logit(part.tokens, part.present, part.view).double().cpu())
    net.train(was_training)
    return torch.cat(found).numpy() if found else np.zeros(0)


def scores(net: BagNetwork, bags: Bags) -> NDArray[np.float64]:
    """Patient scores (P,) in [0, 1], before any calibration."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits(net, bags))))


def validate(net: BagNetwork, bags: Bags) -> dict[str, float]:
    """Loss and patient AUC (nan where only one outcome occurs)."""
    logit, outcome = logits(net, bags), bags.outcome.numpy()
    loss = np.mean(np.logaddexp(0.0, logit) - outcome * logit)
    return {"loss": float(loss), "auc": auc(outcome, logit)}


def _device(net: BagNetwork) -> torch.device:
    return next(iter([*net.parameters(), *net.buffers()])).device
