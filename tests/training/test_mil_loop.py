"""Stage 2's loop on tokens whose truth is plain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aln_desk.domain import presets
from aln_desk.domain.messages import Curve, Message, Note, Progress
from aln_desk.domain.patient import Patient
from aln_desk.domain.recipe import MilRecipe
from aln_desk.io.tokens import Tokens
from aln_desk.models.build import build_mil
from aln_desk.models.mil import BagNetwork, MilConfig
from training import mil_loop

RECIPE = replace(presets.preset("tiny").recipe.mil, epochs=6)
CPU = torch.device("cpu")


def tokens_of(patients: list[Patient], sizes: list[int]) -> Tokens:
    """Positive patients carry +1 in the first number of one of their tokens; every second one is a node's."""
    rng = np.random.default_rng(0)
    owner = [p for p, size in zip(patients, sizes, strict=True) for _ in range(size)]
    token = rng.normal(0, 0.3, (len(owner), 256)).astype(np.float32)
    first = {p.id: next(k for k, o in enumerate(owner) if o is p) for p in patients}
    for patient in patients:
        token[first[patient.id], 0] += 3.0 if patient.outcome else -3.0
    zeros = np.zeros(len(owner), np.float32)
    names = [f"{o.id}/{k}" for k, o in enumerate(owner)]
    views = ["lymph_node" if k % 2 and o is owner[k - 1] else "tumour" for k, o in enumerate(owner)]
    return Tokens(names, [o.id for o in owner], views, token, zeros, zeros, zeros, "abc")


def bags(count: int = 40) -> mil_loop.Bags:
    patients = [Patient(f"p{k}", "a", k % 2) for k in range(count)]
    return mil_loop.collect(tokens_of(patients, [1 + k % 4 for k in range(count)]), patients)


def of_one_outcome() -> mil_loop.Bags:
    return bags().take(np.arange(0, 40, 2))


def fresh(kind: str = "transformer", members: int = 1) -> BagNetwork:
    torch.manual_seed(0)
    return build_mil(MilConfig(kind=kind, layers=2, members=members), torch.nn.Linear(256, 1))


def train(
    net: BagNetwork,
    state: Path,
    stop_at: int = 0,
    recipe: MilRecipe = RECIPE,
    told: list[Message] | None = None,
    tune: mil_loop.Bags | None = None,
) -> bool:
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return bool(stop_at) and asked >= stop_at

    tell = (told if told is not None else []).append
    return mil_loop.train(net, bags(), tune or bags(10), recipe, 1, state, tell, should_stop)


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_patients_without_outcome_or_token_make_no_bag() -> None:
    patients = [Patient("p0", "a", 0), Patient("p1", "a", None), Patient("p2", "a", 1)]
    tokens = tokens_of(patients[:2], [2, 3])
    found = mil_loop.collect(tokens, patients)
    assert found.patients == ("p0",)
    assert found.present.sum() == 2
    assert found.view[0].tolist() == [0, 1]


def test_bags_are_picked_in_order_and_padded_no_more_than_needed() -> None:
    everyone = bags()
    found = everyone.take(np.array([5, 0, 1]))
    assert found.patients == ("p5", "p0", "p1")
    assert found.outcome.tolist() == [1, 0, 1]
    assert found.present.sum(1).tolist() == [2, 1, 2]
    assert found.tokens.shape == (3, 2, 256)
    assert torch.equal(found.tokens[0], everyone.tokens[5, :2])
    assert len(everyone.take(np.array([], np.int64))) == 0


@pytest.mark.parametrize("kind", ["transformer", "gated-abmil"])
def test_it_learns_a_plain_sign(tmp_path: Path, kind: str) -> None:
    net = fresh(kind)
    recipe = replace(RECIPE, epochs=12, learning_rate=2e-3)
    assert train(net, tmp_path / "s.safetensors", recipe=recipe)
    assert not net.training
    assert mil_loop.validate(net, bags())["auc"] > 0.95


@pytest.mark.parametrize("stop_at", [1, 9, 10])
def test_a_resumed_training_ends_exactly_where_an_uninterrupted_one_does(tmp_path: Path, stop_at: int) -> None:
    recipe = replace(RECIPE, patience=2, keep="best", node_dropout=0.5)
    whole, again = fresh(), fresh()
    assert train(whole, tmp_path / "whole.safetensors", recipe=recipe)
    assert not train(fresh(), tmp_path / "halves.safetensors", stop_at, recipe)
    assert train(again, tmp_path / "halves.safetensors", recipe=recipe)
    assert same(whole, again)


@pytest.mark.parametrize("stop_at", [3, 30, 31, 50])
def test_an_ensemble_goes_on_in_the_member_where_it_stopped(tmp_path: Path, stop_at: int) -> None:
    whole, again, told = fresh("abmil", 2), fresh("abmil", 2), list[Message]()
    assert train(whole, tmp_path / "whole" / "mil.safetensors", told=told)
    assert not train(fresh("abmil", 2), tmp_path / "halves" / "mil.safetensors", stop_at)
    assert train(again, tmp_path / "halves" / "mil.safetensors")
    assert same(whole, again)
    first, second = whole.members  # type: ignore[misc]
    assert not same(first, second)
    assert {path.name for path in (tmp_path / "whole").iterdir()} >= {"mil.safetensors", "mil-1.safetensors"}
    alone = fresh("abmil", 2).members[1]  # as if it were the only one, from the next seed
    arguments = (RECIPE, 2, tmp_path / "alone.safetensors", lambda message: None, lambda: False)
    assert mil_loop.train(alone, bags(), bags(10), *arguments)  # type: ignore[arg-type]
    assert same(second, alone)
    progress = [m for m in told if isinstance(m, Progress)]
    assert (progress[-1].done, progress[-1].total) == (60, 60)


def test_a_rule_has_nothing_to_learn(tmp_path: Path) -> None:
    net, told = fresh("noisy-or"), list[Message]()
    assert train(net, tmp_path / "s.safetensors", told=told)
    assert told == []
    assert same(net, fresh("noisy-or"))
    assert not list(tmp_path.iterdir())
    assert len(mil_loop.logits(net, bags())) == 40


def test_it_ends_early_when_no_round_is_better(tmp_path: Path) -> None:
    told: list[Message] = []
    recipe = replace(RECIPE, epochs=50, patience=3, learning_rate=1e-9)  # nothing changes, so nothing gets better
    assert train(fresh(), tmp_path / "s.safetensors", recipe=recipe, told=told)
    assert [m.step for m in told if isinstance(m, Curve) and m.part == "validation"] == [5, 10, 15, 20]
    assert any(isinstance(m, Note) and "since step 5" in m.text for m in told)


def test_held_out_patients_of_one_outcome_end_nothing_early(tmp_path: Path) -> None:
    told: list[Message] = []
    last, best = fresh(), fresh()
    assert train(last, tmp_path / "last" / "s.safetensors", tune=of_one_outcome())
    recipe = replace(RECIPE, patience=1, keep="best")
    assert train(best, tmp_path / "best" / "s.safetensors", recipe=recipe, told=told, tune=of_one_outcome())
    assert sum(isinstance(m, Curve) and m.part == "validation" for m in told) == RECIPE.epochs
    assert same(last, best)


def test_every_patient_is_seen_once_a_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    pick = mil_loop.Bags.pick

    def noting(self: mil_loop.Bags, indices: np.ndarray, device: torch.device) -> mil_loop.Bags:
        found = pick(self, indices, device)
        seen.extend(found.patients if len(found) <= RECIPE.batch else ())
        return found

    monkeypatch.setattr(mil_loop.Bags, "pick", noting)
    nobody = bags().take(np.array([], np.int64))
    train(fresh("mean-pool"), tmp_path / "s.safetensors", recipe=replace(RECIPE, epochs=2), tune=nobody)
    assert len(seen) == 80
    assert set(seen[:40]) == set(seen[40:]) == set(bags().patients)
    assert seen[:40] != seen[40:]


def test_nodes_are_left_out_of_a_share_of_the_bags() -> None:
    torch.manual_seed(0)
    present = torch.ones(4000, 3, dtype=torch.bool)
    present[:, 2] = False
    view = torch.tensor([0, 1, 1]).repeat(4000, 1)
    found = mil_loop.without_nodes(present, view, 0.3)
    assert 0.27 < (~found[:, 1]).float().mean() < 0.33
    assert found[:, 0].all() and not found[:, 2].any()
    assert torch.equal(mil_loop.without_nodes(present, view, 0.0), present)
    only_nodes = torch.ones(50, 2, dtype=torch.bool)
    assert mil_loop.without_nodes(only_nodes, torch.ones(50, 2, dtype=torch.long), 1.0).all()


def test_node_dropout_changes_what_is_learned_and_not_what_is_measured(tmp_path: Path) -> None:
    plain, dropped = fresh(), fresh()
    assert train(plain, tmp_path / "plain.safetensors")
    assert train(dropped, tmp_path / "dropped.safetensors", recipe=replace(RECIPE, node_dropout=1.0))
    assert not same(plain, dropped)
    assert np.array_equal(mil_loop.logits(dropped, bags()), mil_loop.logits(dropped, bags()))


def test_scores_do_not_depend_on_the_company_of_a_bag() -> None:
    net, everyone = fresh().eval(), bags()
    together = mil_loop.scores(net, everyone)
    alone = [mil_loop.scores(net, everyone.pick(np.array([k]), CPU))[0] for k in range(8)]
    assert np.allclose(together[:8], alone, atol=1e-6)
    assert np.allclose(mil_loop.logits(net, everyone, batch=7), mil_loop.logits(net, everyone), atol=1e-6)


def test_the_loss_is_the_plain_cross_entropy_and_one_outcome_has_no_auc() -> None:
    net = fresh().eval()
    found = mil_loop.validate(net, bags())
    score, outcome = mil_loop.scores(net, bags()), bags().outcome.numpy()
    wanted = -np.mean(outcome * np.log(score) + (1 - outcome) * np.log(1 - score))
    assert found["loss"] == pytest.approx(wanted)
    assert np.isnan(mil_loop.validate(net, of_one_outcome())["auc"])
