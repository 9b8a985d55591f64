"""Stage 2's loop on tokens whose truth is plain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain import presets
from aln_desk.domain.messages import Message
from aln_desk.domain.patient import Patient
from aln_desk.io.tokens import Tokens
from aln_desk.models.build import build_mil
from aln_desk.models.mil import BagTransformer, MilConfig
from training import mil_loop

RECIPE = replace(presets.preset("tiny").recipe.mil, epochs=6)


def tokens_of(patients: list[Patient], sizes: list[int]) -> Tokens:
    """Positive patients carry +1 in the first number of one of their tokens."""
    rng = np.random.default_rng(0)
    owner = [p for p, size in zip(patients, sizes, strict=True) for _ in range(size)]
    token = rng.normal(0, 0.3, (len(owner), 256)).astype(np.float32)
    first = {p.id: next(k for k, o in enumerate(owner) if o is p) for p in patients}
    for patient in patients:
        token[first[patient.id], 0] += 3.0 if patient.outcome else -3.0
    zeros = np.zeros(len(owner), np.float32)
    names = [f"{o.id}/{k}" for k, o in enumerate(owner)]
    return Tokens(names, [o.id for o in owner], ["tumour"] * len(owner), token, zeros, zeros, zeros, "abc")


def bags(count: int = 40) -> mil_loop.Bags:
    patients = [Patient(f"p{k}", "a", k % 2) for k in range(count)]
    return mil_loop.collect(tokens_of(patients, [1 + k % 4 for k in range(count)]), patients)


def fresh() -> BagTransformer:
    torch.manual_seed(0)
    return build_mil(MilConfig(layers=2))


def train(net: BagTransformer, state: Path, stop_after: int = 0) -> bool:
    told: list[Message] = []
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return bool(stop_after) and asked >= stop_after

    return mil_loop.train(net, bags(), bags(), RECIPE, 1, state, told.append, should_stop)


def test_patients_without_outcome_or_token_make_no_bag() -> None:
    patients = [Patient("p0", "a", 0), Patient("p1", "a", None), Patient("p2", "a", 1)]
    tokens = tokens_of(patients[:2], [2, 3])
    found = mil_loop.collect(tokens, patients)
    assert found.patients == ("p0",)
    assert found.present.sum() == 2


def test_it_learns_a_plain_sign(tmp_path: Path) -> None:
    net = fresh()
    assert train(net, tmp_path / "s.safetensors")
    assert mil_loop.validate(net, bags())["auc"] > 0.95


def test_a_resumed_run_ends_exactly_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    whole, again = fresh(), fresh()
    assert train(whole, tmp_path / "whole.safetensors")
    assert not train(fresh(), tmp_path / "halves.safetensors", stop_after=9)
    assert train(again, tmp_path / "halves.safetensors")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_scores_do_not_depend_on_the_company_of_a_bag() -> None:
    net, everyone = fresh().eval(), bags()
    together = mil_loop.scores(net, everyone)
    alone = [mil_loop.scores(net, everyone.pick(np.array([k]), torch.device("cpu")))[0] for k in range(8)]
    assert np.allclose(together[:8], alone, atol=1e-6)
