"""Fig S3: a logistic model as a nomogram, to be read with a ruler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aln_desk.domain.patient import variable_words
from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    SMALL,
    THIN,
    board,
    explained,
    sheet,
    styled,
    width_of,
    wrapped,
)
from aln_desk.evaluation.look import FAINT, GREY, INK
from aln_desk.stats.logistic import number_of
from aln_desk.stats.nomogram import IMAGE, LONGEST, Nomogram, Tick

_LEFT, _RIGHT, _EDGE = 36.0, 6.0, 1.0
"""Millimetres: left of the axes, right of them, above and below all."""
_OVER, _UNDER, _LINE, _TICK = 3.2, 5.2, 2.4, 1.1
"""Millimetres: what an axis takes above and below, a line of words at its marks, and a mark."""
_TIERS = (0, -1, 1, -2, 2)
"""Where a mark's words may stand: in the line beneath the axis, in the first over it, and one further."""
_APART, _FEW = 1.2, 5
"""Millimetres between two words of a line; up to so many numbers are names, such as stages."""


class _Mark(NamedTuple):
    """A mark, millimetres from the left, its words (may be empty) and their tier."""

    x: float
    words: str
    tier: int


@dataclass(frozen=True, slots=True)
class _Line:
    """An axis as it is drawn: what stands at its left, its marks, and whether halves are marked too."""

    title: str
    marks: tuple[_Mark, ...]
    halves: bool = False

    @property
    def over(self) -> float:
        """Room above the axis."""
        return _OVER + _LINE * max(0, *(-mark.tier for mark in self.marks), 0)

    @property
    def under(self) -> float:
        """Room below the axis."""
        return _UNDER + _LINE * max(0, *(mark.tier for mark in self.marks), 0)


@styled
def nomogram_figure(nomogram: Nomogram, probability: str = "Probability of a positive node") -> Figure:
    """The scale of points on top, an axis for each variable, the total of points and the probability that goes with it.

    To be read so: from each of a patient's values straight up to the points; their sum, on the axis of total points,
    stands over the probability. Marks of numbers that lie close together are not all labelled.
    """
    if nomogram.reason or not nomogram.axes:
        return explained(f"Nomogram not defined: {nomogram.reason or 'the model has no variables'}.", DOUBLE)
    lines = _lines(nomogram, probability)
    height = sum(line.over + line.under for line in lines) + 2 * _EDGE
    figure = sheet(DOUBLE, height)
    area = board(figure, 0, 0, DOUBLE, height)
    down, places = _EDGE, []
    for line in lines:
        places.append(down + line.over)
        down += line.over + line.under
    for mark in lines[0].marks:
        area.plot([mark.x, mark.x], [places[0], places[-3]], color=FAINT, linewidth=0.4, zorder=0.5)
    for line, y in zip(lines, places, strict=True):
        _axis(area, line, y)
    return figure


def _lines(nomogram: Nomogram, probability: str) -> list[_Line]:
    """All axes from top to bottom; probabilities that no total of points reaches have no mark."""
    width = DOUBLE - _LEFT - _RIGHT
    points = [Tick(str(mark), float(mark)) for mark in range(0, int(LONGEST) + 1, 10)]
    most = nomogram.total[-1].points
    reached = [tick for tick in nomogram.probability if 0 <= tick.points <= most]
    return [
        _Line("Points", _marks(points, width / LONGEST), halves=True),
        *(_Line(_title(axis.variable), _marks(axis.ticks, width / LONGEST)) for axis in nomogram.axes),
        _Line("Total points", _marks(nomogram.total, width / most), halves=True),
        _Line(probability, _marks(reached, width / most)),
    ]


def _title(variable: str) -> str:
    return "Images (logit)" if variable == IMAGE else variable_words(variable)


def _marks(ticks: Sequence[Tick], scale: float) -> tuple[_Mark, ...]:
    """The marks at ``scale`` millimetres a point, from left to right.

    Numbers stay in the line beneath the axis: one that has no room there has no words, but the last always has. Names
    move to the next tier that has room, and where none has they stand in the last.
    """
    ordered = sorted((_LEFT + tick.points * scale, tick.label) for tick in ticks)
    numbers = all(number_of(label) is not None for _, label in ordered)
    tiers = _TIERS[:1] if numbers and len(ordered) > _FEW else _TIERS
    ends = dict.fromkeys(tiers, -math.inf)
    marks: list[_Mark] = []
    last = ordered[-1][0] - width_of(ordered[-1][1], SMALL) / 2 if ordered else 0.0
    for place, (x, words) in enumerate(ordered):
        half = width_of(words, SMALL) / 2
        tier = next((tier for tier in tiers if x - half > ends[tier] + _APART), None)
        crowds = len(tiers) == 1 and place < len(ordered) - 1 and x + half + _APART > last
        if tier is None or crowds:
            tier, words = (0, "") if len(tiers) == 1 and place < len(ordered) - 1 else (tiers[-1], words)
        if words:
            ends[tier] = x + half
        marks.append(_Mark(x, words, tier))
    return tuple(marks)


def _axis(area: Axes, line: _Line, y: float) -> None:
    area.text(1, y, wrapped(line.title, _LEFT - 6, BODY, 2), fontsize=BODY, va="center", linespacing=1.1)
    if not line.marks:
        area.text(_LEFT, y, "none of the probabilities is reached", fontsize=SMALL, color=GREY, va="center_baseline")
        return
    places = [mark.x for mark in line.marks]
    area.plot([places[0], places[-1]], [y, y], color=INK, linewidth=THIN * 1.4, solid_capstyle="butt")
    if line.halves:
        for first, second in pairwise(places):
            area.plot([(first + second) / 2] * 2, [y, y + _TICK * 0.6], color=INK, linewidth=THIN * 0.8)
    for x, words, tier in line.marks:
        over = tier < 0
        area.plot([x, x], [y, y + (-_TICK if over else _TICK)], color=INK, linewidth=THIN * 1.2)
        base = y - 1.7 + (tier + 1) * _LINE if over else y + 3.1 + tier * _LINE
        area.text(x, base, words, fontsize=SMALL, ha="center", va="baseline")
