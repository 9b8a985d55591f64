"""Names in the order in which people expect them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.order import natural_key


def test_numbers_count_and_case_does_not() -> None:
    names = ["p10", "P2", "p1", "P1b", "p1a", "", "2", "10", "a", "003"]
    assert sorted(names, key=natural_key) == ["", "2", "003", "10", "a", "p1", "p1a", "P1b", "P2", "p10"]


@given(names=st.lists(st.text(alphabet="aB19²٣ \x00", max_size=6)))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    once = sorted(names, key=natural_key)
    assert sorted(once, key=natural_key) == once


def test_a_number_may_be_of_any_length() -> None:
    assert natural_key("9" * 5000) > natural_key("8" * 5000)
