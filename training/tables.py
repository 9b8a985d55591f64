"""Tables that commands write: CSV for programs, Markdown for people, numbers in the style of the publication's."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from aln_desk.evaluation.tables import words


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table that a command wrote (UTF-8, commas), by column. Raises OSError where it cannot be read."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def to_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A header and a line a row, ended by a line feed; numbers keep all their digits, and nan is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if _is_nan(cell) else cell for cell in row] for row in rows)
    return text.getvalue()


def to_markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, without a line feed at its end. Cells must hold no ``|``."""
    return "\n".join([_line(head), "|---" * len(head) + "|", *map(_line, rows)])


def number(value: float) -> str:
    """Three decimals; empty for nan."""
    return "" if math.isnan(value) else words.number(value)


def interval(value: float, low: float, high: float) -> str:
    """``0.832 (0.780 to 0.885)``; the value alone where its limits are nan, and empty where it is itself."""
    return number(value) if math.isnan(low) else words.interval(value, low, high, signed=True)


def p_value(p: float) -> str:
    """``0.034``, ``<0.001``, ``>0.999``; empty for nan."""
    return "" if math.isnan(p) else words.p_value(p)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)
