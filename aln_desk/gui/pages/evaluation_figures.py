"""The figures that Evaluate shows, worked out from verdicts and outcomes. No Qt: it runs on a worker thread."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aln_desk.domain.patient import Patient
from aln_desk.domain.verdict import decide
from aln_desk.stats.operating import Confusion, Operating
from aln_desk.stats.roc import RocCurve

NOT_DEFINED = "not defined"


class ScoredRow(Protocol):
    """What Evaluate needs of a verdict on disk."""

    @property
    def patient(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def decision(self) -> str: ...
    @property
    def model(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Scored:
    """A patient with a known outcome and a verdict; ``uncertain``: the model leaves it open."""

    patient: str
    outcome: int
    score: float
    threshold: float
    uncertain: bool = False

    @property
    def called(self) -> int:
        """1 where the threshold alone says positive: uncertain patients count too."""
        return int(decide(self.score, self.threshold) == "positive")


@dataclass(frozen=True, slots=True, eq=False)
class CohortFigures:
    """One cohort. ``auc``, ``low`` and ``high`` are nan where not defined; ``patients`` by score, highest first."""

    cohort: str
    patients: tuple[Scored, ...]
    curve: RocCurve
    auc: float
    low: float
    high: float
    confusion: Confusion
    operating: Operating

    @property
    def positive(self) -> int:
        """Patients whose outcome is positive."""
        return self.confusion.tp + self.confusion.fn

    @property
    def uncertain(self) -> int:
        """Patients whose verdict the model leaves open."""
        return sum(each.uncertain for each in self.patients)

    def auc_words(self) -> str:
        """The AUC with its interval, or why there is none."""
        if not self.patients:
            return f"{NOT_DEFINED} (no outcomes)"
        if math.isnan(self.auc):
            return f"{NOT_DEFINED} (one outcome only)"
        return with_interval(self.auc, self.low, self.high)

    def cell(self, outcome: int, called: int) -> list[Scored]:
        """The patients of one cell of the confusion matrix."""
        return [each for each in self.patients if (each.outcome, each.called) == (outcome, called)]


def model_of(rows: Iterable[ScoredRow], preferred: str) -> str:
    """The model whose verdicts are shown: ``preferred`` where it has any, else the one with the most; or empty."""
    count = Counter(row.model for row in rows)
    if preferred in count:
        return preferred
    return count.most_common(1)[0][0] if count else ""


def scored_patients(patients: Sequence[Patient], rows: Mapping[str, ScoredRow], model: str) -> dict[str, list[Scored]]:
    """By cohort, the patients with an outcome and a verdict by ``model``; outcome and cohort are today's."""
    found: dict[str, list[Scored]] = {}
    for patient in patients:
        row = rows.get(patient.id)
        if row is not None and row.model == model and patient.outcome is not None:
            uncertain = row.decision == "uncertain"
            scored = Scored(patient.id, patient.outcome, row.score, row.threshold, uncertain)
            found.setdefault(patient.cohort, []).append(scored)
    return found


def cohort_figures(cohort: str, patients: Sequence[Scored]) -> CohortFigures:
    """All figures of one cohort; counts and proportions at each patient's frozen threshold."""
    from aln_desk.stats import operating, roc

    outcome = [each.outcome for each in patients]
    score = [each.score for each in patients]
    counts = Counter((each.outcome, each.called) for each in patients)
    confusion = Confusion(tp=counts[1, 1], fp=counts[0, 1], tn=counts[0, 0], fn=counts[1, 0])
    ordered = tuple(sorted(patients, key=lambda each: (-each.score, each.patient)))
    return CohortFigures(
        cohort,
        ordered,
        roc.curve(outcome, score),
        *roc.auc_interval(outcome, score),
        confusion,
        operating.figures(confusion),
    )


def with_interval(value: float, low: float, high: float) -> str:
    """ "0.853 (0.79 to 0.91)"; without limits where they are not defined."""
    if math.isnan(value):
        return NOT_DEFINED
    return f"{value:.3f}" if math.isnan(low) else f"{value:.3f} ({low:.2f} to {high:.2f})"
