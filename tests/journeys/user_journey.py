"""What every journey through the real window needs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from aln_desk.gui.main_window import MainWindow


class Journey:
    """A user of the window: waits for what should come, and keeps pictures where ``ALN_DESK_SCREENSHOTS`` says."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=round(seconds * 1000))

    def picture(self, name: str) -> None:
        if folder := os.environ.get("ALN_DESK_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.qtbot.wait(300)
            self.window.grab().save(str(Path(folder) / f"{name}.png"))
