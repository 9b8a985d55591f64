"""Who the patients are: the rows that Table 1 and Table S1 have in common."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

import numpy as np

from aln_desk.domain.patient import Patient, View, variable_words
from aln_desk.evaluation.selection import NODE_IMAGE, value_of
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.table import Table
from aln_desk.stats import tables
from aln_desk.stats.logistic import number_of
from aln_desk.stats.tables import Cell, DescribedVariable, Share

_ORDER = (
    ("age",),
    ("tstage", "clinicaltstage", "ct"),
    ("birads",),
    ("pathologicaltype", "pathology", "histology"),
    ("er",),
    ("pr",),
    ("her2", "cerbb2"),
    ("ki67",),
    ("lvi", "lymphovascularinvasion"),
    ("pni", "perineuralinvasion"),
)
"""Variables in the order of the paper's Table 1, each by the names it goes by, without their signs and spaces."""

_OUTCOME = "Node status in pathology"
_NODE_IMAGE = "Node image"
_TESTS = {
    "chi-square": "Pearson's chi-square test without continuity correction",
    "Wilcoxon": "Wilcoxon rank-sum test with correction for ties and continuity",
    "Kruskal-Wallis": "Kruskal-Wallis test",
}
_FEW_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class Block:
    """Groups of patients that are compared with each other, under ``title`` (empty: no upper header)."""

    title: str
    groups: Mapping[str, Sequence[Patient]]

    @property
    def compares(self) -> bool:
        """Whether there is anything to test."""
        return len(self.groups) > 1


@dataclass(frozen=True, slots=True)
class _Found:
    """A test's p, its name, and what speaks against it."""

    p: float
    test: str
    reason: str = ""
    doubtful: bool = False


def ordered(names: Iterable[str]) -> list[str]:
    """Clinical variables in the order of the paper's Table 1, others behind them by name."""
    places = {alias: place for place, aliases in enumerate(_ORDER) for alias in aliases}
    return sorted(
        set(names), key=lambda name: (places.get(re.sub("[^a-z0-9]", "", name.casefold()), len(_ORDER)), name)
    )


def table(key: str, label: str, title: str, blocks: Sequence[Block], outcome: bool) -> Table:
    """The table of these blocks, side by side; ``outcome`` adds how many patients are positive.

    A number is given as median and quartiles, a category as patients and per cent of those with a value, and a last
    column of each block has the p of the test between its groups (none for a single group). Values that are missing
    have a row of counts. A variable of too many different values, or of none, is named in the notes.
    """
    sheet = _Sheet(blocks)
    groups = sheet.groups
    sheet.count("Patients, n", [len(group) for group in groups])
    if outcome:
        sheet.variable(
            _OUTCOME, [["positive" if patient.outcome else "negative" for patient in group] for group in groups]
        )
    for name in ordered({name for group in groups for patient in group for name in patient.clinical}):
        values = [[patient.clinical.get(name, "") for patient in group] for group in groups]
        sheet.variable(variable_words(name), values)
    sheet.images("Tumour images", View.TUMOUR)
    sheet.images("Node images", View.NODE)
    sheet.variable(_NODE_IMAGE, [[value_of(patient, NODE_IMAGE) for patient in group] for group in groups])
    names = [[*block.groups, "p"] if block.compares else list(block.groups) for block in blocks]
    spans = (("", 1), *((block.title, len(group)) for block, group in zip(blocks, names, strict=True)))
    return Table(
        key,
        title,
        ("Characteristic", *chain.from_iterable(names)),
        tuple(sheet.rows),
        tuple(sheet.notes()),
        spans if any(block.title for block in blocks) else (),
        tuple(sheet.depths),
        label,
    )


class _Sheet:
    """Rows as they come, one cell a group and a p for each block that compares, and what the notes must tell."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self.groups = [list(patients) for block in blocks for patients in block.groups.values()]
        self.rows: list[tuple[str, ...]] = []
        self.depths: list[int] = []
        self.tests: dict[str, dict[str, None]] = {}
        self.undefined: list[tuple[str, str, str]] = []
        self.left_out: list[tuple[str, str, str]] = []
        self.doubtful: dict[str, None] = {}

    def count(self, name: str, counts: Iterable[int], depth: int = 0) -> None:
        """A row of counts."""
        self.line(name, map(str, counts), depth=depth)

    def variable(self, name: str, values: Sequence[Sequence[str]]) -> None:
        """The rows of a variable, given its values, a list a group."""
        found = _described(values)
        if not found.levels:
            self.left_out.append((name, "", found.reason))
        elif found.levels[0].name:
            self.line(f"{name}, n (%)", [""] * len(values), self.told(name, _compared(found, values, self.places())))
            for level in found.levels:
                self.line(words.level(level.name), map(_cell, level.cells), depth=1)
        else:
            p = self.told(name, _compared(found, values, self.places()))
            self.line(f"{name}, median (IQR)", map(_cell, found.levels[0].cells), p)
        if found.levels and any(found.missing):
            self.count("Missing", found.missing, depth=1)

    def images(self, name: str, view: View) -> None:
        """How many images of a view there are, and how many a patient has."""
        counts = [[float(patient.count(view)) for patient in group] for group in self.groups]
        self.count(f"{name}, n", [int(sum(group)) for group in counts])
        tests = [_ranked([counts[place] for place in places]) for places in self.places()]
        self.line("Per patient, median (IQR)", map(_spread, counts), self.told(f"{name} per patient", tests), depth=1)

    def places(self) -> list[range]:
        """Where the groups of each block stand among all groups."""
        ends = list(accumulate((len(block.groups) for block in self.blocks), initial=0))
        return [range(first, last) for first, last in pairwise(ends)]

    def told(self, name: str, tests: Sequence[_Found]) -> list[str]:
        """The p of each block; the notes will tell how it was found."""
        for block, found in zip(self.blocks, tests, strict=True):
            where = f"{name} ({block.title})" if block.title else name
            if block.compares and math.isnan(found.p):
                self.undefined.append((f"p of {name}", block.title, found.reason))
            elif block.compares:
                self.tests.setdefault(found.test, {})[name] = None
                if found.doubtful:
                    self.doubtful[where] = None
        return [words.p_value(found.p) for found in tests]

    def line(self, name: str, cells: Iterable[str], p: Sequence[str] = (), depth: int = 0) -> None:
        """A row of cells, one a group, and the p of each block."""
        filled, row = list(cells), [name]
        for block, places, told in zip(self.blocks, self.places(), p or [""] * len(self.blocks), strict=True):
            row += filled[places.start : places.stop]
            row += [told] if block.compares else []
        self.rows.append(tuple(row))
        self.depths.append(depth)

    def notes(self) -> Iterator[str]:
        """How the figures were found, and why some are not there."""
        yield "Numbers are median and quartiles (IQR), categories patients and per cent of the patients with a value."
        told = [f"{_TESTS[test]} ({', '.join(names)})" for test, names in self.tests.items()]
        if told:
            yield f"p: {'; '.join(told)}. Two-sided, not corrected for the number of tests, without missing values."
        if self.doubtful:
            yield f"The chi-square test is doubtful where an expected count is below 5: {', '.join(self.doubtful)}."
        yield from words.reasons(self.undefined)
        yield from words.reasons(self.left_out, "Not shown")


def _described(values: Sequence[Sequence[str]]) -> DescribedVariable:
    """The rows of a variable with these values, a list a group."""
    names = [str(place) for place in range(len(values))]
    members = [name for name, group in zip(names, values, strict=True) for _ in group]
    return tables.describe([{"": value} for group in values for value in group], members, [""], names).variables[0]


def _compared(
    found: DescribedVariable, values: Sequence[Sequence[str]], places: Sequence[Sequence[int]]
) -> list[_Found]:
    """The test between the groups at each of these places."""
    if found.levels[0].name:
        return [_counted([[_count(level.cells[at]) for at in some] for level in found.levels]) for some in places]
    numbers = [[n for value in group if (n := number_of(value)) is not None] for group in values]
    return [_ranked([numbers[at] for at in some]) for some in places]


def _counted(counts: Sequence[Sequence[int]]) -> _Found:
    test = tables.chi_square(counts)
    return _Found(test.p, "chi-square", test.reason, test.smallest_expected < _FEW_EXPECTED)


def _ranked(groups: Sequence[Sequence[float]]) -> _Found:
    held = [group for group in groups if group]
    test = tables.wilcoxon(*held) if len(held) == 2 else tables.kruskal(held)
    return _Found(test.p, test.test, test.reason)


def _count(cell: Cell) -> int:
    return cell.count if isinstance(cell, Share) else cell.n


def _cell(cell: Cell) -> str:
    if isinstance(cell, Share):
        return f"{cell.count} ({words.number(100 * cell.share, 1)})"
    return words.median_range(cell.median, cell.lower, cell.upper)


def _spread(numbers: Sequence[float]) -> str:
    if not numbers:
        return words.DASH
    lower, median, upper = (float(quartile) for quartile in np.quantile(numbers, [0.25, 0.5, 0.75]))
    return words.median_range(median, lower, upper)
