"""Several trainings in one: cross-validation, and a sweep over seeds."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSpinBox, QWidget

from aln_desk.domain.errors import BadSetting
from aln_desk.gui.training_wish import seeds_of
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.setting_editor import keep_from_wheel
from aln_desk.gui.widgets.setting_row import CONTROL

_FOLDS = "Patients are dealt into so many parts; each part measures a model that learned from the others."
_SEEDS = "One training from each, such as 0, 1, 2 or 0-9. Empty: one, from the random seed below."
_REPEATED = ("all", "mtl", "mil")


class RepeatBox(QWidget):
    """``changed`` comes with every change. Away, and without a say, for a work that cannot be repeated."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered = True
        self.folds = QSpinBox()
        self.folds.setRange(1, 20)
        self.folds.setSpecialValueText("None")
        self.folds.setFixedWidth(CONTROL)
        self.seeds = QLineEdit(placeholderText="One")
        self.seeds.setFixedWidth(CONTROL)
        self.seeds.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.error = label("", "error", wrap=True)
        keep_from_wheel(self.folds)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setVerticalSpacing(4)
        grid.addWidget(label("Repeats", "heading"), 0, 0, 1, 2)
        _add(grid, 1, "Cross-validation parts", _FOLDS, self.folds)
        _add(grid, 3, "Seeds", _SEEDS, self.seeds)
        grid.addWidget(self.error, 5, 0, 1, 2)
        self.error.hide()
        self.folds.valueChanged.connect(self._tell)
        self.seeds.textChanged.connect(self._tell)

    def show_work(self, stages: str) -> None:
        """Offer what this work can be repeated by."""
        self._offered = stages in _REPEATED
        self.setVisible(self._offered)

    def reset(self) -> None:
        """No repeats."""
        self.folds.setValue(1)
        self.seeds.clear()

    def chosen_folds(self) -> int:
        """Parts of the cross-validation, 0 for none."""
        value = self.folds.value()
        return value if value > 1 and self._offered else 0

    def chosen_seeds(self) -> tuple[int, ...]:
        """The seeds, none while they cannot be read (see `problem`)."""
        return seeds_of(self.seeds.text()) if self._offered and not self.problem() else ()

    def problem(self) -> str:
        """What is wrong with the seeds, empty when nothing is."""
        try:
            seeds_of(self.seeds.text() if self._offered else "")
        except BadSetting as error:
            return str(error)
        return ""

    def _tell(self) -> None:
        self.error.setText(self.problem())
        self.error.setVisible(bool(self.error.text()))
        self.changed.emit()


def _add(grid: QGridLayout, row: int, words: str, help: str, control: QWidget) -> None:
    control.setAccessibleName(words)
    control.setAccessibleDescription(help)
    grid.addWidget(label(words, wrap=True), row, 0)
    grid.addWidget(control, row, 1)
    grid.addWidget(label(help, "caption", wrap=True), row + 1, 0, 1, 2)
