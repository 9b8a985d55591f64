"""Python's garbage is looked for on the GUI thread alone: a widget freed on another one takes the window along."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000


def collect_here(parent: QObject) -> None:
    """From now on, while ``parent`` lives, this thread looks for garbage once a second, and no other thread ever."""
    gc.disable()
    timer = QTimer(parent, interval=_EVERY_MS)
    timer.timeout.connect(collect)
    timer.start()


def collect() -> None:
    """Look where enough has been made since the last time, as Python itself would."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            return
