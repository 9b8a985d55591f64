"""The outlines being worked on: per image the newest annotation, what can be undone, and its way to the disk."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.edit import History
from aln_desk.domain.patient import Instance
from aln_desk.gui.autosave import Autosave, stamp
from aln_desk.io.annotations import current_annotation


class Drafts(QObject):
    """Histories by instance id. ``changed`` carries the id of an image whose annotation is another now."""

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.autosave = Autosave(self)
        self._histories: dict[str, History] = {}

    def annotation(self, instance: Instance) -> Annotation:
        """The newest annotation, saved or not. Raises BadFile when its file cannot be read."""
        return self.history(instance).annotation

    def history(self, instance: Instance) -> History:
        """What can be undone and redone; a file that another program changed becomes the newest step."""
        known = self._histories.get(instance.id)
        if known is not None and not self.autosave.changed_on_disk(instance):
            return known
        found = stamp(instance)
        read = current_annotation(instance)  # raises each time while the file is damaged: nothing is remembered then
        self.autosave.loaded(instance, found)
        self._histories[instance.id] = known.push(read, "changed by another program") if known else History.of(read)
        return self._histories[instance.id]

    def edit(self, instance: Instance, annotation: Annotation, what: str) -> None:
        """Take an edit and save it soon; ``what`` is its short name for undo."""
        self._take(instance, self.history(instance).push(annotation, what))

    def undo(self, instance: Instance) -> None:
        """Undo the last edit, if there is one."""
        if (history := self.history(instance)).can_undo:
            self._take(instance, history.undo())

    def redo(self, instance: Instance) -> None:
        """Do again what was undone, if anything was."""
        if (history := self.history(instance)).can_redo:
            self._take(instance, history.redo())

    def forget(self) -> None:
        """Drop everything (the project is closed)."""
        self._histories.clear()
        self.autosave.forget()

    def _take(self, instance: Instance, history: History) -> None:
        self._histories[instance.id] = history
        self.autosave.edit(instance, history.annotation)
        self.changed.emit(instance.id)
