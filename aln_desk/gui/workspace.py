"""The state of the open project. Pages show it, ask it to change, and follow its signals; it knows no page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk import paths
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.history import History
from aln_desk.domain.labels import DEFAULT, Label
from aln_desk.domain.messages import BagPredicted, InstancePredicted
from aln_desk.domain.patient import Instance, Patient
from aln_desk.domain.review import Review
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.gui import remedies, theme
from aln_desk.gui.drafts import Drafts
from aln_desk.gui.model_in_use import ModelInUse, model_in_use
from aln_desk.gui.readings import Readings
from aln_desk.gui.roster import Roster
from aln_desk.gui.troubles import Action, Trouble
from aln_desk.io import checkpoint
from aln_desk.io.predictions import VerdictRow
from aln_desk.io.project import Project

_DIGITS = 6
"""Digits of a digest that tell models apart on screen."""


class Workspace(QObject):
    """One open project at most; a patient and an instance of it on screen."""

    projectChanged = Signal()
    patientsChanged = Signal()
    patientEdited = Signal(str)
    patientSelected = Signal(str)
    instanceSelected = Signal(str)
    annotationChanged = Signal(str)
    labelsChanged = Signal()
    saveStateChanged = Signal(str)
    verdictsChanged = Signal()
    predictionChanged = Signal(str)
    modelChanged = Signal()
    warned = Signal(str)
    closing = Signal()
    """The project is about to be closed or saved for the last time: whoever holds a half-done edit finishes it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project: Project | None = None
        self.patient: Patient | None = None
        self.instance: Instance | None = None
        self.model: ModelInUse | None = None
        self._signed: set[str] | None = None
        self._roster = Roster()
        self._drafts = Drafts(self)
        self._drafts.changed.connect(self.annotationChanged)
        self._drafts.autosave.stateChanged.connect(self.saveStateChanged)
        self.troubles = self._drafts.troubles
        self._readings = Readings(self)
        self._readings.verdictsChanged.connect(self.verdictsChanged)
        self._readings.predictionChanged.connect(self.predictionChanged)
        self._readings.forgotten.connect(self._ask_again)
        self._readings.failed.connect(self.warned)

    # Project

    def open(self, folder: Path) -> None:
        """Open a project in place of the present one.

        Raises AlnError, and the present one stays open, when this one cannot be opened or that one not be saved.
        """
        project = Project.open(folder)
        if not self.close():
            project.close()
            raise AlnError("Outlines of the open project could not be saved, so it stays open; see to its disk first.")
        self.project = project
        self._load_patients()
        self._drafts.open(project.folder, self._roster.find_instance)
        complaint = self._load_model()
        self._readings.open(project.predictions, self.model)
        theme.use_labels(project.labels())
        self.projectChanged.emit()
        if complaint:
            self.warned.emit(complaint)
        if self.patients:
            self.select_patient(self.patients[0].id)

    def close(self) -> bool:
        """Save what is unsaved and close the project; False (and still open) when something could not be saved."""
        if self.project is None:
            return True
        self.closing.emit()
        if not self._drafts.autosave.settle():
            return False
        self.discard()
        return True

    def discard(self) -> None:
        """Close the project without waiting for unsaved outlines."""
        if self.project is not None:
            self.project.close()
        self.project, self.patient, self.instance, self.model = None, None, None, None
        self._signed, self._roster = None, Roster()
        self._drafts.forget()
        self._readings.close()
        self.projectChanged.emit()

    # Selection

    def select_patient(self, name: str, instance: str | None = None) -> None:
        """Show a patient, and the given image of the bag or the first."""
        patient = self._roster.patient(name)
        self.flush()
        wanted = [one for one in patient.bag if one.id == instance] or list(patient.bag)
        self.patient, self.instance = patient, wanted[0] if wanted else None
        self.patientSelected.emit(name)
        self.instanceSelected.emit(self.instance.id if self.instance else "")

    def select_instance(self, name: str) -> None:
        """Show an image; its patient is selected with it."""
        owner = self._roster.instance(name).patient
        if self.patient is None or self.patient.id != owner:
            self.select_patient(owner, name)
        elif self.instance is None or self.instance.id != name:
            self.flush()
            self.instance = self._roster.instance(name)
            self.instanceSelected.emit(name)

    def next_patient(self, step: int = 1) -> None:
        """The following patient in the project's order; stays at the last."""
        if (there := self._roster.neighbour(self.patient, step)) is not None:
            self.select_patient(there.id)

    def previous_patient(self) -> None:
        """The patient before; stays at the first."""
        self.next_patient(-1)

    def next_instance(self, step: int = 1) -> None:
        """The following image, over the patients' borders."""
        if self.instance is None:
            self.next_patient(step)
        elif (there := self.neighbour(step)) is not None:
            self.select_instance(there.id)

    def neighbour(self, step: int) -> Instance | None:
        """The image one step (1 or -1) on from that on screen, over the patients' borders; None beyond either end."""
        return self._roster.neighbour_instance(self.instance, step) if self.instance is not None else None

    def previous_instance(self) -> None:
        """The image before, over the patients' borders."""
        self.next_instance(-1)

    @property
    def patients(self) -> list[Patient]:
        """All patients in the project's order, each with its bag."""
        return self._roster.patients

    def find_patient(self, name: str) -> Patient | None:
        """A patient by id."""
        return self._roster.find(name)

    # Annotations

    def annotation(self, name: str) -> Annotation:
        """The newest annotation of an instance, saved or not. Raises BadFile when its file cannot be read."""
        return self._drafts.annotation(self._roster.instance(name))

    def history(self, name: str) -> History:
        """What can be undone and redone on an instance."""
        return self._drafts.history(self._roster.instance(name))

    def edit(self, name: str, annotation: Annotation, what: str) -> None:
        """Take an edit; ``what`` is its short name for undo. It is saved on its own."""
        self._drafts.edit(self._roster.instance(name), annotation, what)

    def undo(self) -> None:
        """Undo the last edit of the image on screen."""
        if self.instance is not None:
            self._drafts.undo(self.instance)

    def redo(self) -> None:
        """Do again what was undone on the image on screen."""
        if self.instance is not None:
            self._drafts.redo(self.instance)

    def jump(self, at: int) -> None:
        """To any step in the history of the image on screen."""
        if self.instance is not None:
            self._drafts.jump(self.instance, at)

    def flush(self) -> None:
        """Start saving everything unsaved now."""
        self._drafts.autosave.flush()

    def look_again(self) -> None:
        """The window is in front again: notice what other programs have done to the image on screen meanwhile."""
        if self.instance is not None:
            self._drafts.look_again(self.instance)

    def answer(self, trouble: Trouble, action: Action, path: Path | None = None) -> None:
        """What the user wants done about outlines that do not reach their file; ``path`` is where ``elsewhere`` is.

        Raises AlnError when it cannot be done.
        """
        if action == "elsewhere" and path is not None:
            remedies.save_elsewhere(self._drafts, trouble, path)
        else:
            remedies.answer(self._drafts, trouble, action)

    @property
    def read_only(self) -> bool:
        """Whether another window edits the outlines of this project; here they can only be seen."""
        return self._drafts.read_only

    @property
    def unsaved(self) -> frozenset[str]:
        """Ids of the instances whose newest outlines are not on disk yet."""
        return self._drafts.autosave.unsaved

    # Labels

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels that the project offers."""
        return self.project.labels() if self.project is not None else DEFAULT

    def set_labels(self, offered: Sequence[Label]) -> None:
        """Offer these labels from now on. Raises BadProject, with a sentence for each fault, when they are refused."""
        self._opened().set_labels(offered)
        theme.use_labels(self.labels)
        self.labelsChanged.emit()

    # Patients' data

    def change_patient(self, name: str, change: Callable[[Project], None]) -> None:
        """Let ``change`` write what the project keeps of a patient. Raises BadProject when it is refused."""
        project = self._opened()
        change(project)
        changed = project.patient(name)
        self._roster.replace(changed)
        if self.patient is not None and self.patient.id == name:
            self.patient = changed
        self.patientEdited.emit(name)

    @property
    def signed(self) -> set[str]:
        """Ids of the patients with a signed judgement."""
        if self._signed is None:
            self._signed = self.project.reviewed() if self.project else set()
        return self._signed

    def add_review(self, review: Review) -> None:
        """Keep a signed judgement."""
        self._opened().add_review(review)
        self.signed.add(review.patient)
        self.patientEdited.emit(review.patient)

    def reviews(self, name: str) -> list[Review]:
        """Signed judgements of a patient, oldest first."""
        return self._opened().reviews(name)

    # What the model says

    @property
    def verdicts(self) -> dict[str, VerdictRow]:
        """The verdicts on disk by patient id."""
        return self._readings.rows

    def verdict(self, name: str) -> Verdict | None:
        """A patient's verdict, with shares once the bag's predictions are in memory; None when not read yet."""
        patient = self.find_patient(name)
        return self._readings.verdict(patient) if patient else None

    def is_read(self, name: str) -> bool | None:
        """Whether the model in use has read a patient; None while that is looked up (`predictionChanged` follows)."""
        return self._readings.is_read(self._roster.patient(name))

    def prediction(self, name: str) -> InstancePrediction | None:
        """What the model in use found on an image; None if absent or still fetched (`predictionChanged` follows)."""
        owner = self._roster.patient(self._roster.instance(name).patient)
        return self._readings.bag(owner).predictions.get(name)

    def apply_bag(self, read: BagPredicted) -> None:
        """Show one patient's results as they come from the engine."""
        self._readings.apply(read)

    def apply_instance(self, read: InstancePredicted) -> None:
        """Show the findings on one image while the engine reads the others of the bag."""
        self._readings.apply_instance(read)

    def reload_predictions(self) -> None:
        """Read the verdicts again after the engine or the command line has written them."""
        self._readings.reload()

    @property
    def model_name(self) -> str:
        """Name and first digits of the model in use, in the words of the header."""
        return f"{self.model.digest[:_DIGITS]} · {self.model.name}" if self.model else "No model"

    def adopt(self, folder: Path) -> None:
        """Let this model read the project from now on. Raises BadModel when its files are damaged."""
        checkpoint.verify(folder)
        self._opened().adopt(folder, checkpoint.read_manifest(folder)["digest"])
        self._change_model()

    def adopt_embedded(self) -> None:
        """Let the embedded model read the project from now on."""
        self._opened().adopt_embedded()
        self._change_model()

    def _change_model(self) -> None:
        self._load_model()
        self._readings.use(self.model)
        self.modelChanged.emit()

    def _ask_again(self) -> None:
        """Whoever shows the patient on screen asks anew for what is known of it."""
        if self.patient is not None:
            self.predictionChanged.emit(self.patient.id)

    def _opened(self) -> Project:
        if self.project is None:
            raise AlnError("No project is open; open one first.")
        return self.project

    def _load_patients(self) -> None:
        self._roster = Roster(self._opened().patients())
        self._signed = None

    def _load_model(self) -> str:
        """Read what the model in use says of itself; returns the sentence to tell when it cannot be used."""
        try:
            self.model = model_in_use(self._opened().adopted() or paths.embedded_model())
        except AlnError as error:
            self.model = None
            return str(error)
        return ""
