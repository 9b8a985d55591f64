"""ROC curves of several cohorts on one square, with the frozen threshold marked on each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_style
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.plot_style import Swatch


@dataclass(frozen=True, slots=True, eq=False)
class RocLine:
    """One cohort: points (k,) of the curve (empty where not defined), words, and the operating point (or nan)."""

    words: str
    false_positive_rate: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    operating: tuple[float, float]


class RocCard(QFrame):
    """The chart with its legend below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.lines: Sequence[RocLine] = ()
        self.plot = plot_style.make_plot("1 - specificity", "Sensitivity")
        self.plot.setAccessibleName("ROC curves")
        self.plot.setMinimumSize(280, 280)
        self.plot.setMaximumHeight(480)
        self.plot.setRange(xRange=(0.0, 1.0), yRange=(0.0, 1.0), padding=0.03)
        self._legend = QGridLayout()
        self._legend.setColumnStretch(1, 1)
        self._legend.setHorizontalSpacing(8)
        self._legend.setVerticalSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(6)
        heading = label("ROC curve · AUC with 95 % interval · ring: the frozen threshold", "heading", wrap=True)
        heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column.addWidget(heading)
        column.addWidget(self.plot, 1)
        column.addLayout(self._legend)
        column.addStretch(0)

    def show_lines(self, lines: Sequence[RocLine]) -> None:
        """Show these curves and no others."""
        self.lines = lines
        self._draw()
        while (entry := self._legend.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.deleteLater()
        for place, line in enumerate(lines):
            self._legend.addWidget(Swatch(place), place, 0)
            self._legend.addWidget(label(line.words, wrap=True), place, 1)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            plot_style.dress(self.plot)
            self._draw()
        super().changeEvent(event)

    def _draw(self) -> None:
        self.plot.clear()
        chance = QPen(QColor(theme.palette().strong_line), 1)
        chance.setCosmetic(True)
        self.plot.plot([0.0, 1.0], [0.0, 1.0], pen=chance)
        for place, line in enumerate(self.lines):
            self.plot.plot(line.false_positive_rate, line.sensitivity, pen=plot_style.series_pen(place))
            if not math.isnan(line.operating[0] + line.operating[1]):
                self._mark(line.operating, plot_style.series_colour(place))

    def _mark(self, point: tuple[float, float], colour: QColor) -> None:
        ring = QPen(colour, 2)
        ring.setCosmetic(True)
        ground = QColor(theme.palette().raised)
        x, y = point
        self.plot.plot([x], [y], pen=None, symbol="o", symbolSize=10, symbolPen=ring, symbolBrush=ground)
