"""The foot of the window: the limits of its use, what is saved, what runs, where the keys are."""

from __future__ import annotations

from PySide6.QtWidgets import QStatusBar, QWidget

from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.progress import ProgressLine


class StatusLine(QStatusBar):
    """Left the one sentence that is always there, right the state of things."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._actions = actions
        self._saved = label("", "muted")
        self._saved.setAccessibleName("State of saving")
        self.progress = ProgressLine()
        self.keys = button("Keys", "quiet", "All keys, and how to change them")
        self._cap = label("", "key")
        self.setContentsMargins(10, 0, 10, 0)
        self.addWidget(label("Research use. Not a medical device.", "muted"))
        for widget in (self.progress, self._saved, self.keys, self._cap):
            self.addPermanentWidget(widget)
        actions.keysChanged.connect(self._show_key)
        self._show_key()

    @property
    def saved(self) -> str:
        """What is said about saving."""
        return self._saved.text()

    def set_saved(self, text: str) -> None:
        """Say whether the last edit is on disk."""
        self._saved.setText(text)

    def _show_key(self) -> None:
        key = self._actions.key("help.keys")
        self._cap.setText(key)
        self._cap.setVisible(bool(key))
