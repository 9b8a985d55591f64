"""Ways of doing the same work, one round of each in turns, each way in a process of its own.

In turns, because a machine that others use too is slower at times: only rounds side by side compare. Ratios on a CPU
are worth something only while it does nothing else: a single busy core more makes all threads of a way wait at each of
its operations, and the reference, which has more of them, looks several times slower than it is. In processes of
their own, because threads, memory settings and the peak of memory belong to a process.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe
from statistics import median

import torch

Figures = dict[str, float]


class Turn:
    """A way's view of the race."""

    def __init__(self, pipe: Connection, device: str) -> None:
        self._pipe, self._on_card = pipe, device == "cuda"
        self._began = 0.0
        self._ended: float | None = None

    def over(self, **figures: float) -> bool:
        """End a round, the first being the warming up, and wait for the next; True when there is none.

        A round's figures are ``seconds``, ``peak`` in bytes (on a card that of its memory, in this round) and those
        given here.
        """
        ended = self.stop() if self._ended is None else self._ended
        self._pipe.send({"seconds": ended - self._began, "peak": float(self._peak()), **figures})
        goes_on: bool = self._pipe.recv()
        self.restart()
        return not goes_on

    def restart(self) -> None:
        """The round's clock starts here: what came before was its warming up."""
        self._settle()
        if self._on_card:
            torch.cuda.reset_peak_memory_stats()
        self._began, self._ended = time.perf_counter(), None

    def stop(self) -> float:
        """The round's clock stops here, and is read: what comes after, until it is over, is its winding down."""
        self._settle()
        self._ended = time.perf_counter()
        return self._ended

    def _settle(self) -> None:
        if self._on_card:
            torch.cuda.synchronize()

    def _peak(self) -> int:
        if self._on_card:
            return torch.cuda.max_memory_allocated()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


Way = Callable[[Turn], Figures]


@dataclass(frozen=True, slots=True)
class Raced:
    """What one way did: the figures of each round, and those that it gave in the end."""

    rounds: list[Figures]
    end: Figures

    def median(self, name: str) -> float:
        return median(figures[name] for figures in self.rounds)


def race(ways: Mapping[str, Way], rounds: int, device: str, threads: int = 0) -> dict[str, Raced]:
    """Let every way do so many rounds. Ways must be picklable; ``threads`` of torch in each, 0 for torch's choice."""
    context = get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes = []
    try:
        for name, way in ways.items():
            pipes[name], other = Pipe()
            processes.append(context.Process(target=_run, args=(way, other, device, threads)))
            processes[-1].start()
            other.close()
            _heard(name, pipes[name])  # warmed up, before the next one starts
        return _laps(pipes, rounds)
    finally:
        for pipe in pipes.values():
            pipe.close()
        for process in processes:
            process.join()


def _laps(pipes: Mapping[str, Connection], rounds: int) -> dict[str, Raced]:
    found: dict[str, list[Figures]] = {name: [] for name in pipes}
    for _ in range(rounds):
        for name, pipe in pipes.items():
            pipe.send(True)
            found[name].append(_heard(name, pipe))
    ends = {}
    for name, pipe in pipes.items():
        pipe.send(False)
        ends[name] = _heard(name, pipe)
    return {name: Raced(found[name], ends[name]) for name in pipes}


def ratio(slow: Raced, fast: Raced) -> float:
    """Median over the rounds of the time of one way by that of the other, which had its turn right after."""
    return median(a["seconds"] / b["seconds"] for a, b in zip(slow.rounds, fast.rounds, strict=True))


def _run(way: Way, pipe: Connection, device: str, threads: int) -> None:
    if threads:
        torch.set_num_threads(threads)
    pipe.send(way(Turn(pipe, device)))


def _heard(name: str, pipe: Connection) -> Figures:
    try:
        figures: Figures = pipe.recv()
        return figures
    except EOFError:
        raise SystemExit(f"The way '{name}' failed; its error stands above.") from None
