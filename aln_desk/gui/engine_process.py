"""The engine: the child process that reads patients with a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.messages import Cancel, Failed, Finished, Message, Predict, Prefer
from aln_desk.gui.child_process import COMMAND, ChildProcess


class EngineProcess(QObject):
    """Starts the engine when it is first needed and again when it died.

    One request is under way at a time: a newer `predict` cancels the older and follows it. An engine that
    dies during a request is restarted once with the same request; if it dies again, ``failed`` says why.
    """

    message = Signal(object)
    busyChanged = Signal(bool)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._request: Predict | None = None
        self._next: Predict | None = None
        self._may_retry = False
        self._child = ChildProcess("Reading the images", ["engine"], self, command)
        self._child.message.connect(self._receive)
        self._child.finished.connect(self._ended)

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._request is not None

    def predict(self, project: str | Path, model: str | Path = "", device: str = "auto") -> None:
        """Read every patient of a project with a model folder (empty: the project's adopted one)."""
        request = Predict(str(project), str(model), device)
        if self.busy:
            self._next = request
            self._child.send(Cancel())
        else:
            self._begin(request)

    def prefer(self, patient: str) -> None:
        """Read this patient next, if a request is under way."""
        if self.busy:
            self._child.send(Prefer(patient))

    def cancel(self) -> None:
        """Drop what is left of the request; what was read stays."""
        self._next = None
        if self.busy:
            self._child.send(Cancel())

    def shutdown(self) -> None:
        """End the engine and wait until it is gone; a later `predict` starts it again."""
        self._next = None
        self._settle()
        self._child.shut_down()

    def _begin(self, request: Predict) -> None:
        self._request = request
        self._may_retry = True
        self.busyChanged.emit(True)
        self._child.start()
        self._child.send(request)

    def _receive(self, message: Message) -> None:
        done = isinstance(message, Finished | Failed)
        if done:
            self._settle()
        self.message.emit(message)
        if isinstance(message, Failed):
            self.failed.emit(message.text)
        if done and self._next is not None:
            following, self._next = self._next, None
            self._begin(following)

    def _ended(self, ok: bool, sentence: str) -> None:
        if self._request is None:
            return
        if self._next is not None:
            self._request, self._next = self._next, None
        if self._may_retry:
            self._may_retry = False
            self._child.start()
            self._child.send(self._request)
            return
        self._settle()
        self.failed.emit(sentence or "Reading the images ended before it was done; start it again.")

    def _settle(self) -> None:
        if self._request is not None:
            self._request = None
            self.busyChanged.emit(False)
