"""Tables that R wrote (the scripts stand beside them in ``tests/stats/r``) for tests to compare with."""

from __future__ import annotations

import csv
from pathlib import Path

_FOLDER = Path(__file__).parent / "stats" / "r"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table by the names of its columns."""
    with (_FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
