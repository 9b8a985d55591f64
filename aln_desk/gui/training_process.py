"""Training: the child process that trains both stages on a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.gui.child_process import COMMAND, ChildProcess

_WORDS = ("train", "all")
_FOR_PROGRAMS = ("--events", "--stop-with-stdin")


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

    def start(
        self,
        project: str | Path,
        preset: str,
        cohorts: Sequence[str],
        device: str = "auto",
        settings: Mapping[str, str | int | float] | None = None,
    ) -> None:
        """Train both stages on the named cohorts; does nothing while a training is under way."""
        self._begin(training_arguments(project, preset, cohorts, device, settings or {}))

    def resume(self, project: str | Path, run: str, device: str = "auto") -> None:
        """Go on with a run that did not finish, as it was asked for; does nothing while a training is under way."""
        self._begin([*_WORDS, str(project), "--resume", run, "--device", device, *_FOR_PROGRAMS])

    def _begin(self, arguments: list[str]) -> None:
        if self._child is not None:
            return
        self._child = ChildProcess("The training", arguments, self, self._command)
        self._child.message.connect(self.message)
        self._child.finished.connect(self._ended)
        self._child.start()

    def stop(self) -> None:
        """Ask the training to end; it has a minute to write its last checkpoint."""
        if self._child is not None:
            self._child.stop(grace_ms=60_000)

    def shutdown(self, grace_ms: int = 5000) -> None:
        """End the training and wait until it is gone (for a closing window)."""
        if self._child is not None:
            self._child.shut_down(grace_ms)

    def _ended(self, ok: bool, sentence: str) -> None:
        if self._child is not None:
            self._child.deleteLater()
            self._child = None
        self.finished.emit(ok, sentence)


def training_arguments(
    project: str | Path,
    preset: str,
    cohorts: Sequence[str],
    device: str,
    settings: Mapping[str, str | int | float],
) -> list[str]:
    """The command line of one training, after the program's name."""
    arguments = [*_WORDS, str(project), *_FOR_PROGRAMS]
    arguments += ["--preset", preset, "--device", device, "--cohorts", ",".join(cohorts)]
    for key, value in settings.items():
        arguments += ["--set", f"{key}={value}"]
    return arguments
