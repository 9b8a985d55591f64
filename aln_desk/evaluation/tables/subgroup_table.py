"""The AUC in subgroups of a cohort: the table, and the rows that a forest plot draws."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.order import natural_key
from aln_desk.domain.patient import variable_words
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.selection import HOSPITAL, NODE_IMAGE, UNKNOWN, value_of
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.table import Table, under_headings
from aln_desk.evaluation.tables.table_two import no_width_notes
from aln_desk.stats import roc
from aln_desk.stats.ranks import why_undefined

MOST_GROUPS = 12
"""Of a variable with more values subgroups mean nothing, and none are shown."""

ALL = "All patients"
_WANTED = ("tstage", "birads", "scanner")
_COLUMNS = ("Subgroup", "Patients", "Positive (%)", "AUC (95 % CI)")
_METHODS = (
    "AUC with DeLong's 95 % confidence interval, of the patients with a score. Subgroups were not tested against each "
    "other; intervals are not corrected for their number."
)


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A row of a forest plot: ``label`` is the value of ``variable`` (both in words; `ALL` under no variable).

    ``n`` patients have a score, ``positive`` of them a positive outcome. What is not defined is nan: ``reason`` says
    why.
    """

    variable: str
    label: str
    n: int
    positive: int
    auc: float
    low: float
    high: float
    reason: str = ""


def subgroups(
    results: Results, scorer: str, cohort: str, variables: Sequence[str] | None = None
) -> tuple[Subgroup, ...]:
    """All patients, then the subgroups by each variable, whose values stand in natural order with unknown last.

    ``variables`` are clinical ones, `HOSPITAL` or `NODE_IMAGE` (default: T stage, BI-RADS, node image, hospital,
    scanner). Those with one value or more than `MOST_GROUPS` among the patients with a score give no subgroups.
    KeyError for a scorer (by its key) or a cohort that the results do not have.
    """
    part = results.parts[scorer, cohort]
    with_score = set(part.patients)
    patients = [patient for patient in results.patients[cohort] if patient.id in with_score]
    names = {name for patient in patients for name in patient.clinical}
    found = [_subgroup("", ALL, part, np.ones(len(patients), bool))]
    for name in _default(names) if variables is None else variables:
        values = np.array([value_of(patient, name).strip() for patient in patients], dtype=object)
        levels = sorted(set(values), key=lambda value: (value == UNKNOWN, natural_key(value)))
        if 2 <= len(levels) <= MOST_GROUPS:
            told = variable_words(name)
            found += [_subgroup(told, words.level(level), part, values == level) for level in levels]
    return tuple(found)


def subgroup_table(
    results: Results, scorer: str, cohorts: Iterable[str] = (), variables: Sequence[str] | None = None
) -> Table:
    """The subgroups of one scorer (by its key), below each cohort (default: all of the results)."""
    named = list(cohorts) or [cohort.name for cohort in results.cohorts]
    groups = {cohort: subgroups(results, scorer, cohort, variables) for cohort in named}
    rows, depths = under_headings(
        (
            f"{cohort}: {variable}" if variable else cohort,
            [_row(group) for group in found if group.variable == variable],
        )
        for cohort, found in groups.items()
        for variable in dict.fromkeys(group.variable for group in found)
    )
    name = next(one.name for one in results.scorers if one.key == scorer)
    narrow = {
        f"{_name(one)} on {cohort}": one.auc for cohort, found in groups.items() for one in found if one.low == one.high
    }
    notes = (_METHODS, *words.reasons(_undefined(groups)), *no_width_notes(narrow))
    return Table("subgroups", f"AUC of {name} in subgroups", _COLUMNS, rows, notes, depths=depths)


def _default(names: Iterable[str]) -> list[str]:
    """T stage, BI-RADS, node image, hospital, scanner, of what there is."""
    by_word = {re.sub("[^a-z]", "", name.casefold()): name for name in sorted(names)}
    stage, birads, scanner = (by_word.get(word, "") for word in _WANTED)
    return [name for name in (stage, birads, NODE_IMAGE, HOSPITAL, scanner) if name]


def _subgroup(variable: str, label: str, part: Part, members: NDArray[np.bool_]) -> Subgroup:
    outcome, score = part.outcome[members], part.score[members]
    reason = why_undefined(outcome, score) or why_undefined(outcome, score, least=2)
    return Subgroup(variable, label, outcome.size, int(outcome.sum()), *roc.auc_interval(outcome, score), reason=reason)


def _row(group: Subgroup) -> tuple[str, ...]:
    return (
        group.label,
        str(group.n),
        words.share(group.positive, group.n),
        words.interval(group.auc, group.low, group.high),
    )


def _undefined(groups: Mapping[str, Sequence[Subgroup]]) -> Iterator[tuple[str, str, str]]:
    for cohort, found in groups.items():
        for group in found:
            what = "AUC" if math.isnan(group.auc) else "interval"
            yield f"{what} of {_name(group)}", cohort, group.reason


def _name(group: Subgroup) -> str:
    return f"{group.variable} {group.label}" if group.variable else group.label
