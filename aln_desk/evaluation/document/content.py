"""A document as plain data: sections of paragraphs, lists, tables and figures, in the order of reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aln_desk.evaluation.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; ``mono`` is a command, to be typed as it stands."""

    text: str
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Words in columns, whose cells break over lines; ``widths`` are shares of the line, which sum to 1."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table with its number, notes, and ``source``, how to make it again."""

    table: Table
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class FigureBlock:
    """A figure: ``caption`` begins with its number, ``svg`` is the file's content."""

    key: str
    label: str
    title: str
    legend: str
    source: str
    figure: Figure
    svg: bytes


Block = Paragraph | Listing | TableBlock | FigureBlock


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; ``level`` 1 is a chapter, 2 a part of one."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 1


@dataclass(frozen=True, slots=True)
class Document:
    """``notices`` are sentences that stand out below the title."""

    title: str
    subtitle: str
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
