"""What a loop tells while it runs: progress with time left, and smoothed losses, a few times a second at most."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from torch import Tensor

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.messages import Curve, Message, Progress

Emit = Callable[[Message], None]
TELL_EVERY_SECONDS = 0.25
SAVE_EVERY_SECONDS = 60.0


class Pace:
    """Counts the steps of one stage. Losses are averaged between two reports, so no device is waited for in between.

    A loss that is no longer a finite number ends the run with a sentence: what follows would be worthless.
    """

    def __init__(self, stage: str, start: int, total: int, emit: Emit) -> None:
        self._stage, self._start, self._total, self._emit = stage, start, total, emit
        self._done = start
        self._since = self._told = self._saved = time.monotonic()
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def step(self, values: Mapping[str, Tensor]) -> None:
        """One step is done with these losses (scalar tensors)."""
        self._done += 1
        self._count += 1
        for name, value in values.items():
            known = self._sums.get(name)
            self._sums[name] = value.detach() if known is None else known + value.detach()
        if self._done == self._total or time.monotonic() - self._told >= TELL_EVERY_SECONDS:
            self._tell()

    def save_due(self) -> bool:
        """True once every `SAVE_EVERY_SECONDS`."""
        if time.monotonic() - self._saved < SAVE_EVERY_SECONDS:
            return False
        self._saved = time.monotonic()
        return True

    def _tell(self) -> None:
        means = {name: float(value) / self._count for name, value in self._sums.items()}
        if not all(math.isfinite(value) for value in means.values()):
            raise BadSetting(
                f"The training has diverged (its loss is no longer a number at step {self._done}). "
                f"Start again with a lower {self._stage}.learning_rate."
            )
        self._emit(Curve(self._stage, "train", self._done, means))
        spent = time.monotonic() - self._since
        left = spent / (self._done - self._start) * (self._total - self._done)
        self._emit(Progress(self._stage, self._done, self._total, left))
        self._sums, self._count, self._told = {}, 0, time.monotonic()
