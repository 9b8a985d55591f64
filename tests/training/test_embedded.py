"""The embedded model's card states what was measured, and the model that is shipped is the one on its card."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from aln_desk import paths
from aln_desk.io import predictions
from aln_desk.io.checkpoint import read_manifest, verify
from aln_desk.io.predictions import VerdictRow
from aln_desk.io.project import Project
from training.embedded import measure


def test_measuring_compares_with_clinical_variables_and_the_best_possible(study: Path) -> None:
    with Project.open(study) as project:
        patients = project.patients()
        for patient in patients:
            project.set_clinical(patient.id, "t_stage", "2")
            project.set_clinical(patient.id, "birads", "5" if patient.outcome else "4A")
        rows = [
            VerdictRow(p.id, p.cohort, p.outcome, 0.5 + 0.01 * k, 0.5, "positive", 1, 0, "abc")
            for k, p in enumerate(patients)
        ]
        predictions.write_verdicts(project.predictions / predictions.VERDICTS_FILE, rows)
    with (study / "truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "outcome", "best_score"])
        writer.writerows([p.id, p.outcome, p.outcome] for p in patients)
    reached = measure(study)
    assert reached.patients == len(patients)
    assert (reached.t_stage, reached.birads, reached.best) == (0.5, 1.0, 1.0)
    assert reached.model[0] == pytest.approx(0.53, abs=0.01)


def test_the_shipped_model_is_whole_small_and_described() -> None:
    folder = paths.embedded_model()
    verify(folder)
    manifest = read_manifest(folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 25_000_000
    assert manifest["simulated"] is True
    assert manifest["mtl"]["backbone"] == "mit-b0"
    assert manifest["digest"] in (folder / "CARD.md").read_text(encoding="utf-8")
