"""Images with something that looks wrong about their outlines: found beside the window's thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance
from aln_desk.domain.suspicion import Fault, Suspicion, UsualArea, area_shares, usual_areas
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui.usefulness import CHUNK, Asked, Looking, Reason, Source, Work, newest_annotation
from aln_desk.io import images, predictions

if TYPE_CHECKING:
    from aln_desk.gui.widgets.image_room import ImageRoom

WORDS: Mapping[Fault, str] = {
    "points": "encloses nothing",
    "crossing": "crosses itself",
    "tiny": "tiny",
    "outside": "beyond the image",
    "size": "unusual size",
    "twice": "drawn twice",
    "type": "other type?",
    "view": "other label?",
    "model": "differs from model",
}
DAMAGED = "cannot be read"

_SHARES_AT_ONCE = 64
_CERTAIN = 2.0

Shares = Sequence[tuple[str, float]]


class Suspected(Looking):
    """The images with suspicions, the worst first.

    Two rounds: the first learns which areas are usual in this project, the second looks for errors, only where
    something is drawn or said.
    """

    @property
    def caption(self) -> str:
        if self._source is None:
            return ""
        every = len(self._instances)
        if self._usual is None:
            return f"Reading {len(self._shares)} of {every} images…"
        known = len(self._due & self._found.keys())
        return f"Checking {known} of {len(self._due)} images…" if known < len(self._due) else ""

    @property
    def nothing(self) -> str:
        return "" if self.caption or self._source is None else "Nothing looks wrong about the outlines here."

    def _start(self) -> None:
        self._unread: dict[str, None] | None = None
        self._usual: Mapping[str, UsualArea] | None = None
        self._shares: dict[str, Shares | None] = {}
        self._found: dict[str, tuple[float, Reason] | None] = {}
        self._due: set[str] = set()
        self._waiting = {}

    def _concerns(self, name: str) -> bool:
        return name in self._instances

    def _next_work(self) -> Work | None:
        source = self._source
        assert source is not None
        if self._unread is None:
            self._unread = dict.fromkeys(self._instances)
        if self._unread:
            return partial(_shares, self._chunk(self._unread, _SHARES_AT_ONCE)), self._take_shares
        if self._usual is None:
            known = [pair for shares in self._shares.values() for pair in shares or ()]
            return partial(usual_areas, known), self._take_usual
        if self._waiting:
            return partial(_suspicions, source, self._chunk(self._waiting, CHUNK), self._usual), self._take_found
        return None

    def _take_shares(self, found: Mapping[str, Shares | None]) -> bool:
        self._shares.update(found)
        return False

    def _take_usual(self, usual: Mapping[str, UsualArea]) -> bool:
        """An edit made later changes little of what is usual, so it stays."""
        self._usual = usual
        drawn = (name for name, shares in self._shares.items() if shares is not None)
        self._waiting |= dict.fromkeys(drawn)
        self._due = set(self._waiting)
        return False

    def _take_found(self, found: Mapping[str, tuple[float, Reason] | None]) -> bool:
        before = self.reasons
        self._found.update(found)
        worst = sorted(
            ((name, *told) for name, told in self._found.items() if told is not None), key=lambda one: -one[1]
        )
        self.reasons = {name: reason for name, _strength, reason in worst}
        return list(self.reasons.items()) != list(before.items())


class Explaining(QObject):
    """While ``suspected`` is wanted, says in a room what looks wrong about its image, and selects the shape."""

    def __init__(self, suspected: Suspected, room: ImageRoom) -> None:
        super().__init__(room)
        self._suspected = suspected
        self._room = room
        self._said = ""
        room.refreshed.connect(self._explain)
        suspected.changed.connect(self._take_back)

    def _explain(self) -> None:
        reason = self._suspected.reasons.get(self._room.shown) if self._suspected.wanted else None
        if reason is None or reason.word == DAMAGED:  # the room says itself that a file cannot be read
            return
        self._said = reason.sentence
        self._room.info.say(reason.sentence, "warning")
        if reason.shape is not None and reason.shape < len(self._room.canvas.editing.shapes):
            self._room.canvas.select([reason.shape])

    def _take_back(self) -> None:
        """What was wrong is mended, or something else is wrong now."""
        reason = self._suspected.reasons.get(self._room.shown)
        said, now = self._said, reason.sentence if reason is not None else ""
        if said and said != now and self._room.info.text == said:
            self._room.info.hide()
            self._said = ""
            self._explain()


def _shares(asked: Sequence[Asked]) -> dict[str, Shares | None]:
    """The areas on each image; None for one where nothing is drawn or said, which cannot be wrong."""
    found: dict[str, Shares | None] = {}
    for one in asked:
        try:
            annotation = newest_annotation(one)
        except AlnError:
            found[one[0].id] = ()
            continue
        size = _size(one[0], annotation) if annotation.shapes else None
        known = area_shares(annotation, size) if size is not None else []
        found[one[0].id] = known if annotation.shapes or annotation.flags.get(NO_LESION) else None
    return found


def _suspicions(
    source: Source, asked: Sequence[Asked], usual: Mapping[str, UsualArea]
) -> dict[str, tuple[float, Reason] | None]:
    """(strength of the worst, reason) of each image; None where nothing looks wrong."""
    return {one[0].id: _suspicion(source, one, usual) for one in asked}


def _suspicion(source: Source, asked: Asked, usual: Mapping[str, UsualArea]) -> tuple[float, Reason] | None:
    from aln_desk.io.likely_errors import likely_errors

    instance = asked[0]
    try:
        annotation = newest_annotation(asked)
    except AlnError as error:
        return _CERTAIN, Reason(DAMAGED, str(error))
    size = _size(instance, annotation)
    if size is None:
        return None
    found = likely_errors(annotation, _prediction(source, instance), size, view=instance.view, usual=usual)
    return _told(found) if found else None


def _told(found: Sequence[Suspicion]) -> tuple[float, Reason]:
    """The worst in a word, all of them in sentences."""
    sentences = dict.fromkeys(one.sentence for one in found)
    return found[0].strength, Reason(WORDS[found[0].what], "\n".join(sentences), found[0].shape)


def _prediction(source: Source, instance: Instance) -> InstancePrediction | None:
    """None too from a model that was not taught to outline; one that knows no lesion types contradicts none."""
    if source.model is None or not source.model.draws:
        return None
    try:
        found = predictions.read_instance(source.file, instance.id, source.digest)
    except AlnError:
        return None
    return found if found is None or source.model.tells_type else replace(found, lesion_logit=0.0)


def _size(instance: Instance, annotation: Annotation) -> tuple[int, int] | None:
    """(height, width) as the image has it, else as the annotation says."""
    try:
        return images.size(Path(instance.image))
    except AlnError:
        height, width = annotation.image_height, annotation.image_width
        return (height, width) if height and width else None
