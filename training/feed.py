"""The next step's images are fetched while a device still learns from this step's."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.augment import Variation
from training.data import ImageSet

RESIDENT_SHARE = 0.4
"""Share of a card's free memory that the images may take for good."""


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """What one step looks at: image indices (B,) and how each is varied (None: not at all)."""

    index: NDArray[np.int64]
    variation: Variation | None

    def part(self, rows: slice) -> Draw:
        """A part of the step, for a small memory or one of several devices."""
        return Draw(self.index[rows], None if self.variation is None else self.variation.part(rows))


class Feed:
    """Draws ahead in a thread of its own; as a context, ends that thread.

    On a card with room for them, all images lie there from the start; otherwise a step's images are gathered from
    the memory-mapped cache. ``waited`` counts the seconds in which a device stood idle for data. A CPU fetches when it
    is asked: there the network works on every core, and a thread beside it costs a third of the speed.
    """

    def __init__(
        self, data: ImageSet, device: torch.device, draw: Callable[[int], Draw], draws_ahead: bool | None = None
    ) -> None:
        """``draws_ahead``: whether it does; None: unless the device is a CPU."""
        self._data, self._device, self._draw = data, device, draw
        self._draws_ahead = device.type != "cpu" if draws_ahead is None else draws_ahead
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._ahead: tuple[int, Future[tuple[Draw, Tensor, Tensor]]] | None = None
        self._resident = self._all_on_device() if _fits(data, device) else None
        self.waited = 0.0

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def take(self, step: int) -> tuple[Draw, Tensor, Tensor]:
        """The step's `Draw`, pixels (B,S,S,3) uint8 and masks (B,S,S) uint8, the latter two on the device."""
        began = time.perf_counter()
        drawn, pixels, mask = self._fetched_ahead(step) if self._draws_ahead else self._fetch(step)
        self.waited += time.perf_counter() - began
        return drawn, pixels.to(self._device, non_blocking=True), mask.to(self._device, non_blocking=True)

    def _fetched_ahead(self, step: int) -> tuple[Draw, Tensor, Tensor]:
        if self._ahead is None or self._ahead[0] != step:
            self._ahead = (step, self._thread.submit(self._fetch, step))
        found = self._ahead[1].result()
        self._ahead = (step + 1, self._thread.submit(self._fetch, step + 1))
        return found

    def _fetch(self, step: int) -> tuple[Draw, Tensor, Tensor]:
        drawn = self._draw(step)
        if self._resident is not None:
            index = torch.from_numpy(drawn.index).to(self._device)
            return drawn, self._resident[0][index], self._resident[1][index]
        pixels, mask = (torch.from_numpy(part[drawn.index]) for part in (self._data.image, self._data.mask))
        if self._device.type == "cuda":  # only pinned memory travels without being waited for
            return drawn, pixels.pin_memory(), mask.pin_memory()
        return drawn, pixels, mask

    def _all_on_device(self) -> tuple[Tensor, Tensor]:
        image, mask = (torch.from_numpy(np.array(part)) for part in (self._data.image, self._data.mask))
        return image.to(self._device), mask.to(self._device)


def _fits(data: ImageSet, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return data.image.nbytes + data.mask.nbytes < RESIDENT_SHARE * free
