"""A figure of ROC curves as SVG: text that any browser shows and any editor of figures opens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from aln_desk.stats.roc import RocCurve

# Okabe and Ito's colours, and a dash for each: curves stay apart for the colour-blind and in black and white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("none", "8 3", "3 3", "10 3 3 3")

SIDE, LEFT, TOP, BELOW, RIGHT, LINE = 360, 60, 20, 56, 20, 20
"""Pixels: the square plot, the room around it, and the height of a line of the legend."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCurve:
    """A curve, what it is of, and its AUC with confidence limits (nan where not defined)."""

    label: str
    curve: RocCurve
    auc: float
    low: float
    high: float

    def legend(self) -> str:
        """The label with its AUC in words, e.g. ``external test: AUC 0.918 (0.869 to 0.967)``."""
        if math.isnan(self.auc):
            return f"{self.label}: AUC not defined"
        limits = "no interval" if math.isnan(self.low) else f"{self.low:.3f} to {self.high:.3f}"
        return f"{self.label}: AUC {self.auc:.3f} ({limits})"


def roc_svg(curves: Sequence[LabelledCurve]) -> str:
    """An SVG document: the curves over the diagonal of chance, the legend below with 95 % intervals."""
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BELOW + LINE * len(curves) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">',
        "<title>ROC curves, AUC with 95 % confidence interval</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_axes(),
    ]
    for index, labelled in enumerate(curves):
        lines += _curve(labelled, index)
    return "\n".join([*lines, "</svg>", ""])


def _axes() -> Iterator[str]:
    yield f'<path d="M{_at(0, 1)} V{TOP + SIDE} H{LEFT + SIDE}" fill="none" stroke="#222"/>'
    yield f'<path d="M{_at(0, 0)} L{_at(1, 1)}" fill="none" stroke="#aaa" stroke-dasharray="2 4"/>'
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = LEFT + SIDE * tick, TOP + SIDE * (1 - tick)
        yield f'<text x="{x:.1f}" y="{TOP + SIDE + 18}" text-anchor="middle">{tick:.1f}</text>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.1f}</text>'
    middle = TOP + SIDE / 2
    yield f'<text x="{LEFT + SIDE / 2}" y="{TOP + SIDE + 38}" text-anchor="middle">1 - specificity</text>'
    turned = f'transform="rotate(-90 18 {middle})" text-anchor="middle"'
    yield f'<text x="18" y="{middle}" {turned}>Sensitivity</text>'


def _curve(labelled: LabelledCurve, index: int) -> Iterator[str]:
    """The line of a curve (nothing where it is not defined) and its line in the legend."""
    colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
    stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    curve = labelled.curve
    points = " ".join(_at(x, y) for x, y in zip(curve.false_positive_rate, curve.sensitivity, strict=True))
    if points:
        yield f'<polyline points="{points}" {stroke}/>'
    y = TOP + SIDE + BELOW + LINE * index
    yield f'<path d="M{LEFT} {y} h28" {stroke}/>'
    yield f'<text x="{LEFT + 36}" y="{y + 4}">{escape(labelled.legend())}</text>'


def _at(false_positive_rate: float, sensitivity: float) -> str:
    """Pixels of a point of the plot."""
    return f"{LEFT + SIDE * false_positive_rate:.2f},{TOP + SIDE * (1 - sensitivity):.2f}"
