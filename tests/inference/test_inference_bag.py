"""One bag through both stages: what comes out fits together, whatever the order of the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aln_desk.domain.patient import Patient
from aln_desk.inference.bag import read_instances
from aln_desk.inference.judge import judge
from aln_desk.io import images
from aln_desk.io.project import Project
from aln_desk.models.build import LoadedModel, load_model


@pytest.fixture
def model(random_model: Path) -> LoadedModel:
    return load_model(random_model, torch.device("cpu"))


@pytest.fixture
def patient(study: Path) -> Patient:
    with Project.open(study) as project:
        return next(p for p in project.patients() if len(p.bag) == 2)


def test_findings_fit_their_image(model: LoadedModel, patient: Patient) -> None:
    for instance, found in zip(patient.bag, read_instances(model, patient.bag), strict=True):
        assert found.instance == instance.id
        assert found.mask.shape == images.size(Path(instance.image))
        assert found.mask.dtype == np.bool_
        assert found.cam.mean() == pytest.approx(found.status_logit, abs=1e-4)
        assert found.token.shape == (256,)
        assert found.image_digest == images.digest(Path(instance.image))


def test_the_verdict_ignores_the_order_and_its_shares_sum_to_one(model: LoadedModel, patient: Patient) -> None:
    found = read_instances(model, patient.bag)
    forward, backward = judge(model, patient, found), judge(model, patient, found[::-1])
    assert forward is not None
    assert backward is not None
    assert forward.score == pytest.approx(backward.score, abs=1e-6)
    assert sum(forward.shares.values()) == pytest.approx(1.0)
    assert set(forward.shares) == {i.id for i in patient.bag}
    assert forward.model == model.digest
    assert forward.patient == patient.id


def test_an_image_alone_gives_what_it_gives_in_a_batch(model: LoadedModel, patient: Patient) -> None:
    together = read_instances(model, patient.bag)
    for instance, found in zip(patient.bag, together, strict=True):
        alone = read_instances(model, [instance])[0]
        assert np.allclose(alone.token, found.token, atol=1e-5)


def test_an_empty_bag_has_no_verdict(model: LoadedModel, patient: Patient) -> None:
    assert judge(model, patient, []) is None


def test_a_model_without_stage_two_gives_no_verdict(tmp_path: Path, patient: Patient) -> None:
    from small_study import make_model

    model = load_model(make_model(tmp_path / "masks-only", with_verdict=False), torch.device("cpu"))
    found = read_instances(model, patient.bag)
    assert len(found) == 2
    assert judge(model, patient, found) is None
