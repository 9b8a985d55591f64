"""Fig 3, decision curves: the net benefit of treating by each model, of treating all patients, and none."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    of_cohorts,
)
from aln_desk.evaluation.figures.style import explained, styled
from aln_desk.evaluation.look import GREY, INK, Look
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.stats import decision

THRESHOLDS = np.arange(100) / 100
"""Threshold probabilities drawn, (100,): 0 to 0.99."""

_ALL, _NONE = Look(GREY, (3.0, 1.5), ""), Look(INK, (), "")
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@styled
def decision_figure(results: Results, bands: bool | None = None) -> Figure:
    """A panel for each cohort, and beneath the net benefit with its 95 % interval at the scorer's own threshold.

    Scores that are no probabilities have no decision curve: the figure's last line names those scorers. Bands are
    pointwise 95 % limits (`stats.decision`), by default where a panel has at most four curves. Below a net benefit of
    a tenth of the axis the curves are cut.
    """
    panels = of_cohorts(results, lambda cohort, parts: _panel(cohort, parts, bands))
    if not panels:
        return explained("No cohort is selected.")
    highest = max((_prevalence(part) for part in results.parts.values() if part.patients), default=1.0)
    top = max(0.2, math.ceil(highest * 1.05 * 10) / 10)
    ticks = tuple(tick for tick in _TICKS if tick <= top) if top > 0.4 else tuple(np.arange(0, top + 0.01, 0.1))
    frame = Frame("Threshold probability", "Net benefit", ylim=(-0.1 * top, top), yticks=ticks, aspect=0.85)
    return curves_figure(panels, frame, _left_out(results))


def _panel(cohort: str, parts: list[tuple[Look, Part]], bands: bool | None) -> Panel:
    asked = [(look, part) for look, part in parts if part.scorer.probability]
    drawn = [(look, part, _curve(part)) for look, part in asked]
    banded = len(drawn) <= AT_MOST_BANDS if bands is None else bands
    only = [part for _, part in asked]
    reason = _reason(only)
    curves = tuple(_model(look, part, curve, banded) for look, part, curve in drawn)
    return Panel(
        cohort,
        counted(only or [part for _, part in parts]),
        (Group("Net benefit at threshold (95 % CI)", curves), Group("", _extremes([curve for _, _, curve in drawn]))),
        reason,
    )


def _reason(parts: Sequence[Part]) -> str:
    """Why a panel has no curve; empty where it has one."""
    if not parts:
        return "Decision curve not defined: no scores are probabilities."
    reasons = dict.fromkeys(decision.why_undefined(part.outcome, part.score) for part in parts)
    return "" if "" in reasons else f"Decision curve not defined: {'; '.join(reasons)}."


def _curve(part: Part) -> decision.DecisionCurve:
    return decision.curve(part.outcome, part.score, THRESHOLDS)


def _model(look: Look, part: Part, curve: decision.DecisionCurve, banded: bool) -> Curve:
    model = curve.model
    defined = not np.isnan(model.value).all()
    at, figure = _own(part)
    return Curve(
        look,
        part.scorer.name,
        figure,
        curve.threshold if defined else np.empty(0),
        model.value if defined else np.empty(0),
        (curve.threshold, model.low, model.high) if banded and defined else None,
        at,
    )


def _own(part: Part) -> tuple[tuple[tuple[float, float], ...], str]:
    """Where the scorer's own threshold lies on its curve, and the net benefit there in words."""
    if not 0 <= part.threshold < 1:
        return (), words.DASH
    here = decision.curve(part.outcome, part.score, [part.threshold]).model
    value, low, high = (float(numbers[0]) for numbers in (here.value, here.low, here.high))
    point = ((part.threshold, value),) if not math.isnan(value) else ()
    return point, words.interval(value, low, high, signed=low < 0)


def _extremes(curves: Sequence[decision.DecisionCurve]) -> tuple[Curve, ...]:
    """Treating all and treating none, of the patients of the first curve that is defined."""
    for curve in curves:
        if not np.isnan(curve.treat_all.value).all():
            return (
                Curve(_ALL, "Treat all", "", curve.threshold, curve.treat_all.value),
                Curve(_NONE, "Treat none", "", curve.threshold, curve.treat_none),
            )
    return ()


def _prevalence(part: Part) -> float:
    return part.positive / len(part.patients)


def _left_out(results: Results) -> tuple[str, ...]:
    names = [scorer.name for scorer in results.scorers if not scorer.probability]
    return (f"Without a curve, as their scores are no probabilities: {', '.join(names)}.",) if names else ()
