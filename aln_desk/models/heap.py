"""How the C library keeps memory for tensors."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of glibc's ``mallopt``."""
_NEVER, _GROWTH = -1, 64 * 2**20


def keep_freed_memory() -> bool:
    """Let this process keep what its tensors free, for the next ones; True where the C library can (glibc).

    By default glibc gives every large tensor back to Linux as soon as it is freed, and gets the next one as fresh
    pages, which Linux zeroes one by one: in training on a CPU that takes as long as the arithmetic. The peak of memory
    stays about the same, only it is held until the process ends. Harmless to call again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    changes = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _NEVER), (_TOP_PAD, _GROWTH))
    return all(mallopt(parameter, value) for parameter, value in changes)
