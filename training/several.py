"""Several runs by one command: the folds of a cross-validation, the seeds of a sweep, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs
from training.pace import Emit
from training.record import RunFolder, fold_of
from training.run import Job, train


def jobs(job: Job, folds: int, seeds: Sequence[int]) -> list[Job]:
    """``job`` once for every fold (0 or 1: none) and every seed (none: the recipe's own), in one group.

    A job that goes on with a run of a group is followed by those of the group that have not begun.
    """
    if job.resume is not None:
        return _still_to_do(job)
    parts = [(number, folds) for number in range(1, folds + 1)] if folds > 1 else [None]
    settings = [(*job.settings, ("seed", str(seed))) for seed in seeds] or [job.settings]
    wanted = [replace(job, fold=fold, settings=own) for fold in parts for own in settings]
    return _grouped(wanted, f"{datetime.now():%Y%m%d-%H%M%S}") if len(wanted) > 1 else wanted


def _grouped(wanted: Sequence[Job], group: str) -> list[Job]:
    """Every job knows what is to come after it, so that its run can be gone on with to the end of the group."""
    parts = [(job.fold, dict(job.settings).get("seed", "")) for job in wanted]
    return [replace(job, group=group, rest=tuple(parts[n:])) for n, job in enumerate(wanted, start=1)]


def _still_to_do(job: Job) -> list[Job]:
    with Project.open(job.project) as project:
        run = RunFolder.find(project.runs, job.resume or "").record
        runs = read_runs(project.runs)
    first = replace(job, resume=run.run)
    begun = {(fold_of(one.fold), one.recipe.get("seed")) for one in runs if run.group and one.group == run.group}
    again = replace(job, resume=None, wait=False, like=run.run, name=run.label)
    rest = [(fold_of(fold), seed) for fold, seed in run.rest]
    wanted = [
        replace(again, fold=fold, settings=(("seed", str(seed)),)) for fold, seed in rest if (fold, seed) not in begun
    ]
    return [first, *_grouped(wanted, run.group)]


def train_all(wanted: Sequence[Job], emit: Emit, should_stop: Callable[[], bool]) -> list[Path] | None:
    """Do the jobs one after another; their models' folders, or None when stopped before the end.

    Tokens lie in the project's cache, so that a sweep of stage 2 over seeds extracts them once.
    """
    models = []
    for job in wanted:
        model = train(job, emit, should_stop)
        if model is None:
            return None
        models.append(model)
    return models
