"""A small study drawn in milliseconds, and an untrained model for it: what many tests need."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Shape
from aln_desk.io import labelme_json
from aln_desk.io.project import Project
from aln_desk.models.build import build_mil, build_mtl, save_model
from aln_desk.models.mil import MilConfig
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.preprocess import Preprocess

SIDE = 64


def draw_lesion(rng: np.random.Generator, view: View, outcome: int) -> tuple[np.ndarray, Shape]:
    """A noisy image with a dark disc (tumour) or a dark ring (node); positive lesions are much larger."""
    radius = (14.0 if outcome else 7.0) + rng.uniform(-1, 1)
    x, y = rng.uniform(22, SIDE - 22, 2)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    distance = np.hypot(columns - x, rows - y)
    image = rng.normal(150, 20, (SIDE, SIDE))
    image[distance < radius] -= 110
    if view is View.NODE:
        image[distance < radius / 2] += 130
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = tuple((float(x + radius * np.cos(t)), float(y + radius * np.sin(t))) for t in turns)
    label = NODE_LABEL if view is View.NODE else TUMOUR_LABEL
    return image.clip(0, 255).astype(np.uint8), Shape(label, points)


def make_study(folder: Path, train: int = 24, test: int = 8, seed: int = 0) -> Path:
    """A project of training and test patients, each with a tumour image and two of three with a node image too."""
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True)
    patients = []
    for number in range(train + test):
        outcome, name = number % 2, f"P{number:03d}"
        views = [View.TUMOUR, View.NODE] if number % 3 else [View.TUMOUR]
        bag = tuple(_instance(images, name, view, rng, outcome) for view in views)
        cohort = "training" if number < train else "internal test"
        patients.append(Patient(name, cohort, outcome, f"2024-01-{1 + number % 28:02d}", bag=bag))
    with Project.create(folder) as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_cohort(Cohort("internal test", Role.INTERNAL_TEST))
        project.add_many(patients)
    return folder


def _instance(folder: Path, patient: str, view: View, rng: np.random.Generator, outcome: int) -> Instance:
    pixels, shape = draw_lesion(rng, view, outcome)
    path = folder / f"{patient}_{'L' if view is View.NODE else 'T'}1.png"
    cv2.imwrite(str(path), pixels)
    beside = path.with_suffix(".json")
    labelme_json.write(beside, Annotation(path.name, SIDE, SIDE, (shape,)))
    return Instance(f"{patient}/{path.name}", patient, view, str(path), str(beside))


def make_model(folder: Path, seed: int = 0, with_verdict: bool = True) -> Path:
    """A model of random parameters at 64 px; another seed gives other findings and another digest."""
    torch.manual_seed(seed)
    mtl = build_mtl(MtlConfig(size=SIDE, pooling="attention"))
    mil = build_mil(MilConfig(layers=1)) if with_verdict else None
    fields = {"name": f"random {seed}", "simulated": True, "taught": ["mask", "lesion", "status"]}
    save_model(folder, mtl, mil, Preprocess(size=SIDE), 0.5 if with_verdict else None, fields)
    return folder
