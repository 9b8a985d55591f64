"""Small real projects for the window's tests: images, outlines, a model's manifest and its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_findings import HEIGHT, WIDTH, finding
from one_thread import garbage_between_tests, no_garbage_elsewhere
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.shape import Shape
from aln_desk.domain.verdict import decide
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.review import ReviewPage
from aln_desk.gui.workspace import Workspace
from aln_desk.io import checkpoint, images, labelme_json, predictions
from aln_desk.io.predictions import VerdictRow
from aln_desk.io.project import Project

BAGS = {"P1": "TTN", "P2": "T", "P10": "TN"}
SCORES = {"P1": 0.87, "P2": 0.12}
THRESHOLD = 0.46


@pytest.fixture(autouse=True)
def finished_tasks() -> Iterator[None]:
    """No test leaves work behind for the next one."""
    yield
    tasks.wait_all()


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """As large as the smallest screen the program is made for."""
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    return window


@pytest.fixture
def workspace(window: QMainWindow) -> Iterator[Workspace]:
    made = Workspace(window)
    yield made
    tasks.wait_all()
    made.discard()


@pytest.fixture
def actions(window: QMainWindow) -> Actions:
    return Actions(window)


@pytest.fixture
def review_page(window: QMainWindow, workspace: Workspace, actions: Actions) -> Callable[[Path], ReviewPage]:
    """Shows Review on the project of a folder."""

    def show(folder: Path) -> ReviewPage:
        workspace.open(folder)
        made = ReviewPage(workspace, actions)
        window.setCentralWidget(made)
        actions.set_mode("review")
        window.show()
        tasks.wait_all()
        return made

    return show


@pytest.fixture
def project_folder(tmp_path: Path) -> Path:
    """Three patients (P1: two tumours and a node, P2: one tumour, P10: one of each); each T1 has an outline."""
    with Project.create(tmp_path / "study") as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_cohort(Cohort("internal test", Role.INTERNAL_TEST))
        project.add_many(_patient(tmp_path / "images", name, kinds) for name, kinds in BAGS.items())
    return tmp_path / "study"


@pytest.fixture
def read_project(project_folder: Path) -> Path:
    """The same project after its model has read P1 and P2, but not P10."""
    return _read(project_folder, {})


@pytest.fixture
def unsure_project(project_folder: Path) -> Path:
    """The same, read by a model that leaves P1 open: it does not decide from 0.31 to 0.90."""
    conformal = {"error": 0.1, "quantile_negative": 0.9, "quantile_positive": 0.69}
    return _read(project_folder, {"threshold": THRESHOLD, "conformal": conformal}, uncertain=("P1",))


def _read(project_folder: Path, manifest: dict[str, object], uncertain: tuple[str, ...] = ()) -> Path:
    model = project_folder / "models" / "first"
    checkpoint.save_tensors(model / checkpoint.MTL_FILE, {"weight": np.zeros(2, np.float32)})
    checkpoint.write_manifest(model, {"name": "first", "simulated": True, **manifest})
    digest = str(checkpoint.read_manifest(model)["digest"])
    with Project.open(project_folder) as project:
        project.adopt(model, digest)
        read = [patient for patient in project.patients() if patient.id in SCORES]
        write_findings(project.predictions, read, digest, uncertain)
    return project_folder


def write_findings(folder: Path, patients: list[Patient], digest: str, uncertain: tuple[str, ...] = ()) -> None:
    """Verdicts and per-image findings for these patients, as the engine writes them."""
    parts = [predictions.part_path(folder, patient.id) for patient in patients]
    for part, patient in zip(parts, patients, strict=True):
        found = [finding(instance) for instance in patient.bag]
        predictions.write_bag(part, digest, found, {one.id: 1 / len(patient.bag) for one in patient.bag})
    predictions.merge(parts, folder / predictions.INSTANCES_FILE, digest)
    rows = [verdict_row(patient, digest) for patient in patients]
    rows = [replace(row, decision="uncertain") if row.patient in uncertain else row for row in rows]
    predictions.write_verdicts(folder / predictions.VERDICTS_FILE, rows)


def verdict_row(patient: Patient, digest: str) -> VerdictRow:
    """A line of verdicts.csv."""
    score = SCORES[patient.id]
    counts = patient.count(View.TUMOUR), patient.count(View.NODE)
    return VerdictRow(
        patient.id, patient.cohort, patient.outcome, score, THRESHOLD, decide(score, THRESHOLD), *counts, digest
    )


def _patient(folder: Path, name: str, kinds: str) -> Patient:
    bag = tuple(_instance(folder, name, kind, number) for number, kind in enumerate(kinds, start=1))
    clinical = {"t_stage": "2", "birads": "4C"}
    return Patient(name, "training", 1 if name == "P1" else None, "2026-03-04", "A", clinical, bag)


def _instance(folder: Path, patient: str, kind: str, number: int) -> Instance:
    image = folder / patient / f"{kind}{number}.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((HEIGHT, WIDTH, 3), 40 * number, np.uint8)
    pixels[10:20, 10:30] = 200
    images.write_png(image, pixels)
    outline = image.with_suffix(".json")
    if number == 1:
        corners = ((0.0, 0.0), (32.0, 0.0), (32.0, 48.0), (0.0, 48.0))
        shapes = (Shape("tumor", corners),)
        labelme_json.write(outline, Annotation(image.name, HEIGHT, WIDTH, shapes))
    view = View.NODE if kind == "N" else View.TUMOUR
    return Instance(f"{patient}/{image.name}", patient, view, str(image), str(outline))


__all__ = ["garbage_between_tests", "no_garbage_elsewhere"]
