"""The product's commands as child processes: stopped when the time is up, and named when they fail."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from threading import Barrier

import pytest
import torch

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


@pytest.mark.parametrize("at_once", [1, 3])
def test_what_is_done_side_by_side_comes_in_order(at_once: int) -> None:
    begun = Barrier(at_once, timeout=60)

    def step(number: int, threads: int | None) -> tuple[int, int | None]:
        begun.wait()
        return number * number, threads

    share = None if at_once == 1 else max(1, torch.get_num_threads() // at_once)
    found = list(commands.side_by_side(step, range(2 * at_once), at_once))
    assert found == [(number * number, share) for number in range(2 * at_once)]


@pytest.mark.parametrize("at_once", [1, 2])
def test_after_an_error_nothing_more_is_begun(at_once: int) -> None:
    begun = []

    def step(number: int, threads: int | None) -> int:
        begun.append(number)
        time.sleep(0.01)
        return 1 // number

    steps = commands.side_by_side(step, [1, 0, *range(2, 400)], at_once)
    assert next(steps) == 1
    with pytest.raises(ZeroDivisionError):
        next(steps)
    assert len(begun) < 200


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_as_many_at_once_as_there_can_be(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    commands.add_at_once(parser, "models")
    assert parser.parse_args([]).at_once == 1 and parser.parse_args(["--at-once", "3"]).at_once == 3
    with pytest.raises(SystemExit):
        parser.parse_args(["--at-once", text])
    assert "is not a number from 1 on" in capsys.readouterr().err


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
