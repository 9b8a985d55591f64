"""The moving average of a network's parameters, against a plain loop."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.average import Average


def walk(net: nn.Module, average: Average, steps: range) -> list[dict[str, torch.Tensor]]:
    """The parameters after each step of a network that is changed at random."""
    seen = []
    for step in steps:
        torch.manual_seed(step)
        with torch.no_grad():
            for value in net.parameters():
                value.add_(torch.randn_like(value))
        average.update(step)
        seen.append({name: value.detach().clone() for name, value in net.named_parameters()})
    return seen


def plainly(start: torch.Tensor, values: list[torch.Tensor], decay: float) -> torch.Tensor:
    kept = start.double()
    for step, value in enumerate(values):
        own = min(decay, (1 + step) / (10 + step))
        kept = own * kept + (1 - own) * value.double()
    return kept


@pytest.mark.parametrize("decay", [0.3, 0.999])
def test_it_is_the_plain_average(decay: float) -> None:
    net = nn.Linear(3, 2)
    start = {name: value.detach().clone() for name, value in net.named_parameters()}
    average = Average(net, decay)
    seen = walk(net, average, range(30))
    average.settle()
    for name, value in net.named_parameters():
        wanted = plainly(start[name], [step[name] for step in seen], decay)
        assert torch.allclose(value.double(), wanted, atol=1e-5)


def test_running_statistics_of_a_batch_norm_are_averaged_and_its_count_is_not() -> None:
    net = nn.BatchNorm1d(2)
    running, count = net.get_buffer("running_mean"), net.get_buffer("num_batches_tracked")
    average = Average(net, 0.9)
    seen = []
    for step in range(20):
        net(torch.randn(8, 2) + step)
        seen.append(running.clone())
        average.update(step)
    with average.in_use():
        assert torch.allclose(running.double(), plainly(torch.zeros(2), seen, 0.9), atol=1e-5)
        assert count == 20
    assert torch.equal(running, seen[-1])


def test_it_is_in_use_for_a_while_only() -> None:
    net = nn.Linear(3, 2)
    average = Average(net, 0.9)
    last = walk(net, average, range(5))[-1]["weight"]
    with pytest.raises(KeyError), average.in_use():
        inside = net.weight.detach().clone()
        raise KeyError
    assert not torch.allclose(inside, last)
    assert torch.equal(net.weight, last)
    average.settle()
    assert torch.equal(net.weight, inside)


def test_a_restored_average_goes_on_to_the_last_bit() -> None:
    whole, half, again = (nn.Linear(3, 2) for _ in range(3))
    for net in (half, again):
        net.load_state_dict(whole.state_dict())
    through = Average(whole, 0.9)
    walk(whole, through, range(8))
    before = Average(half, 0.9)
    walk(half, before, range(5))
    again.load_state_dict(half.state_dict())
    after = Average(again, 0.9)
    after.restore(before.state())
    walk(again, after, range(5, 8))
    assert all((after.state()[name] == kept).all() for name, kept in through.state().items())


def test_without_a_state_it_begins_anew() -> None:
    net = nn.Linear(3, 2)
    average = Average(net, 0.9)
    walk(net, average, range(3))
    average.restore({})
    assert (average.state()["ema.weight"] == net.weight.detach().numpy()).all()


def test_switched_off_it_does_nothing() -> None:
    net = nn.Linear(3, 2)
    average = Average(net, 0.0)
    last = walk(net, average, range(3))[-1]["weight"]
    with average.in_use():
        assert torch.equal(net.weight, last)
    average.settle()
    average.restore({})
    assert torch.equal(net.weight, last)
    assert average.state() == {}
