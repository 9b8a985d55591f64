"""A small project whose images bear every kind of outline, and the same project without any."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.shape import Shape
from aln_desk.io import images, labelme_json
from aln_desk.io.annotations import current_annotation
from aln_desk.io.project import Project
from aln_desk.io.rasterize import mask_text

HEIGHT, WIDTH = 60, 80
TRIANGLE = Shape("tumor", ((4.25, 5.0), (30.1, 7.0 / 3), (12.0, 33.3333333333333)))
KEYHOLE = Shape(
    "lymph_node",
    (
        *((40.0, 10.0), (70.0, 10.0), (70.0, 40.0), (40.0, 40.0), (40.0, 10.0)),
        *((50.0, 20.0), (50.0, 30.0), (60.0, 30.0), (60.0, 20.0), (50.0, 20.0)),
    ),
    group_id=3,
    description="cortex, 3 mm",
    flags={"sure": True},
    extra={"score": 0.5, "aln": {"origin": {"model": "abc"}}},
)
RECTANGLE = Shape("tumor", ((10.5, 40.0), (30.0, 55.0)), "rectangle", locked=True)
CIRCLE = Shape("cyst", ((60.0, 50.0), (65.0, 50.0)), "circle")
ORIENTED = Shape("mass", ((5.0, 20.0), (10.0, 15.0), (15.0, 20.0), (10.0, 25.0)), "oriented_rectangle")
LINE = Shape("caliper", ((1.0, 2.0), (30.0, 2.5)), "line")
POINTS = Shape("echo", ((1.0, 2.0), (3.0, 4.0), (5.0, 5.0)), "points")
_TWO = np.zeros((9, 12), np.bool_)
_TWO[:4, :4] = _TWO[6:, 8:] = True
MASK = Shape("tumor", ((20.0, 30.0), (31.0, 38.0)), "mask", mask=mask_text(_TWO))

ANNOTATIONS = {
    "A/T1.png": (TRIANGLE, RECTANGLE, LINE),
    "A/L1.png": (KEYHOLE,),
    "B/T1.png": (CIRCLE, ORIENTED, MASK, POINTS),
    "B/T2.png": (),
    "B/T3.png": None,
}
"""Outlines by instance; None is an image that nobody has looked at. Two patients have a ``T1``."""


def make(folder: Path, drawn: bool = True) -> Path:
    """A project in ``folder/p``; A is in the training cohort, B in the test cohort."""
    with Project.create(folder / "p") as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_cohort(Cohort("internal test", Role.INTERNAL_TEST))
        for patient, cohort in (("A", "training"), ("B", "internal test")):
            names = [name for name in ANNOTATIONS if name.startswith(patient)]
            bag = tuple(_instance(folder, name, drawn) for name in names)
            project.add_patient(Patient(patient, cohort, bag=bag))
    return folder / "p"


def bag(project: Path) -> list[Instance]:
    """Every image of the project."""
    with Project.open(project) as opened:
        return [instance for patient in opened.patients() for instance in patient.bag]


def annotations(project: Path) -> dict[str, Annotation]:
    """What is drawn in the project today, by instance."""
    return {instance.id: current_annotation(instance) for instance in bag(project)}


def shapes(project: Path) -> dict[str, tuple[Shape, ...]]:
    """The outlines in the project today, by instance."""
    return {name: annotation.shapes for name, annotation in annotations(project).items()}


def _instance(folder: Path, name: str, drawn: bool) -> Instance:
    image = folder / "images" / name
    image.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(list(image.parent.iterdir())))
    images.write_png(image, rng.integers(0, 255, (HEIGHT, WIDTH), np.uint8))
    outlines = ANNOTATIONS[name]
    beside = image.with_suffix(".json")
    if drawn and outlines is not None:
        flags = {} if outlines else {NO_LESION: True}
        extra = {"aln": {"note": "look again"}} if name == "A/L1.png" else {}
        labelme_json.write(beside, Annotation(image.name, HEIGHT, WIDTH, outlines, flags, extra=extra))
    return Instance(name, name[0], View.NODE if "L" in name else View.TUMOUR, str(image), str(beside))
