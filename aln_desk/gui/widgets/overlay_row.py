"""The row above the image: what lies over it, how bright it is, how large it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import button, label

SWATCH = """
QCheckBox::indicator {{ width: 9px; height: 9px; border-radius: 2px; border: 1px solid {colour}; }}
QCheckBox::indicator:checked {{ background: {colour}; image: none; }}
QCheckBox:disabled {{ color: {faint}; }}
QCheckBox::indicator:disabled {{ background: transparent; border-color: {faint}; }}
"""


@dataclass(frozen=True, slots=True)
class Overlay:
    """One layer over the image: its name in the canvas, its words, colour, default opacity (0: no slider)."""

    name: str
    words: str
    colour: str
    opacity: float = 0.0


OVERLAYS = (
    Overlay("drawn", "Drawn", theme.DRAWN),
    Overlay("predicted", "Predicted", theme.PREDICTED, 1.0),
    Overlay("cam", "CAM", theme.CAM, 0.55),
)
ALL_SHOWN = frozenset(overlay.name for overlay in OVERLAYS)


class PercentSlider(QSlider):
    """Whole per cent: arrows and the wheel change little, page keys five; a double-click resets."""

    def __init__(self, name: str, low: int, high: int, usual: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._name = name
        self._usual = usual
        self.setRange(low, high)
        self.setSingleStep(1)
        self.setPageStep(5)
        self.setMinimumWidth(64)
        self.setMaximumWidth(140)
        self.setAccessibleName(name)
        self.valueChanged.connect(self._tell)
        self.setValue(usual)
        self._tell(self.value())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the usual value."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setValue(self._usual)

    def _tell(self, value: int) -> None:
        self.setToolTip(f"{self._name} {value} %; double-click resets")


class OverlayRow(QWidget):
    """``overlayChanged(name, visible, opacity)``, ``levelsChanged(brightness, contrast)`` in -1..1."""

    overlayChanged = Signal(str, bool, float)
    levelsChanged = Signal(float, float)
    fitRequested = Signal()

    def __init__(self, actions: Actions, shown: Collection[str] = ALL_SHOWN, parent: QWidget | None = None) -> None:
        """``shown`` are the layers that are on until the user or a saved state says otherwise."""
        super().__init__(parent)
        self.setObjectName("tools")
        self._boxes: dict[str, QCheckBox] = {}
        self._sliders: dict[str, QSlider] = {}
        self.brightness = PercentSlider("Brightness", -100, 100, 0)
        self.contrast = PercentSlider("Contrast", -100, 100, 0)
        self.zoom = button("Fit", "quiet", "Size on screen; click to fit the image")
        self.zoom.clicked.connect(self.fitRequested)
        self._lay_out(actions)
        for name, box in self._boxes.items():
            box.setChecked(name in shown)

    def toggle(self, name: str) -> None:
        """Show or hide a layer; one that is not offered stays as it is."""
        if self._boxes[name].isEnabled():
            self._boxes[name].toggle()

    def offer(self, name: str, offered: bool) -> None:
        """Whether there can be such a layer at all."""
        for control in (self._boxes[name], self._sliders.get(name)):
            if control is not None:
                control.setEnabled(offered)

    def overlay(self, name: str) -> tuple[bool, float]:
        """(visible, opacity) of a layer as the row shows it."""
        slider = self._sliders.get(name)
        return self._boxes[name].isChecked(), slider.value() / 100 if slider else 1.0

    def levels(self) -> tuple[float, float]:
        """(brightness, contrast), each -1 to 1, 0 neutral."""
        return self.brightness.value() / 100, self.contrast.value() / 100

    def reset_levels(self) -> None:
        """The image as it was recorded."""
        self.brightness.setValue(0)
        self.contrast.setValue(0)

    def set_zoom(self, factor: float) -> None:
        """Show the size on screen; 1.0 is one screen pixel an image pixel."""
        self.zoom.setText(f"{100 * factor:.0f} %")

    def save_state(self) -> dict[str, object]:
        """Layers and levels, as JSON values."""
        layers = {overlay.name: list(self.overlay(overlay.name)) for overlay in OVERLAYS}
        return {"layers": layers, "levels": list(self.levels())}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; what does not fit is left at its default."""
        layers = state.get("layers")
        for name, kept in layers.items() if isinstance(layers, dict) else ():
            match kept:
                case [bool(visible), float() | int() as opacity] if name in self._boxes:
                    self._boxes[name].setChecked(visible)
                    if name in self._sliders:
                        self._sliders[name].setValue(round(100 * opacity))
        match state.get("levels"):
            case [float() | int() as brightness, float() | int() as contrast]:
                self.brightness.setValue(round(100 * brightness))
                self.contrast.setValue(round(100 * contrast))

    def _lay_out(self, actions: Actions) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(5)
        for overlay in OVERLAYS:
            self._add_overlay(row, overlay, KeyCap(actions, f"overlay.{overlay.name}"))
            row.addSpacing(2)
        reset = button("Reset", "quiet", "Brightness and contrast as recorded")
        for one in (reset, self.zoom):
            one.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        reset.clicked.connect(self.reset_levels)
        for words, slider in (("Brightness", self.brightness), ("Contrast", self.contrast)):
            slider.valueChanged.connect(lambda _: self.levelsChanged.emit(*self.levels()))
            slider.setStyleSheet("QSlider { min-height: 14px; }")
            stacked = QVBoxLayout()
            stacked.setSpacing(0)
            stacked.addWidget(label(words, "caption"))
            stacked.addWidget(slider)
            row.addLayout(stacked, 1)
        row.addStretch(1)
        row.addWidget(reset)
        row.addWidget(self.zoom)

    def _add_overlay(self, row: QHBoxLayout, overlay: Overlay, cap: KeyCap) -> None:
        box = QCheckBox(overlay.words)
        box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)  # its key stays beside it
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setStyleSheet(SWATCH.format(colour=overlay.colour, faint=theme.palette().disabled))
        box.toggled.connect(lambda _: self._tell(overlay.name))
        self._boxes[overlay.name] = box
        row.addWidget(box)
        row.addWidget(cap)
        if overlay.opacity:
            slider = PercentSlider(f"Opacity: {overlay.words}", 0, 100, round(100 * overlay.opacity))
            slider.valueChanged.connect(lambda _: self._tell(overlay.name))
            self._sliders[overlay.name] = slider
            row.addWidget(slider, 1)

    def _tell(self, name: str) -> None:
        self.overlayChanged.emit(name, *self.overlay(name))
