"""A session: findings that fit their image, in order, once computed; by OpenVINO as by torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small_study import make_model

from aln_desk.domain.errors import BadFile
from aln_desk.domain.messages import Message, Note
from aln_desk.domain.patient import Instance, Patient
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.inference import onnx
from aln_desk.inference import session as sessions
from aln_desk.inference.judge import judge
from aln_desk.inference.session import Session
from aln_desk.io import images
from aln_desk.io.project import Project
from aln_desk.models.build import load_model
from aln_desk.models.reading_images import Found, Network, TorchNetwork


class Counting:
    """A network that counts the images it is given."""

    def __init__(self, network: Network, batch: int, callers: int) -> None:
        self._network, self.batch, self.callers = network, batch, callers
        self.sizes: list[int] = []

    def __call__(self, squares: NDArray[np.uint8]) -> list[Found]:
        self.sizes.append(len(squares))
        return self._network(squares)


def counted(folder: Path, batch: int = 1, callers: int = 1) -> tuple[Session, Counting]:
    model = load_model(folder, torch.device("cpu"))
    network = Counting(TorchNetwork(model.mtl, model.preprocess, 1), batch, callers)
    return Session(model, network), network


@pytest.fixture
def session(random_model: Path) -> Iterator[Session]:
    opened = Session.open(random_model, "cpu", threads=2)
    yield opened
    opened.close()


@pytest.fixture
def patients(study: Path) -> list[Patient]:
    with Project.open(study) as project:
        return project.patients()


@pytest.fixture
def patient(patients: list[Patient]) -> Patient:
    return next(p for p in patients if len(p.bag) == 2)


def bag_of(patients: list[Patient], count: int) -> list[Instance]:
    return [i for p in patients for i in p.bag][:count]


def same(one: InstancePrediction, two: InstancePrediction) -> bool:
    return bool(one.instance == two.instance and np.allclose(one.token, two.token, atol=1e-5))


def test_findings_fit_their_image(session: Session, patient: Patient) -> None:
    for instance, found in zip(patient.bag, session.read(patient.bag), strict=True):
        assert found.instance == instance.id
        assert found.mask.shape == images.size(Path(instance.image))
        assert found.mask.dtype == np.bool_
        assert found.cam.mean() == pytest.approx(found.status_logit, abs=1e-4)
        assert found.token.shape == (256,)
        assert found.image_digest == images.digest(Path(instance.image))


def test_openvino_finds_what_torch_finds(session: Session, patient: Patient, random_model: Path) -> None:
    assert isinstance(session._network, onnx.OnnxNetwork)
    by_torch = Session(load_model(random_model, torch.device("cpu")))
    for one, two in zip(session.read(patient.bag), by_torch.read(patient.bag), strict=True):
        assert np.allclose(one.cam, two.cam, atol=1e-3)
        assert (one.mask != two.mask).mean() < 0.01
        assert (one.lesion_logit, one.status_logit) == pytest.approx((two.lesion_logit, two.status_logit), abs=1e-3)
        assert same(one, two)


@pytest.mark.parametrize(("batch", "callers"), [(1, 1), (3, 1), (16, 1), (1, 3)])
def test_every_way_of_computing_gives_the_same_in_the_same_order(
    patients: list[Patient], random_model: Path, batch: int, callers: int
) -> None:
    bag = bag_of(patients, 7)
    expected = list(counted(random_model)[0].read(bag))
    session, network = counted(random_model, batch, callers)
    found = list(session.read(bag))
    assert [f.instance for f in found] == [i.id for i in bag]
    assert all(map(same, found, expected))
    assert sum(network.sizes) == 7
    assert max(network.sizes) == min(batch, 7)


def test_images_come_one_by_one(patients: list[Patient], random_model: Path) -> None:
    session, network = counted(random_model)
    stream = session.read(bag_of(patients, 5))
    assert network.sizes == []
    next(stream)
    assert network.sizes == [1]


@pytest.mark.parametrize(("batch", "callers", "sizes"), [(4, 1, [4, 4]), (1, 4, [1] * 8)])
def test_what_a_bag_leaves_free_is_filled_with_the_next(
    patients: list[Patient], random_model: Path, batch: int, callers: int, sizes: list[int]
) -> None:
    session, network = counted(random_model, batch, callers)
    bag = bag_of(patients, 8)
    list(session.read(bag[:2], bag[2:]))
    list(session.read(bag[2:4], bag[4:]))
    list(session.read(bag[4:]))
    assert network.sizes == sizes


def test_a_second_look_computes_nothing(patient: Patient, random_model: Path) -> None:
    session, network = counted(random_model)
    first = list(session.read(patient.bag))
    network.sizes.clear()
    renamed = [replace(i, id=f"other/{i.id}") for i in patient.bag]
    again = list(session.read(renamed))
    assert network.sizes == []
    assert [a.instance for a in again] == [i.id for i in renamed]
    assert all(np.array_equal(a.mask, f.mask) for a, f in zip(again, first, strict=True))


def test_a_changed_image_is_computed_again(patient: Patient, random_model: Path) -> None:
    session, network = counted(random_model)
    list(session.read(patient.bag))
    network.sizes.clear()
    cv2.imwrite(patient.bag[0].image, np.full((64, 64), 200, np.uint8))
    list(session.read(patient.bag))
    assert network.sizes == [1]


def test_memory_is_bounded(patients: list[Patient], random_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REMEMBERED", 3)
    session, network = counted(random_model)
    bag = bag_of(patients, 5)
    list(session.read(bag))
    network.sizes.clear()
    list(session.read(bag[-3:]))
    assert network.sizes == []
    list(session.read(bag[:1]))
    assert network.sizes == [1]


@pytest.mark.parametrize(("batch", "callers"), [(8, 1), (1, 2)])
def test_an_image_that_cannot_be_read_stops_its_own_bag_only(
    patients: list[Patient], random_model: Path, batch: int, callers: int
) -> None:
    session, _ = counted(random_model, batch, callers)
    bag = bag_of(patients, 6)
    Path(bag[3].image).write_bytes(b"not an image")
    assert len(list(session.read(bag[:2], bag[2:]))) == 2
    with pytest.raises(BadFile):
        list(session.read(bag[2:4], bag[4:]))
    assert len(list(session.read(bag[4:]))) == 2


def test_a_network_that_cannot_be_exported_is_read_by_torch_and_told(
    patient: Patient, random_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise onnx.NotExported("The network cannot be exported (no such operation).")

    monkeypatch.setattr(sessions, "open_network", refuse)
    told: list[Message] = []
    session = Session.open(random_model, "cpu", emit=told.append)
    assert told == [Note("The network cannot be exported (no such operation). Images are read by torch, more slowly.")]
    assert len(list(session.read(patient.bag))) == 2


def test_the_verdict_ignores_the_order_and_its_shares_sum_to_one(session: Session, patient: Patient) -> None:
    found = list(session.read(patient.bag))
    forward, backward = judge(session.model, patient, found), judge(session.model, patient, found[::-1])
    assert forward is not None
    assert backward is not None
    assert forward.score == pytest.approx(backward.score, abs=1e-6)
    assert sum(forward.shares.values()) == pytest.approx(1.0)
    assert set(forward.shares) == {i.id for i in patient.bag}
    assert forward.model == session.model.digest


def test_an_empty_bag_has_no_verdict(session: Session, patient: Patient) -> None:
    assert list(session.read([])) == []
    assert judge(session.model, patient, []) is None


def test_a_model_without_stage_two_gives_no_verdict(tmp_path: Path, patient: Patient) -> None:
    session = Session.open(make_model(tmp_path / "masks-only", with_verdict=False), "cpu")
    found = list(session.read(patient.bag))
    assert len(found) == 2
    assert judge(session.model, patient, found) is None


_OFFLINE = """
import sys
sys.addaudithook(lambda event, given: event.startswith(("socket.connect", "socket.getaddrinfo")) and sys.exit(event))
from pathlib import Path
from aln_desk.inference.session import Session
Session.open(Path(sys.argv[1]), "cpu")
"""


def test_opening_a_session_opens_no_connection(random_model: Path) -> None:
    told = subprocess.run([sys.executable, "-c", _OFFLINE, random_model], capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
