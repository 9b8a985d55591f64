"""A logistic model as a nomogram (the paper's Fig S3): a scale of points for each variable, one of their total.

As ``nomogram`` of R's rms draws it (Harrell, Regression Modeling Strategies): the variable whose axis moves the logit
most is 100 points long, every other in proportion, and the lowest end of each is 0 points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.calibration import sigmoid
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, Term, number_of

Clinical = Sequence[Mapping[str, str]]

LONGEST = 100.0
"""Points of the longest axis."""
PROBABILITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
IMAGE = "image"
"""Name of the axis of the bag's logit, in a model that weighs it."""

_INTERVALS = 10
_ROUNDING = 1e-10
"""By how much of a step a range may end beyond a mark and still be covered by it, as in R."""
_SMALLEST, _SAME = 1e-300, 1e-14
"""Steps, and steps relative to the numbers, too small to count in."""
_UNMOVED = 1e-9
"""A model whose logit moves less than this says the same of everyone; roundings would be its nomogram."""


class Tick(NamedTuple):
    """A mark on an axis: what is written there, and at how many points (of the total, on a total's axis)."""

    label: str
    points: float


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale of one variable: its levels in the model's order, or round numbers from lowest to highest."""

    variable: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Nomogram:
    """The axes of the variables, of the total points and of the probability that belongs to them.

    Total points = ``scale`` * (logit - ``base``). No axes, and ``reason`` says why, where none can be drawn.
    """

    axes: tuple[Axis, ...]
    total: tuple[Tick, ...]
    probability: tuple[Tick, ...]
    scale: float
    base: float
    reason: str = ""

    def points_at(self, logit: float) -> float:
        """Total points of a patient whose model logit this is."""
        return self.scale * (logit - self.base)

    def probability_at(self, points: float) -> float:
        """The probability that stands below these total points."""
        return float(sigmoid(self.base + points / self.scale))


def nomogram(
    model: LogisticModel,
    clinical: Clinical,
    image: ArrayLike | None = None,
    probabilities: Sequence[float] = PROBABILITIES,
) -> Nomogram:
    """The nomogram of a model for the patients (P) it is fitted to or shown for.

    They give the range of each number and of the total: as in rms, round numbers that cover what occurs (R's
    ``pretty`` with ten intervals), also where fewer than eleven numbers differ. ``image`` (P,) are the logits of their
    bags, wanted only by a model that weighs them. ``probabilities`` beyond the total's range get no tick; those within
    stand exactly, where rms interpolates.

    No axes, with a reason, for a model without variables or whose variables do not move the logit, and where no patient
    has a value of a number. ValueError where bags' logits are wanted and missing, or are not one a patient.
    """
    logits = _image(model, image, len(clinical))
    try:
        lines = [_line(term, clinical) for term in model.terms]
        if model.image is not None:
            lines.append(_number_line(IMAGE, logits, lambda logit: logit * (model.image or 0.0)))
    except _NoRange as error:
        return _none(str(error))
    longest = max((line.highest - line.lowest for line in lines), default=0.0)
    if longest < _UNMOVED:
        return _none("no variable moves the logit")
    scale, base = LONGEST / longest, model.intercept + sum(line.lowest for line in lines)
    marks = pretty(*_range(model, clinical, logits) or (base, base + longest))
    reach = LONGEST if len(lines) == 1 else max(LONGEST, scale * (marks[-1] - base))
    return Nomogram(
        axes=tuple(line.axis(scale) for line in lines),
        total=tuple(Tick(f"{mark:.10g}", mark) for mark in pretty(0.0, reach)),
        probability=tuple(
            Tick(f"{p:.10g}", scale * (_logit(p) - base)) for p in probabilities if marks[0] <= _logit(p) <= marks[-1]
        ),
        scale=scale,
        base=base,
    )


class _NoRange(ValueError):
    """A number that no patient has."""


class _Line(NamedTuple):
    """What is written along the axis of a variable, and what each mark adds to the logit."""

    variable: str
    marks: list[tuple[str, float]]

    @property
    def lowest(self) -> float:
        return min(effect for _, effect in self.marks)

    @property
    def highest(self) -> float:
        return max(effect for _, effect in self.marks)

    def axis(self, scale: float) -> Axis:
        return Axis(self.variable, tuple(Tick(label, scale * (effect - self.lowest)) for label, effect in self.marks))


def _line(term: Term, clinical: Clinical) -> _Line:
    if isinstance(term, CategoryTerm):
        return _Line(term.name, list(term.coefficients.items()))
    known = [n for patient in clinical if (n := number_of(patient.get(term.name, ""))) is not None]
    return _number_line(term.name, known, lambda number: term.coefficient * (number - term.median))


def _number_line(variable: str, known: Sequence[float], effect: Callable[[float], float]) -> _Line:
    if not known:
        raise _NoRange(f"no patient has a value of {variable}")
    return _Line(variable, [(f"{mark:.10g}", effect(mark)) for mark in pretty(min(known), max(known))])


def _image(model: LogisticModel, image: ArrayLike | None, patients: int) -> list[float]:
    """The bags' logits (P,), zeros for a model that does not weigh them."""
    if model.image is None:
        return [0.0] * patients
    logits = np.asarray([] if image is None else image, np.float64)
    if logits.shape != (patients,) or not np.isfinite(logits).all():
        raise ValueError(f"this model weighs the logits of the images, and {patients} finite numbers are wanted")
    return list(logits.tolist())


def _range(model: LogisticModel, clinical: Clinical, logits: Sequence[float]) -> tuple[float, float] | None:
    """Lowest and highest logit of the patients; None without any."""
    reached = [model.logit(patient, logit) for patient, logit in zip(clinical, logits, strict=True)]
    return (min(reached), max(reached)) if reached else None


def _none(reason: str) -> Nomogram:
    return Nomogram((), (), (), math.nan, math.nan, reason)


def _logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def pretty(low: float, high: float) -> list[float]:
    """About eleven round numbers, equally far apart, that cover [low, high]: R's ``pretty(c(low, high), 10)``.

    Their distance is 1, 2, 5 or 10 times a power of ten, with R's bias towards the larger (Becker, Chambers and Wilks,
    The New S Language, 1988). Only ``low`` where both are equal but for a rounding.

    ValueError where they are not finite or not in order.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"{low} to {high} is no range")
    wanted = high / _INTERVALS - low / _INTERVALS
    if wanted <= max(_SMALLEST, _SAME * max(abs(low), abs(high))):
        return [low]
    unit = 10.0 ** math.floor(math.log10(wanted))
    # A larger step is taken as soon as it is nearer to the wanted one, distances above it counting 1.5 (5: 2.75) times.
    for step, previous, bias in ((2, 1, 1.5), (5, 2, 2.75), (10, 5, 1.5)):
        if step * unit - wanted >= bias * (wanted - previous * unit):
            unit *= previous
            break
    else:
        unit *= 10
    first, last = math.floor(low / unit + _ROUNDING), math.ceil(high / unit - _ROUNDING)
    return [k * unit for k in range(first, last + 1)]
