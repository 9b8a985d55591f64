"""LabelMe's annotation file, read with tolerance and written so that every LabelMe from 4.x to 7.9 opens it.

Reading forgives what can mean one thing only (a byte order mark, whole numbers as coordinates, a missing
``shape_type``, X-AnyLabeling's habits) and refuses the rest with the place of the fault. One bad shape refuses the
whole file: a file opened without it would be saved without it.
"""

from __future__ import annotations

import base64
import json
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile, MissingFile
from aln_desk.domain.shape import SHAPE_TYPES, Point, Shape
from aln_desk.io import images
from aln_desk.io.atomic import write_text
from aln_desk.io.rasterize import mask_pixels

# Written where a file had no version: LabelMe 5.0 to 5.2 warn about another major number than their own, 3.x to 7.x
# otherwise ignore it, and 5.4.1's keys are the ones written here.
VERSION = "5.4.1"

_TOP_KEYS = ("version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth")
_SHAPE_KEYS = ("label", "points", "group_id", "description", "shape_type", "flags", "mask", "locked")
_POINT_COUNT = {"point": 1, "rectangle": 2, "line": 2, "circle": 2, "mask": 2, "oriented_rectangle": 4}
# X-AnyLabeling's four-cornered kinds. A polygon is the one kind that it and every LabelMe read.
_FOREIGN_POLYGONS = ("rotation", "quadrilateral")
# json reads deeper than it writes; refuse on reading what could not be saved again.
_DEEPEST = 100
_REMEDY = "Repair it or restore a backup; it was left untouched"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Refused(Exception):
    """What is wrong and where inside the file, before the file's name is known."""


def sidecar(image: str | Path) -> Path:
    """Where the annotation of ``image`` lies beside it: ``x.json``, or ``x.png.json`` for one of several ``x``.

    An existing file that names this image under ``imagePath`` is always its own; where a same-named image of another
    format stands beside it and neither has a file yet, both get the long name, so the answer does not depend on which
    is saved first.
    """
    image = Path(image)
    short, long = image.with_suffix(".json"), image.with_name(image.name + ".json")
    if long.exists():
        return long
    if not _has_namesake(image):
        return short
    return short if short.exists() and _claims(short, image) else long


def read(path: str | Path) -> Annotation:
    """The annotation in the file ``path``; raises `MissingFile` or `BadFile` with the place of the fault."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFile(path, "there is no such annotation file") from error
    except OSError as error:
        raise BadFile(path, f"cannot be opened ({error.strerror or error})", "Check its access rights") from error
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start})"
        raise BadFile(path, what, "Save it again as UTF-8; it was left untouched") from error
    return loads(text, path)


def write(path: str | Path, annotation: Annotation) -> None:
    """Replace the file ``path`` whole or not at all.

    An unknown image size is taken from the image at ``image_path`` if it can be read, else written as null, which
    LabelMe accepts. What could not be read back is never written: raises `BadFile` and leaves the old file.
    """
    text = dumps(_sized(annotation, Path(path).parent))
    loads(text, path)
    write_text(path, text)


def loads(text: str, where: str | Path) -> Annotation:
    """The annotation in ``text``; ``where`` names its file in the `BadFile` that a fault raises."""
    try:
        return _annotation(_parse(text))
    except _Refused as refusal:
        raise BadFile(where, str(refusal), _REMEDY) from refusal


def dumps(annotation: Annotation) -> str:
    """LabelMe's JSON, its keys in LabelMe's order: foreign keys last at the top and first in a shape.

    Full double precision, non-ASCII characters as they are, two spaces of indent. A foreign key that bears one of
    LabelMe's own names is dropped.
    """
    # The encoder that indents is slow, and nearly everything it would have to write is points.
    stand_in = secrets.token_hex(16)
    record = {
        "version": annotation.version or VERSION,
        "flags": dict(annotation.flags),
        "shapes": [_shape_record(shape, stand_in) for shape in annotation.shapes],
        "imagePath": annotation.image_path.replace("\\", "/"),
        "imageData": annotation.image_data,
        "imageHeight": annotation.image_height,
        "imageWidth": annotation.image_width,
        **_foreign(annotation.extra, _TOP_KEYS),
    }
    parts = json.dumps(record, ensure_ascii=False, indent=2).split(f'"{stand_in}"')
    points = [_points_text(shape.points) for shape in annotation.shapes]
    text = parts[0] + "".join(chain.from_iterable(zip(points, parts[1:], strict=True)))
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _parse(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise _Refused(f"is not complete JSON (line {error.lineno}: {error.msg})") from error
    except ValueError as error:
        raise _Refused("holds a number with too many digits") from error
    except RecursionError as error:
        raise _Refused(f"is nested more than {_DEEPEST} levels deep") from error
    if not isinstance(record, dict):
        raise _Refused("holds no LabelMe annotation, which is a JSON object")
    if _deeper_than(record, _DEEPEST):
        raise _Refused(f"is nested more than {_DEEPEST} levels deep")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [key for key, _value in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise _Refused(f"key {twice!r} stands twice in one object")
    return record


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(one, levels - 1) for one in inner)


def _annotation(record: dict[str, Any]) -> Annotation:
    shapes = record.get("shapes")
    if not isinstance(shapes, list):
        raise _Refused("key 'shapes' is not a list")
    version = record.get("version")
    return Annotation(
        image_path=_text(record, "imagePath").replace("\\", "/"),
        image_height=_side(record, "imageHeight"),
        image_width=_side(record, "imageWidth"),
        shapes=tuple(_numbered_shape(number, shape) for number, shape in enumerate(shapes, start=1)),
        flags=_flags(record),
        image_data=_image_data(record),
        version=version if isinstance(version, str) else "",
        extra=_foreign(record, _TOP_KEYS),
    )


def _numbered_shape(number: int, record: Any) -> Shape:
    try:
        if not isinstance(record, dict):
            raise _Refused("is not a JSON object")
        return _shape(record)
    except _Refused as refusal:
        raise _Refused(f"shape {number}: {refusal}") from refusal


def _shape(record: dict[str, Any]) -> Shape:
    if record.get("label") is None:
        raise _Refused("key 'label' is missing")
    points = _points(record.get("points"))
    kind, points = _kind(_text(record, "shape_type") or "polygon", points)
    return Shape(
        label=_text(record, "label"),
        points=points,
        shape_type=kind,
        group_id=_whole(record, "group_id"),
        description=_text(record, "description"),
        flags=_flags(record),
        mask=_mask(record, kind),
        locked=_truth("locked", record.get("locked", False)),
        extra=_foreign(record, _SHAPE_KEYS),
    )


def _points(value: Any) -> tuple[Point, ...]:
    if not isinstance(value, list) or not value:
        raise _Refused("key 'points' is not a list of at least one point")
    return tuple(_point(number, pair) for number, pair in enumerate(value, start=1))


def _point(number: int, pair: Any) -> Point:
    if isinstance(pair, list) and len(pair) == 2 and all(type(value) in (int, float) for value in pair):
        try:
            x, y = float(pair[0]), float(pair[1])
        except OverflowError:
            x = y = math.inf
        if math.isfinite(x) and math.isfinite(y):
            return x, y
    raise _Refused(f"key 'points', point {number}: {_shown(pair)} is not a pair of finite numbers")


def _kind(kind: str, points: tuple[Point, ...]) -> tuple[str, tuple[Point, ...]]:
    """The shape type and points in LabelMe's own terms."""
    if kind in _FOREIGN_POLYGONS:
        return "polygon", points
    if kind == "rectangle" and len(points) == 4 and _is_upright(points):
        return kind, (points[0], points[2])
    if kind not in SHAPE_TYPES:
        raise _Refused(f"key 'shape_type': {_shown(kind)} is none of {', '.join(SHAPE_TYPES)}")
    wanted = _POINT_COUNT.get(kind, len(points))
    if len(points) != wanted:
        raise _Refused(f"key 'points': a {kind} has {wanted} points, this one {len(points)}")
    return kind, points


def _is_upright(corners: tuple[Point, ...]) -> bool:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    return (ax, by, cx, dy) == (dx, ay, bx, cy) or (ay, bx, cy, dx) == (dy, ax, by, cx)


def _mask(record: dict[str, Any], kind: str) -> str | None:
    mask = _text(record, "mask") or None
    if kind == "mask" and mask is None:
        raise _Refused("key 'mask' is missing in a shape of type mask")
    if kind != "mask" and mask is not None:
        raise _Refused(f"key 'mask' stands in a shape of type {kind}")
    if mask is not None:
        try:
            mask_pixels(mask)
        except ValueError as error:
            raise _Refused(f"key 'mask' is {error}") from error
    return mask


def _image_data(record: dict[str, Any]) -> str | None:
    data = _text(record, "imageData")
    try:
        base64.b64decode("".join(data.split()), validate=True)
    except ValueError as error:
        raise _Refused("key 'imageData' is not base64") from error
    return data or None


def _text(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Refused(f"key {key!r}: {_shown(value)} is not text")
    return value


def _whole(record: dict[str, Any], key: str) -> int | None:
    value = record.get(key)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is not None and type(value) is not int:
        raise _Refused(f"key {key!r}: {_shown(value)} is not a whole number")
    return value


def _side(record: dict[str, Any], key: str) -> int | None:
    """A side of the image in pixels; -1 is X-AnyLabeling's word for unknown."""
    value = _whole(record, key)
    if value == -1:
        return None
    if value is not None and value < 1:
        raise _Refused(f"key {key!r}: {value} is not a number of pixels")
    return value


def _flags(record: dict[str, Any]) -> dict[str, bool]:
    flags = record.get("flags")
    if flags is None:
        return {}
    if not isinstance(flags, dict):
        raise _Refused(f"key 'flags': {_shown(flags)} is not a JSON object")
    return {name: _truth("flags", value) for name, value in flags.items()}


def _truth(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Refused(f"key {key!r}: {_shown(value)} is neither true nor false")
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _foreign(record: Mapping[str, Any], own: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in own}


def _points_text(points: tuple[Point, ...]) -> str:
    """The list of points as it stands in the file, at its depth."""
    rows = [f"        [\n          {float(x)!r},\n          {float(y)!r}\n        ]" for x, y in points]
    text = "[\n" + ",\n".join(rows) + "\n      ]" if rows else "[]"
    return text.replace("nan", "NaN").replace("inf", "Infinity")  # json's words, by which reading back refuses them


def _shape_record(shape: Shape, points: Any) -> dict[str, Any]:
    record = {
        **_foreign(shape.extra, _SHAPE_KEYS),
        "label": shape.label,
        "points": points,
        "group_id": shape.group_id,
        "description": shape.description,
        "shape_type": shape.shape_type,
        "flags": dict(shape.flags),
        "mask": shape.mask,
    }
    # LabelMe before 7.9 does not know the key; it writes it when true, so do we.
    return {**record, "locked": True} if shape.locked else record


def _sized(annotation: Annotation, folder: Path) -> Annotation:
    if annotation.image_height is not None and annotation.image_width is not None:
        return annotation
    try:
        height, width = images.size(folder / annotation.image_path)
    except AlnError:
        return annotation
    return replace(annotation, image_height=height, image_width=width)


def _has_namesake(image: Path) -> bool:
    """Whether another image of the same stem lies in the folder; asked by name, a listing would cost too much."""
    suffixes = {form for suffix in images.IMAGE_SUFFIXES for form in (suffix, suffix.upper())}
    others = (image.with_suffix(suffix) for suffix in suffixes - {image.suffix})
    return any(other.exists() and not _is_same(other, image) for other in others)


def _is_same(other: Path, image: Path) -> bool:
    # On a file system that ignores case, x.PNG is x.png itself.
    return image.exists() and other.samefile(image)


def _claims(annotation: Path, image: Path) -> bool:
    """Whether the file names ``image``; an unreadable one does, so that opening it shows the fault."""
    try:
        named = read(annotation).image_path
    except BadFile:
        return True
    return Path(named).name in ("", image.name)
