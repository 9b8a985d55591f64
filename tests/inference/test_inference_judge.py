"""From a bag's findings to the verdict: fusion, calibration, threshold, what stays uncertain."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
import torch

from aln_desk.domain.messages import BagPredicted, Message
from aln_desk.domain.patient import Patient
from aln_desk.domain.trained_on import Seen, TrainedOn
from aln_desk.inference.judge import judge
from aln_desk.inference.reading import ProjectReader
from aln_desk.inference.session import Session
from aln_desk.io import images, predictions
from aln_desk.io.project import Project
from aln_desk.models.build import LoadedModel, load_model
from aln_desk.models.verdict_rule import VerdictRule, to_logit
from aln_desk.stats.calibration import Calibration
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import CategoryTerm, LogisticModel


@pytest.fixture
def model(random_model: Path) -> LoadedModel:
    return load_model(random_model, torch.device("cpu"))


@pytest.fixture
def patient(study: Path) -> Patient:
    with Project.open(study) as project:
        return next(p for p in project.patients() if len(p.bag) == 2)


def test_fusion_calibration_and_threshold_make_the_verdict(model: LoadedModel, patient: Patient) -> None:
    """The score moves with the clinical variables; the shares measure from the logit at which the verdict tips."""
    found = list(Session(model).read(patient.bag))
    plain = judge(model, patient, found)
    assert plain is not None
    logit = to_logit(plain.score)
    fusion = LogisticModel(0.3, (CategoryTerm("t_stage", {"T1": 0.0, "T2": 1.0}),), image=0.5)
    fused = replace(model, rule=VerdictRule(0.5, Calibration(2.0, -0.1), fusion=fusion))
    for stage, added in (("T1", 0.0), ("T2", 1.0)):
        verdict = judge(fused, replace(patient, clinical={"t_stage": stage}), found)
        assert verdict is not None
        assert to_logit(verdict.score) == pytest.approx(2.0 * (0.3 + added + 0.5 * logit) - 0.1, abs=1e-4)
        assert sum(verdict.shares.values()) == pytest.approx(1.0)
    assert judge(replace(model, rule=VerdictRule(0.5)), patient, found) == plain


def test_images_without_weight_have_no_share(model: LoadedModel, patient: Patient) -> None:
    clinical = replace(model, rule=VerdictRule(0.5, fusion=LogisticModel(0.4)))
    verdict = judge(clinical, patient, list(Session(model).read(patient.bag)))
    assert verdict is not None
    assert verdict.score == pytest.approx(0.5987, abs=1e-4)
    assert verdict.shares == {}


def test_a_verdict_is_uncertain_where_the_other_outcome_stays(model: LoadedModel, patient: Patient) -> None:
    found = list(Session(model).read(patient.bag))
    plain = judge(model, patient, found)
    unsure = judge(replace(model, rule=VerdictRule(0.5, conformal=Conformal(0.1, inf, inf))), patient, found)
    sure = judge(replace(model, rule=VerdictRule(0.5, conformal=Conformal(0.1, 0.0, 0.0))), patient, found)
    assert plain is not None and unsure is not None and sure is not None
    assert (unsure.decision, unsure.score) == ("uncertain", plain.score)
    assert sure == plain


@pytest.mark.parametrize("simulated", [True, False])
def test_training_patients_and_simulated_outcomes_are_told_and_written(
    model: LoadedModel, study: Path, simulated: bool
) -> None:
    heard: list[Message] = []
    with Project.open(study) as project:
        first, second, *others = project.patients()
        record = TrainedOn(*(frozenset({images.digest(p.bag[-1].image)}) for p in (first, second)))
        marked = replace(model, trained_on=record, manifest={**model.manifest, "simulated": simulated})
        reader = ProjectReader(project, Session(marked), heard.append)
        while reader.step():
            pass
        rows = reader.finish().verdicts
        assert predictions.read_verdicts(project.predictions / predictions.VERDICTS_FILE) == list(rows)
    seen = [Seen.FITTED, Seen.HELD_OUT, *[Seen.NEW] * len(others)]
    assert [(row.seen, row.simulated) for row in rows] == [(one, simulated) for one in seen]
    assert [(m.seen, m.simulated) for m in heard if isinstance(m, BagPredicted)] == [(one, simulated) for one in seen]


def test_without_a_record_nothing_is_known_of_training(model: LoadedModel, patient: Patient) -> None:
    verdict = judge(model, patient, list(Session(model).read(patient.bag)))
    assert verdict is not None and verdict.seen is Seen.UNKNOWN


def test_uncertain_verdicts_are_told_and_written(model: LoadedModel, study: Path) -> None:
    heard: list[Message] = []
    unsure = replace(model, rule=VerdictRule(0.5, conformal=Conformal(0.1, inf, inf)))
    with Project.open(study) as project:
        reader = ProjectReader(project, Session(unsure), heard.append)
        while reader.step():
            pass
        rows = reader.finish().verdicts
        assert predictions.read_verdicts(project.predictions / predictions.VERDICTS_FILE) == list(rows)
    assert {row.decision for row in rows} == {"uncertain"}
    assert all(message.uncertain for message in heard if isinstance(message, BagPredicted))
    assert any(isinstance(message, BagPredicted) for message in heard)
