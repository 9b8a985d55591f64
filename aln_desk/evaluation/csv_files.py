"""The figures of an evaluation for other programs: ``metrics.csv``, ``roc.csv``, ``segmentation.csv``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, fields
from itertools import chain, repeat
from pathlib import Path

from aln_desk.evaluation.results import Part
from aln_desk.evaluation.segmentation import SegmentationRow, segmentation
from aln_desk.evaluation.selection import passes
from aln_desk.evaluation.study import Study
from aln_desk.io.atomic import write_text

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


def write(study: Study, out: Path) -> list[Path]:
    """Write the files to ``out``, which is made, and name them.

    A row for each scorer and cohort; what is not defined is an empty cell, and all other numbers keep all their
    digits. Masks are measured for every model of the results that draws some and whose findings are kept, on all
    patients of their cohorts (without any cohort: of the project) whom the filters let pass.

    Raises `BadFile` where ``out`` cannot be written.
    """
    results = study.results
    parts = [results.parts[scorer.key, cohort.name] for scorer in results.scorers for cohort in results.cohorts]
    texts = {
        "metrics.csv": _to_csv(METRICS_COLUMNS, map(_metrics, parts)),
        "roc.csv": _to_csv(ROC_COLUMNS, chain.from_iterable(map(_points, parts))),
        "segmentation.csv": _to_csv(SEGMENTATION_COLUMNS, map(astuple, _segmentation(study))),
    }
    with suppress(OSError):  # writing then says what is wrong
        out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(out / name, text)
    return [out / name for name in texts]


def _to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header; every number keeps all its digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _metrics(part: Part) -> tuple[object, ...]:
    at = part.operating
    shares = (at.accuracy, at.sensitivity, at.specificity, at.ppv, at.npv, at.f1) if at else ()
    figures = (
        part.auc,
        part.low,
        part.high,
        *([share.value for share in shares] or [math.nan] * 6),
        part.threshold,
    )
    counts = (len(part.patients), part.positive)
    return (part.scorer.key, part.cohort, *counts, *map(_cell, figures), len(part.uncertain))


def _points(part: Part) -> Iterator[tuple[object, ...]]:
    """By whole columns: there may be as many points as patients."""
    curve = part.curve
    columns = (curve.false_positive_rate.tolist(), curve.sensitivity.tolist(), curve.threshold.tolist())
    return zip(repeat(part.scorer.key), repeat(part.cohort), *columns, strict=False)


def _segmentation(study: Study) -> list[SegmentationRow]:
    able = [one for one in study.with_findings if not one.status_only]
    files = {one.scorer.key: one.findings for one in able if one.findings is not None}
    cohorts = [cohort.name for cohort in study.cohorts or study.all_cohorts]
    patients = [patient for patient in study.patients if passes(patient, study.results.selection.filters)]
    return segmentation(files, patients, cohorts)


def _cell(value: float) -> float | str:
    return "" if math.isnan(value) else value
