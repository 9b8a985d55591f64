"""Every pair of scorers on every cohort: which AUC is larger, and who calls more patients rightly."""

from __future__ import annotations

import math
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
Undefined = list[tuple[str, str, str]]


def delong_table(results: Results) -> Table:
    """A row for each pair of scorers on each cohort; no rows for a single scorer."""
    undefined: Undefined = []
    rows, depths = under_headings(
        [(cohort.name, _pairs(results, cohort.name, undefined)) for cohort in results.cohorts]
    )
    return Table(
        "delong",
        "Comparison of every pair of models",
        _COLUMNS,
        rows,
        (_METHODS, *threshold_notes(results), *words.reasons(undefined)),
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
        pair = f"{first.name} – {second.name}"
        undefined += [(f"AUCs of {pair}", cohort, test.reason), (f"accuracies of {pair}", cohort, calls.reason)]
        rows.append(
            (
                pair,
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


def _decided(score: Floats, part: Part) -> Floats:
    """What the threshold makes of scores (P,): 0 or 1; nan without a score or a threshold."""
    return np.where(np.isnan(score) | math.isnan(part.threshold), math.nan, score >= part.threshold)


def _calls(outcome: NDArray[np.int8], first: Floats, second: Floats) -> McNemar:
    """McNemar's test of two scorers' decisions (P,), on the patients whom both have decided."""
    both = ~(np.isnan(first) | np.isnan(second))
    if not both.any():
        return McNemar(0, 0, 0, math.nan, math.nan, "no patient is called by both at a threshold")
    return operating.mcnemar(outcome[both], first[both], second[both])
