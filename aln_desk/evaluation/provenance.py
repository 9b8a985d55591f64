"""Where figures come from: the models' own descriptions, the runs that made them, and digests of the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadModel
from aln_desk.domain.patient import Patient
from aln_desk.domain.scorer import Scorer
from aln_desk.io import checkpoint
from aln_desk.io.predictions import instances_file, known
from aln_desk.io.project import Project
from aln_desk.io.runs import Run, read_runs
from aln_desk.paths import embedded_model

_DIGITS = 16
_AT_ONCE = 1000
"""Patients written at a time: of a large study, a million lists would have to be there at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelRecord:
    """A scorer with what is known of it: ``manifest`` is empty where no model lies in the project, and for readers
    and imports; ``run`` is the training that made it; ``findings`` its file of findings on images, if there is one.
    ``bases`` are the manifests of the model whose stage 1 it took over, of that one's in turn, and so on; the last is
    empty where the project does not hold it.
    """

    scorer: Scorer
    manifest: Mapping[str, Any]
    run: Run | None = None
    findings: Path | None = None
    bases: tuple[Mapping[str, Any], ...] = ()

    @property
    def training(self) -> Mapping[str, Any]:
        """The manifest's record of the training, empty where there is none."""
        return _mapping(self.manifest.get("training"))

    @property
    def kind(self) -> str:
        """``image``, ``clinical``, ``fusion``; empty for what is no model, or one that is not known."""
        return str(self.manifest.get("kind") or "image") if self.manifest else ""

    @property
    def stage_one(self) -> Mapping[str, Any]:
        """The manifest of the model whose training taught stage 1: its own, or a base's; empty: not known."""
        return self.bases[-1] if self.bases else self.manifest

    @property
    def stage_two(self) -> Mapping[str, Any]:
        """The manifest of the model whose training taught stage 2: a fusion keeps its base's; empty: not known."""
        return next((one for one in (self.manifest, *self.bases) if one.get("kind") != "fusion"), {})

    @property
    def simulated(self) -> bool:
        """Whether it learned from simulated patients."""
        return bool(self.manifest.get("simulated", False))

    @property
    def status_only(self) -> bool:
        """Whether it is the comparator single T, which learned the status alone."""
        return _mapping(self.manifest.get("mtl")).get("tasks") == "status"


def records(project: Project, scorers: Iterable[Scorer]) -> tuple[ModelRecord, ...]:
    """What the project knows of each scorer, in their order. Never raises: what cannot be read is not known."""
    runs = {run.digest: run for run in reversed(read_runs(project.runs)) if run.digest}
    return tuple(
        _record(project, one, runs.get(one.key)) if one.kind == "model" else ModelRecord(one, {}) for one in scorers
    )


def data_digest(patients: Iterable[Patient]) -> str:
    """Names exactly these patients, outcomes, cohorts, dates, variables and names of images, in 16 hex digits.

    The order of the patients does not matter.
    """
    ordered = sorted(patients, key=lambda one: one.id)
    starts = range(0, len(ordered), _AT_ONCE)
    written = (_json([_row(one) for one in ordered[start : start + _AT_ONCE]])[1:-1] for start in starts)
    return _hashed(f"[{','.join(written)}]")


def _row(patient: Patient) -> tuple[object, ...]:
    return (
        patient.id,
        patient.cohort,
        patient.outcome,
        patient.admission_date,
        patient.hospital,
        sorted(patient.clinical.items()),
        sorted([instance.id, instance.view.value] for instance in patient.bag),
    )


def image_digest(record: ModelRecord, patients: Iterable[Patient]) -> str:
    """Names the content of the patients' images as the model read them, in 16 hex digits; empty where it read none."""
    if record.findings is None:
        return ""
    read, wanted = known(record.findings, record.scorer.key), {one.id for each in patients for one in each.bag}
    pairs = sorted((name, content) for name, content in read.items() if name in wanted)
    return _hashed(_json(pairs)) if pairs else ""


def findings_of(project: Project, digest: str) -> Path | None:
    """The file of a model's findings on images, where they are kept."""
    path = instances_file(project.predictions, digest)
    return path if path.is_file() else None


def _record(project: Project, scorer: Scorer, run: Run | None) -> ModelRecord:
    manifest = _manifest(project, scorer.key)
    return ModelRecord(scorer, manifest, run, findings_of(project, scorer.key), tuple(_bases(project, manifest)))


def _bases(project: Project, manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """See `ModelRecord.bases`; a manifest that names itself, which nobody trained, does not hold us up."""
    seen = [""]
    while (base := str(_mapping(manifest.get("training")).get("base") or "")) not in seen:
        seen.append(base)
        manifest = _manifest(project, base)
        yield manifest


def _manifest(project: Project, digest: str) -> Mapping[str, Any]:
    adopted = [one.folder for one in reversed(project.adoptions()) if one.digest == digest]
    for folder in (project.models / digest, *adopted, embedded_model()):
        with suppress(BadModel):
            manifest = checkpoint.read_manifest(folder)
            if manifest.get("digest") == digest:
                return manifest
    return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
