"""Puts the window together and runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from aln_desk import settings
from aln_desk.gui import exceptions, theme
from aln_desk.gui.main_window import MainWindow


def application() -> QApplication:
    """The one QApplication of this process, made when there is none."""
    existing = QApplication.instance()
    made = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    made.setApplicationName("ALN Desk")
    return made


def window(project: Path | None) -> MainWindow:
    """The main window, not yet shown, with ``project`` open (None: the welcome page)."""
    remembered = settings.load()
    theme.apply(application(), "light" if remembered.theme == "light" else "reading")
    made = MainWindow(remembered)
    sys.excepthook = exceptions.hook(made.show_error)
    if project is not None:
        made.open_project(project)
    return made


def run(project: Path | None, demonstration: Path | None = None) -> int:
    """Show the window and return the exit code when it is closed.

    ``demonstration`` is the folder of a demonstration project that is made first, with its progress in the window.
    """
    running = application()
    shown = window(project)
    shown.show()
    if demonstration is not None:
        shown.opening.demonstrate(demonstration)
    return running.exec()
