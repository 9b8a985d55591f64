"""The document as a PDF of A4 pages; the same document gives the same bytes.

Text is set in STIX and figures' text in DejaVu Sans; both fonts come with matplotlib, so that a page is the same on
every machine. Letters that neither has are set in the Chinese font that every reader of PDF knows.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib
from reportlab import rl_config
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Paragraph as Text

from aln_desk.evaluation.document import vector
from aln_desk.evaluation.document.content import Block, Document, FigureBlock, Listing, Paragraph, Section, TableBlock
from aln_desk.evaluation.tables.table import Table, is_heading

MARGIN = 13.5 * mm
"""Leaves 183 mm, the width of a journal's two columns."""
_FOOT = 8 * mm
_SERIF, _BOLD, _ITALIC, _SANS, _MONO = "STIX", "STIX-Bold", "STIX-Italic", "DejaVu", "DejaVuMono"
_CHINESE = "STSong-Light"
_FILES = {
    _SERIF: "STIXGeneral.ttf",
    _BOLD: "STIXGeneralBol.ttf",
    _ITALIC: "STIXGeneralItalic.ttf",
    _SANS: "DejaVuSans.ttf",
    _MONO: "DejaVuSansMono.ttf",
}
_GREY = "#5f5f5f"
_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0)
"""Points: what a table's text is set in, the largest in which it fits."""
_READABLE, _LEADING = 7.5, 1.18
_GAP, _STEP = 3.0, 7.0
"""Points: room at each side of a cell, and how far a row below a heading is set in."""
_WIDEST_NAME = 150.0
"""Points: the first column is not made wider than this, its words break."""


def to_pdf(document: Document) -> bytes:
    """The file's content."""
    _register()
    file = io.BytesIO()
    template = _Template(file, document)
    template.build(list(_story(document)))
    return file.getvalue()


class _Template(BaseDocTemplate):  # type: ignore[misc]
    """Upright pages and, for wide tables, pages on their side; each with its number and the notice."""

    def __init__(self, file: io.BytesIO, document: Document) -> None:
        super().__init__(
            file,
            pagesize=A4,
            title=document.title,
            author="",
            subject=document.subtitle,
            creator="ALN Desk",
            producer="ReportLab",
            invariant=1,
        )
        self._document = document
        self.addPageTemplates(
            [
                PageTemplate("upright", [_frame(*A4)], onPage=self._furnish, pagesize=A4),
                PageTemplate("sideways", [_frame(*landscape(A4))], onPage=self._furnish, pagesize=landscape(A4)),
            ]
        )

    def _furnish(self, canvas: Any, template: Any) -> None:
        width, _ = canvas._pagesize
        canvas.saveState()
        canvas.setFont(_SERIF, 8)
        canvas.setFillColor(_GREY)
        canvas.drawString(MARGIN, _FOOT, self._document.notices[0] if self._document.notices else "")
        canvas.drawRightString(width - MARGIN, _FOOT, str(canvas.getPageNumber()))
        canvas.restoreState()

    def afterFlowable(self, flowable: Any) -> None:
        """Chapters become the PDF's bookmarks."""
        title = getattr(flowable, "chapter", "")
        if title:
            self.canv.bookmarkPage(title)
            self.canv.addOutlineEntry(title, title, 0)


class _Drawing(Flowable):  # type: ignore[misc]
    """A figure, made smaller where it does not fit the page."""

    def __init__(self, block: FigureBlock, width: float, height: float) -> None:
        super().__init__()
        self._figure = block.figure
        own = vector.size(self._figure)
        self._scale = min(1.0, width / own[0], height / own[1])
        self.width, self.height = own[0] * self._scale, own[1] * self._scale

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """What it takes."""
        return self.width, self.height

    def draw(self) -> None:
        """On the page's canvas."""
        self.canv.scale(self._scale, self._scale)
        vector.draw(self._figure, self.canv)


def _story(document: Document) -> Iterator[Any]:
    yield Text(_marked(document.title), _style("title", _BOLD, 19, 23))
    yield Text(_marked(document.subtitle), _style("subtitle", _SERIF, 11.5, 15, _GREY, after=8))
    if document.notices:
        yield Text("<br/>".join(map(_marked, document.notices)), _notice())
    for section in document.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[Any]:
    chapter = section.level == 1
    yield CondPageBreak(32 * mm if chapter else 24 * mm)
    style = _style("chapter", _BOLD, 14, 18, before=14, after=5) if chapter else _style("part", _BOLD, 11, 14, before=9)
    heading = Text(_marked(section.title), style)
    heading.keepWithNext = 1
    heading.chapter = section.title if chapter else ""
    first, *rest = section.blocks or (Paragraph(""),)
    if isinstance(first, FigureBlock):
        yield KeepTogether([heading, *_figure(first, 40)])
    elif isinstance(first, TableBlock):
        yield from _table(first, heading)
    else:
        yield heading
        yield from _block(first)
    for block in rest:
        yield from _block(block)


def _block(block: Block) -> Iterator[Any]:
    match block:
        case Paragraph(text, True):
            yield Text(_marked(text, _MONO), _style("mono", _MONO, 7, 9.5, after=6, back="#f4f4f4"))
        case Paragraph(text):
            yield Text(_marked(text), _style("body", _SERIF, 10, 13.2, after=5))
        case Listing():
            yield from _listing(block)
        case TableBlock():
            yield from _table(block)
        case FigureBlock():
            yield KeepTogether(_figure(block))


def _figure(block: FigureBlock, taken: float = 0.0) -> list[Any]:
    """The drawing and its words, which fill at most a page of which ``taken`` points are taken."""
    width, height = _room(A4)
    caption = f'<font name="{_BOLD}">{_marked(f"{block.label}. {block.title}.")}</font> {_marked(block.legend)}'
    words = [Text(caption, _caption()), Text(_marked(block.source), _source())]
    under = sum(one.wrap(width, height)[1] for one in words) + 12
    drawing = _Drawing(block, width, height - under - taken - 20)
    return [Spacer(1, 6), drawing, Spacer(1, 4), *words, Spacer(1, 8)]


def _listing(block: Listing) -> Iterator[Any]:
    width, _ = _room(A4)
    yield CondPageBreak(30 * mm)
    yield Text(_marked(block.title), _style("listing", _BOLD, 9.5, 12, before=6, after=3))
    small = _style("cell", _SERIF, 8, 9.6)
    head = [Text(_marked(name), _style("head", _BOLD, 8, 9.6)) for name in block.columns]
    rows = [[Text(_marked(cell), small) for cell in row] for row in block.rows]
    table = LongTable(
        [head, *rows], colWidths=[share * width for share in block.widths], repeatRows=1, hAlign="LEFT", splitInRow=1
    )
    lines = [("LINEBELOW", (0, 1), (-1, -2), 0.25, "#dddddd")] if len(rows) > 1 else []
    table.setStyle(TableStyle([*_rules(1), *lines]))
    yield table
    yield Spacer(1, 8)


def _table(block: TableBlock, *above: Any) -> Iterator[Any]:
    """The table below what belongs ``above`` it, on its side where it is too wide for the page even in small type."""
    table = block.table
    page = next((one for one in (A4, landscape(A4)) if _fit(table, _room(one)[0])), landscape(A4))
    width, _ = _room(page)
    aside = page != A4
    if aside:
        yield from (NextPageTemplate("sideways"), PageBreak())
    caption = f'<font name="{_BOLD}">{_marked(table.label + ". " if table.label else "")}</font>{_marked(table.title)}'
    title = Text(caption, _style("title of table", _SERIF, 9.5, 12, before=6, after=3))
    notes = [Text(_marked(note), _style("note", _SERIF, 8, 9.8, before=2)) for note in table.notes]
    grid = _grid(table, _fit(table, width) or _Fit(_SIZES[-1], True, False), width)
    yield KeepTogether([*above, title, grid, *notes, Text(_marked(block.source), _source()), Spacer(1, 8)])
    if aside:
        yield from (NextPageTemplate("upright"), PageBreak())


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a table is set: points, whether intervals go to a second line, and whether its headings stay whole."""

    size: float
    broken: bool
    whole: bool


def _fit(table: Table, room: float) -> _Fit | None:
    """The first way in which the table is narrow enough: unbroken if that needs no small type."""
    ways = [_Fit(size, False, whole) for whole in (True, False) for size in _SIZES if size >= _READABLE]
    ways += [_Fit(size, True, False) for size in _SIZES]
    return next((way for way in ways if sum(_widths(table, way)) <= room), None)


def _grid(table: Table, way: _Fit, room: float) -> Any:
    widths, size = _widths(table, way), way.size
    too_wide = sum(widths) - room
    if too_wide > 0:  # no size fits: all columns give way
        widths = [width * room / sum(widths) for width in widths]
    right = table.right()
    cells = [
        [_cell(name, size, _BOLD, "right" if end else "left") for name, end in zip(table.columns, right, strict=True)]
    ]
    rules: list[Any] = []
    if table.spans:
        above, first = [], 0
        for words, count in table.spans:
            above += [_cell(words, size, _BOLD, "center"), *[""] * (count - 1)]
            rules.append(("SPAN", (first, 0), (first + count - 1, 0)))
            if words and count > 1:
                rules.append(("LINEBELOW", (first, 0), (first + count - 1, 0), 0.3, "#1a1a1a"))
            first += count
        cells.insert(0, above)
    heads = len(cells)
    for place, row in enumerate(table.rows):
        step = _STEP * table.depth(place)
        if is_heading(row):
            rules.append(("SPAN", (0, heads + place), (-1, heads + place)))
            whole = row[0].replace(" ", "\N{NO-BREAK SPACE}")  # it runs on over the columns, on one line
            cells.append([_cell(whole, size, _BOLD, "left", step), *[""] * (len(row) - 1)])
        else:
            rest = [
                _cell(_broken(cell) if way.broken else cell, size, _SERIF, "right" if end else "left")
                for cell, end in zip(row[1:], right[1:], strict=True)
            ]
            cells.append([_cell(row[0], size, _SERIF, "left", step), *rest])
    grid = LongTable(cells, colWidths=widths, repeatRows=heads, hAlign="LEFT", splitInRow=1)
    rules.append(("FONT", (0, 0), (-1, -1), _SERIF, size, size * _LEADING))  # of empty cells, which have a height too
    grid.setStyle(TableStyle([*_rules(heads), *rules]))
    return grid


def _rules(heads: int) -> list[Any]:
    """Three rules, and room in the cells."""
    return [
        ("LINEABOVE", (0, 0), (-1, 0), 1.0, "#1a1a1a"),
        ("LINEBELOW", (0, heads - 1), (-1, heads - 1), 0.5, "#1a1a1a"),
        ("LINEBELOW", (0, -1), (-1, -1), 1.0, "#1a1a1a"),
        ("VALIGN", (0, 0), (-1, heads - 1), "BOTTOM"),
        ("VALIGN", (0, heads), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), _GAP),
        ("RIGHTPADDING", (0, 0), (-1, -1), _GAP),
        ("TOPPADDING", (0, 0), (-1, -1), 1.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.8),
    ]


def _widths(table: Table, way: _Fit) -> list[float]:
    """Points that each column takes."""
    found = []
    for place, name in enumerate(table.columns):
        cells = [row[place] for row in table.rows if not is_heading(row)]
        lines = [line for cell in cells for line in (_broken(cell) if way.broken and place else cell).split("\n")]
        widest = max((_wide(line, way.size) for line in lines), default=0.0)
        head = max((_wide(word, way.size, _BOLD) for word in ([name] if way.whole else name.split())), default=0.0)
        step = _STEP * max(table.depths, default=0) if place == 0 else 0.0
        widest = min(widest, _WIDEST_NAME) if place == 0 else widest
        found.append(max(widest + step, head) + 2 * _GAP + 0.5)
    first = 0
    for above, count in table.spans:  # not to be broken within a word
        least = max((_wide(word, way.size, _BOLD) for word in above.split()), default=0.0) + 2 * _GAP
        lacking = least - sum(found[first : first + count])
        found[first + count - 1] += max(0.0, lacking)
        first += count
    return found


def _broken(cell: str) -> str:
    """A long figure with its interval on a second line."""
    return cell.replace(" (", "\n(", 1) if len(cell) > 14 and " (" in cell else cell


def _cell(text: str, size: float, font: str, side: str, step: float = 0.0) -> Any:
    marked = "<br/>".join(_marked(line, font) for line in text.split("\n"))
    alignment = {"left": 0, "center": 1, "right": 2}[side]
    return Text(
        marked, _style(f"{font}{size}{side}{step}", font, size, size * _LEADING, alignment=alignment, step=step)
    )


@cache
def _style(
    name: str, font: str, size: float, leading: float, colour: str = "#1a1a1a", before: float = 0.0, after: float = 0.0,
    back: str = "", alignment: int = 0, step: float = 0.0,
) -> Any:  # fmt: skip
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=leading, textColor=colour, spaceBefore=before, spaceAfter=after,
        backColor=back or None, borderPadding=3 if back else 0, alignment=alignment, leftIndent=step,
        splitLongWords=int(font != _BOLD), allowWidows=0, allowOrphans=0,
    )  # fmt: skip


def _notice() -> Any:
    return ParagraphStyle(
        "notice", fontName=_BOLD, fontSize=9.5, leading=12, borderWidth=0.6, borderColor="#1a1a1a", borderPadding=4,
        spaceBefore=6, spaceAfter=6, leftIndent=4, rightIndent=4,
    )  # fmt: skip


def _caption() -> Any:
    return _style("caption", _SERIF, 8.5, 10.6, after=1)


def _source() -> Any:
    return _style("source", _SERIF, 7, 8.6, _GREY, before=2)


def _frame(width: float, height: float) -> Any:
    room = (width - 2 * MARGIN, height - 2 * MARGIN)
    return Frame(MARGIN, MARGIN, *room, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)


def _room(page: Sequence[float]) -> tuple[float, float]:
    return page[0] - 2 * MARGIN, page[1] - 2 * MARGIN


def _wide(text: str, size: float, font: str = _SERIF) -> float:
    return sum(float(pdfmetrics.stringWidth(run, name, size)) for name, run in _runs(text, font))


def _marked(text: str, font: str = _SERIF) -> str:
    """The text for a paragraph: escaped, and what its font has no letters for in another."""
    return "".join(
        escape(run) if name == font else f'<font name="{name}">{escape(run)}</font>' for name, run in _runs(text, font)
    )


def _runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the first font that has its letters."""
    current, held = font, ""
    for sign in text:
        name = font if sign.isspace() else next((one for one in (font, _SANS) if ord(sign) in _letters(one)), _CHINESE)
        if name != current and held:
            yield current, held
            held = ""
        current = name
        held += sign
    if held:
        yield current, held


@cache
def _letters(font: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


@cache
def _register() -> None:
    """Fonts, and pictures as bytes: as text they would take long and be larger by a quarter."""
    rl_config.useA85 = 0
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))
