"""A made-up study to draw, and what its figures are checked by."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.scorer import Kind, Scorer
from aln_desk.evaluation.figures.style import style
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import Selection

Sizes = Sequence[tuple[str, int, int]]
SIZES: Sizes = (("internal test", 90, 60), ("external test", 40, 26))
MODELS = ("Clinical", "Single T", "SegFormer MiT-B2")


def patients(sizes: Sizes = SIZES) -> list[Patient]:
    """Patients of cohorts of (name, patients, positive ones), positive ones first."""
    random = np.random.default_rng(0)
    return [
        Patient(
            f"{cohort}-{number:04d}",
            cohort,
            int(number < positive),
            hospital=str(random.choice(["A", "B"])),
            clinical={"t_stage": str(random.integers(1, 4)), "age": str(random.integers(30, 80))},
        )
        for cohort, count, positive in sizes
        for number in range(count)
    ]


def scorer(name: str, people: Sequence[Patient], power: float, kind: Kind = "model", levels: int = 0) -> Scorer:
    """Scores that tell the outcomes apart the better the greater ``power``; with ``levels``, whole numbers from 0."""
    random = np.random.default_rng(len(name))
    logit = [power * (patient.outcome or 0) - power / 2 + random.normal() for patient in people]
    if not levels:
        scores = {patient.id: float(1 / (1 + np.exp(-z))) for patient, z in zip(people, logit, strict=True)}
        return Scorer(f"{kind}:{name}", name, kind, scores, 0.55)
    graded = np.clip(np.round(np.array(logit) + levels / 2 - 0.5), 0, levels - 1)
    scores = {patient.id: float(grade) for patient, grade in zip(people, graded, strict=True)}
    return Scorer(f"{kind}:{name}", name, kind, scores, levels / 2, probability=False)


def results_of(scorers: Sequence[Scorer], people: Sequence[Patient], sizes: Sizes = SIZES) -> Results:
    cohorts = [Cohort(name, Role.EXTERNAL_TEST) for name, _, _ in sizes]
    selection = Selection(tuple(one.key for one in scorers), tuple(cohort.name for cohort in cohorts))
    return work_out(selection, scorers, cohorts, people)


def study(names: Sequence[str] = MODELS, sizes: Sizes = SIZES, readers: bool = False) -> Results:
    """Models of rising power on these cohorts; with ``readers`` one who says yes or no and one who grades."""
    people = patients(sizes)
    scorers = [scorer(name, people, 0.6 + 1.4 * place / len(names)) for place, name in enumerate(names)]
    if readers:
        scorers += [scorer("Reader 1", people, 1.5, "reader", 2), scorer("Reader 2", people, 1.5, "reader", 5)]
    return results_of(scorers, people, sizes)


def large_study() -> Results:
    """As much as must stay legible: twelve models with long names on four cohorts, one of them of one outcome only."""
    names = [f"Backbone {k} with a very long name, letterbox, two mask tokens, seed {k}" for k in range(12)]
    return study(
        names, (*SIZES, ("a prospective cohort of another hospital, with a long name", 12, 12), ("tiny", 3, 1))
    )


def texts(figure: Figure) -> list[str]:
    """Everything that is written in a figure."""
    return [text.get_text() for text in _laid_out(figure)]


def untidy(figure: Figure) -> list[str]:
    """Texts that leave the sheet or lie on another text, in words; none in a figure that is fit to print."""
    with style():
        boxes = [(text.get_text(), text.get_window_extent()) for text in _laid_out(figure)]
    found = [f"'{words}' leaves the sheet" for words, box in boxes if not _within(box, figure.bbox)]
    return found + [
        f"'{one}' lies on '{other}'" for (one, first), (other, second) in combinations(boxes, 2) if _meet(first, second)
    ]


def _laid_out(figure: Figure) -> list[Text]:
    """The texts that a reader sees, each at its place."""
    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        FigureCanvasAgg(figure)
        figure.draw_without_rendering()
    unseen = {text for axes in figure.axes for text in _unseen(axes)}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text not in unseen]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def _unseen(axes: Axes) -> Iterator[Text]:
    """Words of an axis that is off, and those of ticks beyond its ends, exist but are not drawn."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        if not axes.axison:
            yield axis.label
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not (axes.axison and low - 1e-9 <= tick.get_loc() <= high + 1e-9):
                yield from (tick.label1, tick.label2)


def _within(box: Bbox, sheet: Bbox) -> bool:
    return bool(
        box.x0 > sheet.x0 - 0.5 and box.y0 > sheet.y0 - 0.5 and box.x1 < sheet.x1 + 0.5 and box.y1 < sheet.y1 + 0.5
    )


def _meet(one: Bbox, other: Bbox) -> bool:
    """More than boxes touching: lines of text may stand close, as a box is higher than the letters in it."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > 0.6 and height > 0.25 * min(one.height, other.height))
