"""What a model said about the open project: verdicts at once, masks and CAMs when they are looked at."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.messages import BagPredicted, InstancePredicted
from aln_desk.domain.patient import Patient
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.gui import tasks
from aln_desk.gui.model_in_use import ModelInUse
from aln_desk.io import predictions
from aln_desk.io.predictions import INSTANCES_FILE, VERDICTS_FILE, VerdictRow

_BAGS_KEPT = 24


@dataclass(frozen=True, slots=True)
class ReadBag:
    """One patient's predictions and shares by instance id; empty when the model has not read the patient."""

    predictions: dict[str, InstancePrediction] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)


class Readings(QObject):
    """Verdict rows of all patients, and the last few bags looked at.

    Findings come from the model in use only; a verdict says itself which model made it. ``forgotten`` tells that
    bags must be asked for again.
    """

    verdictsChanged = Signal()
    forgotten = Signal()
    predictionChanged = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, VerdictRow] = {}
        self._folder: Path | None = None
        self._model: ModelInUse | None = None
        self._parts: dict[str, Path] = {}
        self._fresh: dict[str, Verdict] = {}
        self._bags: OrderedDict[str, ReadBag] = OrderedDict()
        self._asked: set[str] = set()
        self._under_way = ""

    def open(self, folder: Path, model: ModelInUse | None) -> None:
        """Forget the last project and read the verdicts in this predictions folder, which need not exist."""
        self._folder, self._model = folder, model
        self._parts, self._fresh, self.rows = {}, {}, {}
        self._bags.clear()
        self._asked.clear()
        tasks.run(
            partial(predictions.read_verdicts, folder / VERDICTS_FILE),
            partial(self._take_rows, folder),
            self._complain,
        )

    def use(self, model: ModelInUse | None) -> None:
        """Another model is in use: its findings take the place of the last one's."""
        self._model = model
        self._bags.clear()
        self._asked.clear()
        self.forgotten.emit()

    def reload(self) -> None:
        """Read the verdicts again: the engine has written them. What is on screen stays until they are here."""
        if self._folder is not None:
            tasks.run(
                partial(predictions.read_verdicts, self._folder / VERDICTS_FILE),
                partial(self._take_rows, self._folder),
                self._complain,
            )

    def close(self) -> None:
        """Forget everything."""
        self._folder = None
        self.rows = {}
        self._fresh.clear()
        self._bags.clear()

    def verdict(self, patient: Patient) -> Verdict | None:
        """The patient's verdict; its shares are empty until `bag` has them in memory.

        None where there is none, or one by a model that never learned an outcome.
        """
        verdict = self._fresh.get(patient.id) or self._kept(patient.id)
        if verdict is not None and self._is_own(verdict) and self._model is not None and not self._model.knows_outcome:
            return None
        return verdict

    def is_read(self, patient: Patient) -> bool | None:
        """Whether the model in use has read the patient; None while `bag` is looking.

        A model without outcomes leaves findings and no verdict.
        """
        verdict = self.verdict(patient)
        if verdict is not None and self._is_own(verdict):
            return True
        found = self.bag(patient).predictions
        whole = bool(found) and all(one.id in found for one in patient.bag)
        return whole if patient.id in self._bags else None

    def bag(self, patient: Patient) -> ReadBag:
        """The predictions in memory; the first call starts reading them and `predictionChanged` tells of them."""
        if patient.id in self._bags:
            self._bags.move_to_end(patient.id)
            return self._bags[patient.id]
        if self._folder is not None and patient.id not in self._asked:
            self._asked.add(patient.id)
            digest = self._model.digest if self._model else ""
            source = (self._folder, self._model)
            file = self._parts.get(patient.id, self._folder / INSTANCES_FILE)
            tasks.run(
                partial(_read_bag, (file, self._folder / INSTANCES_FILE), patient, digest),
                partial(self._take_bag, source, patient.id),
                partial(self._refuse_bag, source, patient.id),
            )
        return ReadBag()

    def apply_instance(self, read: InstancePredicted) -> None:
        """Take one image of a bag that the engine has not read to its end."""
        if self._model is not None and read.model == self._model.digest:
            self._under_way = read.patient
            tasks.run(
                partial(predictions.read_instance, Path(read.file), read.instance, read.model),
                partial(self._take_instance, (self._folder, self._model), read.patient),
                self._complain,
            )

    def apply(self, read: BagPredicted) -> None:
        """Take one patient's results as they come from the engine."""
        self._under_way = ""
        if read.score is not None and read.threshold is not None:
            said = (read.score, read.threshold, read.model, dict(read.shares), read.uncertain)
            self._fresh[read.patient] = Verdict(read.patient, *said, Seen(read.seen), read.simulated)
        if read.file:
            self._parts[read.patient] = Path(read.file)
        self._bags.pop(read.patient, None)
        self._asked.discard(read.patient)
        self.verdictsChanged.emit()
        self.predictionChanged.emit(read.patient)

    def _kept(self, patient: str) -> Verdict | None:
        """The verdict on disk, with its shares where they are in memory."""
        row = self.rows.get(patient)
        if row is None:
            return None
        told = (row.decision == "uncertain", row.seen, row.simulated)
        verdict = Verdict(patient, row.score, row.threshold, row.model, {}, *told)
        known = self._bags.get(patient) if self._is_own(verdict) else None
        return replace(verdict, shares=known.shares) if known is not None else verdict

    def _is_own(self, verdict: Verdict) -> bool:
        """Whether the model in use made it."""
        return self._model is not None and verdict.model == self._model.digest

    def _take_rows(self, folder: Path, rows: list[VerdictRow]) -> None:
        if folder != self._folder:
            return
        self.rows = {row.patient: row for row in rows}
        for name in [name for name in self._bags if name not in self._fresh]:
            del self._bags[name]
        self._fresh = {name: verdict for name, verdict in self._fresh.items() if self._agrees(verdict)}
        self.verdictsChanged.emit()
        self.forgotten.emit()

    def _agrees(self, verdict: Verdict) -> bool:
        """Whether the disk says the same; then the fresh verdict is kept for the shares it knows."""
        row = self.rows.get(verdict.patient)
        return row is not None and (row.model, row.score) == (verdict.model, verdict.score)

    def _take_instance(
        self, source: tuple[Path | None, ModelInUse], patient: str, found: InstancePrediction | None
    ) -> None:
        """Not once the bag itself is here: it knows more."""
        if found is not None and source == (self._folder, self._model) and patient == self._under_way:
            known = self._bags.get(patient, ReadBag())
            self._bags[patient] = replace(known, predictions={**known.predictions, found.instance: found})
            self.predictionChanged.emit(patient)

    def _take_bag(self, source: tuple[Path, ModelInUse | None], patient: str, bag: ReadBag) -> None:
        if source != (self._folder, self._model):
            return
        self._asked.discard(patient)
        self._bags[patient] = bag
        while len(self._bags) > _BAGS_KEPT:
            self._bags.popitem(last=False)
        self.predictionChanged.emit(patient)

    def _refuse_bag(self, source: tuple[Path, ModelInUse | None], patient: str, error: Exception) -> None:
        """Findings that cannot be read are told, and count as absent: reading again mends them."""
        self._complain(error)
        self._take_bag(source, patient, ReadBag())

    def _complain(self, error: Exception) -> None:
        self.failed.emit(str(error))


def _read_bag(files: tuple[Path, ...], patient: Patient, model: str) -> ReadBag:
    """From the first file that exists: the engine may have merged the part meanwhile. Empty for another model's."""
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return ReadBag()
    found = {one.id: predictions.read_instance(file, one.id, model=model) for one in patient.bag}
    read = {name: prediction for name, prediction in found.items() if prediction is not None}
    shares = predictions.read_shares(file, list(read))
    return ReadBag(read, {name: share for name, share in shares.items() if isfinite(share)})
