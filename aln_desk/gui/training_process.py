"""Training: the child process that does what a `Wish` asks, and how it is left to itself when the window closes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.gui.child_process import COMMAND, ChildProcess, start_detached
from aln_desk.gui.training_wish import Wish, arguments, background_arguments

_BACKGROUND_ERRORS = "background.log"
_GRACE_MS = 60_000


class TrainingProcess(QObject):
    """At most one training at a time. ``message`` and ``finished(ok, sentence)`` as in `ChildProcess`."""

    message = Signal(object)
    finished = Signal(bool, str)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._command = command
        self._child: ChildProcess | None = None

    @property
    def running(self) -> bool:
        """Whether a training is under way."""
        return self._child is not None

    def start(self, project: Path, wish: Wish) -> None:
        """Do what is asked; does nothing while a training is under way."""
        if self._child is not None:
            return
        self._child = ChildProcess("The training", arguments(project, wish), self, self._command)
        self._child.message.connect(self.message)
        self._child.finished.connect(self._ended)
        self._child.start()

    def stop(self) -> None:
        """Ask the training to end; it has a minute to write its last checkpoint."""
        if self._child is not None:
            self._child.stop(_GRACE_MS)

    def go_on_in_background(self, project: Path, run: Path, device: str) -> bool:
        """Go on with a run in a process that outlives the window; whether it was started."""
        return start_detached(background_arguments(project, run.name, device), run / _BACKGROUND_ERRORS, self._command)

    def shutdown(self, grace_ms: int = 5000) -> None:
        """End the training and wait until it is gone (for a closing window)."""
        if self._child is not None:
            self._child.shut_down(grace_ms)

    def _ended(self, ok: bool, sentence: str) -> None:
        if self._child is not None:
            self._child.deleteLater()
            self._child = None
        self.finished.emit(ok, sentence)
