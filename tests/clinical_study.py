"""Projects of patients with clinical variables and no image at all, and tokens as if there were some."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aln_desk.domain import presets, recipe
from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.io.project import Project
from aln_desk.io.tokens import Tokens
from training.record import RunFolder, RunRecord, now

STAGES = ("1", "2", "3")


def draw_patients(count: int = 160, seed: int = 0, cohort: str = "training") -> list[Patient]:
    """T stage goes with the outcome, BI-RADS too, age and an unrelated variable not at all."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        stage, birads = int(rng.integers(3)), int(rng.integers(2))
        outcome = int(rng.random() < 1 / (1 + np.exp(3.0 - 1.8 * stage - 2.4 * birads)))
        clinical = {
            "age": str(int(rng.normal(52, 11))),
            "t_stage": STAGES[stage],
            "bi-rads": "45"[birads],
            "er": str(rng.choice(["positive", "negative"])),
        }
        day = f"2024-{1 + number * 12 // count:02d}-{1 + number % 28:02d}"
        found.append(Patient(f"P{number:03d}", cohort, outcome, day, clinical=clinical))
    return found


def make_project(folder: Path, patients: list[Patient]) -> Path:
    """A project of these patients, all in the training cohort."""
    with Project.create(folder) as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_many(patients)
    return folder


def new_run(project: Project, stages: str, base: Path | str = "") -> RunFolder:
    """The folder of a run that is about to begin, by the preset ``tiny``."""
    settings = recipe.to_dict(presets.preset("tiny").recipe)
    record = RunRecord("", "tiny", stages, now(), settings, ["training"], str(base))
    return RunFolder.create(project.runs, record)


def draw_tokens(patients: list[Patient], seed: int = 0) -> Tokens:
    """One to three tokens a patient; the first number of each goes with the outcome."""
    rng = np.random.default_rng(seed)
    owner = [p for k, p in enumerate(patients) for _ in range(1 + k % 3)]
    token = rng.normal(0, 0.3, (len(owner), 256)).astype(np.float32)
    token[:, 0] += [2.0 if p.outcome else -2.0 for p in owner]
    names = [f"{p.id}/{k}" for k, p in enumerate(owner)]
    zeros = np.zeros(len(owner), np.float32)
    return Tokens(names, [p.id for p in owner], ["tumour"] * len(owner), token, zeros, zeros, zeros, "abc")
