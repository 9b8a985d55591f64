"""Where networks can run on this computer, asked of a child process: the window itself never loads torch."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.messages import Device
from aln_desk.gui.child_process import COMMAND, ChildProcess

_GRACE_MS = 100


class DeviceQuestion(QObject):
    """``answered`` carries the list of `Device`, the fastest first; an empty one when the child could not tell."""

    answered = Signal(list)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._found: list[Device] = []
        self._child = ChildProcess("The question for devices", ["doctor", "--events"], self, command)
        self._child.message.connect(self._take)
        self._child.finished.connect(self._answer)

    def ask(self) -> None:
        """Ask in the background; a question under way is not asked twice."""
        if not self._child.running:
            self._found.clear()
            self._child.start()

    def shutdown(self) -> None:
        """End a question under way (for a closing window)."""
        self._child.shut_down(_GRACE_MS)

    def _take(self, message: object) -> None:
        if isinstance(message, Device):
            self._found.append(message)

    def _answer(self) -> None:
        self.answered.emit(list(self._found))
