"""A logistic model of clinical variables, with or without the logit of the bag: plain data; `regression` fits it.

What stands in for a value that is missing: the training median for a number; for a category its own level
``unknown``, where training had one, else the reference level. A level that training never saw counts as unknown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

UNKNOWN = "unknown"
"""The level of those whose value is not known."""

_WORDS_FOR_UNKNOWN = frozenset({"", UNKNOWN, "nan", "na", "n/a", "?"})  # not "-" and "none": they say negative
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)


def number_of(value: str) -> float | None:
    """The finite number that a cell says, with a decimal point; None where it says none."""
    found = _NUMBER.fullmatch(value.strip())
    number = float(found[0]) if found else math.nan
    return number if math.isfinite(number) else None


def level_key(value: str) -> str:
    """What makes two cells the same level: case, spaces and the decimals of a whole number do not (``2.0`` is ``2``).

    `UNKNOWN` for an empty cell and the usual words for a value that is missing.
    """
    key = " ".join(value.split()).casefold()
    number = number_of(key)
    if number is not None and number.is_integer():
        return str(int(number))
    return UNKNOWN if key in _WORDS_FOR_UNKNOWN else key


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """A variable measured in numbers: ``coefficient`` (log odds ratio a unit) times the distance to ``median``."""

    name: str
    median: float
    coefficient: float

    def knows(self, value: str) -> bool:
        """Whether the cell says a number."""
        return number_of(value) is not None

    def effect(self, value: str) -> float:
        """What the value adds to the logit; 0 where it is missing."""
        number = number_of(value)
        return 0.0 if number is None else self.coefficient * (number - self.median)


@dataclass(frozen=True, slots=True)
class CategoryTerm:
    """A variable of levels: the log odds ratio of each against the reference level, whose own is 0."""

    name: str
    coefficients: Mapping[str, float]

    def knows(self, value: str) -> bool:
        """Whether the cell says a level, be it one that training never saw."""
        return level_key(value) != UNKNOWN

    def effect(self, value: str) -> float:
        """What the value adds to the logit."""
        by_key = {level_key(level): coefficient for level, coefficient in self.coefficients.items()}
        return by_key.get(level_key(value), by_key.get(UNKNOWN, 0.0))


Term = NumberTerm | CategoryTerm


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """logit = ``intercept`` + the effect of every term + ``image`` * the bag's logit (None: no image is looked at).

    ValueError for coefficients that are no finite numbers and for two terms, or two levels, of one name.
    """

    intercept: float
    terms: tuple[Term, ...] = ()
    image: float | None = None

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in _numbers(self)):
            raise ValueError("a coefficient is not a finite number")
        _refuse_twins([term.name for term in self.terms])
        for term in self.terms:
            if isinstance(term, CategoryTerm):
                _refuse_twins([level_key(level) for level in term.coefficients])

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the clinical variables, in the order of the terms."""
        return tuple(term.name for term in self.terms)

    def knows(self, clinical: Mapping[str, str]) -> bool:
        """Whether the patient has a value for at least one of the variables."""
        return any(term.knows(clinical.get(term.name, "")) for term in self.terms)

    def logit(self, clinical: Mapping[str, str], image_logit: float | None = None) -> float:
        """The logit of a positive outcome for a patient with these variables (name -> text, others are ignored).

        ValueError where the model weighs the bag's logit and there is none; without ``image`` it is ignored.
        """
        total = self.intercept + sum(term.effect(clinical.get(term.name, "")) for term in self.terms)
        if self.image is None:
            return total
        if image_logit is None:
            raise ValueError("this model weighs the logit of the images, which is missing")
        return total + self.image * image_logit

    def to_dict(self) -> dict[str, Any]:
        """A record that JSON can hold."""
        return {"intercept": self.intercept, "image": self.image, "terms": [asdict(term) for term in self.terms]}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> LogisticModel:
        """The inverse of `to_dict`. KeyError, TypeError or ValueError for a record that is none."""
        image = record["image"]
        return cls(
            _number(record["intercept"]),
            tuple(_term(entry) for entry in record["terms"]),
            None if image is None else _number(image),
        )


def _term(record: Mapping[str, Any]) -> Term:
    if not isinstance(record["name"], str):
        raise TypeError("a variable's name is no text")
    if "coefficients" in record:
        levels = dict(record["coefficients"])
        return CategoryTerm(record["name"], {str(level): _number(value) for level, value in levels.items()})
    return NumberTerm(record["name"], _number(record["median"]), _number(record["coefficient"]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise TypeError(f"{value!r} is no number")
    try:
        return float(value)
    except OverflowError as error:  # JSON knows whole numbers of any size
        raise ValueError("a number is too large") from error


def _numbers(model: LogisticModel) -> list[float]:
    found = [model.intercept] if model.image is None else [model.intercept, model.image]
    for term in model.terms:
        found += [term.median, term.coefficient] if isinstance(term, NumberTerm) else term.coefficients.values()
    return found


def _refuse_twins(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice")
