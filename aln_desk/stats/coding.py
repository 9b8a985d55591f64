"""How a clinical variable becomes columns of a regression; whether it is a number or a category is seen in its values.

A variable is a number when every known value is one and at least `FEWEST_NUMBERS` differ (age, size, Ki-67 in per
cent); otherwise it is a category (T stage, BI-RADS, receptors, grouped Ki-67), also where its levels have an order:
no straight line is assumed through them. Categories get a column for each level but the reference: the lowest in
natural order that occurs with both outcomes. Unknown values are a level of their own from `FEWEST_UNKNOWN` patients
on; fewer count as the reference level, and unknown numbers as the median.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.order import natural_key
from aln_desk.stats.logistic import UNKNOWN, CategoryTerm, NumberTerm, level_key, number_of
from aln_desk.stats.ranks import Floats, Outcomes

FEWEST_NUMBERS = 8
MOST_LEVELS = 12
FEWEST_UNKNOWN = 5


@dataclass(frozen=True, slots=True)
class NumberCoding:
    """One column, (value - median) / scale: a prior on its coefficient then means the same for every variable."""

    name: str
    median: float
    scale: float

    @property
    def units(self) -> Floats:
        """What a fitted coefficient (1,) is divided by to hold for one unit of the variable."""
        return np.array([self.scale])

    def columns(self, values: Sequence[str]) -> Floats:
        """(P, 1); 0 where the value is unknown."""
        numbers = [number_of(value) for value in values]
        return np.array([[0.0 if n is None else (n - self.median) / self.scale] for n in numbers])

    def members(self, values: Sequence[str]) -> dict[str, Outcomes]:
        """The patients (P,) whose value is known, under the empty level."""
        return {"": np.array([number_of(value) is not None for value in values])}

    def term(self, coefficients: Floats) -> NumberTerm:
        """The model's term from coefficients (1,) a unit."""
        return NumberTerm(self.name, self.median, float(coefficients[0]))


@dataclass(frozen=True, slots=True)
class CategoryCoding:
    """A column of 0 and 1 for each of ``levels`` but the first, the reference. Levels are spelled as first seen."""

    name: str
    levels: tuple[str, ...]

    @property
    def units(self) -> Floats:
        """Ones: a column is a level."""
        return np.ones(len(self.levels) - 1)

    def columns(self, values: Sequence[str]) -> Floats:
        """(P, levels - 1)."""
        members = self.members(values)
        return np.column_stack([members[level] for level in self.levels[1:]]).astype(np.float64)

    def members(self, values: Sequence[str]) -> dict[str, Outcomes]:
        """The patients (P,) of each level."""
        keys = np.array([level_key(value) for value in values])
        return {level: keys == level_key(level) for level in self.levels}

    def term(self, coefficients: Floats) -> CategoryTerm:
        """The model's term from coefficients (levels - 1,)."""
        return CategoryTerm(self.name, dict(zip(self.levels, [0.0, *map(float, coefficients)], strict=True)))


Coding = NumberCoding | CategoryCoding


def coding(name: str, values: Sequence[str], outcome: NDArray[np.bool_]) -> Coding:
    """How the variable with these values (P,) is coded. ValueError, with the reason, where it cannot be used."""
    known = [value for value in values if level_key(value) != UNKNOWN]
    if not known:
        raise ValueError("no patient has a value")
    if len({level_key(value) for value in known}) == 1:
        raise ValueError("all known values are the same")
    numbers = [number_of(value) for value in known]
    whole = [number for number in numbers if number is not None]
    if len(whole) == len(known) and len(set(whole)) >= FEWEST_NUMBERS:
        return NumberCoding(name, float(np.median(whole)), float(np.std(whole)))
    return CategoryCoding(name, _levels(values, outcome))


def _levels(values: Sequence[str], outcome: NDArray[np.bool_]) -> tuple[str, ...]:
    """Reference first, the others in natural order, unknown last."""
    keys = [level_key(value) for value in values]
    spelled = {key: " ".join(value.split()) for key, value in reversed(list(zip(keys, values, strict=True)))}
    ordered = sorted(set(keys) - {UNKNOWN}, key=natural_key)
    if len(ordered) > MOST_LEVELS:
        raise ValueError(f"{len(ordered)} different values, such as '{spelled[ordered[-1]]}', are too many categories")
    seen = set(zip(keys, outcome.tolist(), strict=True))
    reference = next((key for key in ordered if {(key, True), (key, False)} <= seen), ordered[0])
    others = [key for key in ordered if key != reference]
    unknown = [UNKNOWN] if Counter(keys)[UNKNOWN] >= FEWEST_UNKNOWN else []
    return (spelled[reference], *(spelled[key] for key in others), *unknown)
