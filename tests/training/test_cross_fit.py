"""Folds, and that no patient is judged by a network that learned from that patient."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from clinical_study import draw_patients, draw_tokens
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from aln_desk.domain import presets
from aln_desk.domain.errors import BadProject, BadSetting, Stopped
from aln_desk.domain.messages import Curve, Message, Progress
from aln_desk.models.mil import MilConfig
from aln_desk.stats.roc import auc
from training import cross_fit, mil_loop, pace
from training.mil_loop import Bags

RECIPE = replace(presets.preset("tiny").recipe.mil, epochs=3)


def bags(count: int) -> Bags:
    patients = draw_patients(count)
    return mil_loop.collect(draw_tokens(patients), patients)


class Memory(nn.Module):
    """Scores a bag by whether it has seen it before: 1 or 0."""

    def __init__(self, seen: Bags, value: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("seen", seen.tokens[:, 0, :4].clone())
        self.value = value

    def logit(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        same = (tokens[:, None, 0, :4] == self.seen[None]).all(-1).any(1)
        return same.float() * self.value


@given(st.lists(st.integers(0, 1), min_size=10, max_size=60), st.integers(2, 5), st.integers(0, 9))
def test_folds_are_even_in_all_and_in_each_outcome(outcome: list[int], count: int, seed: int) -> None:
    if min(outcome.count(0), outcome.count(1)) < count:
        with pytest.raises(BadProject, match="either outcome"):
            cross_fit.folds(outcome, count, seed)
        return
    fold = cross_fit.folds(outcome, count, seed)
    for who in (np.full(len(outcome), True), np.array(outcome) == 1, np.array(outcome) == 0):
        sizes = np.bincount(fold[who], minlength=count)
        assert sizes.max() - sizes.min() <= 1
    assert np.array_equal(fold, cross_fit.folds(outcome, count, seed))


def test_another_seed_deals_otherwise() -> None:
    outcome = [0, 1] * 30
    assert not np.array_equal(cross_fit.folds(outcome, 5, 0), cross_fit.folds(outcome, 5, 1))


def test_no_patient_is_judged_by_a_network_that_saw_it() -> None:
    everyone, sizes = bags(60), []

    def learn(part: Bags, number: int) -> Memory:
        sizes.append((number, len(part)))
        return Memory(part)

    assert not cross_fit.cross_fit(everyone, learn, 0).any()  # type: ignore[arg-type]
    assert sizes == [(number, 48) for number in range(5)]
    assert mil_loop.logits(Memory(everyone), everyone).all()  # type: ignore[arg-type]


def test_logits_that_are_no_numbers_are_a_sentence() -> None:
    with pytest.raises(BadSetting, match=r"diverged.*mil\.learning_rate"):
        cross_fit.cross_fit(bags(60), lambda part, number: Memory(part, float("nan")), 0)  # type: ignore[arg-type,return-value]


def learner(folder: Path, told: list[Message], stop_in: int = 99, kind: str = "transformer") -> cross_fit.Learner:
    def should_stop() -> bool:
        return any(isinstance(m, Progress) and m.done > stop_in * m.total / cross_fit.FOLDS for m in told)

    head = nn.Linear(256, 1)
    config = MilConfig(kind=kind, layers=1)  # type: ignore[arg-type]
    device = torch.device("cpu")
    return cross_fit.learner(config, head, RECIPE, 1, device, bags(20), folder, told.append, should_stop)


def test_stage_two_learns_in_every_fold_and_goes_on_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TELL_EVERY_SECONDS", 0)
    everyone, told = bags(60), list[Message]()
    whole = cross_fit.cross_fit(everyone, learner(tmp_path, told), 0)
    assert auc(everyone.outcome.numpy(), whole) > 0.9
    done = [m.done / m.total for m in told if isinstance(m, Progress)]
    assert done == sorted(done)
    assert done[-1] == 1
    assert not any(isinstance(m, Curve) for m in told)
    halves = tmp_path / "halves"
    halves.mkdir()
    with pytest.raises(Stopped, match="fold 3 of 5"):
        cross_fit.cross_fit(everyone, learner(halves, [], stop_in=2), 0)
    assert np.array_equal(cross_fit.cross_fit(everyone, learner(halves, []), 0), whole)


def test_a_fixed_rule_has_nothing_to_learn(tmp_path: Path) -> None:
    everyone = bags(60)
    rule = learner(tmp_path, [], kind="mean")
    logit = cross_fit.cross_fit(everyone, rule, 0)
    assert np.isfinite(logit).all()
    assert not list(tmp_path.iterdir())
