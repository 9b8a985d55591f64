"""What every board of curves offers: which stage is looked at, a logarithmic axis, smoothing."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSlider, QTabBar, QWidget

from aln_desk.gui.widgets.labels import label

STAGES = ("mtl", "mil")
_WORDS = ("Stage 1 · images", "Stage 2 · patients")
_STRONGEST = 0.98


class CurveTools(QWidget):
    """``stageChosen`` carries one of `STAGES`, ``smoothingChanged`` a weight from 0 to below 1."""

    stageChosen = Signal(str)
    logChanged = Signal(bool)
    smoothingChanged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stages = QTabBar(drawBase=False, expanding=False)
        self.stages.setAccessibleName("Stage")
        for words in _WORDS:
            self.stages.addTab(words)
        self.stages.currentChanged.connect(lambda place: self.stageChosen.emit(STAGES[place]))
        self.log = QCheckBox("Log axis")
        self.log.setToolTip("Losses on a logarithmic axis")
        self.log.toggled.connect(self.logChanged)
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 100)
        self.smoothing.setFixedWidth(96)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("Moving average of the lines; the values themselves stay below, faintly")
        self.smoothing.valueChanged.connect(lambda: self.smoothingChanged.emit(self.weight()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.stages)
        row.addStretch(1)
        row.addWidget(self.log)
        row.addSpacing(8)
        row.addWidget(label("Smoothing", "muted"))
        row.addWidget(self.smoothing)

    def weight(self) -> float:
        """The square root spends half of the way on the weights that smooth visibly, those near 1."""
        return _STRONGEST * math.sqrt(self.smoothing.value() / 100)

    def show_stage(self, stage: str) -> None:
        """Look at a stage; others than `STAGES` have no curves."""
        if stage in STAGES:
            self.stages.setCurrentIndex(STAGES.index(stage))
