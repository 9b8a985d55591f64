"""Fig 3, precision-recall curves: what share of those called positive are, at each share of the positives found."""

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
from aln_desk.evaluation.figures.roc import by_kind
from aln_desk.evaluation.figures.style import explained, styled
from aln_desk.evaluation.look import GREY, Look
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.stats import roc
from aln_desk.stats.bands import precision_band

_FRAME = Frame("Recall (sensitivity)", "Precision (positive predictive value)")
_PREVALENCE = Look(GREY, (2.0, 1.5), "")


@styled
def precision_recall_figure(results: Results, bands: bool | None = None) -> Figure:
    """A panel for each cohort: curves as steps, as average precision counts them, and the prevalence as a grey line.

    Beneath stands the average precision with its 95 % bootstrap interval; bands as in `roc_figure`. Readers who only
    say yes or no are points.
    """
    panels = of_cohorts(results, lambda cohort, parts: _panel(cohort, parts, bands))
    if not panels:
        return explained("No cohort is selected.")
    return curves_figure(panels, _FRAME)


def _panel(cohort: str, parts: list[tuple[Look, Part]], bands: bool | None) -> Panel:
    only = [part for _, part in parts]
    graded, binary = by_kind(parts)
    banded = len(graded) <= AT_MOST_BANDS if bands is None else bands
    largest = max(only, key=lambda part: len(part.patients), default=None)
    prevalence = largest.positive / len(largest.patients) if largest is not None and largest.patients else math.nan
    defined = any(part.curve.threshold.size for part in only)
    return Panel(
        cohort,
        counted(only),
        (
            Group("Average precision (95 % CI)", tuple(_graded(look, part, banded) for look, part in graded)),
            Group("Sensitivity, PPV", tuple(_binary(*pair) for pair in binary)),
            Group("", (_prevalence(prevalence),) if defined else ()),
        ),
        "" if defined else nothing(only, "Precision-recall curve"),
    )


def _prevalence(share: float) -> Curve:
    return Curve(_PREVALENCE, "Prevalence", words.number(share), np.array([0.0, 1.0]), np.array([share, share]))


def _graded(look: Look, part: Part, banded: bool) -> Curve:
    curve = roc.precision_recall(part.outcome, part.score)
    area = roc.average_precision_interval(part.outcome, part.score)
    band = precision_band(part.outcome, part.score) if banded else None
    first = curve.precision[:1]
    return Curve(
        look,
        part.scorer.name,
        words.interval(curve.average_precision, area.low, area.high),
        np.append(np.zeros(first.size), curve.recall),
        np.append(first, curve.precision),
        (band.at, band.low, band.high) if band is not None and band.at.size else None,
        _point(part),
        stepped=True,
    )


def _binary(look: Look, part: Part) -> Curve:
    at, none = part.operating, np.empty(0)
    figure = words.DASH
    if at is not None:
        figure = f"{words.number(at.sensitivity.value)}, {words.number(at.ppv.value)}"
    return Curve(look, part.scorer.name, figure, none, none, points=_point(part), line=False)


def _point(part: Part) -> tuple[tuple[float, float], ...]:
    """(Sensitivity, positive predictive value) at the threshold; nothing where either is not defined."""
    at = part.operating
    if at is None or math.isnan(at.sensitivity.value) or math.isnan(at.ppv.value):
        return ()
    return ((at.sensitivity.value, at.ppv.value),)
