"""Work beside the GUI thread: the only file of the window that starts threads.

`run` hands a function to a small pool; its result comes back on the GUI thread. Three lanes keep one kind of work
from holding up another: what is on screen, what may wait (thumbnails), and writing, which keeps its order.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QThreadPool, Signal, Slot
from shiboken6 import isValid

Result = TypeVar("Result")


class Lane(Enum):
    """Which pool does the work."""

    SCREEN = "screen"
    BACKGROUND = "background"
    WRITE = "write"


_THREADS = {Lane.SCREEN: 2, Lane.BACKGROUND: 1, Lane.WRITE: 1}
"""One writing thread: writes happen in the order they were asked for."""


class _Relay(QObject):
    """Carries calls from any thread to the thread it lives on (the GUI's)."""

    call = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.call.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    @Slot(object)
    def _answer(self, deliver: Callable[[], None]) -> None:
        deliver()


class _Pools:
    """The pools, the relay, and how many answers are still owed. Touched by the GUI thread only."""

    def __init__(self) -> None:
        self.relay = _Relay()
        self.owed = 0
        self.pools = {lane: QThreadPool() for lane in Lane}
        for lane, pool in self.pools.items():
            pool.setMaxThreadCount(_THREADS[lane])
        atexit.register(self.finish)

    def finish(self) -> None:
        """Let what runs end before Python does; writes that wait are written, thumbnails are not.

        Answers nobody will hear are dropped: Qt must not hold Python objects longer than Python lives.
        """
        self.pools[Lane.BACKGROUND].clear()
        for pool in self.pools.values():
            pool.waitForDone()
        QCoreApplication.removePostedEvents(self.relay)


_pools: _Pools | None = None


def run(
    function: Callable[[], Result],
    done: Callable[[Result], None] | None = None,
    failed: Callable[[Exception], None] | None = None,
    lane: Lane = Lane.SCREEN,
) -> None:
    """Call ``function`` on a worker thread, then ``done(result)`` or ``failed(error)`` on the GUI thread.

    Call it from the GUI thread. Without ``failed`` an error is raised on the GUI thread, where the window's
    exception hook shows it. Whoever asks decides in ``done`` whether the answer is still wanted.
    """
    pools = _ready()
    pools.owed += 1
    relay = pools.relay
    pools.pools[lane].start(lambda: relay.call.emit(_attempt(function, done, failed or _raise)))


def post(function: Callable[..., None], *arguments: Any) -> None:
    """Call ``function`` on the GUI thread soon; how a running task tells its progress."""
    _ready().relay.call.emit(partial(function, *arguments))


def wait_all() -> None:
    """Finish all work asked for, answers delivered included; work those answers start is finished too."""
    if _pools is None:
        return
    while _pools.owed:
        for pool in _pools.pools.values():
            pool.waitForDone()
        QCoreApplication.sendPostedEvents(_pools.relay, QEvent.Type.MetaCall.value)


def _attempt(
    function: Callable[[], Result], done: Callable[[Result], None] | None, failed: Callable[[Exception], None]
) -> Callable[[], None]:
    """Run on the worker; the callable returned is run on the GUI thread."""
    try:
        result = function()
    except Exception as error:
        return partial(_deliver, failed, error)
    return partial(_deliver, done, result)


def _deliver(receiver: Callable[[Any], None] | None, value: Any) -> None:
    _ready().owed -= 1
    if receiver is not None and _is_there(receiver):
        receiver(value)


def _is_there(receiver: Callable[..., None]) -> bool:
    """False when the receiver is a method of a widget that Qt has deleted since: nobody waits for the answer then."""
    while isinstance(receiver, partial):
        receiver = receiver.func
    owner = getattr(receiver, "__self__", None)
    return not isinstance(owner, QObject) or isValid(owner)


def _raise(error: Exception) -> None:
    raise error


def _ready() -> _Pools:
    global _pools
    if _pools is None:
        _pools = _Pools()
    return _pools
