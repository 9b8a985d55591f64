"""Logistic regression of a design matrix by statsmodels: maximum likelihood, or penalised where that does not exist.

Where a combination of columns separates the outcomes the likelihood has no maximum, and a programme that stops
somewhere on the way reports numbers that mean nothing. This is seen beforehand by a linear programme (Albert and
Anderson 1984, Biometrika 71:1; Konis 2007). A log-F(1, 1) prior on every coefficient but the intercept then makes the
estimate finite (Greenland and Mansournia 2015, Statistics in Medicine 34:3133): very weak, its central 95 % are odds
ratios of 1/648 to 648 a column. It is fitted as they propose, as half a patient of either outcome a column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aln_desk.stats.ranks import Floats, Outcomes

_SEPARATED = 1e-3
"""A separating direction in the box of half-width 1 gains far more than this, the solver's tolerance far less."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients (k,), their standard errors (k,), the maximum of the (penalised) log-likelihood, and the rank."""

    coefficient: Floats
    error: Floats
    log_likelihood: float
    rank: int


def separates(design: Floats, outcome: Outcomes) -> bool:
    """Whether some combination of the columns (P, k) is never below 0 for positives, never above for negatives, and
    not 0 for everyone: the likelihood then has no maximum. Columns should be of a size near 1.
    """
    from scipy.optimize import linprog

    signed = np.where(outcome, 1.0, -1.0)[:, None] * design
    found = linprog(-signed.sum(0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1.0, 1.0))
    return -float(found.fun or 0.0) > _SEPARATED


def fit(design: Floats, outcome: Outcomes, penalised: bool) -> Fit:
    """Fit a design (P, k) whose first column is the intercept's ones. Unpenalised, it must not separate the outcomes.

    A column that depends on earlier ones gets the coefficient 0 and the error nan. The penalty of all coefficients at
    0 counts as 0, so that log-likelihoods of nested designs, both penalised, can be compared.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    used = _independent(design)
    added = len(used) - 1 if penalised else 0
    halves = np.tile(np.eye(len(used))[1 : 1 + added], (2, 1))
    response = np.concatenate([outcome.astype(float), np.ones(added), np.zeros(added)])
    weight = np.concatenate([np.ones(outcome.size), np.full(2 * added, 0.5)])
    rows = np.vstack([design[:, used], halves])
    found = GLM(response, rows, Binomial(), freq_weights=weight).fit(maxiter=200, tol=1e-10)
    # The errors that come with it are those one step before the maximum.
    information = (rows.T * (weight * found.mu * (1.0 - found.mu))) @ rows
    coefficient, error = np.zeros(design.shape[1]), np.full(design.shape[1], np.nan)
    coefficient[used], error[used] = found.params, np.sqrt(np.diag(np.linalg.pinv(information)))
    return Fit(coefficient, error, float(found.llf) + added * math.log(2.0), len(used))


def _independent(design: Floats) -> list[int]:
    """The columns that do not depend on earlier ones."""
    columns = design.shape[1]
    if np.linalg.matrix_rank(design) == columns:
        return list(range(columns))
    kept: list[int] = []
    for column in range(columns):
        if np.linalg.matrix_rank(design[:, [*kept, column]]) > len(kept):
            kept.append(column)
    return kept


def likelihood_ratio_p(full: Fit, reduced: Fit) -> float:
    """Chi-square p of what ``full`` has beyond the nested ``reduced``; nan where it has nothing."""
    from scipy.special import chdtrc

    freedom = full.rank - reduced.rank
    if freedom < 1:
        return math.nan
    return float(chdtrc(freedom, 2.0 * max(0.0, full.log_likelihood - reduced.log_likelihood)))
