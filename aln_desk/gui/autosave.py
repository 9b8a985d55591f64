"""Edits reach the disk on their own, in order, and never over somebody else's newer file."""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Instance
from aln_desk.gui import tasks
from aln_desk.io.annotations import save_annotation

DELAY_MS = 400

Stamp = tuple[int, int] | None
"""Modification time (ns) and size of a file, None while it does not exist."""


class Autosave(QObject):
    """Keeps the newest unsaved annotation of each instance until it is safely on disk.

    ``stateChanged`` carries what the status bar says; ``warned`` one sentence that asks for attention (a failed save,
    a file changed by another program).
    """

    stateChanged = Signal(str)
    warned = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unsaved: dict[str, tuple[Instance, Annotation]] = {}
        self._writing: set[str] = set()
        self._stamps: dict[str, Stamp] = {}
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self.flush)

    @property
    def unsaved(self) -> frozenset[str]:
        """Ids of the instances whose newest annotation is not on disk yet."""
        return frozenset(self._unsaved) | frozenset(self._writing)

    def loaded(self, instance: Instance, found: Stamp) -> None:
        """Remember the file's `stamp` from before it was read; a later difference means another program changed it."""
        self._stamps[instance.id] = found

    def changed_on_disk(self, instance: Instance) -> bool:
        """Whether another program changed the file since it was read or written here."""
        if instance.id in self.unsaved or instance.id not in self._stamps:
            return False
        return stamp(instance) != self._stamps[instance.id]

    def edit(self, instance: Instance, annotation: Annotation) -> None:
        """Save this annotation soon; of several edits in a row only the last is written."""
        self._unsaved[instance.id] = (instance, annotation)
        self._timer.start()
        self.stateChanged.emit("Saving…")

    def flush(self) -> None:
        """Start writing everything that is not on disk now."""
        self._timer.stop()
        for name in [name for name in self._unsaved if name not in self._writing]:
            self._write(name)

    def settle(self) -> bool:
        """Write everything and wait for it; False when something could not be saved."""
        self.flush()
        tasks.wait_all()
        return not self._unsaved

    def forget(self) -> None:
        """Drop what is known about all files (the project is closed)."""
        self._timer.stop()
        self._unsaved.clear()
        self._stamps.clear()

    def _write(self, name: str) -> None:
        instance, annotation = self._unsaved.pop(name)
        self._writing.add(name)
        tasks.run(
            partial(write, instance, annotation, self._stamps.get(name)),
            partial(self._written, name),
            partial(self._failed, instance, annotation),
            tasks.Lane.WRITE,
        )

    def _written(self, name: str, outcome: tuple[Stamp, str]) -> None:
        self._writing.discard(name)
        self._stamps[name], warning = outcome
        if warning:
            self.warned.emit(warning)
        if name in self._unsaved:
            self._write(name)
        elif not self.unsaved:
            self.stateChanged.emit(f"Saved {datetime.now():%H:%M}")

    def _failed(self, instance: Instance, annotation: Annotation, error: Exception) -> None:
        self._writing.discard(instance.id)
        self._unsaved.setdefault(instance.id, (instance, annotation))
        self.stateChanged.emit("Not saved")
        self.warned.emit(
            f"The outlines of {instance.id} could not be saved and are kept in memory: {error} "
            "They are tried again with the next edit and by Save now."
        )


def stamp(instance: Instance) -> Stamp:
    """The annotation file's modification time and size."""
    try:
        status = Path(instance.annotation).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def write(instance: Instance, annotation: Annotation, known: Stamp) -> tuple[Stamp, str]:
    """Save on a worker; a file that is not the ``known`` one any more is kept beside it first.

    Returns the new stamp and a sentence, empty when nothing needs saying.
    """
    warning = ""
    found = stamp(instance)
    if found is not None and found != known:
        kept = _conflict_path(Path(instance.annotation))
        shutil.copy2(instance.annotation, kept)
        warning = f"{instance.annotation} was changed by another program; its version is kept as {kept.name}."
    save_annotation(instance, annotation)
    return stamp(instance), warning


def _conflict_path(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.stem}.conflict-{number}{path.suffix}")).exists():
        number += 1
    return kept
