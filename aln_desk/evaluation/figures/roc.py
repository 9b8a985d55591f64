"""Fig 3, ROC curves: all scorers of each cohort, their operating points, and the readers beside them."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from aln_desk.evaluation.figures.curves import (
    AT_MOST_BANDS,
    Curve,
    Frame,
    Group,
    Panel,
    counted,
    curves_figure,
    nothing,
    of_cohorts,
)
from aln_desk.evaluation.figures.style import explained, guide, styled
from aln_desk.evaluation.look import Look
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.stats.bands import roc_band

_FRAME = Frame("1 − specificity", "Sensitivity")


@styled
def roc_figure(results: Results, bands: bool | None = None) -> Figure:
    """A panel for each cohort: curves, a marker at each threshold, and beneath the AUC with its 95 % DeLong interval.

    Bands are pointwise 95 % limits of the sensitivity (`stats.bands`); by default only where a panel has at most four
    curves. A reader who only says yes or no is a point, one who grades is a curve as well.
    """
    panels = of_cohorts(results, lambda cohort, parts: _panel(cohort, parts, bands))
    if not panels:
        return explained("No cohort is selected.")
    return curves_figure(panels, _FRAME)


def _panel(cohort: str, parts: list[tuple[Look, Part]], bands: bool | None) -> Panel:
    only = [part for _, part in parts]
    graded, binary = by_kind(parts)
    banded = len(graded) <= AT_MOST_BANDS if bands is None else bands
    defined = any(part.curve.threshold.size for part in only)
    return Panel(
        cohort,
        counted(only),
        (
            Group("AUC (95 % CI)", tuple(_graded(look, part, banded) for look, part in graded)),
            Group("Sensitivity, specificity", tuple(_binary(*pair) for pair in binary)),
        ),
        "" if defined else nothing(only, "ROC curve"),
        lambda axes: guide(axes, (0, 1), (0, 1)),
    )


def by_kind(parts: list[tuple[Look, Part]]) -> tuple[list[tuple[Look, Part]], list[tuple[Look, Part]]]:
    """Those who grade, and those who only say yes or no, in their order."""
    return (
        [pair for pair in parts if not says_yes_or_no(pair[1])],
        [pair for pair in parts if says_yes_or_no(pair[1])],
    )


def says_yes_or_no(part: Part) -> bool:
    """Whether a reader gave two scores only: one point says all there is."""
    return part.scorer.kind == "reader" and np.unique(part.score).size <= 2


def operating_point(part: Part) -> tuple[tuple[float, float], ...]:
    """(1 - specificity, sensitivity) at the threshold; nothing where either is not defined."""
    at = part.operating
    if at is None or math.isnan(at.sensitivity.value) or math.isnan(at.specificity.value):
        return ()
    return ((1 - at.specificity.value, at.sensitivity.value),)


def _graded(look: Look, part: Part, banded: bool) -> Curve:
    drawn = banded and part.curve.threshold.size
    band = roc_band(part.outcome, part.score) if drawn else None
    return Curve(
        look,
        part.scorer.name,
        words.interval(part.auc, part.low, part.high),
        part.curve.false_positive_rate,
        part.curve.sensitivity,
        (band.at, band.low, band.high) if band is not None and band.at.size else None,
        operating_point(part),
    )


def _binary(look: Look, part: Part) -> Curve:
    at, none = part.operating, np.empty(0)
    figure = words.DASH
    if at is not None:
        figure = f"{words.number(at.sensitivity.value)}, {words.number(at.specificity.value)}"
    return Curve(look, part.scorer.name, figure, none, none, points=operating_point(part), line=False)
