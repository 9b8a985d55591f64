"""The order in which people expect names: P2 before P10."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"([0-9]+)")
NaturalKey = tuple[tuple[int, str], ...]


def natural_key(name: str) -> NaturalKey:
    """Sort key: runs of the digits 0-9 compare as numbers, everything else without regard to case."""
    parts = _DIGITS.split(name.casefold())
    return tuple(_number(part) if index % 2 else (0, part) for index, part in enumerate(parts))


def _number(digits: str) -> tuple[int, str]:
    """Orders like the number, which may be too long to be made an int."""
    significant = digits.lstrip("0")
    return len(significant), significant
