"""Clinical variables and images in one verdict: what is fitted on what, and what is left on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from clinical_study import draw_patients, draw_tokens, make_project, new_run
from small_study import make_model

from aln_desk.domain.errors import BadModel
from aln_desk.domain.messages import Finished, Message
from aln_desk.domain.patient import Patient
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io.checkpoint import MIL_FILE, MTL_FILE, model_digest, read_manifest
from aln_desk.io.project import Project
from aln_desk.models.build import LoadedModel, load_model
from aln_desk.stats.logistic import CategoryTerm, LogisticModel
from training import fusion, mil_loop
from training.data import Split
from training.record import RunFolder

PATIENTS = draw_patients(90)
SPLIT = Split(tuple(PATIENTS[:60]), tuple(PATIENTS[60:]))


def base_model(folder: Path, with_verdict: bool = True) -> LoadedModel:
    return load_model(make_model(folder / "base", with_verdict=with_verdict), torch.device("cpu"))


def trained(folder: Path, base: LoadedModel, told: list[Message]) -> Path:
    tokens = draw_tokens(PATIENTS)
    with Project.open(make_project(folder / "p", PATIENTS)) as project, _run(project, folder) as run:
        return fusion.train(project, run, SPLIT, told.append, "both", base, tokens, lambda: False)


def _run(project: Project, folder: Path) -> RunFolder:
    return new_run(project, "fusion", folder / "base")


def test_the_new_model_has_the_networks_of_the_base_and_a_rule_of_its_own(tmp_path: Path) -> None:
    base, told = base_model(tmp_path), list[Message]()
    folder = trained(tmp_path, base, told)
    manifest = read_manifest(folder)
    assert folder.name == manifest["digest"] == model_digest(folder) != base.digest
    assert (manifest["kind"], manifest["name"], manifest["training"]["base"]) == ("fusion", "both", base.digest)
    for file in (MTL_FILE, MIL_FILE):
        assert (folder / file).read_bytes() == (tmp_path / "base" / file).read_bytes()
    assert manifest["taught"] == base.manifest["taught"]
    assert manifest["simulated"]
    model = load_model(folder, torch.device("cpu"))
    assert model.rule is not None
    assert model.rule.fusion is not None
    assert list(model.rule.fusion.variables) == manifest["training"]["variables"] != []
    assert model.rule.fusion.image is not None
    assert model.rule.fusion.image > 0
    assert manifest["calibration"] is None
    assert isinstance(told[-1], Finished)


def test_the_record_of_the_base_s_images_is_kept(tmp_path: Path) -> None:
    assert "trained_on" not in read_manifest(trained(tmp_path / "old", base_model(tmp_path / "old"), []))
    record = TrainedOn(frozenset({"a"}), frozenset({"b"}))
    base = replace(base_model(tmp_path / "new"), trained_on=record)
    assert load_model(trained(tmp_path / "new", base, []), torch.device("cpu")).trained_on == record


def test_the_figures_are_those_of_the_held_out_patients_by_the_stored_model(tmp_path: Path) -> None:
    base = base_model(tmp_path)
    folder = trained(tmp_path, base, [])
    model = load_model(folder, torch.device("cpu"))
    assert model.mil is not None
    assert model.rule is not None
    tokens = draw_tokens(PATIENTS)
    tune = mil_loop.collect(tokens, SPLIT.tune)
    logit = mil_loop.logits(model.mil, tune)
    scores = [model.rule.score(float(one), p.clinical) for one, p in zip(logit, SPLIT.tune, strict=True)]
    assert model.manifest["figures"]["auc"] == pytest.approx(mil_loop.auc(tune.outcome.numpy(), np.array(scores)))
    assert model.manifest["figures"]["auc_image"] == pytest.approx(mil_loop.auc(tune.outcome.numpy(), logit))
    assert model.manifest["threshold_rule"] == "Youden index on 30 held-out training patients"


def test_scores_join_variables_and_logits_patient_by_patient() -> None:
    model = LogisticModel(-1.0, (CategoryTerm("t", {"1": 0.0, "2": 2.0}),), image=1.5)
    patients = [Patient("a", "x", 1, clinical={"t": "2"}), Patient("b", "x", 0, clinical={"t": "1"})]
    found = fusion.judged(model, patients, np.array([1.0, -2.0]))
    assert found.outcome.tolist() == [1, 0]
    assert found.score == pytest.approx([1 / (1 + np.exp(-2.5)), 1 / (1 + np.exp(4.0))])


def test_a_base_without_stage_two_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no stage 2"):
        trained(tmp_path, base_model(tmp_path, with_verdict=False), [])
