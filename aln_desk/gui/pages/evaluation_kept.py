"""Where Evaluate was left in a project, as JSON values and back. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aln_desk.domain.errors import AlnError
from aln_desk.evaluation.selection import Filter, ThresholdRule, filter_of, rule_of


@dataclass(frozen=True, slots=True)
class Kept:
    """``project`` is a folder; ``ticks`` what the user ticked or unticked, by scorer's key or cohort's name; ``cohort``
    and ``card`` are on the screen, ``subgroups`` is the key of the scorer whose subgroups are shown. ``supplement`` is
    where the supplement is on the screen instead: its large card, or any other word. ``cases`` are the patients
    whose case sheets were chosen by hand, by cohort, ``reader`` is the key of the model that reads cases, ``beside``
    are those of the two models whose CAMs stand side by side; empty: nobody chose.
    """

    project: str = ""
    ticks: Mapping[str, bool] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ()
    rule: ThresholdRule = field(default_factory=ThresholdRule)
    cohort: str = ""
    card: str = ""
    subgroups: str = ""
    supplement: str = ""
    cases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reader: str = ""
    beside: tuple[str, str] | tuple[()] = ()

    def to_json(self) -> dict[str, Any]:
        """What `from_json` understands."""
        return {
            "project": self.project,
            "ticks": dict(self.ticks),
            "filters": [one.text for one in self.filters],
            "rule": self.rule.text,
            "cohort": self.cohort,
            "card": self.card,
            "subgroups": self.subgroups,
            "supplement": self.supplement,
            "cases": {cohort: list(names) for cohort, names in self.cases.items()},
            "reader": self.reader,
            "beside": list(self.beside),
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Kept:
        """Damaged values are passed over."""
        names = ("project", "rule", "cohort", "card", "subgroups", "supplement", "reader")
        words = {key: _word(state.get(key)) for key in names}
        rule = ThresholdRule()
        ticks, filters, cases = (state.get(key) for key in ("ticks", "filters", "cases"))
        with suppress(AlnError):
            rule = rule_of(words.pop("rule"))
        return cls(
            ticks=_ticks(ticks if isinstance(ticks, dict) else {}),
            filters=tuple(_filters(filters if isinstance(filters, list) else [])),
            rule=rule,
            cases=_cases(cases if isinstance(cases, dict) else {}),
            beside=_two(state.get("beside")),
            **words,
        )


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _ticks(values: dict[Any, Any]) -> dict[str, bool]:
    return {str(key): value for key, value in values.items() if isinstance(value, bool)}


def _cases(values: dict[Any, Any]) -> dict[str, tuple[str, ...]]:
    listed = {str(cohort): names for cohort, names in values.items() if isinstance(names, list) and names}
    return {cohort: tuple(names) for cohort, names in listed.items() if all(isinstance(one, str) for one in names)}


def _two(value: object) -> tuple[str, str] | tuple[()]:
    match value:
        case [str(left), str(right)] if left != right:
            return left, right
    return ()


def _filters(texts: list[Any]) -> list[Filter]:
    found = []
    for text in texts:
        with suppress(AlnError):
            found.append(filter_of(str(text)))
    return found
