"""How many threads torch works in: sums over other numbers of threads differ in their last bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def working_in(threads: int) -> Iterator[None]:
    """Within, torch works in so many threads; 0 leaves what is set. The number before is set again after."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
