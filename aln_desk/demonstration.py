"""The demonstration project: simulated patients, read by the embedded model, made once per computer."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk.domain.errors import BadProject, Stopped
from aln_desk.domain.messages import Message, Progress
from aln_desk.io.importers import new_project
from aln_desk.io.project import Project
from aln_desk.paths import embedded_model

if TYPE_CHECKING:
    from training.phantom.latents import Shortcut

PATIENTS = 60
SEED = 3


def is_made(folder: Path) -> bool:
    """True when ``folder`` holds a project that has been read."""
    return (folder / "project.sqlite").exists() and (folder / "predictions" / "verdicts.csv").exists()


def simulate_project(
    folder: Path,
    patients: int,
    seed: int,
    emit: Callable[[Message], None],
    should_stop: Callable[[], bool],
    shortcut: Shortcut = "none",
) -> None:
    """Simulate a study into ``folder`` and open it as a project there: nothing of it appears before it is whole."""
    from training.phantom import simulate

    if folder.exists() and any(folder.iterdir()):
        raise BadProject(f"{folder} is not empty. Choose another folder for the simulated patients.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        simulate(
            staging,
            patients,
            seed,
            shortcut=shortcut,
            progress=lambda done, total: emit(Progress("simulate", done, total)),
            should_stop=should_stop,
        )
        new_project(staging, staging).close()
        if folder.exists():
            folder.rmdir()
        staging.chmod(0o777 & ~_umask())
        staging.replace(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _umask() -> int:
    """The process's umask; a temporary folder is private, the project it becomes need not be."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def make(
    folder: Path,
    device: str,
    emit: Callable[[Message], None],
    should_stop: Callable[[], bool] = lambda: False,
    patients: int = PATIENTS,
) -> None:
    """Make what is still missing of the demonstration in ``folder``; `Stopped` when cancelled."""
    from aln_desk.inference.reading import ProjectReader
    from aln_desk.inference.session import Session

    if not (folder / "project.sqlite").exists():
        simulate_project(folder, patients, SEED, emit, should_stop)
    with Project.open(folder) as project:
        session = Session.open(project.adopted() or embedded_model(), device, emit=emit)
        reader = ProjectReader(project, session, emit)
        stopped = False
        while not stopped and reader.step():
            stopped = should_stop()
        reader.finish()
    if stopped:
        raise Stopped("Stopped; the demonstration goes on from here next time.")
