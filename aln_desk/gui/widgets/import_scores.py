"""What is asked before scores of other software are kept: their name and what they mean."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from aln_desk.gui import file_dialogs
from aln_desk.gui.widgets.labels import label

_WORDS = "A table with the columns patient and score, one patient a row; a higher score means metastasis more likely."


@dataclass(frozen=True, slots=True)
class ScoresToAdd:
    """``threshold`` is nan where there is none."""

    file: Path
    name: str
    threshold: float
    probability: bool


def ask_scores(parent: QWidget, taken: Collection[str] = ()) -> ScoresToAdd | None:
    """Which file and what it means; None when the user thinks better of it. Names that are ``taken`` are replaced."""
    file = file_dialogs.choose_file(parent, "Scores of other software", "Tables (*.csv *.tsv *.txt)")
    if file is None:
        return None
    dialog = ImportScoresDialog(file, taken, parent)
    return dialog.wish() if dialog.exec() else None


class ImportScoresDialog(QDialog):
    """`wish` is what was asked for once the dialog is accepted."""

    def __init__(self, file: Path, taken: Collection[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add scores of other software")
        self._file, self._taken = file, taken
        self.name = QLineEdit(file.stem)
        self.name.setAccessibleName("Name")
        self.has_threshold = QCheckBox("Called positive from a score of")
        self.threshold = QDoubleSpinBox(minimum=-1e6, maximum=1e6, decimals=3, singleStep=0.05, value=0.5)
        self.threshold.setAccessibleName("Threshold")
        self.threshold.setEnabled(False)
        self.has_threshold.toggled.connect(self.threshold.setEnabled)
        self.probability = QCheckBox("The scores are probabilities")
        self.probability.setChecked(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add = self.buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.add.setProperty("role", "main")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.name.textChanged.connect(self._show_name)
        self._show_name()
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.addRow("File", label(file.name))
        form.addRow("Name", self.name)
        form.addRow(self.has_threshold, self.threshold)
        form.addRow(self.probability)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(label(_WORDS, "muted", wrap=True))
        column.addLayout(form)
        column.addWidget(self.buttons)
        self.setMinimumWidth(440)

    def wish(self) -> ScoresToAdd:
        """What is to be added."""
        threshold = self.threshold.value() if self.has_threshold.isChecked() else math.nan
        return ScoresToAdd(self._file, self._tidy_name(), threshold, self.probability.isChecked())

    def _tidy_name(self) -> str:
        return " ".join(self.name.text().split())

    def _show_name(self) -> None:
        self.add.setText("Replace scores" if self._tidy_name() in self._taken else "Add scores")
        self.add.setEnabled(bool(self._tidy_name()))
