"""Where a score begins to be positive in Evaluate, and a quiet word on what that does to the figures."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QVBoxLayout, QWidget

from aln_desk.evaluation.selection import Rule, ThresholdRule
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.setting_editor import keep_from_wheel

_RULES: tuple[tuple[Rule, str], ...] = (
    ("frozen", "Frozen with each model"),
    ("youden", "Youden index"),
    ("sensitivity", "Sensitivity of at least"),
    ("value", "Score of at least"),
)
_FIRST: dict[Rule, float] = {"sensitivity": 0.95, "value": 0.5}
_OPTIMISTIC = "Chosen on the very patients it is measured on: the figures are too good to be true."


class ThresholdBox(QWidget):
    """``changed``: another rule is asked for."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Threshold")
        for kind, words in _RULES:
            self.kind.addItem(words, kind)
        self.value = QDoubleSpinBox(singleStep=0.01)
        self.value.setAccessibleName("Value of the threshold rule")
        self.value.setKeyboardTracking(False)
        self.warning = label(_OPTIMISTIC, "caption", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.kind, self.value, self.warning):
            column.addWidget(part)
            keep_from_wheel(part)
        self.set_rule(ThresholdRule())
        self.kind.activated.connect(self._choose)
        self.value.valueChanged.connect(lambda _: self.changed.emit())

    @property
    def rule(self) -> ThresholdRule:
        """The rule asked for."""
        kind: Rule = self.kind.currentData()
        return ThresholdRule(kind, round(self.value.value(), 3)) if kind in _FIRST else ThresholdRule(kind)

    def set_rule(self, rule: ThresholdRule) -> None:
        """Show this rule, telling nobody."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(rule.kind)))
        self._set_value(rule.value if not math.isnan(rule.value) else _FIRST.get(rule.kind, 0.5))
        self._show_kind()

    def _choose(self) -> None:
        self._set_value(_FIRST.get(self.kind.currentData(), 0.5))
        self._show_kind()
        self.changed.emit()

    def _set_value(self, value: float) -> None:
        """Scores may be any numbers, a sensitivity lies in (0, 1]."""
        score = self.kind.currentData() == "value"
        self.value.blockSignals(True)
        self.value.setDecimals(3 if score else 2)
        self.value.setRange(*((-999.0, 999.0) if score else (0.01, 1.0)))
        self.value.setValue(value)
        self.value.blockSignals(False)

    def _show_kind(self) -> None:
        self.value.setVisible(self.kind.currentData() in _FIRST)
        self.warning.setVisible(self.rule.uses_outcomes)
