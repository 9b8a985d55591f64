"""COCO's run-length codes of a mask: column by column, the lengths of runs that are 0, 1, 0, 1 ... in turn.

The first run is of zeros and may be of length 0. The compressed form is text: each length, from the fourth on less
the one two before it, in groups of five bits, lowest first, each group a character from ``0`` on (48), with bit 6 set
while more groups follow; the last group's highest bit is the sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_MOST_GROUPS = 12
"""Five bits each: more than any length of a run needs."""


def encode(mask: NDArray[np.bool_]) -> list[int]:
    """Run lengths of an (H, W) bool mask."""
    flat = mask.ravel(order="F")
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = [0, *ends.tolist(), flat.size]
    lengths = [after - before for before, after in pairwise(bounds)]
    return [0, *lengths] if flat.size and flat[0] else lengths


def decode(counts: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """The (height, width) bool mask; what the runs do not reach is False.

    Raises ValueError for a negative length and for more pixels than the image has.
    """
    if any(count < 0 for count in counts):
        raise ValueError("a run of the RLE is of negative length")
    if (total := sum(counts)) > height * width:
        raise ValueError(f"the RLE is longer than the image ({_short(total)} of {height * width} pixels)")
    flat = np.zeros(height * width, np.bool_)
    place = 0
    for number, count in enumerate(counts):
        if number % 2:
            flat[place : place + count] = True
        place += count
    return flat.reshape((height, width), order="F")


def to_text(counts: Sequence[int]) -> str:
    """Run lengths in the compressed form."""
    return "".join(_packed(count - counts[number - 2] if number > 2 else count) for number, count in enumerate(counts))


def from_text(text: str) -> list[int]:
    """The inverse of `to_text`; raises ValueError where ``text`` is no such code."""
    counts: list[int] = []
    value = groups = 0
    for letter in text:
        code = ord(letter) - 48
        if not 0 <= code < 64 or groups == _MOST_GROUPS:
            raise ValueError("the compressed RLE is damaged")
        value |= (code & 0x1F) << 5 * groups
        groups += 1
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << 5 * groups
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = groups = 0
    if groups:
        raise ValueError("the compressed RLE is cut short")
    return counts


def _packed(value: int) -> str:
    letters: list[str] = []
    while True:
        code, value = value & 0x1F, value >> 5
        if value == (-1 if code & 0x10 else 0):
            return "".join([*letters, chr(code + 48)])
        letters.append(chr((code | 0x20) + 48))


def _short(number: int) -> str:
    return str(number) if number < 10**15 else "10^15 and more"
