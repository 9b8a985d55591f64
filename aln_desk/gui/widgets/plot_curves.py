"""The four charts of a training: loss and validation of both stages, drawn as the values come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.domain.messages import Curve
from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_style
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.plot_style import Swatch

_REDRAW_MS = 200
_LEGEND_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line: which value of which `Curve` messages it follows, and its words in the legend."""

    part: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a stage; ``share`` charts have an axis from 0 to 1."""

    stage: str
    title: str
    lines: tuple[Line, ...]
    share: bool = False


CHARTS = (
    Chart(
        "mtl",
        "Stage 1 · images · loss",
        (
            Line("train", "loss", "Total"),
            Line("train", "mask", "Mask"),
            Line("train", "lesion", "Lesion type"),
            Line("train", "status", "Status"),
            Line("train", "dice", "Overlap"),
        ),
    ),
    Chart(
        "mtl",
        "Stage 1 · images · validation",
        (
            Line("validation", "dice", "Mask overlap"),
            Line("validation", "lesion_accuracy", "Lesion type"),
            Line("validation", "status_auc", "Status AUC"),
        ),
        share=True,
    ),
    Chart(
        "mil",
        "Stage 2 · patients · loss",
        (Line("train", "loss", "Training"), Line("validation", "loss", "Validation")),
    ),
    Chart("mil", "Stage 2 · patients · validation", (Line("validation", "auc", "AUC"),), share=True),
)


class CurveBoard(QWidget):
    """All charts. Values are collected at once and drawn a few times a second at most."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.charts = [ChartCard(chart) for chart in CHARTS]
        self._redraw = QTimer(self, interval=_REDRAW_MS, singleShot=True)
        self._redraw.timeout.connect(self.draw)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for place, card in enumerate(self.charts):
            row, column = divmod(place, 2)
            grid.addWidget(card, row, column)
            grid.setRowStretch(row, 1)
            grid.setColumnStretch(column, 1)

    def show_all(self, curves: Iterable[Curve]) -> None:
        """Show these values and no others."""
        for card in self.charts:
            card.clear()
        for curve in curves:
            self.add(curve)
        self.draw()

    def add(self, curve: Curve) -> None:
        """Add one message's values; undefined ones are passed over."""
        for card in self.charts:
            card.add(curve)
        if not self._redraw.isActive():
            self._redraw.start()

    def draw(self) -> None:
        """Draw what was added since."""
        for card in self.charts:
            card.draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            for card in self.charts:
                card.dress()
        super().changeEvent(event)


class ChartCard(QFrame):
    """One chart with its title and legend; a sentence while it has nothing to draw."""

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self.setObjectName("card")
        self.chart = chart
        self.values: dict[Line, tuple[list[int], list[float]]] = {line: ([], []) for line in chart.lines}
        self._changed = True
        self._plot = plot_style.make_plot("Step", "")
        self._plot.setAccessibleName(chart.title)
        self._plot.setMinimumHeight(120)
        if chart.share:
            self._plot.setYRange(0.0, 1.0, padding=0.02)
        self._curves = {line: self._plot.plot() for line in chart.lines}
        for curve in self._curves.values():
            curve.setDownsampling(auto=True, method="mean")
        self._legend = {line: label("", "caption") for line in chart.lines}
        self._lay_out()
        self.dress()
        self.draw()

    def clear(self) -> None:
        """Forget all values."""
        self.values = {line: ([], []) for line in self.chart.lines}
        self._changed = True

    def add(self, curve: Curve) -> None:
        """Take the values that belong on this chart."""
        if curve.stage != self.chart.stage:
            return
        for line in self.chart.lines:
            value = curve.values.get(line.value) if line.part == curve.part else None
            if value is not None:
                steps, values = self.values[line]
                steps.append(curve.step)
                values.append(value)
                self._changed = True

    def draw(self) -> None:
        """Draw the lines that have values, and their last value in the legend."""
        if not self._changed:
            return
        self._changed = False
        for line, (steps, values) in self.values.items():
            # A line of one value is a point: nothing would be drawn between it and nothing.
            few = len(values) < 30 and line.part == "validation"
            self._curves[line].setData(steps, values, symbol="o" if few or len(values) == 1 else None)
            self._legend[line].setText(f"{line.words} {values[-1]:.3f}" if values else line.words)
        empty = not any(values for _, values in self.values.values())
        self._empty.setVisible(empty)

    def dress(self) -> None:
        """Colours of the theme in use."""
        plot_style.dress(self._plot)
        for place, line in enumerate(self.chart.lines):
            colour = plot_style.series_colour(place)
            curve = self._curves[line]
            curve.setPen(plot_style.series_pen(place))
            curve.setSymbolBrush(colour)
            curve.setSymbolPen(None)
            curve.setSymbolSize(5)

    def _lay_out(self) -> None:
        self._empty = label("No values yet", "caption")
        heading = QHBoxLayout()
        heading.setSpacing(6)
        heading.addWidget(label(self.chart.title, "heading"))
        heading.addStretch(1)
        heading.addWidget(self._empty)
        legend = QGridLayout()
        legend.setHorizontalSpacing(6)
        legend.setVerticalSpacing(0)
        legend.setColumnStretch(2 * _LEGEND_COLUMNS, 1)
        for place, (line, words) in enumerate(self._legend.items()):
            row, part = divmod(place, _LEGEND_COLUMNS)
            words.setMinimumWidth(_caption_width(f"{line.words} 0.000"))  # values move nothing as they come
            legend.addWidget(Swatch(place, 18), row, 2 * part)
            legend.addWidget(words, row, 2 * part + 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(heading)
        column.addLayout(legend)
        column.addWidget(self._plot, 1)


def _caption_width(text: str) -> int:
    font = theme.body_font()
    font.setPixelSize(theme.CAPTION)
    return QFontMetrics(font).horizontalAdvance(text) + 2
