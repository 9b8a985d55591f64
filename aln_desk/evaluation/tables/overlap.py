"""How one predicted mask agrees with the drawn one: a small record, so that masks are looked at once and let go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.domain.patient import View
from aln_desk.stats import agreement, segmentation
from aln_desk.stats.segmentation import CLASSES

TOLERANCE = 2.0
"""Pixels that an outline may be away and still be found, in boundary F1."""

_PLACES = {View.TUMOUR: 1, View.NODE: 2}


@dataclass(frozen=True, slots=True)
class Overlap:
    """One image: its ``view`` is the class drawn.

    ``common`` and ``union`` are pixels of each of `segmentation.CLASSES`, where the predicted lesion counts as the
    predicted class. ``dice``, ``hd95`` (pixels) and ``boundary_f1`` are of the two masks whatever their classes; nan
    where not defined. All are numbers and texts that JSON can hold.
    """

    model: str
    cohort: str
    patient: str
    view: View
    common: tuple[int, ...]
    union: tuple[int, ...]
    dice: float
    hd95: float
    boundary_f1: float


def measure(
    model: str, cohort: str, patient: str, view: View, predicted_view: View, drawn: ArrayLike, predicted: ArrayLike
) -> Overlap:
    """The record of an image with masks (H, W), any value but 0 being inside.

    ``view`` is the class drawn, ``predicted_view`` the predicted lesion type. ValueError where the shapes differ.
    """
    truth, found = np.asarray(drawn, dtype=bool), np.asarray(predicted, dtype=bool)
    dice = agreement.dice(found, truth)  # refuses masks of different shapes
    classes = [
        (truth if place == _PLACES[view] else None, found if place == _PLACES[predicted_view] else None)
        for place in range(1, len(CLASSES))
    ]
    common = [int(np.count_nonzero(a & b)) if a is not None and b is not None else 0 for a, b in classes]
    areas = [sum(int(np.count_nonzero(mask)) for mask in pair if mask is not None) for pair in classes]
    outside, lesion = int(np.count_nonzero(~truth & ~found)), int(np.count_nonzero(truth & found))
    return Overlap(
        model,
        cohort,
        patient,
        view,
        (outside, *common),
        (truth.size - lesion, *(area - shared for area, shared in zip(areas, common, strict=True))),
        dice,
        segmentation.hd95(found, truth),
        segmentation.boundary_f1(found, truth, TOLERANCE),
    )
