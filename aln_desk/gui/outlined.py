"""How many images of a patient are outlined or known to hold no lesion, counted beside the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance, Patient
from aln_desk.gui import tasks
from aln_desk.gui.workspace import Workspace
from aln_desk.io.annotations import current_annotation

_CHUNK = 64
"""Images looked at in one piece of work, so that thumbnails get their turn between two."""


class Outlined(QObject):
    """``changed`` follows each chunk counted and each edit."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._drawn: dict[str, bool] = {}
        self._generation = 0
        workspace.projectChanged.connect(self._count_all)
        workspace.patientsChanged.connect(self._count_all)
        workspace.annotationChanged.connect(self._count_edited)
        self._count_all()

    def count(self, patient: Patient) -> int | None:
        """Images that are outlined or hold no lesion, None until all of the bag are looked at."""
        known = [self._drawn.get(instance.id) for instance in patient.bag]
        return None if None in known else sum(bool(one) for one in known)

    def drawn(self, instance: str) -> bool | None:
        """Whether an image (by instance id) is outlined or holds no lesion, None until it is looked at."""
        return self._drawn.get(instance)

    def _count_all(self) -> None:
        self._generation += 1
        self._drawn.clear()
        every = [instance for patient in self._workspace.patients for instance in patient.bag]
        self._count_next(self._generation, every)

    def _count_next(self, generation: int, waiting: Sequence[Instance]) -> None:
        if waiting and generation == self._generation:
            chunk, rest = waiting[:_CHUNK], waiting[_CHUNK:]
            done = partial(self._take, generation, rest)
            tasks.run(partial(_look, chunk), done, None, tasks.Lane.BACKGROUND)

    def _take(self, generation: int, rest: Sequence[Instance], counted: dict[str, bool]) -> None:
        if generation == self._generation:
            self._drawn.update(counted)
            self.changed.emit()
            self._count_next(generation, rest)

    def _count_edited(self, name: str) -> None:
        self._drawn[name] = self._workspace.annotation(name).answered
        self.changed.emit()


def _look(chunk: Sequence[Instance]) -> dict[str, bool]:
    return {instance.id: _drawn(instance) for instance in chunk}


def _drawn(instance: Instance) -> bool:
    """A file that cannot be read holds no outline anyone can see; Annotate says what is wrong with it."""
    try:
        return current_annotation(instance).answered
    except AlnError:
        return False
