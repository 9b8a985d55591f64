"""Scores that other software gave: a CSV with the columns ``patient`` and ``score``, one patient a row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aln_desk.domain.errors import BadProject
from aln_desk.io.csv_table import read_cells, refused

COLUMNS = ("patient", "score")
SHOWN_NAMES = 5
"""How many patients a sentence names; the others are counted."""

_NO_SCORE = frozenset(("", "na", "n/a", "nan", "."))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores by patient, all finite, in the order of the file. ``left_out`` patients are listed and have none;
    ``problems`` are sentences that say why and what to do.
    """

    scores: Mapping[str, float]
    left_out: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def read_scores(path: Path) -> ScoreTable:
    """The scores of a file; columns other than ``patient`` and ``score`` are ignored.

    A comma in a number is a decimal comma, unless thousands may be meant. Patients without a score, and those with
    two that differ, are left out and told of. A row that names no patient or holds no number raises BadProject with
    number and reason; a file that is no such table raises BadFile.
    """
    header, rows = read_cells(path, COLUMNS, "patient")
    texts: list[tuple[int, str, str]] = []
    refusals: list[tuple[int, str]] = []
    columns = [header.index(name) for name in COLUMNS]
    for number, cells in rows:
        patient, score = (cells[place].strip() if place < len(cells) else "" for place in columns)
        if any(map(str.strip, cells[len(header) :])):
            refusals.append((number, "it has more cells than the first row; write decimals with a point"))
        elif not patient:
            refusals.append((number, "it names no patient"))
        else:
            texts.append((number, patient, score))
    found = _numbers(texts, refusals)
    if refusals:
        raise BadProject(refused(path, refusals))
    return _table(found)


def _numbers(texts: list[tuple[int, str, str]], refusals: list[tuple[int, str]]) -> list[tuple[int, str, float]]:
    """Row number, patient and score (nan: there is none); what is no number joins the refusals."""
    commas = [text for _, _, text in texts if "," in text]
    decimal = not all(map(_THOUSANDS.fullmatch, commas)) and not any("." in text for _, _, text in texts)
    found = []
    for number, patient, text in texts:
        try:
            found.append((number, patient, _number(text, decimal)))
        except ValueError as error:
            refusals.append((number, str(error)))
    return found


def _number(text: str, decimal_comma: bool) -> float:
    """The number; ``decimal_comma``: every comma of the file is one. ValueError says why it is none."""
    if text.casefold() in _NO_SCORE:
        return math.nan
    if not decimal_comma and _THOUSANDS.fullmatch(text):
        raise ValueError(f'score "{text}" may have a decimal comma or mean thousands; write it with a point')
    plain = text.replace(",", ".", 1) if "." not in text else text
    if not _NUMBER.fullmatch(plain) or math.isinf(float(plain)):
        in_words = "is in per cent; write 0.5 for 50%" if text.endswith("%") else "is no number; write one such as 0.73"
        raise ValueError(f'score "{text}" {in_words}, or leave it empty')
    return float(plain)


def _table(found: Iterable[tuple[int, str, float]]) -> ScoreTable:
    scores: dict[str, float] = {}
    first: dict[str, int] = {}
    missing: dict[str, None] = {}
    same: dict[str, str] = {}
    differ: dict[str, str] = {}
    for number, patient, score in found:
        if math.isnan(score):
            missing[patient] = None
        elif patient not in first:
            first[patient], scores[patient] = number, score
        else:
            told = same if scores[patient] == score else differ
            told[patient] = f"{patient} in rows {first[patient]} and {number}"
    kept = {patient: score for patient, score in scores.items() if patient not in differ}
    absent = [patient for patient in missing if patient not in first]
    twice = [words for patient, words in same.items() if patient not in differ]
    problems = tuple(_problems(absent, twice, list(differ.values())))
    return ScoreTable(kept, frozenset((*absent, *differ)), problems)


def _problems(absent: Sequence[str], twice: Sequence[str], differ: Sequence[str]) -> Iterable[str]:
    if absent:
        yield f"Left out because they have no score: {some(absent)}. Add their scores and import again."
    if twice:
        yield f"Listed twice with the same score, counted once: {some(twice)}."
    if differ:
        yield f"Left out because their scores differ: {some(differ)}. Keep one row a patient and import again."


def some(names: Sequence[str]) -> str:
    """How many, and the first few of them, e.g. ``7 (P1; P2; P3; P4; P5; ...)``."""
    return f"{len(names)} ({'; '.join(names[:SHOWN_NAMES])}{'; ...' if len(names) > SHOWN_NAMES else ''})"
