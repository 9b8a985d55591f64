"""Verdicts from clinical variables alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from clinical_study import draw_patients, make_project

from aln_desk.domain.errors import BadModel, BadProject
from aln_desk.domain.messages import BagPredicted, Message, Note
from aln_desk.domain.patient import Patient
from aln_desk.inference.clinical_reading import is_clinical, read_clinical
from aln_desk.inference.reading import Reading
from aln_desk.io import checkpoint
from aln_desk.io.predictions import INSTANCES_FILE, VERDICTS_FILE, read_verdicts
from aln_desk.io.project import Project
from aln_desk.io.verdicts import read_models
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, NumberTerm

MODEL = LogisticModel(-1.2, (CategoryTerm("t_stage", {"1": 0.0, "2": 1.0, "3": 2.0}), NumberTerm("age", 50.0, 0.01)))


def model(folder: Path, fusion: LogisticModel | None = MODEL, kind: str = "clinical") -> Path:
    folder.mkdir()
    checkpoint.write_manifest(folder, {"kind": kind, **VerdictRule(0.4, fusion=fusion).to_manifest()})
    return folder


def read(folder: Path, patients: list[Patient], by: Path) -> tuple[Reading, list[Message]]:
    told: list[Message] = []
    with Project.open(make_project(folder / "p", patients)) as project:
        return read_clinical(project, by, told.append), told


def test_every_patient_gets_the_verdict_of_the_model(tmp_path: Path) -> None:
    patients, folder = draw_patients(20), model(tmp_path / "m")
    found, told = read(tmp_path, patients, folder)
    rows = read_verdicts(tmp_path / "p" / "predictions" / VERDICTS_FILE)
    assert tuple(rows) == found.verdicts
    assert read_models(tmp_path / "p" / "predictions") == {checkpoint.model_digest(folder): rows}
    assert [row.patient for row in rows] == [p.id for p in patients]
    rule = VerdictRule(0.4, fusion=MODEL)
    assert [row.score for row in rows] == [rule.score(None, p.clinical) for p in patients]
    assert {row.decision for row in rows} == {"positive", "negative"}
    assert all((row.decision == "positive") == (row.score >= 0.4) for row in rows)
    assert {row.model for row in rows} == {checkpoint.model_digest(folder)}
    assert [m.patient for m in told if isinstance(m, BagPredicted)] == [p.id for p in patients]
    assert found.complete
    assert found.left_out == ()
    assert not (tmp_path / "p" / "predictions" / INSTANCES_FILE).exists()


def test_simulated_outcomes_are_told_and_written(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    checkpoint.write_manifest(folder, {**checkpoint.read_manifest(folder), "simulated": True})
    found, told = read(tmp_path, draw_patients(3), folder)
    assert all(row.simulated for row in found.verdicts)
    assert [m.simulated for m in told if isinstance(m, BagPredicted)] == [True] * 3


def test_patients_of_whom_nothing_is_known_are_left_out_and_told_of(tmp_path: Path) -> None:
    blank = [Patient(f"X{k:02d}", "training", 1, clinical={"er": "positive", "age": "?"}) for k in range(12)]
    found, told = read(tmp_path, [*draw_patients(3), *blank], model(tmp_path / "m"))
    assert [row.patient for row in found.verdicts] == ["P000", "P001", "P002"]
    assert len(found.left_out) == 12
    (note,) = [m.text for m in told if isinstance(m, Note)]
    assert note.endswith(
        "none of t_stage, age is known of them: " + ", ".join(f"X{k:02d}" for k in range(10)) + " and 2 more."
    )


def test_a_project_without_the_variables_is_a_sentence_and_keeps_its_verdicts(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    with pytest.raises(BadProject, match="no patient has any of t_stage, age"):
        read(tmp_path, [Patient("P1", "training", 1)], folder)
    assert not (tmp_path / "p" / "predictions" / VERDICTS_FILE).exists()


def test_only_a_whole_clinical_model_reads(tmp_path: Path, random_model: Path) -> None:
    fusion = model(tmp_path / "f", LogisticModel(0.0, MODEL.terms, 1.0), "fusion")
    assert [is_clinical(f) for f in (model(tmp_path / "m"), fusion, random_model)] == [True, False, False]
    torn = model(tmp_path / "t")
    (torn / "manifest.json").write_text((torn / "manifest.json").read_text().replace("0.4", "0.9"))
    for number, folder in enumerate((fusion, random_model, torn, model(tmp_path / "n", None))):
        with pytest.raises(BadModel):
            read(tmp_path / str(number), draw_patients(3), folder)
