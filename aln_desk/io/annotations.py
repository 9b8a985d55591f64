"""The annotation of an instance: where it is read from, and how it is saved without losing anything."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.domain.patient import Instance
from aln_desk.io import images, labelme_json

Stamp = tuple[int, int, int] | None
"""Modification time (ns), size and index of a file, None while it does not exist."""

Change = Literal["changed", "damaged", "gone"]
_CHANGES: dict[Change, str] = {
    "changed": "was changed by another program while you edited it",
    "damaged": "was changed by another program and cannot be read any more",
    "gone": "is no longer there",
}


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


def save_annotation(instance: Instance, annotation: Annotation, known_good: bool = False) -> None:
    """Write the instance's own LabelMe file with the image's true path and size.

    A file in its place that cannot be read is first put aside as ``<name>.bad-<n>``; with ``known_good`` it is not
    looked at (it was written by this program). Raises BadFile when the disk refuses.
    """
    path = Path(instance.annotation)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not known_good:
            _put_aside_if_damaged(path)
    except OSError as error:
        raise BadFile(path, f"cannot be written ({error.strerror})", "Choose where you may write") from error
    labelme_json.write(path, _relocated(annotation, instance))


def save_copy(instance: Instance, annotation: Annotation, path: Path) -> None:
    """Write the annotation to another file of the user's choice, which names the image from there."""
    save_annotation(replace(instance, annotation=str(path)), annotation)


class ChangedElsewhere(BadFile):
    """Somebody else has changed, damaged or removed the file since it was last read or written here."""

    def __init__(self, path: Path, kind: Change) -> None:
        super().__init__(path, _CHANGES[kind], "Your outlines are kept; choose what becomes of them")
        self.kind = kind


def stamp(instance: Instance) -> Stamp:
    """What tells the annotation file from an older or newer one, without reading it."""
    try:
        status = Path(instance.annotation).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def check_unchanged(instance: Instance, known: Stamp) -> None:
    """Raises `ChangedElsewhere` where the annotation file is not the one of the stamp ``known``."""
    path, found = Path(instance.annotation), stamp(instance)
    if found == known:
        return
    if found is None:
        raise ChangedElsewhere(path, "gone")
    try:
        labelme_json.read(path)
    except MissingFile:
        raise ChangedElsewhere(path, "gone") from None
    except BadFile as error:
        raise ChangedElsewhere(path, "damaged") from error
    raise ChangedElsewhere(path, "changed")


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
