"""Several readers, one image: the outlines that hold in the end, and who may see whose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aln_desk.domain import own_data
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.progress import Status, with_status

FINAL = ""
"""In the place of a reader's name: the main annotation, which holds for everybody."""

_KEY = "adjudicated"


@dataclass(frozen=True, slots=True)
class Adjudication:
    """``by`` whom and ``at`` what ISO time the final outlines were decided on, out of which readers' (``sources``)."""

    by: str
    at: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who outlines; one in training is kept blind, see `visible`."""

    name: str
    in_training: bool = False


def visible(viewer: Reader, readers: Iterable[str]) -> list[str]:
    """Those of ``readers`` (names, `FINAL` for the main annotation) whose outlines the viewer may see.

    A reader in training sees only own outlines, not the final ones either: who has seen the answer learns to copy it.
    The same holds for a model's proposals.
    """
    return [name for name in readers if not viewer.in_training or name == viewer.name]


def adjudication_of(annotation: Annotation) -> Adjudication | None:
    """Who made this main annotation the final one; None while nobody has."""
    return own_data.readable(annotation, _KEY, _adjudication)


def adopted(main: Annotation, chosen: Annotation, by: str, at: str, sources: Sequence[str]) -> Annotation:
    """The main annotation with the chosen one's shapes and flags as the final ones, done by ``by``.

    ``chosen`` is a reader's annotation or one put together from several; image, calibration, measures, note and foreign
    keys stay the main one's.
    """
    final = replace(main, shapes=chosen.shapes, flags=chosen.flags)
    marked = own_data.with_sub_key(final, _KEY, {"by": by, "at": at, "from": list(sources)})
    return with_status(marked, Status.DONE, reader=by, at=at)


def complaints(annotation: Annotation) -> list[str]:
    """A sentence where the mark of a final annotation cannot be used."""
    sentence = own_data.complaint(annotation, _KEY, _adjudication)
    return [sentence] if sentence else []


def _adjudication(value: Any) -> Adjudication:
    kept = own_data.record(value)
    sources = kept.get("from", [])
    if not isinstance(sources, list | tuple) or not all(isinstance(name, str) for name in sources):
        raise ValueError("it does not name the readers")
    return Adjudication(own_data.text(kept.get("by"), "reader"), own_data.text(kept.get("at"), "time"), tuple(sources))
