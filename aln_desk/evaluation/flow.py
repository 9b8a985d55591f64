"""How many patients reach the figures, and where the others leave: the numbers of a STARD diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aln_desk.domain.patient import Cohort, Patient
from aln_desk.evaluation.figures.flow import Box, Flow
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.selection import Filter, passes
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.table import Table, under_headings
from aln_desk.stats.operating import Confusion

_SPLIT_UP_TO = 2
"""Cohorts whose called patients still have a box for each outcome; with more, words in the box tell."""
_COLUMNS = (
    "Model",
    "Patients",
    "Outcome unknown",
    "Filtered out",
    "No image",
    "No score",
    "Analysed",
    "Uncertain",
    "TP",
    "FN",
    "FP",
    "TN",
)
_METHODS = (
    "Columns between patients and analysed tell who was left out, each patient once, for the first reason from the "
    "left: outcome not known from pathology; not passing the filters; no image and so no score; no score for another "
    "reason. TP, FN, FP, TN: true positive, false negative, false positive and true negative at the threshold, where "
    "every analysed patient is called, also the uncertain ones, whose verdict the model leaves open."
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One scorer on one cohort: every patient of the cohort is in exactly one of the fields from ``unknown`` on.

    ``unknown`` outcome; ``filtered`` out; no score and no image (``imageless``); no score for another reason
    (``unscored``); ``analysed``.
    """

    scorer: str
    cohort: str
    patients: int
    unknown: int
    filtered: int
    imageless: int
    unscored: int
    analysed: int
    uncertain: int
    confusion: Confusion | None


def passage(part: Part, patients: Sequence[Patient], filters: Sequence[Filter] = ()) -> Passage:
    """The numbers of one part, given all ``patients`` of its cohort, also those whose outcome is not known."""
    known = [patient for patient in patients if patient.outcome is not None]
    kept = [patient for patient in known if passes(patient, filters)]
    missing = set(part.missing)
    imageless = sum(not patient.bag for patient in kept if patient.id in missing)
    return Passage(
        part.scorer.name,
        part.cohort,
        len(patients),
        len(patients) - len(known),
        len(known) - len(kept),
        imageless,
        len(missing) - imageless,
        len(part.patients),
        len(part.uncertain),
        part.confusion,
    )


def passages(results: Results, patients: Sequence[Patient]) -> list[Passage]:
    """Every scorer on every cohort, cohort by cohort; ``patients`` are all of the project."""
    return [
        passage(part, _of(patients, cohort), results.selection.filters)
        for cohort in results.cohorts
        for part in results.of_cohort(cohort.name)
    ]


def participants(results: Results, patients: Sequence[Patient], scorer: str) -> Flow:
    """The diagram of one scorer (by its key); ``patients`` are all of the project. No box without patients."""
    if not patients:
        return Flow(None)
    cohorts = {cohort.name for cohort in results.cohorts}
    elsewhere = [patient for patient in patients if patient.cohort not in cohorts]
    names = sorted({patient.cohort for patient in elsewhere})
    left = ((f"of cohorts not evaluated here: {', '.join(names)}", len(elsewhere)),) if elsewhere else ()
    split = len(results.cohorts) <= _SPLIT_UP_TO
    boxes = [
        _cohort(results.parts[scorer, cohort.name], _of(patients, cohort), results.selection.filters, split)
        for cohort in results.cohorts
    ]
    uncertain = sum(len(results.parts[scorer, cohort.name].uncertain) for cohort in results.cohorts)
    notes = [f"{uncertain} verdicts were left open as uncertain; these patients are called here by the threshold."]
    return Flow(Box("Patients in the project", len(patients), left, tuple(boxes)), tuple(notes if uncertain else []))


def flow_table(results: Results, patients: Sequence[Patient]) -> Table:
    """The same numbers of every scorer on every cohort; ``patients`` are all of the project."""
    groups: dict[str, list[tuple[str, ...]]] = {}
    for one in passages(results, patients):
        groups.setdefault(one.cohort, []).append(_row(one))
    rows, depths = under_headings(groups.items())
    no_threshold = [(f"calls of {part.scorer.name}", part.cohort, _no_calls(part)) for part in results.parts.values()]
    notes = (_METHODS, *words.reasons(no_threshold))
    return Table("table_s7", "Flow of the patients", _COLUMNS, rows, notes, depths=depths, label="Table S7")


def _of(patients: Sequence[Patient], cohort: Cohort) -> list[Patient]:
    return [patient for patient in patients if patient.cohort == cohort.name]


def _cohort(part: Part, patients: Sequence[Patient], filters: Sequence[Filter], split: bool) -> Box:
    one = passage(part, patients, filters)
    reasons = {
        "outcome unknown": one.unknown,
        **({f"filter {', '.join(each.text for each in filters)}": one.filtered} if filters else {}),
        "no image": one.imageless,
        "no score": one.unscored,
    }
    analysed = Box(f"Analysed: {part.scorer.name}", one.analysed, then=_calls(one.confusion, split))
    return Box(part.cohort, one.patients, tuple(reasons.items()), (analysed,))


def _calls(counts: Confusion | None, split: bool) -> tuple[Box, ...]:
    """Who is called positive and negative, and how many of these have a positive outcome."""
    if counts is None:
        return ()
    called = (("Called positive", counts.tp, counts.fp), ("Called negative", counts.fn, counts.tn))
    if not split:
        return tuple(Box(f"{call}: {yes} with and {no} without metastasis", yes + no) for call, yes, no in called)
    return tuple(
        Box(call, yes + no, then=(Box("Node positive", yes), Box("Node negative", no))) for call, yes, no in called
    )


def _row(one: Passage) -> tuple[str, ...]:
    counts = one.confusion
    calls = (counts.tp, counts.fn, counts.fp, counts.tn) if counts else None
    numbers = (one.patients, one.unknown, one.filtered, one.imageless, one.unscored, one.analysed, one.uncertain)
    return (one.scorer, *map(str, numbers), *(map(str, calls) if calls else [words.DASH] * 4))


def _no_calls(part: Part) -> str:
    return "there is no threshold" if part.confusion is None else ""
