"""Every figure, of usual, large, tiny and undefined studies: no text leaves the sheet or lies on another."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from drawn_study import MODELS, large_study, patients, results_of, scorer, study, untidy
from matplotlib.figure import Figure

from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.figures.calibration import calibration_figure
from aln_desk.evaluation.figures.confusion import confusion_figure
from aln_desk.evaluation.figures.decision import decision_figure
from aln_desk.evaluation.figures.delong_matrix import delong_figure
from aln_desk.evaluation.figures.forest import forest_figure
from aln_desk.evaluation.figures.precision_recall import precision_recall_figure
from aln_desk.evaluation.figures.roc import roc_figure
from aln_desk.evaluation.figures.style import DOUBLE, ONE_AND_A_HALF, SINGLE, size_of
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.tables.subgroup_table import subgroups

Draw = Callable[[Results], Figure]


def _of_last_cohort(results: Results) -> Figure:
    return calibration_figure(results, results.cohorts[-1].name) if results.cohorts else roc_figure(results)


def _forest(results: Results) -> Figure:
    if not (results.scorers and results.cohorts):
        return forest_figure((), "nobody")
    return forest_figure(subgroups(results, results.scorers[-1].key, results.cohorts[0].name), "Somebody, somewhere")


FIGURES: list[Draw] = [
    roc_figure,
    precision_recall_figure,
    decision_figure,
    delong_figure,
    confusion_figure,
    _of_last_cohort,
    _forest,
]

_PEOPLE = patients((("one", 1, 1),))
_ODD = patients((("odd", 8, 4),))
STUDIES: dict[str, Callable[[], Results]] = {
    "usual": lambda: study(readers=True),
    "large": large_study,
    "one cohort": lambda: study(sizes=(("external test", 40, 26),)),
    "two patients": lambda: study(sizes=(("pair", 2, 1),)),
    "one outcome": lambda: study(sizes=(("positive", 6, 6), ("negative", 6, 0))),
    "nobody": lambda: study(sizes=(("empty", 0, 0),)),
    "no scorer": lambda: results_of([], _PEOPLE, (("one", 1, 1),)),
    "no cohort": lambda: results_of([scorer("A", _PEOPLE, 1)], _PEOPLE, ()),
    "no scores": lambda: results_of([Scorer("a", "A", "model", {})], _ODD, (("odd", 8, 4),)),
    "no threshold": lambda: results_of(
        [Scorer("a", "A", "model", {p.id: 0.5 for p in _ODD}), Scorer("b", "B", "import", {_ODD[0].id: math.nan})],
        _ODD,
        (("odd", 8, 4),),
    ),
    "no probabilities": lambda: results_of(
        [Scorer("a", "$a_b$ \n 中文 <b>", "import", {p.id: k - 3.0 for k, p in enumerate(_ODD)}, 0.0)],
        _ODD,
        (("odd", 8, 4),),
    ),
}


@cache
def _study(name: str) -> Results:
    return STUDIES[name]()


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("draw", FIGURES)
def test_no_text_leaves_the_sheet_or_lies_on_another(name: str, draw: Draw) -> None:
    figure = draw(_study(name))
    assert untidy(figure) == []
    assert round(size_of(figure)[0], 6) in (SINGLE, ONE_AND_A_HALF, DOUBLE)


def test_an_overlap_is_found() -> None:
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.5, "one above")
    figure.text(0.15, 0.5, "the other")
    figure.text(0.9, 0.1, "beyond the sheet")
    assert untidy(figure) == ["'beyond the sheet' leaves the sheet", "'one above' lies on 'the other'"]


def test_figures_of_twelve_models_fit_a_page() -> None:
    results = _study("large")
    heights = {draw: size_of(draw(results))[1] for draw in FIGURES}
    assert max(heights.values()) <= 247 and len(MODELS) < len(results.scorers) == 12
    assert np.isfinite(list(heights.values())).all()
