"""The one place where errors that nobody expected are shown; none of them closes the window."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from aln_desk.domain.errors import AlnError, Stopped

Show = Callable[[str, str], None]
"""Shows (sentence, details) without blocking; details are empty when the sentence says it all."""


def sentence(error: BaseException) -> str:
    """What the user reads."""
    if isinstance(error, AlnError):
        return str(error)
    return f"Something went wrong inside ALN Desk ({type(error).__name__}: {error}). Your work is kept; go on."


def hook(show: Show) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """An exception hook for ``sys.excepthook``; a Ctrl+C in the terminal still ends the program."""

    def handle(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        if isinstance(error, Stopped):
            return
        details = "" if isinstance(error, AlnError) else "".join(traceback.format_exception(kind, error, trace))
        if details:
            sys.stderr.write(details)
        show(sentence(error), details)

    return handle
