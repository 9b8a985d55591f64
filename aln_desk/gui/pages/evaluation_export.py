"""Evaluate's figures and tables as files: the evaluation command writes them, from the selection on the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.messages import Finished, Message, Progress
from aln_desk.evaluation.selection import Choices, Selection, options
from aln_desk.gui.child_process import COMMAND, ChildProcess


class Export(QObject):
    """``progressed`` carries how many files of how many are made, ``finished`` whether all are written and a sentence,
    which is empty when it was stopped: files reach their folder all at once or not at all.
    """

    progressed = Signal(int, int)
    finished = Signal(bool, str)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self.folder = Path()
        """Where was written last."""
        self._command = command
        self._child: ChildProcess | None = None
        self._stopping = self._done = False

    @property
    def running(self) -> bool:
        """Whether files are being written."""
        return self._child is not None

    def start(self, project: Path, out: Path, selection: Selection, choices: Choices) -> None:
        """Write everything about a selection into ``out``; a second call while it runs does nothing."""
        if self._child is not None:
            return
        self.folder, self._stopping, self._done = out, False, False
        words = arguments(project, out, selection, choices)
        self._child = ChildProcess("The evaluation", words, self, self._command)
        self._child.message.connect(self._tell)
        self._child.finished.connect(self._end)
        self._child.start()

    def stop(self) -> None:
        """Write no more; ``finished`` follows."""
        if self._child is not None:
            self._stopping = True
            self._child.stop()

    def shutdown(self) -> None:
        """End a writing under way (for a closing window)."""
        if self._child is not None:
            self._child.shut_down()

    def _tell(self, message: Message) -> None:
        if isinstance(message, Progress):
            self.progressed.emit(message.done, message.total)
        if isinstance(message, Finished):
            self._done = not message.stopped

    def _end(self, ok: bool, sentence: str) -> None:
        if self._child is not None:
            self._child.deleteLater()
            self._child = None
        if self._stopping and not self._done:
            self.finished.emit(False, "")
        else:
            self.finished.emit(ok, f"Tables and figures were written to {self.folder}." if ok else sentence)


def arguments(project: Path, out: Path, selection: Selection, choices: Choices) -> list[str]:
    """The command line that evaluates this selection with these choices, told as events and stopped with its input."""
    words = ["evaluate", str(project), "--out", str(out), "--events", "--shown", "--stop-with-stdin"]
    return [*words, *options(selection, choices)]
