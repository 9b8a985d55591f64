"""Several readers' annotations of the same images, side by side.

The main annotation stays where it is, beside its image or in the project. Another reader's own lies at
``annotations/readers/<reader>/<patient>/<image>.json`` of the project, each a LabelMe file of its image. Names of
readers, patients and images may hold anything: their files keep what is readable and are told apart by digests.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from aln_desk.domain.adjudication import FINAL, Reader
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.patient import Instance
from aln_desk.io import atomic, images, labelme_json
from aln_desk.io.annotations import current_annotation, save_annotation

FOLDER = "readers"
READER_FILE = "reader.json"
"""Who draws in a reader's folder, since the folder's name does not tell."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_READABLE = 40


def plain_name(name: str) -> str:
    """A reader's name as it is compared and kept: composed characters, no space around. AlnError where it is empty."""
    plain = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8")).strip()
    if not plain:
        raise AlnError("A reader needs a name.")
    return plain


def reader_folder(annotations: Path, reader: str) -> Path:
    """The folder of one reader's own files below a project's annotations folder; it need not exist."""
    return annotations / FOLDER / _named(plain_name(reader), "reader")


def add_reader(annotations: Path, reader: Reader) -> Reader:
    """Keep a reader, or whether that reader is in training; gives it with its plain name. BadFile when refused."""
    kept = Reader(plain_name(reader.name), reader.in_training)
    folder = reader_folder(annotations, kept.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(folder, f"cannot be made ({error.strerror})", "Choose where you may write") from error
    record = {"reader": kept.name, "in_training": kept.in_training}
    atomic.write_text(folder / READER_FILE, json.dumps(record, ensure_ascii=False, indent=2))
    return kept


def readers_of(annotations: Path) -> list[Reader]:
    """Everybody who has a folder, by name; folders that do not tell whose they are, or tell another's, are left out."""
    try:
        found = [_reader(path) for path in sorted((annotations / FOLDER).glob(f"*/{READER_FILE}"))]
    except OSError as error:
        raise BadFile(
            annotations / FOLDER, f"cannot be listed ({error.strerror})", "Check its access rights"
        ) from error
    return sorted((reader for reader in found if reader is not None), key=lambda reader: reader.name)


def placed(annotations: Path, instance: Instance, reader: str) -> Instance:
    """The instance with that reader's file as its annotation; the very same for `FINAL`.

    So it is read by `own_annotation` and saved by `annotations.save_annotation` like any other.
    """
    if reader == FINAL:
        return instance
    folder = reader_folder(annotations, reader) / _named(instance.patient, "patient")
    file = f"{_named(Path(instance.image).stem, 'image', instance.id)}.json"
    return replace(instance, annotation=str(folder / file))


def own_annotation(instance: Instance) -> Annotation:
    """What stands in the `placed` instance's own file, and an empty annotation where there is none.

    Unlike `annotations.current_annotation` it never falls back on the file beside the image: that is somebody else's.
    """
    own = Path(instance.annotation)
    return labelme_json.read(own) if own.exists() else _empty(instance)


def read(annotations: Path, instance: Instance, reader: str) -> Annotation:
    """A reader's annotation of an image, `FINAL`: the main one; empty where there is none. BadFile where damaged."""
    return current_annotation(instance) if reader == FINAL else own_annotation(placed(annotations, instance, reader))


def save(annotations: Path, instance: Instance, reader: str, annotation: Annotation) -> None:
    """Write a reader's annotation of an image, `FINAL`: the main one; see `annotations.save_annotation`."""
    if reader != FINAL and not (reader_folder(annotations, reader) / READER_FILE).exists():
        add_reader(annotations, Reader(reader))
    save_annotation(placed(annotations, instance, reader), annotation)


def who_drew(annotations: Path, instance: Instance, readers: Iterable[Reader]) -> list[str]:
    """Names of those of ``readers`` who have a file of this image, readable or not, in their order."""
    return [one.name for one in readers if Path(placed(annotations, instance, one.name).annotation).exists()]


def pairs(
    annotations: Path, instances: Iterable[Instance], first: str, second: str
) -> Iterator[tuple[Instance, Annotation, Annotation]]:
    """(instance, one reader's annotation, the other's) of the images that both have outlined or answered, in order.

    Either may be `FINAL`. Images of which one file cannot be read are passed over; the index tells of these.
    """
    for instance in instances:
        try:
            one, other = (read(annotations, instance, reader) for reader in (first, second))
        except BadFile:
            continue
        if one.answered and other.answered:
            yield instance, one, other


def _empty(instance: Instance) -> Annotation:
    """Saving fills in the image's path; the size is needed before, to draw on."""
    try:
        height, width = images.size(Path(instance.image))
    except BadFile:
        return Annotation("")
    return Annotation("", height, width)


def _reader(path: Path) -> Reader | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        reader = Reader(plain_name(record["reader"]), record.get("in_training") is True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, AlnError):
        return None
    # A folder copied under another name would be read but never written.
    return reader if path.parent.name == _named(reader.name, "reader") else None


def _named(name: str, what: str, whole: str = "") -> str:
    """A name for the disk: never empty, reserved, too long or equal for two names on a disk that ignores case."""
    readable = _UNSAFE.sub("_", name)[:_READABLE].strip("_") or what
    return f"{readable}-{sha256((whole or name).encode('utf-8', 'replace')).hexdigest()[:8]}"
