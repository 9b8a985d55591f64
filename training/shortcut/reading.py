"""What one model makes of the test cohorts of one study: scores, and where its evidence lies on external images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import Patient
from aln_desk.io.annotations import current_annotation
from aln_desk.io.project import Project
from aln_desk.io.verdicts import read_model
from aln_desk.models.build import LoadedModel, choose_device, load_model
from aln_desk.stats.bootstrap import Estimate
from aln_desk.stats.calibration import sigmoid
from training import data, tables
from training.data import ImageSet
from training.explanation import maps
from training.explanation.curves import content_box
from training.explanation.images import point
from training.explanation.summary import mean
from training.phantom.study import FURNITURE_FILE
from training.provenance import views_of
from training.simulated import EXTERNAL

_MARK = "mark"
"""What `phantom.furniture` calls the shortcut's own boxes."""

Box = tuple[float, float, float, float]
Boxes = frozenset[Box]
"""Left, top, right, bottom in pixels of the image."""
Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Share:
    """The mean share of an image's positive evidence that lies in a place, and the place's share of the ``area``."""

    energy: Estimate
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class StudyReading:
    """Scores by patient: the model's ``verdict``, and ``stage_one``, the mean score of the patient's images.

    ``held_out`` is the AUC on the model's held-out training patients. ``on_mark`` is over the external images that bear
    a mark (nan where none does), ``in_lesion`` over all of them.
    """

    patients: tuple[Patient, ...]
    verdict: Scores
    stage_one: Scores
    held_out: float
    on_mark: Share
    in_lesion: Share

    def outcomes(self, cohort: str) -> dict[str, int]:
        """By patient of the cohort, where it is known and the model gave a verdict."""
        return {
            p.id: p.outcome
            for p in self.patients
            if p.cohort == cohort and p.outcome is not None and p.id in self.verdict
        }


def read_tests(tests: Path, folder: Path, marks: Mapping[str, Boxes], held_out: float, device: str) -> StudyReading:
    """What the model in ``folder`` makes of the project ``tests``, which it has read; ``marks`` by image path."""
    model = load_model(folder, choose_device(device))
    views = views_of(str(model.manifest["mil"]["views"]))
    with Project.open(tests) as project:
        patients = tuple(project.patients())
        verdict = {row.patient: row.score for row in read_model(project.predictions, model.digest)}
        found = data.load(patients, model.preprocess, project.cache, views)
    read = maps.read(model.mtl, model.preprocess, found.image)
    external = {p.id for p in patients if p.cohort == EXTERNAL}
    rows = [row for row, one in enumerate(found.taught) if one.instance.patient in external]
    marked = {
        row: _on_square(model, found, row, marks.get(found.taught[row].instance.image, frozenset())) for row in rows
    }
    lesions = {row: np.array(found.mask[row]) > 0 for row in rows}
    return StudyReading(
        patients,
        verdict,
        _mean_scores(found, sigmoid(read.logit)),
        held_out,
        _share(found, read.evidence, marked),
        _share(found, read.evidence, lesions),
    )


def marks_of(study: Path) -> dict[str, Boxes]:
    """The boxes of the study's shortcut, by path of the images that bear it."""
    found: dict[str, Boxes] = {}
    for row in tables.read(study / FURNITURE_FILE):
        if row["kind"] == _MARK:
            path = str((study / row["file"]).resolve())
            box = (float(row["x0"]), float(row["y0"]), float(row["x1"]), float(row["y1"]))
            found[path] = found.get(path, frozenset()) | {box}
    return found


def _on_square(model: LoadedModel, found: ImageSet, row: int, boxes: Boxes) -> NDArray[np.bool_]:
    """(S, S) bool: the boxes, in pixels of the image, on the network's square."""
    annotation = current_annotation(found.taught[row].instance)
    drawn = np.zeros((annotation.image_height or 1, annotation.image_width or 1), np.uint8)
    for left, top, right, bottom in boxes:
        drawn[math.floor(top) : math.ceil(bottom), math.floor(left) : math.ceil(right)] = 1
    return model.preprocess.apply_mask(drawn) > 0


def _share(found: ImageSet, evidence: maps.Map, places: Mapping[int, NDArray[np.bool_]]) -> Share:
    """Over the rows of ``found`` that have such a place."""
    rows = [row for row, place in places.items() if place.any()]
    if not rows:
        return Share(Estimate(math.nan, math.nan, math.nan), math.nan)
    boxes = {row: content_box(places[row].shape[0], found.content[row]) for row in rows}
    energy = np.array([point(evidence[row], places[row], boxes[row]).energy for row in rows])
    area = float(np.mean([places[row][boxes[row]].mean() for row in rows]))
    return Share(mean(energy, [found.taught[row].instance.patient for row in rows]), area)


def _mean_scores(found: ImageSet, score: NDArray[np.float64]) -> dict[str, float]:
    own: dict[str, list[float]] = {}
    for one, value in zip(found.taught, score.tolist(), strict=True):
        own.setdefault(one.instance.patient, []).append(value)
    return {patient: float(np.mean(values)) for patient, values in own.items()}


def common(outcome: Mapping[str, int], *scores: Scores) -> tuple[list[int], list[Sequence[float]]]:
    """Outcomes, and each of the scores, of the patients who have them all, in one order."""
    names = [name for name in outcome if all(name in score for score in scores)]
    return [outcome[name] for name in names], [[score[name] for name in names] for score in scores]
