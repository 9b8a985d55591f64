"""A forest plot: the AUC of each subgroup of patients with its interval, a row to choose by mouse or arrow keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from aln_desk.evaluation.tables.words import interval
from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes, plot_style

_ROW, _FOOT = 20, 34
_NAME, _COUNT, _FIGURES = 0.27, 0.13, 0.24
"""Shares of the width; what is left is the plot."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A subgroup of ``n`` patients; a heading, the variable's name alone, has none. ``auc`` and limits may be nan."""

    words: str
    n: int = 0
    positive: int = 0
    auc: float = math.nan
    low: float = math.nan
    high: float = math.nan
    heading: bool = False

    def say(self) -> str:
        """The row for a screen reader."""
        if self.heading:
            return self.words
        return f"{self.words}: {self.n} patients, {self.positive} positive, AUC {self.figures()}"

    def figures(self) -> str:
        """ "0.873 (0.82–0.92)", or "–"."""
        return interval(self.auc, self.low, self.high, digits=2)


class ForestView(QWidget):
    """``branchChosen`` carries the row's place."""

    branchChosen = Signal(int)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.branches: Sequence[Branch] = ()
        self.series = 0
        self.row: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(300)
        self.setToolTip("Choose a row to see its patients")

    def sizeHint(self) -> QSize:
        return QSize(420, len(self.branches) * _ROW + _FOOT + _ROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, self.sizeHint().height())

    def show_branches(self, branches: Sequence[Branch], series: int) -> None:
        """Show these rows, of the scores with this colour; a chosen row stays where it still exists."""
        self.branches, self.series = branches, series
        if self.row is not None and self.row >= len(branches):
            self.row = None
        self.setAccessibleName(f"Subgroups, {self.title}")
        self.setAccessibleDescription(". ".join(branch.say() for branch in branches))
        self.updateGeometry()
        self.update()

    def choose(self, row: int | None) -> None:
        """Mark a row without telling anybody."""
        self.row = row
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot, low = self._plot(), self._lowest()
        self._paint_axis(painter, plot, low)
        for place, branch in enumerate(self.branches):
            box = QRectF(0, (place + 1) * _ROW, self.width(), _ROW)
            if place == self.row:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(theme.palette().selection))
                painter.drawRoundedRect(box, 3, 3)
            self._paint_words(painter, box, branch)
            self._paint_interval(painter, box, plot, low, branch)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.palette().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._take(int(event.position().y() // _ROW) - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        row = (-1 if self.row is None else self.row) + step
        while 0 <= row < len(self.branches) and self.branches[row].heading:
            row += step
        self._take(row)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)

    def _take(self, row: int) -> None:
        if 0 <= row < len(self.branches) and not self.branches[row].heading:
            self.choose(row)
            self.branchChosen.emit(row)

    def _plot(self) -> QRectF:
        left, right = self.width() * (_NAME + _COUNT), self.width() * (1 - _FIGURES)
        return QRectF(left, _ROW, right - left - 12, len(self.branches) * _ROW)

    def _lowest(self) -> float:
        """Where the axis begins: at 0.5, or at the tenth below the lowest AUC or limit."""
        known = [value for one in self.branches for value in (one.auc, one.low) if not math.isnan(value)]
        return max(0.0, min([0.5, *(math.floor(10 * low) / 10 for low in known)]))

    def _paint_axis(self, painter: QPainter, plot: QRectF, low: float) -> None:
        colours = theme.palette()
        painter.setFont(plot_axes.caption())
        for value in plot_axes.ticks(low, 1.0, most=max(2, round(plot.width() / 44))):
            at = _across(plot, low, value)
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))
            painter.setPen(QColor(colours.muted))
            box = QRectF(at - 20, plot.bottom() + 2, 40, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, plot_axes.tick_words(value))
        painter.setPen(QColor(colours.muted))
        below = QRectF(plot.left(), plot.bottom() + 15, plot.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, "AUC, 95 % interval")
        counts = QRectF(self.width() * _NAME, 0, self.width() * _COUNT - 10, _ROW)
        painter.drawText(counts, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "n (+)")
        if self.branches:
            painter.setPen(QPen(QColor(colours.strong_line), 1, Qt.PenStyle.DashLine))
            overall = self.branches[0].auc
            if not math.isnan(overall):
                at = _across(plot, low, overall)
                painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))

    def _paint_words(self, painter: QPainter, box: QRectF, branch: Branch) -> None:
        colours, beside = theme.palette(), Qt.AlignmentFlag.AlignVCenter
        painter.setFont(plot_axes.caption(bold=branch.heading))
        painter.setPen(QColor(colours.muted if branch.heading else colours.text))
        indent = 4.0 if branch.heading else 14.0
        room = self.width() * _NAME - indent if not branch.heading else self.width() * (_NAME + _COUNT)
        words = plot_axes.short(branch.words, room, bold=branch.heading)
        painter.drawText(QRectF(indent, box.top(), room, _ROW), beside, words)
        if branch.heading:
            return
        counts = QRectF(self.width() * _NAME, box.top(), self.width() * _COUNT - 10, _ROW)
        painter.setPen(QColor(colours.muted))
        painter.drawText(counts, beside | Qt.AlignmentFlag.AlignRight, f"{branch.n} ({branch.positive})")
        right = QRectF(self.width() * (1 - _FIGURES), box.top(), self.width() * _FIGURES, _ROW)
        painter.setPen(QColor(colours.text))
        painter.drawText(right, beside, plot_axes.short(branch.figures(), right.width()))

    def _paint_interval(self, painter: QPainter, box: QRectF, plot: QRectF, low: float, branch: Branch) -> None:
        if math.isnan(branch.auc):
            return
        colour, middle = plot_style.series_colour(self.series), box.center().y()
        painter.setPen(QPen(colour, 1.6))
        if not math.isnan(branch.low):
            painter.drawLine(
                QPointF(_across(plot, low, branch.low), middle), QPointF(_across(plot, low, branch.high), middle)
            )
        whole = max((one.n for one in self.branches), default=1)
        side = 4.0 + 5.0 * math.sqrt(branch.n / max(whole, 1))
        spot = QPointF(_across(plot, low, branch.auc), middle)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRect(QRectF(spot.x() - side / 2, spot.y() - side / 2, side, side))


def _across(plot: QRectF, low: float, value: float) -> float:
    return plot.left() + (value - low) / (1.0 - low) * plot.width()
