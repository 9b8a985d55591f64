"""Fig 2: the confusion matrices of every scorer on every cohort."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
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
    explained,
    sheet,
    shortened,
    size_of,
    styled,
    told_apart,
    width_of,
    wrapped,
)
from aln_desk.evaluation.look import GREY, INK, NEGATIVE, POSITIVE
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.tables import words
from aln_desk.stats.operating import Confusion

_HEAD, _SIDE, _FOOT, _GAP, _BETWEEN = 11.0, 16.0, 5.0, 3.0, 4.0
"""Millimetres: column titles, words for the rows' outcomes, the note, between matrices downwards and sideways."""
_NAMES, _WIDEST, _TALL = 30.0, 42.0, 6.2
"""Millimetres: a scorer's name, the widest matrix, a cell's height."""
OUTCOMES, CALLS = ("positive", "negative"), ("positive", "negative")


@styled
def confusion_figure(results: Results) -> Figure:
    """A row for each scorer, a column for each cohort: counts, and the share of the patients with that outcome.

    So a matrix's first cell shows the sensitivity and its last the specificity. Every patient is called, also those
    whose verdict the model leaves open.
    """
    if not (results.scorers and results.cohorts):
        return explained("There is no confusion matrix without a scorer and a cohort; select some.")
    names = min(_NAMES, max(width_of(scorer.name, BODY) for scorer in results.scorers) + 0.5)
    cohorts = len(results.cohorts)
    wanted = 2 + names + _SIDE + cohorts * (_WIDEST + _BETWEEN)
    width = next((journal for journal in (SINGLE, ONE_AND_A_HALF, DOUBLE) if wanted <= journal), DOUBLE)
    left = 2 + names + _SIDE
    cell = min(_WIDEST, (width - left - 1) / cohorts - _BETWEEN) / 2
    row = 2 * _TALL + _GAP
    figure = sheet(width, _HEAD + len(results.scorers) * row + _FOOT)
    area = board(figure, 0, 0, *size_of(figure))
    area.text(left - 1.2, _HEAD - 1.5, "called", fontsize=SMALL, color=GREY, ha="right", va="baseline")
    for column, cohort in enumerate(results.cohorts):
        _title(area, left + column * (2 * cell + _BETWEEN), cohort.name, 2 * cell)
    cut = {scorer.name: wrapped(scorer.name, names, BODY, 3) for scorer in results.scorers}
    apart = told_apart(list(cut), names, BODY)
    for place, scorer in enumerate(results.scorers):
        top = _HEAD + place * row
        name = cut[scorer.name]
        name = name if list(cut.values()).count(name) == 1 else apart[scorer.name]
        area.text(1, top + _TALL, name, fontsize=BODY, va="center", linespacing=1.15)
        _sides(area, left, top)
        for column, cohort in enumerate(results.cohorts):
            _matrix(area, left + column * (2 * cell + _BETWEEN), top, cell, results.parts[scorer.key, cohort.name])
    note = "Count and share of the patients with that outcome, %."
    area.text(1, size_of(figure)[1] - 2, note, fontsize=SMALL, color=GREY, va="center_baseline")
    return figure


def _title(area: Axes, left: float, cohort: str, width: float) -> None:
    area.text(left + width / 2, 4, shortened(cohort, width, BODY), fontsize=BODY, ha="center", va="baseline")
    for place, call in enumerate(CALLS):
        area.text(
            left + (0.25 + 0.5 * place) * width, _HEAD - 1.5, call, fontsize=SMALL, color=GREY, ha="center",
            va="baseline",
        )  # fmt: skip


def _sides(area: Axes, left: float, top: float) -> None:
    for place, outcome in enumerate(OUTCOMES):
        area.text(
            left - 1.2, top + (place + 0.5) * _TALL, f"node {outcome}", fontsize=SMALL, color=GREY, ha="right",
            va="center_baseline",
        )  # fmt: skip


def _matrix(area: Axes, left: float, top: float, cell: float, part: Part) -> None:
    """Two rows, the outcomes, of two cells, the calls; a sentence where there is no threshold or no patient."""
    if part.confusion is None or not part.patients:
        reason = part.reason or "no threshold"
        text = wrapped(f"Not defined: {reason}.", 2 * cell - 2, SMALL, 3)
        area.text(left + cell, top + _TALL, text, fontsize=SMALL, color=GREY, ha="center", va="center")
        return
    size = SMALL if cell >= 13 else TINY
    for i, (colour, counts) in enumerate(_rows(part.confusion)):
        total = sum(counts)
        for j, count in enumerate(counts):
            fill = _tint(colour, count / total if total else 0.0)
            area.add_patch(
                Rectangle((left + j * cell, top + i * _TALL), cell, _TALL, facecolor=fill, edgecolor="white")
            )
            area.text(
                left + (j + 0.5) * cell, top + (i + 0.5) * _TALL, words.share(count, total), fontsize=size, color=INK,
                ha="center", va="center_baseline", fontweight="bold" if i == j else "normal",
            )  # fmt: skip


def _rows(counts: Confusion) -> Sequence[tuple[str, tuple[int, int]]]:
    return (POSITIVE, (counts.tp, counts.fn)), (NEGATIVE, (counts.fp, counts.tn))


def _tint(colour: str, share: float) -> str:
    """From nearly white to four fifths of the colour, on which black text can still be read."""
    strength = 0.06 + 0.74 * share
    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))
