"""Which patients are behind a point, a cell, a square or a row that was chosen in Evaluate. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aln_desk.domain.patient import Patient, variable_words
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.selection import HOSPITAL, NODE_IMAGE, value_of
from aln_desk.evaluation.tables.subgroup_table import Subgroup
from aln_desk.evaluation.tables.words import level


@dataclass(frozen=True, slots=True)
class Behind:
    """``patients`` behind what was chosen, in the order to show; ``scorers`` (keys) that it is about come first."""

    title: str
    cohort: str
    scorers: tuple[str, ...]
    patients: tuple[str, ...]


def at_step(one: Part, threshold: float) -> Behind:
    """The patients whose score is this very threshold: those who are called positive from this step on."""
    words = "Nobody is called positive here" if math.isinf(threshold) else f"Score {threshold:.3f}"
    return _of(one, words, one.of(np.flatnonzero(one.score == threshold)))


def between(one: Part, low: float, high: float) -> Behind:
    """The patients who are still treated at a probability of ``low`` and no more at ``high``."""
    inside = (one.score >= low) & (one.score < high)
    return _of(one, f"Score {low:.2f} to {high:.2f}", one.of(np.flatnonzero(inside)))


def in_bin(one: Part, predicted: float, bins: int = 10) -> Behind:
    """The patients of the calibration bin, of ``bins`` of equal width, that this mean probability lies in."""
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    place = int(np.searchsorted(inner, predicted, side="left"))
    inside = np.searchsorted(inner, one.score, side="left") == place
    return _of(one, f"Score {place / bins:.1f} to {(place + 1) / bins:.1f}", one.of(np.flatnonzero(inside)))


def in_cell(one: Part, outcome: int, called: int, words: str) -> Behind:
    """The patients of one cell of the confusion matrix, which is called ``words``."""
    return _of(one, words, one.behind(outcome, called))


def in_subgroup(one: Part, patients: Sequence[Patient], group: Subgroup) -> Behind:
    """The patients, found among those of the cohort, of one row of the forest plot."""
    by_id = {patient.id: patient for patient in patients}
    scored = [by_id[name] for name in one.patients]
    names = [NODE_IMAGE, HOSPITAL, *sorted({name for patient in scored for name in patient.clinical})]
    variable = next((name for name in names if variable_words(name) == group.variable), "")
    inside = [not variable or level(value_of(patient, variable).strip()) == group.label for patient in scored]
    words = f"{group.variable}: {group.label}" if group.variable else group.label
    return _of(one, words, one.of(np.flatnonzero(inside)))


def wrongly_called(one: Part) -> Behind:
    """All patients on whom a scorer errs at its threshold."""
    return _of(one, "Called wrongly", (*one.behind(1, 0), *one.behind(0, 1)))


def apart(first: Part, second: Part) -> Behind:
    """The patients on whose decision two scorers disagree, each at its own threshold."""
    names = f"{first.scorer.name} and {second.scorer.name}"
    keys = (first.scorer.key, second.scorer.key)
    if math.isnan(first.threshold + second.threshold):
        return Behind(f"{names}: without a threshold there is no decision to disagree on", first.cohort, keys, ())
    calls = dict(zip(second.patients, second.score >= second.threshold, strict=True))
    own = zip(first.patients, first.score >= first.threshold, strict=True)
    places = [place for place, (name, call) in enumerate(own) if calls.get(name, call) != call]
    return Behind(f"{names} decide differently", first.cohort, keys, first.of(np.array(places, np.intp)))


def stays(found: Behind, before: Results, now: Results) -> bool:
    """Whether the patients behind a choice are behind it still: other scorers and cohorts may have come and gone."""
    same = (before.selection.filters, before.selection.rule) == (now.selection.filters, now.selection.rule)
    return same and all((key, found.cohort) in now.parts for key in found.scorers)


def _of(one: Part, words: str, patients: Sequence[str]) -> Behind:
    return Behind(f"{words} · {one.scorer.name}", one.cohort, (one.scorer.key,), tuple(patients))
