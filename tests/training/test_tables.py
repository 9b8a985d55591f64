"""Tables for programs keep every digit, those for people are in the publication's style; what is undefined is empty."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import tables

NAN = math.nan


def test_what_is_not_defined_is_an_empty_cell() -> None:
    rows = [("a, b", 1, 0.1 + 0.2, NAN), ("", True, math.inf, None)]
    text = tables.to_csv(("name", "count", "value", "limit"), rows)
    assert text == 'name,count,value,limit\n"a, b",1,0.30000000000000004,\n,True,inf,\n'


CELLS = st.text(st.characters(exclude_categories=["C"]))


@given(st.lists(st.tuples(CELLS, st.floats(allow_nan=False)), max_size=5))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float]]) -> None:
    path: Path = tmp_path_factory.mktemp("tables") / "table.csv"
    path.write_text(tables.to_csv(("name", "value"), rows), encoding="utf-8")
    assert [(row["name"], float(row["value"])) for row in tables.read(path)] == rows


def test_an_absent_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tables.read(tmp_path / "table.csv")


def test_a_table_for_people() -> None:
    assert tables.to_markdown(("model", "AUC"), [("a", "0.9"), ("b", "")]) == (
        "| model | AUC |\n|---|---|\n| a | 0.9 |\n| b |  |"
    )
    assert tables.to_markdown(("model",), []) == "| model |\n|---|"


def test_numbers_are_in_the_style_of_the_publication() -> None:
    assert (tables.number(0.83249), tables.number(-0.12), tables.number(NAN)) == ("0.832", "−0.120", "")
    assert tables.interval(0.1, -0.05, 0.25) == "0.100 (−0.050 to 0.250)"
    assert tables.interval(0.1, NAN, NAN) == "0.100" and tables.interval(NAN, NAN, NAN) == ""
    assert [tables.p_value(p) for p in (0.0001, 0.034, 0.9999, NAN)] == ["<0.001", "0.034", ">0.999", ""]
