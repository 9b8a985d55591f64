"""Table S3: which clinical variables go with the outcome, alone and beside the others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from aln_desk.domain.patient import variable_words
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.characteristics import ordered
from aln_desk.evaluation.tables.table import Table
from aln_desk.stats.regression import REFERENCE, RegressionRow, RegressionTable

_COLUMNS = ("Variable", "Patients", "Positive (%)", "Odds ratio (95 % CI)", "p", "Odds ratio (95 % CI)", "p")
_METHODS = (
    "Odds ratios of a positive outcome by logistic regression, for one unit of a number and against the reference of a "
    "category, with Wald's 95 % interval and p. The p beside the name of a category is the likelihood-ratio test of "
    "the whole variable. Variables of univariate p at most {level:g} entered; then those of the largest "
    "likelihood-ratio p were left out one by one until every p was at most {level:g}. Univariate figures are of the "
    "patients whose value is known."
)
_Key = tuple[str, str]


def table_s3(found: RegressionTable, cohort: str = "", level: float = 0.05) -> Table:
    """The regression that `stats.regression.regression` made at this ``level``; ``cohort`` names whose it is."""
    alone = {(row.variable, row.level): row for row in found.rows if row.stage == "univariate"}
    beside = {(row.variable, row.level): row for row in found.rows if row.stage == "multivariate"}
    rows: list[tuple[str, ...]] = []
    depths: list[int] = []
    for name in ordered(row.variable for row in found.rows):
        levels = [key for key in alone if key[0] == name]
        for key in [(name, ""), *levels] if levels != [(name, "")] else levels:
            rows.append(_row(key, alone, beside))
            depths.append(int(bool(key[1])))
    title = "Logistic regression of the node status on clinical variables"
    return Table(
        "table_s3",
        f"{title} ({cohort})" if cohort else title,
        _COLUMNS,
        tuple(rows),
        tuple(_notes(found.rows, level)),
        (("", 3), ("Univariate", 2), ("Multivariate", 2)),
        tuple(depths),
        "Table S3",
    )


def _row(key: _Key, alone: Mapping[_Key, RegressionRow], beside: Mapping[_Key, RegressionRow]) -> tuple[str, ...]:
    name, level = key
    known = alone.get(key)
    counts = (str(known.n), words.share(known.positive, known.n)) if known is not None else ("", "")
    cells = (*counts, *_figures(key, alone), *_figures(key, beside))
    return (words.level(level) if level else variable_words(name), *cells)


def _figures(key: _Key, rows: Mapping[_Key, RegressionRow]) -> tuple[str, str]:
    """Odds ratio and p of a row; of the name of a category none, and the p of the whole variable."""
    row = rows.get(key)
    if row is None:
        whole = next((one.p_variable for at, one in rows.items() if at[0] == key[0]), math.nan)
        return "", "" if math.isnan(whole) or key[1] else words.p_value(whole)
    if row.note == REFERENCE:
        return "1 (reference)", ""
    if math.isnan(row.odds_ratio):
        return words.DASH, words.p_value(row.p_variable)
    return f"{words.odds(row.odds_ratio)} ({words.odds(row.low)}–{words.odds(row.high)})", words.p_value(row.p)


def _notes(rows: Sequence[RegressionRow], level: float) -> Iterator[str]:
    yield _METHODS.format(level=level)
    told: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.note not in ("", REFERENCE):
            name = " ".join(part for part in (variable_words(row.variable), row.level) if part)
            told.setdefault(row.note, {})[f"{name}, {row.stage}"] = None
    for note, places in told.items():
        yield f"{note[:1].upper()}{note[1:]}: {'; '.join(places)}."
