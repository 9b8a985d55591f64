"""The charts of a training: loss and validation of each stage, drawn as the values come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from aln_desk.domain.messages import Curve
from aln_desk.gui.widgets.curve_tools import STAGES, CurveTools
from aln_desk.gui.widgets.plot_chart import ChartCard, Line

_REDRAW_MS = 200
OF_MASKS = frozenset({"mask", "lesion", "dice", "miou", "lesion_accuracy"})
"""What a network without masks and lesion types tells nothing of: its zeros mean nothing."""


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
        "Loss",
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
        "Held-out patients",
        (
            Line("validation", "dice", "Mask overlap"),
            Line("validation", "miou", "Overlap by class"),
            Line("validation", "lesion_accuracy", "Lesion type"),
            Line("validation", "status_auc", "Image AUC"),
        ),
        share=True,
    ),
    Chart("mil", "Loss", (Line("train", "loss", "Training"), Line("validation", "loss", "Held-out patients"))),
    Chart("mil", "Held-out patients", (Line("validation", "auc", "Patient AUC"),), share=True),
)


class CurveBoard(QWidget):
    """All charts, two of one stage at a time. Values are collected at once and drawn a few times a second at most.

    ``left_out`` names values that are not to be shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tools = CurveTools()
        self.charts = [ChartCard(chart.title, chart.lines, chart.share) for chart in CHARTS]
        self._redraw = QTimer(self, interval=_REDRAW_MS, singleShot=True)
        self._redraw.timeout.connect(self.draw)
        self._last = ""
        self.left_out: frozenset[str] = frozenset()
        self._lay_out()
        self.tools.stageChosen.connect(self._show_stage)
        for card in self.charts:
            self.tools.logChanged.connect(card.set_log)
            self.tools.smoothingChanged.connect(card.set_smoothing)
            card.hovered.connect(self._point)

    def show_all(self, curves: Iterable[Curve]) -> None:
        """Show these values and no others, and the stage of the last one."""
        for card in self.charts:
            card.clear()
        self._last = ""
        for curve in curves:
            self.add(curve)
        self.tools.show_stage(self._last or STAGES[0])
        self.draw()

    def add(self, curve: Curve) -> None:
        """Add one message's values; undefined ones are passed over. A stage that begins is brought to the front."""
        for chart, card in zip(CHARTS, self.charts, strict=True):
            for line in chart.lines if chart.stage == curve.stage else ():
                value = curve.values.get(line.value) if line.part == curve.part else None
                if value is not None and line.value not in self.left_out:
                    card.add(line, curve.step, value)
        if curve.stage != self._last:
            self._last = curve.stage
            self.tools.show_stage(curve.stage)
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

    def _show_stage(self, stage: str) -> None:
        self._stack.setCurrentIndex(STAGES.index(stage))

    def _point(self, step: int | None) -> None:
        stage = STAGES[self._stack.currentIndex()]
        for chart, card in zip(CHARTS, self.charts, strict=True):
            if chart.stage == stage:
                card.point_at(step)

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        for stage in STAGES:
            page = QWidget()
            row = QHBoxLayout(page)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
            for chart, card in zip(CHARTS, self.charts, strict=True):
                if chart.stage == stage:
                    row.addWidget(card, 1)
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.tools)
        column.addWidget(self._stack, 1)
