"""How a table writes its numbers: one style for all tables and for the figures' labels.

AUC, p and proportions have three decimals; a share is ``735 (64.2)``; what is not defined is `DASH`,
never a number, and `reasons` says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

DASH = "–"
"""What stands where a figure is not defined."""


def number(value: float, digits: int = 3) -> str:
    """``0.832``, ``−0.120`` (a minus sign, not a hyphen), ``∞``; `DASH` for nan. Never minus zero."""
    if math.isnan(value):
        return DASH
    text = "∞" if math.isinf(value) else f"{abs(value):.{digits}f}"
    return f"−{text}" if value < 0 and text.strip("0.") else text


def p_value(p: float) -> str:
    """``0.034``, ``<0.001``, ``>0.999``: rounding to a p of 0 or 1 would claim too much."""
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else number(p)


def interval(value: float, low: float, high: float, digits: int = 3, signed: bool = False) -> str:
    """``0.832 (0.780–0.885)``, or with ``to`` where figures may be below 0; ``0.832 (–)`` without limits."""
    if math.isnan(value):
        return DASH
    between = " to " if signed else "–"
    known = not (math.isnan(low) or math.isnan(high))
    limits = f"{number(low, digits)}{between}{number(high, digits)}" if known else DASH
    return f"{number(value, digits)} ({limits})"


def share(count: int, total: int) -> str:
    """``735 (64.2)``: how many, and per cent of ``total``; ``0 (–)`` of nobody."""
    return f"{count} ({number(100 * count / total if total else math.nan, 1)})"


def median_range(median: float, low: float, high: float) -> str:
    """``52 (44–61)``: median and quartiles, each to three significant digits or whole."""
    if math.isnan(median):
        return DASH
    between = " to " if low < 0 else "–"
    return f"{significant(median)} ({significant(low)}{between}{significant(high)})"


def significant(value: float) -> str:
    """Three significant digits, whole from 100 on, without idle zeros: ``52``, ``52.5``, ``0.034``, ``1234``."""
    if not math.isfinite(value):
        return number(value)
    text = f"{abs(value):.0f}" if abs(value) >= 100 else f"{abs(value):.3g}"
    if "e" in text:
        text = f"{float(text):f}".rstrip("0").rstrip(".")
    return f"−{text}" if value < 0 and text.strip("0.") else text


def odds(ratio: float) -> str:
    """An odds ratio: three decimals below 10, one below 1000, whole above; ``>999999`` beyond what means anything."""
    if ratio > 999_999:
        return "∞" if math.isinf(ratio) else ">999999"
    return number(ratio, 3 if ratio < 10 else 1 if ratio < 1000 else 0)


def level(value: str) -> str:
    """A level of a category as a row's name: ``invasive ductal`` is ``Invasive ductal``."""
    return value[:1].upper() + value[1:]


def reasons(told: Iterable[tuple[str, str, str]], what: str = f"{DASH} not defined") -> tuple[str, ...]:
    """A note for each reason, from (figure, cohort, reason): figures that share one are told together, each with its
    cohorts (which may be empty words). Empty reasons are not told.
    """
    found: dict[str, dict[str, dict[str, None]]] = {}
    for figure, cohort, reason in told:
        if reason:
            found.setdefault(reason, {}).setdefault(figure, {})[cohort] = None
    return tuple(
        f"{what}: {reason} ({'; '.join(_placed(figure, cohorts) for figure, cohorts in figures.items())})."
        for reason, figures in found.items()
    )


def _placed(figure: str, cohorts: Iterable[str]) -> str:
    places = ", ".join(cohort for cohort in cohorts if cohort)
    return f"{figure} on {places}" if places else figure
