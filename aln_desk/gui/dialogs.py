"""Questions that need an answer before anything goes on; everything else is told in the page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from aln_desk.gui.widgets.new_project import NewProject, NewProjectDialog


def ask_project(parent: QWidget) -> Path | None:
    """The folder of a project to open, None when the user thinks better of it."""
    folder = QFileDialog.getExistingDirectory(parent, "Open project")
    return Path(folder) if folder else None


def ask_new_project(parent: QWidget) -> NewProject | None:
    """What a new project is to be made of, None when the user thinks better of it."""
    dialog = NewProjectDialog(parent)
    return dialog.wish() if dialog.exec() else None


def give_up_unsaved(parent: QWidget, count: int) -> bool:
    """Whether the user closes although the outlines of ``count`` images could not be saved."""
    text = f"The outlines of {count} image{'s' if count > 1 else ''} could not be saved. Close and lose them?"
    buttons = QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel
    return QMessageBox.warning(parent, "Unsaved outlines", text, buttons) == QMessageBox.StandardButton.Discard
