from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.evaluation.tables.table import (
    Table,
    csv_cell,
    is_heading,
    to_csv,
    to_html,
    to_latex,
    to_text,
    under_headings,
)

TABLE = Table(
    "table_2",
    "Performance & more",
    ("Model", "AUC (95 % CI)", "p"),
    (("Internal test", "", ""), ("A_1", "0.832 (0.780–0.885)", "<0.001"), ("B", "–", "reference")),
    ("DeLong's interval, 95 %.",),
    (("", 1), ("Figures", 2)),
    (0, 1, 1),
    "Table 2",
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 4))
    line = st.tuples(*[st.text(max_size=8)] * width)
    rows = draw(st.lists(line, max_size=4))
    depths = tuple(draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    first = draw(st.integers(1, width))
    spans = ((draw(st.text(max_size=5)), first), (draw(st.text(max_size=5)), width - first))
    return Table(
        "key",
        draw(st.text(max_size=9)),
        draw(line),
        tuple(rows),
        tuple(draw(st.lists(st.text(max_size=9), max_size=2))),
        spans if draw(st.booleans()) and first < width else (),
        depths,
    )


class Cells(HTMLParser):
    """The cells of each row of a fragment, and how many columns they stand over."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.spans: list[int] = []
        self._inside = False
        self.feed(fragment)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self.spans.append(0)
        self._inside = tag in ("th", "td", "br") and bool(self.rows)
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self.spans[-1] += int(dict(attrs).get("colspan") or 1)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def shown(sign: str) -> str:
    """A space for what would break a line."""
    return " " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_every_row_of_the_csv_can_be_understood_by_itself() -> None:
    assert read(to_csv(TABLE)) == [
        ["Model", "Figures: AUC (95 % CI)", "Figures: p"],
        ["Internal test", "", ""],
        ["Internal test: A_1", "0.832 (0.780–0.885)", "<0.001"],
        ["Internal test: B", "–", "reference"],
    ]


@given(tables())
def test_csv_reads_back_in_shape_and_without_formulas(table: Table) -> None:
    rows = read(to_csv(table))
    assert [len(row) for row in rows if row] == [len(table.columns)] * sum(bool(row) for row in rows)
    assert len(rows) == len(table.rows) + 1
    for row in rows:
        for cell in row:
            assert not cell.lstrip().startswith(("=", "@")) and "\n" not in cell and "\r" not in cell
            if cell.lstrip().startswith(("+", "-")):
                float(cell)


@given(st.text())
def test_a_csv_cell_keeps_its_text(cell: str) -> None:
    plain, wanted = csv_cell(cell), "".join(map(shown, cell))
    assert plain in (wanted, f"'{wanted}", wanted.replace("−", "-"))


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        (" =1", "' =1"),
        ("\t=1", "' =1"),
        ("-0.120", "-0.120"),
        ("−0.120", "-0.120"),
        ("+1e-3", "+1e-3"),
        ("−0.1 (−0.2 to 0.0)", "−0.1 (−0.2 to 0.0)"),
        ("P=3", "P=3"),
    ],
)
def test_what_a_spreadsheet_would_calculate_is_text(cell: str, safe: str) -> None:
    assert csv_cell(cell) == safe


@given(tables())
def test_html_has_the_cells_of_the_table(table: Table) -> None:
    found = Cells(to_html(table))
    headers = 2 if table.spans else 1
    assert set(found.spans) == {len(table.columns)}
    for row, cells in zip(table.rows, found.rows[headers:], strict=True):
        wanted = row[:1] if is_heading(row) else row
        assert [cell.split() for cell in cells] == ["".join(map(shown, cell)).split() for cell in wanted]


def test_html_carries_its_three_rules_and_escapes_text() -> None:
    fragment = to_html(TABLE)
    assert fragment.count("border-top:2px solid") == 2  # over the two cells of the upper header
    assert fragment.count("border-bottom:2px solid") == 3
    assert "Performance &amp; more" in fragment and "<b>Table 2.</b>" in fragment
    assert "<style" not in fragment and "class=" not in fragment


def test_figures_end_in_one_line_and_words_begin_in_one() -> None:
    assert TABLE.right() == (False, True, True)
    empty = replace(TABLE, rows=tuple((row[0], "", row[2]) for row in TABLE.rows))
    assert empty.right() == (False, True, True), "an empty column waits for figures"
    lines = to_text(TABLE).splitlines()
    assert lines[5:8] == [
        "Internal test",
        "  A_1  0.832 (0.780–0.885)     <0.001",
        "  B                      –  reference",
    ]


def test_latex_is_a_booktabs_table() -> None:
    text = to_latex(TABLE)
    assert r"\begin{tabular}{lrr}" in text and r"\cmidrule(lr){2-3}" in text
    assert r"\caption{Performance \& more}" in text and r"\label{tab:table-2}" in text
    assert r"\quad{}A\_1 & 0.832 (0.780--0.885) & \textless{}0.001 \\" in text
    assert r"\multicolumn{3}{l}{\textbf{Internal test}} \\" in text
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]


@given(tables())
def test_latex_has_no_sign_that_means_something_and_every_cell(table: Table) -> None:
    text = to_latex(table)
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(rows) == len(table.rows) + 1 + bool(table.spans)
    bare = re.sub(r"\\[&%$#_{}\\]", "", text)
    assert bare.count("{") == bare.count("}") and not re.search(r"[%#_^~<>`]", bare)
    for line, row in zip(rows[-len(table.rows) :] if table.rows else [], table.rows, strict=True):
        assert re.sub(r"\\&", "", line).count("&") == (0 if is_heading(row) else len(row) - 1)


@given(tables())
def test_text_has_a_line_for_each_row(table: Table) -> None:
    lines = to_text(replace(table, notes=())).split("\n")
    assert len(lines) == 1 + 1 + bool(table.spans) + 1 + 1 + len(table.rows) + 1 + 1


def test_a_row_knows_what_it_stands_below() -> None:
    rows = tuple((name, "1") for name in ("a", "b", "c", "d", "e"))
    table = Table("key", "", ("", ""), rows, depths=(0, 1, 2, 1, 0))
    assert [table.path(place) for place in range(5)] == [("a",), ("a", "b"), ("a", "b", "c"), ("a", "d"), ("e",)]


def test_groups_without_rows_have_no_heading() -> None:
    assert under_headings([("one", []), ("two", [("a", "1")])]) == ((("two", ""), ("a", "1")), (0, 1))


@pytest.mark.parametrize(
    "parts",
    [
        {"columns": ()},
        {"rows": (("a",),)},
        {"depths": (1, 1)},
        {"spans": (("a", 1),)},
        {"spans": (("a", 3), ("b", -1))},
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict[str, object]) -> None:
    whole: dict[str, object] = {"columns": ("a", "b"), "rows": (("1", "2"),), **parts}
    with pytest.raises(ValueError, match="table key"):
        Table("key", "", **whole)  # type: ignore[arg-type]
