"""How a scorer looks in every figure, on paper and on the screen: by its place among the scorers shown."""

from __future__ import annotations

from dataclasses import dataclass

POSITIVE, NEGATIVE, GREY, INK, FAINT = "#e69f00", "#56b4e9", "#6e6e6e", "#1a1a1a", "#d9d9d9"
"""Positive and negative patients, what is neither, text, and lines that only guide the eye."""

# Okabe and Ito's colours without their yellow, which is too pale for a line on white.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 1.4), (4.0, 1.3, 1.0, 1.3), (1.3, 1.1))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", ">", "h", "*")


@dataclass(frozen=True, slots=True)
class Look:
    """``colour`` as ``#rrggbb``; ``dashes`` in line widths (empty: solid); ``marker`` as matplotlib's letter."""

    colour: str
    dashes: tuple[float, ...]
    marker: str


def look(place: int) -> Look:
    """The look of the scorer at this place, from 0. Colours repeat after 7, dashes after 4, both together after 28."""
    return Look(_COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)], _MARKERS[place % len(_MARKERS)])
