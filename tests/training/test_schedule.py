"""Learning rates and parameter groups as the paper has them."""

from __future__ import annotations

import pytest
from torch import nn

from training import schedule


def test_the_linear_schedule_rises_then_falls_to_zero() -> None:
    factors = [schedule.linear(step, 1000, 100) for step in range(1001)]
    assert factors[0] == pytest.approx(1e-6)
    assert max(factors) == pytest.approx(0.9, abs=1e-3)
    assert factors[550] == pytest.approx(0.45)
    assert factors[1000] == 0


def test_the_cosine_schedule_is_half_way_at_half_time() -> None:
    assert schedule.cosine(500, 1000, 100) == pytest.approx(0.5)
    assert schedule.cosine(1000, 1000, 100) == pytest.approx(0)


def test_a_warm_up_longer_than_the_run_still_reaches_full_rate() -> None:
    assert max(schedule.cosine(step, 10, 10_000) for step in range(10)) >= 0.5


def test_norms_and_biases_do_not_decay_and_fast_parts_learn_faster() -> None:
    net = nn.ModuleDict({"slow": nn.Linear(2, 2), "decoder": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
    optimiser = schedule.groups(net, 1e-3, 0.01, ("decoder",), 10)
    found = {id(p): (g["lr"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]}
    assert len(found) == 6
    assert found[id(net["slow"].weight)] == (1e-3, 0.01)
    assert found[id(net["slow"].bias)] == (1e-3, 0.0)
    assert found[id(net["decoder"].weight)] == (1e-2, 0.01)
    assert found[id(net["norm"].weight)] == (1e-3, 0.0)
    schedule.set_rate(optimiser, 0.5)
    assert sorted({g["lr"] for g in optimiser.param_groups}) == [5e-4, 5e-3]
