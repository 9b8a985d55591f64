"""How the models on Evaluate learned: a chart for each figure of a stage, every model's run in its own colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from aln_desk.gui.pages.evaluation_supplement_made import LearntRun
from aln_desk.gui.widgets.curve_tools import STAGES, CurveTools
from aln_desk.gui.widgets.plot_chart import ChartCard, Line
from aln_desk.gui.widgets.plot_curves import OF_MASKS

_ROOMY = 1200
"""Pixels from which on all charts of a stage stand in one row."""
_SMOOTHING = 50
"""Per cent of the way of the control: a loss jumps from step to step."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart: the ``value`` of this ``part`` of a run; ``share``: from 0 to 1."""

    title: str
    part: str
    value: str
    share: bool = True


PANELS = {
    "mtl": (
        Panel("Loss while learning", "train", "loss", share=False),
        Panel("Mask overlap (Dice), held-out patients", "validation", "dice"),
        Panel("Accuracy of lesion type, held-out patients", "validation", "lesion_accuracy"),
        Panel("AUC of images, held-out patients", "validation", "status_auc"),
    ),
    "mil": (
        Panel("Loss while learning", "train", "loss", share=False),
        Panel("Loss, held-out patients", "validation", "loss", share=False),
        Panel("AUC of patients, held-out patients", "validation", "auc"),
    ),
}
"""By stage."""


class LearningBody(QWidget):
    """The charts of a stage at a time; the pointer tells the values of one step on all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs: tuple[LearntRun, ...] = ()
        self.stage = STAGES[0]
        self.tools = CurveTools()
        self.charts = {
            stage: [ChartCard(panel.title, (), panel.share) for panel in panels] for stage, panels in PANELS.items()
        }
        for chart in self._every():
            chart.setParent(self)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        self._columns = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.tools)
        column.addLayout(self._grid, 1)
        self._connect()
        self.tools.smoothing.setValue(_SMOOTHING)
        self._arrange()

    def show_runs(self, runs: Sequence[LearntRun]) -> None:
        """Show these runs and no others; where none has curves of the stage on the screen, another stage."""
        self.runs = tuple(runs)
        for stage, panels in PANELS.items():
            for panel, chart in zip(panels, self.charts[stage], strict=True):
                self._fill(stage, panel, chart)
        known = {curve.stage for run in runs for curve in run.curves}
        if known and self.stage not in known:
            self.tools.show_stage(next(stage for stage in STAGES if stage in known))

    def hasHeightForWidth(self) -> bool:
        """The legends have one; charts take what height there is."""
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            for chart in self._every():
                chart.dress()
        super().changeEvent(event)

    def _fill(self, stage: str, panel: Panel, chart: ChartCard) -> None:
        lines = [Line(panel.part, panel.value, run.name, run.series) for run in self.runs]
        chart.show_lines(panel.title, lines)
        for line, run in zip(lines, self.runs, strict=True):
            if run.maskless and panel.part == "validation" and panel.value in OF_MASKS:
                continue
            for curve in run.curves:
                value = curve.values.get(panel.value) if (curve.stage, curve.part) == (stage, panel.part) else None
                if value is not None:
                    chart.add(line, curve.step, value)
        chart.draw()

    def _show_stage(self, stage: str) -> None:
        self.stage, self._columns = stage, 0
        self._arrange()

    def _point(self, step: int | None) -> None:
        for chart in self.charts[self.stage]:
            chart.point_at(step)

    def _connect(self) -> None:
        self.tools.stageChosen.connect(self._show_stage)
        for chart in self._every():
            self.tools.logChanged.connect(chart.set_log)
            chart.hovered.connect(self._point)
        for stage, panels in PANELS.items():
            for panel, chart in zip(panels, self.charts[stage], strict=True):
                if panel.part == "train":  # held-out figures are few, and each is meant
                    self.tools.smoothingChanged.connect(chart.set_smoothing)

    def _every(self) -> list[ChartCard]:
        return [chart for charts in self.charts.values() for chart in charts]

    def _arrange(self) -> None:
        """The charts of the stage in a row, or two beside each other and an odd last one across."""
        charts = self.charts[self.stage]
        columns = len(charts) if self.width() >= _ROOMY else 2
        if columns == self._columns:
            return
        self._columns = columns
        for chart in self._every():
            self._grid.removeWidget(chart)
            chart.setVisible(chart in charts)
        for place, chart in enumerate(charts):
            across = columns if columns == 2 and place == len(charts) - 1 and place % 2 == 0 else 1
            self._grid.addWidget(chart, *divmod(place, columns), 1, across)
        for place in range(max(map(len, self.charts.values()))):
            self._grid.setColumnStretch(place, int(place < columns))
