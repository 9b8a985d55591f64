"""All that Evaluate's cards show, worked out from a selection. No Qt: it runs on a worker thread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aln_desk.domain.patient import Cohort, Patient
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.results import Part, Results, work_out
from aln_desk.evaluation.selection import Selection
from aln_desk.evaluation.tables.subgroup_table import Subgroup, subgroups
from aln_desk.evaluation.tables.table import Table
from aln_desk.evaluation.tables.table_two import table_two
from aln_desk.stats import bands, calibration_curve, decision, delong, roc
from aln_desk.stats.bands import Band
from aln_desk.stats.bootstrap import Estimate
from aln_desk.stats.calibration_curve import CalibrationCurve
from aln_desk.stats.decision import DecisionCurve
from aln_desk.stats.roc import PrecisionRecallCurve

PartKey = tuple[str, str]
"""(scorer's key, cohort)."""

THRESHOLDS = np.round(np.linspace(0.01, 0.99, 99), 2)
"""Probabilities at which net benefit is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """How well one part's scores are calibrated: in bins, and the Brier score."""

    curve: CalibrationCurve
    brier: float


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """The first pass, without anything drawn by chance. ``tests`` by cohort, uncorrected and corrected by Holm.

    ``decisions`` and ``calibrated`` hold only scorers whose scores are probabilities. ``series`` is the number of each
    scorer's colour, by its place among all scorers, so that ticking others does not change it. ``subgroups`` are of
    the scorer ``looked_at``, by cohort.
    """

    results: Results
    series: Mapping[str, int]
    tests: Mapping[str, tuple[delong.Matrix, delong.Matrix]]
    recalls: Mapping[PartKey, PrecisionRecallCurve]
    decisions: Mapping[PartKey, DecisionCurve]
    calibrated: Mapping[PartKey, Calibrated]
    looked_at: str
    subgroups: Mapping[str, tuple[Subgroup, ...]]
    table_two: Table | None

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Names, in the order to show."""
        return tuple(cohort.name for cohort in self.results.cohorts)

    @property
    def scorers(self) -> tuple[Scorer, ...]:
        """In the order to show."""
        return self.results.scorers


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """The second pass for one part: bands of its curves, the interval of its average precision, calibration's slope
    (None until it is known: it needs a library that takes seconds to load).
    """

    roc: Band
    precision: Band
    average: Estimate
    slope: float | None = None


def make_board(
    selection: Selection,
    scorers: Sequence[Scorer],
    cohorts: Sequence[Cohort],
    patients: Sequence[Patient],
    looked_at: str = "",
) -> Board:
    """The first pass. ``looked_at`` is the key of the scorer whose subgroups are shown; else the first one's are."""
    results = work_out(selection, scorers, cohorts, patients)
    parts = results.parts
    probable = {key: one for key, one in parts.items() if one.scorer.probability and _in_range(one)}
    keys = [scorer.key for scorer in results.scorers]
    shown = looked_at if looked_at in keys else next(iter(keys), "")
    return Board(
        results,
        {scorer.key: place for place, scorer in enumerate(scorers)},
        {name: (results.delong(name), results.delong(name, "holm")) for name in results.patients},
        {key: roc.precision_recall(one.outcome, one.score) for key, one in parts.items()},
        {key: decision.curve(one.outcome, one.score, THRESHOLDS) for key, one in probable.items()},
        {key: _calibrated(one) for key, one in probable.items()},
        shown,
        {cohort.name: subgroups(results, shown, cohort.name) for cohort in results.cohorts if shown},
        table_two(results) if parts else None,
    )


def make_bands(one: Part) -> Bands:
    """The second pass for one part; a tenth of a second for some hundred patients."""
    return Bands(
        bands.roc_band(one.outcome, one.score),
        bands.precision_band(one.outcome, one.score),
        roc.average_precision_interval(one.outcome, one.score),
    )


def slope(one: Part) -> float:
    """Of one part's calibration; the last pass."""
    return calibration_curve.recalibration(one.outcome, one.score).slope.value


def _calibrated(one: Part) -> Calibrated:
    return Calibrated(
        calibration_curve.curve(one.outcome, one.score),
        float(((one.score - one.outcome) ** 2).mean()) if one.score.size else math.nan,
    )


def _in_range(one: Part) -> bool:
    return bool(((one.score >= 0) & (one.score <= 1)).all())
