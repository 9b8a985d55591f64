"""Tables that people made: CSV in UTF-8, separated by commas, semicolons or tabs, the names of columns in row 1."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from aln_desk.domain.errors import BadFile, MissingFile

SHOWN_REFUSALS = 10
"""How many refused rows a message names; the others are counted."""

NumberedRow = tuple[int, list[str]]
"""Number as a spreadsheet counts, the header being row 1, and the cells as they stand."""


def has_columns(path: Path, columns: Iterable[str]) -> bool:
    """Whether the file can be read and its header names all these columns."""
    with suppress(OSError), path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline(1 << 16)
        return set(columns) <= set(_header(next(csv.reader([first], delimiter=_delimiter(first)), [])))
    return False


def read_cells(path: Path, required: Sequence[str], each: str) -> tuple[list[str], list[NumberedRow]]:
    """The header (lower case, ``_`` for spaces) and the rows that are not blank.

    Raises BadFile for a file that is no such table, lacks a ``required`` column, has a column twice or no rows (the
    remedy then says to list one ``each`` a row).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            header, *rows = list(csv.reader(file, delimiter=delimiter)) or [[]]
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


def _delimiter(first: str) -> str:
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
