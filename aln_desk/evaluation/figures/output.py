"""Figures as files: SVG and PDF for a journal, PNG at 600 dots an inch; the same bytes for the same figure.

SVG holds text as outlines: it looks the same in every browser and editor, with or without the font. In PDF text is
text (TrueType, Type 42), to be searched, copied and edited. No file says when, or by which version, it was made.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure

from aln_desk.evaluation.figures.style import style
from aln_desk.io.atomic import write_bytes

Format = Literal["svg", "pdf", "png"]
FORMATS: tuple[Format, ...] = ("svg", "pdf", "png")
DOTS = 600
"""Dots an inch of a PNG for print."""

_UNDATED: dict[Format, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


def write(figure: Figure, stem: Path) -> list[Path]:
    """Write ``stem`` + ``.svg``, ``.pdf`` and ``.png`` and give their paths; dots in the stem's name stay.

    Raises `BadFile` where the folder is missing, read-only or full; a file is replaced whole or not at all.
    """
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in FORMATS]
    for path, kind in zip(paths, FORMATS, strict=True):
        write_bytes(path, rendered(figure, kind))
    return paths


def rendered(figure: Figure, kind: Format, dots: int = DOTS) -> bytes:
    """The file's content; ``dots`` an inch matter to PNG only."""
    file = io.BytesIO()
    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in a script that no font here has
        figure.savefig(file, format=kind, dpi=dots if kind == "png" else "figure", metadata=_UNDATED[kind])
    return file.getvalue()
