"""How fast stage 2 trains: ``python tests/benchmarks/stage_two_speed.py [--device cuda]``; prints a table and JSON.

1,144 drawn patients with bags of 1 to 5 tokens. The reference is the paper's recipe written plainly
(`plain_training`): a list of bags, padded four at a time by a `DataLoader`, torch's Transformer, AdamW with torch's
defaults, clipping. Ours is `mil_loop.train` with the same recipe, and with larger batches at a rate scaled by the
square root of their size, for as many epochs. Every way trains for all the epochs, the first of which is not timed;
its AUC on as many other patients shows that speed was not bought with quality. 100 epochs are extrapolated.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).parents[1]))
import plain_training
from turns import Figures, Raced, Turn, Way, race, ratio

from aln_desk.domain.recipe import MilRecipe
from aln_desk.models.build import build_mil
from aln_desk.models.mil import BagNetwork, MilConfig
from aln_desk.stats.roc import auc
from training import mil_loop, schedule

WHOLE = 100
"""Epochs of the paper."""
BATCH, RATE, WARMUP = 4, 6e-5, 0.35
"""Of the paper; its 10,000 steps of warming up are this share of its steps."""


@dataclass(frozen=True, slots=True)
class Race:
    """``larger``: the batch of the fast way."""

    device: str = "cpu"
    patients: int = 1144
    epochs: int = 4
    larger: int = 32
    layers: int = 6
    threads: int = 0


CPU = Race()
CARD = Race("cuda", epochs=12)


def measure(asked: Race) -> dict[str, Raced]:
    """The rounds of all ways, an epoch each; ``auc`` in the end."""
    ways: dict[str, Way] = {
        "plain": partial(plainly, asked),
        "ours": partial(ours, asked, BATCH),
        "larger": partial(ours, asked, asked.larger),
    }
    return race(ways, asked.epochs - 1, asked.device, asked.threads)


def drawn(patients: int, seed: int) -> mil_loop.Bags:
    """Bags whose tokens mix eight hidden numbers, the first of which is larger by 1 where the outcome is positive."""
    draw = torch.Generator().manual_seed(seed)
    mixing = torch.randn(8, 256, generator=torch.Generator().manual_seed(99)) / 8**0.5
    outcome = (torch.rand(patients, generator=draw) < 0.64).float()
    hidden = torch.randn(patients, 5, 8, generator=draw)
    hidden[..., 0] += outcome[:, None]
    tokens = hidden @ mixing + 0.1 * torch.randn(patients, 5, 256, generator=draw)
    present = torch.arange(5)[None] < torch.randint(1, 6, (patients, 1), generator=draw)
    names = tuple(map(str, range(patients)))
    return mil_loop.Bags(
        names, tokens * present[..., None], present, torch.zeros(patients, 5, dtype=torch.long), outcome
    )


def plainly(asked: Race, turn: Turn) -> Figures:
    """The paper's recipe, written plainly."""
    fit, other = drawn(asked.patients, 0), drawn(asked.patients, 1)
    torch.manual_seed(0)
    net = plain_training.PlainBagNet(asked.layers).to(asked.device)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    bags = [(tokens[at], float(y)) for tokens, at, y in zip(fit.tokens, fit.present, fit.outcome, strict=True)]
    loader = DataLoader(bags, BATCH, shuffle=True, collate_fn=plain_training.padded)  # type: ignore[arg-type]
    steps = asked.epochs * len(loader)
    rates = LambdaLR(optimiser, lambda step: schedule.cosine(step, steps, round(WARMUP * steps)))
    while True:
        for batch in loader:
            tokens, present, outcome = (part.to(asked.device) for part in batch)
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(net(tokens, present), outcome).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            rates.step()
        if turn.over():
            break
    net.eval()
    with torch.inference_mode():
        logit = net(other.tokens.to(asked.device), other.present.to(asked.device)).cpu().numpy()
    return {"auc": auc(other.outcome.numpy(), logit)}


def ours(asked: Race, batch: int, turn: Turn) -> Figures:
    """`mil_loop.train`, held up at the end of each epoch where it asks whether to stop."""
    fit, other = drawn(asked.patients, 0), drawn(asked.patients, 1)
    net = fresh(asked)
    an_epoch = -(-asked.patients // batch)
    train(net, fit, recipe(batch, an_epoch, asked.epochs), pauses(an_epoch, turn))
    return {"auc": auc(other.outcome.numpy(), mil_loop.logits(net, other))}


def whole(asked: Race) -> Figures:
    """``seconds`` and ``auc`` of all 100 epochs of the fast way, alone."""
    fit, other = drawn(asked.patients, 0), drawn(asked.patients, 1)
    net = fresh(asked)
    began = time.perf_counter()
    train(net, fit, recipe(asked.larger, -(-asked.patients // asked.larger), WHOLE), lambda: False)
    logit = mil_loop.logits(net, other)
    return {"seconds": time.perf_counter() - began, "auc": auc(other.outcome.numpy(), logit)}


def fresh(asked: Race) -> BagNetwork:
    torch.manual_seed(0)
    return build_mil(MilConfig(layers=asked.layers)).to(asked.device)


def recipe(batch: int, an_epoch: int, epochs: int) -> MilRecipe:
    """The paper's, its rate and its warming up fitted to batch and epochs."""
    rate = RATE * math.sqrt(batch / BATCH)
    return MilRecipe(epochs=epochs, batch=batch, learning_rate=rate, warmup=round(WARMUP * epochs * an_epoch))


def pauses(an_epoch: int, turn: Turn) -> Callable[[], bool]:
    steps = 0

    def pause() -> bool:
        nonlocal steps
        steps += 1
        return steps % an_epoch == 0 and turn.over()

    return pause


def train(net: BagNetwork, fit: mil_loop.Bags, recipe: MilRecipe, should_stop: Callable[[], bool]) -> None:
    nobody = fit.take(np.arange(0))
    with tempfile.TemporaryDirectory() as folder:
        mil_loop.train(net, fit, nobody, recipe, 0, Path(folder) / "state", lambda message: None, should_stop)


def figures(asked: Race, raced: dict[str, Raced]) -> dict[str, float]:
    """What the table and the JSON line hold: seconds of 100 epochs, AUC, ratios to the reference."""
    found: dict[str, float] = {}
    for name, way in raced.items():
        found[f"{name}_seconds"] = WHOLE * way.median("seconds")
        found[f"{name}_auc"] = way.end["auc"]
        found[f"{name}_ratio"] = ratio(raced["plain"], way)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast stage 2 trains.")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--whole", action="store_true", help="also all 100 epochs of the fast way")
    for name in ("patients", "epochs", "larger", "layers", "threads"):
        parser.add_argument(f"--{name}", type=int)
    given = {key: value for key, value in vars(parser.parse_args()).items() if value is not None}
    all_epochs = given.pop("whole")
    asked = replace(CARD if given["device"] == "cuda" else CPU, **given)
    found = figures(asked, measure(asked))
    print(f"{asked.patients} patients, {asked.device}, {asked.epochs} epochs trained, seconds of {WHOLE} extrapolated")
    print(f"{'way':<16}{'seconds':>9}{'ratio':>7}{'AUC':>7}")
    for name, words in (
        ("plain", "plain, batch 4"),
        ("ours", "ours, batch 4"),
        ("larger", f"ours, batch {asked.larger}"),
    ):
        seconds, times, area = (found[f"{name}_{key}"] for key in ("seconds", "ratio", "auc"))
        print(f"{words:<16}{seconds:>9.1f}{times:>7.2f}{area:>7.3f}")
    if all_epochs:
        done = whole(asked)
        found |= {f"whole_{key}": value for key, value in done.items()}
        print(f"all {WHOLE} epochs at batch {asked.larger}: {done['seconds']:.1f} s, AUC {done['auc']:.3f}")
    print(f"to reach: {'10, under 20 s' if asked.device == 'cuda' else '3'}")
    print(json.dumps({**asdict(asked), **found}))


if __name__ == "__main__":
    main()
