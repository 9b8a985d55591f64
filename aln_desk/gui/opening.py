"""How a project comes into the window: open one, make one from a folder, make the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal

from aln_desk import paths
from aln_desk.domain.errors import Stopped
from aln_desk.domain.messages import Message, Progress
from aln_desk.gui import tasks
from aln_desk.gui.child_process import COMMAND, ChildProcess
from aln_desk.gui.widgets.new_project import NewProject
from aln_desk.gui.widgets.progress import duration
from aln_desk.io.predictions import VERDICTS_FILE
from aln_desk.io.project import DATABASE

_STAGES = {"simulate": "Drawing simulated patients", "predict": "Reading them with the model"}


class Opening(QObject):
    """``began(title, text)``, then ``progressed(text, done, total)``, then one of ``ready(folder)``,
    ``failed(sentence)`` and ``stopped()``. One at a time."""

    began = Signal(str, str)
    progressed = Signal(str, int, int)
    ready = Signal(object)
    failed = Signal(str)
    stopped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cancel: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a project is being made."""
        return self._cancel is not None

    def cancel(self) -> None:
        """Stop what is being made."""
        if self._cancel is not None:
            self._cancel()

    def create(self, wish: NewProject) -> None:
        """Make a project from a folder of images and tell when it is ready to be opened."""
        if self.busy:
            return
        stop = Event()
        self._cancel = stop.set
        self.began.emit("New project", f"Looking through {wish.source}")

        def progress(done: int, total: int) -> None:
            if stop.is_set():
                raise Stopped("The new project was cancelled.")
            tasks.post(self.progressed.emit, f"Image {done} of {total}", done, total)

        tasks.run(partial(_create, wish, progress), lambda _: self._end(wish.folder), self._refuse)

    def demonstrate(self, folder: Path | None = None, command: Sequence[str] = COMMAND) -> None:
        """Open the demonstration project; where it is not whole yet, a child process makes it first."""
        if self.busy:
            return
        folder = folder or paths.demo_project()
        if (folder / DATABASE).is_file() and (folder / "predictions" / VERDICTS_FILE).is_file():
            self.ready.emit(folder)
            return
        arguments = ["demo", "--no-window", "--events", "--stop-with-stdin", "--dir", str(folder)]
        child = ChildProcess("Making the demonstration", arguments, self, command)
        self._cancel = partial(self._stop_child, child)
        child.message.connect(self._follow)
        child.finished.connect(partial(self._child_ended, child, folder))
        self.began.emit("The demonstration is being made", "This happens once and takes a minute or two.")
        child.start()

    def _stop_child(self, child: ChildProcess) -> None:
        self._cancel = None
        child.stop()
        self.stopped.emit()

    def _follow(self, message: Message) -> None:
        if isinstance(message, Progress) and self.busy:
            words = [_STAGES.get(message.stage, message.stage), f"{message.done} of {message.total}"]
            left = duration(message.seconds_left)
            self.progressed.emit(", ".join([*words, left] if left else words), message.done, message.total)

    def _child_ended(self, child: ChildProcess, folder: Path, ok: bool, sentence: str) -> None:
        child.deleteLater()
        if not self.busy:
            return  # it was cancelled
        self._cancel = None
        if ok:
            self.ready.emit(folder)
        else:
            self.failed.emit(sentence)

    def _end(self, folder: Path) -> None:
        self._cancel = None
        self.ready.emit(folder)

    def _refuse(self, error: Exception) -> None:
        self._cancel = None
        if isinstance(error, Stopped):
            self.stopped.emit()
        else:
            self.failed.emit(str(error))


def _create(wish: NewProject, progress: Callable[[int, int], None]) -> None:
    from aln_desk.io import importers

    importers.new_project(wish.folder, wish.source, annotations=wish.annotations, progress=progress).close()
