"""Who the patients are: the rows of a table of characteristics (the paper's Tables 1 and S1) and its tests.

Categories are compared by Pearson's chi-square without Yates' correction, as the paper does, numbers by rank tests.
What is not defined is nan, and ``reason`` says why. The regression table and the nomogram have modules of their own
and are found here too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.domain.order import natural_key
from aln_desk.stats.coding import FEWEST_NUMBERS, MOST_LEVELS
from aln_desk.stats.logistic import UNKNOWN, level_key, number_of
from aln_desk.stats.nomogram import nomogram as nomogram
from aln_desk.stats.ranks import Floats, midranks
from aln_desk.stats.regression import regression as regression
from aln_desk.stats.regression import variables_of

RankTestName = Literal["Wilcoxon", "Kruskal-Wallis"]
TestName = Literal["chi-square", "Wilcoxon", "Kruskal-Wallis", ""]


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """Pearson's statistic, its degrees of freedom and p; ``smallest_expected`` count of the cells.

    The approximation is doubted where that is below 5 (Cochran, Biometrics 10:417, 1954). ``dropped`` rows and columns
    had nobody and were left out.
    """

    statistic: float
    df: int
    p: float
    smallest_expected: float
    dropped: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RankTest:
    """``statistic``: W for Wilcoxon, H for Kruskal-Wallis; ``dropped`` groups had nobody and were left out."""

    test: RankTestName
    statistic: float
    df: int
    p: float
    dropped: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` patients, and their share in [0, 1] of the patients whose value is not missing; nan of nobody."""

    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Of ``n`` numbers: median, lower and upper quartile (R's type 7, linear between neighbours); nan of nobody."""

    n: int
    median: float
    lower: float
    upper: float


Cell = Share | Spread


@dataclass(frozen=True, slots=True)
class Level:
    """A row: a level of a category, or a number (``name`` empty). ``cells`` are one a group, in the table's order."""

    name: str
    total: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class DescribedVariable:
    """The rows of a variable, patients of each group whose value is missing, and the test between the groups.

    Without rows, and with a ``reason``, where nobody has a value or the values are no categories.
    """

    name: str
    levels: tuple[Level, ...]
    missing: tuple[int, ...]
    test: TestName
    statistic: float
    p: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Characteristics:
    """The table: names of the groups, patients in each, and the variables."""

    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    variables: tuple[DescribedVariable, ...]


def chi_square(counts: ArrayLike) -> ChiSquare:
    """Pearson's test, without Yates' correction, that rows and columns of a table of counts (r, c) are independent.

    Sum of (observed - expected)^2 / expected, expected = row sum * column sum / n, on (r - 1)(c - 1) degrees of freedom
    (Pearson 1900; R's ``chisq.test(correct = FALSE)``). Rows and columns of nobody are left out first; nan where fewer
    than two of either remain. ValueError for anything but a table of finite numbers of at least 0.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("counts must be a table of finite numbers of at least 0")
    held = table[table.any(axis=1)][:, table.any(axis=0)]
    dropped = sum(table.shape) - sum(held.shape)
    if min(held.shape) < 2:
        what = "rows" if held.shape[0] < 2 else "columns"
        return ChiSquare(math.nan, 0, math.nan, math.nan, dropped, f"fewer than two {what} have patients")
    from scipy.special import chdtrc

    expected = np.outer(held.sum(axis=1), held.sum(axis=0)) / held.sum()
    statistic = float(((held - expected) ** 2 / expected).sum())
    df = (held.shape[0] - 1) * (held.shape[1] - 1)
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)), float(expected.min()), dropped)


def wilcoxon(first: ArrayLike, second: ArrayLike) -> RankTest:
    """The Wilcoxon-Mann-Whitney test of two groups of numbers (m,) and (n,), two-sided.

    W = rank sum of the first, less m (m + 1) / 2. p is of the normal approximation with the variance corrected for ties
    and a continuity correction of 1/2: R's ``wilcox.test(exact = FALSE, correct = TRUE)``. (R by itself takes the exact
    distribution where both groups are below 50 and nothing is tied.) nan where a group is empty, a number is NaN or all
    are equal.
    """
    a, b = _flat(first), _flat(second)
    reason = _no_ranks([a, b]) if a.size and b.size else "a group has no patients"
    if reason:
        return RankTest("Wilcoxon", math.nan, 1, math.nan, reason=reason)
    together = np.concatenate([a, b])
    w = float(midranks(together)[: a.size].sum()) - a.size * (a.size + 1) / 2
    distance = max(0.0, abs(w - a.size * b.size / 2) - 0.5)
    variance = a.size * b.size * (together.size + 1) / 12 * _untied(together)
    return RankTest("Wilcoxon", w, 1, math.erfc(distance / math.sqrt(2 * variance)))


def kruskal(groups: Sequence[ArrayLike]) -> RankTest:
    """The Kruskal-Wallis test of groups of numbers, each flat.

    H = 12 / (N (N + 1)) * sum R_i^2 / n_i - 3 (N + 1), divided by the correction for ties, against chi-square with one
    degree of freedom less than groups (Kruskal and Wallis, JASA 47:583, 1952; R's ``kruskal.test``). Groups of nobody
    are left out first; nan where fewer than two remain, a number is NaN or all are equal.
    """
    numbers = [group for group in map(_flat, groups) if group.size]
    dropped, df = len(groups) - len(numbers), max(len(numbers) - 1, 0)
    reason = "fewer than two groups have patients" if df < 1 else _no_ranks(numbers)
    if reason:
        return RankTest("Kruskal-Wallis", math.nan, df, math.nan, dropped, reason)
    from scipy.special import chdtrc

    together = np.concatenate(numbers)
    ranks = np.split(midranks(together), np.cumsum([group.size for group in numbers])[:-1])
    # Distances from the mean rank, not squares of rank sums: these would cancel and leave a number below 0.
    middle = (together.size + 1) / 2
    between = sum(group.size * (float(group.mean()) - middle) ** 2 for group in ranks)
    h = 12 * between / (together.size * (together.size + 1)) / _untied(together)
    return RankTest("Kruskal-Wallis", h, df, float(chdtrc(df, h)), dropped)


def _flat(numbers: ArrayLike) -> Floats:
    flat = np.asarray(numbers, dtype=np.float64)
    if flat.ndim != 1:
        raise ValueError(f"a group of shape {flat.shape} is not flat")
    return flat


def _no_ranks(groups: Sequence[Floats]) -> str:
    together = np.concatenate(groups)
    if np.isnan(together).any():
        return "a number is NaN"
    return "all numbers are equal" if (together == together[0]).all() else ""


def _untied(numbers: Floats) -> float:
    """1 - sum (t^3 - t) / (N^3 - N) over the ties of t numbers: 1 without ties."""
    tied = np.unique(numbers, return_counts=True)[1].astype(np.float64)
    size = float(numbers.size)
    return 1 - float((tied**3 - tied).sum()) / (size**3 - size)


def describe(
    clinical: Sequence[Mapping[str, str]],
    groups: Sequence[str],
    variables: Sequence[str] = (),
    order: Sequence[str] = (),
) -> Characteristics:
    """The table of patients (P) with these variables (name -> text), each in one of ``groups`` (P,).

    ``groups`` are cohorts (Table 1), words for outcomes (Table S1), or anything else; ``order`` names the columns
    (default: as they appear), and patients of other groups do not count. ``variables`` are the rows (default: all).

    A variable is a number when every known value is one and at least `FEWEST_NUMBERS` differ, as in the regression:
    median and quartiles, Wilcoxon for two groups with values, Kruskal-Wallis for more. Otherwise it is a category:
    counts, shares of those with a value, chi-square of all levels. There the word ``unknown`` is a level of its own,
    as the paper has it for invasion; an empty cell, ``nan``, ``na`` and ``?`` are missing: counted apart, in neither
    shares nor test. More than `MOST_LEVELS` levels are no category. ValueError where ``clinical`` and ``groups``
    differ in length.
    """
    if len(clinical) != len(groups):
        raise ValueError(f"{len(clinical)} patients are in {len(groups)} groups")
    columns = tuple(dict.fromkeys(order or groups))
    of_group = [[row for row, group in zip(clinical, groups, strict=True) if group == name] for name in columns]
    return Characteristics(
        columns,
        tuple(map(len, of_group)),
        tuple(
            _described(name, [[patient.get(name, "") for patient in members] for members in of_group])
            for name in dict.fromkeys(variables or variables_of(clinical))
        ),
    )


def _described(name: str, values: Sequence[Sequence[str]]) -> DescribedVariable:
    """The variable with these values, a list a group."""
    distinct = dict.fromkeys(value for group in values for value in group)  # patients are many, their values few
    keys = {value: level_key(value) for value in distinct}
    numbers = {value: number for value in distinct if (number := number_of(value)) is not None}
    known = [value for value, key in keys.items() if key != UNKNOWN]
    if len(set(numbers.values())) >= FEWEST_NUMBERS and all(value in numbers for value in known):
        return _numeric(name, values, numbers)
    return _category(name, values, keys)


def _numeric(name: str, values: Sequence[Sequence[str]], numbers: Mapping[str, float]) -> DescribedVariable:
    groups = [[numbers[value] for value in group if value in numbers] for group in values]
    missing = tuple(len(all_) - len(some) for all_, some in zip(values, groups, strict=True))
    row = Level("", _spread([n for group in groups for n in group]), tuple(map(_spread, groups)))
    held = [group for group in groups if group]
    found = wilcoxon(*held) if len(held) == 2 else kruskal(held)
    return DescribedVariable(name, (row,), missing, found.test, found.statistic, found.p, found.reason)


def _spread(numbers: Sequence[float]) -> Spread:
    if not numbers:
        return Spread(0, math.nan, math.nan, math.nan)
    lower, median, upper = (float(q) for q in np.quantile(numbers, [0.25, 0.5, 0.75]))
    return Spread(len(numbers), median, lower, upper)


def _category(name: str, values: Sequence[Sequence[str]], keys: Mapping[str, str]) -> DescribedVariable:
    said = {value: key for value, key in keys.items() if not _missing(value, key)}
    counts = [Counter(said[value] for value in group if value in said) for group in values]
    sizes = [count.total() for count in counts]
    missing = tuple(len(group) - size for group, size in zip(values, sizes, strict=True))
    levels = sorted(set(said.values()), key=lambda key: (key == UNKNOWN, natural_key(key)))
    if not levels or len(levels) > MOST_LEVELS:
        reason = f"{len(levels)} different values are too many categories" if levels else "no patient has a value"
        return DescribedVariable(name, (), missing, "", math.nan, math.nan, reason)
    spelled = {key: " ".join(value.split()) for value, key in reversed(said.items())} | {UNKNOWN: UNKNOWN}
    rows = tuple(
        Level(
            spelled[key],
            _share(sum(count[key] for count in counts), sum(sizes)),
            tuple(_share(count[key], size) for count, size in zip(counts, sizes, strict=True)),
        )
        for key in levels
    )
    found = chi_square([[count[key] for count in counts] for key in levels])
    return DescribedVariable(name, rows, missing, "chi-square", found.statistic, found.p, found.reason)


def _missing(value: str, key: str) -> bool:
    """Whether the cell says nothing; the word for `UNKNOWN` says that one looked and could not tell."""
    return key == UNKNOWN and value.strip().casefold() != UNKNOWN


def _share(count: int, total: int) -> Share:
    return Share(count, count / total if total else math.nan)
