"""What there is to export: the images of a project with the outlines drawn on them, or found by its model."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadProject
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.progress import Status, status_of
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL
from aln_desk.io import images, predictions
from aln_desk.io.annotations import current_annotation, is_annotated
from aln_desk.io.formats.rings import shapes_of_mask
from aln_desk.io.formats.stage import Stage
from aln_desk.io.project import Project

Source = Literal["drawn", "model"]


@dataclass(frozen=True, slots=True)
class Outlined:
    """One image of an export: its safe ``name`` without suffix, its outlines, its size in pixels.

    ``image`` is the file as the export's readers find it: the original, or the copy that goes with the export.
    """

    name: str
    image: Path
    annotation: Annotation
    height: int
    width: int

    def image_from(self, folder: Path) -> str:
        """The image's path as seen from a folder, with ``/``; absolute where it lies on another drive (Windows)."""
        try:
            return Path(os.path.relpath(self.image, folder)).as_posix()
        except ValueError:
            return self.image.as_posix()


class Writer(Protocol):
    """Writes one export, image by image."""

    def add(self, image: Outlined, stage: Stage) -> int:
        """Write one image's outlines; gives how many of them the format cannot hold."""

    def end(self, stage: Stage) -> None:
        """Write what can be written only when all images are known."""


def instances(project: Project, cohorts: Collection[str]) -> list[Instance]:
    """The images of these cohorts (of none: of all), in the project's order; `BadProject` for an unknown cohort."""
    known = [cohort.name for cohort in project.cohorts()]
    if unknown := [name for name in cohorts if name not in known]:
        raise BadProject(f'{project.folder}: there is no cohort "{unknown[0]}". There are: {", ".join(known)}.')
    return [one for patient in project.patients(cohorts=set(cohorts) or None) for one in patient.bag]


def annotation_of(instance: Instance, newest: Mapping[str, Annotation]) -> Annotation | None:
    """The newest drawn annotation, saved or not; None where there is none. Raises `BadFile` for a damaged file."""
    if instance.id in newest:
        return newest[instance.id]
    return current_annotation(instance) if is_annotated(instance) else None


def drawn(instance: Instance, newest: Mapping[str, Annotation]) -> tuple[Annotation, int, int] | None:
    """What readers drew, and the image's height and width; None for an image that teaches nothing: nobody has looked at
    it, or it is rejected. An empty file of it would tell another program that there is no lesion.
    """
    found = annotation_of(instance, newest)
    if found is None:
        return None
    status = status_of(found)
    if status is Status.REJECTED or (status is Status.TO_DO and not found.shapes):
        return None
    return found, *images.size(Path(instance.image))


def predicted(project: Project, instance: Instance) -> tuple[Annotation, int, int] | None:
    """The last reading's mask as outlines labelled with the lesion type the network sees; None where not read."""
    found = predictions.read_instance(project.predictions / predictions.INSTANCES_FILE, instance.id)
    if found is None:
        return None
    height, width = found.mask.shape
    label = NODE_LABEL if found.view is View.NODE else TUMOUR_LABEL
    shapes = tuple(shapes_of_mask(found.mask, label))
    return Annotation("", height, width, shapes), height, width
