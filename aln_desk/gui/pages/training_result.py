"""The card at a run's end: what it reached, beside the model in use, and Adopt."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.gui.widgets.labels import button, label
from aln_desk.io.runs import Run

FIGURES = (
    ("auc", "Patient AUC"),
    ("dice", "Mask overlap (Dice)"),
    ("lesion_accuracy", "Lesion type"),
    ("status_auc", "Image AUC"),
    ("threshold", "Threshold"),
)
_NOTE = "Each on the patients held out of its own training: compare models on one cohort in Evaluate."


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
        words = "Finished. This run's model is in use." if here else f"Finished. {model}"
        if "threshold" not in run.figures:
            words += " Stage 2 was not trained: the new model gives masks but no verdicts."
        self.sentence.setText(words)
        self.adopt.setVisible(not here)
        self._in_use.setVisible(here)
        for name, (own, other) in self.values.items():
            own.setText(_figure(run.figures.get(name)))
            other.setText("" if here or not digest else f"in use {_figure(figures.get(name))}")
        self.show()

    def _adopt(self) -> None:
        if self._run is not None:
            self.adoptRequested.emit(self._run)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.sentence, 1)
        head.addWidget(self._in_use, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.adopt, 0, Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.setSpacing(14)
        for name, words in FIGURES:
            row.addLayout(_block(words, *self.values[name]))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(row)
        self.setToolTip(_NOTE)


def _block(words: str, own: QWidget, other: QWidget) -> QVBoxLayout:
    figures = QHBoxLayout()
    figures.setSpacing(8)
    figures.addWidget(own)
    figures.addWidget(other)
    figures.addStretch(1)
    block = QVBoxLayout()
    block.setSpacing(0)
    block.addWidget(label(words, "caption"))
    block.addLayout(figures)
    return block


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
