"""A training in another process, told from the files in its run's folder: begun before the window, or beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from aln_desk.domain.messages import Failed, Message, Note, Progress
from aln_desk.gui import tasks
from aln_desk.io.runs import EventTail, Run, held, read_events, read_progress, read_run, read_runs

STOP = "stop"
_LOOK_MS = 3000
_FOLLOW_MS = 1000
_QUIET = 2
"""Looks in a row at which nobody holds the run before it counts as ended: one may fall between two processes."""
_CUT_OFF = "The training was cut off, because its process ended. It can go on from its last checkpoint."


@dataclass(frozen=True, slots=True)
class _News:
    """What one look found."""

    held: bool
    messages: list[Message]
    progress: Progress | None


class RunFollower(QObject):
    """``found`` carries the `Run` that is followed from now on; then ``message`` and ``finished(ok, sentence)`` come
    as from a child process. Messages from before it was found are not told again.
    """

    found = Signal(object)
    message = Signal(object)
    finished = Signal(bool, str)

    def __init__(self, parent: QObject | None = None, look_ms: int = _LOOK_MS, follow_ms: int = _FOLLOW_MS) -> None:
        super().__init__(parent)
        self._intervals = look_ms, follow_ms
        self._runs: Path | None = None
        self._run: Run | None = None
        self._tail: EventTail | None = None
        self._progress: Progress | None = None
        self._quiet = 0
        self._asking = False
        self._timer = QTimer(self, interval=look_ms)
        self._timer.timeout.connect(self.look)

    @property
    def following(self) -> bool:
        """Whether a run is followed."""
        return self._run is not None

    def watch(self, runs: Path | None) -> None:
        """Look for a run under way in this folder of runs, now and then again; None: look for none, follow none."""
        self._runs, self._run = runs, None
        self._timer.setInterval(self._intervals[0])
        if runs is None:
            self._timer.stop()
        else:
            self._timer.start()
            self.look()

    def stop(self) -> None:
        """Ask the run that is followed to end."""
        if self._run is not None:
            tasks.run((self._run.folder / STOP).touch, failed=self._could_not_ask, lane=tasks.Lane.WRITE)

    def look(self) -> None:
        """Look once, in the background; the timer does it by itself."""
        if self._asking:
            return
        self._asking = True
        if self._run is not None and self._tail is not None:
            tasks.run(partial(_news, self._run, self._tail), partial(self._take_news, self._run))
        elif self._runs is not None:
            tasks.run(partial(_found, self._runs), partial(self._take_found, self._runs))
        else:
            self._asking = False

    def _take_found(self, runs: Path, found: tuple[Run, EventTail] | None) -> None:
        self._asking = False
        if found is None or runs != self._runs or self._run is not None:
            return
        self._run, self._tail = found
        self._progress, self._quiet = None, 0
        self._timer.setInterval(self._intervals[1])
        self.found.emit(self._run)

    def _take_news(self, run: Run, news: _News) -> None:
        self._asking = False
        if run is not self._run:
            return
        for message in news.messages:
            self.message.emit(message)
        if news.progress is not None and news.progress != self._progress:
            self._progress = news.progress
            self.message.emit(news.progress)
        self._quiet = 0 if news.held else self._quiet + 1
        if self._quiet >= _QUIET:
            self._end(run)

    def _end(self, run: Run) -> None:
        self._run = None
        self._timer.setInterval(self._intervals[0])
        state = read_run(run.folder).state
        sentence = {"finished": "", "stopped": "", "running": _CUT_OFF}.get(state)
        self.finished.emit(not sentence and sentence is not None, _failure(run) if sentence is None else sentence)

    def _could_not_ask(self, error: Exception) -> None:
        self.message.emit(Note(f"The training could not be asked to stop ({error})."))


def _found(runs: Path) -> tuple[Run, EventTail] | None:
    """The newest run that a process is at work on, its messages so far passed over."""
    for run in read_runs(runs):
        if run.state == "running" and held(run.folder):
            tail = EventTail(run.folder)
            tail.read()
            return run, tail
    return None


def _news(run: Run, tail: EventTail) -> _News:
    alive = held(run.folder)  # asked first: of a run that nobody holds everything is then read
    return _News(alive, tail.read(), read_progress(run.folder))


def _failure(run: Run) -> str:
    failures = [message.text for message in read_events(run.folder) if isinstance(message, Failed)]
    return failures[-1] if failures else "The training ended with an error; it gave no reason."
