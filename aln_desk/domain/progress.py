"""How far an image is: its status, flags and note, and progress counted over many images.

Status and note lie under the image's own data (sub-keys ``status``, ``note``), flags are LabelMe's own, so all three
travel with the file and are undone like every edit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aln_desk.domain import own_data
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance

NO_VISIBLE_NODE = "no_visible_node"
POOR_QUALITY = "poor_quality"
CALIPERS = "calipers_burned_in"

FLAGS: Mapping[str, str] = {
    NO_LESION: "No lesion",
    NO_VISIBLE_NODE: "No visible node",
    POOR_QUALITY: "Poor quality",
    CALIPERS: "Calipers burned in",
}
"""The flags of an image that are offered, with their words."""


class Status(StrEnum):
    """How far an image is."""

    TO_DO = "to do"
    IN_PROGRESS = "in progress"
    DONE = "done"
    NEEDS_REVIEW = "needs review"
    REJECTED = "rejected"


WAITING = frozenset({Status.TO_DO, Status.IN_PROGRESS})
"""What "next to do" leads to."""

FINISHED = frozenset({Status.DONE, Status.REJECTED})
"""What fills a progress bar: nobody has to look at these again."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A status, why (for a rejected image always), by which reader and at what ISO time (both may be empty)."""

    status: Status
    reason: str = ""
    reader: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one image of a patient is; ``reader`` said so, empty where nobody did."""

    instance: str
    patient: str
    status: Status
    reader: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Images by status; a status that no image has may be absent."""

    of: Mapping[Status, int]

    @property
    def total(self) -> int:
        return sum(self.of.values())

    @property
    def finished(self) -> int:
        """Done and rejected images."""
        return sum(self.of.get(status, 0) for status in FINISHED)


def mark_of(annotation: Annotation) -> Mark:
    """What a reader said of the image; else `Status.DONE` for an image that is answered and `Status.TO_DO`.

    Answered: something is outlined, or a flag says that there is nothing to outline. So drawing an outline is enough to
    be done, as it is in LabelMe and in files from elsewhere, and a reader speaks up only where that is not so.
    """
    if (said := own_data.readable(annotation, "status", _mark)) is not None:
        return said
    answered = annotation.answered or annotation.flags.get(NO_VISIBLE_NODE, False)
    return Mark(Status.DONE if answered else Status.TO_DO)


def status_of(annotation: Annotation) -> Status:
    """How far the image is, see `mark_of`."""
    return mark_of(annotation).status


def with_status(
    annotation: Annotation, status: Status | None, reason: str = "", reader: str = "", at: str = ""
) -> Annotation:
    """The annotation with what a reader said, or (None) with nothing said.

    Raises AlnError for a rejection without a reason: whoever opens the image next must learn why it is left out.
    """
    if status is None:
        return own_data.with_sub_key(annotation, "status", None)
    reason = reason.strip()
    if status is Status.REJECTED and not reason:
        raise AlnError("Say why the image is rejected.")
    said = {"is": status.value, "reason": reason, "reader": reader, "at": at}
    return own_data.with_sub_key(annotation, "status", said)


def note_of(annotation: Annotation) -> str:
    """The reader's note on the image; empty without one."""
    return own_data.readable(annotation, "note", _note) or ""


def with_note(annotation: Annotation, note: str) -> Annotation:
    """The annotation with this note; an empty one takes it away."""
    return own_data.with_sub_key(annotation, "note", note or None)


def complaints(annotation: Annotation) -> list[str]:
    """A sentence for a status or a note that cannot be used."""
    found = (own_data.complaint(annotation, "status", _mark), own_data.complaint(annotation, "note", _note))
    return [sentence for sentence in found if sentence]


def standing(instance: Instance, annotation: Annotation) -> Standing:
    """How far this image is."""
    mark = mark_of(annotation)
    return Standing(instance.id, instance.patient, mark.status, mark.reader)


def progress(standings: Iterable[Standing]) -> Counts:
    """All images by status."""
    return Counts(Counter(one.status for one in standings))


def by_patient(standings: Iterable[Standing]) -> dict[str, Counts]:
    """Images by status, for each patient in the order of first appearance."""
    return _grouped(standings, lambda one: one.patient)


def by_reader(standings: Iterable[Standing]) -> dict[str, Counts]:
    """Images by status, for each reader who said so; empty name: nobody did."""
    return _grouped(standings, lambda one: one.reader)


def next_image(order: Sequence[str], wanted: Set[str], here: str = "", step: int = 1) -> str | None:
    """The next image after ``here`` in ``order`` that is wanted, from the top again after the last.

    ``here`` itself comes last of all; without it (or where it is not listed) the search starts at the top. ``step`` -1
    goes backwards. None where no image of ``order`` is wanted.
    """
    turned = order if step > 0 else order[::-1]
    start = turned.index(here) + 1 if here in turned else 0
    return next((name for name in (*turned[start:], *turned[:start]) if name in wanted), None)


def _grouped(standings: Iterable[Standing], key: Callable[[Standing], str]) -> dict[str, Counts]:
    counted: dict[str, Counter[Status]] = {}
    for one in standings:
        counted.setdefault(key(one), Counter())[one.status] += 1
    return {name: Counts(count) for name, count in counted.items()}


def _mark(value: Any) -> Mark:
    kept = own_data.record(value)
    try:
        status = Status(own_data.text(kept.get("is"), "word"))
    except ValueError:
        raise ValueError(f"it is none of {', '.join(Status)}") from None
    reason, reader, at = (own_data.text(kept.get(name), name) for name in ("reason", "reader", "at"))
    return Mark(status, reason, reader, at)


def _note(value: Any) -> str:
    return own_data.text(value, "value")
