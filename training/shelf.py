"""The last step of a run: its model takes its place under ``PROJECT/models``, named by its digest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from aln_desk.domain.messages import Finished
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from training.pace import Emit
from training.record import RunFolder


def staging(run: RunFolder) -> Path:
    """An empty folder in the run's own, for the model to be written to."""
    folder = run.folder / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def shelve(project: Project, run: RunFolder, folder: Path, figures: Mapping[str, float], tell: Emit) -> Path:
    """Move the finished model from its staging ``folder``, mark the run finished, tell, and give the new place.

    The same model made before is kept as it is.
    """
    digest = checkpoint.model_digest(folder)
    target = project.models / digest
    if target.exists():
        shutil.rmtree(folder)
    else:
        folder.replace(target)
    run.change(state="finished", model=str(target), digest=digest, figures=dict(figures))
    tell(Finished(str(target), digest, dict(figures)))
    return target
