"""Several processes give what one gives: the same gradients, the same figures, the same files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import one_of_two
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from training.distributed import World, gradients, join, local_device, statistics

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes have left their findings."""
    folder = tmp_path_factory.mktemp("together")
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    places = {"PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE.parents[1])]), "OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen(
            [sys.executable, HERE / "one_of_two.py", folder],
            env={**os.environ, **meeting, **places, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=120) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
    return folder


@given(st.integers(0, 200), st.integers(1, 17))
def test_the_parts_miss_nothing_and_are_of_one_size(count: int, size: int) -> None:
    parts = [range(count)[World(rank, size).part(count)] for rank in range(size)]
    assert [place for part in parts for place in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_two_processes_give_the_gradients_figures_and_parameters_of_one(together: Path, tmp_path: Path) -> None:
    alone = one_of_two.findings(World(), tmp_path / "alone")
    names = [name for name in alone if name.startswith(("loss", "gradient", "figure", "trained"))]
    assert {name.partition(".")[0] for name in names} == {"loss", "gradient", "figure", "trained"}
    for rank in range(2):
        found = np.load(together / f"{rank}.npz")
        for name in names:
            assert np.allclose(found[name], alone[name], rtol=1e-5, atol=1e-6), (rank, name)


def test_all_processes_hold_the_same_to_the_last_bit(together: Path) -> None:
    one, other = (np.load(together / f"{rank}.npz") for rank in range(2))
    for name in one.files:
        if name not in ("taken", "wrote"):
            assert np.array_equal(one[name], other[name]), name
    assert any(name.startswith("norm.") for name in one.files)


def test_only_the_first_process_writes_and_takes_pictures(together: Path) -> None:
    first, second = (np.load(together / f"{rank}.npz") for rank in range(2))
    assert set(first["wrote"].tolist()) == {"state.safetensors", "state-best.safetensors"}
    assert first["taken"].tolist() == [2, 4]
    assert second["wrote"].tolist() == second["taken"].tolist() == []
    assert second["same"] == "lead"


def test_a_lone_process_meets_nobody() -> None:
    values = [torch.ones(2)]
    world = join(torch.device("cpu"))
    assert world == World(0, 1)
    world.add_up(values)
    world.average(values)
    assert values[0].tolist() == [1, 1]
    assert world.same("name", torch.device("cpu")) == "name"
    assert local_device(torch.device("cpu")) == torch.device("cpu")


def test_the_gradients_of_what_was_not_used_are_zeros() -> None:
    net = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1, bias=False)])
    net[0].bias.requires_grad_(False)
    net[0](torch.ones(1, 2)).sum().backward()
    assert [found.tolist() for found in gradients(list(net.parameters()))] == [[[1, 1]], [[0, 0]]]


def test_statistics_are_those_of_batch_norms_alone() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.BatchNorm2d(2, track_running_stats=False))
    net.register_buffer("positions", torch.ones(3))
    assert [value.tolist() for value in statistics(net)] == [[0, 0], [1, 1]]
