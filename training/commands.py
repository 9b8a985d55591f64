"""The product's commands as child processes that stop cleanly when the time is up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from math import inf

from aln_desk.domain.errors import BadProject, Stopped

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
