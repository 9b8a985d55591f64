"""Which image teaches most when it is looked at next: found beside the window's thread, a few images at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance
from aln_desk.gui import tasks
from aln_desk.gui.model_in_use import ModelInUse
from aln_desk.gui.workspace import Workspace
from aln_desk.io import predictions
from aln_desk.io.annotations import current_annotation

if TYPE_CHECKING:
    from aln_desk.stats.usefulness import Doubt

CHUNK = 8
"""Images looked at in one piece of work: some tenths of a second, so that thumbnails get their turn between two."""

_GROWTH = 1.5
"""The list is put in order anew when so many times the images in it are known: seldom, while it grows."""

UNSURE = "model unsure"
DIFFERS = "differs from model"
SURE = "model sure"
ALIKE = "close to model"

_ALIKE_FROM = 0.8
"""Dice from which a drawing is called close to the model's mask, whatever its rank."""

_SURE_BELOW = 0.47
"""Entropy in bits below which a model is called sure: a probability under 10 % or over 90 %."""

_UNREAD = (
    "The model in use has read none of these images. Choose Read this project with the model in menu Model (Ctrl+R); "
    "the images are ranked afterwards."
)
_BLIND = "The model in use looks at no images, so it ranks none; another one can be adopted in Training."
_NO_MODEL = "No model is in use, so there is nothing to rank by; adopt one in Training, then let it read this project."

Work = tuple[Callable[[], Any], Callable[[Any], bool]]
"""What a worker does, and who takes what it found; True when the list is another one now."""

Asked = tuple[Instance, Annotation | None]
"""An image to look at, with its annotation where that is not on disk yet."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image is listed: a word or two, whole sentences, and the index of the shape in question, if it is one."""

    word: str
    sentence: str
    shape: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a list is made from. ``stamp`` tells one state of the findings in ``file`` from another."""

    file: Path
    stamp: tuple[int, int] | None
    digest: str
    model: ModelInUse | None = field(compare=False)


class Looking(QObject):
    """Images of the open project with the reasons to look at them, worked out while `begin` is the last word.

    What was found is kept until the findings, the model or the images are other ones; an edited image alone is looked
    at again. ``changed``: ``reasons`` are others. ``progressed``: `caption` is another.
    """

    changed = Signal()
    progressed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.reasons: dict[str, Reason] = {}
        """By instance id, the first to look at first."""
        self._workspace = workspace
        self._source: Source | None = None
        self._instances: dict[str, Instance] = {}
        self._waiting: dict[str, None] = {}
        self._wanted = False
        self._at_work = False
        self._generation = 0
        self._start()
        workspace.projectChanged.connect(self._forget)
        workspace.patientsChanged.connect(self._forget)
        workspace.modelChanged.connect(self._check)
        workspace.verdictsChanged.connect(self._check)
        workspace.annotationChanged.connect(self._take_edit)

    def begin(self) -> None:
        """Somebody looks at the list: work it out, or go on where it was left."""
        self._wanted = True
        self._check()

    def leave(self) -> None:
        """Nobody looks at it: what is under way is the last."""
        self._wanted = False

    @property
    def wanted(self) -> bool:
        """Whether somebody looks at the list."""
        return self._wanted

    @property
    def caption(self) -> str:
        """How far the work is; empty when it is done."""
        raise NotImplementedError

    @property
    def nothing(self) -> str:
        """What an empty list means and what to do about it."""
        raise NotImplementedError

    def _start(self) -> None:
        """Forget what was found: everything is to be looked at."""
        raise NotImplementedError

    def _next_work(self) -> Work | None:
        """The next piece of work; None when there is none."""
        raise NotImplementedError

    def _concerns(self, name: str) -> bool:
        """Whether an image that was edited is one of the list's."""
        raise NotImplementedError

    def _chunk(self, waiting: dict[str, None], count: int) -> list[Asked]:
        """The first images that wait, which wait no longer."""
        names = list(islice(waiting, count))
        for name in names:
            del waiting[name]
        return [(self._instances[name], self._unsaved(name)) for name in names]

    def _unsaved(self, name: str) -> Annotation | None:
        with suppress(AlnError):  # the worker finds out itself what is wrong with the file
            if name in self._workspace.unsaved:
                return self._workspace.annotation(name)
        return None

    def _forget(self) -> None:
        self._restart(None)
        self._check()

    def _check(self) -> None:
        """Start over where the list would be made from something else than it was."""
        if self._wanted and (source := self._newest()) != self._source:
            self._restart(source)
        self._go_on()

    def _restart(self, source: Source | None) -> None:
        self._source = source
        self._generation += 1
        self._at_work = False
        self.reasons = {}
        self._instances = {one.id: one for patient in self._workspace.patients for one in patient.bag}
        self._start()
        self.changed.emit()

    def _newest(self) -> Source | None:
        project, model = self._workspace.project, self._workspace.model
        if project is None:
            return None
        file = project.predictions / predictions.INSTANCES_FILE
        return Source(file, _stamp(file), model.digest if model else "", model)

    def _go_on(self) -> None:
        if not self._wanted:
            return
        if not self._at_work and self._source is not None and (work := self._next_work()):
            self._at_work = True
            function, take = work
            done, failed = partial(self._done, self._generation, take), partial(self._fail, self._generation)
            tasks.run(function, done, failed, tasks.Lane.BACKGROUND)
        self.progressed.emit()

    def _done(self, generation: int, take: Callable[[Any], bool], found: Any) -> None:
        if generation == self._generation:
            self._at_work = False
            if take(found):
                self.changed.emit()
            self._go_on()

    def _fail(self, generation: int, error: Exception) -> None:
        """Nobody foresaw it: the rest stays undone until the list is asked for anew, rather than failing in a row."""
        if generation == self._generation:
            self._source, self._wanted = None, False
            self.progressed.emit()
        raise error

    def _take_edit(self, name: str) -> None:
        if self._source is not None and self._concerns(name):
            self._waiting = {name: None, **self._waiting}
            self._go_on()


class Usefulness(Looking):
    """The images that the model in use has read, the most useful first."""

    @property
    def caption(self) -> str:
        if self._source is None:
            return ""
        if self._read is None:
            return "Ranking…"
        under_way = len(self._doubts) < len(self._read) or (self._at_work and not self.reasons)
        return f"Ranking: {len(self._doubts)} of {len(self._read)} images…" if under_way else ""

    @property
    def nothing(self) -> str:
        model = self._source.model if self._source is not None else None
        if self.caption or self._source is None:
            return ""
        if model is None:
            return _NO_MODEL
        return _UNREAD if model.reads_images else _BLIND

    def _start(self) -> None:
        self._read: set[str] | None = None
        self._doubts: dict[str, Doubt | None] = {}
        self._waiting = {}
        self._ranked = 0
        self._out_of_order = False

    def _concerns(self, name: str) -> bool:
        return self._read is not None and name in self._read

    def _next_work(self) -> Work | None:
        source = self._source
        assert source is not None
        if self._read is None:
            return partial(predictions.known, source.file, source.digest), self._take_read
        if self._out_of_order and (not self._waiting or len(self._doubts) >= _GROWTH * self._ranked + CHUNK):
            doubts = [one for one in self._doubts.values() if one is not None]
            self._ranked, self._out_of_order = len(self._doubts), False
            return partial(_reasons, doubts, source.model), self._take_reasons
        if self._waiting:
            return partial(_doubts, source, self._chunk(self._waiting, CHUNK)), self._take_doubts
        return None

    def _take_read(self, read: Mapping[str, str]) -> bool:
        self._read = self._instances.keys() & read.keys()
        self._waiting = {name: None for name in self._instances if name in self._read}
        return False

    def _take_doubts(self, found: Mapping[str, Doubt | None]) -> bool:
        self._out_of_order = True
        self._doubts.update(found)
        return False

    def _take_reasons(self, reasons: dict[str, Reason]) -> bool:
        changed = list(reasons.items()) != list(self.reasons.items())
        self.reasons = reasons
        return changed


def first_of(order: Iterable[str], seen: set[str], here: str) -> str | None:
    """The first image in ``order`` not seen yet; when all are, the first but ``here``, and all count as not seen."""
    names = [name for name in order if name != here]
    if names and seen.issuperset(names):
        seen.clear()
    return next((name for name in names if name not in seen), None)


def newest_annotation(asked: Asked) -> Annotation:
    """What is drawn on an image, saved or not; for a worker. Raises BadFile when its file cannot be read."""
    instance, unsaved = asked
    return unsaved if unsaved is not None else current_annotation(instance)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _doubts(source: Source, asked: Sequence[Asked]) -> dict[str, Doubt | None]:
    return {one[0].id: _doubt(source, one) for one in asked}


def _doubt(source: Source, asked: Asked) -> Doubt | None:
    """None where the findings or the annotation cannot be read."""
    from aln_desk.io.rasterize import class_mask
    from aln_desk.stats.usefulness import doubt

    model = source.model
    try:
        prediction = predictions.read_instance(source.file, asked[0].id, source.digest)
        annotation = newest_annotation(asked)
    except AlnError:
        return None
    if prediction is None or model is None:
        return None
    drawn = class_mask(annotation, *prediction.mask.shape) > 0 if model.draws and annotation.shapes else None
    return _taught(doubt(prediction, drawn), model)


def _taught(found: Doubt, model: ModelInUse) -> Doubt:
    """Without the doubts about what the model was never taught: the other one counts for both."""
    if not model.knows_outcome and not model.tells_type:
        return replace(found, lesion_logit=0.0, status_logit=0.0)
    if not model.knows_outcome:
        return replace(found, status_logit=found.lesion_logit)
    return found if model.tells_type else replace(found, lesion_logit=found.status_logit)


def _reasons(doubts: Sequence[Doubt], model: ModelInUse | None) -> dict[str, Reason]:
    """The order and the reasons. An image's doubt or its disagreement is told, whichever ranks higher."""
    from aln_desk.stats.usefulness import next_most_useful

    only_masks = model is not None and not (model.knows_outcome or model.tells_type)
    listed = [one for one in doubts if one.drawn] if only_masks else list(doubts)
    alone = (replace(one, dice=float("nan"), border=float("nan")) for one in listed)
    unsure = {one.instance: one.why for one in next_most_useful(alone)}
    known = {one.instance: one for one in listed}
    reasons = {}
    for one in next_most_useful(listed):
        found, of_doubt = known[one.instance], one.why == unsure[one.instance]
        apart = Reason(ALIKE if found.dice >= _ALIKE_FROM else DIFFERS, one.why)
        reasons[one.instance] = _unsure(found, one.why, model) if of_doubt else apart
    return reasons


def _unsure(found: Doubt, sentence: str, model: ModelInUse | None) -> Reason:
    """A model's doubt in words, which is not of a lesion type where it was taught none."""
    from aln_desk.stats.usefulness import entropy

    tells_type, knows_outcome = (model.tells_type, model.knows_outcome) if model is not None else (True, True)
    if not tells_type and not knows_outcome:
        return Reason(ALIKE, "What is drawn is nearer to the model's mask than on most images.")
    if max(entropy(found.lesion_logit), entropy(found.status_logit)) < _SURE_BELOW:
        return Reason(SURE, "The model is sure of what it sees here, so there is little to learn.")
    undecided = "The model's score of this image is less decided than those of most."
    return Reason(UNSURE, sentence if tells_type else undecided)
