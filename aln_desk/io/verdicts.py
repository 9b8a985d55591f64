"""What models said of each patient, in a project's predictions folder.

``verdicts.csv`` is the last reading; ``scores/<model>.csv``, in the same format, keeps what each model said last. In
projects read before the latter were kept there is ``verdicts.csv`` alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadFile
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import Decision
from aln_desk.io import atomic

VERDICTS_FILE = "verdicts.csv"
SCORES_FOLDER = "scores"
VERDICT_COLUMNS = (
    "patient",
    "cohort",
    "outcome",
    "score",
    "threshold",
    "decision",
    "n_tumour",
    "n_node",
    "model",
    "seen_in_training",
    "simulated_outcomes",
)
_LATER = ("seen_in_training", "simulated_outcomes")
"""Columns that older tables lack."""


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One line of the table, a field a column, in the order of `VERDICT_COLUMNS`.

    ``outcome`` is None where unknown, ``n_tumour`` and ``n_node`` count the images, ``model`` is a digest.
    ``decision``, ``seen`` and ``simulated`` (``yes`` or ``no`` in the table) are the verdict's; statistics at the
    threshold go by the score alone.
    """

    patient: str
    cohort: str
    outcome: int | None
    score: float
    threshold: float
    decision: Decision
    n_tumour: int
    n_node: int
    model: str
    seen: Seen = Seen.UNKNOWN
    simulated: bool = False


_DECISIONS: dict[str, Decision] = {"positive": "positive", "negative": "negative", "uncertain": "uncertain"}
_UNSAFE_IN_FILE = re.compile(r"[^A-Za-z0-9_-]")
_as_they_are = attrgetter(*(column for column in VERDICT_COLUMNS if column not in _LATER))


def write_verdicts(path: Path, rows: Iterable[VerdictRow]) -> None:
    """Write the table (UTF-8, commas), atomically; numbers come back exactly as they were."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(VERDICT_COLUMNS)
    writer.writerows(map(_cells, rows))
    with suppress(OSError):  # writing then says what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, text.getvalue())


def read_verdicts(path: Path) -> list[VerdictRow]:
    """The table's rows; none where no model has read the project yet. Raises BadFile for a damaged table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = csv.reader(file)
            header, first = next(records, []), next(records, None)
            if first is None:
                return []
            lacking = [column for column in _LATER if column not in header]
            pick = itemgetter(*((header + lacking).index(column) for column in VERDICT_COLUMNS))
            empty = [""] * len(lacking)
            return [_row(*pick(record + empty)) for record in chain([first], records) if record]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise BadFile(path, f"is no table of verdicts ({error})", "Let the model read the patients again") from error


def write_reading(folder: Path, model: str, rows: Sequence[VerdictRow], last: bool = True) -> None:
    """Keep what ``model`` says of the project's patients as its own table, and as the ``last`` reading's too.

    ``folder`` is the project's predictions folder; each table is replaced in one step. A model whose verdicts only the
    last reading's table holds gets its own before that is replaced.
    """
    if rows or scores_file(folder, model).exists():
        write_verdicts(scores_file(folder, model), rows)
    if last:
        for other, before in _last_reading(folder).items():
            if not scores_file(folder, other).exists():
                write_verdicts(scores_file(folder, other), before)
        write_verdicts(folder / VERDICTS_FILE, rows)


def read_model(folder: Path, model: str) -> list[VerdictRow]:
    """What ``model`` said last of each patient; none where it has not read any. Raises BadFile for a damaged table."""
    if scores_file(folder, model).exists():
        return read_verdicts(scores_file(folder, model))
    return [row for row in read_verdicts(folder / VERDICTS_FILE) if row.model == model]


def read_models(folder: Path) -> dict[str, list[VerdictRow]]:
    """What every model said last of each patient, by digest. Raises BadFile for a damaged table."""
    found: dict[str, list[VerdictRow]] = {}
    for path in sorted((folder / SCORES_FOLDER).glob("*.csv")):
        found |= _by_model(read_verdicts(path))
    return _by_model(read_verdicts(folder / VERDICTS_FILE)) | found


def scores_file(folder: Path, model: str) -> Path:
    """Where the verdicts of one model are kept; the file need not exist."""
    return folder / SCORES_FOLDER / f"{_UNSAFE_IN_FILE.sub('_', model)}.csv"


def _last_reading(folder: Path) -> dict[str, list[VerdictRow]]:
    """By model; nothing from a damaged table, which is about to be made anew."""
    with suppress(BadFile):
        return _by_model(read_verdicts(folder / VERDICTS_FILE))
    return {}


def _by_model(rows: Iterable[VerdictRow]) -> dict[str, list[VerdictRow]]:
    found: dict[str, list[VerdictRow]] = {}
    for row in rows:
        found.setdefault(row.model, []).append(row)
    return found


def _row(
    patient: str,
    cohort: str,
    outcome: str,
    score: str,
    threshold: str,
    decision: str,
    n_tumour: str,
    n_node: str,
    model: str,
    seen: str,
    simulated: str,
) -> VerdictRow:
    if decision not in _DECISIONS:
        raise ValueError(f"'{decision}' is no decision")
    known = int(outcome) if outcome else None
    figures = (float(score), float(threshold), _DECISIONS[decision], int(n_tumour), int(n_node))
    return VerdictRow(patient, cohort, known, *figures, model, Seen(seen), simulated == "yes")


def _cells(row: VerdictRow) -> tuple[Any, ...]:
    return (*_as_they_are(row), row.seen.value, "yes" if row.simulated else "no")
