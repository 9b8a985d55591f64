"""The document as one web page that needs nothing else: styles and figures are inside."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape

from aln_desk.evaluation.document.content import Block, Document, FigureBlock, Listing, Paragraph, Section, TableBlock
from aln_desk.evaluation.tables.table import to_html

_STYLE = """
:root { color-scheme: light; }
body { font-family: "STIX Two Text", "Times New Roman", Times, serif; font-size: 11pt; line-height: 1.45;
  color: #1a1a1a; background: #ffffff; max-width: 200mm; margin: 14mm auto; padding: 0 6mm; }
h1 { font-size: 20pt; line-height: 1.2; margin: 0 0 2pt 0; font-weight: 600; }
h2 { font-size: 14pt; margin: 26pt 0 6pt 0; padding-top: 8pt; border-top: 1px solid #1a1a1a; font-weight: 600; }
h3 { font-size: 11.5pt; margin: 16pt 0 4pt 0; font-weight: 600; }
p { margin: 0 0 7pt 0; }
.subtitle { font-size: 12pt; color: #4a4a4a; margin-bottom: 10pt; }
.notice { border: 1px solid #1a1a1a; padding: 5pt 8pt; font-weight: 600; margin-bottom: 6pt; }
nav ol { columns: 2; margin: 10pt 0 0 0; padding-left: 16pt; }
nav a { color: #0b4f8a; text-decoration: none; }
figure, .table { margin: 14pt 0 18pt 0; break-inside: avoid; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption, .source { font-family: Arial, Helvetica, sans-serif; font-size: 8.5pt; line-height: 1.35; }
figcaption { margin-top: 5pt; }
.source { color: #5f5f5f; margin-top: 3pt; }
.table { overflow-x: auto; }
.table > table:not(.listing) { font-size: 8pt !important; }
.listing { border-collapse: collapse; width: 100%; font-family: Arial, Helvetica, sans-serif; font-size: 8.5pt;
  line-height: 1.3; table-layout: fixed; }
.listing th, .listing td { text-align: left; vertical-align: top; padding: 2.5pt 5pt; overflow-wrap: anywhere; }
.listing th { border-top: 2px solid #1a1a1a; border-bottom: 1px solid #1a1a1a; }
.listing tbody tr:last-child td { border-bottom: 2px solid #1a1a1a; }
.listing tbody tr + tr td { border-top: 1px solid #e4e4e4; }
.listing caption { text-align: left; font-size: 9.5pt; font-weight: 600; padding-bottom: 4pt; }
pre { font-size: 8.5pt; background: #f4f4f4; padding: 6pt 8pt; white-space: pre-wrap; overflow-wrap: anywhere; }
@page { size: A4; margin: 14mm; }
@media print { body { margin: 0; max-width: none; padding: 0; } nav { display: none; } .table { overflow: visible; } }
"""


def to_page(document: Document) -> str:
    """The page, UTF-8."""
    title = escape(document.title)
    lines = [
        '<!DOCTYPE html>\n<html lang="en">',
        f'<head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head>",
        f'<body>\n<header><h1>{title}</h1><p class="subtitle">{escape(document.subtitle)}</p>',
        *(f'<p class="notice">{escape(notice)}</p>' for notice in document.notices),
        "</header>",
        *_contents(document),
        "<main>",
        *(line for section in document.sections for line in _section(section)),
        "</main>\n</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _contents(document: Document) -> Iterator[str]:
    yield "<nav><ol>"
    for section in document.sections:
        if section.level == 1:
            yield f'<li><a href="#{_anchor(section.title)}">{escape(section.title)}</a></li>'
    yield "</ol></nav>"


def _section(section: Section) -> Iterator[str]:
    tag = f"h{section.level + 1}"
    yield f'<{tag} id="{_anchor(section.title)}">{escape(section.title)}</{tag}>'
    for block in section.blocks:
        yield _block(block)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, mono):
            return f"<pre>{escape(text)}</pre>" if mono else f"<p>{escape(text)}</p>"
        case Listing():
            return _listing(block)
        case TableBlock(table, source):
            found = f'<p class="source">{escape(source)}</p>'
            return f'<div class="table" id="{escape(table.key)}">{to_html(table)}{found}</div>'
        case FigureBlock():
            return _figure(block)


def _figure(block: FigureBlock) -> str:
    picture = base64.b64encode(block.svg).decode("ascii")
    return (
        f'<figure id="{escape(block.key)}"><img alt="{escape(block.title)}" '
        f'src="data:image/svg+xml;base64,{picture}">'
        f"<figcaption><b>{escape(block.label)}. {escape(block.title)}.</b> {escape(block.legend)}"
        f'<div class="source">{escape(block.source)}</div></figcaption></figure>'
    )


def _listing(block: Listing) -> str:
    columns = "".join(f'<col style="width:{100 * width:.0f}%">' for width in block.widths)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.columns)
    rows = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
    return (
        f'<div class="table"><table class="listing"><caption>{escape(block.title)}</caption>'
        f"<colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
    )


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")
