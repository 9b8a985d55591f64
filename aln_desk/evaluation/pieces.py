"""Every table and figure that an evaluation can publish, each made by itself, with its number and its legend."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from aln_desk.domain.messages import Curve
from aln_desk.domain.patient import Cohort
from aln_desk.evaluation.flow import flow_table, participants
from aln_desk.evaluation.image_pieces import cams, cases, segmentation
from aln_desk.evaluation.regression_pieces import nomogram, regression_table
from aln_desk.evaluation.study import (
    Drawn,
    NothingToShow,
    Study,
    described,
    probabilities,
    scored,
    several,
    with_cohorts,
)
from aln_desk.evaluation.tables.calibration_table import calibration_table
from aln_desk.evaluation.tables.delong_table import delong_table
from aln_desk.evaluation.tables.subgroup_table import subgroup_table, subgroups
from aln_desk.evaluation.tables.table import Table
from aln_desk.evaluation.tables.table_one import table_one
from aln_desk.evaluation.tables.table_s1 import table_s1
from aln_desk.evaluation.tables.table_two import table_two
from aln_desk.io.runs import read_events


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One table or figure: ``key`` names its file and is what ``--parts`` takes, ``label`` is its number.

    ``make`` raises `NothingToShow` where the study has not what it takes.
    """

    key: str
    label: str
    make: Callable[[Study], Table | Drawn]


def pieces(study: Study) -> list[Piece]:
    """All pieces in the order of the document; figures of one cohort come once for each."""
    return [
        Piece("figure_s2", "Figure S2", _flow),
        Piece("table_s7", "Table S7", lambda one: flow_table(with_cohorts(one), one.patients)),
        Piece("table_1", "Table 1", lambda one: table_one(described(one))),
        Piece("table_s1", "Table S1", lambda one: table_s1(described(one))),
        Piece("table_2", "Table 2", lambda one: table_two(scored(one))),
        Piece("figure_1", "Figure 1", _delong),
        Piece("table_s5", "Table S5", lambda one: delong_table(several(one))),
        Piece("figure_2", "Figure 2", _confusion),
        Piece("figure_3a", "Figure 3A", _roc),
        Piece("figure_3b", "Figure 3B", _precision_recall),
        Piece("figure_3c", "Figure 3C", _decision),
        *_by_cohort(study, "figure_s4", "Figure S4", _calibration),
        Piece("table_s4", "Table S4", lambda one: calibration_table(probabilities(one))),
        *_by_cohort(study, "figure_s5", "Figure S5", _forest),
        Piece("table_s6", "Table S6", lambda one: subgroup_table(scored(one), one.subgroups_of.key)),
        *_by_cohort(study, "figure_4", "Figure 4", cases),
        Piece("figure_s1", "Figure S1", cams),
        Piece("table_s2", "Table S2", segmentation),
        Piece("table_s3", "Table S3", regression_table),
        Piece("figure_s3", "Figure S3", nomogram),
        Piece("figure_s6", "Figure S6", _learning),
    ]


def made(piece: Piece, study: Study) -> Table | Drawn:
    """The piece, a table with the piece's own key and number. Raises `NothingToShow`."""
    found = piece.make(study)
    return replace(found, key=piece.key, label=piece.label) if isinstance(found, Table) else found


def _by_cohort(study: Study, key: str, label: str, make: Callable[[Study, Cohort], Drawn]) -> Iterator[Piece]:
    """One piece a cohort; the letter is left out where there is but one."""
    several = len(study.cohorts) > 1
    for place, cohort in enumerate(study.cohorts):
        letter = _letters(place) if several else ""
        yield Piece(f"{key}{letter}", f"{label}{letter.upper()}", partial(_of_cohort, make, cohort))


def _of_cohort(make: Callable[[Study, Cohort], Drawn], cohort: Cohort, study: Study) -> Drawn:
    return make(study, cohort)


def _letters(place: int) -> str:
    """a, b ... z, aa, ab ..."""
    alphabet = string.ascii_lowercase
    return (_letters(place // 26 - 1) if place >= 26 else "") + alphabet[place % 26]


def _flow(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.flow import flow_figure

    results = with_cohorts(study)
    name = results.scorers[0].name
    return Drawn(
        flow_figure(participants(results, study.patients, study.first)),
        f"Flow of the patients, {name}",
        f"After STARD 2015; Table S7 has the same numbers of every model. Called by {name} at its threshold.",
    )


def _delong(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.delong_matrix import delong_figure

    corrected = (
        "Corrected for the number of pairs of a cohort after Holm; Table S5 has the uncorrected p."
        if study.choices.holm
        else "Not corrected for the number of tests; Table S5 has Holm's correction."
    )
    return Drawn(
        delong_figure(several(study), "holm" if study.choices.holm else "none"),
        "Comparison of every pair of models",
        "Below the diagonal the two-sided p of DeLong's test for paired curves, on the diagonal the AUC, above it the "
        f"difference of AUC, row less column. {corrected}",
    )


def _confusion(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.confusion import confusion_figure

    return Drawn(
        confusion_figure(scored(study)),
        "Confusion matrices",
        "Patients by outcome from pathology (rows) and call at the threshold (columns), with per cent of the row.",
    )


def _roc(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.roc import roc_figure

    return Drawn(
        roc_figure(scored(study)),
        "Receiver operating characteristic curves",
        "AUC with DeLong's 95 % interval. Markers: sensitivity and specificity at the threshold. Bands, where drawn: "
        "pointwise 95 % limits of the sensitivity.",
    )


def _precision_recall(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.precision_recall import precision_recall_figure

    return Drawn(
        precision_recall_figure(scored(study)),
        "Precision-recall curves",
        "Average precision with its 95 % bootstrap interval; dashed: the share of positive patients.",
    )


def _decision(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.decision import decision_figure

    return Drawn(
        decision_figure(probabilities(study)),
        "Decision curves",
        "Net benefit of treating the patients whose probability is at or above the threshold probability, against "
        "treating all and none.",
    )


def _calibration(study: Study, cohort: Cohort) -> Drawn:
    from aln_desk.evaluation.figures.calibration import calibration_figure

    return Drawn(
        calibration_figure(probabilities(study), cohort.name),
        f"Calibration on {cohort.name}",
        "Dots: tenths of the patients by probability with Wilson's 95 % limits; line: lowess; grey: perfect "
        "calibration. Beneath: how many positive (up) and negative (down) patients have each probability.",
    )


def _forest(study: Study, cohort: Cohort) -> Drawn:
    from aln_desk.evaluation.figures.forest import forest_figure

    results, shown = scored(study), study.subgroups_of
    title = f"AUC of {shown.name} in subgroups of {cohort.name}"
    return Drawn(
        forest_figure(subgroups(results, shown.key, cohort.name), title),
        title,
        "AUC with DeLong's 95 % interval; the area of a square grows with the patients. Subgroups were not tested "
        "against each other.",
    )


def _learning(study: Study) -> Drawn:
    from aln_desk.evaluation.figures.learning import learning_figure

    curves = {
        one.scorer.name: [message for message in read_events(one.run.folder) if isinstance(message, Curve)]
        for one in study.records
        if one.run is not None
    }
    if not any(curves.values()):
        raise NothingToShow("No run that made one of these models is in the project, or it kept no curves.")
    return Drawn(
        learning_figure(curves),
        "Learning curves",
        "Thin: training patients; thick: held-out patients.",
    )
