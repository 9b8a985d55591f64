"""Trainings that are done once: a command called again takes what its earlier runs made, or goes on with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from aln_desk.domain.errors import Stopped
from aln_desk.domain.messages import Message, Note
from aln_desk.io.project import Project
from aln_desk.io.runs import Run, read_runs
from training.record import fold_words
from training.run import Job, train


def finished(models: Path, runs: Iterable[Run]) -> Run | None:
    """The first of the runs whose model lies in the project's folder ``models``."""
    done = (run for run in runs if run.state == "finished")
    return next((run for run in done if (models / run.digest / "manifest.json").is_file()), None)


def begun(runs: Iterable[Run]) -> Run | None:
    """The first of the runs that can be gone on with: it was stopped, or cut off."""
    return next((run for run in runs if run.state in ("running", "stopped")), None)


def trained(job: Job) -> Path:
    """The model of the run of the job's name and fold: found, or gone on with, or made. Notes go to standard error.

    Whoever changes a job must change its name. Errors as those of `training.run.train`; `Stopped` where the run was
    asked to stop.
    """
    with Project.open(job.project) as project:
        models = project.models
        runs = [run for run in read_runs(project.runs) if (run.label, run.fold) == (job.name, fold_words(job.fold))]
    if (done := finished(models, runs)) is not None:
        return models / done.digest
    last = begun(runs)
    made = train(replace(job, resume=last.name if last else None), _tell)
    if made is None:
        raise Stopped("The training was stopped. The same command goes on from here.")
    return made


def _tell(message: Message) -> None:
    if isinstance(message, Note):
        print(message.text, file=sys.stderr)
