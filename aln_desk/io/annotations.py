"""The annotation of an instance: where it is read from, and how it is saved without losing anything."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.domain.patient import Instance
from aln_desk.io import images, labelme_json


def current_annotation(instance: Instance) -> Annotation:
    """The instance's own LabelMe file, else the one beside its image, else an empty annotation.

    An empty one carries the image's path and size (None while the image cannot be read). Raises BadFile for a
    damaged file, so that nobody draws over outlines that may still be rescued.
    """
    own = Path(instance.annotation)
    if own.exists():
        return labelme_json.read(own)
    beside = labelme_json.sidecar(Path(instance.image))
    found = labelme_json.read(beside) if beside.exists() else Annotation(image_path="")
    return _relocated(found, instance)


def is_annotated(instance: Instance) -> bool:
    """Whether a LabelMe file exists for the instance: its own or one beside its image, readable or not."""
    return Path(instance.annotation).exists() or labelme_json.sidecar(Path(instance.image)).exists()


def save_annotation(instance: Instance, annotation: Annotation) -> None:
    """Write the instance's own LabelMe file with the image's true path and size.

    A file in its place that cannot be read is first put aside as ``<name>.bad-<n>``. Raises BadFile when the disk
    refuses.
    """
    path = Path(instance.annotation)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _put_aside_if_damaged(path)
    except OSError as error:
        raise BadFile(path, f"cannot be written ({error.strerror})", "Choose where you may write") from error
    labelme_json.write(path, _relocated(annotation, instance))


def _relocated(annotation: Annotation, instance: Instance) -> Annotation:
    """The annotation as it stands in the instance's own file: image path relative to that, true image size."""
    image = Path(instance.image)
    try:
        image_path = Path(os.path.relpath(image, Path(instance.annotation).parent)).as_posix()
    except ValueError:  # another drive on Windows
        image_path = image.as_posix()
    height, width = _size(image) or (annotation.image_height, annotation.image_width)
    return replace(annotation, image_path=image_path, image_height=height, image_width=width)


def _size(image: Path) -> tuple[int, int] | None:
    """None for an image that is away or damaged: an outline must be savable all the same."""
    try:
        return images.size(image)
    except BadFile:
        return None


def _put_aside_if_damaged(path: Path) -> None:
    try:
        labelme_json.read(path)
    except MissingFile:
        return
    except BadFile:
        path.replace(_free_name(path))


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.bad-{number}")).exists():
        number += 1
    return aside
