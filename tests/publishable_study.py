"""A project that two models have read, with images, outlines, findings, variables and a run: drawn in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from aln_desk.domain import presets, recipe
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.messages import Curve, to_line
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.scorer import Scorer
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Shape
from aln_desk.domain.verdict import InstancePrediction, Placement, decide
from aln_desk.evaluation.gather import gather
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import BY_RULE, Choices, Filter, Selection
from aln_desk.evaluation.study import Study
from aln_desk.io import checkpoint, images, labelme_json, predictions
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow, write_reading

SIDE = 32
COHORTS = ("internal test", "south")
_CALLED = {"embedded": "segformer-b0", "plain": "resnet-101"}


def make(folder: Path, outcomes: tuple[int, ...] = (0, 1), clinical: bool = True, findings: bool = True) -> list[str]:
    """Make the project and give the models' digests: `embedded`, of two stages, and `plain`, which knows status only.

    24 patients learn, 12 and 8 test; ``outcomes`` are dealt in turn (none: all unknown). The last of `south` has no
    image and no score, the first of the internal test no outcome.
    """
    patients = [_patient(folder, number, outcomes, clinical) for number in range(44)]
    with Project.create(folder) as project:
        for name, role in zip(
            ("training", *COHORTS), (Role.TRAIN, Role.INTERNAL_TEST, Role.EXTERNAL_TEST), strict=True
        ):
            project.add_cohort(Cohort(name, role))
        project.add_many(patients)
        digests = [_model(project, name) for name in _CALLED]
        for place, digest in enumerate(digests):
            read = [patient for patient in patients if patient.bag]
            write_reading(project.predictions, digest, [_verdict(one, digest, place) for one in read], last=not place)
            if findings:
                _find(project, read, digest, place)
        _run(project, digests[0])
    return digests


def evaluate(project: Project, cohorts: tuple[str, ...] = COHORTS, *filters: Filter) -> Results:
    """All scorers of the project on these cohorts."""
    found = gather(project)
    selection = Selection(tuple(one.key for one in found.scorers), cohorts, filters)
    return work_out(selection, found.scorers, found.cohorts, found.patients)


def study(project: Project, choices: Choices = BY_RULE) -> Study:
    """Everything of the project, ready to be published."""
    return Study(project, evaluate(project), choices)


def score_of(number: int, place: int) -> float:
    """What a model says of a patient: mostly right, and different for each model."""
    jitter = ((number * (7 + 4 * place)) % 13) / 26
    return round(0.15 + 0.35 * (number % 2) + jitter, 4)


def _patient(folder: Path, number: int, outcomes: tuple[int, ...], clinical: bool) -> Patient:
    cohort = "training" if number < 24 else COHORTS[number >= 36]
    name = f"P{number:02d}"
    outcome = outcomes[number % len(outcomes)] if outcomes and number != 24 else None
    values = {"age": str(40 + number), "t_stage": "123"[number % 3], "birads": ("4A", "4B")[number % 5 > 1]}
    views = [] if number == 43 else [View.TUMOUR, View.NODE][: 1 + (number % 3 > 0)]
    bag = tuple(_instance(folder, name, number, view) for view in views)
    day = f"2024-{1 + number % 12:02d}-15"
    return Patient(name, cohort, outcome, day, "AB"[number >= 36], values if clinical else {}, bag)


def _instance(folder: Path, patient: str, number: int, view: View) -> Instance:
    path = folder / "images" / f"{patient}_{'L' if view is View.NODE else 'T'}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([number, view is View.NODE])
    images.write_png(path, rng.integers(0, 255, (SIDE, SIDE + 4, 3), np.uint8))
    corners = ((8.0, 8.0), (22.0, 8.0), (22.0, 24.0), (8.0, 24.0))
    shape = Shape(NODE_LABEL if view is View.NODE else TUMOUR_LABEL, corners)
    beside = path.with_suffix(".json")
    labelme_json.write(beside, Annotation(path.name, SIDE, SIDE + 4, (shape,)))
    return Instance(f"{patient}/{path.name}", patient, view, str(path), str(beside))


def _model(project: Project, name: str) -> str:
    """A manifest as training writes it, without parameters; gives its digest."""
    plain = name == "plain"
    asked = presets.preset("single-t" if plain else "small").recipe
    fields = {
        "name": name,
        "kind": "image",
        "simulated": False,
        "created": "2024-12-01T10:00:00+00:00",
        "threshold": 0.5,
        "threshold_rule": "Youden index on 24 held-out training patients",
        "data_digest": "0123456789abcdef",
        "cam_top": None if plain else 4.0,
        "calibration": None if plain else {"slope": 1.0, "shift": 0.0},
        "conformal": None if plain else {"error": 0.1, "quantile_negative": None, "quantile_positive": None},
        "mtl": {"backbone": asked.backbone, "size": asked.size, "tasks": asked.tasks},
        "mil": {"kind": asked.mil.kind, "views": asked.views},
        "training": {
            "preset": "single-t" if plain else "small",
            "recipe": {**recipe.to_dict(asked), "seed": 3},
            "cohorts": ["training"],
            "patients_fit": 20,
            "patients_tune": 4,
            "device": "cpu",
            "versions": {"aln-desk": "0.1.0", "torch": "2.5"},
        },
    }
    folder = project.models / name
    folder.mkdir()
    checkpoint.write_manifest(folder, fields)
    digest = str(checkpoint.read_manifest(folder)["digest"])
    folder.rename(project.models / digest)
    return digest


def _verdict(patient: Patient, model: str, place: int) -> VerdictRow:
    score = score_of(int(patient.id[1:]), place)
    decision = "uncertain" if not place and 0.45 < score < 0.55 else decide(score, 0.5)
    return VerdictRow(patient.id, patient.cohort, patient.outcome, score, 0.5, decision, 1, 0, model)


def _find(project: Project, patients: list[Patient], model: str, place: int) -> None:
    parts = []
    for patient in patients:
        parts.append(predictions.part_path(project.predictions, patient.id))
        found = [_finding(instance, place) for instance in patient.bag]
        predictions.write_bag(parts[-1], model, found, {one.instance: 1 / len(found) for one in found})
    predictions.merge(parts, project.predictions / "instances.h5", model)


def _finding(instance: Instance, place: int) -> InstancePrediction:
    mask = np.zeros((SIDE, SIDE + 4), bool)
    mask[8 + place : 24, 8:20] = True
    cam = np.zeros((4, 4), np.float32)
    cam[1:3, 1:3] = 1.0 + place
    return InstancePrediction(
        instance=instance.id,
        mask=mask,
        cam=cam,
        placement=Placement(SIDE, 1.0, 1.0, 0.0, 0.0),
        lesion_logit=1.0 if instance.view is View.NODE else -1.0,
        status_logit=0.25,
        token=np.zeros(256, np.float32),
        image_digest=images.digest(instance.image),
    )


def _run(project: Project, digest: str) -> None:
    folder = project.runs / "20241201-100000-small"
    folder.mkdir()
    record = {
        "state": "finished",
        "digest": digest,
        "preset": "small",
        "started": "2024-12-01T10:00:00+00:00",
        "seconds": 61.0,
    }
    (folder / "run.json").write_text(json.dumps(record))
    lines = [to_line(Curve("mtl", "train", step, {"loss": 1 / step})) for step in (1, 2, 3)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")


def scorer_without_threshold(patients: list[str]) -> Scorer:
    """Other software that only ranks the patients."""
    return Scorer(
        "import:ranks", "ranks", "import", {name: float(n) for n, name in enumerate(patients)}, probability=False
    )


def only_first(project: Project, results: Results) -> Results:
    """The first scorer alone, on the same cohorts."""
    found = gather(project)
    selection = Selection((results.scorers[0].key,), tuple(cohort.name for cohort in results.cohorts))
    return work_out(selection, found.scorers, found.cohorts, found.patients)
