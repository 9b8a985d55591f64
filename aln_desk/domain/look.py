"""A look at test data: whoever looks often enough finds a model that fits the tests by chance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation of one test cohort.

    ``scorers`` are keys of `Scorer`s, ``rule`` and ``filters`` the texts of a selection's, ``patients`` how many
    patients of known outcome were looked at, ``origin`` says where (``command``, ``window``, or ``export`` of what no
    window had shown). ``looked_at`` is ISO time in UTC, empty until it is stored.
    """

    cohort: str
    scorers: tuple[str, ...]
    rule: str
    filters: tuple[str, ...]
    patients: int
    origin: str
    looked_at: str = ""
