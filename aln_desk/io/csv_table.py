"""Tables that people made: CSV in UTF-8, separated by commas, semicolons or tabs, the names of columns in row 1.

A line ``sep=;`` before it, which spreadsheets write and do not show, is no row and names what separates.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from aln_desk.domain.errors import BadFile, MissingFile

SHOWN_REFUSALS = 10
"""How many refused rows a message names; the others are counted."""

_SAID = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)
_LONGEST = 1 << 16
"""Characters of a first line that are looked at."""

NumberedRow = tuple[int, list[str]]
"""Number as a spreadsheet counts, the header being row 1, and the cells as they stand."""


def has_columns(path: Path, columns: Iterable[str]) -> bool:
    """Whether the file can be read and its header names all these columns."""
    with suppress(OSError), path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        delimiter = _delimiter(file)
        return set(columns) <= set(_header(next(csv.reader([file.readline(_LONGEST)], delimiter=delimiter), [])))
    return False


def read_cells(path: Path, required: Sequence[str], each: str) -> tuple[list[str], list[NumberedRow]]:
    """The header (lower case, ``_`` for spaces) and the rows that are not blank.

    Raises BadFile for a file that is no such table, lacks a ``required`` column, has a column twice or no rows (the
    remedy then says to list one ``each`` a row).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file, delimiter=_delimiter(file))) or [[]]
    except FileNotFoundError as error:
        raise MissingFile(path, "this table does not exist", "Choose another") from error
    except OSError as error:
        raise BadFile(path, f"cannot be opened ({error.strerror})", "Choose another table") from error
    except UnicodeDecodeError as error:
        raise BadFile(path, "is not in UTF-8", 'Save the table as "CSV UTF-8"') from error
    except (csv.Error, ValueError) as error:
        raise BadFile(path, f"is not a table ({error})", "Save it as CSV from a spreadsheet") from error
    numbered = [(number, cells) for number, cells in enumerate(rows, start=2) if any(map(str.strip, cells))]
    names = _checked(path, _header(header), required)
    if not numbered:
        raise BadFile(path, "has no rows", f"List one {each} a row")
    return names, numbered


def refused(path: Path, refusals: Iterable[tuple[int, str]]) -> str:
    """The sentence that nothing was imported, with number and reason of the first refused rows."""
    ordered = sorted(refusals)
    shown = "; ".join(f"row {number}: {reason}" for number, reason in ordered[:SHOWN_REFUSALS])
    more = len(ordered) - SHOWN_REFUSALS
    rest = f"; and {more} more" if more > 0 else ""
    counted = "1 row is refused" if len(ordered) == 1 else f"{len(ordered)} rows are refused"
    return f"{path}: nothing was imported, {counted}. {shown}{rest}."


def _delimiter(file: TextIO) -> str:
    """What separates the cells of a file just opened, which is left at its header."""
    first = file.readline(_LONGEST)
    if said := _SAID.fullmatch(first):
        return said[1]
    file.seek(0)
    return max(",;\t", key=first.count)


def _header(cells: Iterable[str]) -> list[str]:
    return [cell.strip().casefold().replace(" ", "_") for cell in cells]


def _checked(path: Path, header: list[str], required: Sequence[str]) -> list[str]:
    missing = [name for name in required if name not in header]
    twice = [name for name in dict.fromkeys(header) if name and header.count(name) > 1]
    if missing:
        raise BadFile(path, f"has no column {' and no column '.join(missing)}", "Add it to the first row")
    if twice:
        raise BadFile(path, f"has two columns {twice[0]}", "Keep one of them")
    return header
