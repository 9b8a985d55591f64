"""One child process of this software (engine, training, evaluation): messages in, messages out, a clean end.

The only file of the window that starts processes. A child is asked to stop by closing its stdin; a window
that is killed closes it too, so no orphan keeps the device.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from aln_desk.domain.messages import Failed, Finished, Message, from_line, to_line

COMMAND = (sys.executable, "-m", "aln_desk")
_LINES_KEPT = 200


class ChildProcess(QObject):
    """Starts ``command`` + ``arguments``; reads one message a line from its stdout.

    ``message`` carries each message as it comes (a `Failed` as well). ``finished(ok, sentence)`` comes once a
    start: ok when the child did its work or stopped cleanly when asked to; otherwise the sentence says for a
    user what happened. ``title`` begins that sentence: "The training".
    """

    message = Signal(object)
    finished = Signal(bool, str)

    def __init__(
        self,
        title: str,
        arguments: Sequence[str],
        parent: QObject | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        super().__init__(parent)
        self._title = title
        self._command = [*command, *arguments]
        self._pending = b""
        self._errors: deque[str] = deque(maxlen=_LINES_KEPT)
        self._error_tail = b""
        self._failure = ""
        self._stopped = False
        self._process = QProcess(self)
        self._process.setProcessEnvironment(_environment())
        self._process.readyReadStandardOutput.connect(self._read_messages)
        self._process.readyReadStandardError.connect(self._read_errors)
        self._process.finished.connect(self._end)
        self._process.errorOccurred.connect(self._fail_to_start)

    @property
    def running(self) -> bool:
        """Whether the child is starting or alive."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    @property
    def log(self) -> str:
        """The last lines of the child's stderr."""
        return "\n".join(self._errors)

    def start(self) -> None:
        """Start the child; a second call while it runs does nothing."""
        if self.running:
            return
        self._pending, self._error_tail, self._failure, self._stopped = b"", b"", "", False
        self._errors.clear()
        self._process.start(self._command[0], self._command[1:])

    def send(self, message: Message) -> bool:
        """Write one message to the child's stdin; False when there is no child to read it."""
        if not self.running:
            return False
        return self._process.write(to_line(message).encode() + b"\n") > 0

    def close_input(self) -> None:
        """Ask the child to finish what it does and end by itself."""
        self._process.closeWriteChannel()

    def stop(self, grace_ms: int = 5000) -> None:
        """Ask the child to end; after ``grace_ms`` tell it, after as long again make it. Returns at once."""
        if not self.running:
            return
        self.close_input()
        # The process is the timers' context: they die with it and never meet a later start's child.
        QTimer.singleShot(grace_ms, self._process, self._process.terminate)
        QTimer.singleShot(2 * grace_ms, self._process, self._process.kill)

    def shut_down(self, grace_ms: int = 2000) -> None:
        """As `stop`, but wait until the child is gone: 3 times the grace at most (for a closing window)."""
        for demand in (self.close_input, self._process.terminate, self._process.kill):
            if not self.running:
                return
            demand()
            self._process.waitForFinished(grace_ms)

    def _read_messages(self) -> None:
        *lines, self._pending = (self._pending + self._process.readAllStandardOutput().data()).split(b"\n")
        for line in lines:
            self._deliver(line)

    def _deliver(self, line: bytes) -> None:
        message = from_line(line.decode("utf-8", errors="replace"))
        if message is None:
            return
        if isinstance(message, Failed):
            self._failure = message.text
        if isinstance(message, Finished):
            self._stopped = message.stopped
        self.message.emit(message)

    def _read_errors(self) -> None:
        data = self._error_tail + self._process.readAllStandardError().data()
        *lines, self._error_tail = data.replace(b"\r", b"\n").split(b"\n")
        self._errors.extend(text for line in lines if (text := _text(line)))

    def _end(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_messages()
        self._read_errors()
        self._deliver(self._pending)
        if last := _text(self._error_tail):
            self._errors.append(last)
        crashed = status is QProcess.ExitStatus.CrashExit
        ok = (code == 0 or self._stopped) and not crashed and not self._failure
        self.finished.emit(ok, "" if ok else self._sentence(code, crashed))

    def _fail_to_start(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            what = self._process.errorString()
            self.finished.emit(False, f"{self._title} could not be started ({what}); reinstall ALN Desk.")

    def _sentence(self, code: int, crashed: bool) -> str:
        if self._failure:
            return self._failure
        last = self._errors[-1] if self._errors else ""
        if crashed:
            cause = last or "the system ended it, often for want of memory"
            return f"{self._title} ended abruptly (signal {code}): {cause}."
        if any(line.startswith("Traceback") for line in self._errors) or not last:
            return f"{self._title} ended with an error (exit code {code}): {last or 'it gave no reason'}."
        return last.removeprefix("aln-desk: ")  # the command line's own sentence for users


def start_detached(arguments: Sequence[str], errors: Path, command: Sequence[str] = COMMAND) -> bool:
    """Start a process that outlives the window, with its stderr in the file ``errors``; whether it was started."""
    process = QProcess()
    process.setProgram(command[0])
    process.setArguments([*command[1:], *arguments])
    process.setProcessEnvironment(_environment())
    process.setStandardInputFile(QProcess.nullDevice())
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setStandardErrorFile(str(errors))
    started = process.startDetached()  # a bool, or with some versions of Qt's bindings a pair that begins with it
    return bool(started[0] if isinstance(started, tuple) else started)


def _environment() -> QProcessEnvironment:
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONUTF8", "1")
    environment.insert("PYTHONUNBUFFERED", "1")
    return environment


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").strip()
