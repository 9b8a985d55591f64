"""Every pair of scorers on every cohort: which AUC is larger, and who calls more patients rightly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from aln_desk.evaluation.results import Floats, Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.table import Table, under_headings
from aln_desk.evaluation.tables.table_two import threshold_notes
from aln_desk.stats import delong, operating
from aln_desk.stats.multiple import holm
from aln_desk.stats.operating import McNemar

_COLUMNS = ("Pair", "Patients", "AUC difference (95 % CI)", "z", "p", "Holm's p", "Accuracy difference", "McNemar's p")
_METHODS = (
    "First less second, on the patients who have both scores. AUC: DeLong's test for paired curves, two-sided; Holm's "
    "p is corrected for all pairs of the cohort. Accuracy at the thresholds: exact McNemar test, two-sided, not "
    "corrected."
)
_NAMED = 3
"""So many pairs are named in a note; of more it says whom they have in common."""

Pair = tuple[str, str]
Undefined = dict[tuple[str, str, str], list[Pair]]
"""Pairs by what is not defined, the cohort, and the reason, which is empty where it is."""


def delong_table(results: Results) -> Table:
    """A row for each pair of scorers on each cohort; no rows for a single scorer."""
    undefined: Undefined = {}
    rows, depths = under_headings(
        [(cohort.name, _pairs(results, cohort.name, undefined)) for cohort in results.cohorts]
    )
    return Table(
        "delong",
        "Comparison of every pair of models",
        _COLUMNS,
        rows,
        (_METHODS, *threshold_notes(results), *words.reasons(_told(undefined, [one.name for one in results.scorers]))),
        (("", 2), ("DeLong", 4), ("At the thresholds", 2)),
        depths,
    )


def _pairs(results: Results, cohort: str, undefined: Undefined) -> list[tuple[str, ...]]:
    outcome, scores = results.together(cohort)
    tests = delong.matrix(outcome, scores).pairs
    corrected = holm([test.p for test in tests.values()])
    rows: list[tuple[str, ...]] = []
    for (first, second), p in zip(combinations(results.scorers, 2), corrected.tolist(), strict=True):
        test = tests[first.key, second.key]
        calls = _calls(outcome, *(_decided(scores[one.key], results.parts[one.key, cohort]) for one in (first, second)))
        for what, reason in (("AUCs", test.reason), ("accuracies", calls.reason)):
            undefined.setdefault((what, cohort, reason), []).append((first.name, second.name))
        rows.append(
            (
                _named(first.name, second.name),
                str(test.n),
                words.interval(test.difference, test.low, test.high, signed=True),
                words.number(test.z, 2),
                words.p_value(test.p),
                words.p_value(p),
                words.number(calls.difference),
                words.p_value(calls.p),
            )
        )
    return rows


def _told(
    undefined: Mapping[tuple[str, str, str], Sequence[Pair]], names: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """What is not defined, where, and why, for `words.reasons`."""
    for (what, cohort, reason), pairs in undefined.items():
        yield f"{what} of {_shortly(pairs, names)}", cohort, reason


def _shortly(pairs: Sequence[Pair], names: Sequence[str]) -> str:
    """A few pairs by their names, many by the scorers (all of ``names``) all of whose pairs are among them."""
    if len(pairs) <= _NAMED:
        return ", ".join(_named(*pair) for pair in pairs)
    if len(pairs) == math.comb(len(names), 2):
        return "all pairs"
    common = [name for name in names if sum(name in pair for pair in pairs) == len(names) - 1]
    others = [pair for pair in pairs if not set(pair) & set(common)]
    told = [f"all pairs with {', '.join(common)}"] if common else []
    if others:
        told.append(_shortly(others, names) if len(others) <= _NAMED else f"{len(others)} pairs")
    return " and ".join(told)


def _named(first: str, second: str) -> str:
    return f"{first} – {second}"


def _decided(score: Floats, part: Part) -> Floats:
    """What the threshold makes of scores (P,): 0 or 1; nan without a score or a threshold."""
    return np.where(np.isnan(score) | math.isnan(part.threshold), math.nan, score >= part.threshold)


def _calls(outcome: NDArray[np.int8], first: Floats, second: Floats) -> McNemar:
    """McNemar's test of two scorers' decisions (P,), on the patients whom both have decided."""
    both = ~(np.isnan(first) | np.isnan(second))
    if not both.any():
        return McNemar(0, 0, 0, math.nan, math.nan, "no patient is called by both at a threshold")
    return operating.mcnemar(outcome[both], first[both], second[both])
