"""Reading a project with a clinical model: a verdict per patient from clinical variables; no image is touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from aln_desk.domain.errors import BadModel, BadProject
from aln_desk.domain.messages import BagPredicted, Message, Note, Progress
from aln_desk.domain.patient import Patient, View
from aln_desk.inference.reading import Reading
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow, write_reading
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.logistic import LogisticModel

KIND = "clinical"
SHOWN_PATIENTS = 10
"""How many patients that are left out the note names."""


def is_clinical(folder: Path) -> bool:
    """Whether the model in ``folder`` has no network. Raises `BadModel` where no model lies there."""
    return checkpoint.read_manifest(folder).get("kind") == KIND


def read_clinical(project: Project, folder: Path, emit: Callable[[Message], None]) -> Reading:
    """Write ``verdicts.csv`` and the model's own table for all patients of the project, with or without images.

    Patients of whom none of the model's variables is known are left out and told of. Findings on images, by whatever
    model, stay where they are. Raises `BadModel` where the folder holds no clinical model or a changed one, and
    `BadProject` where nobody can be read.
    """
    digest, rule, model, simulated = _load(folder)
    patients = project.patients()
    known = [p for p in patients if model.knows(p.clinical)]
    left_out = tuple(p.id for p in patients if not model.knows(p.clinical))
    names = ", ".join(model.variables)
    if not known:
        raise BadProject(f"{project.folder}: no patient has any of {names}. Import a table with clinical variables.")
    rows = tuple(_row(p, rule, digest, simulated) for p in known)
    write_reading(project.predictions, digest, rows)
    for row in rows:
        uncertain = row.decision == "uncertain"
        emit(BagPredicted(row.patient, row.score, row.threshold, digest, {}, uncertain=uncertain, simulated=simulated))
    if left_out:
        emit(Note(f"Left out, since none of {names} is known of them: {_some(left_out)}."))
    emit(Progress("predict", len(patients), len(patients), 0.0))
    return Reading(rows, 0, True, left_out)


def _load(folder: Path) -> tuple[str, VerdictRule, LogisticModel, bool]:
    """Digest, rule and logistic model of a clinical model's folder, and whether its outcomes were simulated."""
    checkpoint.verify(folder)
    manifest = checkpoint.read_manifest(folder)
    rule = VerdictRule.from_manifest(manifest, folder)
    if manifest.get("kind") != KIND or rule.fusion is None or rule.fusion.image is not None:
        raise BadModel(f"{folder}: this model does not read clinical variables alone. Choose another.")
    return str(manifest["digest"]), rule, rule.fusion, bool(manifest.get("simulated"))


def _row(patient: Patient, rule: VerdictRule, digest: str, simulated: bool) -> VerdictRow:
    score = rule.score(None, patient.clinical)
    return VerdictRow(
        patient=patient.id,
        cohort=patient.cohort,
        outcome=patient.outcome,
        score=score,
        threshold=rule.threshold,
        decision=rule.decide(score),
        n_tumour=patient.count(View.TUMOUR),
        n_node=patient.count(View.NODE),
        model=digest,
        simulated=simulated,
    )


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - SHOWN_PATIENTS
    return ", ".join(names[:SHOWN_PATIENTS]) + (f" and {more} more" if more > 0 else "")
