"""YOLO's segmentation labels: a text file an image, a line an area: class, then x and y as shares of the image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.shape import Shape
from aln_desk.io.formats import yaml_names
from aln_desk.io.formats.classes import Classes
from aln_desk.io.formats.incoming import Incoming, Refuse, Refused, files, finite, shown, text
from aln_desk.io.formats.outlined import Outlined
from aln_desk.io.formats.rings import Ring, clipped, rings_of
from aln_desk.io.formats.stage import Stage

LABELS = "labels"
LIST = "images.txt"
DATA = "data.yaml"
_CLASSES = "classes.txt"
_OVER = 1e-3
"""How far a coordinate may lie beyond the image, as a share of it: other programs round."""


class YoloLabels:
    """``labels/<name>.txt``, ``images.txt`` (the image of each) and ``data.yaml`` (the names of the classes)."""

    def __init__(self) -> None:
        self._classes = Classes()
        self._images: list[str] = []

    def add(self, image: Outlined, stage: Stage) -> int:
        """Write one image's labels; an image without outlines has an empty file, which says that there are none."""
        lines: list[str] = []
        lost = 0
        for shape in image.annotation.shapes:
            rings = [clipped(ring, image.height, image.width) for ring in rings_of(shape, image.height, image.width)]
            whole = [ring for ring in rings if len(ring) >= 3]
            lines += [self._line(shape.label, ring, image) for ring in whole]
            lost += not whole
        stage.write(f"{LABELS}/{image.name}.txt", "".join(lines).encode("ascii"))
        path = image.image_from(stage.out)
        self._images.append(path if path.startswith(("/", "../")) or ":" in path[:2] else f"./{path}")
        return lost

    def end(self, stage: Stage) -> None:
        """Write the list of images and the names."""
        stage.write(LIST, "".join(f"{path}\n" for path in self._images).encode("utf-8", "surrogateescape"))
        names = [name for _number, name in sorted(self._classes.names().items())]
        lines = [f"train: {LIST}", f"val: {LIST}", "names:"]
        lines += [f"  {number}: {yaml_names.quoted(name)}" for number, name in enumerate(names)]
        stage.write(DATA, ("\n".join(lines) + "\n").encode("utf-8"))

    def _line(self, label: str, ring: Ring, image: Outlined) -> str:
        shares = (f"{x / image.width:.12g} {y / image.height:.12g}" for x, y in ring)
        return f"{self._classes.number(label) - 1} {' '.join(shares)}\n"


def read(path: Path, refuse: Refuse) -> Iterator[Incoming]:
    """The labels of a dataset, given by its folder, its ``labels`` or its ``data.yaml``.

    Raises `BadFile` where the classes' names (``names`` in a YAML file, or ``classes.txt``) are not found.
    """
    folder = path.parent if path.is_file() else path
    names = _names(path) if path.is_file() and path.suffix.lower() != ".txt" else _found_names(folder)
    labels = folder / LABELS if (folder / LABELS).is_dir() else folder
    for file in [path] if path.suffix.lower() == ".txt" else files(labels, ".txt"):
        if labels == folder and file.name in (LIST, _CLASSES):
            continue
        try:
            lines = text(file).splitlines()
        except AlnError as error:
            refuse(str(error))
            continue
        name = file.relative_to(labels if file.is_relative_to(labels) else file.parent).with_suffix("").as_posix()
        yield Incoming(name, str(file), partial(_shapes, lines, names, file), has_suffix=False)


def _found_names(folder: Path) -> Mapping[int, str]:
    for place in (folder, folder.parent):
        for file in (*sorted(place.glob("*.yaml")), *sorted(place.glob("*.yml")), place / _CLASSES):
            if file.is_file():
                return _names(file)
    raise BadFile(folder, f"names no classes ({DATA} or {_CLASSES})", "Put the file with the names beside the labels")


def _names(file: Path) -> Mapping[int, str]:
    if file.name == _CLASSES:
        return dict(enumerate(line.strip() for line in text(file).splitlines()))
    return yaml_names.names(text(file), file)


def _shapes(
    lines: list[str], names: Mapping[int, str], file: Path, height: int, width: int, refuse: Refuse
) -> list[Shape]:
    shapes = []
    for place, line in enumerate(lines, start=1):
        if words := line.split():
            try:
                shapes.append(_shape(words, names, height, width))
            except Refused as refusal:
                refuse(f"{file}, line {place}: {refusal}.")
    return shapes


def _shape(words: list[str], names: Mapping[int, str], height: int, width: int) -> Shape:
    if not re.fullmatch(r"[0-9]{1,9}", words[0]) or int(words[0]) not in names:
        raise Refused(f"{shown(words[0])} is no class that the names know")
    shares = [_share(word) for word in words[1:]]
    label = names[int(words[0])]
    if len(shares) == 4:  # a box: centre and size
        x, y, wide, high = shares
        left, top, right, bottom = x - wide / 2, y - high / 2, x + wide / 2, y + high / 2
        return Shape(label, ((left * width, top * height), (right * width, bottom * height)), "rectangle")
    if len(shares) % 2 or len(shares) < 6:
        raise Refused(f"{len(shares)} coordinates are neither a box nor an outline")
    return Shape(label, tuple((x * width, y * height) for x, y in zip(shares[::2], shares[1::2], strict=True)))


def _share(word: str) -> float:
    share = finite(word)
    if not -_OVER <= share <= 1 + _OVER:
        raise Refused(f"{shown(word)} is no share of the image, which lies from 0 to 1")
    return share
