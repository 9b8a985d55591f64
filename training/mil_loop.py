"""Stage 2's loop: one verdict per patient from the frozen tokens of the bag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from aln_desk.domain.messages import Curve
from aln_desk.domain.patient import Patient, View
from aln_desk.domain.recipe import MilRecipe
from aln_desk.io.tokens import Tokens
from aln_desk.models.build import precision
from aln_desk.models.mil import BagTransformer
from aln_desk.stats.roc import auc
from training import checkpoint, schedule
from training.pace import Emit, Pace


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

    def pick(self, indices: NDArray[np.int64], device: torch.device) -> Bags:
        """These bags, in this order, on ``device``, padded no further than the largest of them needs."""
        at = torch.from_numpy(indices)
        present = self.present[at]
        longest = max(1, int(present.sum(1).max()))
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
    net: BagTransformer,
    fit: Bags,
    tune: Bags,
    recipe: MilRecipe,
    seed: int,
    state: Path,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> bool:
    """Train ``net`` in place; True when every epoch is done, False when stopped before. ``state`` as in stage 1."""
    device = next(net.parameters()).device
    optimiser = schedule.groups(net, recipe.learning_rate, recipe.weight_decay)
    an_epoch = max(1, -(-len(fit) // recipe.batch))
    steps = an_epoch * recipe.epochs
    start = checkpoint.restore(state, net, optimiser)
    pace = Pace("mil", start, steps, emit)
    net.train()
    for step in range(start, steps):
        torch.manual_seed(seed * 1_000_003 + step)
        epoch, place = divmod(step, an_epoch)
        order = np.random.default_rng([seed, epoch]).permutation(len(fit))
        bags = fit.pick(order[place * recipe.batch : (place + 1) * recipe.batch], device)
        schedule.set_rate(optimiser, schedule.cosine(step, steps, recipe.warmup))
        with precision(device):
            logit = net.logit(bags.tokens, bags.present, bags.view)
        loss = F.binary_cross_entropy_with_logits(logit.float(), bags.outcome)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip or float("inf"))
        optimiser.step()
        pace.step({"loss": loss})
        done = step + 1
        if done % an_epoch == 0 and len(tune):
            emit(Curve("mil", "validation", done, validate(net, tune)))
        if pace.save_due() or done == steps or should_stop():
            checkpoint.save(state, net, optimiser, done)
        if should_stop() and done < steps:
            return False
    net.eval()
    return True


@torch.inference_mode()
def scores(net: BagTransformer, bags: Bags, batch: int = 256) -> NDArray[np.float64]:
    """Patient scores (P,) in [0, 1], in the order of ``bags``; the network is left in training mode if it was."""
    device, was_training = next(net.parameters()).device, net.training
    net.eval()
    logits = []
    for at in range(0, len(bags), batch):
        part = bags.pick(np.arange(at, min(at + batch, len(bags))), device)
        logits.append(net.logit(part.tokens, part.present, part.view).double().sigmoid().cpu())
    net.train(was_training)
    return torch.cat(logits).numpy() if logits else np.zeros(0)


def validate(net: BagTransformer, bags: Bags) -> dict[str, float]:
    """Loss and patient AUC (nan where only one outcome occurs)."""
    score, outcome = scores(net, bags), bags.outcome.numpy()
    clipped = np.clip(score, 1e-7, 1.0 - 1e-7)
    loss = -np.mean(outcome * np.log(clipped) + (1.0 - outcome) * np.log(1.0 - clipped))
    return {"loss": float(loss), "auc": auc(outcome, score)}
