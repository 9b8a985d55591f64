"""What lies on the cards of Evaluate's supplement, made from a project and results. No Qt: it runs on a worker thread.

What draws figures is loaded here only when the first is asked for; it takes a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk.domain.errors import AlnError
from aln_desk.domain.messages import Curve
from aln_desk.domain.patient import Patient
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import BY_RULE, Choices
from aln_desk.evaluation.tables.table import Table
from aln_desk.io.project import Project
from aln_desk.io.runs import read_events
from aln_desk.stats.nomogram import Nomogram

if TYPE_CHECKING:
    from aln_desk.evaluation.provenance import ModelRecord
    from aln_desk.evaluation.study import Drawn, Study
    from aln_desk.evaluation.tables.overlap import Overlap

CASES, CAMS, MASKS, NOMOGRAM, LEARNING = "figure_4", "figure_s1", "table_s2", "figure_s3", "figure_s6"
_A_SLICE = 0.5
"""Seconds of measuring masks after which others have their turn."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Of whom a figure is: a cohort, and models (keys) in their order; empty where it has none of its own."""

    cohort: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A published figure as SVG; ``rows`` as in `Drawn`; ``shown`` says whom it shows."""

    svg: bytes
    title: str
    legend: str
    rows: tuple[tuple[str, float, float], ...] = ()
    shown: Shown = Shown()


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """A nomogram to work with; ``numbers`` names its variables that are numbers."""

    nomogram: Nomogram
    numbers: tuple[str, ...]
    legend: str


@dataclass(frozen=True, slots=True, eq=False)
class LearntRun:
    """The training of a model by its ``name``, the number of whose colour is ``series``.

    ``maskless``: it learnt the status alone, and what it says of masks and lesion types means nothing.
    """

    name: str
    series: int
    curves: tuple[Curve, ...]
    maskless: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """The trainings that made the models, in their order; each kept curves."""

    runs: tuple[LearntRun, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is nothing, as a sentence."""

    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """``done`` of ``total`` patients are measured; ``go_on`` measures more of them."""

    done: int
    total: int
    go_on: Callable[[], Made]


Made = Table | Picture | Scale | Learnt | Reason | Further


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """A card (its ``key`` is a piece's) of these results of the project in ``folder``, with the export's choices.

    ``cohort`` is the one of which a figure of one cohort is wanted (empty or unknown: the first one), ``series`` are
    the numbers of the scorers' colours, by key.
    """

    key: str
    folder: Path
    results: Results
    choices: Choices = BY_RULE
    cohort: str = ""
    series: Mapping[str, int] = field(default_factory=dict)


def make(wish: Wish) -> Made:
    """What lies on the card; a `Reason` where it cannot be made."""
    from aln_desk.evaluation.study import NothingToShow, Study

    makers: dict[str, Callable[[Study, Wish], Made]] = {
        CASES: _cases,
        CAMS: _cams,
        MASKS: _masks,
        NOMOGRAM: _nomogram,
        LEARNING: _learning,
    }
    try:
        with Project.open(wish.folder) as project:
            study = Study(project, wish.results, wish.choices)
            return makers.get(wish.key, _piece)(study, wish)
    except (NothingToShow, AlnError) as error:
        return Reason(str(error))


def _piece(study: Study, wish: Wish) -> Made:
    """What the export would write."""
    from aln_desk.evaluation import pieces

    piece = next(one for one in pieces.pieces(study) if one.key == wish.key)
    found = pieces.made(piece, study)
    return found if isinstance(found, Table) else _picture(found)


def _cases(study: Study, wish: Wish) -> Made:
    """Fig 4 of one cohort."""
    from aln_desk.evaluation import image_pieces
    from aln_desk.evaluation.study import with_cohorts

    with_cohorts(study)
    cohort = next((one for one in study.cohorts if one.name == wish.cohort), study.cohorts[0])
    drawn = image_pieces.cases(study, cohort)
    return _picture(drawn, Shown(cohort.name, (image_pieces.case_model(study).scorer.key,)))


def _cams(study: Study, wish: Wish) -> Made:
    """Fig S1, and whom it shows."""
    from aln_desk.evaluation import image_pieces

    drawn = image_pieces.cams(study)
    left, right = image_pieces.two_models(study)
    return _picture(drawn, Shown(models=(left.scorer.key, right.scorer.key)))


def _nomogram(study: Study, wish: Wish) -> Made:
    from aln_desk.evaluation.regression_pieces import fitted

    found = fitted(study)
    return Scale(found.nomogram, found.numbers, found.legend)


def _learning(study: Study, wish: Wish) -> Made:
    runs = (_learnt(one, wish.series) for one in study.records if one.run is not None)
    kept = tuple(run for run in runs if run.curves)
    return Learnt(kept) if kept else _piece(study, wish)  # which says why


def _learnt(record: ModelRecord, series: Mapping[str, int]) -> LearntRun:
    events = read_events(record.run.folder) if record.run is not None else ()
    curves = tuple(event for event in events if isinstance(event, Curve))
    return LearntRun(record.scorer.name, series.get(record.scorer.key, 0), curves, record.status_only)


def _masks(study: Study, wish: Wish) -> Made:
    """The beginning of Table S2, which is measured slice by slice."""
    from aln_desk.evaluation import image_pieces

    image_pieces.with_findings(study)  # else it says what to do
    patients = image_pieces.measured_patients(study)
    return Further(0, len(patients), partial(_measure, study, patients, 0, ()))


def _measure(study: Study, patients: Sequence[Patient], done: int, before: tuple[Overlap, ...]) -> Made:
    """Masks of some patients more; the table after the last one. What the study knew of models is kept in it."""
    from aln_desk.evaluation import image_pieces
    from aln_desk.evaluation.study import NothingToShow

    found, until = list(before), time.monotonic() + _A_SLICE
    while done < len(patients) and time.monotonic() < until:
        found += image_pieces.overlaps_of(patients[done], study.with_findings)
        done += 1
    if done < len(patients):
        return Further(done, len(patients), partial(_measure, study, patients, done, tuple(found)))
    try:
        return image_pieces.segmentation_table(study, found)
    except NothingToShow as reason:
        return Reason(str(reason))


def _picture(drawn: Drawn, shown: Shown = Shown()) -> Picture:
    from aln_desk.evaluation.figures import rendered

    return Picture(rendered(drawn.figure, "svg"), drawn.title, drawn.legend, drawn.rows, shown)
