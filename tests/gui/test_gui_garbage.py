"""Garbage is found by the GUI thread, and by no other."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from aln_desk.gui import garbage


class Knot:
    """Holds itself, and remembers on which thread it went."""

    def __init__(self, gone_on: list[int]) -> None:
        self.me = self
        weakref.finalize(self, lambda: gone_on.append(threading.get_ident()))


def test_only_the_gui_thread_looks_for_garbage(qtbot: QtBot) -> None:
    parent, gone_on = QObject(), list[int]()
    garbage.collect_here(parent)
    assert not gc.isenabled()
    Knot(gone_on)
    worker = threading.Thread(target=lambda: [[] for _ in range(200_000)])
    worker.start()
    worker.join()
    assert not gone_on
    kept = [[] for _ in range(2_000)]
    qtbot.waitUntil(lambda: bool(gone_on), timeout=5_000)
    assert gone_on == [threading.get_ident()] and len(kept) == 2_000


def test_little_garbage_waits() -> None:
    gc.collect()
    gone_on: list[int] = []
    Knot(gone_on)
    garbage.collect()
    assert not gone_on
    gc.collect()
    assert gone_on
