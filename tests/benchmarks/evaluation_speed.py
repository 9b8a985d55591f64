"""How fast an evaluation is: ``python tests/benchmarks/evaluation_speed.py``.

A window's size, 1,557 patients in three cohorts by 8 models (to be under 300 ms), and a large one, 100,000 patients of
one test cohort by 4 models (to be under 10 s): all figures, DeLong's test of every pair, scores read from their tables,
and the whole command, with its start, for the CSV files alone and for everything.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.scorer import Scorer
from aln_desk.domain.verdict import decide
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import Filter, Selection, ThresholdRule
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow, read_models, scores_file, write_verdicts

STUDIES = ((1557, 8, ("training", "internal test", "external test")), (100_000, 4, ("test",)))
REPEATS = 3

Study = tuple[list[Scorer], list[Cohort], list[Patient]]


def study(count: int, models: int, cohorts: tuple[str, ...]) -> Study:
    """Patients of known outcome, and scores of AUC about 0.8 with six digits."""
    random = np.random.default_rng(0)
    outcomes = (random.random(count) < 0.65).astype(int)
    patients = [
        Patient(
            f"P{number:06d}", cohorts[number % len(cohorts)], int(outcome), clinical={"t_stage": "1234"[number % 4]}
        )
        for number, outcome in enumerate(outcomes)
    ]
    scorers = []
    for model in range(models):
        score = 1 / (1 + np.exp(-1.2 * outcomes - random.normal(size=count)))
        by_patient = dict(zip((one.id for one in patients), score.round(6).tolist(), strict=True))
        unsure = frozenset(name for name, value in by_patient.items() if 0.6 < value < 0.65)
        scorers.append(Scorer(f"{model:012x}", f"model {model}", "model", by_patient, 0.6, unsure))
    return scorers, [Cohort(name, Role.INTERNAL_TEST) for name in cohorts], patients


def project(folder: Path, study: Study) -> None:
    """The study as a project that these models have read."""
    scorers, cohorts, patients = study
    with Project.create(folder) as made:
        for cohort in cohorts:
            made.add_cohort(cohort)
        made.add_many(patients)
        tables(made.predictions, scorers, patients)


def command(folder: Path, *options: str) -> None:
    """`aln-desk evaluate` as a user starts it."""
    words = [sys.executable, "-m", "aln_desk", "evaluate", str(folder), "--out", str(folder / "results"), *options]
    subprocess.run(words, check=True, capture_output=True)


def tables(folder: Path, scorers: list[Scorer], patients: list[Patient]) -> None:
    """The scores as readings leave them."""
    for one in scorers:
        rows = [
            VerdictRow(p.id, p.cohort, p.outcome, score, 0.6, decide(score, 0.6), 2, 1, one.key)
            for p, score in zip(patients, one.scores.values(), strict=True)
        ]
        write_verdicts(scores_file(folder, one.key), rows)


def seconds(work: Callable[[], object]) -> float:
    """The shortest of a few runs."""
    spent = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def works(study: Study, folder: Path) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    scorers, cohorts, patients = study
    keys, names = tuple(one.key for one in scorers), tuple(one.name for one in cohorts)

    def figures(rule: ThresholdRule, *filters: Filter) -> Results:
        return work_out(Selection(keys, names, filters, rule), scorers, cohorts, patients)

    results = figures(ThresholdRule())
    return {
        "all figures, frozen thresholds": partial(figures, ThresholdRule()),
        "all figures, thresholds at sensitivity 0.95": partial(figures, ThresholdRule("sensitivity", 0.95)),
        "all figures, one variable filtered": partial(figures, ThresholdRule(), Filter("t_stage", frozenset("123"))),
        "DeLong's test of all pairs": lambda: [results.delong(name) for name in names],
        "scores read from their tables": partial(read_models, folder / "predictions"),
        "the whole command, CSV files": partial(command, folder, "--parts", "csv"),
        "the whole command, everything": partial(command, folder),
    }


def main() -> None:
    print(f"{'patients':>8}{'models':>8}{'cohorts':>9}  {'work':<45}{'ms':>7}  shortest of {REPEATS}")
    for count, models, cohorts in STUDIES:
        drawn = study(count, models, cohorts)
        with TemporaryDirectory() as folder:
            project(Path(folder), drawn)
            for name, work in works(drawn, Path(folder)).items():
                print(f"{count:>8,}{models:>8}{len(cohorts):>9}  {name:<45}{seconds(work) * 1e3:>7.0f}")


if __name__ == "__main__":
    main()
