"""How far scores can be taken as probabilities: slope, intercept, Brier score and expected calibration error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.table import Table, under_headings
from aln_desk.evaluation.tables.table_two import left_out_notes
from aln_desk.stats import calibration_curve

_COLUMNS = (
    "Model",
    "Patients",
    "Slope (95 % CI)",
    "Intercept (95 % CI)",
    "In the large (95 % CI)",
    "Brier score (95 % CI)",
    "Scaled Brier",
    "ECE",
)
_METHODS = (
    "Slope and intercept: logistic regression of the outcome on the logit of the probability, 1 and 0 if calibrated; "
    "in the large: the intercept at a slope of 1; all with Wald's 95 % interval. Brier score: mean squared difference "
    "of probability and outcome, with the normal 95 % interval of a mean; scaled: its gain over giving everyone the "
    "share of positives, at most 1. ECE: expected calibration error in ten bins of equal width; it is above 0 by "
    "chance alone and has no interval."
)
_NO_PROBABILITY = "these scores are no probabilities"
_FEWEST = 2

Undefined = list[tuple[str, str, str]]


def calibration_table(results: Results) -> Table:
    """A row for each scorer on each cohort; dashes where the scores are not meant as probabilities."""
    undefined: Undefined = []
    rows, depths = under_headings(
        [
            (cohort.name, [_row(part, undefined) for part in results.of_cohort(cohort.name)])
            for cohort in results.cohorts
        ]
    )
    return Table("calibration", "Calibration", _COLUMNS, rows, tuple(_notes(results, undefined)), depths=depths)


def _row(part: Part, undefined: Undefined) -> tuple[str, ...]:
    name = (part.scorer.name, str(len(part.patients)))
    if not part.scorer.probability:
        undefined.append((part.scorer.name, part.cohort, _NO_PROBABILITY))
        return (*name, *[words.DASH] * (len(_COLUMNS) - len(name)))
    again = calibration_curve.recalibration(part.outcome, part.score)
    brier = calibration_curve.brier(part.outcome, part.score)
    bins = calibration_curve.curve(part.outcome, part.score)
    lines = {"slope": again.slope, "intercept": again.intercept, "calibration in the large": again.in_the_large}
    undefined += [(f"{word} of {part.scorer.name}", part.cohort, line.reason) for word, line in lines.items()]
    undefined.append(
        (f"scaled Brier of {part.scorer.name}", part.cohort, brier.reason if math.isnan(brier.scaled) else "")
    )
    return (
        *name,
        *(words.interval(line.value, line.low, line.high, signed=True) for line in lines.values()),
        words.interval(brier.score, *_limits(part, brier.score)),
        words.number(brier.scaled),
        words.number(bins.ece),
    )


def _limits(part: Part, score: float) -> tuple[float, float]:
    """Of the Brier score, a mean over patients: within [0, 1]; nan for fewer than two."""
    if part.score.size < _FEWEST:
        return math.nan, math.nan
    spread = float(np.std((part.score - part.outcome) ** 2, ddof=1))
    reach = NormalDist().inv_cdf(0.975) * spread / math.sqrt(part.score.size)
    return max(0.0, score - reach), min(1.0, score + reach)


def _notes(results: Results, undefined: Undefined) -> Iterator[str]:
    yield _METHODS
    yield from left_out_notes(results)
    yield from words.reasons(undefined)
