"""The card at a run's end: what it reached, beside the model in use, and Adopt."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.gui.widgets.labels import button, label
from aln_desk.io.runs import Run

FIGURES = (
    ("auc", "Validation AUC, patients"),
    ("dice", "Mask overlap (Dice)"),
    ("lesion_accuracy", "Lesion type accuracy"),
    ("threshold", "Threshold"),
)


class ResultCard(QFrame):
    """Hidden until `show_run`; ``adoptRequested`` carries the `Run`."""

    adoptRequested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._run: Run | None = None
        self.sentence = label("", wrap=True)
        self.adopt = button("Adopt this model", "main")
        self.adopt.clicked.connect(self._adopt)
        self._in_use = label("In use", "chip")
        self.values = {name: (label("", ""), label("", "muted")) for name, _ in FIGURES}
        self._lay_out()
        self.hide()

    def show_run(self, run: Run, model: str, digest: str, figures: Mapping[str, float]) -> None:
        """Compare a finished run with the model in use (a sentence, digest and recorded figures)."""
        self._run = run
        here = run.digest == digest
        verdicts = "threshold" in run.figures
        words = "Finished. This run's model is in use." if here else f"Finished. {model}"
        if not verdicts:
            words += " Stage 2 was not trained: the new model gives masks but no verdicts."
        self.sentence.setText(words)
        self.adopt.setVisible(not here)
        self._in_use.setVisible(here)
        for name, (own, other) in self.values.items():
            own.setText(_figure(run.figures.get(name)))
            other.setText(_figure(figures.get(name)))
        self.show()

    def _adopt(self) -> None:
        if self._run is not None:
            self.adoptRequested.emit(self._run)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(2)
        for column, (name, words) in enumerate(FIGURES, start=1):
            grid.addWidget(label(words, "caption"), 0, column)
            grid.addWidget(self.values[name][0], 1, column)
            grid.addWidget(self.values[name][1], 2, column)
        grid.addWidget(label("This run"), 1, 0)
        grid.addWidget(label("Model in use", "muted"), 2, 0)
        note = "Each on the patients held out of its own training: compare them on one cohort in Evaluate."
        grid.addWidget(label(note, "caption"), 3, 0, 1, len(FIGURES) + 2)
        grid.setColumnStretch(len(FIGURES) + 1, 1)
        head = QHBoxLayout()
        head.addWidget(self.sentence, 1)
        head.addWidget(self._in_use, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.adopt, 0, Qt.AlignmentFlag.AlignTop)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(12, 10, 12, 10)
        column_.setSpacing(8)
        column_.addLayout(head)
        column_.addLayout(grid)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
