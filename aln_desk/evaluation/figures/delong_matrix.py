"""Fig 1: the p values of DeLong's test between all scorers, as a matrix for each cohort."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    ONE_AND_A_HALF,
    SINGLE,
    SMALL,
    TINY,
    board,
    explain,
    explained,
    letter,
    sheet,
    shortened,
    size_of,
    styled,
    told_apart,
    width_of,
    write_at,
)
from aln_desk.evaluation.look import GREY, INK
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.tables import words
from aln_desk.stats import delong

Colours = Literal["paper", "safe"]

STEPS = (0.001, 0.01, 0.05)
"""Where the colours change; a p of exactly a step belongs above it."""
COLOURS: dict[Colours, tuple[str, ...]] = {
    "paper": ("#c8382e", "#ee8a5b", "#fbd9a6", "#7fb88f"),  # red where models differ, green where they do not
    "safe": ("#08457e", "#3f8fc5", "#a9d0e8", "#f1f1f1"),  # one hue, darker for smaller: for every eye, and in grey
}

_HEAD, _NUMBERS, _FOOT, _GAP, _APART = 5.5, 3.2, 8.5, 4.0, 4.0
"""Millimetres: the cohort's name, the columns' numbers, the legend, between matrices downwards and sideways."""
_NAMES, _SMALLEST, _LARGEST = 30.0, 4.5, 9.0
"""Millimetres: the widest name before it is cut, the smallest cell whose figures can be read, and the largest."""


def shade(p: float, colours: Colours) -> str:
    """The colour of a cell; white for a p that is not defined."""
    if math.isnan(p):
        return "#ffffff"
    return COLOURS[colours][sum(p >= step for step in STEPS)]


@styled
def delong_figure(results: Results, correction: delong.Correction = "none", colours: Colours = "safe") -> Figure:
    """A matrix for each cohort: below its diagonal p, on it the AUC, above it the difference of AUC, row less column.

    ``correction`` "holm" corrects p for the pairs of one cohort, and the figure says so. Pairs are compared on the
    patients who have both scores.
    """
    names = [scorer.name for scorer in results.scorers]
    if len(names) < 2 or not results.cohorts:
        return explained("DeLong's test compares two scorers or more on a cohort; select another.")
    room = min(_NAMES, max(width_of(name, SMALL) for name in names)) + 7
    columns, width, cell = _layout(len(results.cohorts), len(names), room)
    side = len(names) * cell
    row = _HEAD + _NUMBERS + side + _GAP
    figure = sheet(width, -(-len(results.cohorts) // columns) * row + _FOOT)
    for place, cohort in enumerate(results.cohorts):
        left, top = room + place % columns * (side + _APART), place // columns * row
        if len(results.cohorts) > 1:
            letter(figure, left, top + 4, place)
        title = shortened(cohort.name, side - 4, BODY)
        write_at(figure, left + (4 if len(results.cohorts) > 1 else 0), top + 4, title, va="baseline")
        if place % columns == 0:
            _names(board(figure, 0, top + _HEAD + _NUMBERS, room, side), names, cell)
        _matrix(board(figure, left, top + _HEAD, side, _NUMBERS + side), results, cohort.name, correction, colours)
    _legend(figure, correction, colours)
    return figure


def _layout(cohorts: int, scorers: int, names: float) -> tuple[int, float, float]:
    """Matrices side by side, the figure's width and a cell's: as many as leave cells that can be read."""

    def largest(columns: int, width: float) -> float:
        return min(_LARGEST, (width - names - 1 - (columns - 1) * _APART) / columns / scorers)

    columns = next((n for n in (min(cohorts, 4), 3, 2) if n <= cohorts and largest(n, DOUBLE) >= _SMALLEST), 1)
    if cohorts == 4 and columns == 3:
        columns = 2
    width = next((w for w in (SINGLE, ONE_AND_A_HALF) if largest(columns, w) >= 7.0), DOUBLE)
    return columns, width, largest(columns, width)


def _names(area: Axes, names: Sequence[str], cell: float) -> None:
    """Each row's name and number, which stands for it above the columns."""
    room = area.get_xlim()[1]
    cut = told_apart(names, room - 6, SMALL)
    for place, name in enumerate(names):
        middle = (place + 0.5) * cell
        area.text(room - 1, middle, str(place + 1), fontsize=SMALL, ha="right", va="center_baseline", color=GREY)
        area.text(room - 5, middle, cut[name], fontsize=SMALL, ha="right", va="center_baseline")


def _matrix(area: Axes, results: Results, cohort: str, correction: delong.Correction, colours: Colours) -> None:
    """The cells, and a number above each column."""
    parts = results.of_cohort(cohort)
    if all(math.isnan(part.auc) for part in parts):
        explain(area, f"DeLong's test not defined: {parts[0].curve.reason or parts[0].reason}.")
        return
    found = results.delong(cohort, correction)
    cell = area.get_xlim()[1] / len(parts)
    for i, row in enumerate(parts):
        area.text((i + 0.5) * cell, 1.4, str(i + 1), fontsize=SMALL, ha="center", va="center_baseline", color=GREY)
        for j in range(len(parts)):
            p, difference = float(found.p[i, j]), float(found.difference[i, j])
            _cell(area, (i, j), cell, _text(i, j, row.auc, p, difference), shade(p, colours) if i > j else "#ffffff")


def _cell(area: Axes, at: tuple[int, int], cell: float, text: str, fill: str) -> None:
    i, j = at
    left, top = j * cell, _NUMBERS + i * cell
    edge = "#ffffff" if i > j else "#e4e4e4"
    area.add_patch(Rectangle((left, top), cell, cell, facecolor=fill, edgecolor=edge, clip_on=False))
    area.text(
        left + cell / 2, top + cell / 2, text, fontsize=SMALL if cell >= 7.0 else TINY if cell >= 5.6 else 4.0,
        ha="center", va="center_baseline", color=GREY if i < j else _ink(fill),
        fontweight="bold" if i == j else "normal",
    )  # fmt: skip


def _text(row: int, column: int, auc: float, p: float, difference: float) -> str:
    """Without the nought before the point, which would not fit."""
    if row == column:
        return _bare(words.number(auc))
    if row > column:
        return _bare(words.p_value(p))
    return words.DASH if math.isnan(difference) else _bare(words.number(difference))


def _bare(figure: str) -> str:
    return figure.replace("0.", ".", 1) if "0." in figure else figure


def _ink(fill: str) -> str:
    """White on dark cells, by the relative luminance of sRGB (WCAG 2)."""
    parts = [int(fill[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return "#ffffff" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.2 else INK


def _legend(figure: Figure, correction: delong.Correction, colours: Colours) -> None:
    width, height = size_of(figure)
    area = board(figure, 0, height - _FOOT, width, _FOOT)
    how = "Holm-corrected within the cohort" if correction == "holm" else "uncorrected"
    area.text(1, 2.2, f"p of DeLong's test, {how}:", fontsize=SMALL, va="center_baseline")
    left = 2.5 + width_of(f"p of DeLong's test, {how}:", SMALL)
    labels = [f"< {STEPS[0]}", f"< {STEPS[1]}", f"< {STEPS[2]}", f"≥ {STEPS[2]}"]
    for label, colour in zip(labels, COLOURS[colours], strict=True):
        if left + 5 + width_of(label, SMALL) > width:
            break
        area.add_patch(Rectangle((left, 0.9), 2.6, 2.6, facecolor=colour, edgecolor="#bbbbbb", linewidth=0.3))
        area.text(left + 3.4, 2.2, label, fontsize=SMALL, va="center_baseline")
        left += 6 + width_of(label, SMALL)
    below = "On the diagonal: AUC. Above it: difference of AUC, row less column."
    area.text(1, 6.2, shortened(below, width - 2, SMALL), fontsize=SMALL, va="center_baseline", color=GREY)
