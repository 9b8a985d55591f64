"""Questions that need an answer before anything goes on; everything else is told in the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import QMessageBox, QWidget

from aln_desk.gui.file_dialogs import choose_folder
from aln_desk.gui.widgets.new_project import NewProject, NewProjectDialog

_Answer = QMessageBox.StandardButton
Ending = Literal["stop", "leave", "stay"]
_CLOSING = (
    "Stopped, it keeps what it has done and can go on later. In the background it goes on without the window, which "
    "shows it again when the project is next opened."
)
_SEVERAL = " Either way the runs that are to follow it are done after it."
_WAITING = "\n\nThe queue ({} training{}) is kept and waits for the window."


def ask_project(parent: QWidget) -> Path | None:
    """The folder of a project to open, None when the user thinks better of it."""
    return choose_folder(parent, "Open project")


def ask_new_project(parent: QWidget) -> NewProject | None:
    """What a new project is to be made of, None when the user thinks better of it."""
    dialog = NewProjectDialog(parent)
    return dialog.wish() if dialog.exec() else None


def give_up_unsaved(parent: QWidget, count: int, save: Callable[[], bool]) -> bool:
    """Whether the project may be closed although the outlines of ``count`` images could not be saved.

    "Try again" calls ``save``, which tells whether nothing is unsaved any more.
    """
    while (answer := _ask_about_unsaved(parent, count)) == _Answer.Retry:
        if save():
            return True
    return answer == _Answer.Discard


def end_training(parent: QWidget, waiting: int, several: bool) -> Ending:
    """What becomes of the training under way when the window closes; ``waiting`` trainings are queued behind it.
    ``several``: it is one of a cross-validation or a sweep; whoever goes on with it does the others after it.

    Escape and Enter stay: hours of work are never ended by a key pressed too soon.
    """
    box = QMessageBox(QMessageBox.Icon.Question, "Training", "A training is under way.", parent=parent)
    queue = _WAITING.format(waiting, "s" if waiting > 1 else "") if waiting else ""
    box.setInformativeText(_CLOSING + (_SEVERAL if several else "") + queue)
    stop = box.addButton("Stop training and close", QMessageBox.ButtonRole.AcceptRole)
    leave = box.addButton("Keep training in the background", QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.exec()
    pressed = box.clickedButton()
    return "stop" if pressed is stop else "leave" if pressed is leave else "stay"


def _ask_about_unsaved(parent: QWidget, count: int) -> QMessageBox.StandardButton:
    """Enter and Escape stay. What was drawn is in the journal either way."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Unsaved outlines")
    box.setText(
        f"The outlines of {count} image{'s' if count > 1 else ''} could not be saved to their files. "
        "They are kept in the journal and come back when the project is next opened."
    )
    box.setStandardButtons(_Answer.Discard | _Answer.Cancel | _Answer.Retry)
    box.button(_Answer.Retry).setText("Try again")
    box.button(_Answer.Discard).setText("Close anyway")
    box.button(_Answer.Cancel).setText("Stay")
    box.setDefaultButton(_Answer.Cancel)
    box.setEscapeButton(_Answer.Cancel)
    return _Answer(box.exec())
