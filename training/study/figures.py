"""What every model of the comparison reached, beside the best possible, by the statistics of `aln-desk evaluate`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.gather import gather
from aln_desk.evaluation.results import Part, Results, scores_of, work_out
from aln_desk.evaluation.selection import Selection
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.predictions import instances_file, read_instance
from aln_desk.io.project import Project
from aln_desk.stats import calibration_curve
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.operating import Proportion, wilson
from aln_desk.stats.ranks import Floats
from aln_desk.stats.roc import auc
from training import tables
from training.simulated import EXTERNAL, INTERNAL
from training.study import expected
from training.study.recipes import Ceiling
from training.study.work import CEILINGS, Made

SEGMENTATION_FILE = "segmentation.csv"
_NAN = math.nan
_NOBODY = Proportion(_NAN, _NAN, _NAN)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one model on one test cohort; nan where not defined or not measured.

    ``auc`` with its 95 % DeLong limits; ``best`` possible AUC of those who see what the model sees, on the same
    patients, and the ``ratio`` to it. ``p_clinical`` and ``p_single_t``: DeLong's, two-sided, against the clinical
    model and single T, of best possible scores against those of their kind. Mean ``dice`` and share of right lesion
    types over images, by the model's stage 1. ``ece``: calibration error in ten equal bins. ``coverage``: share of
    patients whose conformal set holds the outcome, with Wilson's 95 % limits. What begins with ``expected`` is the same
    over all outcomes that these patients could have had (`training.study.expected`).
    """

    patients: int
    auc: float
    auc_low: float
    auc_high: float
    best: float
    ratio: float
    p_clinical: float
    p_single_t: float
    dice: float
    type_accuracy: float
    ece: float
    coverage: float
    coverage_low: float
    coverage_high: float
    expected_auc: float
    expected_best: float
    expected_ratio: float
    expected_ece: float
    expected_coverage: float


@dataclass(frozen=True, slots=True)
class Row:
    """One model, or one of the best possible scores (``made`` is None, ``nominal`` nan). ``nominal``: the coverage
    that its conformal sets promise, nan where it has none.
    """

    key: str
    name: str
    ceiling: Ceiling
    made: Made | None
    nominal: float
    cohorts: Mapping[str, Figures]

    @property
    def internal(self) -> Figures:
        """On the internal test."""
        return self.cohorts[INTERNAL]

    @property
    def external(self) -> Figures:
        """On the external test."""
        return self.cohorts[EXTERNAL]


@dataclass(frozen=True, slots=True, eq=False)
class _Rival:
    """What a row is about: a scorer, its ceiling's column, and keys of whom it is compared with."""

    key: str
    ceiling: Ceiling
    made: Made | None
    clinical: str
    single_t: str


def best(made: Sequence[Made]) -> Made | None:
    """The Transformer of the highest AUC on held-out training patients, never on a test; the first of equals."""
    known = [one for one in made if one.contender.is_transformer and not math.isnan(one.held_out)]
    return max(known, key=lambda one: one.held_out, default=None)


def measure(tests: Project, made: Sequence[Made], published: Path) -> list[Row]:
    """A row for each of these models, which have read ``tests``, then the best possible scores.

    Dice is taken from the segmentation table of the evaluation in the folder ``published``, where it is there.
    """
    rivals = _rivals(made)
    gathered = gather(tests)
    selection = Selection(tuple(one.key for one in rivals), (INTERNAL, EXTERNAL))
    results = work_out(selection, gathered.scorers, gathered.cohorts, gathered.patients)
    ps = {cohort.name: _p_values(results, cohort.name) for cohort in results.cohorts}
    dice = _dice(published / SEGMENTATION_FILE)
    types = _type_accuracies(tests, {one.stage_one: one for one in made if one.stage_one})
    return [_row(tests, results, one, ps, dice, types) for one in rivals]


def _rivals(made: Sequence[Made]) -> list[_Rival]:
    first = {one.contender.family: one.digest for one in reversed(made)}
    ceilings = {column: f"import:{name}" for column, name in CEILINGS.items()}
    models = [
        _Rival(one.digest, one.contender.ceiling, one, first.get("clinical", ""), first.get("single T", ""))
        for one in made
    ]
    possible = [
        _Rival(key, column, None, ceilings["best_clinical"], ceilings["best_tumour"])
        for column, key in ceilings.items()
    ]
    return [*models, *possible]


def _row(
    tests: Project,
    results: Results,
    one: _Rival,
    ps: Mapping[str, Mapping[tuple[str, str], float]],
    dice: Mapping[tuple[str, str], float],
    types: Mapping[tuple[str, str], float],
) -> Row:
    conformal = _conformal(tests, one.made)
    by_key = {scorer.key: scorer for scorer in results.scorers}
    ceiling, chances = (by_key[f"import:{CEILINGS[name]}"] for name in (one.ceiling, "best_score"))
    found = {}
    for cohort in results.cohorts:
        part, stage_one = results.parts[one.key, cohort.name], one.made.stage_one if one.made else ""
        best_score, chance = (_scores_of(scorer, part, results) for scorer in (ceiling, chances))
        possible, covered = auc(part.outcome, best_score), _coverage(part, conformal)
        expected_auc, expected_best = (expected.auc(chance, score) for score in (part.score, best_score))
        found[cohort.name] = Figures(
            patients=len(part.patients),
            auc=part.auc,
            auc_low=part.low,
            auc_high=part.high,
            best=possible,
            ratio=part.auc / possible if possible else _NAN,
            p_clinical=ps[cohort.name].get((one.key, one.clinical), _NAN),
            p_single_t=ps[cohort.name].get((one.key, one.single_t), _NAN),
            dice=dice.get((stage_one, cohort.name), _NAN),
            type_accuracy=types.get((stage_one, cohort.name), _NAN),
            ece=calibration_curve.curve(part.outcome, part.score).ece,
            coverage=covered.value,
            coverage_low=covered.low,
            coverage_high=covered.high,
            expected_auc=expected_auc,
            expected_best=expected_best,
            expected_ratio=expected_auc / expected_best if expected_best else _NAN,
            expected_ece=expected.ece(chance, part.score),
            expected_coverage=expected.coverage(chance, part.score, conformal) if conformal else _NAN,
        )
    nominal = 1 - conformal.error if conformal else _NAN
    return Row(one.key, by_key[one.key].name, one.ceiling, one.made, nominal, found)


def _scores_of(scorer: Scorer, part: Part, results: Results) -> Floats:
    """The scorer's scores of just the patients of another's part."""
    known = set(part.patients)
    return scores_of(scorer, [patient for patient in results.patients[part.cohort] if patient.id in known])


def _p_values(results: Results, cohort: str) -> dict[tuple[str, str], float]:
    """DeLong's p of every two scorers, in either order."""
    pairs = results.delong(cohort).pairs
    return {pair: test.p for (a, b), test in pairs.items() for pair in ((a, b), (b, a))}


def _dice(path: Path) -> dict[tuple[str, str], float]:
    """Mean over all images, of whatever view, by model and cohort; nothing where there is no such table."""
    if not path.is_file():
        return {}
    images: dict[tuple[str, str], int] = {}
    sums: dict[tuple[str, str], float] = {}
    for row in tables.read(path):
        key, count = (row["model"], row["cohort"]), int(row["n"])
        images[key] = images.get(key, 0) + count
        sums[key] = sums.get(key, 0.0) + count * float(row["dice"])
    return {key: sums[key] / count for key, count in images.items()}


def _type_accuracies(tests: Project, made: Mapping[str, Made]) -> dict[tuple[str, str], float]:
    """Share of images whose lesion type was seen rightly, by stage 1 and cohort, of those that learned it."""
    right: dict[tuple[str, str], list[bool]] = {}
    patients = tests.patients(cohorts={INTERNAL, EXTERNAL})
    for digest, one in made.items():
        if one.contender.recipe.tasks == "status":
            continue
        file = instances_file(tests.predictions, digest)
        for patient in patients:
            for instance in patient.bag:
                if found := read_instance(file, instance.id, digest):
                    right.setdefault((digest, patient.cohort), []).append(found.view == instance.view)
    return {key: float(np.mean(values)) for key, values in right.items()}


def _conformal(tests: Project, made: Made | None) -> Conformal | None:
    record = read_manifest(tests.models / made.digest).get("conformal") if made else None
    return Conformal.from_dict(record) if record else None


def _coverage(part: Part, conformal: Conformal | None) -> Proportion:
    if conformal is None:
        return _NOBODY
    pairs = zip(part.outcome.tolist(), part.score.tolist(), strict=True)
    return wilson(sum(outcome in conformal.region(score) for outcome, score in pairs), len(part.patients))
