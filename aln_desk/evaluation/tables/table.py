"""A table of finished text, and what it becomes: CSV, HTML that pastes into a word processor, LaTeX, a terminal's text.

All three-rule tables: a rule above and below the header and one at the end, none upright.
"""

from __future__ import annotations

import csv
import html
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

INDENT = "\N{EM SPACE}"
_NUMBER = re.compile(r"[+−-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_FIGURES = re.compile(r"[<>≥≤]?\s*[+−-]?\d|[–∞]")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_TEXT_WIDTH = 100
_WIDE = 150
"""A table of more signs in a row does not fit a page: cells `_LONG` and more then break before their interval."""
_LONG, _LONG_NAME = 14, 40


@dataclass(frozen=True, slots=True)
class Table:
    """What a reader sees, cell by cell.

    ``key`` names files and references (``table_2``), ``label`` is what people call it (``Table 2``, may be empty).
    ``rows`` have a cell for each of ``columns``; a row with text in its first cell only is a heading over the rows
    below it. ``depths`` tell how far the first cell of each row is indented (empty: none is). ``spans`` are the upper
    header, left to right: words (may be empty) and over how many columns they stand; empty for a single header.
    ``notes`` are sentences: methods, abbreviations, why something is not defined.

    ValueError where the parts do not fit each other.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    spans: tuple[tuple[str, int], ...] = ()
    depths: tuple[int, ...] = ()
    label: str = ""

    def __post_init__(self) -> None:
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.key}: every row needs {len(self.columns)} cells, at least one")
        if self.depths and len(self.depths) != len(self.rows):
            raise ValueError(f"table {self.key}: {len(self.depths)} depths for {len(self.rows)} rows")
        widths = [width for _, width in self.spans]
        if self.spans and (sum(widths) != len(self.columns) or min(widths) < 1):
            raise ValueError(f"table {self.key}: the upper header does not stand over {len(self.columns)} columns")

    @property
    def caption(self) -> str:
        """``Table 2. Performance of the models``."""
        return f"{self.label}. {self.title}" if self.label else self.title

    def depth(self, row: int) -> int:
        """How far the first cell of a row is indented."""
        return self.depths[row] if self.depths else 0

    def right(self) -> tuple[bool, ...]:
        """Which columns hold figures, whose ends are aligned: at least half of their filled cells begin as a number
        does; an empty column waits for figures. The first column never does.
        """
        filled = [[row[place] for row in self.rows if row[place]] for place in range(1, len(self.columns))]
        figures = [sum(bool(_FIGURES.match(cell)) for cell in cells) for cells in filled]
        return (False, *(len(cells) <= 2 * count for cells, count in zip(filled, figures, strict=True)))

    def widths(self) -> list[int]:
        """Signs of the widest cell of each column, headings aside: the columns' widths in a terminal."""
        rows = [
            (INDENT * 2 * self.depth(place) + row[0], *row[1:])
            for place, row in enumerate(self.rows)
            if not is_heading(row)
        ]
        return [max(_width(_line(row[place])) for row in (self.columns, *rows)) for place in range(len(self.columns))]

    def path(self, row: int) -> tuple[str, ...]:
        """The first cells of the rows that a row is indented below, outermost first, and its own."""
        names, depth = [self.rows[row][0]], self.depth(row)
        for above in range(row - 1, -1, -1):
            if self.depth(above) < depth:
                names.append(self.rows[above][0])
                depth = self.depth(above)
        return tuple(reversed(names))


def is_heading(row: Sequence[str]) -> bool:
    """Whether a row stands over the rows below it: text in the first cell only."""
    return len(row) > 1 and bool(row[0]) and not any(row[1:])


def under_headings(
    groups: Iterable[tuple[str, Sequence[tuple[str, ...]]]],
) -> tuple[tuple[tuple[str, ...], ...], tuple[int, ...]]:
    """Rows and depths of a table whose groups of rows are indented below their headings; empty groups are left out."""
    rows: list[tuple[str, ...]] = []
    depths: list[int] = []
    for heading, body in groups:
        if body:
            rows += [(heading, *[""] * (len(body[0]) - 1)), *body]
            depths += [0, *[1] * len(body)]
    return tuple(rows), tuple(depths)


def to_csv(table: Table) -> str:
    """One header and the rows, each to be understood by itself: upper and lower header are joined by a colon, and so
    are the words that a row is indented below and its own. Notes are left out: a program would take them for rows.

    A number keeps an ASCII minus. A cell that a spreadsheet would calculate (it begins with = + - @ and is no number)
    begins with an apostrophe, and control characters become spaces.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    above = [words for words, width in table.spans for _ in range(width)] or [""] * len(table.columns)
    pairs = zip(above, table.columns, strict=True)
    header = [f"{upper}: {lower}" if upper and lower else upper or lower for upper, lower in pairs]
    rows = [(": ".join(table.path(place)), *row[1:]) for place, row in enumerate(table.rows)]
    writer.writerows([csv_cell(cell) for cell in row] for row in (header, *rows))
    return text.getvalue()


def csv_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    plain = _line(cell)
    if _NUMBER.fullmatch(plain):
        return plain.replace("−", "-")
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) else plain


def to_html(table: Table) -> str:
    """A fragment (title, table, notes) with its styles inside, so that it can be pasted into a word processor."""
    right = table.right()
    label = f"<b>{_html(table.label)}.</b> " if table.label else ""
    lines = [
        f'<p style="{_FONT};margin:0 0 4pt 0">{label}{_html(table.title)}</p>',
        f'<table cellspacing="0" cellpadding="0" style="border-collapse:collapse;{_FONT}">',
        "<thead>",
        *_html_header(table, right),
        "</thead>",
        "<tbody>",
        *_html_rows(table, right),
        "</tbody>",
        "</table>",
    ]
    lines += [f'<p style="{_FONT};font-size:8pt;margin:3pt 0 0 0">{_html(note)}</p>' for note in table.notes]
    return "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    """A ``table`` environment for the package booktabs (a wide one: ``sidewaystable``, of the package rotating).

    The text may hold any character that LaTeX's UTF-8 knows.
    """
    wide = sum(table.widths()) > _WIDE
    place = "sidewaystable" if wide else "table"
    lines = [
        rf"\begin{{{place}}}",
        r"\centering\scriptsize" if wide else r"\centering\footnotesize",
        rf"\caption{{{_latex(table.title)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9:-]+', '-', table.key)}}}",
        rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in table.right())}}}",
        r"\toprule",
        *_latex_spans(table),
        " & ".join(map(_latex, table.columns)) + r" \\",
        r"\midrule",
        *_latex_rows(table),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\raggedright {_latex(note)}" for note in table.notes),
        rf"\end{{{place}}}",
    ]
    return "\n".join(lines) + "\n"


def to_text(table: Table) -> str:
    """The table for a terminal, with notes broken into lines; columns align where a cell is as wide as it says."""
    right, widths = table.right(), table.widths()
    first = [INDENT * 2 * table.depth(place) + _line(row[0]) for place, row in enumerate(table.rows)]
    body = [[name, *map(_line, row[1:])] for name, row in zip(first, table.rows, strict=True)]
    header = [_line(words) for words in table.columns]
    _widen(widths, table.spans)
    rule = "─" * max(1, sum(widths) + 2 * (len(widths) - 1))
    lines = [_line(table.caption), rule]
    if table.spans:
        lines.append(_text_spans(table.spans, widths))
    lines += [_text_row(header, widths, right), rule, *(_text_row(row, widths, right) for row in body), rule]
    for note in table.notes:
        lines += textwrap.wrap(_line(note), max(_TEXT_WIDTH, len(rule)), break_long_words=False)
    return "\n".join(line.rstrip() for line in lines).replace(INDENT, " ") + "\n"


# HTML: every style stands on the cells, in pixels and one side at a time, for word processors and Qt read no others.

_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:9pt"
_THICK, _THIN = "2px solid #000", "1px solid #000"
_STEP = 14


def _html_header(table: Table, right: Sequence[bool]) -> Iterator[str]:
    above = f"border-top:{_THICK};"
    if table.spans:
        spans = []
        for words, width in table.spans:
            below = f"border-bottom:{_THIN};" if words and width > 1 else ""
            scope = "colgroup" if width > 1 else "col"
            spans.append(_html_cell("th", f'scope="{scope}" colspan="{width}"', "center", words, above + below))
        yield f"<tr>{''.join(spans)}</tr>"
        above = ""
    rules = f"{above}border-bottom:{_THIN};"
    cells = [
        _html_cell("th", 'scope="col"', _side(end), words, rules)
        for words, end in zip(table.columns, right, strict=True)
    ]
    yield f"<tr>{''.join(cells)}</tr>"


def _html_rows(table: Table, right: Sequence[bool]) -> Iterator[str]:
    wide = sum(table.widths()) > _WIDE
    for place, row in enumerate(table.rows):
        rule = f"border-bottom:{_THICK};" if place == len(table.rows) - 1 else ""
        step = _STEP * table.depth(place)
        if is_heading(row):
            cells = [_html_cell("th", f'scope="rowgroup" colspan="{len(row)}"', "left", row[0], rule, step)]
        else:
            name = f"{rule}font-weight:normal;{'white-space:nowrap;' if len(row[0]) < _LONG_NAME else ''}"
            cells = [_html_cell("th", 'scope="row"', "left", row[0], name, step)]
            cells += [
                _html_cell("td", "", _side(end), cell, f"{rule}white-space:nowrap;", broken=wide and len(cell) > _LONG)
                for cell, end in zip(row[1:], right[1:], strict=True)
            ]
        yield f"<tr>{''.join(cells)}</tr>"


def _html_cell(tag: str, told: str, side: str, text: str, style: str, step: int = 0, broken: bool = False) -> str:
    """A cell, indented by ``step``; a ``broken`` one has its interval on a second line."""
    room = f"padding-top:2px;padding-bottom:2px;padding-left:{7 + step}px;padding-right:7px"
    inside = _html(text).replace(" (", "<br>(", 1) if broken else _html(text)
    opened = f"{tag} {told}".rstrip()
    return f'<{opened} style="{style}{room};vertical-align:top;text-align:{side}">{inside}</{tag}>'


def _side(right: bool) -> str:
    return "right" if right else "left"


def _html(text: str) -> str:
    return html.escape(_line(text), quote=True)


# LaTeX

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "—": "---",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "χ": r"$\chi$",
    "²": r"\textsuperscript{2}",
    INDENT: r"\quad{}",
    # A bracket or a star behind a line's end would be read as its argument, hyphens in a row as a dash.
    **{sign: f"{{{sign}}}" for sign in "[]*-\"'"},
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in _line(text))


def _latex_spans(table: Table) -> Iterator[str]:
    if not table.spans:
        return
    yield " & ".join(rf"\multicolumn{{{width}}}{{c}}{{{_latex(words)}}}" for words, width in table.spans) + r" \\"
    first, rules = 1, []
    for words, width in table.spans:
        if words and width > 1:
            rules.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    if rules:
        yield " ".join(rules)


def _latex_rows(table: Table) -> Iterator[str]:
    for place, row in enumerate(table.rows):
        name = _latex(INDENT * table.depth(place) + row[0])
        if is_heading(row):
            yield rf"\multicolumn{{{len(row)}}}{{l}}{{\textbf{{{name}}}}} \\"
        else:
            yield " & ".join([name, *map(_latex, row[1:])]) + r" \\"


# Text


def _text_row(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    if is_heading(row):
        return row[0]
    return "  ".join(_padded(cell, width, end) for cell, width, end in zip(row, widths, right, strict=True))


def _text_spans(spans: Iterable[tuple[str, int]], widths: Sequence[int]) -> str:
    cells, first = [], 0
    for words, count in spans:
        width = sum(widths[first : first + count]) + 2 * (count - 1)
        free = width - _width(_line(words))
        cells.append(" " * (free // 2) + _line(words) + " " * (free - free // 2))
        first += count
    return "  ".join(cells)


def _widen(widths: list[int], spans: Iterable[tuple[str, int]]) -> None:
    """Make the last column under a span wide enough for the span's words."""
    first = 0
    for words, count in spans:
        under = sum(widths[first : first + count]) + 2 * (count - 1)
        widths[first + count - 1] += max(0, _width(_line(words)) - under)
        first += count


def _padded(cell: str, width: int, right: bool) -> str:
    free = " " * (width - _width(cell))
    return free + cell if right else cell + free


def _width(text: str) -> int:
    """Places that a terminal gives the text: two for a wide sign, none for one that stands on another."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)


def _line(text: str) -> str:
    """On one line and without control characters, which would break a row."""
    return "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") else sign for sign in text)
