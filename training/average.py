"""Exponential moving average of a network (Polyak and Juditsky 1992; with decay, as commonly used)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Average:
    """Follows ``net``; with ``decay`` 0 it does nothing at all.

    After n updates the decay is min(decay, (1 + n) / (10 + n)), so that a short run's average forgets its beginning.
    A batch norm's running statistics are averaged too: those of the network as it is do not fit the average.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        followed = {name: value for name, value in net.state_dict().items() if value.is_floating_point()}
        self._names, self._live = list(followed), list(followed.values())
        self._decay = decay
        self._kept: list[Tensor] = [value.clone() for value in self._live] if decay else []

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the network after ``step`` (counted from 0)."""
        if self._decay:
            decay = min(self._decay, (1.0 + step) / (10.0 + step))
            torch._foreach_lerp_(self._kept, self._live, 1.0 - decay)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Within, the network is the average."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def settle(self) -> None:
        """The network becomes the average for good."""
        for live, kept in zip(self._live, self._kept, strict=False):
            live.copy_(kept)

    def state(self) -> dict[str, NDArray[Any]]:
        """For a checkpoint."""
        return {f"ema.{n}": kept.cpu().numpy() for n, kept in zip(self._names, self._kept, strict=False)}

    @torch.no_grad()
    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """What `state` gave; what it misses begins anew at the network as it is."""
        for name, live, kept in zip(self._names, self._live, self._kept, strict=False):
            stored = state.get(f"ema.{name}")
            kept.copy_(live if stored is None else torch.from_numpy(np.array(stored)))

    @torch.no_grad()
    def _swap(self) -> None:
        for live, kept in zip(self._live, self._kept, strict=False):
            held = live.clone()
            live.copy_(kept)
            kept.copy_(held)
