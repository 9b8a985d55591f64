"""Several trainings in one: cross-validation, and stage 2 from several seeds."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSpinBox, QWidget

from aln_desk.domain.errors import BadSetting
from aln_desk.gui.training_wish import seeds_of
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.setting_editor import keep_from_wheel
from aln_desk.gui.widgets.setting_row import CONTROL

_FOLDS = "Patients are dealt into so many parts; each part measures a model that learned from the others."
_SEEDS = "Stage 2 is trained once from each, such as 0, 1, 2. Empty: once, from the random seed below."
_REPEATED = ("all", "mtl", "mil")
_SEEDED = ("all", "mil")


class RepeatBox(QWidget):
    """``changed`` comes with every change. A work that cannot be repeated has its lines hidden and not counted."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages = "all"
        self.folds = QSpinBox()
        self.folds.setRange(1, 20)
        self.folds.setSpecialValueText("None")
        self.folds.setFixedWidth(CONTROL)
        self.seeds = QLineEdit(placeholderText="One")
        self.seeds.setFixedWidth(CONTROL)
        self.seeds.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.error = label("", "error", wrap=True)
        keep_from_wheel(self.folds)
        self._lines: dict[str, list[QWidget]] = {"folds": [], "seeds": []}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setVerticalSpacing(4)
        self._heading = label("Repeats", "heading")
        grid.addWidget(self._heading, 0, 0, 1, 2)
        self._add(grid, 1, "folds", "Cross-validation parts", _FOLDS, self.folds)
        self._add(grid, 3, "seeds", "Seeds of stage 2", _SEEDS, self.seeds)
        grid.addWidget(self.error, 5, 0, 1, 2)
        self.error.hide()
        self.folds.valueChanged.connect(self._tell)
        self.seeds.textChanged.connect(self._tell)

    def show_work(self, stages: str) -> None:
        """Offer what this work can be repeated by."""
        self._stages = stages
        for name, works in (("folds", _REPEATED), ("seeds", _SEEDED)):
            for widget in self._lines[name]:
                widget.setVisible(stages in works)
        self._heading.setVisible(stages in _REPEATED)

    def reset(self) -> None:
        """No repeats."""
        self.folds.setValue(1)
        self.seeds.clear()

    def chosen_folds(self) -> int:
        """Parts of the cross-validation, 0 for none."""
        value = self.folds.value()
        return value if value > 1 and self._stages in _REPEATED else 0

    def chosen_seeds(self) -> tuple[int, ...]:
        """The seeds, none while they cannot be read (see `problem`)."""
        return seeds_of(self.seeds.text()) if self._stages in _SEEDED and not self.problem() else ()

    def problem(self) -> str:
        """What is wrong with the seeds, empty when nothing is."""
        try:
            seeds_of(self.seeds.text() if self._stages in _SEEDED else "")
        except BadSetting as error:
            return str(error)
        return ""

    def _tell(self) -> None:
        self.error.setText(self.problem())
        self.error.setVisible(bool(self.error.text()))
        self.changed.emit()

    def _add(self, grid: QGridLayout, row: int, name: str, words: str, help: str, control: QWidget) -> None:
        control.setAccessibleName(words)
        control.setAccessibleDescription(help)
        self._lines[name] = [label(words, wrap=True), control, label(help, "caption", wrap=True)]
        grid.addWidget(self._lines[name][0], row, 0)
        grid.addWidget(control, row, 1)
        grid.addWidget(self._lines[name][2], row + 1, 0, 1, 2)
