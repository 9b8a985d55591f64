"""Ways of doing the same work, one round of each in turns, each way in a process of its own.

In turns, because a machine that others use too is slower at times: only rounds side by side compare. In processes of
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

    def over(self, **figures: float) -> bool:
        """End a round, the first being the warming up, and wait for the next; True when there is none.

        A round's figures are ``seconds``, ``peak`` in bytes (on a card that of its memory, in this round) and those
        given here.
        """
        self._settle()
        spent = time.perf_counter() - self._began
        self._pipe.send({"seconds": spent, "peak": float(self._peak()), **figures})
        goes_on: bool = self._pipe.recv()
        self.restart()
        return not goes_on

    def restart(self) -> None:
        """The round's clock starts here: what came before was its warming up."""
        self._settle()
        if self._on_card:
            torch.cuda.reset_peak_memory_stats()
        self._began = time.perf_counter()

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
    pipes, processes = {}, []
    for name, way in ways.items():
        pipes[name], other = Pipe()
        processes.append(context.Process(target=_run, args=(way, other, device, threads)))
        processes[-1].start()
        other.close()
        _heard(name, pipes[name])  # warmed up, before the next one starts
    found: dict[str, list[Figures]] = {name: [] for name in ways}
    try:
        for _ in range(rounds):
            for name, pipe in pipes.items():
                pipe.send(True)
                found[name].append(_heard(name, pipe))
        for pipe in pipes.values():
            pipe.send(False)
        return {name: Raced(found[name], _heard(name, pipe)) for name, pipe in pipes.items()}
    finally:
        for pipe in pipes.values():
            pipe.close()
        for process in processes:
            process.join()


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
