"""Check lists of reporting: for every item what the project knows of it, and what only the authors can tell.

The items are told in our own words, to be found again by their numbers; the statements themselves have the full text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aln_desk.evaluation.document.content import Listing


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: ``places`` are sections of the document and keys of pieces that tell something of it, ``authors``
    what is left for them to tell (empty: nothing).
    """

    number: str
    about: str
    places: tuple[str, ...] = ()
    authors: str = ""


def listing(title: str, entries: Sequence[Entry], labels: Mapping[str, str]) -> Listing:
    """The check list; ``labels`` of the pieces that the document shows, by key."""
    rows = tuple((entry.number, entry.about, where(entry, labels)) for entry in entries)
    return Listing(title, ("Item", "What it asks for", "Where it is told"), rows, (0.07, 0.41, 0.52))


def where(entry: Entry, labels: Mapping[str, str]) -> str:
    """``In: Methods; Table 2.`` and ``To be filled by the authors: ...``, whichever apply.

    A piece that the document does not show is no place; with no place left all is for the authors.
    """
    found = [label for place in entry.places for label in _labels(place, labels)]
    told = [f"In: {'; '.join(found)}."] if found else []
    if entry.authors or not found:
        told.append(f"To be filled by the authors: {entry.authors or 'the project does not hold it'}.")
    return " ".join(told)


def _labels(place: str, labels: Mapping[str, str]) -> Iterator[str]:
    """The label of a piece, or of its pieces of single cohorts; a section is its own label."""
    if not place.startswith(("table_", "figure_")):
        yield f"section {place}"
        return
    for key, label in labels.items():
        if re.fullmatch(rf"{place}[a-z]*", key):
            yield label
