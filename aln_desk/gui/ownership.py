"""Whether this window may edit the outlines of the open project, or another one does."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.io.lock import Owner, ProjectLock


class Ownership(QObject):
    """``owner`` is who else edits the project, None while it is this window. ``lost`` tells that another window took
    the project over from this one.
    """

    lost = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.owner: Owner | None = None
        self._lock: ProjectLock | None = None

    def open(self, project: Path) -> None:
        """Ask for the right to edit this project."""
        self._lock = ProjectLock(project)
        self.owner = self._lock.acquire()

    def close(self) -> None:
        """Give it back."""
        if self._lock is not None:
            self._lock.release()
        self._lock, self.owner = None, None

    def take_over(self) -> None:
        """Take it from whoever has it."""
        if self._lock is not None:
            self._lock.take_over()
        self.owner = None

    def check(self) -> bool:
        """Whether it is still ours; asked before anything is written and when the window comes to the front."""
        if self.owner is None and self._lock is not None and (owner := self._lock.lost()) is not None:
            self.owner = owner
            self.lost.emit()
        return self.owner is None
