"""The top of the window: name, project menu, the five modes, what reads the images and where."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from aln_desk.gui.actions import MODES, Actions
from aln_desk.gui.widgets.labels import label


class Header(QWidget):
    """Emits ``modeChosen`` with one of `MODES`; the window gives its project button a menu."""

    modeChosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self.project = QPushButton("No project ▾")
        self.project.setProperty("role", "menu")
        self.project.setAccessibleName("Project menu")
        self.model = label("", "chip")
        self.device = label("", "chip")
        self.model.hide()
        self.device.hide()
        self._modes = QButtonGroup(self, exclusive=True)
        self._lay_out(self._mode_bar(actions))

    def set_mode(self, mode: str) -> None:
        """Mark a mode's tab; all tabs are off on the welcome page."""
        self._modes.setExclusive(False)
        for button in self._modes.buttons():
            button.setChecked(button.objectName() == mode)
            button.setEnabled(mode in MODES)
        self._modes.setExclusive(True)

    def set_project(self, name: str) -> None:
        """Show the open project's name, or that none is open."""
        self.project.setText(f"{name or 'No project'} ▾")

    def set_model(self, name: str, digest: str) -> None:
        """Show the model in use; an empty name hides the chip."""
        self.model.setText(f"Model {name}")
        self.model.setToolTip(f"{digest}: the model that reads this project")
        self.model.setVisible(bool(name))

    def set_device(self, words: str) -> None:
        """Show where the model runs once the engine has said so."""
        self.device.setText(words)
        self.device.setVisible(bool(words))

    def _mode_bar(self, actions: Actions) -> QWidget:
        bar = QWidget()
        bar.setObjectName("modeBar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for mode in MODES:
            action = actions[f"mode.{mode}"]
            button = QPushButton(action.text())
            button.setCheckable(True)
            button.setObjectName(mode)
            button.setToolTip(f"{action.text()} ({actions.key(action.objectName())})")
            button.clicked.connect(lambda _=False, mode=mode: self.modeChosen.emit(mode))
            self._modes.addButton(button)
            row.addWidget(button)
        return bar

    def _lay_out(self, modes: QWidget) -> None:
        name = QLabel("ALN Desk")
        name.setObjectName("appName")
        left, right = QHBoxLayout(), QHBoxLayout()
        for widget in (name, self.project):
            left.addWidget(widget)
        left.addStretch(1)
        right.addStretch(1)
        for widget in (self.device, self.model):
            right.addWidget(widget)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 5, 12, 5)
        grid.addLayout(left, 0, 0)
        grid.addWidget(modes, 0, 1)
        grid.addLayout(right, 0, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)
