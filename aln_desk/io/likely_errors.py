"""Which of an image's outlines are likely wrong: by themselves, against each other and against what a model found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain import geometry, measures
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.patient import View
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Shape, class_of
from aln_desk.domain.suspicion import TINY, Suspicion, UsualArea, faults
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.io.rasterize import class_mask, lesion_class, shape_mask
from aln_desk.stats.agreement import dice, iou

LEAST_DICE = 0.5
"""Overlap with the model under which an outline is listed, unless the caller states another."""

SURE = 0.7
"""Probability of the other lesion type from which a model contradicts a label."""

_SAME = 0.9
_NEAR = 0.6
_SEEN = 0.1
_FARTHEST = 1e9
_CLASS_OF_VIEW = {View.TUMOUR: class_of(TUMOUR_LABEL), View.NODE: class_of(NODE_LABEL)}
_WORDS = {class_of(TUMOUR_LABEL): "a tumour", class_of(NODE_LABEL): "a lymph node"}


def likely_errors(
    annotation: Annotation,
    prediction: InstancePrediction | None,
    size: tuple[int, int],
    *,
    view: View | None = None,
    usual: Mapping[str, UsualArea] | None = None,
    least_dice: float = LEAST_DICE,
) -> list[Suspicion]:
    """Everything that looks wrong about an image's outlines, the strongest suspicion first.

    ``size`` is the image's (height, width), ``view`` what it is kept as, ``usual`` the areas of the project's outlines
    (see `usual_areas`). What cannot be asked is left out: without a prediction, or with one of another size, nothing is
    said about the model. Takes some milliseconds an outline: for a worker.
    """
    found = faults(annotation, size, usual)
    found += _twice(annotation, size)
    if view is not None:
        found += _against_view(annotation, view)
    if prediction is not None and prediction.mask.shape == size:
        found += _against_type(annotation, prediction)
        found += _against_mask(annotation, prediction.mask, least_dice)
    return sorted(found, key=lambda one: -one.strength)


def _twice(annotation: Annotation, size: tuple[int, int]) -> Iterator[Suspicion]:
    """The later of two shapes that enclose nearly the same pixels."""
    boxes = [(index, _box(shape)) for index, shape in enumerate(annotation.shapes) if _encloses(shape)]
    for (first, one), (second, other) in combinations(boxes, 2):
        if _overlap_of_boxes(one, other) < _NEAR:  # looking at the pixels of every pair would take too long
            continue
        overlap = _overlap(annotation.shapes[first], annotation.shapes[second], size)
        if overlap > _SAME:
            sentence = f"This shape covers the same pixels as shape {first + 1} ({100 * overlap:.0f} % in common)."
            yield Suspicion(second, "twice", overlap, sentence)


def _against_view(annotation: Annotation, view: View) -> Iterator[Suspicion]:
    expected = _CLASS_OF_VIEW[view]
    lesions = _lesions(annotation)
    agreed = any(found == expected for _index, found in lesions)
    for index, found in lesions:
        if found != expected:
            sentence = f"The image is kept as one of {_WORDS[expected]}, but this is labelled {_WORDS[found]}."
            yield Suspicion(index, "view", 0.4 if agreed else 0.9, sentence)


def _against_type(annotation: Annotation, prediction: InstancePrediction) -> Iterator[Suspicion]:
    """Only shapes of the label with the larger area: a model names one lesion type an image."""
    drawn = lesion_class(annotation)
    node = 1 / (1 + math.exp(-min(max(prediction.lesion_logit, -60), 60)))
    other = node if drawn == class_of(TUMOUR_LABEL) else 1 - node
    for index, found in _lesions(annotation):
        if found == drawn and other > SURE:
            sentence = f"Labelled {_WORDS[drawn]}, but the model sees {_WORDS[3 - drawn]} ({100 * other:.0f} %)."
            yield Suspicion(index, "type", other, sentence)


def _against_mask(annotation: Annotation, seen: NDArray[np.bool_], least_dice: float) -> Iterator[Suspicion]:
    lesions = _lesions(annotation)
    if not lesions:
        if annotation.flags.get(NO_LESION) and np.count_nonzero(seen) >= TINY * seen.size:
            yield Suspicion(None, "model", 0.6, "Flagged as without a lesion, but the model outlines one.")
        return
    overlap = dice(class_mask(annotation, *seen.shape) > 0, seen)
    if overlap < least_dice:
        only = lesions[0][0] if len(lesions) == 1 else None
        sentence = f"What is drawn and what the model outlines overlap by a Dice of only {overlap:.2f}."
        yield Suspicion(only, "model", 1 - overlap, sentence)
    for index, _found in lesions if len(lesions) > 1 and seen.any() else []:
        mask = shape_mask(annotation.shapes[index], *seen.shape)
        if mask.any() and (share := float(seen[mask].mean())) < _SEEN:
            yield Suspicion(index, "model", 0.8 - share, "The model sees no lesion inside this outline.")


def _lesions(annotation: Annotation) -> list[tuple[int, int]]:
    """(index, class) of the shapes that outline a lesion."""
    return [
        (index, class_of(shape.label))
        for index, shape in enumerate(annotation.shapes)
        if class_of(shape.label) and _encloses(shape)
    ]


def _encloses(shape: Shape) -> bool:
    return geometry.area(shape) > 0


def _box(shape: Shape) -> tuple[float, float, float, float]:
    """In the range that no image reaches, so that rounding to pixels cannot fail."""
    left, top, right, bottom = geometry.bounding_box(measures.polygon_of(shape) or shape.points)
    return _clipped(left), _clipped(top), _clipped(right), _clipped(bottom)


def _clipped(value: float) -> float:
    return min(max(value, -_FARTHEST), _FARTHEST)


def _overlap_of_boxes(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (one, other)]
    return common / (sum(areas) - common) if common else 0.0


def _overlap(one: Shape, other: Shape, size: tuple[int, int]) -> float:
    """IoU of two shapes inside the image, looked at where they are only."""
    left, top = (max(0, math.floor(min(a, b))) for a, b in zip(_box(one)[:2], _box(other)[:2], strict=True))
    right, bottom = (math.ceil(max(a, b)) for a, b in zip(_box(one)[2:], _box(other)[2:], strict=True))
    height, width = min(bottom, size[0]) - top, min(right, size[1]) - left
    if height <= 0 or width <= 0:
        return 0.0
    moved = (replace(shape, points=tuple((x - left, y - top) for x, y in shape.points)) for shape in (one, other))
    first, second = (shape_mask(shape, height, width) for shape in moved)
    return iou(first, second) if first.any() or second.any() else 0.0
