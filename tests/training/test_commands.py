"""The product's commands as child processes: stopped when the time is up, and named when they fail."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aln_desk.domain.errors import BadProject, Stopped
from training import commands
from training.commands import Clock


def test_nothing_is_begun_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.subprocess, "Popen", None)
    with pytest.raises(Stopped, match="time is up"):
        commands.aln_desk(Clock(time.monotonic() - 1), "doctor")


def test_a_clock_without_an_end_never_stops() -> None:
    assert Clock.of_minutes(None).left is None and Clock().left is None
    assert 590 < (Clock.of_minutes(10).left or 0) <= 600


@pytest.mark.slow
def test_a_command_stops_when_the_time_is_up(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Stopped):
        commands.aln_desk(Clock.of_minutes(0.01), "simulate", tmp_path / "study", "--patients", 1557, "--seed", 1)
    assert "is being stopped" in capfd.readouterr().err
    assert not any(tmp_path.glob("*study*"))


@pytest.mark.slow
def test_a_command_that_fails_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadProject, match=r"`aln-desk predict .*` failed"):
        commands.aln_desk(Clock(), "predict", tmp_path)
    assert "no project lies here" in capfd.readouterr().err
