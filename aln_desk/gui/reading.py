"""Reading the open project with the model: the engine's messages become the workspace's state."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.messages import BagPredicted, Finished, InstancePredicted, Message, Note, Progress, Started
from aln_desk.gui.engine_process import EngineProcess
from aln_desk.gui.widgets.progress import duration
from aln_desk.gui.workspace import Workspace


class Reading(QObject):
    """At most one reading; the patient on screen is read first.

    ``progressed(text, done, total)``; ``deviceKnown`` carries the engine's device in words.
    """

    progressed = Signal(str, int, int)
    busyChanged = Signal(bool)
    deviceKnown = Signal(str)
    failed = Signal(str)
    noted = Signal(str)

    def __init__(self, workspace: Workspace, engine: EngineProcess, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._engine = engine
        engine.message.connect(self._receive)
        engine.busyChanged.connect(self.busyChanged)
        engine.failed.connect(self.failed)
        workspace.patientSelected.connect(engine.prefer)
        workspace.projectChanged.connect(engine.cancel)

    @property
    def busy(self) -> bool:
        """Whether images are being read."""
        return self._engine.busy

    def start(self) -> None:
        """Read every patient of the open project with the model in use."""
        project, model = self._workspace.project, self._workspace.model
        if project is None or model is None:
            return
        self.progressed.emit(f"Reading with {model.name}", 0, 0)
        self._engine.predict(project.folder, model.folder)
        if self._workspace.patient is not None:
            self._engine.prefer(self._workspace.patient.id)

    def cancel(self) -> None:
        """Stop after the image under way; what was read stays."""
        self._engine.cancel()

    def shut_down(self) -> None:
        """End the engine and wait until it is gone."""
        self._engine.shutdown()

    def _receive(self, message: Message) -> None:
        match message:
            case BagPredicted():
                if self._workspace.find_patient(message.patient) is not None:
                    self._workspace.apply_bag(message)
            case InstancePredicted():
                if self._workspace.find_patient(message.patient) is not None:
                    self._workspace.apply_instance(message)
            case Progress():
                left = duration(message.seconds_left)
                text = f"Reading {message.done} of {message.total}" + (f", {left}" if left else "")
                self.progressed.emit(text, message.done, message.total)
            case Started():
                self.deviceKnown.emit(message.device)
            case Note():
                self.noted.emit(message.text)
            case Finished():
                self._workspace.reload_predictions()
