"""Where a loop stands, on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import AdamW

from aln_desk.domain.errors import BadModel
from training import checkpoint


def stepped(steps: int) -> tuple[nn.Module, AdamW]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    optimiser = AdamW(net.parameters(), 0.1)
    step(net, optimiser, range(steps))
    return net, optimiser


def step(net: nn.Module, optimiser: AdamW, numbers: range) -> None:
    for number in numbers:
        optimiser.zero_grad()
        net(torch.rand(4, 3, generator=torch.Generator().manual_seed(number))).square().sum().backward()
        optimiser.step()


def test_parameters_moments_and_statistics_come_back(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    net, optimiser = stepped(4)
    checkpoint.save(path, net, optimiser, 4, {"best": np.array([0.5, 2.0])})
    step(net, optimiser, range(4, 8))
    again, other = stepped(0)
    assert checkpoint.restore(path, again, other)[0] == 4
    step(again, other, range(4, 8))
    for name, value in net.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_more_arrays_come_back_by_name(tmp_path: Path) -> None:
    net, optimiser = stepped(1)
    checkpoint.save(tmp_path / "state.safetensors", net, optimiser, 1, {"best": np.array([0.5, 2.0])})
    step_, more = checkpoint.restore(tmp_path / "state.safetensors", net, optimiser)
    assert step_ == 1
    assert {name: value.tolist() for name, value in more.items()} == {"best": [0.5, 2.0]}


def test_without_a_file_it_begins_at_the_beginning(tmp_path: Path) -> None:
    net, optimiser = stepped(0)
    assert checkpoint.restore(tmp_path / "nothing.safetensors", net, optimiser) == (0, {})


def test_another_networks_state_is_a_sentence(tmp_path: Path) -> None:
    net, optimiser = stepped(1)
    checkpoint.save(tmp_path / "state.safetensors", net, optimiser, 1, {})
    other = nn.Linear(3, 3)
    with pytest.raises(BadModel, match="start a new run"):
        checkpoint.restore(tmp_path / "state.safetensors", other, AdamW(other.parameters()))


def test_the_net_alone(tmp_path: Path) -> None:
    net, _ = stepped(3)
    checkpoint.save_net(tmp_path / "best.safetensors", net)
    again, _ = stepped(0)
    checkpoint.load_net(tmp_path / "best.safetensors", again)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in net.state_dict().items())
