"""The simulated study that commands work on: how large it is, its cohorts, and a project of its tests alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from aln_desk.io import atomic
from aln_desk.io.project import DATABASE
from training import commands, tables
from training.commands import Clock
from training.phantom.latents import COHORTS
from training.phantom.study import PATIENTS_FILE

PATIENTS, SEED = 1557, 1
"""Of the study: the paper's number, in its three cohorts."""
TRAINING, INTERNAL, EXTERNAL = (plan.name for plan in COHORTS)


def ensure(clock: Clock, folder: Path, *options: object, patients: int = PATIENTS, seed: int = SEED) -> None:
    """Simulate the study into ``folder`` unless a project lies there. Raises as `commands.aln_desk`."""
    if not (folder / DATABASE).exists():
        commands.aln_desk(clock, "simulate", folder, "--patients", patients, "--seed", seed, *options)


def ensure_tests(clock: Clock, study: Path, tests: Path) -> None:
    """Make the project ``tests`` of the study's test cohorts unless it is there: no model need then read the training
    patients again. Made aside, so that a folder which is there is whole. Raises as `commands.aln_desk`.
    """
    if (tests / DATABASE).exists():
        return
    aside, table = (tests.with_name(f"{tests.name}{end}") for end in (".part", ".csv"))
    shutil.rmtree(aside, ignore_errors=True)
    rows = [row for row in tables.read(study / PATIENTS_FILE) if row["cohort"] != TRAINING]
    whole = ({**row, "file": str((study / row["file"]).resolve())} for row in rows)
    atomic.write_text(table, tables.to_csv(rows[0], (row.values() for row in whole)))
    commands.aln_desk(clock, "new", aside, "--from", study, "--csv", table, stoppable=False)
    aside.replace(tests)
