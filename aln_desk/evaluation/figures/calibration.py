"""Calibration plots: what share of the patients with a probability is positive, and how many patients have it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aln_desk.evaluation.figures.curves import thinned
from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    ONE_AND_A_HALF,
    SINGLE,
    SMALL,
    TINY,
    explain,
    explained,
    guide,
    letter,
    plot,
    sheet,
    shortened,
    size_of,
    styled,
    told_apart,
    width_of,
    write_at,
)
from aln_desk.evaluation.look import GREY, INK, NEGATIVE, POSITIVE, Look, look
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.stats import calibration_curve
from aln_desk.stats.bootstrap import Estimate

BARS = 25
"""Bars of the histogram, from 0 to 1."""

_HEAD, _LEFT, _RIGHT, _BETWEEN, _STRIP, _UNDER, _FOOT = 15.5, 10.0, 3.0, 2.2, 7.0, 9.0, 4.5
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@styled
def calibration_figure(results: Results, cohort: str) -> Figure:
    """A panel for each scorer of probabilities on one cohort, up to four side by side.

    Dots are tenths of the patients by probability with Wilson's 95 % limits, the line is the lowess of R's
    ``val.prob``; beneath, how many positive (up) and negative (down) patients have each probability. Slope and
    intercept come with their 95 % limits. KeyError for a cohort that the results do not have.
    """
    shown = [(look(place), part) for place, part in enumerate(results.of_cohort(cohort)) if part.scorer.probability]
    if not shown:
        return explained(f"Calibration on {cohort} not defined: no scores are probabilities.")
    columns = min(len(shown), 4 if len(shown) > 6 or len(shown) == 4 else 3)
    width = {1: SINGLE, 2: ONE_AND_A_HALF}.get(columns, DOUBLE)
    cell = width / columns
    side = cell - _LEFT - _RIGHT
    row = _HEAD + side + _BETWEEN + _STRIP + _UNDER
    figure = sheet(width, -(-len(shown) // columns) * row + _FOOT)
    names = told_apart([part.scorer.name for _, part in shown], side, BODY)
    for place, (seen, part) in enumerate(shown):
        left, top = place % columns * cell, place // columns * row
        if len(shown) > 1:
            letter(figure, left + 1, top + 4, place)
        write_at(figure, left + _LEFT, top + 4, names[part.scorer.name], va="baseline")
        above = plot(figure, left + _LEFT, top + _HEAD, side, side)
        below = plot(figure, left + _LEFT, top + _HEAD + side + _BETWEEN, side, _STRIP)
        _figures(figure, left + _LEFT, top + 7.4, side + _RIGHT, part)
        _curve(above, part, seen)
        _histogram(below, part)
        above.set_ylabel("Observed share" if place % columns == 0 else "")
    _legend(figure, cohort, shown[0][1])
    return figure


def _curve(axes: Axes, part: Part, seen: Look) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=_TICKS, yticks=_TICKS)
    axes.tick_params(labelbottom=False)
    points = calibration_curve.curve(part.outcome, part.score, strategy="quantile")
    if points.reason:
        explain(axes, f"Calibration not defined: {points.reason}.")
        return
    guide(axes, (0, 1), (0, 1))
    smooth = calibration_curve.smooth(part.outcome, part.score)
    axes.plot(*thinned(axes, smooth.predicted, smooth.observed), color=seen.colour, zorder=2)
    axes.errorbar(
        points.predicted, points.observed, np.abs(np.stack([points.low, points.high]) - points.observed),
        fmt="o", color=seen.colour, markersize=3, markeredgecolor="white", markeredgewidth=0.4, elinewidth=0.6,
        capsize=0, zorder=3, clip_on=False,
    )  # fmt: skip


def _figures(figure: Figure, left: float, top: float, width: float, part: Part) -> None:
    """Slope, intercept, Brier score and expected calibration error, above the plot."""
    fit = calibration_curve.recalibration(part.outcome, part.score)
    brier = calibration_curve.brier(part.outcome, part.score)
    error = calibration_curve.curve(part.outcome, part.score).ece
    lines = [
        f"Slope {_interval(fit.slope)}",
        f"Intercept {_interval(fit.intercept)}",
        f"Brier score {words.number(brier.score)}, ECE {words.number(error)}",
    ]
    size = SMALL if max(width_of(line, SMALL) for line in lines) <= width else TINY
    for place, line in enumerate(lines):
        write_at(figure, left, top + 2.7 * place, line, size, GREY, va="baseline")


def _interval(estimate: Estimate) -> str:
    signed = min(estimate.low, estimate.high, estimate.value) < 0
    return words.interval(estimate.value, estimate.low, estimate.high, 2, signed)


def _histogram(axes: Axes, part: Part) -> None:
    inside = part.score[(part.score >= 0) & (part.score <= 1)]
    outcome = part.outcome[(part.score >= 0) & (part.score <= 1)].astype(bool)
    edges = np.linspace(0, 1, BARS + 1)
    up, _ = np.histogram(inside[outcome], edges)
    down, _ = np.histogram(inside[~outcome], edges)
    middle, width = (edges[1:] + edges[:-1]) / 2, 0.82 / BARS
    axes.bar(middle, up, width, color=POSITIVE, linewidth=0)
    axes.bar(middle, -down, width, color=NEGATIVE, linewidth=0)
    top, bottom = max(1, int(up.max())), max(1, int(down.max()))
    axes.set(xlim=(0, 1), ylim=(-1.08 * bottom, 1.08 * top), xticks=_TICKS, yticks=(-bottom, top), xlabel="Probability")
    axes.set_yticklabels([str(bottom), str(top)], fontsize=TINY)
    axes.axhline(0, color=INK, linewidth=0.4)


def _legend(figure: Figure, cohort: str, part: Part) -> None:
    width, height = size_of(figure)
    down = height - _FOOT + 1.2
    counted = f"{cohort} (n = {len(part.patients)}, {part.positive} positive)"
    write_at(figure, 1, down, shortened(counted, width - 47, SMALL), SMALL, GREY)
    write_at(figure, width - 45, down, "■", SMALL, POSITIVE)
    write_at(figure, width - 42, down, "positive patients", SMALL, GREY)
    write_at(figure, width - 22.5, down, "■", SMALL, NEGATIVE)
    write_at(figure, width - 19.5, down, "negative patients", SMALL, GREY)
