"""Which clinical variables go with the outcome: univariate and multivariate logistic regression (the paper's S3).

The rule, at a level of 0.05 unless another is asked for: a variable whose univariate likelihood-ratio p is at most
the level enters; then, one by one, the variable of largest likelihood-ratio p beside the others is left out until
every p is at most the level. At level 1 all variables that can be used stay. Odds ratios come with Wald's 95 % limits
and p. Univariate figures leave out the patients whose value is not known; multivariate ones and the model keep them
by the rule of `coding`. Where a variable separates the outcomes the fit is penalised (`logistic_fit`) and says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.domain.errors import BadProject
from aln_desk.stats import logistic_fit
from aln_desk.stats.coding import Coding, coding
from aln_desk.stats.logistic import UNKNOWN, LogisticModel, level_key
from aln_desk.stats.logistic_fit import Fit
from aln_desk.stats.ranks import Floats, Outcomes, paired

Clinical = Sequence[Mapping[str, str]]
Stage = Literal["univariate", "multivariate"]

_Z = NormalDist().inv_cdf(0.975)
REFERENCE = "reference"
PENALISED = "penalised, as the outcomes can be separated"
DEPENDENT = "not told apart: other variables name the same patients"


@dataclass(frozen=True, slots=True)
class RegressionRow:
    """One level of a category, or a number (``level`` empty, the odds ratio holds for one unit).

    ``n`` patients have it, ``positive`` of them a positive outcome. ``p`` is Wald's, ``p_variable`` the
    likelihood-ratio p of the whole variable, the same on all its rows. What is not defined is nan, and ``note`` says
    why; a variable that could not be used, or was left out, has one row with an empty level.
    """

    variable: str
    level: str
    n: int
    positive: int
    odds_ratio: float
    low: float
    high: float
    p: float
    p_variable: float
    stage: Stage
    note: str = ""


@dataclass(frozen=True, slots=True)
class RegressionTable:
    """Univariate rows of every variable, then multivariate rows; the model of the variables that were chosen.

    ``model.variables`` names them; it is a bare intercept where none was.
    """

    rows: tuple[RegressionRow, ...]
    model: LogisticModel


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A variable that can be used, with the values (P,) of the patients."""

    coding: Coding
    values: list[str]

    def known(self) -> Outcomes:
        members: Outcomes = np.any(list(self.coding.members(self.values).values()), axis=0)
        return members


def variables_of(clinical: Clinical) -> list[str]:
    """Every variable that some patient has, in order of appearance."""
    return list(dict.fromkeys(name for patient in clinical for name in patient))


def regression(
    clinical: Clinical, outcome: ArrayLike, variables: Sequence[str] = (), level: float = 0.05
) -> RegressionTable:
    """The table and the model for patients (P) with these variables and outcomes (P,), 0 or 1.

    ``variables`` are those to look at (default: all). Raises `BadProject` where one of the outcomes is missing.
    """
    outcomes = _outcomes(clinical, outcome)
    rows: list[RegressionRow] = []
    entered: list[_Column] = []
    for name in dict.fromkeys(variables or variables_of(clinical)):
        values = [patient.get(name, "") for patient in clinical]
        try:
            column = _Column(coding(name, values, outcomes), values)
            found, p = _univariate(column, outcomes)
        except ValueError as reason:
            rows.append(_bare(name, values, outcomes, "univariate", f"not used: {reason}"))
            continue
        rows += found
        if p <= level:
            entered.append(column)
    kept, left_out = _eliminate(entered, outcomes, level)
    return RegressionTable((*rows, *_multivariate(kept, outcomes), *left_out), _model(kept, outcomes))


def fit_model(
    clinical: Clinical, outcome: ArrayLike, variables: Sequence[str], image: ArrayLike | None = None
) -> LogisticModel:
    """The model of just these variables and, where given, of the bags' logits ``image`` (P,); nothing is left out.

    Raises `BadProject` where one of the outcomes is missing, ValueError for a variable that cannot be used.
    """
    outcomes = _outcomes(clinical, outcome)
    columns = []
    for name in variables:
        values = [patient.get(name, "") for patient in clinical]
        columns.append(_Column(coding(name, values, outcomes), values))
    return _model(columns, outcomes, None if image is None else np.asarray(image, np.float64))


def _outcomes(clinical: Clinical, outcome: ArrayLike) -> Outcomes:
    outcomes, _ = paired(outcome, np.zeros(len(clinical)))
    if outcomes.all() or not outcomes.any():
        raise BadProject(
            f"The regression needs patients of both outcomes, and the {outcomes.size} patients here do not have both. "
            "Enter more outcomes."
        )
    return outcomes


def _univariate(column: _Column, outcome: Outcomes) -> tuple[list[RegressionRow], float]:
    """The variable's rows and likelihood-ratio p; ValueError where its known values leave one outcome only."""
    known = column.known()
    if outcome[known].all() or not outcome[known].any():
        raise ValueError("the patients with a known value all have the same outcome")
    at = np.flatnonzero(known)
    some = _Column(column.coding, [column.values[k] for k in at])
    fit, penalised = _fit([some], outcome[known])
    p = logistic_fit.likelihood_ratio_p(fit, logistic_fit.fit(np.ones((at.size, 1)), outcome[known], penalised))
    return _rows(some, fit, slice(1, None), outcome[known], p, "univariate", penalised), p


def _eliminate(
    columns: Sequence[_Column], outcome: Outcomes, level: float
) -> tuple[list[_Column], list[RegressionRow]]:
    """Backward elimination: the columns that stay, and a row for each that was left out."""
    kept, left_out = list(columns), []
    while kept:
        p = _p_beside_others(kept, outcome)
        worst = max(reversed(range(len(kept))), key=lambda k: math.inf if math.isnan(p[k]) else p[k])
        if p[worst] <= level:
            break
        column = kept.pop(worst)
        reason = "it says nothing beyond the others" if math.isnan(p[worst]) else f"p {p[worst]:.3g} beside the others"
        left_out.append(
            _bare(column.coding.name, column.values, outcome, "multivariate", f"left out: {reason}", p[worst])
        )
    return kept, left_out


def _p_beside_others(columns: Sequence[_Column], outcome: Outcomes) -> list[float]:
    full, penalised = _fit(columns, outcome)
    reduced = [
        logistic_fit.fit(_design([c for c in columns if c is not one], outcome.size), outcome, penalised)
        for one in columns
    ]
    return [logistic_fit.likelihood_ratio_p(full, fit) for fit in reduced]


def _multivariate(columns: Sequence[_Column], outcome: Outcomes) -> list[RegressionRow]:
    if not columns:
        return []
    fit, penalised = _fit(columns, outcome)
    rows: list[RegressionRow] = []
    for column, at, p in zip(columns, _places(columns), _p_beside_others(columns, outcome), strict=True):
        rows += _rows(column, fit, at, outcome, p, "multivariate", penalised)
    return rows


def _model(columns: Sequence[_Column], outcome: Outcomes, image: Floats | None = None) -> LogisticModel:
    spread = 1.0 if image is None else float(np.std(image)) or 1.0
    fit, _ = _fit(columns, outcome, None if image is None else image / spread)
    terms = [
        column.coding.term(fit.coefficient[at] / column.coding.units)
        for column, at in zip(columns, _places(columns), strict=True)
    ]
    weight = None if image is None else float(fit.coefficient[-1]) / spread
    return LogisticModel(float(fit.coefficient[0]), tuple(terms), weight)


def _places(columns: Sequence[_Column]) -> list[slice]:
    """Where the coefficients of each variable stand, behind the intercept."""
    ends = accumulate((column.coding.units.size for column in columns), initial=1)
    return [slice(first, last) for first, last in pairwise(ends)]


def _fit(columns: Sequence[_Column], outcome: Outcomes, image: Floats | None = None) -> tuple[Fit, bool]:
    """The fit, and whether it had to be penalised."""
    design = _design(columns, outcome.size)
    if image is not None:
        design = np.column_stack([design, image])
    penalised = logistic_fit.separates(design, outcome)
    return logistic_fit.fit(design, outcome, penalised), penalised


def _design(columns: Sequence[_Column], patients: int) -> Floats:
    return np.column_stack([np.ones(patients), *(column.coding.columns(column.values) for column in columns)])


def _rows(
    column: _Column, fit: Fit, at: slice, outcome: Outcomes, p_variable: float, stage: Stage, penalised: bool
) -> list[RegressionRow]:
    """The rows of a variable whose coefficients stand at ``at``."""
    units = column.coding.units
    figures = [_odds(b, e) for b, e in zip(fit.coefficient[at] / units, fit.error[at] / units, strict=True)]
    notes = [DEPENDENT if math.isnan(e) else PENALISED if penalised else "" for e in fit.error[at]]
    members = column.coding.members(column.values)
    if len(members) > units.size:
        figures = [(1.0, math.nan, math.nan, math.nan), *figures]
        notes = [REFERENCE, *notes]
    return [
        RegressionRow(
            column.coding.name, level, int(who.sum()), int(outcome[who].sum()), *figure, p_variable, stage, note
        )
        for (level, who), figure, note in zip(members.items(), figures, notes, strict=True)
    ]


def _odds(coefficient: float, error: float) -> tuple[float, float, float, float]:
    """Odds ratio, its 95 % limits and p, by Wald: all nan without an error, infinite where too large for a number."""
    if math.isnan(error):
        return math.nan, math.nan, math.nan, math.nan
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp(coefficient + error * np.array([0.0, -_Z, _Z]))
    return float(ratio), float(low), float(high), math.erfc(abs(coefficient / error) / math.sqrt(2.0))


def _bare(
    name: str, values: Sequence[str], outcome: Outcomes, stage: Stage, note: str, p_variable: float = math.nan
) -> RegressionRow:
    """The one row of a variable without an odds ratio."""
    known = np.array([level_key(value) != UNKNOWN for value in values])
    nan = math.nan
    return RegressionRow(
        name, "", int(known.sum()), int(outcome[known].sum()), nan, nan, nan, nan, p_variable, stage, note
    )
