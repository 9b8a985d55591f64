"""The embedded model's card states what was measured, and the model that is shipped is the one on its card."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from aln_desk import paths
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.domain.verdict import SIMULATED
from aln_desk.io import predictions, trained_on
from aln_desk.io.checkpoint import read_manifest, verify, write_manifest
from aln_desk.io.predictions import VerdictRow
from aln_desk.io.project import Project
from aln_desk.stats.roc import auc
from training.embedded import Reached, card, measure


def test_measuring_compares_with_the_best_possible(study: Path) -> None:
    with Project.open(study) as project:
        patients = project.patients()
        rows = [
            VerdictRow(p.id, p.cohort, p.outcome, 0.5 + 0.01 * k, 0.5, "positive", 1, 0, "abc")
            for k, p in enumerate(patients)
        ]
        predictions.write_verdicts(project.predictions / predictions.VERDICTS_FILE, rows[:-1])
    with (study / "truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "outcome", "best_clinical", "best_tumour", "best_score"])
        writer.writerows([p.id, p.outcome, 0.5, 1 - (p.outcome or 0), p.outcome] for p in patients)
    (reached,) = measure(study, study / "truth.csv")
    tested = [k for k, p in enumerate(patients[:-1]) if p.cohort == "internal test"]
    assert (reached.cohort, reached.patients) == ("internal test", len(tested))
    assert (reached.best_clinical, reached.best_tumour, reached.best) == (0.5, 0.0, 1.0)
    assert reached.model[0] == pytest.approx(auc([patients[k].outcome or 0 for k in tested], tested))


REACHED = [Reached("internal test", 273, (0.9, 0.85, 0.95), 0.7012, 0.7834, 0.9321)]


def test_the_card_names_every_ceiling() -> None:
    text = card(paths.embedded_model(), REACHED)
    assert "| internal test | 273 | 0.900 (95 % interval 0.850 to 0.950) | 0.932 | 0.783 | 0.701 |" in text
    assert "On real images" not in text


def test_the_card_holds_the_figures_on_real_images() -> None:
    assert "| all lesions | 474 | 0.7" in card(paths.embedded_model(), REACHED, "| all lesions | 474 | 0.7 |")


def test_the_card_says_who_taught_the_model_and_how_its_images_are_known(tmp_path: Path) -> None:
    manifest = read_manifest(paths.embedded_model())
    sources = [
        {"name": "simulated patients", "patients": 3, "images": 7, "outcomes": 3, "simulated": True},
        {"name": "public images", "patients": 2, "images": 2, "outcomes": 0, "simulated": False},
    ]
    record = trained_on.write(tmp_path, TrainedOn(frozenset("abc"), frozenset("d")))
    write_manifest(tmp_path, {**manifest, **record, "training": {**manifest["training"], "sources": sources}})
    text = card(tmp_path, REACHED)
    assert SIMULATED in text
    assert "| simulated patients | 3 | 7 | 3, simulated |" in text
    assert "| public images | 2 | 2 | none |" in text
    assert "lists the 3 images that the parameters learned from and the 1\nthat were held out" in text


def test_the_shipped_model_is_whole_small_and_described() -> None:
    folder = paths.embedded_model()
    verify(folder)
    manifest = read_manifest(folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 25_000_000
    assert manifest["simulated"] is True
    assert manifest["trained_on"]["fitted"] > 0
    described = (folder / "CARD.md").read_text(encoding="utf-8")
    assert manifest["digest"] in described and SIMULATED in described
