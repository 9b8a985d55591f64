"""Patients, scorers and results for the tests of tables, in memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import Selection, ThresholdRule
from aln_desk.evaluation.tables.table import Table
from aln_desk.stats.operating import Confusion

FROZEN = ThresholdRule()


def make_patient(
    name: str, cohort: str, outcome: int, clinical: Mapping[str, str] | None = None, tumour: int = 1, node: int = 0
) -> Patient:
    """A patient with so many images of each view, which lie nowhere."""
    views = [View.TUMOUR] * tumour + [View.NODE] * node
    bag = tuple(Instance(f"{name}/{place}", name, view, "", "") for place, view in enumerate(views))
    return Patient(name, cohort, outcome, clinical=clinical or {}, bag=bag)


def called(cohort: str, counts: Confusion) -> tuple[list[Patient], dict[str, float]]:
    """Patients and scores that a threshold of 0.5 counts so."""
    scored = [(1, 0.9)] * counts.tp + [(0, 0.8)] * counts.fp + [(0, 0.1)] * counts.tn + [(1, 0.2)] * counts.fn
    patients = [make_patient(f"{cohort} {place}", cohort, outcome) for place, (outcome, _) in enumerate(scored)]
    return patients, {patient.id: score for patient, (_, score) in zip(patients, scored, strict=True)}


def make_patients(cohort: str, outcomes: Sequence[int], **variables: Sequence[str]) -> list[Patient]:
    """A patient for each outcome, with a value of each variable."""
    rows = [{name: values[place] for name, values in variables.items()} for place in range(len(outcomes))]
    named = enumerate(zip(outcomes, rows, strict=True))
    return [make_patient(f"{cohort} {place}", cohort, outcome, row) for place, (outcome, row) in named]


def make_scorer(
    name: str,
    patients: Sequence[Patient],
    scores: Sequence[float],
    threshold: float = 0.5,
    uncertain: Sequence[str] = (),
    probability: bool = True,
) -> Scorer:
    """A model whose key is its name in capitals; nan is no score."""
    known = {p.id: s for p, s in zip(patients, scores, strict=True) if not math.isnan(s)}
    return Scorer(name.upper(), name, "model", known, threshold, frozenset(uncertain), probability)


def make_results(scorers: Sequence[Scorer], patients: Sequence[Patient], rule: ThresholdRule = FROZEN) -> Results:
    """Every scorer on every cohort, in order of appearance."""
    cohorts = list(dict.fromkeys(patient.cohort for patient in patients))
    selection = Selection(tuple(scorer.key for scorer in scorers), tuple(cohorts), rule=rule)
    return work_out(selection, scorers, [Cohort(name, Role.INTERNAL_TEST) for name in cohorts], patients)


def cell(table: Table, path: str, column: str) -> str:
    """The cell of the row with these words (``heading: name``) in the first column of this name."""
    rows = {": ".join(table.path(place)): row for place, row in enumerate(table.rows)}
    return rows[path][table.columns.index(column)]


def notes(table: Table) -> str:
    """All notes in one text."""
    return "\n".join(table.notes)
