"""How far each image of the project is: at once from the project's index, and soon as its files say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from aln_desk.domain.patient import Instance, Patient
from aln_desk.domain.progress import FINISHED, Status, status_of
from aln_desk.gui import tasks
from aln_desk.gui.workspace import Workspace
from aln_desk.io.annotation_index import IndexRow, look, row_of

_DELAY_MS = 300
_CHUNK = 256
"""Images looked at in one piece of work, so that thumbnails get their turn between two."""


class Outlined(QObject):
    """``changed`` follows each chunk looked at and each edit."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None, keeps_index: bool = False) -> None:
        """``keeps_index``: write what edits make of images to the index; one listener of a workspace is enough."""
        super().__init__(parent)
        self._unwritten: set[str] = set()
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._timer.timeout.connect(self._write)
        if keeps_index:
            workspace.annotationChanged.connect(self._write_soon)
            workspace.closing.connect(self._write)
        self._workspace = workspace
        self._statuses: dict[str, Status] = {}
        self._edited: set[str] = set()
        """Images whose newest state came from an edit, which a look at the disk must not take back."""
        self._generation = 0
        workspace.projectChanged.connect(self._look_at_all)
        workspace.patientsChanged.connect(self._look_at_all)
        workspace.annotationChanged.connect(self._take_edit)
        self._look_at_all()

    def count(self, patient: Patient) -> int | None:
        """Images of the bag that nobody has to look at again; None until all of them are known."""
        known = [self._statuses.get(instance.id) for instance in patient.bag]
        return None if None in known else sum(status in FINISHED for status in known)

    def status(self, instance: str) -> Status | None:
        """How far an image (by instance id) is, None until it is known."""
        return self._statuses.get(instance)

    def drawn(self, instance: str) -> bool | None:
        """Whether nobody has to look at an image (by instance id) again, None until it is known."""
        status = self._statuses.get(instance)
        return None if status is None else status in FINISHED

    def _look_at_all(self) -> None:
        self._generation += 1
        self._statuses.clear()
        self._edited.clear()
        self._unwritten.clear()
        project = self._workspace.project
        if project is None:
            return
        stamps = project.annotation_index.stamps()
        self._statuses = {name: found for name, found in project.annotation_index.statuses().items() if name in stamps}
        every = [instance for patient in self._workspace.patients for instance in patient.bag]
        self._look_at(self._generation, every, stamps)

    def _look_at(self, generation: int, waiting: Sequence[Instance], stamps: Mapping[str, str]) -> None:
        if waiting and generation == self._generation:
            chunk, rest = waiting[:_CHUNK], waiting[_CHUNK:]
            done = partial(self._take, generation, rest, stamps)
            tasks.run(partial(look, chunk, stamps), done, None, tasks.Lane.BACKGROUND)

    def _take(
        self, generation: int, rest: Sequence[Instance], stamps: Mapping[str, str], found: Sequence[IndexRow]
    ) -> None:
        project = self._workspace.project
        if generation != self._generation or project is None:
            return
        if found:
            project.annotation_index.store(found)
            self._statuses.update({row.instance: row.status for row in found if row.instance not in self._edited})
            self.changed.emit()
        self._look_at(generation, rest, stamps)

    def _write_soon(self, name: str) -> None:
        self._unwritten.add(name)
        self._timer.start()

    def _write(self) -> None:
        """Edits in the index, which searches and renaming ask. Its stamp is that of the file before the edit is saved,
        so that the file is looked at again when the project is opened next.
        """
        self._timer.stop()
        project, names = self._workspace.project, self._unwritten
        self._unwritten = set()
        if project is not None and names:
            edited = [one for patient in self._workspace.patients for one in patient.bag if one.id in names]
            project.annotation_index.store([row_of(one, self._workspace.annotation(one.id)) for one in edited])

    def _take_edit(self, name: str) -> None:
        self._edited.add(name)
        self._statuses[name] = status_of(self._workspace.annotation(name))
        self.changed.emit()
