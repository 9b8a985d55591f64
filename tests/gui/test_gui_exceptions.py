"""Errors nobody expected are shown, logged, and end nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from aln_desk.domain.errors import BadFile, Stopped
from aln_desk.gui import exceptions, tasks
from aln_desk.gui.widgets.info_bar import InfoBar


@pytest.fixture
def hooks() -> Iterator[None]:
    """The hooks of the process are those of before again."""
    kept = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = kept


def raised(error: Exception) -> tuple[type[Exception], Exception, object]:
    try:
        raise error
    except type(error) as caught:
        return type(caught), caught, caught.__traceback__


def test_it_is_shown_with_its_details_and_logged(private_home: Path) -> None:
    told: list[tuple[str, str]] = []
    exceptions.hook(lambda *one: told.append(one))(*raised(ZeroDivisionError("by zero")))  # type: ignore[arg-type]
    ((text, details),) = told
    assert "ZeroDivisionError: by zero" in text and "Traceback" in details
    log = exceptions.log_file()
    assert log.is_relative_to(private_home) and str(log) in details
    assert "ZeroDivisionError: by zero" in log.read_text(encoding="utf-8")


def test_what_a_user_may_meet_is_told_and_not_logged() -> None:
    told: list[tuple[str, str]] = []
    handle = exceptions.hook(lambda *one: told.append(one))
    handle(*raised(BadFile("a.png", "it is no image")))  # type: ignore[arg-type]
    handle(*raised(Stopped("cancelled")))  # type: ignore[arg-type]
    assert told == [("a.png: it is no image.", "")]
    assert not exceptions.log_file().exists()


def test_outlines_are_on_their_way_before_it_is_shown() -> None:
    order: list[str] = []

    def keep() -> None:
        order.append("kept")
        raise OSError("the disk itself")

    exceptions.hook(lambda *_: order.append("shown"), keep)(*raised(KeyError("x")))  # type: ignore[arg-type]
    assert order == ["kept", "shown"]


def test_the_log_is_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exceptions, "LOG_BYTES", 1)
    handle = exceptions.hook(lambda *_: None)
    for number in range(5):
        handle(*raised(ValueError(f"number {number}")))  # type: ignore[arg-type]
    log = exceptions.log_file()
    kept = {path.name: path.read_text(encoding="utf-8") for path in log.parent.iterdir()}
    assert sorted(kept) == ["errors.1.log", "errors.2.log", "errors.log"]
    for name, number in (("errors.log", 4), ("errors.1.log", 3), ("errors.2.log", 2)):
        assert f"number {number}" in kept[name]


def test_a_log_that_cannot_be_written_hides_nothing(private_home: Path) -> None:
    private_home.parent.mkdir(exist_ok=True)
    private_home.write_text("no folder", encoding="utf-8")
    told: list[tuple[str, str]] = []
    exceptions.hook(lambda *one: told.append(one))(*raised(ValueError("x")))  # type: ignore[arg-type]
    assert "ValueError: x" in told[0][1]


def test_an_error_in_another_thread_is_shown_on_the_gui_thread(qtbot: QtBot, hooks: None) -> None:
    told: list[tuple[str, str]] = []
    where: list[object] = []

    def show(text: str, details: str) -> None:
        where.append(threading.current_thread())
        told.append((text, details))

    exceptions.install(show)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(told))
    assert "ZeroDivisionError" in told[0][0] and where == [threading.main_thread()]


def test_an_error_of_a_task_nobody_answers_for_is_shown(
    qtbot: QtBot, hooks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    exceptions.install(lambda text, _: told.append(text))
    tasks.run(lambda: 1 / 0, failed=lambda error: sys.excepthook(type(error), error, error.__traceback__))
    tasks.wait_all()
    assert "ZeroDivisionError" in told[0]


def test_what_a_destructor_raises_is_logged(qtbot: QtBot, hooks: None) -> None:
    passed_on: list[str] = []
    sys.unraisablehook = lambda caught: passed_on.append(str(caught.exc_value))
    exceptions.install(lambda *_: None)

    class Odd:
        def __del__(self) -> None:
            raise ValueError("from a destructor")

    made = Odd()
    del made
    assert passed_on == ["from a destructor"]
    assert "from a destructor" in exceptions.log_file().read_text(encoding="utf-8")


def test_details_can_be_copied(qtbot: QtBot) -> None:
    bar = InfoBar()
    qtbot.addWidget(bar)
    bar.say("It went wrong.", "error", "Traceback: here")
    assert not bar._copy.isHidden()
    bar._copy.click()
    assert QApplication.clipboard().text() == "It went wrong.\n\nTraceback: here"
    bar.say("It went well.", "info")
    assert bar._copy.isHidden()
