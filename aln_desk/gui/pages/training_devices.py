"""Where a training runs: the devices of this computer with their memory."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.domain.messages import Device
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.setting_editor import keep_from_wheel

AUTO = "auto"
_BEST = "The fastest device"
_KINDS = {"cuda": "NVIDIA GPU", "mps": "Apple GPU", "cpu": "Processor (CPU)"}


class DeviceBox(QWidget):
    """``bestKnown`` carries the kind of the fastest device when it becomes known."""

    bestKnown = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted = AUTO
        self._best = ""
        self.box = QComboBox()
        self.box.setAccessibleName("Device")
        self.box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.box.addItem(_BEST, AUTO)
        self.box.activated.connect(self._choose)
        keep_from_wheel(self.box)
        self.caption = label("Looking for devices…", "caption", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.box)
        column.addWidget(self.caption)

    def chosen(self) -> str:
        """As ``--device`` takes it; a device kept from last time counts until it proves absent."""
        return self._wanted

    def choose(self, kind: str) -> None:
        """Take this device, if it is there or may turn out to be."""
        if kind in (AUTO, *_KINDS):
            self._wanted = kind
            self._show()

    def show_devices(self, devices: Sequence[Device]) -> None:
        """List what was found: one device a kind, the one that would be used. Nothing found: every kind there is."""
        first = {device.kind: words_of(device) for device in reversed(devices)}
        self._best = words_of(devices[0]) if devices else ""
        self.box.clear()
        self.box.addItem(_BEST, AUTO)
        for kind, words in _KINDS.items():
            if not first or kind in first:
                self.box.addItem(first.get(kind, words), kind)
                self.box.setItemData(self.box.count() - 1, first.get(kind, words), Qt.ItemDataRole.ToolTipRole)
        if self.box.findData(self._wanted) < 0:
            self._wanted = AUTO
        self._show()
        if devices:
            self.bestKnown.emit(devices[0].kind)

    def _choose(self) -> None:
        self._wanted = self.box.currentData()
        self._show()

    def _show(self) -> None:
        self.box.setCurrentIndex(max(0, self.box.findData(self._wanted)))
        self.box.setToolTip(self.box.currentText())
        self.caption.setVisible(self._wanted == AUTO and bool(self._best or self.box.count() == 1))
        if self._best:
            self.caption.setText(self._best)


def words_of(device: Device) -> str:
    """ "NVIDIA H100 · 78 of 80 GB free": without the size and kind of memory that makers write into names."""
    name = re.sub(r"[\s-]*\d+\s?GB\b.*", "", device.name)
    return f"{name} · {_gigabytes(device.memory_free)} of {_gigabytes(device.memory_total)} GB free"


def _gigabytes(count: int) -> str:
    size = count / 2**30
    return f"{size:.0f}" if size >= 10 else f"{size:.1f}"
