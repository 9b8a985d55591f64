"""COCO instances: one JSON with images, categories and annotations, whose areas are polygons or run-length codes.

What COCO has no key for (kind of shape, group, flags, description, foreign keys) stands under ``attributes.aln`` of an
annotation, in LabelMe's words, and under ``aln`` of an image. On reading, a kind and its points are believed only
where the area beside them is still the one that they were written with: another program may have changed it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from aln_desk.domain import geometry
from aln_desk.domain.shape import Shape
from aln_desk.io.formats import rle
from aln_desk.io.formats.classes import Classes
from aln_desk.io.formats.incoming import (
    Incoming,
    Refuse,
    Refused,
    files,
    guarded,
    json_object,
    number,
    numbered,
    record_of,
    shape_of,
    shown,
    side,
)
from aln_desk.io.formats.outlined import Outlined
from aln_desk.io.formats.rings import Ring, rings_of, shapes_of_mask
from aln_desk.io.formats.stage import Stage
from aln_desk.io.rasterize import shape_mask

FILE = "annotations.json"
_SAME = 1e-6
"""Pixels by which a coordinate may differ and still be the one that was written."""

Json = dict[str, Any]


class Coco:
    """``annotations.json``. With ``codes`` areas are compressed run-length codes, exact to the pixel; else polygons."""

    def __init__(self, codes: bool = False) -> None:
        self._codes = codes
        self._classes = Classes()
        self._images: list[Json] = []
        self._annotations: list[Json] = []
        self._labels: list[str] = []

    def add(self, image: Outlined, stage: Stage) -> int:
        """Keep one image and its outlines for `end`."""
        own = {
            "id": len(self._images) + 1,
            "file_name": image.image_from(stage.out),
            "width": image.width,
            "height": image.height,
        }
        kept = {"flags": dict(image.annotation.flags), "extra": dict(image.annotation.extra)}
        kept = {key: value for key, value in kept.items() if value}
        self._images.append({**own, "aln": kept} if kept else own)
        for shape in image.annotation.shapes:
            self._annotations.append(self._annotation(shape, image))
            self._labels.append(shape.label)
        return 0

    def end(self, stage: Stage) -> None:
        """Write the file."""
        names = self._classes.names()
        for record, label in zip(self._annotations, self._labels, strict=True):
            if label != names[record["category_id"]]:
                record.setdefault("attributes", {}).setdefault("aln", {})["label"] = label
        today = datetime.now(UTC)
        record = {
            "info": {
                "description": "Outlines from ALN Desk",
                "version": "1.0",
                "year": today.year,
                "date_created": today.isoformat(timespec="seconds"),
            },
            "licenses": [],
            "images": self._images,
            "categories": [{"id": key, "name": name, "supercategory": ""} for key, name in sorted(names.items())],
            "annotations": self._annotations,
        }
        stage.write_json(FILE, record)

    def _annotation(self, shape: Shape, image: Outlined) -> Json:
        mask = shape_mask(shape, image.height, image.width)
        rings = rings_of(shape, image.height, image.width)
        area: Any = [list(chain.from_iterable(ring)) for ring in rings]
        if self._codes and rings:
            area = {"size": [image.height, image.width], "counts": rle.to_text(rle.encode(mask))}
        record = {
            "id": len(self._annotations) + 1,
            "image_id": len(self._images),
            "category_id": self._classes.number(shape.label),
            "segmentation": area,
            "area": int(np.count_nonzero(mask)),
            "bbox": _box(shape, rings, image),
            "iscrowd": 0,
        }
        told = not self._codes and shape.shape_type == "polygon" and rings == [shape.points]
        kept = _kept(shape, told)
        return {**record, "attributes": {"aln": kept}} if kept else record


def _kept(shape: Shape, told: bool) -> Json:
    """What COCO's own keys do not say of a shape; ``told`` where they say its points."""
    standing: Json = {"group_id": None, "description": "", "flags": {}, "mask": None}
    record = {key: value for key, value in record_of(shape).items() if key not in standing or value != standing[key]}
    without = {"label", "points", "shape_type"} if told else {"label"}
    return {key: value for key, value in record.items() if key not in without}


def _box(shape: Shape, rings: Sequence[Ring], image: Outlined) -> list[float]:
    """Left, top, width and height of what lies on the image."""
    points = list(chain.from_iterable(rings)) or shape.points
    left, top, right, bottom = geometry.bounding_box(points)
    left, right = (min(max(x, 0.0), float(image.width)) for x in (left, right))
    top, bottom = (min(max(y, 0.0), float(image.height)) for y in (top, bottom))
    return [left, top, right - left, bottom - top]


def is_coco(record: Mapping[str, Any]) -> bool:
    """Whether a JSON object looks like COCO's."""
    return isinstance(record.get("images"), list) and isinstance(record.get("annotations"), list)


def read(path: Path, refuse: Refuse) -> Iterator[Incoming]:
    """The images of a COCO file, or of every one under a folder. Raises `BadFile` for a file that is none."""
    for file in [path] if path.is_file() else files(path, ".json"):
        record = json_object(file)
        if path.is_file() or is_coco(record):
            yield from _read(file, record, refuse)


def _read(file: Path, record: Json, refuse: Refuse) -> Iterator[Incoming]:
    labels: dict[int | str, str] = {}
    for place, entry in numbered(record.get("categories"), "categories", file):
        try:
            key = _id(_object(entry), "id")
            labels[key] = _word(entry, "name")
        except Refused as refusal:
            refuse(f"{file}, category {place}: {refusal}.")
    own: dict[int | str, list[tuple[str, Json]]] = defaultdict(list)
    for place, entry in numbered(record.get("annotations"), "annotations", file):
        try:
            own[_id(_object(entry), "image_id")].append((f"{file}, annotation {place}", entry))
        except Refused as refusal:
            refuse(f"{file}, annotation {place}: {refusal}.")
    for place, entry in numbered(record.get("images"), "images", file):
        try:
            key = _id(_object(entry), "id")
            yield _image(f"{file}, image {place}", entry, own.pop(key, []), labels)
        except Refused as refusal:
            refuse(f"{file}, image {place}: {refusal}.")
    for where, entry in chain.from_iterable(own.values()):
        refuse(f"{where}: no image of the file has the id {shown(entry['image_id'])}.")


def _image(where: str, entry: Json, annotations: list[tuple[str, Json]], labels: Mapping[int | str, str]) -> Incoming:
    size = None
    if entry.get("height") is not None or entry.get("width") is not None:
        size = side(entry.get("height"), "height"), side(entry.get("width"), "width")
    kept = _inner(entry, "aln")
    flags, extra = kept.get("flags"), kept.get("extra")
    try:
        json.dumps(extra, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise Refused("key 'aln' holds a number that is not finite, or is nested too deep") from error
    return Incoming(
        image=_word(entry, "file_name"),
        where=where,
        shapes=partial(_shapes, annotations, labels),
        size=size,
        flags={name: on for name, on in flags.items() if isinstance(on, bool)} if isinstance(flags, dict) else {},
        extra=extra if isinstance(extra, dict) else {},
    )


def _shapes(
    annotations: list[tuple[str, Json]], labels: Mapping[int | str, str], height: int, width: int, refuse: Refuse
) -> list[Shape]:
    shapes: list[Shape] = []
    for where, entry in annotations:
        made = guarded(partial(_of_annotation, entry, labels, where, height, width), where, refuse)
        if len(made) > 1 and made[0].group_id is None:  # LabelMe's way to say that several outlines are one thing
            group = 1 + max((shape.group_id or 0 for shape in shapes), default=0)
            made = [replace(shape, group_id=group) for shape in made]
        shapes += made
    return shapes


def _of_annotation(entry: Json, labels: Mapping[int | str, str], where: str, height: int, width: int) -> list[Shape]:
    key = _id(entry, "category_id")
    if key not in labels:
        raise Refused(f"no category of the file has the id {shown(key)}")
    attributes = _inner(entry, "attributes")
    kept = _inner(attributes, "aln")
    foreign = {name: value for name, value in attributes.items() if name != "aln"}
    told = {**({"attributes": foreign} if foreign else {}), "label": labels[key], **kept}
    if "points" in kept:
        shape = shape_of(told, where)
        if _covers(shape, entry.get("segmentation"), height, width):
            return [shape]
    plain = {name: value for name, value in told.items() if name not in ("points", "shape_type", "mask")}
    pattern = shape_of({**plain, "points": [[0, 0]], "shape_type": "point"}, where)
    areas = _areas(entry, height, width)
    return [replace(pattern, points=one.points, shape_type=one.shape_type, mask=one.mask) for one in areas]


def _covers(shape: Shape, segmentation: Any, height: int, width: int) -> bool:
    """Whether the area is the shape's, as it would be written."""
    if isinstance(segmentation, dict):
        return bool(np.array_equal(_mask(segmentation, height, width), shape_mask(shape, height, width)))
    rings, found = rings_of(shape, height, width), _rings(segmentation)
    return [len(ring) for ring in rings] == [len(ring) for ring in found] and all(
        np.allclose(one, other, rtol=0, atol=_SAME) for one, other in zip(rings, found, strict=True)
    )


def _areas(entry: Json, height: int, width: int) -> list[Shape]:
    """Polygons, a mask's pieces, or the box where nothing else is given; their labels are of no meaning."""
    segmentation = entry.get("segmentation")
    if isinstance(segmentation, dict):
        if not (mask := _mask(segmentation, height, width)).any():
            raise Refused("the RLE is empty")
        return shapes_of_mask(mask, "")
    if rings := _rings(segmentation):
        return [Shape("", ring) for ring in rings]
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise Refused("has neither an area nor a box")
    left, top, wide, high = map(number, box)
    if wide < 0 or high < 0:
        raise Refused("the box is of negative size")
    return [Shape("", ((left, top), (left + wide, top + high)), "rectangle")]


def _mask(segmentation: Json, height: int, width: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    counts = segmentation.get("counts")
    if segmentation.get("size") != [height, width]:
        raise Refused(f"the RLE is of size {shown(segmentation.get('size'))}, the image of [{height}, {width}]")
    try:
        if isinstance(counts, str):
            counts = rle.from_text(counts)
        if not isinstance(counts, list) or not all(type(count) is int for count in counts):
            raise Refused("the RLE's counts are neither text nor whole numbers")
        return rle.decode(counts, height, width)
    except ValueError as error:
        raise Refused(str(error)) from error


def _rings(segmentation: Any) -> list[Ring]:
    if segmentation is None:
        return []
    if not isinstance(segmentation, list):
        raise Refused(f"key 'segmentation': {shown(segmentation)} is neither polygons nor an RLE")
    return [_ring(polygon) for polygon in segmentation]


def _ring(polygon: Any) -> Ring:
    if not isinstance(polygon, list) or len(polygon) % 2 or len(polygon) < 6:
        raise Refused("a polygon is not a list of at least three x and y")
    values = list(map(number, polygon))
    return tuple(zip(values[::2], values[1::2], strict=True))


def _object(entry: Any) -> Json:
    if not isinstance(entry, dict):
        raise Refused(f"{shown(entry)} is not a JSON object")
    return entry


def _inner(entry: Json, key: str) -> Json:
    """An object inside an object; empty where it is none, as in files of programs that mean something else by it."""
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _id(entry: Json, key: str) -> int | str:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Refused(f"key {key!r}: {shown(value)} is no id")
    return value


def _word(entry: Json, key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise Refused(f"key {key!r}: {shown(value)} is not text")
    return value
