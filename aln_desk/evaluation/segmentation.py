"""How well models' masks agree with drawn outlines, image by image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.io.annotations import current_annotation, is_annotated
from aln_desk.io.predictions import read_instance
from aln_desk.io.rasterize import class_mask
from aln_desk.stats.agreement import dice


@dataclass(frozen=True, slots=True)
class SegmentationRow:
    """Mean Dice of predicted masks against drawn outlines, over the ``n`` images that have both."""

    model: str
    cohort: str
    view: View
    n: int
    dice: float


def segmentation(
    files: Mapping[str, Path], patients: Iterable[Patient], cohorts: Sequence[str]
) -> list[SegmentationRow]:
    """A row for each model, cohort and view with at least one image to compare.

    ``files`` are the models' files of findings by digest (see `predictions.instances_file`).
    """
    figures: dict[tuple[str, str, View], list[float]] = {}
    for patient in (patient for patient in patients if patient.cohort in cohorts):
        for instance in patient.bag:
            for model, figure in _dice_of(instance, files).items():
                figures.setdefault((model, patient.cohort, instance.view), []).append(figure)
    return [
        SegmentationRow(*group, len(figures[group]), fmean(figures[group]))
        for group in product(files, cohorts, View)
        if group in figures
    ]


def _dice_of(instance: Instance, files: Mapping[str, Path]) -> dict[str, float]:
    """By model, the Dice of its mask against all that is drawn; nothing where either is missing or damaged."""
    found: dict[str, float] = {}
    if not is_annotated(instance):
        return found
    for model, file in files.items():
        prediction = read_instance(file, instance.id, model)
        figure = math.nan if prediction is None else _against_drawn(instance, prediction.mask)
        if not math.isnan(figure):
            found[model] = figure
    return found


def _against_drawn(instance: Instance, mask: NDArray[np.bool_]) -> float:
    try:
        drawn = class_mask(current_annotation(instance), *mask.shape) > 0
    except BadFile:
        return math.nan
    return dice(mask, drawn) if drawn.any() else math.nan
