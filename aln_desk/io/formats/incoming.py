"""What another program's file says about the project's images, before it is known whether they are there."""

from __future__ import annotations

import json
import math
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.domain.order import natural_key
from aln_desk.domain.shape import Shape
from aln_desk.io import labelme_json

Refuse = Callable[[str], None]
"""Takes one sentence for each record that cannot be taken over: where it stands and why."""

_LARGEST = 1 << 30
"""Bytes of a file that is read whole."""


class Refused(Exception):
    """Why a record cannot be taken over, before its place is known."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One image of such a file.

    ``image`` is its name or path there, a stem only without ``has_suffix``; ``where`` names the place for people;
    ``size`` is the (height, width) it claims, None where it claims none. ``shapes`` makes the shapes once the true
    height and width are known to agree (so that nothing is unpacked that cannot be right), and refuses single ones.
    ``flags`` and ``extra`` belong to the image.
    """

    image: str
    where: str
    shapes: Callable[[int, int, Refuse], list[Shape]]
    size: tuple[int, int] | None = None
    has_suffix: bool = True
    flags: Mapping[str, bool] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def content(path: Path) -> bytes:
    """The whole file; raises `MissingFile` or `BadFile`, also for one of more than a gigabyte."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadFile(path, "is larger than a gigabyte", "Split it")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFile(path, "there is no such file", "Choose another one") from error
    except (OSError, ValueError) as error:
        raise BadFile(path, f"cannot be opened ({error})", "Check its access rights") from error


def text(path: Path) -> str:
    """The file as UTF-8 text; raises `BadFile` for anything else."""
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(path, f"is not UTF-8 text (byte {error.start})", "Save it again as UTF-8") from error


def json_object(path: Path) -> dict[str, Any]:
    """The JSON object in the file; raises `BadFile` where there is none."""
    try:
        record = json.loads(text(path))
    except json.JSONDecodeError as error:
        raise BadFile(path, f"is not complete JSON (line {error.lineno}: {error.msg})", "Export it again") from error
    except (ValueError, RecursionError) as error:
        raise BadFile(path, "holds JSON that is nested too deep or a number with too many digits") from error
    if not isinstance(record, dict):
        raise BadFile(path, "holds no JSON object", "Choose another file")
    return record


def files(folder: Path, suffix: str) -> list[Path]:
    """Files with this suffix (in any case) under ``folder`` in natural order; hidden ones and linked folders not."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if name.lower().endswith(suffix) and not name.startswith(".")]
    return sorted(found, key=lambda path: [natural_key(part) for part in path.parts])


def beside(folder: Path, image: str) -> str:
    """An image's path as written in a file of ``folder``, itself a path from where was looked."""
    return posixpath.normpath(posixpath.join(folder.as_posix(), image))


def number(value: Any) -> float:
    """A finite number; `Refused` for anything else, truth values included."""
    if type(value) not in (int, float):
        raise Refused(f"{shown(value)} is not a number")
    return finite(value)


def finite(value: Any) -> float:
    """Text or number as a finite float; `Refused` for anything else."""
    try:
        found = float(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused(f"{shown(value)} is not a number") from error
    if not math.isfinite(found):
        raise Refused(f"{shown(value)} is not a finite number")
    return found


def side(value: Any, name: str) -> int:
    """A side of an image in pixels, 1 or more."""
    found = number(value)
    if not found.is_integer() or found < 1:
        raise Refused(f"{name} {shown(value)} is not a number of pixels")
    return int(found)


def shown(value: Any) -> str:
    """A value from a file as it may stand in a sentence."""
    words = repr(value) if not isinstance(value, int) or abs(value) < 10**15 else "a number of many digits"
    return words if len(words) <= 40 else words[:37] + "..."


def record_of(shape: Shape) -> dict[str, Any]:
    """A shape in LabelMe's words, as they stand in its file."""
    (record,) = json.loads(labelme_json.dumps(Annotation("", shapes=(shape,))))["shapes"]
    return dict(record)


def shape_of(record: Mapping[str, Any], where: str) -> Shape:
    """The shape of a record in LabelMe's words; raises `BadFile` with the reason."""
    try:
        told = json.dumps({"imagePath": "", "imageData": None, "shapes": [record]}, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise BadFile(where, "holds a number that is not finite, or is nested too deep") from error
    return labelme_json.loads(told, where).shapes[0]


def guarded(make: Callable[[], list[Shape]], where: str, refuse: Refuse) -> list[Shape]:
    """What ``make`` gives; where it refuses, nothing and the sentence."""
    try:
        return make()
    except BadFile as error:
        refuse(str(error))
    except Refused as error:
        refuse(f"{where}: {error}.")
    return []


def numbered(records: object, what: str, path: Path) -> Iterator[tuple[int, Any]]:
    """The entries of a list in a file, counted from 1; raises `BadFile` where it is no list."""
    if not isinstance(records, list):
        raise BadFile(path, f"key {what!r} is not a list", "Export it again")
    yield from enumerate(records, start=1)
