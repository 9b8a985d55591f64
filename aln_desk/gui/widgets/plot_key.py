"""What the lines of a plot are: a piece of each, its name and what it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes, plot_style

_SWATCH, _GAP = 22, 7
_ONE, _TWO = 19, 36
"""Height of an entry of one row, and of one with figures below the name."""
_LINE = 14
"""How much higher a name on two lines is."""
_LEAST = 150


@dataclass(frozen=True, slots=True)
class Entry:
    """``series`` of a line (negative: a quiet one), its ``name`` and ``figures`` about it, which may be empty."""

    series: int
    name: str
    figures: str = ""


class Key(QWidget):
    """A column of entries, each as wide as there is room; long names take two lines where the height
    allows it, and lose their middle where it does not.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries: Sequence[Entry] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(_LEAST)

    def tell(self, entries: Sequence[Entry]) -> None:
        """Show these entries and no others."""
        self.entries = entries
        words = [f"{entry.name} {entry.figures}".strip() for entry in entries]
        self.setAccessibleName(", ".join(words))
        self.setToolTip("\n".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, sum(map(_height, self.entries)))

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST, _ONE * len(self.entries))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top, tight = 0.0, self.sizeHint().height() > self.height()
        for entry, name in zip(self.entries, self.names(), strict=True):
            height = _ONE if tight else _height(entry) + _LINE * name.count("\n")
            self._paint(painter, QRectF(0, top, self.width(), height), replace(entry, name=name), tight)
            top += height
        painter.end()

    def names(self) -> list[str]:
        """The names as they are written: on two lines those that need them, if there is room for all of these."""
        found = [plot_axes.lines(entry.name, self.width() - _SWATCH - _GAP) for entry in self.entries]
        more = _LINE * sum(name.count("\n") for name in found)
        return found if self.sizeHint().height() + more <= self.height() else [entry.name for entry in self.entries]

    def _paint(self, painter: QPainter, box: QRectF, entry: Entry, tight: bool) -> None:
        """Where the room is ``tight``, the figures stand behind the name."""
        colours = theme.palette()
        middle = box.top() + _ONE / 2
        painter.setPen(plot_style.line_pen(entry.series))
        painter.drawLine(0, round(middle), _SWATCH, round(middle))
        left = _SWATCH + _GAP
        room = box.width() - left
        painter.setFont(plot_axes.caption())
        painter.setPen(QColor(colours.text if entry.series >= 0 else colours.muted))
        first = QRectF(left, box.top(), room, _ONE)
        beside = Qt.AlignmentFlag.AlignVCenter
        if tight:
            whole = f"{entry.name}  {entry.figures}"
            short = f"{plot_axes.short(entry.name, room - 36)} {_first_number(entry.figures)}"
            painter.drawText(first, beside, whole if plot_axes.short(whole, room) == whole else short)
            return
        written = entry.name.split("\n")
        for place, name in enumerate(written):
            painter.drawText(first.translated(0, place * _LINE), beside, plot_axes.short(name, room))
        if entry.figures:
            painter.setPen(QColor(colours.muted))
            below = first.translated(0, _ONE - 4 + _LINE * (len(written) - 1))
            painter.drawText(below, beside, plot_axes.short(entry.figures, room))


def _first_number(figures: str) -> str:
    return next((word.strip(",") for word in figures.split() if any(map(str.isdigit, word))), "")


def _height(entry: Entry) -> int:
    return _TWO if entry.figures else _ONE
