"""What an evaluation looks at: whose scores, which patients, which threshold."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.patient import Patient, View

NODE_IMAGE = "node image"
HOSPITAL = "hospital"
UNKNOWN = "unknown"
Rule = Literal["frozen", "youden", "sensitivity", "value"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Patients whose ``variable`` has one of ``values``: a clinical variable's name, `HOSPITAL` or `NODE_IMAGE`
    (``with``, ``without``); an absent value is `UNKNOWN`.
    """

    variable: str
    values: frozenset[str]

    @property
    def text(self) -> str:
        """As `filter_of` reads it: ``t_stage=1,2``, values that hold a comma in quotes."""
        written = io.StringIO()
        csv.writer(written, lineterminator="").writerow(sorted(self.values))
        return f"{self.variable}={written.getvalue()}"


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """Where a score begins to be positive: ``frozen`` with the model; or, on the very patients looked at, the Youden
    index or the highest threshold that reaches the sensitivity ``value``; or a ``value`` for all.
    """

    kind: Rule = "frozen"
    value: float = math.nan

    @property
    def uses_outcomes(self) -> bool:
        """Whether the threshold comes from the outcomes of the patients it is then measured on: too good to be true."""
        return self.kind in ("youden", "sensitivity")

    @property
    def text(self) -> str:
        """As `rule_of` reads it: ``frozen``, ``youden``, ``sensitivity:0.95`` or ``0.4``."""
        words = {"sensitivity": f"sensitivity:{self.value:.15g}", "value": f"{self.value:.15g}"}
        return words.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Selection:
    """Keys of `Scorer`s and names of cohorts, in the order to show; all ``filters`` must let a patient pass."""

    scorers: tuple[str, ...]
    cohorts: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    rule: ThresholdRule = field(default_factory=ThresholdRule)


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen for single figures; what is empty is as their rules have it. Scorers are named by key.

    ``patients`` (ids) are the cases of their cohorts (Figures 4 and S1); a cohort that has none of them shows those of
    the rule. ``cases_by`` is the model whose cases they are (Figure 4), ``beside`` are the two models of Figure S1,
    left and right, ``subgroups_of`` is whose AUC stands in subgroups (Figure S5, Table S6). ``holm`` corrects the p of
    Figure 1 for the number of pairs.
    """

    patients: tuple[str, ...] = ()
    cases_by: str = ""
    beside: tuple[str, str] | tuple[()] = ()
    subgroups_of: str = ""
    holm: bool = False


BY_RULE = Choices()
"""Nothing is chosen."""


def options(selection: Selection, choices: Choices) -> list[str]:
    """The options of ``aln-desk evaluate`` that ask for this; a name may begin with a dash."""
    words = [f"--threshold={selection.rule.text}", *(f"--cohort={name}" for name in selection.cohorts)]
    words += [f"--where={one.text}" for one in selection.filters]
    words += [f"--patients={name}" for name in choices.patients]
    words += [f"--cases-by={choices.cases_by}"] if choices.cases_by else []
    words += ["--beside", *choices.beside] if choices.beside else []
    words += [f"--subgroups-of={choices.subgroups_of}"] if choices.subgroups_of else []
    words += ["--holm"] if choices.holm else []
    return [*words, "--runs", *selection.scorers]


def rule_of(text: str) -> ThresholdRule:
    """The rule that `ThresholdRule.text` writes. Raises `BadSetting` for any other text."""
    kind, colon, figure = text.strip().partition(":")
    if kind in ("frozen", "youden") and not colon:
        return ThresholdRule("frozen" if kind == "frozen" else "youden")
    with suppress(ValueError):
        if kind == "sensitivity" and 0.0 < float(figure) <= 1.0:
            return ThresholdRule("sensitivity", float(figure))
        if not colon and math.isfinite(float(kind)):
            return ThresholdRule("value", float(kind))
    raise BadSetting(f"'{text}' is no threshold: write frozen, youden, sensitivity:0.95 or a number such as 0.4.")


def filter_of(text: str) -> Filter:
    """The filter that `Filter.text` writes. Raises `BadSetting` for any other text."""
    variable, equals, values = text.partition("=")
    if not equals or not variable.strip():
        raise BadSetting(f"'{text}' is no filter: write variable=value, such as t_stage=1,2.")
    return Filter(variable.strip(), frozenset(value.strip() for value in next(csv.reader([values]), [""])))


def value_of(patient: Patient, variable: str) -> str:
    """The patient's value of a clinical variable, of `HOSPITAL` or `NODE_IMAGE`."""
    if variable == NODE_IMAGE:
        return "with" if patient.count(View.NODE) else "without"
    return (patient.hospital if variable == HOSPITAL else patient.clinical.get(variable, "")) or UNKNOWN


def chosen(patients: Iterable[Patient], selection: Selection) -> dict[str, list[Patient]]:
    """The patients of known outcome that pass all filters, by cohort, in the selection's order of cohorts."""
    found: dict[str, list[Patient]] = {name: [] for name in selection.cohorts}
    for patient in patients:
        if patient.cohort in found and patient.outcome is not None and passes(patient, selection.filters):
            found[patient.cohort].append(patient)
    return found


def passes(patient: Patient, filters: Iterable[Filter]) -> bool:
    """Whether all filters let the patient pass."""
    return all(value_of(patient, one.variable) in one.values for one in filters)


def variables(patients: Sequence[Patient], most: int = 20) -> Mapping[str, tuple[str, ...]]:
    """Variables to filter by, with the values that occur, sorted: those with 2 to ``most`` values."""
    names = sorted({name for patient in patients for name in patient.clinical})
    found = {name: {value_of(patient, name) for patient in patients} for name in (NODE_IMAGE, HOSPITAL, *names)}
    return {name: tuple(sorted(values)) for name, values in found.items() if 2 <= len(values) <= most}
