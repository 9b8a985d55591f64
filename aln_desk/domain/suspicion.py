"""What looks wrong about outlines by themselves: their form, their place, their size among others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from aln_desk.domain import geometry, measures
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape

Fault = Literal["points", "crossing", "tiny", "outside", "size", "twice", "type", "view", "model"]

TINY = 2e-4
"""Share of the image (and at least 16 pixels) under which an outline is more likely a slip of the hand."""

_LEAST_PIXELS = 16
_BEYOND = 1.0
_FEWEST = 20
_OUTLYING = 3.5


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that looks wrong, with its ``sentence`` for the screen.

    ``shape`` is an index into the annotation's shapes, None for the image as a whole. ``strength`` runs from 0 to 1
    (certainly wrong); it orders a list and is no probability.
    """

    shape: int | None
    what: Fault
    strength: float
    sentence: str


@dataclass(frozen=True, slots=True)
class UsualArea:
    """The areas of a project's outlines of one label, as logarithms of shares of their images.

    ``spread`` is the median distance from the median, scaled to a normal distribution's standard deviation.
    """

    middle: float
    spread: float

    def distance(self, share: float) -> float:
        """How many spreads a share of the image lies from the middle; 0 where all shares were alike."""
        return (math.log(share) - self.middle) / self.spread if self.spread > 0 else 0.0


def area_shares(annotation: Annotation, size: tuple[int, int]) -> list[tuple[str, float]]:
    """(label, share of the image) of each outline with an area; ``size`` is the image's (height, width)."""
    found = ((shape.label, geometry.area(shape) / math.prod(size)) for shape in annotation.shapes)
    return [(label, share) for label, share in found if 0 < share < math.inf]


def usual_areas(shares: Iterable[tuple[str, float]]) -> dict[str, UsualArea]:
    """What is usual for each label that has 20 outlines or more: with fewer nothing is."""
    logs: dict[str, list[float]] = {}
    for label, share in shares:
        logs.setdefault(label, []).append(math.log(share))
    return {label: _usual(values) for label, values in logs.items() if len(values) >= _FEWEST}


def faults(
    annotation: Annotation, size: tuple[int, int], usual: Mapping[str, UsualArea] | None = None
) -> list[Suspicion]:
    """What looks wrong about each shape by itself on an image of ``size`` (height, width), in the shapes' order.

    With ``usual`` also areas that lie far from those of the project: more than 3.5 spreads from the median
    (Iglewicz and Hoaglin 1993).
    """
    return [one for index, shape in enumerate(annotation.shapes) for one in _faults(index, shape, size, usual or {})]


def _faults(index: int, shape: Shape, size: tuple[int, int], usual: Mapping[str, UsualArea]) -> Iterator[Suspicion]:
    yield from _outside(index, shape, size)
    if shape.shape_type == "polygon" and len(set(shape.points)) < 3:
        yield Suspicion(
            index, "points", 1.0, "This polygon has fewer than three different points and encloses nothing."
        )
    elif geometry.outline(shape) or shape.shape_type in ("circle", "mask"):
        if shape.shape_type == "polygon" and measures.any_cross(shape.points):
            yield Suspicion(index, "crossing", 0.8, "This outline crosses itself, so its area means little.")
        yield from _unusual_area(index, shape, size, usual)


def _outside(index: int, shape: Shape, size: tuple[int, int]) -> Iterator[Suspicion]:
    left, top, right, bottom = geometry.bounding_box(measures.polygon_of(shape) or shape.points)
    height, width = size
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        yield Suspicion(index, "outside", 1.0, "This shape lies outside the image.")
    elif (beyond := max(-left, -top, right - width, bottom - height)) > _BEYOND:
        yield Suspicion(index, "outside", 0.4, f"This shape reaches {beyond:.0f} pixels beyond the image.")


def _unusual_area(
    index: int, shape: Shape, size: tuple[int, int], usual: Mapping[str, UsualArea]
) -> Iterator[Suspicion]:
    area, whole = geometry.area(shape), math.prod(size)
    if area < max(_LEAST_PIXELS, TINY * whole):
        yield Suspicion(index, "tiny", 0.7, f"This shape encloses only {area:.0f} pixels; is it a slip of the hand?")
    elif shape.label in usual and abs(distance := usual[shape.label].distance(area / whole)) > _OUTLYING:
        size_word = "large" if distance > 0 else "small"
        sentence = f'This shape is unusually {size_word} for "{shape.label}" ({100 * area / whole:.2g} % of the image).'
        yield Suspicion(index, "size", min(0.9, abs(distance) / 10), sentence)


def _usual(logs: list[float]) -> UsualArea:
    middle = median(logs)
    return UsualArea(middle, 1.4826 * median(abs(value - middle) for value in logs))
