"""A chart over steps that grows while it is looked at: smoothed lines, a log axis, values under the pointer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout

from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_style
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.plot_legend import Legend

_MANY = 30
"""From so many validations on a line needs no dots to be followed."""
_FAINT = 70
"""Alpha of the values themselves below their smoothed line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: which value of which part (``train``, ``validation``, or a run's name) it follows; its name.

    ``series`` is the number of its colour and dash; -1: its place among the lines of its chart.
    """

    part: str
    value: str
    words: str
    series: int = -1


class ChartCard(QFrame):
    """One chart with its title and legend; ``share`` charts have an axis from 0 to 1 and never a log one.

    ``hovered`` carries the step under the pointer, or None when it has left.
    """

    hovered = Signal(object)

    def __init__(self, title: str, lines: Sequence[Line], share: bool = False) -> None:
        super().__init__()
        self.setObjectName("card")
        self.share = share
        self.lines: tuple[Line, ...] = ()
        self.values: dict[Line, tuple[list[int], list[float]]] = {}
        self.legend = Legend()
        self._curves: dict[Line, Any] = {}
        self._faint: dict[Line, Any] = {}
        self._smoothing = 0.0
        self._at: int | None = None
        self._changed = True
        self._plot = plot_style.make_plot("Step", "")
        plot_style.set_left_axis(self._plot, _ValueAxis("left"))
        self._plot.setMinimumHeight(96)
        self._plot.scene().sigMouseMoved.connect(self._point)
        self._cross = pg.InfiniteLine(angle=90)
        self._cross.hide()
        self._plot.addItem(self._cross, ignoreBounds=True)
        if share:
            self._plot.setYRange(0.0, 1.0, padding=0.04)
        self._title = label("", "heading")
        self._lay_out()
        self.show_lines(title, lines)

    def show_lines(self, title: str, lines: Sequence[Line]) -> None:
        """Draw these lines from now on, without values yet."""
        for drawn in (*self._curves.values(), *self._faint.values()):
            self._plot.removeItem(drawn)
        self._title.setText(title)
        self._plot.setAccessibleName(title)
        self.lines = tuple(lines)
        self._faint = {line: self._plot.plot() for line in lines}
        self._curves = {line: self._plot.plot() for line in lines}
        self.clear()
        self.dress()
        self.draw()

    def clear(self) -> None:
        """Forget all values."""
        self.values = {line: ([], []) for line in self.lines}
        self._changed = True

    def add(self, line: Line, step: int, value: float) -> None:
        """One more value. A step that was there already takes the line back to it: a resumed run repeats a little."""
        steps, values = self.values[line]
        if steps and step <= steps[-1]:
            back = bisect_left(steps, step)
            del steps[back:], values[back:]
        steps.append(step)
        values.append(value)
        self._changed = True

    def draw(self) -> None:
        """Draw the lines that have values, and the last value of each in the legend."""
        if not self._changed:
            return
        self._changed = False
        for line, (steps, values) in self.values.items():
            # A line of one value is a point: nothing would be drawn between it and nothing.
            few = len(values) == 1 or (line.part != "train" and len(values) < _MANY)
            self._curves[line].setData(steps, smoothed(values, self._smoothing), symbol="o" if few else None)
            self._faint[line].setData(*((steps, values) if self._smoothing else ([], [])))
        empty = not any(values for _, values in self.values.values())
        self._empty.setVisible(empty)
        self._plot.setVisible(not empty)  # axes without values would say something
        self._tell_values()

    def set_log(self, log: bool) -> None:
        """Draw values on a logarithmic axis; those that are not above 0 are then missing."""
        if not self.share:
            self._plot.setLogMode(y=log)

    def set_smoothing(self, weight: float) -> None:
        """See `smoothed`."""
        self._smoothing, self._changed = weight, True
        self.draw()

    def point_at(self, step: int | None) -> None:
        """Mark a step and tell its values in the legend; None: the last ones again."""
        self._at = step
        self._cross.setVisible(step is not None)
        if step is not None:
            self._cross.setPos(step)
        self._tell_values()

    def dress(self) -> None:
        """Colours of the theme in use."""
        plot_style.dress(self._plot)
        self._cross.setPen(QPen(QColor(theme.palette().muted), 0))
        for line, series in zip(self.lines, self._series(), strict=True):
            colour = plot_style.series_colour(series)
            self._curves[line].setPen(plot_style.chart_pen(series, self.devicePixelRatioF()))
            self._curves[line].setSymbolBrush(colour)
            self._curves[line].setSymbolPen(None)
            self._curves[line].setSymbolSize(5)
            colour.setAlpha(_FAINT)
            self._faint[line].setPen(QPen(colour, 0))

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer has left: the last values are told again."""
        self.hovered.emit(None)
        super().leaveEvent(event)

    def _point(self, at: QPointF) -> None:
        box = self._plot.getViewBox()
        steps = sorted({step for steps, _ in self.values.values() for step in steps})
        inside = steps and box.sceneBoundingRect().contains(at)
        self.hovered.emit(nearest(steps, box.mapSceneToView(at).x()) if inside else None)

    def _tell_values(self) -> None:
        values = [self._value(*self.values[line]) for line in self.lines]
        self.legend.tell([line.words for line in self.lines], values, self._series())
        self._step.setText("" if self._at is None else f"at step {self._at:,}")

    def _series(self) -> list[int]:
        return [place if line.series < 0 else line.series for place, line in enumerate(self.lines)]

    def _value(self, steps: Sequence[int], values: Sequence[float]) -> float | None:
        if not values:
            return None
        return values[-1] if self._at is None else values[bisect_left(steps, nearest(steps, self._at))]

    def _lay_out(self) -> None:
        self._step, self._empty = label("", "caption"), label("No values yet", "caption")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        heading = QHBoxLayout()
        heading.setSpacing(6)
        heading.addWidget(self._title, 1)
        heading.addWidget(self._step)
        heading.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(heading)
        column.addWidget(self.legend)
        kept = self._plot.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._plot.setSizePolicy(kept)
        column.addWidget(self._plot, 1)


class _ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """On a logarithmic axis only 1, 2 and 5 of each power of ten are named: the others would lie on each other."""

    def logTickStrings(self, values: Sequence[float], scale: float, spacing: float | None) -> list[str]:
        named = super().logTickStrings(values, scale, spacing)
        return [
            text if f"{10**value * scale:.0e}"[0] in "125" else "" for value, text in zip(values, named, strict=True)
        ]


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average with ``weight`` (0 to below 1) on what came before, free of its start at 0.

    As Adam corrects its moments (Kingma and Ba 2015): the n-th sum is divided by 1 - weight ** n.
    """
    found, total = [], 0.0
    for count, value in enumerate(values, start=1):
        total = weight * total + (1 - weight) * value
        found.append(total / (1 - weight**count))
    return found


def nearest(steps: Sequence[int], to: float) -> int:
    """The one of the ascending ``steps`` (at least one) that is nearest."""
    place = bisect_left(steps, to)
    return min(steps[max(place - 1, 0) : place + 1], key=lambda step: abs(step - to))
