"""The key of an action as a small cap beside its button; it follows the key when that is changed."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from aln_desk.gui.actions import Actions


class KeyCap(QLabel):
    """The shortest key of several actions that do the same; not there while none of them has a key."""

    def __init__(self, actions: Actions, *names: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "key")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._actions = actions
        self._names = names
        self.setText(self._key())
        if not self.text():
            self.hide()  # showing is left to the parent: alone it would be a window of its own
        actions.keysChanged.connect(self._follow)

    def _follow(self) -> None:
        self.setText(self._key())
        self.setVisible(bool(self.text()))

    def _key(self) -> str:
        keys = [key for name in self._names if (key := self._actions.key(name))]
        return min(keys, key=len, default="")
