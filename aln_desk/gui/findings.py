"""Figures and sentences about one patient's reading: plain functions, no widget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import Patient, View, variable_words
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.gui.model_in_use import ModelInUse

VIEW_WORDS = {View.TUMOUR: "Tumour", View.NODE: "Node"}
OUTCOME_WORDS = {None: "unknown", 0: "− no metastasis", 1: "+ metastasis"}
"""The node status from pathology as Review says it: in other words than a verdict, which it must not be taken for."""
_COUNTS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def image_names(patient: Patient) -> dict[str, str]:
    """What each image is called on screen: "Tumour 1", "Tumour 2", "Node 1", by instance id in bag order."""
    names: dict[str, str] = {}
    counts = dict.fromkeys(View, 0)
    for instance in patient.bag:
        counts[instance.view] += 1
        names[instance.id] = f"{VIEW_WORDS[instance.view]} {counts[instance.view]}"
    return names


def caption(patient: Patient, instance: str) -> str:
    """ "P-0412 · Node 1 of 1 · 2026-03-04" ; the date only where it is known."""
    name = image_names(patient)[instance]
    view = next(one.view for one in patient.bag if one.id == instance)
    words = [patient.id, f"{name} of {patient.count(view)}", patient.admission_date]
    return " · ".join(word for word in words if word)


def verdict_sentence(patient: Patient, verdict: Verdict, model: ModelInUse | None = None) -> str:
    """What was read and which image weighs most; the second half only for a bag of several known shares.

    ``model`` made the verdict, None where nothing is known of it.
    """
    variables = listed([variable_words(name) for name in model.variables]) if model else ""
    if model is not None and not model.reads_images:
        return f"From {variables or 'no variable at all'}; this model looks at no image."
    views = [View.TUMOUR] if model is not None and model.tumours_only else list(View)
    parts = [
        f"{_counted(patient.count(view))} {VIEW_WORDS[view].lower()} view{'' if patient.count(view) == 1 else 's'}"
        for view in views
        if patient.count(view)
    ]
    was = "was" if sum(map(patient.count, views)) == 1 else "were"
    text = f"{' and '.join(parts) or 'No image'} {was} read"
    text += f", beside {variables}" if variables else ""
    if len(verdict.shares) > 1:
        heaviest = max(verdict.shares, key=lambda name: verdict.shares[name])
        name = image_names(patient).get(heaviest, heaviest)
        whole = "images' part" if variables else "verdict"
        text += f"; {name} carries {percent(verdict.shares[heaviest])} of the {whole}"
    return text[0].upper() + text[1:] + "."


def listed(words: Sequence[str]) -> str:
    """ "age, T stage and BI-RADS" """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def percent(fraction: float) -> str:
    """ "71 %" """
    return f"{100 * fraction:.0f} %"


def cam_at(prediction: InstancePrediction, x: float, y: float) -> float | None:
    """CAM in logits at an image position (pixels), None outside the image or the model's input square."""
    height, width = prediction.mask.shape
    left, top, across, down = prediction.placement.rect()
    rows, columns = prediction.cam.shape
    column, row = (x - left) / across * columns, (y - top) / down * rows
    inside = 0 <= x < width and 0 <= y < height and 0 <= column < columns and 0 <= row < rows
    return float(prediction.cam[int(row), int(column)]) if inside else None


def dice(drawn: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> float:
    """Overlap 2 |A and B| / (|A| + |B|) of two masks (H, W); nan when both are empty."""
    total = int(drawn.sum()) + int(predicted.sum())
    return 2 * int((drawn & predicted).sum()) / total if total else float("nan")


def _counted(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else str(number)
