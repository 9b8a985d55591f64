"""What a model's manifest says of the patients and images that taught it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadModel
from aln_desk.domain.patient import Patient, View
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import checkpoint, images, trained_on
from aln_desk.io.project import TRUTH_FILE, Project
from training.data import ImageSet, Split

SOURCE = "source"
"""The clinical variable that names where a patient's images come from."""
SIMULATED_SOURCE = "simulated patients"
OWN_SOURCE = "patients of the project"
"""What sources are called where no variable names them."""

NOTHING = TrainedOn(frozenset(), frozenset())
"""What published parameters and random ones have seen of anybody's images."""

_THREADS = 8


def of_images(fit: ImageSet, tune: ImageSet) -> TrainedOn:
    """The images of a stage 1: those that taught it, and those that it was measured with."""
    fitted = frozenset(fit.contents)
    return TrainedOn(fitted, frozenset(tune.contents) - fitted)


def of_model(folder: Path) -> TrainedOn | None:
    """The images that the model in ``folder`` learned from; None where that is not known."""
    try:
        return trained_on.read(folder, checkpoint.read_manifest(folder))
    except BadModel:
        return None


def with_bags(base: TrainedOn | None, split: Split, views: frozenset[View]) -> TrainedOn | None:
    """``base`` and the images of these views of all patients with outcomes, who teach a stage 2 on top of it.

    None where it is not known what the base learned from: then nothing can be called new to the whole.
    """
    if base is None:
        return None
    fitted = _contents(split.fit, views)
    return base.joined(TrainedOn(fitted, _contents(split.tune, views) - fitted))


def views_of(words: str) -> frozenset[View]:
    """The images that a recipe's ``views`` means: ``all`` or ``tumour``."""
    return frozenset({View.TUMOUR}) if words == "tumour" else frozenset(View)


def sources(project: Project, patients: Iterable[Patient]) -> list[dict[str, Any]]:
    """Where these patients come from, the largest source first: name, patients, images, outcomes that are known, and
    whether the patients were simulated, as the project's table of truth tells.

    A source is named by the clinical variable `SOURCE`.
    """
    drawn = _simulated(project)
    found: dict[tuple[str, bool], list[Patient]] = {}
    for patient in patients:
        simulated = patient.id in drawn
        name = patient.clinical.get(SOURCE, "").strip() or (SIMULATED_SOURCE if simulated else OWN_SOURCE)
        found.setdefault((name, simulated), []).append(patient)
    listed = [_source(*key, group) for key, group in found.items()]
    return sorted(listed, key=lambda one: (-one["patients"], one["name"]))


def _source(name: str, simulated: bool, patients: Sequence[Patient]) -> dict[str, Any]:
    return {
        "name": name,
        "patients": len(patients),
        "images": sum(len(patient.bag) for patient in patients),
        "outcomes": sum(patient.outcome is not None for patient in patients),
        "simulated": simulated,
    }


def _simulated(project: Project) -> frozenset[str]:
    """Ids of the simulated patients."""
    if not project.simulated:
        return frozenset()
    with (project.folder / TRUTH_FILE).open(encoding="utf-8", errors="replace", newline="") as file:
        return frozenset(row["patient"] for row in csv.DictReader(file) if row.get("patient"))


def _contents(patients: Sequence[Patient], views: frozenset[View]) -> frozenset[str]:
    paths = [Path(i.image) for p in patients if p.outcome is not None for i in p.bag if i.view in views]
    with ThreadPoolExecutor(_THREADS) as pool:
        return frozenset(pool.map(images.digest, paths))
