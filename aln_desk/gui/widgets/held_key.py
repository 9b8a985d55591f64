"""A key that does something as long as it is held down."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QWidget

from aln_desk.gui.actions import Actions


class HeldKey(QObject):
    """``held(True)`` when the action's key goes down while ``owner`` is on screen, ``held(False)`` when it comes up.

    Where it ``yields``, a focused button or box keeps the key for itself: Space still presses it.
    """

    held = Signal(bool)

    def __init__(self, actions: Actions, name: str, owner: QWidget, yields: bool = True) -> None:
        super().__init__(owner)
        self._actions = actions
        self._name = name
        actions[name].setAutoRepeat(False)
        actions.on(name, owner, self._press)
        application = QApplication.instance()
        if yields and isinstance(application, QApplication):
            application.focusChanged.connect(self._yield_to)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Installed only while the key is down; listens for its release, or for the window losing the keys."""
        released = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease and not event.isAutoRepeat()
        if released or event.type() == QEvent.Type.ApplicationDeactivate:
            self._release()
        return False

    def _press(self) -> None:
        self.held.emit(True)
        if (application := QCoreApplication.instance()) is not None:
            application.installEventFilter(self)

    def _release(self) -> None:
        if (application := QCoreApplication.instance()) is not None:
            application.removeEventFilter(self)
        self.held.emit(False)

    def _yield_to(self, _before: QWidget | None, now: QWidget | None) -> None:
        self._actions.hold(self._name, isinstance(now, QAbstractButton | QComboBox))
