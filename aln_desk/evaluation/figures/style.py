"""What all figures share: journal sizes, type, line widths, and places measured in millimetres from the top left.

The font is the DejaVu Sans that comes with matplotlib, so a figure is the same on every machine. Names in a script it
does not have are drawn with the first of `_OTHER_SCRIPTS` that is installed.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from aln_desk.evaluation.look import FAINT, GREY, INK

SINGLE, ONE_AND_A_HALF, DOUBLE = 89.0, 120.0, 183.0
"""Widths of a journal's columns, millimetres."""
BODY, TITLE, SMALL, TINY = 7.0, 8.0, 6.0, 5.0
"""Points: axes and text, panel letters, legends and figures in a panel, figures in small cells."""
THIN, LINE = 0.5, 1.0
"""Points: axes and guides, curves."""
INCH = 25.4

_FONT = "DejaVu Sans"
_OTHER_SCRIPTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "SimHei",
)
_SPACES = re.compile(r"[ \t\n\r\f\v]+")
_LOCK = threading.Lock()
_INSIDE: ContextVar[bool] = ContextVar("inside", default=False)

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's own defaults with our changes, whatever a user's matplotlibrc says; undone afterwards.

    The settings are the process's, so one thread at a time is let in.
    """
    if _INSIDE.get():
        yield
        return
    with _LOCK, matplotlib.style.context(["default", _settings()]):
        entered = _INSIDE.set(True)
        try:
            yield
        finally:
            _INSIDE.reset(entered)


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """A function that draws, run within `style`."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with style():
            return draw(*args, **kwargs)

    return drawn


def sheet(width: float, height: float) -> Figure:
    """An empty white figure of this size in millimetres."""
    return Figure(figsize=(width / INCH, height / INCH))


def plot(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes whose frame lies here (millimetres from the figure's top left), open at the top and the right."""
    axes = figure.add_axes(_place(figure, left, top, width, height))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def board(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """An area to draw in whose own coordinates are millimetres, y downwards, without axes."""
    axes = figure.add_axes(_place(figure, left, top, width, height))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return axes


def write_at(
    figure: Figure, left: float, top: float, text: str, size: float = BODY, colour: str = INK, **options: Any
) -> None:
    """Text in the figure; its top left here (millimetres) unless ``ha``, ``va`` and others say otherwise."""
    width, height = size_of(figure)
    options = {"ha": "left", "va": "top", **options}
    figure.text(left / width, 1 - top / height, text, fontsize=size, color=colour, **options)


def letter(figure: Figure, left: float, top: float, place: int) -> None:
    """The panel's letter, bold: a for place 0. The base line of text lies at ``top``."""
    write_at(figure, left, top, chr(ord("a") + place), TITLE, va="baseline", fontweight="bold")


def explain(axes: Axes, sentence: str) -> None:
    """An empty plot with the reason in grey: what is not defined is said, never drawn."""
    box = axes.get_position()
    width = box.width * size_of(axes.figure)[0]
    axes.text(
        0.5, 0.5, wrapped(sentence, 0.86 * width, SMALL, 6), transform=axes.transAxes, ha="center", va="center",
        fontsize=SMALL, color=GREY, linespacing=1.3,
    )  # fmt: skip


def explained(sentence: str, width: float = SINGLE, height: float = 30.0) -> Figure:
    """A figure that only says why there is nothing to draw."""
    figure = sheet(width, height)
    explain(board(figure, 0, 0, width, height), sentence)
    return figure


def guide(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """A faint line to compare with, such as chance."""
    axes.plot(x, y, color=FAINT, linewidth=THIN * 1.6, zorder=0.5)


def size_of(figure: Any) -> tuple[float, float]:
    """Width and height of a figure, millimetres."""
    width, height = figure.get_size_inches()
    return float(width) * INCH, float(height) * INCH


@cache
def width_of(text: str, size: float, weight: Literal["normal", "bold"] = "normal") -> float:
    """How wide a line of text is, millimetres."""
    if not text.strip():
        return 0.0
    with style():
        outline = TextPath((0, 0), text, size=size, prop=FontProperties(weight=weight), usetex=False)
    return float(outline.get_extents().x1) * INCH / 72


def shortened(text: str, width: float, size: float, weight: Literal["normal", "bold"] = "normal") -> str:
    """The text on one line; where it is wider than ``width`` millimetres its middle gives way to an ellipsis, as names
    that begin alike often end differently.
    """
    text = " ".join(_words(text))
    if width_of(text, size, weight) <= width:
        return text
    fits = bisect_left(range(2, len(text)), True, key=lambda kept: width_of(_cut(text, kept), size, weight) > width)
    return _cut(text, fits + 1) if fits else "…"


def told_apart(names: Sequence[str], width: float, size: float) -> dict[str, str]:
    """Each name shortened to ``width`` millimetres; those that would then look alike lose what they all begin with."""
    cut = {name: shortened(name, width, size) for name in names}
    for seen in {text for text in cut.values() if list(cut.values()).count(text) > 1}:
        alike = [name for name in cut if cut[name] == seen]
        columns = enumerate(zip(*alike, strict=False))
        common = next((place for place, letters in columns if len(set(letters)) > 1), min(map(len, alike)))
        cut |= {name: shortened(f"…{name[common:]}", width, size) for name in alike}
    return cut


def _cut(text: str, kept: int) -> str:
    """So many of its characters, about two thirds of them from the start."""
    tail = kept // 3
    return f"{text[: kept - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def wrapped(text: str, width: float, size: float, lines: int = 2) -> str:
    """The text broken between words into at most so many lines of this width (millimetres), the last one shortened.

    Words joined by a no-break space stay together.
    """
    done: list[str] = []
    words = _words(text)
    while words and len(done) < lines - 1:
        count = 1
        while count < len(words) and width_of(" ".join(words[: count + 1]), size) <= width:
            count += 1
        done.append(shortened(" ".join(words[:count]), width, size))
        words = words[count:]
    return "\n".join([*done, shortened(" ".join(words), width, size)] if words else done)


def _words(text: str) -> list[str]:
    return _SPACES.sub(" ", text).strip(" ").split(" ") if text.strip() else []


def _place(figure: Figure, left: float, top: float, width: float, height: float) -> tuple[float, float, float, float]:
    whole_width, whole_height = size_of(figure)
    return left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height


@cache
def _settings() -> dict[str, Any]:
    there = {font.name for font in font_manager.fontManager.ttflist}
    return {
        "font.family": [_FONT, *(name for name in _OTHER_SCRIPTS if name in there)],
        "font.size": BODY,
        "text.color": INK,
        "text.hinting": "none",  # letters as wide in pixels as they are on paper
        "text.parse_math": False,  # a name may hold dollar signs
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.labelsize": BODY,
        "axes.titlesize": BODY,
        "axes.linewidth": THIN,
        "axes.labelpad": 2.0,
        "axes.unicode_minus": True,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "xtick.major.width": THIN,
        "ytick.major.width": THIN,
        "xtick.major.size": 2.0,
        "ytick.major.size": 2.0,
        "xtick.major.pad": 1.8,
        "ytick.major.pad": 1.8,
        "lines.linewidth": LINE,
        "lines.markersize": 3.0,
        "lines.markeredgewidth": 0.5,
        "patch.linewidth": THIN,
        "svg.fonttype": "path",
        "svg.hashsalt": "aln-desk",
        "pdf.fonttype": 42,
        "savefig.facecolor": "white",
    }
