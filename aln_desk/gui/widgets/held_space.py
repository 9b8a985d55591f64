"""The Space bar held down, wherever the focus is, except where one types."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWindow
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit


class HeldSpace(QObject):
    """``held(True)`` when the bar goes down, ``held(False)`` when it comes up.

    It listens at the window, before any button or list takes the key for itself.
    """

    held = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window: QWindow | None = None

    def watch(self, window: QWindow | None) -> None:
        """Listen at this window, or nowhere."""
        if self._window is not None:
            self._window.removeEventFilter(self)
            self.held.emit(False)
        self._window = window
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if event.type() not in kinds or not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Space:
            return False
        if isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit):
            return False
        if not event.isAutoRepeat():
            self.held.emit(event.type() == QEvent.Type.KeyPress)
        return True
