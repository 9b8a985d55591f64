"""Masks as PNG files, one an image (0 background, 1 tumour, 2 lymph node) or one a class (0 and 255)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Shape, class_of
from aln_desk.io import images
from aln_desk.io.formats import png
from aln_desk.io.formats.classes import Classes
from aln_desk.io.formats.incoming import Incoming, Refuse, Refused, content, files, guarded, json_object, shown
from aln_desk.io.formats.names import safe
from aln_desk.io.formats.outlined import Outlined
from aln_desk.io.formats.rings import shapes_of_mask
from aln_desk.io.formats.stage import Stage
from aln_desk.io.rasterize import class_mask, shape_mask

CLASSES_FILE = "classes.json"
_OWN = ((1, TUMOUR_LABEL), (2, NODE_LABEL))


class IndexMasks:
    """``<name>.png``; later shapes lie over earlier ones."""

    def add(self, image: Outlined, stage: Stage) -> int:
        """Write one mask; shapes whose label names neither lesion leave no trace in it."""
        mask = class_mask(image.annotation, image.height, image.width)
        stage.write(f"{image.name}.png", png.grey(mask))
        return sum(not class_of(shape.label) or not _has_area(shape) for shape in image.annotation.shapes)

    def end(self, stage: Stage) -> None:
        """Nothing more."""


class MasksPerClass:
    """``<class>/<name>.png``, always for tumour and lymph node, for other labels where they occur.

    ``classes.json`` says which label each folder stands for.
    """

    def __init__(self) -> None:
        self._classes = Classes()
        self._folders: dict[int, str] = dict(_OWN)

    def add(self, image: Outlined, stage: Stage) -> int:
        """Write one image's masks."""
        size = image.height, image.width
        masks = {number: np.zeros(size, np.bool_) for number, _word in _OWN}
        for shape in filter(_has_area, image.annotation.shapes):
            number = self._classes.number(shape.label)
            masks[number] = masks.get(number, False) | shape_mask(shape, *size)
        for number, mask in masks.items():
            stage.write(f"{self._folder(number)}/{image.name}.png", png.grey(mask))
        return sum(not _has_area(shape) for shape in image.annotation.shapes)

    def end(self, stage: Stage) -> None:
        """Write what the folders stand for."""
        names = self._classes.names()
        stage.write_json(CLASSES_FILE, {folder: names[number] for number, folder in self._folders.items()})

    def _folder(self, number: int) -> str:
        if number not in self._folders:
            word, taken = safe(self._classes.names()[number], "class"), set(map(str.casefold, self._folders.values()))
            self._folders[number] = word if word.casefold() not in taken else f"{word}-{number}"
        return self._folders[number]


def read_index(path: Path, refuse: Refuse) -> Iterator[Incoming]:
    """A mask, or every one under a folder."""
    for file in [path] if path.is_file() else files(path, ".png"):
        name = file.relative_to(path.parent if path.is_file() else path)
        yield from _mask(file, name, partial(_of_index, file), refuse)


def read_per_class(path: Path, refuse: Refuse) -> Iterator[Incoming]:
    """The masks in the folders of ``path``; without `CLASSES_FILE` a folder's name is the label."""
    labels = _labels(path)
    found: dict[Path, list[tuple[str, Path]]] = {}
    for file in files(path, ".png"):
        folder, *rest = file.relative_to(path).parts
        if not rest:
            refuse(f"{file}: lies in no class's folder.")
        elif folder not in labels:
            refuse(f"{file}: {CLASSES_FILE} does not know the folder {folder!r}.")
        else:
            found.setdefault(Path(*rest), []).append((labels[folder], file))
    for name, masks in found.items():
        yield from _mask(masks[0][1], name, partial(_of_classes, masks), refuse)


def _labels(path: Path) -> dict[str, str]:
    if not (path / CLASSES_FILE).exists():
        return {folder.name: folder.name for folder in path.iterdir() if folder.is_dir()} if path.is_dir() else {}
    record = json_object(path / CLASSES_FILE)
    if not all(isinstance(label, str) for label in record.values()):
        raise BadFile(path / CLASSES_FILE, "does not give each folder a label", "Export the masks again")
    return record


def _mask(
    file: Path, name: Path, shapes: Callable[[int, int, Refuse], list[Shape]], refuse: Refuse
) -> Iterator[Incoming]:
    try:
        size = images.size(file)
    except AlnError as error:
        refuse(str(error))
    else:
        yield Incoming(name.with_suffix("").as_posix(), str(file), shapes, size, has_suffix=False)


def _of_index(file: Path, height: int, width: int, refuse: Refuse) -> list[Shape]:
    def make() -> list[Shape]:
        mask = _pixels(file, height, width)
        if unknown := [int(value) for value in np.unique(mask) if value not in (0, 1, 2)]:
            raise Refused(
                f"value {shown(unknown[0])} names no class (1 tumour, 2 lymph node); black and white masks belong into "
                "a folder named by their label and are read as masks per class"
            )
        return [shape for number, label in _OWN for shape in shapes_of_mask(mask == number, label)]

    return guarded(make, str(file), refuse)


def _of_classes(masks: list[tuple[str, Path]], height: int, width: int, refuse: Refuse) -> list[Shape]:
    def of_class(label: str, file: Path) -> list[Shape]:
        mask = _pixels(file, height, width)
        if len(values := np.unique(mask)) > 2:
            raise Refused(f"holds {len(values)} values, so it is no mask of one class")
        return shapes_of_mask(mask != 0, label)

    return [shape for label, file in masks for shape in guarded(partial(of_class, label, file), str(file), refuse)]


def _pixels(file: Path, height: int, width: int) -> NDArray[np.uint8]:
    """The values of a mask of this size; a PNG's header is believed before memory is taken for its pixels."""
    if images.size(file) != (height, width):
        raise Refused(f"is not of the image's size ({width} x {height} px)")
    try:
        pixels = png.numbers(content(file))
    except ValueError as error:
        raise BadFile(file, str(error), "Export it again") from error
    if pixels.shape != (height, width):
        raise Refused(f"is not of the image's size ({width} x {height} px)")
    return pixels


def _has_area(shape: Shape) -> bool:
    return shape.shape_type not in ("point", "points", "line", "linestrip")
