"""The menu behind the project's name: recent projects, new, open, demonstration, close."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from aln_desk.gui.actions import Actions
from aln_desk.gui.memory import Memory

_ACTIONS = ("project.new", "project.open", "project.demonstration", "project.close")


class ProjectMenu(QMenu):
    """Filled anew each time it opens; ``chosen`` carries a folder."""

    chosen = Signal(object)

    def __init__(self, memory: Memory, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self._actions = actions
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List the recent projects that still exist, then what can be done."""
        self.clear()
        for path in (Path(recent.path) for recent in self._memory.settings.recent):
            if path.is_dir():
                entry = self.addAction(path.name)
                entry.setToolTip(str(path))
                entry.triggered.connect(lambda _=False, path=path: self.chosen.emit(path))
        self.addSeparator()
        for name in _ACTIONS:
            self.addAction(self._actions[name])
