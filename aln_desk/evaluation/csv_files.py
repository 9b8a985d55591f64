"""The figures of an evaluation for other programs: ``metrics.csv``, ``roc.csv``, ``segmentation.csv``, ``roc.svg``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, fields
from pathlib import Path

from aln_desk.evaluation.provenance import records
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.roc_figure import LabelledCurve, roc_svg
from aln_desk.evaluation.segmentation import SegmentationRow, segmentation
from aln_desk.evaluation.selection import passes
from aln_desk.io.atomic import write_text
from aln_desk.io.project import Project

METRICS_COLUMNS = (
    "model",
    "cohort",
    "n",
    "positive",
    "auc",
    "auc_low",
    "auc_high",
    "accuracy",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "f1",
    "threshold",
    "uncertain",
)
"""``model`` is a scorer's key: a model's digest, ``reader:<name>`` or ``import:<name>``."""
ROC_COLUMNS = ("model", "cohort", "false_positive_rate", "sensitivity", "threshold")
SEGMENTATION_COLUMNS = tuple(field.name for field in fields(SegmentationRow))


def write(project: Project, results: Results, out: Path) -> list[Path]:
    """Write the files to ``out``, which is made, and name them.

    A row for each scorer and cohort; what is not defined is an empty cell, and all other numbers keep all their
    digits. Masks are measured for every model of the results that draws some and whose findings are kept, on all
    patients of their cohorts (without any cohort: of the project) whom the filters let pass.

    Raises `BadFile` where ``out`` cannot be written.
    """
    parts = [results.parts[scorer.key, cohort.name] for scorer in results.scorers for cohort in results.cohorts]
    texts = {
        "metrics.csv": to_csv(METRICS_COLUMNS, map(_metrics, parts)),
        "roc.csv": to_csv(ROC_COLUMNS, (point for part in parts for point in _points(part))),
        "roc.svg": roc_svg([_labelled(part, len(results.scorers) > 1) for part in parts]),
        "segmentation.csv": to_csv(SEGMENTATION_COLUMNS, map(astuple, _segmentation(project, results))),
    }
    with suppress(OSError):  # writing then says what is wrong
        out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(out / name, text)
    return [out / name for name in texts]


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header; nan is an empty cell and every other number keeps all its digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _metrics(part: Part) -> tuple[object, ...]:
    at = part.operating
    shares = (at.accuracy, at.sensitivity, at.specificity, at.ppv, at.npv, at.f1) if at else ()
    return (
        part.scorer.key,
        part.cohort,
        len(part.patients),
        part.positive,
        part.auc,
        part.low,
        part.high,
        *([share.value for share in shares] or [math.nan] * 6),
        part.threshold,
        len(part.uncertain),
    )


def _points(part: Part) -> Iterator[tuple[object, ...]]:
    curve = part.curve
    columns = (curve.false_positive_rate.tolist(), curve.sensitivity.tolist(), curve.threshold.tolist())
    for point in zip(*columns, strict=True):
        yield (part.scorer.key, part.cohort, *point)


def _labelled(part: Part, several: bool) -> LabelledCurve:
    label = f"{part.scorer.name}, {part.cohort}" if several else part.cohort
    return LabelledCurve(label, part.curve, part.auc, part.low, part.high)


def _segmentation(project: Project, results: Results) -> list[SegmentationRow]:
    known = records(project, results.scorers)
    files = {one.scorer.key: one.findings for one in known if one.findings is not None and not one.status_only}
    cohorts = [cohort.name for cohort in results.cohorts or project.cohorts()]
    patients = [patient for patient in project.patients() if passes(patient, results.selection.filters)]
    return segmentation(files, patients, cohorts)


def _cell(value: object) -> object:
    return "" if isinstance(value, float) and math.isnan(value) else value
