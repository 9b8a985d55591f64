"""A project's masks as files for other programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadProject
from aln_desk.domain.patient import Instance, View
from aln_desk.io import images, predictions
from aln_desk.io.annotations import current_annotation, is_annotated
from aln_desk.io.project import Project
from aln_desk.io.rasterize import class_mask

Source = Literal["drawn", "model"]


def export_masks(
    project: Project, source: Source, out: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[int, int]:
    """One 8-bit PNG an image, at image size: 0 background, 1 tumour, 2 lymph node; gives (written, left out).

    ``drawn`` takes the outlines, and leaves out images that have no annotation file; ``model`` takes the last
    reading's masks, each with the lesion type the network sees, and leaves out images it has not read. Files are
    named ``<image stem>.png``; images whose stem is not unique in the project go to a folder named by their patient,
    with a number where even that is taken. `BadProject` where nothing could be written, and before anything is
    written where a mask would take the place of one of the project's images.
    """
    bag = [instance for patient in project.patients() for instance in patient.bag]
    names = _names(bag)
    _refuse_overwriting(bag, {out / name for name in names.values()})
    written = 0
    for done, instance in enumerate(bag, start=1):
        mask = _drawn(instance) if source == "drawn" else _predicted(project, instance)
        if mask is not None:
            target = out / names[instance.id]
            target.parent.mkdir(parents=True, exist_ok=True)
            images.write_png(target, mask)
            written += 1
        progress(done, len(bag))
    if not written:
        remedy = "Draw outlines first." if source == "drawn" else "Run 'aln-desk predict' on it first."
        raise BadProject(f"{project.folder}: there are no masks to export. {remedy}")
    return written, len(bag) - written


def _refuse_overwriting(bag: list[Instance], targets: set[Path]) -> None:
    originals = {Path(instance.image).resolve() for instance in bag}
    for target in targets:
        if target.resolve() in originals:
            raise BadProject(f"{target} is an image of this project, which is never changed. Choose another folder.")


def _names(bag: list[Instance]) -> dict[str, str]:
    stems = {i.id: Path(i.image).stem for i in bag}
    count = Counter(stem.casefold() for stem in stems.values())
    names: dict[str, str] = {}
    taken: set[str] = set()
    for instance in bag:
        stem = stems[instance.id]
        place = stem if count[stem.casefold()] == 1 else f"{_safe(instance.patient)}/{stem}"
        name, number = f"{place}.png", 2
        while name.casefold() in taken:
            name, number = f"{place}-{number}.png", number + 1
        taken.add(name.casefold())
        names[instance.id] = name
    return names


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_. " else "_" for c in name).strip(". ") or "patient"


def _drawn(instance: Instance) -> NDArray[np.uint8] | None:
    if not is_annotated(instance):
        return None
    height, width = images.size(Path(instance.image))
    return class_mask(current_annotation(instance), height, width)


def _predicted(project: Project, instance: Instance) -> NDArray[np.uint8] | None:
    found = predictions.read_instance(project.predictions / predictions.INSTANCES_FILE, instance.id)
    if found is None:
        return None
    return found.mask.astype(np.uint8) * (2 if found.view is View.NODE else 1)
