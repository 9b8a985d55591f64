"""What the user can do about outlines that do not reach their file. None of it loses either side's outlines."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance
from aln_desk.gui.drafts import Draft, Drafts
from aln_desk.gui.troubles import UNSAVED, Action, Trouble
from aln_desk.io.annotations import Stamp, current_annotation, save_copy, stamp
from aln_desk.io.journal import same_content


def answer(drafts: Drafts, trouble: Trouble, action: Action) -> None:
    """Do what the user chose; ``elsewhere`` needs a file and is `save_elsewhere`. Raises AlnError, and the trouble
    stays, when it cannot be done.
    """
    drafts.troubles.settle(trouble.instance, (trouble.kind,))
    if action == "take_over":
        drafts.take_over()
    elif action != "dismiss" and trouble.instance is not None:
        draft = drafts.draft(trouble.instance)
        try:
            _ANSWERS[action](drafts, draft, trouble)
        except AlnError:
            drafts.troubles.tell(trouble)
            raise


def _retry(drafts: Drafts, draft: Draft, _trouble: Trouble) -> None:
    """Save ours, whatever lies there: a version of another program becomes a step of the history below ours, a damaged
    file is put aside under another name.
    """
    draft.journal.write()
    read, found = _theirs(draft.instance)
    ours = draft.history.annotation
    if read is not None and not same_content(read, ours) and not _is_ours(draft, read):
        drafts.take_theirs(draft, read, found)
        _push(drafts, draft, ours, "Keep my version")
    else:
        drafts.autosave.loaded(draft.instance, found)
        drafts.autosave.edit(draft.newest)
    drafts.autosave.flush()


def _reload(drafts: Drafts, draft: Draft, _trouble: Trouble) -> None:
    """Show the file's version; ours stays one undo away. Raises BadFile when it cannot be read."""
    found = stamp(draft.instance)
    drafts.take_theirs(draft, current_annotation(draft.instance), found, "Reload the file")
    drafts.changed.emit(draft.instance.id)


def _merge(drafts: Drafts, draft: Draft, _trouble: Trouble) -> None:
    """Both sets of shapes as one step: ours, and theirs that are not equal to one of ours. Raises BadFile."""
    found = stamp(draft.instance)
    merged = merged_with(draft.history.annotation, current_annotation(draft.instance))
    drafts.autosave.loaded(draft.instance, found)
    _push(drafts, draft, merged, "Merge with the file")
    drafts.autosave.flush()


def _discard(drafts: Drafts, draft: Draft, trouble: Trouble) -> None:
    """Back to what the notice was about: the file before edits were recovered, ours before another program's version.
    The steps stay and can be redone.
    """
    steps = draft.history.steps
    back = trouble.back
    if back is None:
        return
    place = next((at for at in range(len(steps) - 1, -1, -1) if same_content(steps[at].annotation, back)), None)
    if place is not None:
        drafts.jump(draft.instance, place)
    else:
        _push(drafts, draft, back, "Back to the file")


def save_elsewhere(drafts: Drafts, trouble: Trouble, path: Path) -> None:
    """Write ours to a file of the user's choice; its own file is left alone. Raises BadFile when refused."""
    if trouble.instance is None:
        return
    draft = drafts.draft(trouble.instance)
    save_copy(draft.instance, draft.history.annotation, path)
    drafts.autosave.drop(draft.instance)
    drafts.troubles.settle(draft.instance, UNSAVED)


def merged_with(ours: Annotation, theirs: Annotation) -> Annotation:
    """Ours with the shapes, flags and foreign keys of theirs that ours has not; where both have one, ours counts."""
    known = defaultdict(list)
    for shape in ours.shapes:
        known[shape.points].append(shape)
    added = tuple(shape for shape in theirs.shapes if shape not in known[shape.points])
    return replace(
        ours,
        shapes=ours.shapes + added,
        flags={**theirs.flags, **ours.flags},
        extra={**theirs.extra, **ours.extra},
    )


def _push(drafts: Drafts, draft: Draft, annotation: Annotation, what: str) -> None:
    before = draft.history
    after = before.push(annotation, what, time.time())
    if after is not before:
        draft.journal.push(before.annotation, after.present)
    drafts.take(draft, after)


def _is_ours(draft: Draft, read: Annotation) -> bool:
    """Whether the file merely holds an earlier state of this history."""
    return any(same_content(read, step.annotation) for step in draft.history.steps)


def _theirs(instance: Instance) -> tuple[Annotation | None, Stamp]:
    """(what the file holds, None where it cannot be read or is not there; its stamp)."""
    found = stamp(instance)
    try:
        return (current_annotation(instance) if found is not None else None), found
    except AlnError:
        return None, found


_ANSWERS: dict[Action, Callable[[Drafts, Draft, Trouble], None]] = {
    "retry": _retry,
    "reload": _reload,
    "merge": _merge,
    "discard": _discard,
}
