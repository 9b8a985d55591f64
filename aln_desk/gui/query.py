"""The words of the patients' query box: ``P-04 outcome:1 verdict:positive nodes:>0 cohort:training``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aln_desk.domain.patient import Patient, View
from aln_desk.domain.verdict import Verdict

HINT = "Name, verdict:uncertain, outcome:1, nodes:>0, cohort:training, signed:no"
HELP = """Words that a patient must fit, all of them:
P-04   part of a name or cohort
verdict:positive   or negative, uncertain, none
outcome:1   or 0, unknown
score:>=0.5
nodes:>0   also tumours, images
cohort:training
signed:no   or yes
training:in   or held, not: whether the model was trained on the patient"""

_NUMBER = re.compile(r"(>=|<=|>|<|=)?([0-9]*\.?[0-9]+)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_OUTCOMES = {"1": 1, "positive": 1, "0": 0, "negative": 0, "unknown": None}


@dataclass(frozen=True, slots=True)
class PatientRow:
    """What is known of a patient in a list. ``outlined`` counts images with a drawn outline, None while unknown."""

    patient: Patient
    verdict: Verdict | None = None
    outlined: int | None = None
    signed: bool = False


def matches(query: str, row: PatientRow) -> bool:
    """Whether the row fits every word of the query; an empty query fits all, an unknown ``key:`` is plain text."""
    return all(_fits(word, row) for word in query.casefold().split())


def split(query: str) -> tuple[list[str], str]:
    """(words that are looked for in names, the query of all others): what fits both fits the whole."""
    words = query.casefold().split()
    names = [word for word in words if word.partition(":")[0] not in _KEYS or ":" not in word]
    return names, " ".join(word for word in words if word not in names)


def bears(names: Sequence[str], patient: Patient) -> bool:
    """Whether each of these words, as `split` gives them, is part of the patient's name or cohort."""
    text = f"{patient.id}\n{patient.cohort}".casefold()  # no word holds a line break
    return all(name in text for name in names)


def complaint(query: str) -> str:
    """A sentence on the first ``key:`` of the query that is none; empty when all are known."""
    keys = [key for key, colon, _ in (word.partition(":") for word in query.casefold().split()) if colon]
    wrong = next((key for key in keys if key not in _KEYS), None)
    return "" if wrong is None else f'"{wrong}" is no word of the query; known: {", ".join(_KEYS)}.'


def _fits(word: str, row: PatientRow) -> bool:
    key, colon, value = word.partition(":")
    if colon and key in _KEYS:
        return not value or _KEYS[key](value, row)
    return bears((word,), row.patient)


def _outcome(value: str, row: PatientRow) -> bool:
    return value in _OUTCOMES and row.patient.outcome == _OUTCOMES[value]


def _verdict(value: str, row: PatientRow) -> bool:
    if value == "none":
        return row.verdict is None
    return row.verdict is not None and row.verdict.decision.startswith(value)


def _training(value: str, row: PatientRow) -> bool:
    return row.verdict is not None and row.verdict.seen.words.casefold().startswith(value)


def _signed(value: str, row: PatientRow) -> bool:
    return row.signed == value.startswith(("y", "1"))


def _cohort(value: str, row: PatientRow) -> bool:
    return value in row.patient.cohort.casefold()


def _score(value: str, row: PatientRow) -> bool:
    return row.verdict is not None and _compares(value, row.verdict.score)


def _compares(value: str, number: float) -> bool:
    parsed = _NUMBER.fullmatch(value)
    return parsed is not None and _COMPARE[parsed[1] or "="](number, float(parsed[2]))


_KEYS: dict[str, Callable[[str, PatientRow], bool]] = {
    "outcome": _outcome,
    "verdict": _verdict,
    "signed": _signed,
    "training": _training,
    "cohort": _cohort,
    "score": _score,
    "nodes": lambda value, row: _compares(value, row.patient.count(View.NODE)),
    "tumours": lambda value, row: _compares(value, row.patient.count(View.TUMOUR)),
    "images": lambda value, row: _compares(value, len(row.patient.bag)),
}
