"""Sliders that tell their value and find their way back to it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSlider


class FineSlider(QSlider):
    """Arrows and the wheel change little, page keys five steps; a double-click resets."""

    def __init__(self, name: str, low: int, high: int, usual: int, words: Callable[[int], str]) -> None:
        """``words`` says a value, as in "40 %"."""
        super().__init__(Qt.Orientation.Horizontal)
        self._name = name
        self._usual = usual
        self._words = words
        self.setRange(low, high)
        self.setSingleStep(1)
        self.setPageStep(5)
        self.setMinimumWidth(64)
        self.setMaximumWidth(140)
        self.setAccessibleName(name)
        self.valueChanged.connect(self._tell)
        self.setValue(usual)
        self._tell(self.value())

    @property
    def words(self) -> str:
        """The value as it is said."""
        return self._words(self.value())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the usual value."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setValue(self._usual)

    def _tell(self, value: int) -> None:
        self.setToolTip(f"{self._name} {self._words(value)}; double-click resets")
        self.setAccessibleDescription(self._words(value))


class PercentSlider(FineSlider):
    """Whole per cent."""

    def __init__(self, name: str, low: int, high: int, usual: int) -> None:
        super().__init__(name, low, high, usual, lambda value: f"{value} %")
