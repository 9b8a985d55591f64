"""Works that need nothing of each other, done side by side where the system can copy a process, else in turn."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_MOST = 8
_MOMENT = 0.1
"""Seconds."""


def processors() -> int:
    """How many processes are worth their memory here."""
    return min(_MOST, len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1)


def side_by_side(
    works: Sequence[Callable[[], T]], processes: int, go_on: Callable[[], None] = lambda: None
) -> Iterator[T]:
    """The result of each work, in their order, however many ``processes`` there are.

    On Linux each work is done in a forked copy of this process, with all that is in memory here: files it writes
    stay, its result comes back, whatever else it changes is lost. It must not use an open database. One that fails
    there is done again here, to fail with its own words. macOS, whose frameworks do not survive a fork, and Windows,
    which has none, do the works here, as does one process.

    ``go_on`` is asked again and again; when it raises, the copies at work end too.
    """
    if min(processes, len(works)) < 2 or sys.platform != "linux":
        for work in works:
            go_on()
            yield work()
        return
    copies = _Copies(works)
    try:
        for place, work in enumerate(works):
            while place not in copies.ended:
                go_on()
                copies.go_on(processes)
            answer = copies.ended[place]
            yield answer[0] if answer else work()
    finally:
        copies.end()


class _Copies(Generic[T]):
    """Copies of this process at work; what each gave lies in ``ended`` by the place of its work, () if it failed."""

    def __init__(self, works: Sequence[Callable[[], T]]) -> None:
        self.ended: dict[int, tuple[T] | tuple[()]] = {}
        self._todo = list(enumerate(works))[::-1]
        self._running: dict[Connection, tuple[int, int]] = {}

    def go_on(self, processes: int) -> None:
        """Start what may be started and take what has ended; not for longer than a moment."""
        while self._todo and len(self._running) < processes:
            place, work = self._todo.pop()
            answer, pid = _start(work)
            self._running[answer] = (place, pid)
        ready = wait(list(self._running), _MOMENT)
        for answer in [one for one in self._running if one in ready]:
            place, pid = self._running.pop(answer)
            self.ended[place] = _taken(answer)
            os.waitpid(pid, 0)

    def end(self) -> None:
        """Nobody waits for what still runs."""
        for answer, (_, pid) in self._running.items():
            answer.close()
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _taken(answer: Connection) -> tuple[Any] | tuple[()]:
    with answer, suppress(EOFError, OSError):
        return (answer.recv(),)
    return ()


def _start(work: Callable[[], T]) -> tuple[Connection, int]:
    """Where the answer will come, and who works on it."""
    answer, own = Pipe(duplex=False)
    pid = os.fork()
    if pid:
        own.close()
        return answer, pid
    try:  # in the copy, which is not to run anything that this process would do at its end
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells everyone; who started it will end it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        own.send(work())
    finally:
        os._exit(0)
