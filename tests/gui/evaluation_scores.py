"""Small cohorts with several scorers for the tests of Evaluate."""

from __future__ import annotations

import math
from pathlib import Path

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.scorer import Scorer
from aln_desk.domain.verdict import decide
from aln_desk.evaluation.selection import Selection
from aln_desk.gui.pages.evaluation_board import Board, make_board
from aln_desk.io import predictions, verdicts
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow

COHORTS = (
    Cohort("external", Role.EXTERNAL_TEST),
    Cohort("internal", Role.INTERNAL_TEST),
    Cohort("one kind", Role.TUNE),
)
OUTCOMES: dict[str, tuple[int | None, ...]] = {
    "external": (1, 0, 1, 0),
    "internal": (1, 1, 1, 0, 0, 0, None),
    "one kind": (1, 1),
}
GOOD, POOR = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
SCORES: dict[str, dict[str, tuple[float, ...]]] = {
    GOOD: {
        "external": (0.9, 0.2, 0.7, 0.1),
        "internal": (0.9, 0.8, 0.3, 0.6, 0.2, 0.1, 0.5),
        "one kind": (0.9, 0.4),
    },
    POOR: {
        "external": (0.4, 0.6, 0.8, 0.3),
        "internal": (0.6, 0.3, 0.7, 0.4, 0.55, 0.1, 0.5),
        "one kind": (0.7, 0.6),
    },
}
THRESHOLD = 0.5


def patients() -> list[Patient]:
    """Patients ``<cohort>-<number>`` with a T stage that alternates between 1 and 2."""
    return [
        Patient(f"{cohort}-{number}", cohort, outcome, clinical={"t_stage": str(1 + number % 2)})
        for cohort, outcomes in OUTCOMES.items()
        for number, outcome in enumerate(outcomes)
    ]


def scorer(key: str, probability: bool = True, threshold: float = THRESHOLD) -> Scorer:
    """One of the two models."""
    scores = {f"{cohort}-{number}": score for cohort, row in SCORES[key].items() for number, score in enumerate(row)}
    return Scorer(key, "Good" if key == GOOD else "Poor", "model", scores, threshold, probability=probability)


def board(*cohorts: str, scorers: tuple[Scorer, ...] = (), looked_at: str = "") -> Board:
    """Both models (or others) on these cohorts."""
    who = scorers or (scorer(GOOD), scorer(POOR))
    selection = Selection(tuple(one.key for one in who), cohorts or ("internal",))
    return make_board(selection, who, COHORTS, patients(), looked_at)


def write_project(folder: Path, read: bool = True) -> None:
    """A project of the same patients; with ``read`` both models have read it, GOOD last."""
    with Project.create(folder) as project:
        for cohort in COHORTS:
            project.add_cohort(cohort)
        project.add_many(patients())
        for key in (POOR, GOOD) if read else ():
            write_scores(project, key)
            if key == GOOD:
                verdicts.write_verdicts(project.predictions / verdicts.VERDICTS_FILE, rows(key))


def write_scores(project: Project, key: str) -> None:
    """What a model said, where the project keeps it."""
    file = verdicts.scores_file(project.predictions, key)
    file.parent.mkdir(exist_ok=True)
    verdicts.write_verdicts(file, rows(key))


def keep_findings(folder: Path, *keys: str) -> None:
    """These models have read images of the project, though none is left."""
    for key in keys:
        predictions.merge([], folder / "predictions" / predictions.INSTANCES_FILE, key)


def rows(key: str) -> list[VerdictRow]:
    """A model's verdicts on all patients."""
    found = scorer(key).scores
    return [
        VerdictRow(
            one.id, one.cohort, one.outcome, found[one.id], THRESHOLD, decide(found[one.id], THRESHOLD), 1, 0, key
        )
        for one in patients()
        if not math.isnan(found[one.id])
    ]
