"""The clinical model from a project to its folder."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from clinical_study import draw_patients, make_project, new_run

from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Finished, Message, Note
from aln_desk.domain.patient import Patient, Role
from aln_desk.inference.clinical_reading import read_clinical
from aln_desk.io.checkpoint import model_digest, read_manifest
from aln_desk.io.project import Project
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.roc import auc
from training import clinical, data
from training.clinical import Choice

ROLES = {"training": Role.TRAIN}


def trained(
    folder: Path, patients: list[Patient], choice: Choice = clinical.DEFAULT_CHOICE
) -> tuple[Path, Path, list[Message]]:
    """The model's folder, the run's, and what was told."""
    told: list[Message] = []
    with Project.open(make_project(folder, patients)) as project:
        split = data.split(project.patients(), ROLES, 0.2)
        with new_run(project, "clinical") as run:
            return clinical.train(project, run, split, told.append, "mine", choice), run.folder, told


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "regression.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_leaves_a_model_that_explains_itself(tmp_path: Path) -> None:
    patients = draw_patients()
    folder, run, told = trained(tmp_path / "p", patients)
    manifest = read_manifest(folder)
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert folder.name == manifest["digest"] == model_digest(folder)
    assert (manifest["kind"], manifest["name"]) == ("clinical", "mine")
    assert manifest["threshold_rule"] == "Youden index on 32 held-out training patients"
    assert manifest["training"]["variables"] == ["t_stage", "bi-rads"]
    assert (manifest["training"]["patients_fit"], manifest["training"]["patients_tune"]) == (128, 32)
    assert not manifest["simulated"]
    assert len(manifest["data_digest"]) == 16
    assert told[-1] == Finished(str(folder), manifest["digest"], told[-1].figures)  # type: ignore[union-attr]
    rule = VerdictRule.from_manifest(manifest, folder)
    held_out = patients[128:]
    scores = [rule.score(None, p.clinical) for p in held_out]
    assert manifest["figures"]["auc"] == pytest.approx(auc([p.outcome for p in held_out], scores))
    assert manifest["figures"]["auc"] > 0.7
    assert (run / "run.json").read_text().count(folder.name) == 2


def test_the_model_reads_the_project_it_was_trained_on(tmp_path: Path) -> None:
    folder, _, _ = trained(tmp_path / "p", draw_patients())
    with Project.open(tmp_path / "p") as project:
        rows = read_clinical(project, folder, lambda message: None).verdicts
    held_out = rows[128:]
    reached = auc([row.outcome for row in held_out], [row.score for row in held_out])
    assert reached == pytest.approx(read_manifest(folder)["figures"]["auc"])
    assert {row.threshold for row in rows} == {read_manifest(folder)["threshold"]}


def test_the_table_has_both_stages_and_empty_cells_for_what_is_not_defined(tmp_path: Path) -> None:
    _, run, _ = trained(tmp_path / "p", draw_patients())
    found = rows(run)
    assert list(found[0]) == [
        *("variable", "level", "n", "positive", "or", "low", "high", "p", "p_variable", "stage", "note")
    ]
    assert [(r["variable"], r["level"]) for r in found if r["stage"] == "univariate"] == [
        *[("age", ""), ("t_stage", "1"), ("t_stage", "2"), ("t_stage", "3"), ("bi-rads", "4"), ("bi-rads", "5")]
    ]
    assert {r["variable"] for r in found if r["stage"] == "multivariate"} == {"t_stage", "bi-rads"}
    reference = next(r for r in found if r["note"] == "reference")
    assert (reference["or"], reference["low"], reference["p"]) == ("1.0", "", "")
    assert float(found[2]["low"]) < float(found[2]["or"]) < float(found[2]["high"])


def test_held_out_outcomes_change_the_threshold_and_nothing_else(tmp_path: Path) -> None:
    patients = draw_patients()
    turned = [*patients[:128], *(replace(p, outcome=1 - (p.outcome or 0)) for p in patients[128:])]
    first, second = (read_manifest(trained(tmp_path / n, p)[0]) for n, p in (("a", patients), ("b", turned)))
    assert first["fusion"] == second["fusion"]
    assert first["threshold"] != second["threshold"]
    assert first["figures"]["auc"] == pytest.approx(1 - second["figures"]["auc"])


def test_patients_of_whom_nothing_is_known_teach_nothing(tmp_path: Path) -> None:
    patients = draw_patients()
    blank = [Patient(f"X{k}", "training", k % 2, "2023-01-01") for k in range(30)]
    first, second = (read_manifest(trained(tmp_path / n, p)[0]) for n, p in (("a", patients), ("b", blank + patients)))
    assert second["training"]["patients_fit"] > first["training"]["patients_fit"]
    terms = [term for term in second["fusion"]["terms"] if "unknown" in term["coefficients"]]
    assert terms == []


def test_other_variables_may_be_named(tmp_path: Path) -> None:
    folder, run, told = trained(tmp_path / "a", draw_patients(), Choice("ER, T_Stage", level=1.0))
    assert read_manifest(folder)["training"]["variables"] == ["er", "t_stage"]
    assert any(isinstance(m, Note) and "looked at: er, t_stage" in m.text for m in told)
    _, run, _ = trained(tmp_path / "b", draw_patients(), Choice("all"))
    assert {r["variable"] for r in rows(run)} == {"age", "t_stage", "bi-rads", "er"}


@pytest.mark.parametrize(
    ("patients", "choice", "error", "words"),
    [
        (draw_patients(), Choice("t_stage ki67"), BadSetting, r"'ki67'.*exist: age, t_stage, bi-rads, er"),
        (draw_patients(), Choice("er"), BadProject, "None of er goes with the outcome of the 128"),
        ([replace(p, clinical={}) for p in draw_patients()], Choice(), BadProject, "any of age, t_stage, birads"),
        ([replace(p, clinical={}) for p in draw_patients()], Choice("all"), BadProject, "Import a table"),
        ([replace(p, outcome=1) for p in draw_patients()], Choice(), BadProject, "both outcomes"),
        ([replace(p, outcome=None) for p in draw_patients()], Choice(), BadProject, "known outcome"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    tmp_path: Path, patients: list[Patient], choice: Choice, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        trained(tmp_path / "p", patients, choice)
    with Project.open(tmp_path / "p") as project:
        assert not list(project.models.iterdir())


def test_in_a_simulated_study_of_the_papers_size_stage_and_birads_are_chosen() -> None:
    """The simulation lets T stage and BI-RADS follow the tumour's signs and draws age from nothing; what a regression
    makes of them comes near the best that can be made of all clinical variables.
    """
    from aln_desk.stats.regression import regression
    from training.phantom import latents

    drawn = [p for p in latents.draw_patients(1557, 3) if p.cohort == "training"]
    values = [{name: p.clinical[name] for name in ("age", "t_stage", "birads")} for p in drawn]
    table = regression(values, [p.outcome for p in drawn])
    assert table.model.variables == ("t_stage", "birads")
    reached = auc([p.outcome for p in drawn], [table.model.logit(v) for v in values])
    assert reached == pytest.approx(auc([p.outcome for p in drawn], [p.best_clinical for p in drawn]), abs=0.02)
