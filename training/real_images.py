"""Real ultrasound images without outcomes beside the simulated patients of a project: they teach masks and types.

The folder holds images with LabelMe outlines beside them and ``manifest.csv`` with the columns ``file``, ``class``
(``normal``: there is no lesion) and ``duplicate_group``. Images of one group are taken for one patient's, so that they
are never on both sides of a split. Images and outlines stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.io import labelme_json
from aln_desk.io.annotations import save_annotation
from aln_desk.io.csv_table import read_cells
from aln_desk.io.project import Project
from aln_desk.io.rasterize import lesion_class
from training.provenance import SOURCE

COHORT = "real images"
MANIFEST = "manifest.csv"
NORMAL = "normal"
COLUMNS = ("file", "class", "duplicate_group")


def add(project: Project, folder: Path) -> list[Patient]:
    """Enter the folder's images as patients of the cohort `COHORT`, which trains; give them.

    An image of class ``normal`` gets an annotation of the project's own that says so. Raises `BadFile` for a manifest
    that cannot be read or misses a column, `BadProject` where the images are in the project already.
    """
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in manifest(folder):
        groups.setdefault(row["duplicate_group"], []).append(row)
    width = max(map(len, groups), default=1)
    patients = [_patient(project, folder, f"real-{group:0>{width}}", rows) for group, rows in groups.items()]
    project.add_cohort(Cohort(COHORT, Role.TRAIN))
    project.add_many(patients)
    return patients


def ensure(project: Path, folder: Path) -> None:
    """`add` them to the project in ``project`` unless it has that cohort. Raises as `add` and `Project.open`."""
    with Project.open(project) as opened:
        if COHORT not in {cohort.name for cohort in opened.cohorts()}:
            add(opened, folder)


def manifest(folder: Path) -> list[dict[str, str]]:
    """The rows of the folder's manifest, in its order."""
    names, rows = read_cells(folder / MANIFEST, COLUMNS, "image")
    return [dict(zip(names, cells, strict=False)) for _, cells in rows]


def _patient(project: Project, folder: Path, key: str, rows: Sequence[Mapping[str, str]]) -> Patient:
    bag = tuple(_instance(project, folder / row["file"], key, row["class"]) for row in rows)
    return Patient(id=key, cohort=COHORT, clinical={SOURCE: folder.name}, bag=bag)


def _instance(project: Project, image: Path, patient: str, kind: str) -> Instance:
    sidecar = labelme_json.sidecar(image)
    drawn = labelme_json.read(sidecar) if sidecar.exists() else Annotation(image_path=image.name)
    view = View.NODE if lesion_class(drawn) == 2 else View.TUMOUR
    own = project.annotations / COHORT / sidecar.name
    instance = Instance(f"{patient}/{image.name}", patient, view, str(image.absolute()), str(own))
    if kind == NORMAL:
        save_annotation(instance, Annotation(image_path=image.name, flags={NO_LESION: True}))
    return instance
