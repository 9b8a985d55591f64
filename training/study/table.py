"""The comparison's tables: ``study.csv`` for programs, ``study.md`` for people."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields

from aln_desk.domain.verdict import SIMULATED
from training.study.figures import Figures, Row
from training.study.recipes import PATIENTS, SEED, Size
from training.study.targets import Target
from training.study.work import EXTERNAL, INTERNAL

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
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        made = row.made
        told = (made.held_out, row.nominal, made.minutes, made.device) if made else ("", "", "", "")
        figures = [value for cohort in _PREFIXES.values() for value in asdict(row.cohorts[cohort]).values()]
        family = made.contender.family if made else "best possible"
        writer.writerow(
            "" if _is_nan(cell) else cell for cell in (row.key, row.name, family, row.ceiling, *told, *figures)
        )
    return text.getvalue()


def to_markdown(rows: Sequence[Row], found: Sequence[Target], best: str, size: Size, left: Sequence[str]) -> str:
    """What it is, whether the targets are reached, and the figures; ``left`` is still to be done."""
    named = next((row.name for row in rows if row.key == best), "none yet")
    parts = [
        f"# The comparison on the simulated study, size `{size.name}`",
        size.about,
        f"`python -m training.study --size {size.name}`; `aln-desk simulate --patients {PATIENTS} --seed {SEED}`. "
        f"{SIMULATED}",
        *([f"NOT COMPLETE; still to be done: {', '.join(left)}."] if left else []),
        "## Targets",
        f"Our best model is the Transformer of the highest AUC on held-out training patients: {named}. Possible: what "
        "the best possible scores themselves reach on these patients.",
        _table(("target", "test", "figure", "possible", ""), map(_target, found)),
        "## Discrimination",
        "AUC with DeLong's 95 % interval; best: the best possible AUC of those who see what the model sees (clinical "
        "variables; the tumour; all images); p: DeLong's, two-sided, against the clinical model and against single T; "
        "for a best possible score, against those of their kind.",
        _table(_AUC_HEAD, (_discrimination(row) for row in rows)),
        "## Masks, lesion types, probabilities",
        "Internal / external. Dice and lesion type by the model's stage 1, over images. ECE: calibration error in ten "
        "equal bins, above 0 by chance alone. Coverage of the conformal sets with its 95 % interval, and as promised.",
        _table(_REST_HEAD, (_rest(row) for row in rows)),
        "## How they were made",
        _table(_MADE_HEAD, (_recipe(row) for row in rows if row.made)),
    ]
    return "\n\n".join(parts) + "\n"


_AUC_HEAD = ("model", *(f"{word} {test}" for test in _PREFIXES for word in ("AUC", "best", "ratio", "p")))
_REST_HEAD = ("model", "Dice", "lesion type", "ECE", "coverage internal", "coverage external", "promised")
_MADE_HEAD = ("model", "preset", "changes", "stage 1 of", "AUC held out", "minutes", "device", "digest")


def _target(one: Target) -> tuple[str, ...]:
    show = _p if "p <" in one.text else _number
    return one.text, one.cohort, show(one.figure), show(one.possible), _REACHED[one.reached]


def _discrimination(row: Row) -> tuple[str, ...]:
    cells = [row.name]
    for one in (row.internal, row.external):
        p = " / ".join((_p(one.p_clinical) or "-", _p(one.p_single_t) or "-"))
        cells += [_interval(one.auc, one.auc_low, one.auc_high), _number(one.best), _number(one.ratio), p]
    return tuple(cells)


def _rest(row: Row) -> tuple[str, ...]:
    tests = (row.internal, row.external)
    pairs = (
        " / ".join(_number(getattr(one, name)) or "-" for one in tests) for name in ("dice", "type_accuracy", "ece")
    )
    covered = (_interval(one.coverage, one.coverage_low, one.coverage_high) for one in tests)
    return row.name, *pairs, *covered, _number(row.nominal)


def _recipe(row: Row) -> tuple[str, ...]:
    assert row.made is not None
    one = row.made.contender
    changes = " ".join(f"{key}={value}" for key, value in one.settings)
    told = (_number(row.made.held_out), f"{row.made.minutes:.1f}", row.made.device)
    return row.name, one.preset, changes, one.base, *told, row.key


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _interval(value: float, low: float, high: float) -> str:
    return _number(value) if math.isnan(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _p(value: float) -> str:
    return "" if math.isnan(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)
