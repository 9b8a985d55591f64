"""`aln-desk evaluate`: the figures of a project's verdicts against its outcomes and drawn outlines."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from itertools import product
from pathlib import Path
from statistics import fmean

from aln_desk.domain.errors import BadFile, BadProject
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.io.annotations import current_annotation
from aln_desk.io.atomic import write_text
from aln_desk.io.predictions import INSTANCES_FILE, VERDICTS_FILE, VerdictRow, read_instance, read_verdicts
from aln_desk.io.project import Project
from aln_desk.io.rasterize import class_mask
from aln_desk.stats import roc
from aln_desk.stats.agreement import dice
from aln_desk.stats.summary import MetricsRow, cohort_metrics, known
from training.roc_figure import LabelledCurve, roc_svg

METRICS_COLUMNS = tuple(field.name for field in fields(MetricsRow))
ROC_COLUMNS = ("model", "cohort", "false_positive_rate", "sensitivity", "threshold")


@dataclass(frozen=True, slots=True)
class SegmentationRow:
    """Mean Dice of predicted masks against drawn outlines, over the ``n`` images that have both."""

    model: str
    cohort: str
    view: View
    n: int
    dice: float


SEGMENTATION_COLUMNS = tuple(field.name for field in fields(SegmentationRow))


def evaluate(project_folder: Path, out: Path, notify: Callable[[str], None] | None = None) -> list[MetricsRow]:
    """Write ``metrics.csv``, ``roc.csv``, ``roc.svg``, ``segmentation.csv`` to ``out``; return the metrics.

    Verdicts are the file's; outcomes and cohorts are the project's of today. A cohort with any known outcome
    has a row, in the project's order; what is not defined is an empty cell. ``notify`` hears one sentence for
    verdicts of patients that left the project (they are ignored) and one for patients whose verdict is
    missing.

    Raises `BadProject` where no model has read the project yet, or only one without stage 2; `BadFile` where ``out``
    cannot be written.
    """
    with Project.open(project_folder) as project:
        patients = project.patients()
        verdicts = _read_verdicts(project)
        with_outcome = {patient.cohort for patient in patients if patient.outcome is not None}
        cohorts = [cohort.name for cohort in project.cohorts()]
        models = list(dict.fromkeys(row.model for row in verdicts))
        segmentation = _segmentation(project.predictions / INSTANCES_FILE, models, patients, cohorts)
    current = _with_current_outcomes(verdicts, patients)
    rows = cohort_metrics(current, [name for name in cohorts if name in with_outcome])
    if notify is not None:
        for sentence in _notes(verdicts, patients):
            notify(sentence)
    _write(out, rows, current, segmentation)
    return rows


def _read_verdicts(project: Project) -> list[VerdictRow]:
    rows = read_verdicts(project.predictions / VERDICTS_FILE)
    if rows:
        return rows
    if (project.predictions / INSTANCES_FILE).exists():
        raise BadProject(
            f"{project.folder}: the model that read this project has no stage 2, so there are masks and no verdicts; "
            "train one with `aln-desk train mil`, adopt it and run `aln-desk predict` again."
        )
    raise BadProject(f"{project.folder}: no patient has been read by a model yet; run `aln-desk predict` on it first.")


def _with_current_outcomes(verdicts: Iterable[VerdictRow], patients: Iterable[Patient]) -> list[VerdictRow]:
    """The verdicts of patients still in the project, with the outcome and cohort they have there now."""
    by_id = {patient.id: patient for patient in patients}
    return [
        replace(row, outcome=by_id[row.patient].outcome, cohort=by_id[row.patient].cohort)
        for row in verdicts
        if row.patient in by_id
    ]


def _notes(verdicts: Iterable[VerdictRow], patients: Iterable[Patient]) -> list[str]:
    read = {row.patient for row in verdicts}
    gone = len(read - {patient.id for patient in patients})
    unread = len({patient.id for patient in patients if patient.outcome is not None} - read)
    notes = []
    if gone:
        notes.append(f"Verdicts ignored because their patient is no longer in the project: {gone}.")
    if unread:
        notes.append(f"Patients left out because no verdict is known for them (run predict again): {unread}.")
    return notes


def _segmentation(
    file: Path, models: Iterable[str], patients: Sequence[Patient], cohorts: Sequence[str]
) -> list[SegmentationRow]:
    """A row for each model, cohort and view with at least one image to compare; none without the file."""
    rows = []
    for model in models:
        figures = _dice_by_group(file, model, patients)
        rows += [
            SegmentationRow(model, *group, len(figures[group]), fmean(figures[group]))
            for group in product(cohorts, View)
            if group in figures
        ]
    return rows


def _dice_by_group(file: Path, model: str, patients: Iterable[Patient]) -> dict[tuple[str, View], list[float]]:
    """By cohort and view, the Dice of every image with a prediction by ``model`` and a drawn outline."""
    figures: dict[tuple[str, View], list[float]] = {}
    for patient in patients:
        for instance in patient.bag:
            prediction = read_instance(file, instance.id, model)
            figure = math.nan if prediction is None else _dice_against_drawn(instance, prediction)
            if not math.isnan(figure):
                figures.setdefault((patient.cohort, instance.view), []).append(figure)
    return figures


def _dice_against_drawn(instance: Instance, prediction: InstancePrediction) -> float:
    """Dice of the predicted mask against every drawn area; nan where nothing is drawn or the outline is damaged."""
    try:
        drawn = class_mask(current_annotation(instance), *prediction.mask.shape) > 0
    except BadFile:
        return math.nan
    return dice(prediction.mask, drawn) if drawn.any() else math.nan


def _write(
    out: Path,
    rows: Sequence[MetricsRow],
    verdicts: Sequence[VerdictRow],
    segmentation: Sequence[SegmentationRow],
) -> None:
    curves = [(row, _curve(row, verdicts)) for row in rows]
    several = len({row.model for row in rows}) > 1
    labelled = [
        LabelledCurve(
            f"{row.model}, {row.cohort}" if several else row.cohort, curve, row.auc, row.auc_low, row.auc_high
        )
        for row, curve in curves
    ]
    _make_folder(out)
    write_text(out / "metrics.csv", _csv(METRICS_COLUMNS, (astuple(row) for row in rows)))
    write_text(out / "roc.csv", _csv(ROC_COLUMNS, _roc_points(curves)))
    write_text(out / "roc.svg", roc_svg(labelled))
    write_text(out / "segmentation.csv", _csv(SEGMENTATION_COLUMNS, (astuple(row) for row in segmentation)))


def _curve(row: MetricsRow, verdicts: Iterable[VerdictRow]) -> roc.RocCurve:
    return roc.curve(*known((each for each in verdicts if each.model == row.model), row.cohort))


def _roc_points(curves: Iterable[tuple[MetricsRow, roc.RocCurve]]) -> Iterable[tuple[object, ...]]:
    for row, curve in curves:
        columns = (curve.false_positive_rate.tolist(), curve.sensitivity.tolist(), curve.threshold.tolist())
        for point in zip(*columns, strict=True):
            yield (row.model, row.cohort, *point)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(out, f"the folder could not be made ({error.strerror})", "Choose another place") from error


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header; nan is an empty cell and every other number keeps all its digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return "" if isinstance(value, float) and math.isnan(value) else value
