"""How a long command tells what it does (bars for people, JSON for programs) and how it is asked to stop."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

from aln_desk.domain.messages import Curve, Finished, Message, Note, Progress, Started, to_line

STAGES = {
    "simulate": "Drawing images",
    "images": "Reading images",
    "mtl": "Stage 1",
    "tokens": "Extracting tokens",
    "mil": "Stage 2",
    "predict": "Reading patients",
    "evaluate": "Writing results",
    "export": "Writing outlines",
    "import": "Looking at outlines",
}


class Output:
    """``emit`` shows a message; ``should_stop`` turns True after Ctrl-C, SIGTERM, or the end of stdin if asked for.

    The first Ctrl-C stops cleanly and keeps what was done; the second one interrupts at once.
    """

    def __init__(self, events: bool, stop_with_stdin: bool) -> None:
        self._events = events
        self._stop = threading.Event()
        self._bar: Any = None
        self._stage = ""
        self._losses = ""
        if stop_with_stdin:
            threading.Thread(target=self._wait_for_end, daemon=True).start()

    def __enter__(self) -> Output:
        self._handlers = {kind: signal.signal(kind, self._asked) for kind in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._close()

    def should_stop(self) -> bool:
        """Whether the command was asked to stop."""
        return self._stop.is_set()

    def emit(self, message: Message) -> None:
        """Show a message: as a line of JSON, as the bar's new place, or as a line above the bar."""
        if self._events:
            print(to_line(message), flush=True)
        elif isinstance(message, Progress):
            self._show(message)
        else:
            self._tell(message)

    def finished(self, digest: str = "", stopped: bool = False) -> None:
        """The last event of a command that ends well; people need none."""
        if self._events:
            self.emit(Finished(digest=digest, stopped=stopped))

    def say(self, text: str) -> None:
        """A closing sentence for people; programs get events only."""
        if not self._events:
            print(text)

    def _tell(self, message: Message) -> None:
        from tqdm import tqdm

        if isinstance(message, Curve):
            values = "  ".join(f"{name} {value:.3f}" for name, value in message.values.items() if value == value)
            if message.part == "train":
                self._losses = values
            else:
                tqdm.write(f"{STAGES.get(message.stage, message.stage)}, step {message.step}: {values}", sys.stderr)
        elif isinstance(message, Note):
            tqdm.write(message.text, sys.stderr)
        elif isinstance(message, Started):
            tqdm.write(f"{message.run} on {message.device}", sys.stderr)

    def _show(self, message: Progress) -> None:
        from tqdm import tqdm

        if message.stage != self._stage:
            self._close()
            self._stage = message.stage
            words = STAGES.get(message.stage, message.stage)
            self._bar = tqdm(total=message.total, desc=words, file=sys.stderr, dynamic_ncols=True)
        self._bar.set_postfix_str(self._losses, refresh=False)
        self._bar.update(message.done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar, self._stage, self._losses = None, "", ""

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()
        print("Stopping; what is done is kept. Again to stop at once.", file=sys.stderr)

    def _wait_for_end(self) -> None:
        while sys.stdin is not None and sys.stdin.readline():
            pass
        self._stop.set()
