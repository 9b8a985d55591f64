"""The loop of both stages on six numbers: what is kept, when it ends, and that going on changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from aln_desk.domain.messages import Curve, Message, Note, Progress
from training import checkpoint, pace, schedule
from training.distributed import World
from training.loop import Best, Course, follow

STEPS = 12


class Cut(Exception):
    """Stands for whatever ends a process without warning."""


def course(folder: Path, **changes: object) -> Course:
    """Twelve steps, a validation after every second."""
    plain = Course(
        stage="mtl",
        steps=STEPS,
        rate=lambda step: 1.0 - step / STEPS,
        clip=1.0,
        validate_every=2,
        patience=0,
        keep_best=False,
        ema=0.0,
        goodness=lambda figures: figures["auc"],
        state=folder / "mtl.safetensors",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def fresh() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(5, 1)


class Training:
    """`follow` on ``net``, whose validations reach ``reached`` in turn (None: none are made)."""

    def __init__(self, net: nn.Linear, reached: Sequence[float] | None = None) -> None:
        self.net, self.reached = net, reached
        self.told: list[Message] = []
        self.measured: dict[int, list[Tensor]] = {}

    def run(self, asked: Course, stop: Callable[[], bool] = lambda: False, cut_at: int | None = None) -> bool:
        optimiser = schedule.groups(self.net, 0.1, 0.01)

        def learn(step: int) -> dict[str, Tensor]:
            if step == cut_at:
                raise Cut
            generator = torch.Generator().manual_seed(step)
            loss = (self.net(torch.rand(4, 5, generator=generator)) - 1.0).square().mean()
            optimiser.zero_grad()
            loss.backward()
            return {"loss": loss}

        measure = None if self.reached is None else self._measure
        return follow(asked, self.net, optimiser, learn, measure, World(), self.told.append, stop)

    def _measure(self, done: int) -> dict[str, float]:
        assert self.reached is not None
        assert not self.net.training
        self.measured[done] = parameters(self.net)
        return {"auc": self.reached[len(self.reached) * done // STEPS - 1]}

    def validations(self) -> list[int]:
        return [m.step for m in self.told if isinstance(m, Curve) and m.part == "validation"]


def parameters(net: nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in net.parameters()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def after(count: int) -> Callable[[], bool]:
    """Asks to stop at the ``count``-th question."""
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == count

    return should_stop


UP_AND_DOWN = [0.5, 0.7, 0.9, 0.6, 0.8, 0.4]


def test_the_last_parameters_are_kept_or_the_best(tmp_path: Path) -> None:
    last, best = Training(fresh(), UP_AND_DOWN), Training(fresh(), UP_AND_DOWN)
    assert last.run(course(tmp_path / "last"))
    assert best.run(course(tmp_path / "best", keep_best=True))
    assert same(parameters(last.net), last.measured[STEPS])
    assert same(parameters(best.net), best.measured[6])
    assert not same(best.measured[6], best.measured[STEPS])


def test_the_best_of_a_run_that_keeps_the_last_lies_beside_it(tmp_path: Path) -> None:
    asked = course(tmp_path)
    found = Training(fresh(), UP_AND_DOWN)
    assert found.run(asked)
    again = fresh()
    checkpoint.load_net(asked.best_file, again)
    assert same(parameters(again), found.measured[6])


def test_averaged_parameters_are_the_ones_that_are_measured_and_kept(tmp_path: Path) -> None:
    plain, averaged = Training(fresh(), UP_AND_DOWN), Training(fresh(), UP_AND_DOWN)
    plain.run(course(tmp_path / "plain"))
    assert averaged.run(course(tmp_path / "averaged", ema=0.9))
    assert not same(averaged.measured[2], plain.measured[2])
    assert same(parameters(averaged.net), averaged.measured[STEPS])
    assert not averaged.net.training


def test_the_average_takes_in_every_step_from_the_first(tmp_path: Path) -> None:
    plain, averaged = Training(fresh(), [0.5] * STEPS), Training(fresh())
    plain.run(course(tmp_path / "plain", validate_every=1))
    averaged.run(course(tmp_path / "averaged", ema=0.5))
    kept = parameters(fresh())
    for step in range(STEPS):
        decay = min(0.5, (1 + step) / (10 + step))
        kept = [decay * a + (1 - decay) * b for a, b in zip(kept, plain.measured[step + 1], strict=True)]
    for found, wanted in zip(parameters(averaged.net), kept, strict=True):
        assert torch.allclose(found, wanted, atol=1e-6)


def test_without_validations_the_last_is_kept_whatever_was_asked(tmp_path: Path) -> None:
    asked, found = course(tmp_path, keep_best=True, patience=1), Training(fresh())
    assert found.run(asked)
    assert found.validations() == []
    assert not asked.best_file.exists()


def test_it_ends_early_when_nothing_gets_better(tmp_path: Path) -> None:
    asked = course(tmp_path, patience=2, keep_best=True)
    found = Training(fresh(), UP_AND_DOWN)
    assert found.run(asked)
    assert found.validations() == [2, 4, 6, 8, 10]
    assert same(parameters(found.net), found.measured[6])
    assert any(isinstance(m, Note) and "since step 6" in m.text for m in found.told)
    again = Training(fresh(), UP_AND_DOWN)
    assert again.run(asked)  # it is done: nothing is trained anew
    assert again.validations() == []
    assert same(parameters(again.net), parameters(found.net))


def test_the_last_step_is_validated_even_out_of_turn(tmp_path: Path) -> None:
    found = Training(fresh(), [0.5] * 7)
    found.run(course(tmp_path, steps=5))
    assert found.validations() == [2, 4, 5]


def test_progress_counts_all_networks_of_a_stage(tmp_path: Path) -> None:
    found = Training(fresh(), UP_AND_DOWN)
    found.run(course(tmp_path, offset=STEPS, total=3 * STEPS))
    assert found.validations() == [14, 16, 18, 20, 22, 24]
    assert {m.total for m in found.told if isinstance(m, Progress)} <= {3 * STEPS}


@pytest.mark.parametrize("stop_at", range(1, STEPS))
def test_a_stopped_training_goes_on_to_the_last_bit(tmp_path: Path, stop_at: int) -> None:
    settings = {"ema": 0.9, "keep_best": True, "patience": 2}
    whole, first, second = (Training(fresh(), UP_AND_DOWN) for _ in range(3))
    assert whole.run(course(tmp_path / "whole", **settings))
    asked = course(tmp_path / "halves", **settings)
    finished = first.run(asked, after(stop_at))
    assert finished == (stop_at >= 10)  # where patience has worn out
    assert second.run(asked)
    assert same(parameters(whole.net), parameters(second.net))
    assert first.validations() + second.validations() == whole.validations()


@pytest.mark.parametrize("cut_at", [0, 1, 5, 8, 9])
def test_a_cut_loses_no_more_than_since_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    monkeypatch.setattr(pace, "SAVE_EVERY_SECONDS", 0.0)
    settings = {"ema": 0.9, "keep_best": True, "patience": 3}
    whole, first, second = (Training(fresh(), UP_AND_DOWN) for _ in range(3))
    assert whole.run(course(tmp_path / "whole", **settings))
    asked = course(tmp_path / "cut", **settings)
    with pytest.raises(Cut):
        first.run(asked, cut_at=cut_at)
    assert second.run(asked)
    assert same(parameters(whole.net), parameters(second.net))
    assert first.validations() + second.validations() == whole.validations()


def test_between_checkpoints_nothing_is_written(tmp_path: Path) -> None:
    asked = course(tmp_path)
    with pytest.raises(Cut):
        Training(fresh()).run(asked, cut_at=9)
    assert not asked.state.exists()


def test_the_best_is_the_first_of_the_highest() -> None:
    best, seen = Best(), [0.5, 0.4, 0.7, 0.7, 0.6, 0.9]
    assert [best.note(value, step) for step, value in enumerate(seen, 1)] == [True, False, True, False, False, True]
    assert (best.goodness, best.step, best.since) == (0.9, 6, 0)


def test_what_cannot_be_measured_wears_out_nobody() -> None:
    best = Best()
    assert [best.note(math.nan, step) for step in (1, 2)] == [True, True]
    assert (best.step, best.since) == (2, 0)
    assert [best.note(0.5, 3), best.note(math.nan, 4), best.note(0.4, 5)] == [True, False, False]
    assert (best.goodness, best.step, best.since) == (0.5, 3, 1)
