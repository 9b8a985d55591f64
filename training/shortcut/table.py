"""The shortcut study's table: readers against their twins, as CSV and Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from aln_desk.stats import delong
from aln_desk.stats.roc import auc_interval
from training import tables
from training.phantom.latents import Shortcut
from training.shortcut.reading import Scores, Share, StudyReading, common
from training.simulated import EXTERNAL, INTERNAL

WITHOUT: Shortcut = "none"
SINGLE_T, MIL = "single T", "MIL"
STAGE_ONE = "stage 1 (mean of image scores)"

_HEAD = (
    "taught with mark",
    "reader",
    "marks blanked",
    "reads images with mark",
    "AUC held out",
    "AUC internal",
    "AUC external",
    "fall against its twin",
    "evidence on mark (area)",
    "evidence in lesion (area)",
)


@dataclass(frozen=True, slots=True)
class Taught:
    """One model: by which study, which of `SINGLE_T` and `MIL`, and whether what the scanner drew was blanked."""

    study: Shortcut
    net: str
    blanked: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One reader of the test images of one study. What is not defined is nan.

    ``taught`` and ``read`` name studies by their shortcut. ``held_out``: AUC on the model's held-out training patients,
    where the mark still tells the outcome. ``fall``: external AUC minus that of the twin taught without the mark, on
    the same images, with DeLong's limits and p. ``on_mark`` and ``in_lesion``: shares of stage 1's positive evidence on
    external images, limits by drawing patients again; ``mark_area`` and ``lesion_area``: what even evidence would have.
    """

    taught: str
    reader: str
    blanked: bool
    read: str
    held_out: float
    internal: float
    internal_low: float
    internal_high: float
    external: float
    external_low: float
    external_high: float
    fall: float
    fall_low: float
    fall_high: float
    fall_p: float
    on_mark: float
    on_mark_low: float
    on_mark_high: float
    mark_area: float
    in_lesion: float
    in_lesion_low: float
    in_lesion_high: float
    lesion_area: float


def rows_of(readings: Mapping[tuple[Taught, Shortcut], StudyReading]) -> Iterator[Row]:
    """A row for the verdicts of every reading, and one for stage 1 alone where the model is `MIL`.

    The readings by the twins taught without a mark must be among them.
    """
    for (taught, read), found in readings.items():
        twin = readings[Taught(WITHOUT, taught.net, taught.blanked), read]
        is_own = taught.study == WITHOUT
        yield _row(taught, taught.net, read, found, found.verdict, None if is_own else twin.verdict)
        if taught.net == MIL:
            yield _row(taught, STAGE_ONE, read, found, found.stage_one, None if is_own else twin.stage_one)


def to_csv(rows: Sequence[Row]) -> str:
    """A line a row, columns as the fields of `Row`; an empty cell for what is not defined."""
    return tables.to_csv([entry.name for entry in fields(Row)], map(astuple, rows))


def to_markdown(rows: Sequence[Row], about: str) -> str:
    """The table for people, under what it was made with."""
    notes = (
        f"{about} 95 % intervals. Held out: training patients, of whom the mark still tells the outcome; in both test "
        "cohorts it tells nothing. The twin was taught without the mark and reads the same images. Evidence: the "
        "positive part of stage 1's CAM on external images; area: what even evidence would have there."
    )
    return f"{notes}\n\n{tables.to_markdown(_HEAD, map(_cells, rows))}\n"


def _row(taught: Taught, reader: str, read: Shortcut, found: StudyReading, score: Scores, twin: Scores | None) -> Row:
    internal, external = (_area(found, cohort, score) for cohort in (INTERNAL, EXTERNAL))
    return Row(
        taught.study,
        reader,
        taught.blanked,
        read,
        math.nan if reader == STAGE_ONE else found.held_out,
        *internal,
        *external,
        *_fall(found, score, twin),
        *_shares(found.on_mark),
        *_shares(found.in_lesion),
    )


def _area(found: StudyReading, cohort: str, score: Scores) -> tuple[float, float, float]:
    outcome, (values,) = common(found.outcomes(cohort), score)
    return auc_interval(outcome, values)


def _fall(found: StudyReading, score: Scores, twin: Scores | None) -> tuple[float, float, float, float]:
    if twin is None:
        return math.nan, math.nan, math.nan, math.nan
    outcome, (own, other) = common(found.outcomes(EXTERNAL), score, twin)
    compared = delong.compare(outcome, own, other)
    return compared.difference, compared.low, compared.high, compared.p


def _shares(share: Share) -> tuple[float, float, float, float]:
    return share.energy.value, share.energy.low, share.energy.high, share.area


def _cells(row: Row) -> tuple[str, ...]:
    p = tables.p_value(row.fall_p)
    return (
        row.taught,
        row.reader,
        "yes" if row.blanked else "no",
        row.read,
        tables.number(row.held_out),
        tables.interval(row.internal, row.internal_low, row.internal_high),
        tables.interval(row.external, row.external_low, row.external_high),
        tables.interval(row.fall, row.fall_low, row.fall_high) + (f" p {p}" if p else ""),
        tables.interval(row.on_mark, row.on_mark_low, row.on_mark_high) + _area_words(row.mark_area),
        tables.interval(row.in_lesion, row.in_lesion_low, row.in_lesion_high) + _area_words(row.lesion_area),
    )


def _area_words(area: float) -> str:
    return "" if math.isnan(area) else f" ({tables.number(area)})"
