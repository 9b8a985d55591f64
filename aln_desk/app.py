"""Puts the window together and runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from aln_desk import settings
from aln_desk.domain.errors import BadSetting
from aln_desk.gui import exceptions, garbage, theme
from aln_desk.gui.main_window import MainWindow

_SWITCH_SECONDS = 0.001
"""How long a thread that saves or reads may keep the window waiting for the interpreter; 5 ms would cost a frame."""


def application() -> QApplication:
    """The one QApplication of this process, made when there is none."""
    existing = QApplication.instance()
    made = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    made.setApplicationName("ALN Desk")
    return made


def window(project: Path | None) -> MainWindow:
    """The main window, not yet shown, with ``project`` open (None: the welcome page)."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    remembered = settings.load()
    theme.apply(application(), "light" if remembered.theme == "light" else "reading")
    made = MainWindow(remembered)
    garbage.collect_here(made)
    exceptions.install(made.show_error, made.workspace.flush)
    if project is not None:
        made.open_project(project)
    return made


def _check_screen() -> None:
    """Qt ends the process where it finds no screen; a sentence is kinder."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        raise BadSetting("There is no screen to open a window on. On a server, use the other commands of aln-desk.")


def run(project: Path | None, demonstration: Path | None = None) -> int:
    """Show the window and return the exit code when it is closed.

    ``demonstration`` is the folder of a demonstration project that is made first, with its progress in the window.
    """
    _check_screen()
    running = application()
    shown = window(project)
    shown.show()
    if demonstration is not None:
        shown.opening.demonstrate(demonstration)
    return running.exec()
