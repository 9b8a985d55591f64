"""How a finished table fits the room on its card: on one line, folded, or without the limits behind its figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtGui import QFont, QFontMetrics

from aln_desk.evaluation.tables.table import Table, is_heading
from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes

MARGIN = 4
"""Pixels on either side of a column's words."""
STEP = "   "
"""Stands before a row's name for each step that it is indented."""
_BELOW = 10
"""Pixels of the second line's font."""
_LEAST_NAME = 100
"""Pixels to which names are cut down where columns would not fit otherwise."""
_MOST_AIR = 26
"""Pixels that a column is widened by at most where there is room to spare."""
_MOST_LINES, _FEW = 3, 3
_WIDER = 8
_WORD = re.compile(r"(?<!\S)\([^()]*\)(?!\S)|\S+")
"""What a heading is broken between: words, and what stands in brackets as one."""
_FIGURE = re.compile(r"(\S+) ([(\[].*(?:\u2013| to ).*)")
"""A figure and, behind it, a range."""
_LIMITS = re.compile(r"\(([^()]+)\)")
_BEHIND = re.compile(r" \([^()]*\)$")


@dataclass(frozen=True, slots=True)
class Fit:
    """A ``table`` as it is shown, a folded cell with a line break before its limits; ``heads`` and ``widths`` (pixels)
    of its columns.
    """

    table: Table
    heads: tuple[str, ...]
    widths: tuple[int, ...]

    @property
    def folded(self) -> bool:
        """Whether any cell takes two lines."""
        return any("\n" in cell for row in self.table.rows for cell in row[1:])


def fit(table: Table, room: int, brief: bool) -> Fit:
    """The fullest way to show a table in ``room`` pixels; only a ``brief`` one may leave limits away. One that fits in
    no way is folded, and wider than its room.
    """
    found = plain(table)
    if sum(found.widths) > room:
        whole = found = narrowed(folded(table), room)
        if brief and sum(found.widths) > room:
            found = narrowed(folded(without_limits(table)), room)
        if sum(found.widths) > room:
            found = whole
    found = _widened(found, room)
    return with_names_broken(found) if found.folded else found


def plain(table: Table) -> Fit:
    """Every cell on one line."""
    heads = tuple(heading(table, place) for place in range(len(table.columns)))
    return Fit(table, heads, _widths(table, heads))


def folded(table: Table) -> Fit:
    """Limits below their figures, and headings broken to the width of what stands below them."""
    kept = replace(table, rows=tuple((row[0], *map(_fold, row[1:])) for row in table.rows))
    bare = _widths(kept, [""] * len(table.columns))
    heads = tuple(broken(heading(table, place), wide - 2 * MARGIN) for place, wide in enumerate(bare))
    return Fit(kept, heads, _widths(kept, heads))


def narrowed(found: Fit, room: int) -> Fit:
    """With its names, in the first column, cut down as far as it takes."""
    first, *others = found.widths
    return replace(found, widths=(min(first, max(_LEAST_NAME, room - sum(others))), *others))


def with_names_broken(found: Fit) -> Fit:
    """With names that do not fit their column on two lines, where they fit these."""
    table, metrics = found.table, QFontMetrics(theme.body_font())
    rows = list(table.rows)
    for number, (name, *others) in enumerate(rows):
        room = found.widths[0] - 2 * MARGIN - metrics.horizontalAdvance(STEP * table.depth(number))
        if others and not is_heading(rows[number]) and metrics.horizontalAdvance(name) > room:
            lines = plot_axes.lines(name, room)
            rows[number] = (lines if "\n" in lines else name, *others)
    return replace(found, table=replace(table, rows=tuple(rows)))


def without_limits(table: Table) -> Table:
    """Its figures without the limits in brackets behind them, but where the column's heading speaks of brackets."""
    keeps = [number == 0 or "(" in words for number, words in enumerate(table.columns)]
    rows = (
        tuple(text if keep else _BEHIND.sub("", text) for text, keep in zip(row, keeps, strict=True))
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def font_below() -> QFont:
    """The font of a folded cell's second line."""
    font = theme.body_font()
    font.setPixelSize(_BELOW)
    return font


def above(table: Table, column: int) -> tuple[str, int]:
    """What stands above a column's heading, and over how many columns."""
    end = 0
    for words, count in table.spans:
        end += count
        if column < end:
            return words, count
    return "", 0


def heading(table: Table, column: int) -> str:
    """A column's heading. What stands above few columns is said here: their own headings mean nothing without it."""
    words, count = above(table, column)
    return f"{words}\n{table.columns[column]}" if words and count <= _FEW else table.columns[column]


def broken(words: str, room: int) -> str:
    """A heading on at most three lines, as narrow as they allow but no narrower than ``room`` pixels."""
    metrics = QFontMetrics(plot_axes.caption())
    parts = _WORD.findall(words)
    room = max([room, *map(metrics.horizontalAdvance, parts)])
    while len(lines := _lines(parts, room, metrics)) > _MOST_LINES:
        room += _WIDER
    return "\n".join(lines)


def _lines(words: Sequence[str], room: int, metrics: QFontMetrics) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else ""
        if lines and metrics.horizontalAdvance(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fold(cell: str) -> str:
    """A figure above the range that stands behind it; limits alone lose their brackets."""
    found = _FIGURE.fullmatch(cell)
    if found is None:
        return cell
    value, behind = found.groups()
    limits = _LIMITS.fullmatch(behind)
    return f"{value}\n{limits.group(1) if limits else behind}"


def _widths(table: Table, heads: Sequence[str]) -> tuple[int, ...]:
    """Pixels that each column wants; a heading over rows spans them all and wants none."""
    body, caption, small = map(QFontMetrics, (theme.body_font(), plot_axes.caption(), font_below()))
    widths = []
    for place, head in enumerate(heads):
        wide = [caption.horizontalAdvance(line) for line in head.split("\n")]
        for number, row in enumerate(table.rows):
            if not is_heading(row):
                value, _, below = row[place].partition("\n")
                indent = STEP * table.depth(number) if place == 0 else ""
                wide += [body.horizontalAdvance(indent + value), small.horizontalAdvance(below)]
        widths.append(max(wide) + 2 * MARGIN)
    return tuple(widths)


def _widened(found: Fit, room: int) -> Fit:
    """With what room is left shared out among the columns, so that they stand apart."""
    air = min(max(0, room - sum(found.widths)) // len(found.widths), _MOST_AIR)
    return replace(found, widths=tuple(wide + air for wide in found.widths))
