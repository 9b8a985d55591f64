"""The subgroup forest plot: a scorer's AUC in every subgroup of a cohort, with the figures in columns beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    SMALL,
    THIN,
    board,
    explained,
    plot,
    sheet,
    shortened,
    styled,
    wrapped,
    write_at,
)
from aln_desk.evaluation.look import FAINT, GREY, INK, look
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.subgroup_table import Subgroup

_TITLE, _HEAD, _ROW, _UNDER = 6.5, 6.0, 4.0, 10.0
_NAMES, _COUNTS, _PLOT, _RIGHT = 1.0, (52.0, 68.0), (78.0, 74.0), 156.0
"""Millimetres: where names begin, where patients and positives are centred, where the plot lies and how wide it is,
where the AUC begins."""


@styled
def forest_figure(groups: Sequence[Subgroup], title: str) -> Figure:
    """All patients as a diamond, then a square for each subgroup, with 95 % limits; ``title`` says of whom and where.

    The rows are those of `subgroup_table.subgroups`. A square's area grows with the patients.
    """
    if not groups or not any(group.n for group in groups):
        return explained("Subgroups not defined: no patient with an outcome and a score.")
    rows = _rows(groups)
    tall = len(rows) * _ROW
    figure = sheet(DOUBLE, _TITLE + _HEAD + tall + _UNDER)
    write_at(figure, _NAMES, 4.2, shortened(title, DOUBLE - 2, BODY), va="baseline")
    area = board(figure, 0, _TITLE, DOUBLE, _HEAD + tall)
    axes = plot(figure, _PLOT[0], _TITLE + _HEAD, _PLOT[1], tall)
    _header(area)
    _scale(axes, groups)
    largest = max((group.n for group in groups if group.variable), default=1)
    for place, row in enumerate(rows):
        _line(area, row, _HEAD + (place + 0.5) * _ROW)
        if isinstance(row, Subgroup):
            _mark(axes, row, place + 0.5, max(largest, 1))
    return figure


def _rows(groups: Sequence[Subgroup]) -> list[Subgroup | str]:
    """The subgroups, each variable's under its name."""
    rows: list[Subgroup | str] = []
    variable = ""
    for group in groups:
        if group.variable != variable:
            variable = group.variable
            rows.append(variable)
        rows.append(group)
    return rows


def _header(area: Axes) -> None:
    for left, text, side in (
        (_NAMES, "Subgroup", "left"),
        (_COUNTS[0], "Patients", "center"),
        (_COUNTS[1], "Positive (%)", "center"),
        (_RIGHT, "AUC (95 % CI)", "left"),
    ):
        area.text(left, _HEAD - 2.4, text, fontsize=SMALL, fontweight="bold", ha=side, va="baseline")
    area.plot([_NAMES, DOUBLE - 1], [_HEAD - 0.9] * 2, color=INK, linewidth=THIN)


def _line(area: Axes, row: Subgroup | str, middle: float) -> None:
    """The words of a row, left and right of the plot; a variable's name stands alone."""
    heading = isinstance(row, str) or not row.variable
    label, indent = row if isinstance(row, str) else row.label, 0.0 if heading else 3.0
    area.text(
        _NAMES + indent, middle, shortened(label, _COUNTS[0] - 8 - indent, SMALL), fontsize=SMALL,
        va="center_baseline", fontweight="bold" if heading else "normal",
    )  # fmt: skip
    if isinstance(row, str):
        return
    for centre, text in zip(_COUNTS, (str(row.n), words.share(row.positive, row.n)), strict=True):
        area.text(centre, middle, text, fontsize=SMALL, ha="center", va="center_baseline")
    figure = words.interval(row.auc, row.low, row.high)
    area.text(_RIGHT, middle, figure, fontsize=SMALL, va="center_baseline")


def _scale(axes: Axes, groups: Sequence[Subgroup]) -> None:
    """From a tenth that lies below every limit, at most 0.5, to 1; a line at chance and one at all patients' AUC."""
    known = [number for group in groups for number in (group.auc, group.low) if not math.isnan(number)]
    left = max(0.0, min(0.5, math.floor(min(known, default=0.5) * 10 + 1e-9) / 10))
    axes.set(xlim=(left, 1.0), ylim=(len(_rows(groups)), 0), xlabel="AUC", yticks=[])
    axes.set_xticks([k / 10 for k in range(round(left * 10), 11)])
    axes.spines["left"].set_visible(False)
    axes.axvline(0.5, color=FAINT, linewidth=THIN * 1.6, zorder=0.5)
    whole = next((group.auc for group in groups if not group.variable), math.nan)
    if not math.isnan(whole):
        axes.axvline(whole, color=GREY, linewidth=THIN, dashes=(3, 2), zorder=0.6)


def _mark(axes: Axes, group: Subgroup, middle: float, largest: int) -> None:
    if math.isnan(group.auc):
        text = wrapped(f"not defined: {group.reason}" if group.reason else "not defined", _PLOT[1] - 6, SMALL, 1)
        axes.text(
            axes.get_xlim()[0] + 0.02, middle, text, fontsize=SMALL, color=GREY, va="center_baseline",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
        return
    if not group.variable and group.low < group.high:
        x, y = [group.low, group.auc, group.high, group.auc], [middle, middle - 0.28, middle, middle + 0.28]
        axes.fill(x, y, color=INK, linewidth=0, zorder=3, clip_on=False)
        return
    if not math.isnan(group.low):
        axes.plot([group.low, group.high], [middle] * 2, color=INK, linewidth=0.8, zorder=2, clip_on=False)
    size = 2.2 + 3.6 * math.sqrt(min(1.0, group.n / largest))
    axes.plot(
        [group.auc], [middle], "s", markersize=size, color=look(0).colour, markeredgewidth=0, zorder=3, clip_on=False
    )
