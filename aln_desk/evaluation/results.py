"""Every scorer on every cohort: the figures that tables, plots and the document are made of."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.scorer import Kind, Scorer
from aln_desk.evaluation.selection import Selection, ThresholdRule, chosen
from aln_desk.stats import delong, operating, roc
from aln_desk.stats.operating import Confusion, Operating
from aln_desk.stats.roc import RocCurve

Floats = NDArray[np.float64]

_REMEDY_MISSING: dict[Kind, str] = {
    "model": "Let the model read the project again.",
    "reader": "Let the reader judge them, or compare on the others.",
    "import": "Import the scores again with theirs.",
}
_REMEDY_OUTSIDE: dict[Kind, str] = {
    "model": "Let the model read the project again.",
    "reader": "Let the reader judge them again.",
    "import": "Import the scores again, as no probabilities.",
}
_REMEDY_GONE: dict[Kind, str] = {
    "model": "Let the model read the project again.",
    "reader": "Add the patients again to count them.",
    "import": "Add the patients, or import the scores again.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One scorer on one cohort: the ``patients`` (n) with a score, their outcomes (n,) 0 or 1 and scores (n,).

    ``missing`` patients have an outcome and no score. The AUC has its 95 % DeLong interval. Counts and proportions
    are at ``threshold``, where every patient is called, also the ``uncertain`` ones, whose verdict the model leaves
    open; without a threshold both are None. What is not defined is nan, and ``reason`` says why in words.
    """

    scorer: Scorer
    cohort: str
    patients: tuple[str, ...]
    outcome: NDArray[np.int8]
    score: Floats
    missing: tuple[str, ...]
    uncertain: tuple[str, ...]
    auc: float
    low: float
    high: float
    curve: RocCurve
    threshold: float
    confusion: Confusion | None
    operating: Operating | None
    reason: str = ""

    @property
    def positive(self) -> int:
        """Patients whose outcome is positive."""
        return int(self.outcome.sum())

    def behind(self, outcome: int, called: int) -> tuple[str, ...]:
        """The patients of one cell of the confusion matrix, highest score first; none without a threshold."""
        if math.isnan(self.threshold):
            return ()
        cell = (self.outcome == outcome) & ((self.score >= self.threshold) == bool(called))
        return self.of(np.flatnonzero(cell))

    def of(self, places: NDArray[np.intp]) -> tuple[str, ...]:
        """The patients at these places, highest score first."""
        ordered = sorted(places.tolist(), key=lambda place: (-self.score[place], self.patients[place]))
        return tuple(self.patients[place] for place in ordered)


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What `work_out` found: ``parts`` by (scorer's key, cohort), in the selection's order; ``problems`` are sentences
    that say what is missing and what to do.
    """

    selection: Selection
    scorers: tuple[Scorer, ...]
    cohorts: tuple[Cohort, ...]
    patients: Mapping[str, tuple[Patient, ...]]
    parts: Mapping[tuple[str, str], Part]
    problems: tuple[str, ...] = ()

    def of_cohort(self, cohort: str) -> list[Part]:
        """A cohort's parts, in the order of the scorers."""
        return [self.parts[scorer.key, cohort] for scorer in self.scorers]

    def together(self, cohort: str) -> tuple[NDArray[np.int8], dict[str, Floats]]:
        """Outcomes (P,) of a cohort's patients and each scorer's scores (P,) by key, nan where there is none."""
        patients = self.patients[cohort]
        outcome = np.array([patient.outcome for patient in patients], np.int8)
        return outcome, {scorer.key: scores_of(scorer, patients) for scorer in self.scorers}

    def delong(self, cohort: str, correction: delong.Correction = "none") -> delong.Matrix:
        """DeLong's test of every pair of scorers on a cohort, by key; each on the patients whom both have scored."""
        return delong.matrix(*self.together(cohort), correction)


def work_out(
    selection: Selection, scorers: Iterable[Scorer], cohorts: Iterable[Cohort], patients: Iterable[Patient]
) -> Results:
    """The figures of a selection; scorers and cohorts that are not there are told among the problems."""
    by_key, by_name, everyone = {one.key: one for one in scorers}, {one.name: one for one in cohorts}, list(patients)
    known = [by_key[key] for key in selection.scorers if key in by_key]
    places = [by_name[name] for name in selection.cohorts if name in by_name]
    groups = chosen(everyone, selection)
    parts = {
        (scorer.key, cohort.name): part(scorer, cohort.name, groups[cohort.name], selection.rule)
        for scorer in known
        for cohort in places
    }
    return Results(
        selection,
        tuple(known),
        tuple(places),
        {cohort.name: tuple(groups[cohort.name]) for cohort in places},
        parts,
        (
            *_not_there(selection, by_key.keys(), by_name.keys()),
            *_about_scorers(known, {patient.id for patient in everyone}, selection.rule),
            *_about_cohorts(places, groups, selection),
            *(sentence for one in parts.values() for sentence in _about_part(one)),
            *(sentence for one in places for sentence in _about_training(one, parts)),
        ),
    )


def part(scorer: Scorer, cohort: str, patients: Sequence[Patient], rule: ThresholdRule) -> Part:
    """One scorer on these patients, all of known outcome."""
    scores = scores_of(scorer, patients)
    there = ~np.isnan(scores)
    score, outcome = scores[there], np.array([patient.outcome for patient in patients], np.int8)[there]
    named = tuple(patient.id for patient, has in zip(patients, there, strict=True) if has)
    threshold = threshold_of(scorer, rule, outcome, score)
    counts = None if math.isnan(threshold) else operating.confusion(outcome, score, threshold)
    return Part(
        scorer,
        cohort,
        named,
        outcome,
        score,
        tuple(patient.id for patient, has in zip(patients, there, strict=True) if not has),
        tuple(patient for patient in named if patient in scorer.uncertain),
        *roc.auc_interval(outcome, score),
        roc.curve(outcome, score),
        threshold,
        counts,
        None if counts is None else operating.figures(counts),
        _reason(outcome),
    )


def scores_of(scorer: Scorer, patients: Sequence[Patient]) -> Floats:
    """Scores (P,) of these patients, nan where there is none."""
    return np.array([scorer.scores.get(patient.id, math.nan) for patient in patients], np.float64)


def threshold_of(scorer: Scorer, rule: ThresholdRule, outcome: NDArray[np.int8], score: Floats) -> float:
    """Where ``scorer``'s scores begin to be positive by this rule; nan where that is not defined."""
    match rule.kind:
        case "frozen":
            return scorer.threshold
        case "value":
            return rule.value
        case "youden":
            return operating.youden_threshold(outcome, score)
        case "sensitivity":
            return operating.threshold_at_sensitivity(outcome, score, rule.value)


def _reason(outcome: NDArray[np.int8]) -> str:
    if not outcome.size:
        return "no patient with an outcome and a score"
    if outcome.all() or not outcome.any():
        return "one outcome only"
    return ""


def _not_there(selection: Selection, keys: Collection[str], cohorts: Collection[str]) -> Iterator[str]:
    for key in (key for key in selection.scorers if key not in keys):
        yield f"There are no scores by {key}. Let that model read the project, or choose another."
    for name in (name for name in selection.cohorts if name not in cohorts):
        yield f"There is no cohort '{name}'. Choose another."


def _about_scorers(scorers: Iterable[Scorer], patients: Collection[str], rule: ThresholdRule) -> Iterator[str]:
    for scorer in scorers:
        gone = [name for name in scorer.scores if name not in patients]
        if gone:
            yield f"{scorer.name}: scores of {_count(gone)} not in this project left out. {_REMEDY_GONE[scorer.kind]}"
        if rule.kind == "frozen" and math.isnan(scorer.threshold):
            remedy = "Import the scores again with one" if scorer.kind == "import" else "Let it read the project again"
            yield f"{scorer.name}: there is no frozen threshold. {remedy}, or choose another rule for the threshold."


def _about_cohorts(
    cohorts: Iterable[Cohort], groups: Mapping[str, Sequence[Patient]], selection: Selection
) -> Iterator[str]:
    why = "passes the filters. Choose other values." if selection.filters else "is there. Enter outcomes."
    for cohort in cohorts:
        if not groups[cohort.name]:
            yield f"{cohort.name}: no patient of known outcome {why}"


def _about_part(one: Part) -> Iterator[str]:
    where = f"{one.scorer.name} on {one.cohort}"
    if one.missing:
        yield f"{where}: {_count(one.missing)} without a score left out. {_REMEDY_MISSING[one.scorer.kind]}"
    if one.patients and one.reason:
        yield f"{where}: {one.reason}, so the AUC is not defined. Add patients of the other outcome."
    elif one.patients and math.isnan(one.low):
        alone = "positive" if one.positive == 1 else "negative"
        yield f"{where}: one {alone} patient only, so the AUC has no interval. Add {alone} patients."
    outside = int(((one.score < 0.0) | (one.score > 1.0)).sum())
    if one.scorer.probability and outside:
        lie = "1 score lies" if outside == 1 else f"{outside} scores lie"
        yield f"{where}: {lie} outside 0 to 1. {_REMEDY_OUTSIDE[one.scorer.kind]}"


def _about_training(cohort: Cohort, parts: Mapping[tuple[str, str], Part]) -> Iterator[str]:
    """Patients of a test cohort whom the training of a model used."""
    if cohort.role not in (Role.INTERNAL_TEST, Role.EXTERNAL_TEST):
        return
    for one in (one for (_, name), one in parts.items() if name == cohort.name):
        used = [patient for patient in one.patients if patient in one.scorer.trained_on]
        if used:
            yield (
                f"{one.scorer.name} on {cohort.name}: its training used {_count(used)}, so its figures here are too "
                "good to be true. Leave these patients out, or choose a model that has not seen them."
            )


def _count(patients: Sequence[str]) -> str:
    shown = ", ".join(patients[:3]) + (" ..." if len(patients) > 3 else "")
    return f"{len(patients)} patient{'s' if len(patients) > 1 else ''} ({shown})"
