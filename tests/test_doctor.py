from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from aln_desk import cli, doctor
from aln_desk.domain.messages import Device, from_line
from aln_desk.domain.presets import BACKBONES, DEVICES, DOWNLOADS
from aln_desk.models.backbones import backbone_names
from aln_desk.models.pretrained import licence

GB = 2**30


def test_the_devices_come_as_events_and_nothing_else_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", "--events"]) == 0
    messages = [from_line(line) for line in capsys.readouterr().out.splitlines()]
    assert messages
    for message in messages:
        assert isinstance(message, Device)
        assert message.kind in DEVICES
        assert 0 < message.memory_free <= message.memory_total
    last = messages[-1]
    assert isinstance(last, Device)
    assert last.kind == "cpu"
    assert "core" in last.name


def test_every_card_and_apples_gpu_are_told_with_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    cards = ["NVIDIA H100", "NVIDIA T4"]
    monkeypatch.setattr(
        torch,
        "cuda",
        SimpleNamespace(
            is_available=lambda: True,
            device_count=lambda: 2,
            mem_get_info=lambda index: ((10 - index) * GB, 16 * GB),
            get_device_name=lambda index: cards[index],
        ),
    )
    monkeypatch.setattr(torch, "mps", SimpleNamespace(recommended_max_memory=lambda: 1))
    monkeypatch.setattr(torch.backends, "mps", SimpleNamespace(is_available=lambda: True))
    found = doctor.devices()
    assert found[:2] == [
        Device("cuda", "NVIDIA H100", 16 * GB, 10 * GB),
        Device("cuda", "NVIDIA T4", 16 * GB, 9 * GB),
    ]
    assert found[2] == Device("mps", "Apple GPU", 1, 1)
    assert [device.kind for device in found] == ["cuda", "cuda", "mps", "cpu"]


def test_cores_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "linux":
        monkeypatch.setattr("os.sched_getaffinity", lambda _: {3})
        assert doctor.devices()[-1].name == "Processor · 1 core"


def test_the_window_names_the_same_backbones_and_licences_as_the_networks() -> None:
    assert set(BACKBONES) == set(backbone_names())
    for backbone in BACKBONES:
        words = DOWNLOADS.get(backbone, "")
        assert words in licence(backbone)
        assert bool(words) is ("huggingface.co/timm" in licence(backbone))
