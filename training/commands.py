"""The product's commands as child processes that stop cleanly when the time is up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import TypeVar

import torch

from aln_desk.domain.errors import BadProject, Stopped

Given = TypeVar("Given")
Made = TypeVar("Made")

STOPPED = 130
"""Exit code of a command that was stopped before the end."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When to stop, in seconds of `time.monotonic`."""

    ends: float = inf

    @classmethod
    def of_minutes(cls, minutes: float | None) -> Clock:
        """That many minutes from now; None: never."""
        return cls() if minutes is None else cls(time.monotonic() + 60 * minutes)

    @property
    def left(self) -> float | None:
        """Seconds, at least 0; None where there is no end."""
        return None if self.ends == inf else max(0.0, self.ends - time.monotonic())


def add_at_once(parser: ArgumentParser, what: str) -> None:
    """The option ``--at-once``, for `side_by_side`."""
    parser.add_argument("--at-once", type=_count, default=1, metavar="N", help=f"{what} trained side by side on a CPU")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


def threads_each(at_once: int) -> int:
    """The threads of one of so many trainings side by side: its part of the cores, at least one."""
    return max(1, torch.get_num_threads() // at_once)


def side_by_side(step: Callable[[Given, int | None], Made], given: Iterable[Given], at_once: int) -> Iterator[Made]:
    """``step`` on each of ``given``, ``at_once`` of them at a time, each told the threads that are its part of the
    cores (None: all of them); what they made, in order. A CPU is used better by several small trainings than by one
    on all its cores. An error of a step is raised in its turn; those under way end first, and no other is begun.
    """
    if at_once == 1:
        yield from (step(one, None) for one in given)
        return
    threads = threads_each(at_once)
    pool = ThreadPoolExecutor(at_once)
    try:
        for future in [pool.submit(step, one, threads) for one in given]:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def aln_desk(clock: Clock, *words: object, stoppable: bool = True, threads: int | None = None) -> None:
    """Run ``aln-desk`` with these words in a child process, on ``threads`` (None: as many as it takes).

    When the time is up a ``stoppable`` command is asked to stop, and so it is when this process ends, however it ends:
    its standard input closes. Raises `Stopped` when it stopped before the end or the time was up before it began, and
    `BadProject` when it failed; what it said of that is on standard error.
    """
    if clock.left == 0:
        raise Stopped("The time is up.")
    said = [*map(str, words), *(["--stop-with-stdin"] if stoppable else [])]
    limited = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    command = [sys.executable, "-m", "aln_desk", *said]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **limited}) as child:
        assert child.stdin is not None
        try:
            child.wait(clock.left if stoppable else None)
        except subprocess.TimeoutExpired:
            print("The time is up; the step under way is being stopped.", file=sys.stderr, flush=True)
        finally:
            child.stdin.close()
            child.wait()
    if child.returncode == STOPPED or (child.returncode and clock.left == 0):
        raise Stopped("The time is up.")
    if child.returncode:
        raise BadProject(
            f"`aln-desk {' '.join(said[:2])}` failed; it said why above. Put that right and run the same command again."
        )
