"""What a model said of each patient: ``verdicts.csv`` in a project's predictions folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from aln_desk.domain.errors import BadFile
from aln_desk.domain.verdict import Decision
from aln_desk.io import atomic

VERDICTS_FILE = "verdicts.csv"
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
)


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One line of the table, the fields in the order of `VERDICT_COLUMNS`.

    ``outcome`` is None where unknown, ``n_tumour`` and ``n_node`` count the images, ``model`` is a digest.
    ``decision`` is the verdict's; statistics at the threshold go by the score alone.
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


def write_verdicts(path: Path, rows: Iterable[VerdictRow]) -> None:
    """Write the table (UTF-8, commas), atomically; numbers come back exactly as they were."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(VERDICT_COLUMNS)
    writer.writerows(astuple(row) for row in rows)
    with suppress(OSError):  # writing then says what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, text.getvalue())


def read_verdicts(path: Path) -> list[VerdictRow]:
    """The table's rows; none where no model has read the project yet. Raises BadFile for a damaged table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [_row(record) for record in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise BadFile(path, f"is no table of verdicts ({error})", "Let the model read the patients again") from error


def _row(record: dict[str, str]) -> VerdictRow:
    return VerdictRow(
        patient=record["patient"],
        cohort=record["cohort"],
        outcome=int(record["outcome"]) if record["outcome"] else None,
        score=float(record["score"]),
        threshold=float(record["threshold"]),
        decision=_decision(record["decision"]),
        n_tumour=int(record["n_tumour"]),
        n_node=int(record["n_node"]),
        model=record["model"],
    )


def _decision(text: str) -> Decision:
    known: dict[str, Decision] = {"positive": "positive", "negative": "negative", "uncertain": "uncertain"}
    if text not in known:
        raise ValueError(f"'{text}' is no decision")
    return known[text]
