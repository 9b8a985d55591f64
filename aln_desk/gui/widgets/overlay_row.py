"""The row above the image: what lies over it, how bright it is, how large it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QSlider, QWidget

from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas.levels import Levels
from aln_desk.gui.widgets.icon_button import IconButton
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import button
from aln_desk.gui.widgets.levels_panel import LevelsPanel, from_state, to_state
from aln_desk.gui.widgets.sliders import PercentSlider as PercentSlider

SWATCH = """
QCheckBox::indicator {{ width: 9px; height: 9px; border-radius: 2px; border: 1px solid {colour}; }}
QCheckBox::indicator:checked {{ background: {colour}; image: none; }}
QCheckBox:disabled {{ color: {faint}; }}
QCheckBox::indicator:disabled {{ background: transparent; border-color: {faint}; }}
"""


_CHANGED = "Levels •"
_SPACING = 4
_BUTTON_EDGE = 18


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


@dataclass(frozen=True, slots=True)
class Aid:
    """A button that is on or off: its name, its icon, what its tooltip says beyond the action's own words."""

    name: str
    icon: str
    tip: str


AIDS = (
    Aid("crosshair", "crosshair", "Lines through the pointer, over the whole image"),
    Aid("magnifier", "magnifier", "What is under the pointer, three times as large"),
    Aid("ruler", "ruler", "Drag to measure; hold the key to measure once"),
    Aid("side_by_side", "side-by-side", "Another image of the same patient beside this one"),
)


class OverlayRow(QWidget):
    """``overlayChanged(name, visible, opacity)``, ``levelsChanged(Levels)``, ``aidToggled(name, on)``."""

    overlayChanged = Signal(str, bool, float)
    levelsChanged = Signal(object)
    aidToggled = Signal(str, bool)
    fitRequested = Signal()

    def __init__(
        self, actions: Actions, shown: Collection[str] = ALL_SHOWN, mode: str = "review", parent: QWidget | None = None
    ) -> None:
        """``shown`` are the layers that are on until the user or a saved state says otherwise; the keys are those of
        ``mode``.
        """
        super().__init__(parent)
        self.setObjectName("tools")
        self._boxes: dict[str, QCheckBox] = {}
        self._sliders: dict[str, QSlider] = {}
        self._aids: dict[str, IconButton] = {}
        self._caps: list[KeyCap] = []
        self.panel = LevelsPanel(actions, self)
        self.brightness, self.contrast = self.panel.brightness, self.panel.contrast
        self.open_levels = button("Levels", "quiet", "Brightness, contrast, gamma, inverted greys, local contrast")
        self.zoom = button("Fit", "quiet", "Size on screen; click to fit the image")
        self.zoom.clicked.connect(self.fitRequested)
        self.open_levels.clicked.connect(lambda _: self.panel.open_below(self.open_levels))
        self.panel.changed.connect(self._tell_levels)
        self._lay_out(actions, mode)
        for name, box in self._boxes.items():
            box.setChecked(name in shown)

    # Layers

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

    # Levels

    @property
    def levels(self) -> Levels:
        """How the greys are shown."""
        return self.panel.levels

    def set_levels(self, levels: Levels) -> None:
        """Show the greys so."""
        self.panel.set_levels(levels)

    def reset_levels(self) -> None:
        """The image as it was recorded."""
        self.panel.set_levels(Levels())

    def toggle_invert(self) -> None:
        """Black for white, or back."""
        self.panel.invert.toggle()

    def toggle_local(self) -> None:
        """Local contrast on or off."""
        self.panel.local.toggle()

    # Aids

    def aid(self, name: str) -> bool:
        """Whether an aid is on."""
        return self._aids[name].isChecked()

    def set_aid(self, name: str, on: bool) -> None:
        """Switch an aid on or off."""
        self._aids[name].setChecked(on)

    def set_zoom(self, factor: float) -> None:
        """Show the size on screen; 1.0 is one screen pixel an image pixel."""
        self.zoom.setText(f"{100 * factor:.0f} %")

    # State

    def save_state(self) -> dict[str, object]:
        """Layers, levels and aids, as JSON values; the ruler is laid aside."""
        layers = {overlay.name: list(self.overlay(overlay.name)) for overlay in OVERLAYS}
        aids = [name for name, one in self._aids.items() if one.isChecked() and name != "ruler"]
        return {"layers": layers, "levels": to_state(self.levels), "aids": aids}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; what does not fit is left at its default."""
        layers, aids = state.get("layers"), state.get("aids")
        for name, kept in layers.items() if isinstance(layers, dict) else ():
            match kept:
                case [bool(visible), float() | int() as opacity] if name in self._boxes:
                    self._boxes[name].setChecked(visible)
                    if name in self._sliders:
                        self._sliders[name].setValue(round(100 * opacity))
        if "levels" in state:
            self.set_levels(from_state(state["levels"]))
        for name in aids if isinstance(aids, list) else ():
            if name in self._aids:
                self.set_aid(name, True)

    # Room

    def minimumSizeHint(self) -> QSize:
        """Without the key caps, which go where there is no room for them; the key sheet has them all."""
        size = super().minimumSizeHint()
        shown = sum(cap.sizeHint().width() + _SPACING for cap in self._caps if not cap.isHidden())
        return QSize(size.width() - shown, size.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_caps()

    def _fit_caps(self) -> None:
        """Show the key caps where there is room for all of them."""
        worded = [cap for cap in self._caps if cap.text()]
        needed = self.minimumSizeHint().width() + sum(cap.sizeHint().width() + _SPACING for cap in worded)
        for cap in worded:
            cap.setVisible(self.width() >= needed)
        for box, cap in zip(self._boxes.values(), self._caps, strict=True):
            box.setToolTip(f"{box.text()} ({cap.text()})" if cap.text() else box.text())

    # Making

    def _lay_out(self, actions: Actions, mode: str) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 6, 4)
        row.setSpacing(_SPACING)
        for overlay in OVERLAYS:
            cap = KeyCap(actions, f"overlay.{overlay.name}.{mode}")
            self._caps.append(cap)
            self._add_overlay(row, overlay, cap)
            row.addSpacing(4)
        row.addStretch(1)
        for one, longest in ((self.open_levels, _CHANGED), (self.zoom, "6400 %")):
            one.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            one.setFixedWidth(one.fontMetrics().horizontalAdvance(longest) + _BUTTON_EDGE)  # words never move the row
        row.addWidget(self.open_levels)
        for aid in AIDS:
            self._aids[aid.name] = made = IconButton(actions, f"view.{aid.name}", aid.icon, aid.tip)
            made.toggled.connect(partial(self.aidToggled.emit, aid.name))
            row.addWidget(made)
        row.addWidget(self.zoom)
        actions.keysChanged.connect(self._fit_caps)

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

    def _tell_levels(self, levels: Levels) -> None:
        """Greys that are not as recorded are owned up to."""
        self.open_levels.setText("Levels" if levels.neutral else _CHANGED)
        self.open_levels.setAccessibleName("Levels" if levels.neutral else "Levels, not as recorded")
        self.levelsChanged.emit(levels)

    def _tell(self, name: str) -> None:
        self.overlayChanged.emit(name, *self.overlay(name))
