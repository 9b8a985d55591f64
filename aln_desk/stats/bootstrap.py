"""Confidence limits by drawing patients again: what is measured per image is not independent within a patient.

A resample draws whole patients with replacement, as many as there are, each with all its rows (cluster bootstrap:
Davison & Hinkley, "Bootstrap methods and their application", 1997, section 3.8; Field & Welsh, JRSS B 69:369, 2007).
The limits are percentiles of the figure over the resamples (Efron & Tibshirani, "An introduction to the bootstrap",
1993, chapter 13). The same rows, in any order, and the same seed give the same limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.ranks import Floats

Rows = NDArray[np.intp]

RESAMPLES = 2000
_MOST_UNDEFINED = 0.05
_AT_ONCE = 1_000_000
"""Numbers held at a time; it bounds the memory of many resamples of many patients."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its confidence limits. What is not defined is nan, and ``reason`` says why; else it is empty."""

    value: float
    low: float
    high: float
    reason: str = ""


def interval(
    statistic: Callable[[Rows], float],
    patient: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Limits of ``statistic``, a function of row numbers (k,), for rows that belong to patients (n,) of any labels.

    It sees all rows once (the value), then for each resample the rows of the patients drawn, a patient drawn twice
    twice. With ``stratum`` (n,), one label for each patient, patients are drawn within each stratum, so that every
    resample has as many of each outcome. A statistic that is nan in up to 5 % of the resamples is taken over the
    others; beyond that, and with a stratum of a single patient, there are no limits. ValueError where the lengths
    differ or a patient lies in two strata.
    """
    groups = _groups(patient, stratum)
    if not groups.size.size:
        return Estimate(math.nan, math.nan, math.nan, "no patients")
    value = float(statistic(groups.rows(np.arange(groups.size.size))))
    if math.isnan(value) or groups.lonely():
        return _without_limits(value)
    drawn = (draw for draws in groups.draws(resamples, seed) for draw in draws)
    return percentile(value, np.array([statistic(groups.rows(draw)) for draw in drawn], dtype=np.float64), level)


def interval_of_sums(
    statistic: Callable[[Floats], Floats],
    summands: ArrayLike,
    patient: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """As `interval` for a figure that depends on sums over the rows alone; all resamples at once, hence fast.

    ``summands`` (n, k) are summed over the rows; ``statistic`` maps sums (..., k) to figures (...). A mean has the
    summands (value, 1) and the statistic ``sums[..., 0] / sums[..., 1]``; a mIoU those of every class.
    """
    groups = _groups(patient, stratum)
    columns = np.asarray(summands, dtype=np.float64)
    if columns.ndim != 2 or len(columns) != groups.order.size:
        raise ValueError(f"summands {columns.shape} must be (rows, columns), a row for each of {groups.order.size}")
    if not groups.size.size:
        return Estimate(math.nan, math.nan, math.nan, "no patients")
    each = np.add.reduceat(columns[groups.order], groups.start, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(each.sum(axis=0)))
        if math.isnan(value) or groups.lonely():
            return _without_limits(value)
        drawn = (counted(draws, len(each)).astype(np.float64) for draws in groups.draws(resamples, seed))
        replicates = np.concatenate([statistic(times @ each) for times in drawn])
    return percentile(value, replicates, level)


def percentile(value: float, replicates: Floats, level: float = 0.95) -> Estimate:
    """The ``value`` with the percentiles of its resamples (B,) as limits, interpolated linearly (R's type 7).

    Without limits where more than 5 % of the resamples are nan.
    """
    defined = replicates[~np.isnan(replicates)]
    lost = replicates.size - defined.size
    if not defined.size or lost > _MOST_UNDEFINED * replicates.size:
        return Estimate(value, math.nan, math.nan, f"not defined in {lost} of {replicates.size} resamples")
    low, high = np.quantile(defined, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(value, float(low), float(high))


def counted(drawn: Rows, size: int) -> NDArray[np.intp]:
    """How often each number below ``size`` occurs in each row of ``drawn`` (b, n): (b, size)."""
    rows = len(drawn)
    numbered = drawn + size * np.arange(rows)[:, None]
    return np.bincount(numbered.ravel(), minlength=rows * size).reshape(rows, size)


def _without_limits(value: float) -> Estimate:
    reason = "the figure itself is not defined" if math.isnan(value) else "a single patient does not vary"
    return Estimate(value, math.nan, math.nan, reason)


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Patients (P,) in the order of their strata: ``order`` (n,) of the rows by patient, where a patient's rows start
    there and how many they are; and how many patients each stratum has."""

    order: Rows
    start: Rows
    size: Rows
    strata: Rows

    def lonely(self) -> bool:
        """Whether some stratum has one patient, who would be drawn every time."""
        return bool((self.strata == 1).any())

    def rows(self, draw: Rows) -> Rows:
        """The rows of the patients drawn (P,)."""
        size = self.size[draw]
        before = np.cumsum(size) - size
        found: Rows = self.order[np.arange(size.sum()) + np.repeat(self.start[draw] - before, size)]
        return found

    def draws(self, resamples: int, seed: int) -> Iterator[Rows]:
        """Patients drawn (b, P) within their strata, ``resamples`` in all, a bounded number at a time."""
        random = np.random.default_rng(seed)
        first = np.cumsum(self.strata) - self.strata
        at_once = max(1, _AT_ONCE // self.size.size)
        for done in range(0, resamples, at_once):
            rows = min(at_once, resamples - done)
            within = zip(first, self.strata, strict=True)
            yield np.concatenate([random.integers(low, low + n, size=(rows, n)) for low, n in within], axis=1)


def _groups(patient: ArrayLike, stratum: ArrayLike | None) -> _Groups:
    patients = np.asarray(patient)
    strata = np.zeros(patients.shape, dtype=np.intp) if stratum is None else np.asarray(stratum)
    if patients.ndim != 1 or strata.shape != patients.shape:
        raise ValueError(f"patient {patients.shape} and stratum {strata.shape} must be flat and of one length")
    names, code = np.unique(patients, return_inverse=True)
    levels, layer = np.unique(strata, return_inverse=True)
    # Patients are numbered stratum by stratum; one in two strata would get two numbers.
    numbers, number, size = np.unique(layer * max(names.size, 1) + code, return_inverse=True, return_counts=True)
    if numbers.size != names.size:
        raise ValueError("a patient lies in two strata")
    order = np.argsort(number, kind="stable")
    members = np.bincount(numbers // max(names.size, 1), minlength=levels.size)
    return _Groups(order, np.cumsum(size) - size, size, members)
