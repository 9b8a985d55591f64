"""The real window, as a user starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from one_thread import garbage_between_tests, no_garbage_elsewhere
from pytestqt.qtbot import QtBot

from aln_desk import app
from aln_desk.gui import tasks
from aln_desk.gui.main_window import MainWindow


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """Without a project, at the smallest usual size."""
    made = app.window(None)
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    yield made
    made.close()
    tasks.wait_all()


__all__ = ["garbage_between_tests", "no_garbage_elsewhere"]
