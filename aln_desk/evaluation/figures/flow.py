"""The STARD diagram: how patients flow through a study, as boxes and arrows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    SMALL,
    THIN,
    board,
    explained,
    sheet,
    styled,
    wrapped,
)
from aln_desk.evaluation.look import GREY, INK

_ROUND, _PAD, _DOWN, _EDGE = 0.6, 1.3, 6.0, 1.0
"""Millimetres: the boxes' corners, the room around text, between a box and the next below, the sheet's margin."""
_WIDEST, _NARROW = 58.0, 24.0
"""Millimetres: a box at most; a box narrower than the second has smaller text."""
_BESIDE, _BELOW, _NOTE = 4.0, 1.5, 3.2
"""Millimetres: between the line down and a side box, from a box down to its side box, a note's line."""
_SPACING = 1.25
_INDENT = "\N{EN SPACE}"
_POINT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Box:
    """Patients at one place of the study: ``text`` says who they are, ``count`` how many, as ``(n = 273)``.

    ``excluded`` are those who leave behind this box, by reason, told in a box at the side; a count of 0 is told too.
    ``then`` are the boxes that follow, left to right.
    """

    text: str
    count: int
    excluded: tuple[tuple[str, int], ...] = ()
    then: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole diagram, from its first box; ``notes`` stand beneath, a sentence each."""

    first: Box | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A box with its words (wrapped), depth from 0, and the strip of the sheet that is its own, millimetres."""

    box: Box
    text: str
    aside: str
    depth: int
    left: float
    width: float
    parent: int
    size: float

    @property
    def centre(self) -> float:
        return self.left + self.width / 2

    @property
    def box_width(self) -> float:
        return min(_WIDEST, self.width - 2.0)

    @property
    def aside_width(self) -> float:
        return _aside_width(self.width)


@styled
def flow_figure(flow: Flow) -> Figure:
    """Boxes from top to bottom over a journal's whole width; those of one depth stand in a row."""
    if flow.first is None:
        return explained("No patients, so no flow to draw.")
    placed = list(_place(flow.first, 0, _EDGE, DOUBLE - 2 * _EDGE, -1, [0]))
    tops, heights, bottom = _rows(placed)
    height = bottom + _EDGE + _NOTE * len(flow.notes)
    figure = sheet(DOUBLE, height)
    area = board(figure, 0, 0, DOUBLE, height)
    for each in placed:
        _draw(area, each, tops[each.depth], heights[each.depth])
        if each.parent >= 0:
            above = placed[each.parent]
            _join(area, above.centre, tops[above.depth] + heights[above.depth], each.centre, tops[each.depth])
    for line, note in enumerate(flow.notes):
        text = wrapped(note, DOUBLE - 2, SMALL, 1)
        area.text(_EDGE, bottom + 2.6 + _NOTE * line, text, fontsize=SMALL, color=GREY, va="center_baseline")
    return figure


def _rows(placed: Sequence[_Placed]) -> tuple[list[float], list[float], float]:
    """Where the boxes of each depth begin and how tall they are, and where the last row, with side boxes, ends."""
    tops, heights, bottom = [], [], _EDGE - _DOWN
    for depth in range(1 + max(each.depth for each in placed)):
        row = [each for each in placed if each.depth == depth]
        tops.append(bottom + _DOWN)
        heights.append(max(_tall(each.text, each.size) for each in row))
        aside = max((_tall(each.aside, SMALL) + _BELOW for each in row if each.aside), default=0.0)
        bottom = tops[-1] + heights[-1] + aside
    return tops, heights, bottom


def _place(box: Box, depth: int, left: float, width: float, parent: int, count: list[int]) -> Iterator[_Placed]:
    """The box and all that follow, each strip parted among the boxes that follow by their leaves."""
    number = count[0]
    count[0] += 1
    size = BODY if width - 2.0 >= _NARROW else SMALL
    room = min(_WIDEST, width - 2.0) - 2 * _PAD
    text = f"{wrapped(box.text, room, size, 5)}\n{_counted(box.count)}"
    aside = _excluded(box, _aside_width(width) - 2 * _PAD) if box.excluded else ""
    yield _Placed(box, text, aside, depth, left, width, parent, size)
    leaves = [_leaves(each) for each in box.then]
    for each, share in zip(box.then, leaves, strict=True):
        strip = width * share / sum(leaves)
        yield from _place(each, depth + 1, left, strip, number, count)
        left += strip


def _excluded(box: Box, room: float) -> str:
    """Who leaves, and why: a reason's lines are set in."""
    lines = [f"Excluded {_counted(sum(n for _, n in box.excluded))}"]
    for reason, n in box.excluded:
        lines += [f"{_INDENT}{line}" for line in wrapped(f"{reason} {_counted(n)}", room - 1.5, SMALL, 3).split("\n")]
    return "\n".join(lines)


def _counted(n: int) -> str:
    """``(n = 273)``, which no line break parts."""
    return f"(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{n})"


def _aside_width(strip: float) -> float:
    """A side box reaches from beside the middle of its strip to where the boxes in the strip end."""
    return min(_WIDEST, strip / 2 - _BESIDE - 1.0)


def _leaves(box: Box) -> int:
    return sum(_leaves(each) for each in box.then) or 1


def _tall(text: str, size: float) -> float:
    """Height of a box around this text, millimetres."""
    return (text.count("\n") + 1) * size * _SPACING * _POINT + 2 * _PAD


def _draw(area: Axes, each: _Placed, top: float, height: float) -> None:
    _box(area, each.centre - each.box_width / 2, top, each.box_width, height)
    area.text(
        each.centre, top + height / 2, each.text, fontsize=each.size, ha="center", va="center", linespacing=_SPACING
    )
    if not each.aside:
        return
    left, tall = each.centre + _BESIDE, _tall(each.aside, SMALL)
    upper = top + height + _BELOW
    _box(area, left, upper, each.aside_width, tall, GREY)
    area.text(left + _PAD, upper + tall / 2, each.aside, fontsize=SMALL, va="center", linespacing=_SPACING, color=INK)
    _arrow(area, (each.centre, upper + tall / 2), (left, upper + tall / 2))
    if not each.box.then:
        area.plot([each.centre] * 2, [top + height, upper + tall / 2], color=INK, linewidth=THIN)


def _box(area: Axes, left: float, top: float, width: float, height: float, edge: str = INK) -> None:
    area.add_patch(
        FancyBboxPatch(
            (left, top), width, height, boxstyle=f"round,pad=0,rounding_size={_ROUND}", facecolor="white",
            edgecolor=edge, linewidth=THIN * 1.2,
        )
    )  # fmt: skip


def _join(area: Axes, x: float, y: float, to_x: float, to_y: float) -> None:
    """From a box's foot down, across where the next stands aside, and by an arrow to its head."""
    bend = to_y - _DOWN / 2
    if abs(x - to_x) > 0.01:
        area.plot([x, x, to_x], [y, bend, bend], color=INK, linewidth=THIN * 1.4, solid_joinstyle="miter")
        y = bend
    _arrow(area, (to_x, y), (to_x, to_y))


def _arrow(area: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    area.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>,head_length=2.6,head_width=1.3", mutation_scale=1, shrinkA=0, shrinkB=0,
            color=INK, linewidth=THIN * 1.4,
        )
    )  # fmt: skip
