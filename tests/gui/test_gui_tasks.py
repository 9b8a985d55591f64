from __future__ import annotations

import threading
from functools import partial
from typing import ClassVar

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from aln_desk.gui import tasks


def test_the_work_is_done_elsewhere_and_the_answer_comes_here(qtbot: QtBot) -> None:
    here = threading.get_ident()
    seen: list[tuple[int, int]] = []
    tasks.run(threading.get_ident, lambda there: seen.append((there, threading.get_ident())))
    tasks.wait_all()
    ((worker, receiver),) = seen
    assert worker != here
    assert receiver == here


def test_an_error_reaches_failed_and_not_done(qtbot: QtBot) -> None:
    told: list[Exception] = []
    tasks.run(lambda: 1 // 0, lambda _: pytest.fail("not done"), told.append)
    tasks.wait_all()
    assert isinstance(told[0], ZeroDivisionError)


def test_an_error_nobody_asked_for_is_raised_on_the_gui_thread(qtbot: QtBot) -> None:
    with qtbot.capture_exceptions() as raised:
        tasks.run(lambda: 1 // 0)
        tasks.wait_all()
    assert [kind for kind, _, _ in raised] == [ZeroDivisionError]


def test_writes_keep_their_order(qtbot: QtBot) -> None:
    written: list[int] = []
    for number in range(50):
        tasks.run(lambda number=number: written.append(number), lane=tasks.Lane.WRITE)
    tasks.wait_all()
    assert written == list(range(50))


def test_work_started_by_an_answer_is_waited_for(qtbot: QtBot) -> None:
    order: list[str] = []
    tasks.run(lambda: "first", lambda word: (order.append(word), tasks.run(lambda: "second", order.append)))
    tasks.wait_all()
    assert order == ["first", "second"]


def test_a_running_task_tells_its_progress_on_the_gui_thread(qtbot: QtBot) -> None:
    told: list[int] = []
    tasks.run(lambda: tasks.post(lambda: told.append(threading.get_ident())))
    tasks.wait_all()
    qtbot.waitUntil(lambda: told == [threading.get_ident()])


def test_an_answer_to_a_deleted_widget_is_dropped(qtbot: QtBot) -> None:
    class Asker(QObject):
        heard: ClassVar[list[int]] = []

        def hear(self, answer: int) -> None:
            self.heard.append(answer)

    asker, witness = Asker(), Asker()
    tasks.run(lambda: 1, asker.hear)
    tasks.run(lambda: 2, partial(witness.hear))
    delete(asker)
    tasks.wait_all()
    assert Asker.heard == [2]
