"""What the comparison has to reach, and whether it did."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from training.simulated import EXTERNAL, INTERNAL
from training.study.figures import Row
from training.study.recipes import Ceiling

RATIO, P, DICE, TYPE_ACCURACY, ECE, POINTS = 0.97, 0.01, 0.90, 0.98, 0.03, 0.02
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Target:
    """``figure`` stands beside what is ``expected`` over all outcomes that these patients could have had, and what the
    best possible scores themselves reach on them (``possible``); nan where not measured, or not defined. ``reached``
    speaks of the figure, and is None where that is nan.
    """

    text: str
    cohort: str
    figure: float
    expected: float
    possible: float
    reached: bool | None


def targets(rows: Sequence[Row], best: str) -> list[Target]:
    """All of them, for the model with the key ``best`` as our best; not measured where that is not among the rows."""
    by_key = {row.key: row for row in rows}
    single_t = next((row for row in rows if row.made and row.made.contender.family == "single T"), None)
    clinical = next((row for row in rows if row.made and row.made.contender.family == "clinical"), None)
    possible: dict[Ceiling, Row] = {row.ceiling: row for row in rows if row.made is None}
    ours = by_key.get(best)
    return [
        *_each("AUC of our best model at least 0.97 of the best possible", ours, "ratio", lambda f: f >= RATIO),
        *_ordered("clinical < single T, p < 0.01", "p_clinical", clinical, single_t, possible, "best_tumour"),
        *_ordered("single T < our best model, p < 0.01", "p_single_t", single_t, ours, possible, "best_score"),
        *_each("lesion Dice at least 0.90", ours, "dice", lambda f: f >= DICE),
        *_each("lesion type accuracy at least 0.98", ours, "type_accuracy", lambda f: f >= TYPE_ACCURACY),
        _target(
            "calibration error at most 0.03",
            INTERNAL,
            _figure(ours, INTERNAL, "ece"),
            _figure(ours, INTERNAL, "expected_ece"),
            _figure(possible.get("best_score"), INTERNAL, "ece"),
            lambda f: f <= ECE,
        ),
        *_each(
            f"conformal sets cover within 2 points of nominal{_nominal(ours)}",
            ours,
            "coverage",
            lambda f: ours is not None and abs(f - ours.nominal) <= POINTS + _ROUNDING,
        ),
    ]


def _each(text: str, row: Row | None, name: str, enough: Callable[[float], bool]) -> Iterator[Target]:
    """On either test."""
    for cohort in (INTERNAL, EXTERNAL):
        figure, expected = _figure(row, cohort, name), _figure(row, cohort, f"expected_{name}")
        yield _target(text, cohort, figure, expected, math.nan, enough)


def _ordered(
    text: str,
    p: str,
    lower: Row | None,
    upper: Row | None,
    possible: Mapping[Ceiling, Row],
    above: Ceiling,
) -> Iterator[Target]:
    """That ``upper`` is better than ``lower``; the figure is DeLong's p."""
    for cohort in (INTERNAL, EXTERNAL):
        figure = _figure(upper, cohort, p) if lower else math.nan
        gain = _figure(upper, cohort, "auc") - _figure(lower, cohort, "auc")
        yield _target(text, cohort, figure, math.nan, _figure(possible.get(above), cohort, p), _better(gain))


def _better(gain: float) -> Callable[[float], bool]:
    return lambda p: gain > 0 and p < P


def _figure(row: Row | None, cohort: str, name: str) -> float:
    """One of `Figures` by its name; nan where there is no row or no such figure."""
    return float(getattr(row.cohorts[cohort], name, math.nan)) if row else math.nan


def _target(
    text: str, cohort: str, figure: float, expected: float, possible: float, enough: Callable[[float], bool]
) -> Target:
    return Target(text, cohort, figure, expected, possible, None if math.isnan(figure) else enough(figure))


def _nominal(row: Row | None) -> str:
    return "" if row is None or math.isnan(row.nominal) else f" ({row.nominal:.2f})"
