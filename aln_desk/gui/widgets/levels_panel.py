"""How the greys are shown, on a small panel that opens below its button."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas.levels import STEEPEST, Levels
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.sliders import FineSlider, PercentSlider

_HINT = "Right button on the image: drag for brightness and contrast, double-click to reset"
_WIDTH = 300


class LevelsPanel(QFrame):
    """``changed(Levels)`` once a change, whoever made it."""

    changed = Signal(object)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("levels")
        self.setAccessibleName("Levels")
        self.brightness = PercentSlider("Brightness", -100, 100, 0)
        self.contrast = PercentSlider("Contrast", -100, 100, 0)
        self.gamma = FineSlider("Gamma", -100, 100, 0, lambda value: f"{_gamma(value):.2f}")
        self.invert = QCheckBox("Invert the greys")
        self.local = QCheckBox("Local contrast (CLAHE)")
        self.reset = button("Reset", "", "Show the image as it was recorded")
        self._told = Levels()
        self._setting = False
        self._lay_out(actions)
        for slider in (self.brightness, self.contrast, self.gamma):
            slider.valueChanged.connect(self._tell)
        for switch in (self.invert, self.local):
            switch.toggled.connect(self._tell)
        self.reset.clicked.connect(lambda _: self.set_levels(Levels()))

    @property
    def levels(self) -> Levels:
        """What the panel shows."""
        return Levels(
            self.brightness.value() / 100,
            self.contrast.value() / 100,
            _gamma(self.gamma.value()),
            self.invert.isChecked(),
            self.local.isChecked(),
        )

    def set_levels(self, levels: Levels) -> None:
        """Show these, and tell of them once."""
        self._setting = True
        self.brightness.setValue(round(100 * levels.brightness))
        self.contrast.setValue(round(100 * levels.contrast))
        self.gamma.setValue(round(100 * log(max(levels.gamma, 1e-3), STEEPEST)))
        self.invert.setChecked(levels.invert)
        self.local.setChecked(levels.local)
        self._setting = False
        self._tell()

    def open_below(self, owner: QWidget) -> None:
        """Open below a button, inside the screen."""
        self.setFixedWidth(_WIDTH)
        self.adjustSize()
        at = owner.mapToGlobal(QPoint(owner.width() - self.width(), owner.height() + 4))
        screen = owner.screen().availableGeometry()
        at.setX(min(max(at.x(), screen.left()), max(screen.right() - self.width(), screen.left())))
        self.move(at)
        self.show()
        self.brightness.setFocus(Qt.FocusReason.PopupFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        """In the colours of the theme in use."""
        colours = theme.palette()
        self.setStyleSheet(f"#levels {{ background: {colours.raised}; border: 1px solid {colours.strong_line}; }}")
        super().showEvent(event)

    def _tell(self, *_: object) -> None:
        if not self._setting and self.levels != self._told:
            self._told = self.levels
            self.changed.emit(self._told)

    def _lay_out(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(4)
        sliders = QGridLayout()
        sliders.setHorizontalSpacing(10)
        sliders.setColumnStretch(1, 1)
        named = (("Brightness", self.brightness), ("Contrast", self.contrast), ("Gamma", self.gamma))
        for row, (words, slider) in enumerate(named):
            self._add_slider(sliders, row, words, slider)
        column.addLayout(sliders)
        for switch, name in ((self.invert, "view.invert"), (self.local, "view.clahe")):
            switch.setToolTip(actions[name].text())
            column.addLayout(_with_key(switch, KeyCap(actions, name)))
        hint = label(_HINT, "caption", wrap=True)
        column.addWidget(hint)
        column.addSpacing(4)
        column.addLayout(_with_key(self.reset, KeyCap(actions, "levels.reset")))

    def _add_slider(self, grid: QGridLayout, row: int, words: str, slider: FineSlider) -> None:
        slider.setMaximumWidth(_WIDTH)
        value = label("", "muted")
        value.setMinimumWidth(48)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        slider.valueChanged.connect(lambda _: value.setText(slider.words))
        value.setText(slider.words)
        grid.addWidget(label(words), row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(value, row, 2)


def to_state(levels: Levels) -> dict[str, object]:
    """Levels as JSON values."""
    return {
        "brightness": levels.brightness,
        "contrast": levels.contrast,
        "gamma": levels.gamma,
        "invert": levels.invert,
        "local": levels.local,
    }


def from_state(state: object) -> Levels:
    """Levels of a saved state; what does not fit is neutral. A pair is brightness and contrast, as once saved."""
    if isinstance(state, list | tuple) and len(state) == 2:
        state = {"brightness": state[0], "contrast": state[1]}
    kept: Mapping[str, Any] = state if isinstance(state, dict) else {}
    return Levels(
        _number(kept.get("brightness"), 0.0, -1.0, 1.0),
        _number(kept.get("contrast"), 0.0, -1.0, 1.0),
        _number(kept.get("gamma"), 1.0, 1 / STEEPEST, STEEPEST),
        kept.get("invert") is True,
        kept.get("local") is True,
    )


def _gamma(value: int) -> float:
    """Equal steps to both sides: 0 is 1, -100 a fifth, 100 five."""
    return round(float(STEEPEST ** (value / 100)), 3)


def _number(value: object, usual: float, low: float, high: float) -> float:
    fits = isinstance(value, float | int) and not isinstance(value, bool) and isfinite(value)
    return min(max(float(value), low), high) if fits else usual  # type: ignore[arg-type]


def _with_key(control: QWidget, cap: KeyCap) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(control)
    row.addStretch(1)
    row.addWidget(cap)
    return row
