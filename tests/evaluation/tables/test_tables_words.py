from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.evaluation.tables import words

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8324, "0.832"), (-0.12, "−0.120"), (-0.0001, "0.000"), (math.inf, "∞"), (-math.inf, "−∞"), (NAN, "–")],
)
def test_a_number(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0342, "0.034"), (0.00099, "<0.001"), (0.0, "<0.001"), (0.9996, ">0.999"), (1.0, ">0.999"), (NAN, "–")],
)
def test_a_p_is_never_rounded_to_0_or_1(p: float, text: str) -> None:
    assert words.p_value(p) == text


@pytest.mark.parametrize(
    ("limits", "signed", "text"),
    [
        ((0.832, 0.78, 0.885), False, "0.832 (0.780–0.885)"),
        ((-0.1, -0.2, 0.05), True, "−0.100 (−0.200 to 0.050)"),
        ((1.0, NAN, NAN), False, "1.000 (–)"),
        ((NAN, NAN, NAN), False, "–"),
    ],
)
def test_an_interval(limits: tuple[float, float, float], signed: bool, text: str) -> None:
    assert words.interval(*limits, signed=signed) == text


def test_a_share_of_nobody_has_no_per_cent() -> None:
    assert (words.share(735, 1144), words.share(0, 0)) == ("735 (64.2)", "0 (–)")


@pytest.mark.parametrize(
    ("value", "text"),
    [(52.0, "52"), (52.53, "52.5"), (0.0341, "0.0341"), (0.000012, "0.000012"), (1234.5, "1234"), (-3.14159, "−3.14")],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert words.significant(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_significant_digits_are_a_plain_number_near_the_value(value: float) -> None:
    text = words.significant(value)
    assert re.fullmatch(r"−?\d+(\.\d+)?", text)
    assert float(text.replace("−", "-")) == pytest.approx(value, rel=0.006, abs=1e-6)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(2.4567, "2.457"), (24.567, "24.6"), (2456.7, "2457"), (3e9, ">999999"), (math.inf, "∞"), (NAN, "–")],
)
def test_an_odds_ratio(ratio: float, text: str) -> None:
    assert words.odds(ratio) == text


def test_figures_without_a_number_are_told_by_reason() -> None:
    told = [("AUC of A", "one", "no patients"), ("AUC of A", "two", "no patients"), ("F1", "", "nobody"), ("x", "", "")]
    assert words.reasons(told) == (
        "– not defined: no patients (AUC of A on one, two).",
        "– not defined: nobody (F1).",
    )
