"""Panels of curves, one a cohort, side by side, each with its key beneath: what ROC, PR and decision curves share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    ONE_AND_A_HALF,
    SINGLE,
    SMALL,
    THIN,
    board,
    explain,
    letter,
    plot,
    sheet,
    shortened,
    size_of,
    told_apart,
    width_of,
    write_at,
)
from aln_desk.evaluation.look import GREY, INK, Look, look
from aln_desk.evaluation.results import Part, Results
from aln_desk.stats.ranks import Floats

AT_MOST_BANDS = 4
"""Up to so many curves in a panel have their bands; more would cover each other."""

_HEAD, _LEFT, _RIGHT, _UNDER, _ROW, _GAP = 6.5, 10.5, 3.5, 9.5, 2.9, 5.0
"""Millimetres: over a plot, left and right of it, its axis beneath, a row of the key, and between rows of panels."""
_CELLS = 4000
"""Of the grid across a plot in which points are thinned: a fiftieth of a millimetre."""
_SPACE = 0.35
"""Rows of the key left free before each group."""
_SHADE = 0.13
"""How opaque a band is, where a few overlap."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line (k,) with its ``band`` (places, low, high) and marked ``points``, and its line in the key.

    ``x`` is empty where there is nothing to draw: the key then says ``figure`` alone.
    """

    look: Look
    name: str
    figure: str
    x: Floats
    y: Floats
    band: tuple[Floats, Floats, Floats] | None = None
    points: tuple[tuple[float, float], ...] = ()
    line: bool = True
    stepped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Lines of the key under one heading, what their figures are."""

    heading: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One cohort: its name and how many patients it has, which is never cut.

    ``reason`` is a sentence where no curve is defined; ``beneath`` draws what curves lie upon.
    """

    title: str
    count: str
    groups: tuple[Group, ...]
    reason: str = ""
    beneath: Callable[[Axes], None] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes that all panels share; ``aspect`` is height over width of a plot."""

    x: str
    y: str
    xlim: tuple[float, float] = (0.0, 1.0)
    ylim: tuple[float, float] = (0.0, 1.0)
    xticks: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    yticks: tuple[float, ...] | None = field(default=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    aspect: float = 1.0


def curves_figure(panels: Sequence[Panel], frame: Frame, notes: Sequence[str] = ()) -> Figure:
    """The panels: one fills a journal's column, two a column and a half, three its whole width; four are two by two."""
    columns = {1: 1, 2: 2, 4: 2}.get(len(panels), 3)
    width = {1: SINGLE, 2: ONE_AND_A_HALF, 3: DOUBLE}[columns]
    cell = width / columns
    side = cell - _LEFT - _RIGHT
    tall = side * frame.aspect
    key = max((sum(_rows(group) for group in panel.groups) for panel in panels), default=0) * _ROW
    row = _HEAD + tall + _UNDER + key
    rows = -(-len(panels) // columns)
    foot = _ROW * len(notes) + (1.0 if notes else 0.0)
    figure = sheet(width, rows * row + (rows - 1) * _GAP + foot + 2)
    for place, panel in enumerate(panels):
        left, top = place % columns * cell, place // columns * (row + _GAP)
        if len(panels) > 1:
            letter(figure, left + 1, top + 4, place)
        title = shortened(panel.title, side - width_of(panel.count, BODY), BODY)
        write_at(figure, left + _LEFT, top + 4, title + panel.count, va="baseline")
        axes = plot(figure, left + _LEFT, top + _HEAD, side, tall)
        _draw(axes, panel, frame)
        _key(board(figure, left, top + _HEAD + tall + _UNDER, cell, max(key, 1)), panel, cell)
    for line, note in enumerate(notes):
        write_at(figure, 1, size_of(figure)[1] - foot + line * _ROW, shortened(note, width - 2, SMALL), SMALL, GREY)
    return figure


def of_cohorts(results: Results, panel: Callable[[str, list[tuple[Look, Part]]], Panel]) -> list[Panel]:
    """A panel for each cohort, from its name and its parts, each with its scorer's look."""
    return [
        panel(cohort.name, [(look(place), part) for place, part in enumerate(results.of_cohort(cohort.name))])
        for cohort in results.cohorts
    ]


def counted(parts: Sequence[Part]) -> str:
    """`` (n = 273, 184 positive)``; of different sets of patients the largest."""
    largest = max(parts, key=lambda part: len(part.patients), default=None)
    return f" (n = {len(largest.patients)}, {largest.positive} positive)" if largest is not None else ""


def nothing(parts: Sequence[Part], what: str) -> str:
    """Why a panel has no curve: a sentence with the parts' reasons."""
    reasons = dict.fromkeys(part.curve.reason or part.reason for part in parts if part.curve.reason or part.reason)
    return f"{what} not defined: {'; '.join(reasons)}." if reasons else f"{what} not defined."


def _rows(group: Group) -> float:
    """Lines that a group takes in the key, with its heading and the space before it."""
    return len(group.curves) + (1.0 + _SPACE if group.heading else _SPACE) if group.curves else 0.0


def _draw(axes: Axes, panel: Panel, frame: Frame) -> None:
    axes.set(xlim=frame.xlim, ylim=frame.ylim, xlabel=frame.x, ylabel=frame.y, xticks=frame.xticks)
    if frame.yticks is not None:
        axes.set_yticks(frame.yticks)
    if panel.reason:
        explain(axes, panel.reason)
        return
    if panel.beneath is not None:
        panel.beneath(axes)
    curves = [curve for group in panel.groups for curve in group.curves]
    shade = _SHADE if sum(curve.band is not None for curve in curves) <= AT_MOST_BANDS else _SHADE / 2
    for order, curve in enumerate(curves):
        _line(axes, curve, shade, 2 + order * 0.01)
    for order, curve in enumerate(curves):
        _points(axes, curve, 3 + order * 0.01)


def thinned(axes: Axes, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The points (k,) that can be seen: of more than `_CELLS`, the first and last of each stay in one cell of a grid.

    A line of 100,000 patients would otherwise weigh megabytes in every file.
    """
    if x.size <= _CELLS:
        return x, y
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    place = np.stack([(x - left) / (right - left), (y - low) / (high - low)])
    moved = (np.diff(np.floor(place * _CELLS)) != 0).any(axis=0)
    seen = np.concatenate([[True], moved]) | np.concatenate([moved, [True]])
    return x[seen], y[seen]


def _line(axes: Axes, curve: Curve, shade: float, order: float) -> None:
    if curve.band is not None:
        axes.fill_between(*curve.band, color=curve.look.colour, alpha=shade, linewidth=0, zorder=1.5)
    if curve.line and curve.x.size:
        (line,) = axes.plot(
            *thinned(axes, curve.x, curve.y), color=curve.look.colour, dashes=curve.look.dashes or (None, None),
            zorder=order, drawstyle="steps-pre" if curve.stepped else "default", clip_on=_leaves(axes, curve),
            label=curve.name,
        )  # fmt: skip
        line.set_solid_joinstyle("round")


def _leaves(axes: Axes, curve: Curve) -> bool:
    """Whether a line leaves the frame and must be cut; one that runs along its edge must not be."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    inside = ((curve.y >= low) & (curve.y <= high) & (curve.x >= left) & (curve.x <= right)).all()
    return not inside


def _points(axes: Axes, curve: Curve, order: float) -> None:
    for x, y in curve.points:
        axes.plot(
            [x], [y], linestyle="none", marker=curve.look.marker, markersize=4, markerfacecolor=curve.look.colour,
            markeredgecolor="white", markeredgewidth=0.5, clip_on=False, zorder=order,
        )  # fmt: skip


def _key(area: Axes, panel: Panel, width: float) -> None:
    """Under each heading a row a curve: how it looks, its name, its figure at the right."""
    right, down = width - _RIGHT, 0.0
    names = [curve.name for group in panel.groups for curve in group.curves]
    for group in panel.groups:
        if not group.curves:
            continue
        down += _SPACE * _ROW
        if group.heading:
            area.text(right, down + _ROW / 2, group.heading, fontsize=SMALL, color=GREY, ha="right", va="center")
            down += _ROW
            area.plot([1.5, right], [down, down], color=GREY, linewidth=THIN * 0.6)
        for curve in group.curves:
            _swatch(area, curve, down + _ROW / 2)
            _words(area, curve, names, right, down + _ROW / 2)
            down += _ROW


def _words(area: Axes, curve: Curve, names: Sequence[str], right: float, middle: float) -> None:
    room = right - _LEFT - width_of(curve.figure, SMALL) - 1.5
    name = told_apart(names, room, SMALL)[curve.name]
    area.text(_LEFT, middle, name, fontsize=SMALL, va="center_baseline")
    area.text(right, middle, curve.figure, fontsize=SMALL, ha="right", va="center_baseline", color=INK)


def _swatch(area: Axes, curve: Curve, middle: float) -> None:
    if curve.line:
        area.add_line(
            Line2D([1.5, 8.7], [middle] * 2, color=curve.look.colour, dashes=curve.look.dashes or (None, None))
        )
    if curve.points or not curve.line:
        area.add_line(
            Line2D(
                [5.1], [middle], linestyle="none", marker=curve.look.marker, markersize=4, markeredgecolor="white",
                markeredgewidth=0.5, markerfacecolor=curve.look.colour,
            )
        )  # fmt: skip
