"""The one place where errors that nobody expected are shown and logged; none of them closes the window."""

from __future__ import annotations

import platform
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from aln_desk import paths
from aln_desk.domain.errors import AlnError, Stopped

Show = Callable[[str, str], None]
"""Shows (sentence, details) without blocking; details are empty when the sentence says it all."""
Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]

LOG_BYTES = 1_000_000
"""A log longer than this becomes ``errors.1.log``, that one ``errors.2.log``; older ones go."""
_KEPT = 2


def log_file() -> Path:
    """Where unexpected errors are written down."""
    return paths.user_data() / "log" / "errors.log"


def sentence(error: BaseException) -> str:
    """What the user reads."""
    if isinstance(error, AlnError):
        return str(error)
    return f"Something went wrong inside ALN Desk ({type(error).__name__}: {error}). Your work is kept; go on."


def hook(show: Show, keep: Callable[[], object] = lambda: None) -> Hook:
    """An exception hook for ``sys.excepthook``; a Ctrl+C in the terminal still ends the program.

    ``keep`` is called before anything else: it brings what is unsaved on its way to the disk.
    """

    def handle(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        if isinstance(error, Stopped):
            return
        with suppress(Exception):  # it may be the very thing that failed
            keep()
        details = "" if isinstance(error, AlnError) else _told(kind, error, trace)
        show(sentence(error), details)

    return handle


def install(show: Show, keep: Callable[[], object] = lambda: None) -> None:
    """Show and log what nobody caught, on the GUI thread and on any other, from now on."""
    from aln_desk.gui import tasks

    handle = hook(show, keep)
    sys.excepthook = handle
    tasks.post(lambda: None)  # makes the way to the GUI thread while this is the GUI thread
    before = sys.unraisablehook

    def of_thread(caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None:
            tasks.post(handle, caught.exc_type, caught.exc_value, caught.exc_traceback)

    def unraisable(caught: sys.UnraisableHookArgs) -> None:
        """From a destructor or a callback of Qt: nobody waits for its result, so it is only logged."""
        if isinstance(caught.exc_value, Exception):
            _log("".join(traceback.format_exception(caught.exc_type, caught.exc_value, caught.exc_traceback)))
        before(caught)

    threading.excepthook = of_thread
    sys.unraisablehook = unraisable


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """The traceback, after it was written to the terminal and to the log."""
    text = "".join(traceback.format_exception(kind, error, trace))
    if sys.stderr is not None:  # a window without a terminal has none
        sys.stderr.write(text)
    where = _log(text)
    return f"{text}\nWritten to {where}" if where else text


def _log(text: str) -> Path | None:
    """Add to the log; None where it cannot be written, which must not hide the error itself."""
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _rotate(path)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(
                f"{datetime.now():%Y-%m-%d %H:%M:%S} Python {platform.python_version()} {sys.platform}\n{text}\n"
            )
    except OSError:
        return None
    return path


def _rotate(path: Path) -> None:
    if not path.exists() or path.stat().st_size < LOG_BYTES:
        return
    names = [path, *(path.with_name(f"{path.stem}.{number}{path.suffix}") for number in range(1, _KEPT + 1))]
    for older, newer in reversed(list(zip(names[1:], names[:-1], strict=True))):
        if newer.exists():
            newer.replace(older)
