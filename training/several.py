"""Several runs by one command: the folds of a cross-validation, the seeds of a sweep, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from training.pace import Emit
from training.run import Job, train


def jobs(job: Job, folds: int, seeds: Sequence[int]) -> list[Job]:
    """``job`` once for every fold (0 or 1: none) and every seed (none: the recipe's own), in one group."""
    group = f"{datetime.now():%Y%m%d-%H%M%S}" if folds > 1 or len(seeds) > 1 else ""
    parts = [(number, folds) for number in range(1, folds + 1)] if folds > 1 else [None]
    settings = [(*job.settings, ("seed", str(seed))) for seed in seeds] or [job.settings]
    return [replace(job, fold=fold, settings=own, group=group) for fold in parts for own in settings]


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
