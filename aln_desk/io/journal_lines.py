"""The language of a journal: one line a change, from a history to bytes and back.

A line is ``<CRC-32 of what follows, 8 hex digits> <JSON object>\\n``, all ASCII. Every object has its number ``n``
(counted from 0 without a gap) and what it does, ``do``:

* ``begin``: the annotation as it was opened, whole; the first line. ``journal`` is the version of this language,
  ``image`` the instance's id.
* ``step``: an edit (``what``, and ``t``, seconds since 1970), as its difference from the state that was present.
  What could be redone goes, as with `History.push`.
* ``at``: undo, redo or a jump to the step at that place.
* ``saved``: the state after line ``of`` is what the LabelMe file holds now.

A difference holds the top-level fields that changed (``top``) and the shapes where any did: ``order`` lists runs
``[first, behind the last]`` of the shapes of the state before, followed by the new ones; ``new`` holds those as
columns, each field relative to the shape before that its ``like`` names (-1: to an empty one), a column without any
change left out. Points that lie between equal beginnings and ends are packed as little-endian float64: a moved vertex
takes the room of one point whatever its outline has, and what is read is to the bit what was written.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any

import numpy as np

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.history import History, Step
from aln_desk.domain.shape import Point, Shape

VERSION = 1

_TOP = ("image_path", "image_height", "image_width", "flags", "image_data", "version", "extra")
# In the order of Shape's own fields.
_COLUMNS = ("label", "shape_type", "group_id", "description", "flags", "mask", "locked", "extra")
_FIELDS = attrgetter(*_COLUMNS)
_EMPTY = Annotation("")
_NO_SHAPE = Shape("", ())


@dataclass(frozen=True, slots=True)
class Replay:
    """What a journal says, as far as it can be read.

    ``history`` is None where there is nothing. ``on_disk`` holds, by the numbers of their lines, the states that the
    LabelMe file may be in: the one last known to be saved, and all since.
    ``length`` bytes and ``lines`` lines were understood; ``complaint`` says why the rest was not, ``torn`` that it is
    only a last line which was cut off.
    """

    history: History | None = None
    on_disk: Mapping[int, Annotation] = field(default_factory=dict)
    length: int = 0
    lines: int = 0
    complaint: str = ""
    torn: bool = False

    @property
    def clean(self) -> bool:
        """Whether the LabelMe file was saved after the last edit."""
        return len(self.on_disk) <= 1


def begin(image: str, step: Step) -> bytes:
    """The first line of a journal: the annotation as opened."""
    record = {"journal": VERSION, "image": image, **_words(step), **difference(_EMPTY, step.annotation)}
    return line(0, "begin", record)


def pushed(number: int, before: Annotation, step: Step) -> bytes:
    """The line of an edit of the annotation ``before``."""
    return line(number, "step", {**_words(step), **difference(before, step.annotation)})


def moved(number: int, at: int) -> bytes:
    """The line of an undo, redo or jump to the step at a place."""
    return line(number, "at", {"at": at})


def saved(number: int, of: int) -> bytes:
    """The line that says that the LabelMe file holds the state after line ``of``."""
    return line(number, "saved", {"of": of})


def line(number: int, do: str, record: Mapping[str, Any]) -> bytes:
    """One line of a journal with its checksum."""
    text = json.dumps({"n": number, "do": do, **record}, separators=(",", ":")).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def replay(data: bytes) -> Replay:
    """Read a journal as far as it can be read; never raises.

    A last line without its newline was cut off by a crash. Any other line that cannot be read ends the reading too,
    as the lines after it are differences from a state that is not known.
    """
    reading = _Reading()
    end = 0
    for start, end in _lines(data):
        try:
            reading.take(_record(data[start : end - 1]))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            return reading.replay(start, f"line {reading.lines + 1} cannot be read ({type(error).__name__}: {error})")
    torn = end < len(data)
    return replace(reading.replay(end, "its last line was cut off" if torn else ""), torn=torn)


def rewritten(image: str, history: History) -> bytes:
    """A journal that says no more than this history, whose present state is in the LabelMe file."""
    steps = history.steps
    lines = [begin(image, steps[0])]
    lines += [pushed(n, a.annotation, b) for n, (a, b) in enumerate(pairwise(steps), start=1)]
    if history.at != len(steps) - 1:
        lines.append(moved(len(lines), history.at))
    return b"".join([*lines, saved(len(lines), len(lines) - 1)])


def difference(before: Annotation, after: Annotation) -> dict[str, Any]:
    """How ``after`` differs from ``before``, in JSON's terms; `applied` takes it back."""
    record: dict[str, Any] = {}
    top = {name: _plain(getattr(after, name)) for name in _TOP if getattr(after, name) != getattr(before, name)}
    if top:
        record["top"] = top
    if after.shapes is not before.shapes:
        places = {id(shape): index for index, shape in enumerate(before.shapes)}
        new = [index for index, shape in enumerate(after.shapes) if id(shape) not in places]
        if new or len(after.shapes) != len(before.shapes) or _moved(places, after.shapes):
            record["order"] = _runs(places, after.shapes, len(before.shapes))
            record["new"] = _table(before.shapes, after.shapes, new)
    return record


def applied(before: Annotation, record: Mapping[str, Any]) -> Annotation:
    """The annotation that differs from ``before`` by what `difference` gave. Unchanged shapes are shared."""
    changed = {name: value for name, value in record.get("top", {}).items() if name in _TOP}
    if "order" in record:
        pool = before.shapes + _shapes(before.shapes, record["new"])
        runs = record["order"]
        if any(not 0 <= first <= last <= len(pool) for first, last in runs):
            raise ValueError("a shape that is not there")
        changed["shapes"] = tuple(chain.from_iterable(pool[first:last] for first, last in runs))
    return replace(before, **changed) if changed else before


class _Reading:
    """The state while a journal is read line by line."""

    def __init__(self) -> None:
        self.history: History | None = None
        self.on_disk: dict[int, Annotation] = {}
        self.lines = 0

    def take(self, record: dict[str, Any]) -> None:
        number, do = record["n"], record["do"]
        if type(number) is not int or number != self.lines:
            raise ValueError(f"number {number} where {self.lines} was to follow")
        self._do(number, do, record)
        self.lines += 1

    def _do(self, number: int, do: str, record: dict[str, Any]) -> None:
        if self.history is None:
            if do != "begin" or record["journal"] != VERSION:
                raise ValueError("it is no journal of this version")
            self.history = History.of(applied(_EMPTY, record), record.get("what", ""), record.get("t", 0.0))
        elif do == "step":
            step = Step(applied(self.history.annotation, record), record.get("what", ""), record.get("t", 0.0))
            self.history = self.history.push(step.annotation, step.what, step.when)
        elif do == "at":
            self.history = self.history.jump(record["at"])
        elif do == "saved":
            self.on_disk = {one: state for one, state in self.on_disk.items() if one >= record["of"]}
            return
        else:
            raise ValueError(f"{do!r} is not known")
        self.on_disk[number] = self.history.annotation

    def replay(self, length: int, complaint: str) -> Replay:
        return Replay(self.history, self.on_disk, length, self.lines, complaint)


def _lines(data: bytes) -> Iterator[tuple[int, int]]:
    """(start, end behind the newline) of each whole line."""
    start = 0
    while (newline := data.find(b"\n", start)) >= 0:
        yield start, newline + 1
        start = newline + 1


def _record(text: bytes) -> dict[str, Any]:
    if text[8:9] != b" " or b"%08x" % zlib.crc32(text[9:]) != text[:8]:
        raise ValueError("its checksum is wrong")
    record = json.loads(text[9:].decode("ascii"))
    if not isinstance(record, dict):
        raise ValueError("it is no JSON object")
    return record


def _words(step: Step) -> dict[str, Any]:
    return {"what": step.what, "t": step.when}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _moved(places: Mapping[int, int], shapes: Sequence[Shape]) -> bool:
    return any(places[id(shape)] != index for index, shape in enumerate(shapes))


def _runs(places: Mapping[int, int], shapes: Sequence[Shape], count: int) -> list[list[int]]:
    """Where each shape is found, neighbours joined: in the state before, or behind its ``count`` shapes as new."""
    runs: list[list[int]] = []
    for shape in shapes:
        place = places.get(id(shape), count)
        count += place == count
        if runs and runs[-1][1] == place:
            runs[-1][1] = place + 1
        else:
            runs.append([place, place + 1])
    return runs


def _table(before: Sequence[Shape], after: Sequence[Shape], new: Sequence[int]) -> dict[str, Any]:
    """The shapes of ``after`` at the places ``new``, as columns; each relative to the shape of its place before."""
    shapes = [after[index] for index in new]
    bases = [before[index] if index < len(before) else _NO_SHAPE for index in new]
    table: dict[str, Any] = {"like": [index if index < len(before) else -1 for index in new]}
    for name, column, column_before in zip(_COLUMNS, _columns(shapes), _columns(bases), strict=True):
        if column != column_before:
            table[name] = [_plain(value) for value in column]
    kept = [_kept(base.points, shape.points) for base, shape in zip(bases, shapes, strict=True)]
    fresh = [
        shape.points[head : len(shape.points) - tail] if head or tail else shape.points
        for shape, (head, tail) in zip(shapes, kept, strict=True)
    ]
    table["points"] = _packed(chain.from_iterable(fresh))
    table["counts"] = [len(points) for points in fresh]
    if any(head or tail for head, tail in kept):
        table["kept"] = kept
    return table


def _kept(old: Sequence[Point], new: Sequence[Point]) -> tuple[int, int]:
    """How many points at the beginning and how many at the end are as they were."""
    shorter = min(len(old), len(new))
    if old is new:
        return shorter, 0
    if old and new and old[0] != new[0] and old[-1] != new[-1]:
        return 0, 0
    head = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    tail = next((index for index in range(shorter - head) if old[-1 - index] != new[-1 - index]), shorter - head)
    return head, tail


def _columns(shapes: Sequence[Shape]) -> list[tuple[Any, ...]]:
    """The fields of the shapes but for their points, each as a column."""
    return list(zip(*map(_FIELDS, shapes), strict=True)) or [()] * len(_COLUMNS)


def _packed(points: Iterator[Point]) -> str:
    return base64.b64encode(np.fromiter(chain.from_iterable(points), "<f8").tobytes()).decode("ascii")


def _unpacked(text: str) -> list[Point]:
    each = iter(np.frombuffer(base64.b64decode(text, validate=True), "<f8").tolist())
    return list(zip(each, each, strict=True))


def _shapes(before: Sequence[Shape], table: Mapping[str, Any]) -> tuple[Shape, ...]:
    like, counts = table["like"], table["counts"]
    kept = table.get("kept") or [(0, 0)] * len(like)
    bases = [before[index] if index >= 0 else _NO_SHAPE for index in like]
    columns = [table.get(name, column) for name, column in zip(_COLUMNS, _columns(bases), strict=True)]
    points, outlines, start = _unpacked(table["points"]), [], 0
    for base, count, (head, tail) in zip(bases, counts, kept, strict=True):
        fresh = tuple(points[start : start + count])
        start += count
        outlines.append(base.points[:head] + fresh + base.points[len(base.points) - tail :] if head or tail else fresh)
    rows = zip(outlines, *columns, strict=True)
    return tuple(Shape(label, points, *others) for points, label, *others in rows)
