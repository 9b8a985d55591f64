"""Reading a whole project: every patient's bag, results as they come, resumable, written at the end in one piece."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aln_desk.domain.errors import BadFile, BadProject
from aln_desk.domain.messages import BagPredicted, InstancePredicted, Message, Note, Progress
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.inference.judge import judge
from aln_desk.inference.session import Session
from aln_desk.io import images, predictions, verdicts
from aln_desk.io.predictions import INSTANCES_FILE
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VERDICTS_FILE, VerdictRow
from aln_desk.models.build import LoadedModel
from aln_desk.paths import embedded_model


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reading of a project reached. ``left_out`` are patients with an image that cannot be read."""

    verdicts: tuple[VerdictRow, ...]
    images: int
    complete: bool
    left_out: tuple[str, ...] = ()


class ProjectReader:
    """Reads the patients of one project with one model, one bag at a time.

    Findings that are known already (same model, same image bytes) are taken over, so that a second reading costs
    only what is new. Call `step` until it returns False, then `finish`; `finish` after a stop keeps what was read.
    """

    def __init__(self, project: Project, session: Session, emit: Callable[[Message], None]) -> None:
        self._session, self._model, self._emit = session, session.model, emit
        self._folder = project.predictions
        self._patients = [p for p in project.patients() if p.bag]
        if not self._patients:
            raise BadProject(f"{project.folder}: there are no images to read. Add patients first.")
        self._queue = deque(self._patients)
        self._verdicts: dict[str, Verdict] = {}
        self._parts: dict[str, Path] = {}
        self._left_out: list[str] = []
        self._watched = ""
        self._read_before = predictions.instances_file(self._folder, self._model.digest)
        self._known = predictions.known(self._read_before, self._model.digest)
        self._began = time.monotonic()

    def prefer(self, patient: str) -> None:
        """Read this patient next, if it is still to be read, and tell of each image as it comes."""
        self._watched = patient
        for waiting in self._queue:
            if waiting.id == patient:
                self._queue.remove(waiting)
                self._queue.appendleft(waiting)
                return

    def step(self) -> bool:
        """Read one bag; False when none is left. A bag with an image that cannot be read is told of and left out:
        a verdict over a part of the bag would pass for one over the whole.
        """
        if not self._queue:
            return False
        patient = self._queue.popleft()
        try:
            self._take(patient, *self._findings(patient))
        except BadFile as error:
            self._left_out.append(patient.id)
            self._emit(Note(f"Patient {patient.id} was left out: {error}"))
        self._tell()
        return bool(self._queue)

    def _take(self, patient: Patient, found: list[InstancePrediction], source: Path | None) -> None:
        verdict = judge(self._model, patient, found)
        shares = verdict.shares if verdict else {}
        if source is None or not _same(predictions.read_shares(source, list(shares)), shares):
            source = predictions.part_path(self._folder, patient.id)
            predictions.write_bag(source, self._model.digest, found, shares)
            self._parts[patient.id] = source
        if verdict:
            self._verdicts[patient.id] = verdict
        self._emit(_told(patient, verdict, self._model, source))

    def finish(self) -> Reading:
        """Write ``instances.h5``, ``verdicts.csv`` and the model's own table of scores with everything read so far;
        each is replaced in one step.

        After a stop, patients that were not reached keep the verdict that this model gave them before; and the last
        reading, if another model's, stays whole until this one has read everyone (the next goes on from the parts).
        """
        waiting, digest = {p.id for p in self._queue}, self._model.digest
        before = _unless_damaged(partial(verdicts.read_model, self._folder, digest))
        last_reading = _unless_damaged(partial(verdicts.read_verdicts, self._folder / VERDICTS_FILE))
        kept = {row.patient: row for row in before if row.patient in waiting}
        fresh = {p.id: _row(p, self._verdicts[p.id]) for p in self._patients if p.id in self._verdicts}
        rows = [(kept | fresh)[p.id] for p in self._patients if p.id in kept or p.id in fresh]
        last = not waiting or all(row.model == digest for row in last_reading)
        if last:
            predictions.merge(list(self._parts.values()), self._folder / INSTANCES_FILE, digest)
        verdicts.write_reading(self._folder, digest, rows, last)
        unread = waiting.union(self._left_out)
        images_read = sum(len(p.bag) for p in self._patients if p.id not in unread)
        return Reading(tuple(rows), images_read, not waiting, tuple(self._left_out))

    def _findings(self, patient: Patient) -> tuple[list[InstancePrediction], Path | None]:
        """The bag's findings and the file that already holds them all, or None when some are new."""
        part = predictions.part_path(self._folder, patient.id)
        digests = {i.id: images.digest(Path(i.image)) for i in patient.bag}
        found: dict[str, InstancePrediction] = {}
        for path, known in ((self._read_before, self._known), (part, predictions.known(part, self._model.digest))):
            here = [name for name, digest in digests.items() if known.get(name) == digest]
            read = {name: one for name in here if (one := predictions.read_instance(path, name)) is not None}
            if len(read) == len(patient.bag):
                if path == part:
                    self._parts[patient.id] = part
                return list(read.values()), path
            found |= read
        missing = [i for i in patient.bag if i.id not in found]
        for one in self._session.read(missing, self._upcoming()):
            found[one.instance] = one
            if len(found) < len(patient.bag) and patient.id == self._watched:
                self._show(patient, one, list(found.values()))
        return [found[i.id] for i in patient.bag], None

    def _upcoming(self) -> Iterator[Instance]:
        """Images of the patients after this one, as far as nobody has read them yet."""
        for patient in self._queue:
            if not predictions.part_path(self._folder, patient.id).exists():
                yield from (i for i in patient.bag if i.id not in self._known)

    def _show(self, patient: Patient, new: InstancePrediction, found: list[InstancePrediction]) -> None:
        """Tell of one image of a patient on screen before the bag is read; the part has no shares yet."""
        part = predictions.part_path(self._folder, patient.id)
        predictions.write_bag(part, self._model.digest, found, {})
        self._emit(InstancePredicted(patient.id, new.instance, self._model.digest, str(part)))

    def _tell(self) -> None:
        total, left = len(self._patients), len(self._queue)
        spent = time.monotonic() - self._began
        self._emit(Progress("predict", total - left, total, spent / (total - left) * left))


def model_folder(project: Project, asked: str = "") -> Path:
    """The model to read with: the one asked for (a folder, or a digest under ``PROJECT/models``), else the adopted
    one, else the embedded one.
    """
    if asked:
        own = project.models / asked
        return own if own.is_dir() else Path(asked)
    return project.adopted() or embedded_model()


def _same(stored: dict[str, float], shares: dict[str, float]) -> bool:
    """Whether the shares on disk are those of the bag as it is now (an image may have come or gone)."""
    return all(abs(stored.get(name, math.inf) - share) < 1e-6 for name, share in shares.items())


def _unless_damaged(read: Callable[[], list[VerdictRow]]) -> list[VerdictRow]:
    """A table's rows; none from a damaged one, since it is made anew."""
    with suppress(BadFile):
        return read()
    return []


def _told(patient: Patient, verdict: Verdict | None, model: LoadedModel, file: Path) -> BagPredicted:
    if verdict is None:
        return BagPredicted(patient.id, None, model.threshold, model.digest, {}, str(file))
    return BagPredicted(
        patient.id,
        verdict.score,
        verdict.threshold,
        verdict.model,
        verdict.shares,
        str(file),
        verdict.uncertain,
        verdict.seen,
        verdict.simulated,
    )


def _row(patient: Patient, verdict: Verdict) -> VerdictRow:
    return VerdictRow(
        patient=patient.id,
        cohort=patient.cohort,
        outcome=patient.outcome,
        score=verdict.score,
        threshold=verdict.threshold,
        decision=verdict.decision,
        n_tumour=patient.count(View.TUMOUR),
        n_node=patient.count(View.NODE),
        model=verdict.model,
        seen=verdict.seen,
        simulated=verdict.simulated,
    )
