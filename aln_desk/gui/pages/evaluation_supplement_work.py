"""The supplement's queue, beside the window's thread: a card at a time, its newest wish; what is long goes in turns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from aln_desk.gui import tasks
from aln_desk.gui.pages.evaluation_supplement_made import Further, Made, Reason, Wish, make


class SupplementWork(QObject):
    """``made`` carries a wish and what came of it, ``progressed`` a wish and how many patients of how many are done."""

    made = Signal(object, object)
    progressed = Signal(object, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._newest: dict[str, Wish] = {}
        self._waiting: dict[str, Callable[[], Made]] = {}
        self._halted: dict[str, Callable[[], Made]] = {}
        self._busy = False

    def ask(self, wish: Wish) -> None:
        """Make a card; an older wish for it is not wanted any more."""
        self._newest[wish.key] = wish
        self._halted.pop(wish.key, None)
        self._queue(wish.key, partial(make, wish))

    def stop(self, key: str) -> None:
        """Go on with this card only when `go_on` says so."""
        if (further := self._waiting.pop(key, None)) is not None:
            self._halted[key] = further
        elif key in self._newest:
            self._halted[key] = partial(make, self._newest[key])

    def go_on(self, key: str) -> None:
        """Go on where this card was stopped."""
        if (further := self._halted.pop(key, None)) is not None:
            self._queue(key, further)

    def forget(self) -> None:
        """Nothing that is under way is wanted."""
        for known in (self._newest, self._waiting, self._halted):
            known.clear()

    def _queue(self, key: str, task: Callable[[], Made]) -> None:
        self._waiting.pop(key, None)
        self._waiting[key] = task
        self._next()

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        key = next(iter(self._waiting))
        task, wish = self._waiting.pop(key), self._newest[key]
        self._busy = True
        tasks.run(task, partial(self._take, wish), partial(self._fail, wish), tasks.Lane.BACKGROUND)

    def _take(self, wish: Wish, found: Made) -> None:
        self._busy = False
        if self._newest.get(wish.key) is wish:
            if not isinstance(found, Further):
                self._halted.pop(wish.key, None)
                self.made.emit(wish, found)
            elif wish.key in self._halted:
                self._halted[wish.key] = found.go_on
            else:
                self.progressed.emit(wish, found.done, found.total)
                self._waiting.setdefault(wish.key, found.go_on)
        self._next()

    def _fail(self, wish: Wish, error: Exception) -> None:
        """What nobody foresaw: the window tells it."""
        self._take(wish, Reason("It could not be made."))
        raise error
