"""The outlines being worked on: per image every step that can be undone, and their way to the disk.

An edit goes to the image's journal before `Drafts.edit` returns, and to its LabelMe file soon after (`Autosave`).
When an image is first shown, what its journal says is held against what its file says:

* the same, or no journal: nothing to tell;
* the file holds an earlier state of the journal: the program ended before it could save. The newest state is shown
  and saved, and the notice ``recovered`` tells so;
* the file holds something else, and nothing was unsaved: another program's version becomes the newest step;
* the file holds something else, or nothing that can be read, and there were unsaved edits: the edits are shown, the
  file is left alone until the user has chosen (`remedies`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk import paths
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.history import History, Step
from aln_desk.domain.patient import Instance
from aln_desk.gui import tasks
from aln_desk.gui.autosave import Autosave, Newest
from aln_desk.gui.ownership import Ownership
from aln_desk.gui.troubles import NOTICES, OF_JOURNAL, UNSAVED, Kind, Trouble, Troubles
from aln_desk.io.annotations import ChangedElsewhere, Stamp, current_annotation, stamp
from aln_desk.io.journal import Journal, Journals, same_content

_MANY = 200
"""From so many shapes on, the first line of the journal is made ready in the background."""

THEIRS = "Changed by another program"


@dataclass(slots=True)
class Draft:
    """An image at work."""

    instance: Instance
    history: History
    journal: Journal

    @property
    def newest(self) -> Newest:
        """What is to be saved."""
        return Newest(self.instance, self.history.annotation, self.journal.state_number, self.journal.path)


class Drafts(QObject):
    """``changed`` carries the id of an image whose annotation is another now. While the project is another window's
    (`ownership`) nothing can be edited here.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ownership = Ownership(self)
        self.ownership.lost.connect(self._be_locked_out)
        self.autosave = Autosave(self.ownership.check, self)
        self.autosave.saved.connect(self._saved)
        self.autosave.failed.connect(self._failed)
        self.troubles = Troubles(self)
        self._journals: Journals | None = None
        self._drafts: dict[str, Draft] = {}
        self._find: Callable[[str], Instance | None] = lambda _: None

    # The project

    def open(self, project: Path, find: Callable[[str], Instance | None]) -> None:
        """Keep journals in this project from now on, and bring back what its last session could not save.

        ``find`` gives an instance by id, None for one that is no longer there.
        """
        digest = sha256(str(project).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        self._journals = Journals(project, paths.user_data() / "journals" / f"{project.name}-{digest}")
        self._find = find
        self.ownership.open(project)
        if self.read_only:
            self._be_locked_out()
        else:
            self._recover()

    def forget(self) -> None:
        """Drop everything (the project is closed). What is unsaved stays in its journal for the next time."""
        self._drafts.clear()
        self.autosave.forget()
        self.troubles.forget()
        self.ownership.close()
        self._journals = None

    @property
    def read_only(self) -> bool:
        """Whether outlines can only be seen."""
        return self.ownership.owner is not None

    def take_over(self) -> None:
        """Edit here from now on; the other window finds out and stops."""
        self.ownership.take_over()
        self.troubles.settle(None, NOTICES)
        shown = [draft.instance for draft in self._drafts.values()]
        self._drafts.clear()
        self._recover()
        for instance in shown:
            self.changed.emit(instance.id)

    # One image

    def annotation(self, instance: Instance) -> Annotation:
        """The newest annotation, saved or not. Raises BadFile when its file cannot be read."""
        return self.history(instance).annotation

    def history(self, instance: Instance) -> History:
        """What can be undone and redone; a file that another program changed becomes the newest step."""
        return self.draft(instance).history

    def draft(self, instance: Instance) -> Draft:
        """The image at work, held against its file on the way."""
        known = self._drafts.get(instance.annotation)
        if known is None:
            return self._load(instance)
        if self.autosave.changed_on_disk(instance):
            if self.read_only:
                return self._load(instance)
            self._hold_against(known, {known.journal.state_number: known.history.annotation})
        return known

    def look_again(self, instance: Instance) -> None:
        """The window is back in front: notice what others have done to the file or to the lock meanwhile."""
        self.ownership.check()
        before = self._drafts.get(instance.annotation)
        known = before.history if before is not None else None
        try:
            if known is not None and self.history(instance) is not known:
                self.changed.emit(instance.id)
        except AlnError:
            self.changed.emit(instance.id)  # whoever shows the image meets the same error and says so

    def edit(self, instance: Instance, annotation: Annotation, what: str) -> None:
        """Take an edit and save it soon; ``what`` is its short name for undo. It is in the journal on return."""
        draft = self._drafts.get(instance.annotation) or self._load(instance)
        before = draft.history
        after = before.push(annotation, what, time.time())
        if not self.read_only and after is not before:
            draft.journal.push(before.annotation, after.present)
            self.take(draft, after)
        else:
            self.changed.emit(instance.id)

    def undo(self, instance: Instance) -> None:
        """Undo the last edit, if there is one."""
        draft = self.draft(instance)
        self._walk(draft, draft.history.undo())

    def redo(self, instance: Instance) -> None:
        """Do again what was undone, if anything was."""
        draft = self.draft(instance)
        self._walk(draft, draft.history.redo())

    def jump(self, instance: Instance, at: int) -> None:
        """To any step of the history; everything else of it stays. IndexError where there is no such step."""
        draft = self.draft(instance)
        self._walk(draft, draft.history.jump(at))

    # For remedies

    def take(self, draft: Draft, history: History) -> None:
        """A new state, which the journal has already: show it and save it soon."""
        draft.history = history
        self.troubles.settle(draft.instance, NOTICES)
        self._tell_of_journal(draft)
        self.autosave.edit(draft.newest)
        self.changed.emit(draft.instance.id)

    def take_theirs(self, draft: Draft, read: Annotation, found: Stamp, what: str = THEIRS) -> None:
        """What the file of the stamp ``found`` holds becomes the newest step; ours can be had back by undo."""
        before = draft.history.annotation
        draft.history = draft.history.push(read, what, time.time())
        draft.journal.push(before, draft.history.present)
        draft.journal.save(draft.journal.state_number)
        self.autosave.drop(draft.instance)
        self.autosave.loaded(draft.instance, found)
        self._tell_of_journal(draft)

    # What else happens

    def _load(self, instance: Instance) -> Draft:
        if self._journals is None:
            raise AlnError("No project is open; open one first.")
        kept = self._journals.open(instance, compact=not self.read_only)
        known = kept.found.history
        if known is None:
            found = stamp(instance)
            known = History.of(current_annotation(instance))  # raises while damaged: nothing is remembered then
            self.autosave.loaded(instance, found)
            draft = self._drafts[instance.annotation] = Draft(instance, known, kept)
            if len(known.annotation.shapes) > _MANY and not self.read_only:
                tasks.run(partial(kept.first_line, known.annotation), kept.prepare, lane=tasks.Lane.BACKGROUND)
        else:
            draft = self._drafts[instance.annotation] = Draft(instance, known, kept)
            self._hold_against(draft, kept.found.on_disk)
        if not self.read_only and kept.found.clean:
            kept.unmark()
        if kept.found.complaint and not kept.found.torn:
            self._tell(draft, "history", f"Part of the undo history cannot be read: {kept.found.complaint}.")
        return draft

    def _hold_against(self, draft: Draft, on_disk: Mapping[int, Annotation]) -> None:
        """Compare ours with the file; ``on_disk`` are the states that it may hold without anybody else's doing."""
        instance, ours, found = draft.instance, draft.history.annotation, stamp(draft.instance)
        read = _readable(instance)
        self.autosave.loaded(instance, found)
        if read is not None and same_content(read, ours):
            if not self.read_only and len(on_disk) > 1:
                draft.journal.save(draft.journal.state_number)
            return
        behind = read is not None and any(same_content(read, state) for state in on_disk.values())
        if self.read_only:  # shown as it is; the other window sees to it
            if read is not None and not behind:
                draft.history = draft.history.push(read, THEIRS, time.time())
        elif behind:
            self._tell(draft, "recovered", _recovered(len(on_disk) - 1, draft.history.present), back=read)
            self.autosave.edit(draft.newest)
        elif read is not None and found is not None and len(on_disk) <= 1:
            self.take_theirs(draft, read, found)
            self._tell(draft, "reloaded", "Another program changed the outlines; its version is shown.", back=ours)
        else:
            self.autosave.doubt(instance)
            self.autosave.edit(draft.newest)  # refused by the doubt, which tells what is wrong with the file

    def _recover(self) -> None:
        for image, file in self._journals.unsaved() if self._journals is not None else ():
            instance = self._find(image)
            if instance is None:
                continue
            try:
                self.draft(replace(instance, annotation=str(file)) if file is not None else instance)
            except AlnError:
                continue  # its page says what is wrong when it is shown
        if self.troubles.all:
            self.autosave.flush()

    def _walk(self, draft: Draft, history: History) -> None:
        if history is not draft.history and not self.read_only:
            draft.journal.move(history.at)
            self.take(draft, history)

    def _saved(self, newest: Newest) -> None:
        draft = self._drafts.get(newest.instance.annotation)
        if draft is not None:
            draft.journal.save(newest.number)
            self.troubles.settle(newest.instance, UNSAVED)
            self._tell_of_journal(draft)

    def _failed(self, instance: Instance, error: Exception) -> None:
        kind: Kind = error.kind if isinstance(error, ChangedElsewhere) else "failed"
        self.troubles.tell(Trouble(kind, f"The outlines of {instance.id} are not saved: {error}", instance))

    def _tell(self, draft: Draft, kind: Kind, sentence: str, back: Annotation | None = None) -> None:
        self.troubles.tell(Trouble(kind, f"{draft.instance.id}: {sentence}", draft.instance, back))

    def _tell_of_journal(self, draft: Draft) -> None:
        if draft.journal.failure:
            lost = "What you draw is in memory and in its file only, and would not outlive a crash."
            self._tell(draft, "journal", f"The journal cannot be written. {lost} {draft.journal.failure}.")
        else:
            self.troubles.settle(draft.instance, OF_JOURNAL)

    def _be_locked_out(self) -> None:
        """What is unsaved here is in the journals, where the other window finds it."""
        self.autosave.forget()
        self._drafts.clear()
        owner = self.ownership.owner
        words = owner.words() if owner is not None else "somebody else"
        sentence = f"The outlines of this project are being edited by {words}. Here they can only be seen."
        self.troubles.tell(Trouble("locked", sentence))


def _readable(instance: Instance) -> Annotation | None:
    try:
        return current_annotation(instance)
    except BadFile:
        return None


def _recovered(count: int, last: Step) -> str:
    edits = "The last edit" if count == 1 else f"The last {count} edits"
    name = f" ({last.what})" if count == 1 and last.what else ""
    return f"{edits}{name} had not reached the file when ALN Desk ended. Nothing is lost: the newest state is shown."
