"""Outlines from other programs' files onto a project's images: first a plan that changes nothing, then its changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain import own_data
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile, Stopped
from aln_desk.domain.patient import Instance
from aln_desk.domain.shape import Shape, class_of
from aln_desk.io import images, labelme_json
from aln_desk.io.annotations import current_annotation, save_annotation
from aln_desk.io.formats.incoming import Incoming, Refuse, Refused
from aln_desk.io.formats.names import Matcher, safe_names
from aln_desk.io.formats.registry import form_of, recognised
from aln_desk.io.formats.rings import Ring, clipped, rings_of

Mode = Literal["keep", "add", "replace"]
"""What happens to an image that has outlines already: it is left alone, gets others added, or loses them."""

AUTO = "auto"
_SAME = 1e-4
"""Pixels by which corners of the same outline may differ after a way through another format."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a file brings to one image of ``size`` (height, width); ``mode`` says what becomes of its outlines."""

    instance: Instance
    shapes: tuple[Shape, ...]
    flags: Mapping[str, bool]
    extra: Mapping[str, Any]
    mode: Mode
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. ``same`` images hold all of it already; ``replaced`` of the changed ones lose outlines.

    ``outlines`` are new; ``refused`` are sentences, one a record that is not taken over.
    """

    form: str
    changes: tuple[Change, ...]
    outlines: int
    replaced: int
    same: int
    refused: tuple[str, ...]


def plan(
    bag: Sequence[Instance],
    path: Path,
    form: str = AUTO,
    mode: Mode = "keep",
    newest: Mapping[str, Annotation] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Plan:
    """What importing ``path`` would do to the images of ``bag``, all of the project's; nothing is written.

    Each record that cannot be taken over is one sentence; the others are planned. ``newest`` holds annotations that
    are not on the disk yet, by instance id. Raises `BadFile` for a file of none of the formats, and `Stopped`.
    """
    chosen = recognised(path) if form == AUTO else form_of(form)
    planner = _Planner(Matcher(bag, safe_names(bag)), mode, newest or {})
    found = list(chosen.read(path, planner.refused.append))
    for done, one in enumerate(found, start=1):
        if should_stop():
            raise Stopped("The import was stopped; nothing was changed.")
        planner.take(one)
        progress(done, len(found))
    if not found and not planner.refused:
        raise BadFile(path, f"holds nothing that is read as {chosen.name}", "Choose another file or format")
    return Plan(
        chosen.key,
        tuple(planner.changes.values()),
        planner.outlines,
        planner.replaced,
        planner.same,
        tuple(planner.refused),
    )


def merged(annotation: Annotation, change: Change) -> Annotation:
    """The annotation after a change; the very same one where it brings nothing new.

    Locked outlines stay in any case. An outline that is there already, of the same label and in the same place, is
    neither doubled nor, where the file says nothing more of it, exchanged.
    """
    own, twins = annotation.shapes, _twins(annotation.shapes, change.shapes, change.size)
    fresh = tuple(shape for shape, twin in zip(change.shapes, twins, strict=True) if twin is None)
    if change.mode == "replace" and change.shapes:
        kept = [index for index, shape in enumerate(own) if shape.locked and index not in twins]
        shapes = (*(own[index] for index in kept), *map(partial(_fuller, own), change.shapes, twins))
    else:
        shapes = (*own, *fresh) if change.mode == "add" or not own else own
    stronger, weaker = (change, annotation) if change.mode == "replace" else (annotation, change)
    after = replace(
        annotation,
        shapes=shapes,
        flags={**weaker.flags, **stronger.flags},
        extra=_joined(weaker.extra, stronger.extra),
    )
    return annotation if after == annotation else after


def apply(changes: Iterable[Change], refuse: Refuse, progress: Callable[[int], None] = lambda done: None) -> int:
    """Save the changes as LabelMe files; gives how many. One that cannot be saved is a sentence."""
    saved = 0
    for done, change in enumerate(changes, start=1):
        try:
            save_annotation(change.instance, merged(current_annotation(change.instance), change))
            saved += 1
        except AlnError as error:
            refuse(str(error))
        progress(done)
    return saved


class _Planner:
    """Collects the changes, and a sentence for each record that makes none."""

    def __init__(self, matcher: Matcher, mode: Mode, newest: Mapping[str, Annotation]) -> None:
        self.changes: dict[str, Change] = {}
        self.refused: list[str] = []
        self.outlines = self.replaced = self.same = 0
        self._matcher = matcher
        self._mode = mode
        self._newest = newest
        self._seen: set[str] = set()

    def take(self, one: Incoming) -> None:
        """Plan what one image's record brings."""
        try:
            self._take(one)
        except Refused as refusal:
            self.refused.append(f"{one.where}: {refusal}.")
        except AlnError as error:
            self.refused.append(str(error))

    def _take(self, one: Incoming) -> None:
        instance = self._matcher.find(one.image, one.has_suffix)
        if instance.id in self._seen:
            raise Refused(f"is the second record about {instance.id}")
        self._seen.add(instance.id)
        size = images.size(Path(instance.image))
        if one.size is not None and one.size != size:
            told, true = (f"{width} x {height} px" for height, width in (one.size, size))
            raise Refused(f"is about an image of {told}, but {instance.id} is of {true}")
        shapes = tuple(one.shapes(*size, self.refused.append))
        change = Change(instance, shapes, one.flags, one.extra, self._mode, size)
        now = self._newest[instance.id] if instance.id in self._newest else current_annotation(instance)
        after = merged(now, change)
        if self._mode == "keep" and now.shapes and None in _twins(now.shapes, shapes, size):
            raise Refused(f"{instance.id} has outlines already, which were kept (they can be added to or replaced)")
        if after is now:
            self.same += bool(shapes)
            return
        _check(after, one.where)
        self.changes[instance.id] = change
        stays = set(map(id, after.shapes))
        self.outlines += sum(id(shape) not in set(map(id, now.shapes)) for shape in after.shapes)
        self.replaced += any(id(shape) not in stays for shape in now.shapes)


def _check(annotation: Annotation, where: str) -> None:
    """Refuse what could not be read back once it is saved."""
    try:
        labelme_json.loads(labelme_json.dumps(annotation), where)
    except (ValueError, RecursionError) as error:
        raise Refused("holds data that are nested too deep") from error


def _fuller(own: Sequence[Shape], fresh: Shape, twin: int | None) -> Shape:
    """Of two outlines in one place the one that says more; the present one where the file's has nothing but corners."""
    if twin is None or own[twin].locked:
        return fresh if twin is None else own[twin]
    says = fresh.description or fresh.group_id is not None or fresh.flags or fresh.extra or fresh.locked
    return fresh if says and fresh != own[twin] else own[twin]


def _joined(weaker: Mapping[str, Any], stronger: Mapping[str, Any]) -> Mapping[str, Any]:
    """Foreign keys of both; of our own object the sub-keys of both."""
    both = {**weaker, **stronger}
    own = {**own_data.own(weaker), **own_data.own(stronger)}
    return {**both, own_data.KEY: own} if own else both


def _twins(own: Sequence[Shape], fresh: Sequence[Shape], size: tuple[int, int]) -> list[int | None]:
    """For each fresh outline the index of one of the same label in the same place, None where there is none."""
    known: dict[tuple[object, ...], tuple[list[int], list[NDArray[np.float64]]]] = {}
    for index, shape in enumerate(own):
        key, place = _place(shape, size)
        indices, places = known.setdefault(key, ([], []))
        indices.append(index)
        places.append(place)
    stacked = {key: (indices, np.stack(places)) for key, (indices, places) in known.items()}
    return [_twin(stacked.get(key), place) for key, place in (_place(shape, size) for shape in fresh)]


def _twin(known: tuple[list[int], NDArray[np.float64]] | None, place: NDArray[np.float64]) -> int | None:
    if known is None:
        return None
    alike = np.flatnonzero((np.abs(known[1] - place) <= _SAME).all(axis=1))
    return known[0][alike[0]] if len(alike) else None


def _place(shape: Shape, size: tuple[int, int]) -> tuple[tuple[object, ...], NDArray[np.float64]]:
    """(label, kind, corners a ring) and all corners, those of its area on the image where it has one."""
    rings: list[Ring] = [clipped(ring, *size) for ring in rings_of(shape, *size)]
    kind = "area" if any(rings) else shape.shape_type
    corners = rings if any(rings) else [shape.points]
    key = (class_of(shape.label) or shape.label, kind, *map(len, corners))
    return key, np.array([value for ring in corners for point in ring for value in point], np.float64)
