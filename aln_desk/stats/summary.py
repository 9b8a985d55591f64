"""The table of figures a model reaches on each cohort (the paper's Table 2)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aln_desk.stats import operating, roc


class ScoredPatient(Protocol):
    """A patient's outcome (0, 1, None unknown), score and decision by a model with its frozen threshold."""

    @property
    def cohort(self) -> str: ...
    @property
    def outcome(self) -> int | None: ...
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def decision(self) -> str: ...
    @property
    def model(self) -> str: ...


@dataclass(frozen=True, slots=True)
class MetricsRow:
    """One model on one cohort; figures in [0, 1], nan where not defined.

    ``n`` patients have a score and a known outcome, ``positive`` of them a positive one. The AUC has its 95 %
    DeLong interval. The other figures are at ``threshold``, for all ``n``: also for the ``uncertain`` patients, whose
    verdict the model leaves open.
    """

    model: str
    cohort: str
    n: int
    positive: int
    auc: float
    auc_low: float
    auc_high: float
    accuracy: float
    sensitivity: float
    specificity: float
    ppv: float
    npv: float
    f1: float
    threshold: float
    uncertain: int


def cohort_metrics(rows: Iterable[ScoredPatient], cohorts: Sequence[str]) -> list[MetricsRow]:
    """A row for each model (in order of appearance) on each of ``cohorts`` (in their order).

    Patients of unknown outcome or of other cohorts do not count. A cohort without any is a row of n 0. A
    model has one threshold; where its patients were read with several, the figures at the threshold are nan.
    """
    by_model: dict[str, list[ScoredPatient]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    return [
        _row(model, cohort, patients, _common_threshold(patients))
        for model, patients in by_model.items()
        for cohort in cohorts
    ]


def known(rows: Iterable[ScoredPatient], cohort: str) -> tuple[list[int], list[float]]:
    """Outcomes and scores of the patients of a cohort whose outcome is known."""
    pairs = [(row.outcome, row.score) for row in rows if row.cohort == cohort and row.outcome is not None]
    return [outcome for outcome, _ in pairs], [score for _, score in pairs]


def _common_threshold(rows: Sequence[ScoredPatient]) -> float:
    thresholds = {row.threshold for row in rows}
    return thresholds.pop() if len(thresholds) == 1 else math.nan


def _row(model: str, cohort: str, patients: Sequence[ScoredPatient], threshold: float) -> MetricsRow:
    outcome, score = known(patients, cohort)
    area, low, high = roc.auc_interval(outcome, score)
    at = operating.table(outcome, score, threshold)
    return MetricsRow(
        model=model,
        cohort=cohort,
        n=len(outcome),
        positive=sum(outcome),
        auc=area,
        auc_low=low,
        auc_high=high,
        accuracy=at.accuracy.value,
        sensitivity=at.sensitivity.value,
        specificity=at.specificity.value,
        ppv=at.ppv.value,
        npv=at.npv.value,
        f1=at.f1.value,
        threshold=threshold,
        uncertain=sum(
            row.decision == "uncertain" for row in patients if row.cohort == cohort and row.outcome is not None
        ),
    )
