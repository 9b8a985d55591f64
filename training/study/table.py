"""The comparison's tables: ``study.csv`` for programs, ``study.md`` for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from aln_desk.domain.verdict import SIMULATED
from training import tables
from training.simulated import EXTERNAL, INTERNAL
from training.study.figures import Figures, Row
from training.study.recipes import Size
from training.study.targets import Target
from training.tables import interval, number, p_value

_PREFIXES = {"internal": INTERNAL, "external": EXTERNAL}
COLUMNS = (
    "model",
    "name",
    "family",
    "ceiling",
    "held_out_auc",
    "nominal",
    "minutes",
    "device",
    *(f"{prefix}_{entry.name}" for prefix in _PREFIXES for entry in fields(Figures)),
)
_REACHED = {True: "reached", False: "NOT REACHED", None: "not measured"}


def to_csv(rows: Sequence[Row]) -> str:
    """A line a row; all digits, an empty cell for what is not defined or not measured."""
    return tables.to_csv(COLUMNS, map(_cells, rows))


def _cells(row: Row) -> list[object]:
    made = row.made
    told = (made.held_out, row.nominal, made.minutes, made.device) if made else ("", "", "", "")
    figures = [value for cohort in _PREFIXES.values() for value in asdict(row.cohorts[cohort]).values()]
    family = made.contender.family if made else "best possible"
    return [row.key, row.name, family, row.ceiling, *told, *figures]


def to_markdown(
    rows: Sequence[Row], found: Sequence[Target], best: str, size: Size, left: Sequence[str], about: str
) -> str:
    """What it is, whether the targets are reached, and the figures; ``left`` is still to be done, ``about`` says
    which patients they are.
    """
    named = next((row.name for row in rows if row.key == best), "none yet")
    parts = [
        f"# The comparison on the simulated study, size `{size.name}`",
        size.about,
        f"`python -m training.study --size {size.name}`; {about} {SIMULATED}",
        *([f"NOT COMPLETE; still to be done: {', '.join(left)}."] if left else []),
        "## Targets",
        f"Our best model is the Transformer of the highest AUC on held-out training patients: {named}. Possible: what "
        "the best possible scores themselves reach on these patients. Expected: the figure over all outcomes that they "
        "could have had, whose chances are known; theirs are one draw of them.",
        tables.to_markdown(("target", "test", "figure", "expected", "possible", ""), map(_target, found)),
        "## Discrimination",
        "AUC with DeLong's 95 % interval; best: the best possible AUC of those who see what the model sees (clinical "
        "variables; the tumour; all images); expected: the ratio over all outcomes that there could have been; p: "
        "DeLong's, two-sided, against the clinical model and against single T; for a best possible score, against "
        "those of their kind.",
        tables.to_markdown(_AUC_HEAD, (_discrimination(row) for row in rows)),
        "## Masks, lesion types, probabilities",
        "Internal / external. Dice and lesion type by the model's stage 1, over images. ECE: calibration error in ten "
        "equal bins, above 0 by chance alone; expected: over all outcomes that there could have been. Coverage of the "
        "conformal sets with its 95 % interval, and as promised.",
        tables.to_markdown(_REST_HEAD, (_rest(row) for row in rows)),
        "## How they were made",
        tables.to_markdown(_MADE_HEAD, (_recipe(row) for row in rows if row.made)),
    ]
    return "\n\n".join(parts) + "\n"


_OF_AUC = ("AUC", "best", "ratio", "expected", "p")
_AUC_HEAD = ("model", *(f"{word} {test}" for test in _PREFIXES for word in _OF_AUC))
_PAIRED = {"dice": "Dice", "type_accuracy": "lesion type", "ece": "ECE", "expected_ece": "expected ECE"}
_REST_HEAD = ("model", *_PAIRED.values(), *(f"coverage {test}" for test in _PREFIXES), "promised")
_MADE_HEAD = ("model", "preset", "changes", "stage 1 of", "AUC held out", "minutes", "device", "digest")


def _target(one: Target) -> tuple[str, ...]:
    show = p_value if "p <" in one.text else number
    return one.text, one.cohort, show(one.figure), number(one.expected), show(one.possible), _REACHED[one.reached]


def _discrimination(row: Row) -> tuple[str, ...]:
    cells = [row.name]
    for one in (row.internal, row.external):
        p = " / ".join((p_value(one.p_clinical) or "-", p_value(one.p_single_t) or "-"))
        cells += [
            interval(one.auc, one.auc_low, one.auc_high),
            number(one.best),
            number(one.ratio),
            number(one.expected_ratio),
            p,
        ]
    return tuple(cells)


def _rest(row: Row) -> tuple[str, ...]:
    tests = (row.internal, row.external)
    pairs = (" / ".join(number(getattr(one, name)) or "-" for one in tests) for name in _PAIRED)
    covered = (interval(one.coverage, one.coverage_low, one.coverage_high) for one in tests)
    return row.name, *pairs, *covered, number(row.nominal)


def _recipe(row: Row) -> tuple[str, ...]:
    assert row.made is not None
    one = row.made.contender
    changes = " ".join(f"{key}={value}" for key, value in one.settings)
    told = (number(row.made.held_out), f"{row.made.minutes:.1f}", row.made.device)
    return row.name, one.preset, changes, one.base, *told, row.key
