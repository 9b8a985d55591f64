"""Rename a label on all images of the project: first what it would do, then as one edit an image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from aln_desk.domain.errors import AlnError
from aln_desk.domain.labels import plan_rename, renamed
from aln_desk.gui import tasks
from aln_desk.gui.workspace import Workspace
from aln_desk.io.annotation_index import Wanted

_AT_ONCE = 20
"""Images changed before the window gets its turn."""


class Renaming(QObject):
    """``said`` carries how far it is, and how it ended."""

    said = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._window = parent
        self._project = 0
        workspace.projectChanged.connect(self._leave_off)

    def ask(self) -> None:
        """Ask which label, its new word, and whether what would happen is wanted."""
        project = self._workspace.project
        if project is None:
            return
        known = sorted(project.annotation_index.labels())
        if not known:
            self.said.emit("No image has a label yet.")
            return
        title = "Rename a label on all images"
        old, chosen = QInputDialog.getItem(self._window, title, "Label", known, 0, False)
        if not chosen:
            return
        new, given = QInputDialog.getText(self._window, title, f"New word for {old}", text=old)
        if given and new.strip() and new.strip() != old:
            self.rename(old, new.strip())

    def rename(self, old: str, new: str) -> None:
        """Say what renaming would do; do it where that is wanted."""
        project = self._workspace.project
        if project is None:
            return
        self._workspace.flush()
        names = project.annotation_index.instances(Wanted(label=old))
        readable, unreadable = [], []
        for name in names:
            try:
                readable.append((name, self._workspace.annotation(name)))
            except AlnError:
                unreadable.append(name)
        plan = plan_rename(readable, old, new)
        if not plan.changed:
            self.said.emit(f'No unlocked shape is called "{old}".')
            return
        left = f" {len(unreadable)} files cannot be read and stay." if unreadable else ""
        question = f"{plan.sentence}{left}\n\nEach image can be undone by itself."
        answer = QMessageBox.question(self._window, "Rename a label on all images", question)
        if answer == QMessageBox.StandardButton.Yes:
            self._go_on(self._project, old, new, list(plan.changed), len(plan.changed))

    def _go_on(self, project: int, old: str, new: str, names: Sequence[str], total: int) -> None:
        if project != self._project:
            return
        for name in names[:_AT_ONCE]:
            annotation = renamed(self._workspace.annotation(name), old, new)
            self._workspace.edit(name, annotation, f"Rename {old} to {new}")
        left = names[_AT_ONCE:]
        self.said.emit(f'"{old}" is called "{new}" on {total - len(left)} of {total} images.')
        if left:
            tasks.post(partial(self._go_on, project, old, new, left, total))

    def _leave_off(self) -> None:
        """Another project: what is left of a renaming belongs to the one before."""
        self._project += 1
