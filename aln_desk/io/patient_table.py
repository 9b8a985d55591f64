"""The CSV that says which image belongs to whom: one row an image.

Columns ``file`` (relative to the table) and ``patient`` are needed; ``view``, ``outcome``, ``admission_date``,
``cohort`` and ``hospital`` are known; every other column is a clinical variable. UTF-8, separated by ``,`` or ``;``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from aln_desk.domain.errors import BadProject
from aln_desk.domain.patient import Role, View
from aln_desk.domain.shape import class_of
from aln_desk.io.csv_table import has_columns, read_cells, refused
from aln_desk.io.images import IMAGE_SUFFIXES

REQUIRED = ("file", "patient")
KNOWN = (*REQUIRED, "view", "outcome", "admission_date", "cohort", "hospital")
_OUTCOMES = {"": None, "0": 0, "0.0": 0, "n": 0, "negative": 0, "1": 1, "1.0": 1, "y": 1, "positive": 1}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VIEWS = {0: None, 1: View.TUMOUR, 2: View.NODE}
_ROLES = (
    (re.compile(r".*\bexternal\b"), Role.EXTERNAL_TEST),
    (re.compile(r"train(ing)?\b"), Role.TRAIN),
    (re.compile(r"(tune|tuning|val|validation)\b"), Role.TUNE),
    (re.compile(r"(internal|test)\b"), Role.INTERNAL_TEST),
)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One image as the table has it. ``number`` counts as a spreadsheet does, the header being row 1.

    ``file`` is absolute and exists. An empty ``view`` is None, an empty or unknown ``outcome`` too; other empty
    cells are empty texts, and ``clinical`` leaves them out.
    """

    number: int
    file: Path
    patient: str
    view: View | None = None
    outcome: int | None = None
    admission_date: str = ""
    cohort: str = ""
    hospital: str = ""
    clinical: Mapping[str, str] = field(default_factory=dict)


def find_table(folder: Path) -> Path | None:
    """The one CSV directly in ``folder`` whose header holds ``file`` and ``patient``; None without one.

    Raises BadProject for two of them.
    """
    tables = [path for path in sorted(folder.glob("*.[cC][sS][vV]")) if has_columns(path, REQUIRED)]
    if len(tables) > 1:
        names = " and ".join(path.name for path in tables[:2])
        raise BadProject(f"{folder}: both {names} list images and patients; name the one to use.")
    return tables[0] if tables else None


def unused_tables(folder: Path) -> list[Path]:
    """CSVs directly in ``folder`` that `find_table` passes over, for a word to the user who may have meant one."""
    return [path for path in sorted(folder.glob("*.[cC][sS][vV]")) if not has_columns(path, REQUIRED)]


def read_table(path: Path) -> list[TableRow]:
    """All rows, or a BadProject that names the refused ones with number and reason.

    Refused are: a file that does not exist, is no image or is listed twice; a word that is no view, outcome or
    cohort; a date that is not ``YYYY-MM-DD``; a patient of whom two rows say different things. A file that is not
    such a table raises BadFile.
    """
    header, records = read_cells(path, REQUIRED, "image")
    rows: list[TableRow] = []
    refusals: list[tuple[int, str]] = []
    for number, cells in records:
        try:
            rows.append(_row(number, header, cells, path.parent))
        except ValueError as error:
            refusals.append((number, str(error)))
    refusals += _contradictions(rows)
    if refusals:
        raise BadProject(refused(path, refusals))
    return rows


def role_of(cohort: str) -> Role | None:
    """The role that a cohort's name says ("train", "external test B", "validation_2" ...), or None."""
    words = " ".join(re.split(r"[\s_-]+", cohort.strip().casefold()))
    return next((role for pattern, role in _ROLES if pattern.match(words)), None)


def _row(number: int, header: list[str], cells: list[str], folder: Path) -> TableRow:
    """The row, or a ValueError that says why not."""
    if any(map(str.strip, cells[len(header) :])):
        raise ValueError("it has more cells than the first row")
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
    if not values.get("patient"):
        raise ValueError("it names no patient")
    if _CONTROL.search(values["patient"]):
        raise ValueError("its patient's name holds a line break or another control character")
    return TableRow(
        number=number,
        file=_file(folder, values.get("file", "")),
        patient=values["patient"],
        view=_view(values.get("view", "")),
        outcome=_outcome(values.get("outcome", "")),
        admission_date=_date(values.get("admission_date", "")),
        cohort=_cohort(values.get("cohort", "")),
        hospital=values.get("hospital", ""),
        clinical={name: value for name, value in values.items() if value and name not in KNOWN},
    )


def _file(folder: Path, name: str) -> Path:
    if not name:
        raise ValueError("it names no file")
    found = next((path for path in (folder / name, folder / name.replace("\\", "/")) if _is_file(path)), None)
    if found is None:
        raise ValueError(f"there is no file {name}")
    if found.suffix.lower() not in IMAGE_SUFFIXES:
        raise ValueError(f"{name} is not an image of a known kind ({', '.join(IMAGE_SUFFIXES)})")
    return Path(os.path.normpath(found.absolute()))


def _is_file(path: Path) -> bool:
    with suppress(OSError, ValueError):  # a name too long, or with characters no file can have
        return path.is_file()
    return False


def _view(word: str) -> View | None:
    view = _VIEWS[class_of(word)]
    if word and view is None:
        raise ValueError(f'view "{word}" is neither tumour nor lymph_node')
    return view


def _outcome(word: str) -> int | None:
    if word.casefold() not in _OUTCOMES:
        raise ValueError(f'outcome "{word}" is none of 0, 1, N, Y, negative, positive')
    return _OUTCOMES[word.casefold()]


def _date(word: str) -> str:
    with suppress(ValueError):
        if not word or date.fromisoformat(word).isoformat() == word:
            return word
    raise ValueError(f'admission date "{word}" is not written as YYYY-MM-DD')


def _cohort(word: str) -> str:
    if word and role_of(word) is None:
        raise ValueError(f'cohort "{word}" says none of training, tune, internal test, external test')
    return word


def _contradictions(rows: list[TableRow]) -> list[tuple[int, str]]:
    """Refusals of rows that disagree with an earlier one, each naming both."""
    refusals: list[tuple[int, str]] = []
    listed: dict[Path, int] = {}
    said: dict[tuple[str, str], tuple[str, int]] = {}
    for row in rows:
        first = listed.setdefault(row.file, row.number)
        if first != row.number:
            refusals.append((row.number, f"{row.file.name} is listed in row {first} already"))
        for name, value in _said(row).items():
            before, number = said.setdefault((row.patient, name), (value, row.number))
            if before != value:
                reason = f"patient {row.patient} has {name} {value} here and {before} in row {number}"
                refusals.append((row.number, reason))
    return refusals


def _said(row: TableRow) -> dict[str, str]:
    """What a row says of its patient, by column; what it does not say is left out."""
    outcome = "" if row.outcome is None else str(row.outcome)
    known = {"cohort": row.cohort, "outcome": outcome}
    known |= {"admission_date": row.admission_date, "hospital": row.hospital}
    return {name: value for name, value in {**row.clinical, **known}.items() if value}
