"""Edits reach their LabelMe files on their own, in order, and never over somebody else's newer file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Instance
from aln_desk.gui import tasks
from aln_desk.io import atomic, journal
from aln_desk.io.annotations import Stamp, check_unchanged, save_annotation, stamp

DELAY_MS = 400

_NOT_OURS: Stamp = (-1, -1, -1)
"""The stamp of no file."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest annotation of an image; ``number`` is that of its line in the journal, which lies at ``journal``."""

    instance: Instance
    annotation: Annotation
    number: int
    journal: Path


class Autosave(QObject):
    """Keeps the newest unsaved annotation of each file until it is safely on disk.

    ``stateChanged`` carries what the status bar says, ``saved`` the `Newest` that its file holds now, and
    ``failed(instance, error)`` what hindered it: `ChangedElsewhere` where another program has been at the file. What
    failed is tried again with the next edit and by `flush`.
    """

    stateChanged = Signal(str)
    saved = Signal(object)
    failed = Signal(object, object)

    def __init__(self, may_write: Callable[[], bool], parent: QObject | None = None) -> None:
        """``may_write`` is asked each time before anything is written."""
        super().__init__(parent)
        self._may_write = may_write
        self._unsaved: dict[str, Newest] = {}
        self._writing: dict[str, Newest] = {}
        self._stamps: dict[str, Stamp] = {}
        self._written_here: set[str] = set()
        self._swept: set[Path] = set()
        self._again: set[str] = set()
        self._syncing: set[Path] = set()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.flush)

    @property
    def unsaved(self) -> frozenset[str]:
        """Ids of the instances whose newest annotation is not on disk yet."""
        waiting = (*self._unsaved.values(), *self._writing.values())
        return frozenset(newest.instance.id for newest in waiting)

    def waits(self, instance: Instance) -> bool:
        """Whether its newest annotation is not on disk yet."""
        return instance.annotation in self._unsaved or instance.annotation in self._writing

    def loaded(self, instance: Instance, found: Stamp) -> None:
        """Remember the file's `stamp` from before it was read; a later difference means another program changed it."""
        self._stamps[instance.annotation] = found
        self._written_here.discard(instance.annotation)

    def doubt(self, instance: Instance) -> None:
        """Whatever lies there now is not to be written over without being asked about."""
        self.loaded(instance, _NOT_OURS)

    def changed_on_disk(self, instance: Instance) -> bool:
        """Whether another program changed the file since it was read or written here."""
        if self.waits(instance) or instance.annotation not in self._stamps:
            return False
        return stamp(instance) != self._stamps[instance.annotation]

    def edit(self, newest: Newest) -> None:
        """Save this annotation soon, its journal at once; of several edits in a row only the last is written."""
        self._sync(newest.journal)
        self._unsaved[newest.instance.annotation] = newest
        if not self._timer.isActive():
            self._timer.start(DELAY_MS)
        self.stateChanged.emit("Saving…")

    def drop(self, instance: Instance) -> None:
        """Its annotation is safe in another way: it need not be written."""
        if self._unsaved.pop(instance.annotation, None) is not None:
            self._tell_rest()

    def flush(self) -> None:
        """Start writing everything that is not on disk now."""
        self._timer.stop()
        self._again.update(file for file in self._unsaved if file in self._writing)
        waiting = [file for file in self._unsaved if file not in self._writing]
        if waiting and self._may_write():
            for file in waiting:
                self._write(file)

    def settle(self) -> bool:
        """Write everything and wait for it; False when something could not be saved."""
        self.flush()
        tasks.wait_all()
        return not self._unsaved

    def forget(self) -> None:
        """Drop what is known about all files (the project is closed)."""
        self._timer.stop()
        for by_file in (self._unsaved, self._writing, self._stamps):
            by_file.clear()
        for files in (self._written_here, self._swept, self._again):
            files.clear()

    def _write(self, file: str) -> None:
        newest = self._writing[file] = self._unsaved.pop(file)
        self._again.discard(file)
        sweep = Path(file).parent not in self._swept
        self._swept.add(Path(file).parent)
        tasks.run(
            partial(write, newest, self._stamps.get(file), file in self._written_here, sweep),
            partial(self._written, newest),
            partial(self._failed, newest),
            tasks.Lane.WRITE,
        )

    def _written(self, newest: Newest, found: Stamp) -> None:
        file = newest.instance.annotation
        if self._writing.get(file) is not newest:
            return  # the project was closed meanwhile
        del self._writing[file]
        self._stamps[file] = found
        self._written_here.add(file)
        self.saved.emit(newest)
        if file in self._unsaved and file in self._again:
            self._write(file)
        elif file in self._unsaved and not self._timer.isActive():
            self._timer.start(DELAY_MS)
        self._tell_rest()

    def _failed(self, newest: Newest, error: Exception) -> None:
        file = newest.instance.annotation
        if self._writing.get(file) is not newest:
            return
        del self._writing[file]
        self._unsaved.setdefault(file, newest)
        self.stateChanged.emit("Not saved")
        self.failed.emit(newest.instance, error)

    def _sync(self, path: Path) -> None:
        """Put the journal on the disk in the background; one such wish at a time is enough."""
        if path not in self._syncing:
            self._syncing.add(path)
            tasks.run(partial(self._synced, path), lane=tasks.Lane.WRITE)

    def _synced(self, path: Path) -> None:
        """On a worker. Taken off first: a line written from now on asks for a sync of its own."""
        self._syncing.discard(path)
        journal.sync(path)

    def _tell_rest(self) -> None:
        if not self.unsaved:
            self.stateChanged.emit(f"Saved {datetime.now():%H:%M}")


def write(newest: Newest, known: Stamp, known_good: bool, sweep: bool) -> Stamp:
    """Save on a worker, the journal first; returns the file's new stamp.

    Raises `ChangedElsewhere`, and writes nothing, where the file is not the ``known`` one any more. ``known_good``: it
    was written here. ``sweep``: clear the folder of what processes that were killed left there.
    """
    journal.sync(newest.journal)
    check_unchanged(newest.instance, known)
    if sweep:
        atomic.sweep(Path(newest.instance.annotation).parent)
    save_annotation(newest.instance, newest.annotation, known_good)
    return stamp(newest.instance)
