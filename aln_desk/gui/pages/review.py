"""One patient's verdict beside the images it comes from."""

from __future__ import annotations

from functools import partial
from math import isnan
from pathlib import Path

from PySide6.QtWidgets import QVBoxLayout, QWidget

from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import file_dialogs, tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.findings import VIEW_WORDS, percent
from aln_desk.gui.model_in_use import ModelInUse
from aln_desk.gui.widgets.bag_strip import BagStrip
from aln_desk.gui.widgets.held_key import HeldKey
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.widgets.info_bar import InfoBar
from aln_desk.gui.widgets.judgement import STEPS
from aln_desk.gui.widgets.marks import verdict_colour
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.widgets.patient_list import PatientList
from aln_desk.gui.widgets.verdict_panel import VerdictPanel
from aln_desk.gui.workspace import Workspace


class ReviewPage(QWidget):
    """Left the patients, centre image and bag, right the verdict."""

    title = "Review"

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._actions = actions
        self.info = InfoBar()
        self.list = PatientList(workspace, actions)
        self.room = ImageRoom(workspace, actions)
        self.strip = BagStrip(workspace)
        self.panel = VerdictPanel()
        HeldKey(actions, "overlay.plain", self).held.connect(self.room.canvas.set_plain)
        self.setFocusProxy(self.list.view)
        self._lay_out()
        self._connect_panel()
        self._connect_workspace()
        self._connect_actions()
        actions["outcomes.show"].toggled.connect(self.panel.show_outcome)
        self.panel.show_outcome(actions["outcomes.show"].isChecked())
        self._show_all()

    def save_state(self) -> dict[str, object]:
        """Pane widths, query, layers, levels, view, reader, whether outcomes are shown."""
        return {
            "panes": self.panes.save_state(),
            "query": self.list.query.save_state(),
            "room": self.room.save_state(),
            "reader": self.panel.judgement.reader.text(),
            "outcomes": self._actions["outcomes.show"].isChecked(),
        }

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; what does not fit is ignored."""
        panes, room, reader = (state.get(key) for key in ("panes", "room", "reader"))
        if isinstance(panes, dict):
            self.panes.restore_state(panes)
        if isinstance(room, dict):
            self.room.restore_state(room)
        self.list.query.restore_state(state.get("query"))
        if isinstance(reader, str) and reader:
            self.panel.judgement.reader.setText(reader)
        self._actions["outcomes.show"].setChecked(state.get("outcomes") is not False)

    def sign(self) -> None:
        """Keep the reader's judgement and go to the next patient without one."""
        patient = self._workspace.patient
        if patient is None:
            return
        review = self.panel.judgement.review(patient.id, self._workspace.verdict(patient.id))
        if review is None:
            self.info.say("Choose your judgement from 1 to 5 first, then sign.", "info")
            return
        self._workspace.add_review(review)
        self.info.hide()
        self.list.next_to_read()

    def save_report(self, path: Path) -> None:
        """Write the report of the patient on screen, as PDF or HTML by the name's ending."""
        from aln_desk.gui import reporting

        contents = reporting.gather(self._workspace, self._actions["outcomes.show"].isChecked())
        if contents is None:
            self.info.say("This patient has no verdict to report yet; let the model read the project first.", "info")
            return
        tasks.run(
            partial(reporting.save, contents, path),
            lambda saved: self.info.say(f"The report is saved: {saved}", "info"),
            lambda error: self.info.say(str(error), "error"),
        )

    # What is shown

    def _show_project(self) -> None:
        self.info.hide()  # it told of the project before
        self.room.info.hide()
        self._show_all()

    def _show_all(self) -> None:
        self._show_patient()
        self._show_instance()

    def _show_patient(self) -> None:
        patient = self._workspace.patient
        self.panes.set_empty(self.panel, patient is None)
        self.strip.show_bag(patient)
        if patient is not None:
            self.panel.show_patient(patient)
            self.panel.judgement.begin(self._workspace.reviews(patient.id))
            self._show_verdict()

    def _show_instance(self) -> None:
        instance = self._workspace.instance
        self.room.refresh()
        name = instance.id if instance else ""
        self.strip.mark(name)
        self.panel.shares.mark(name)
        self._show_findings()

    def _show_verdict(self) -> None:
        patient = self._workspace.patient
        if patient is None:
            return
        verdict, model = self._workspace.verdict(patient.id), self._workspace.model
        self.panel.show_verdict(patient, verdict, model)
        is_read = self._workspace.is_read(patient.id)
        busy = not self._actions["review.read"].isEnabled()
        self.panel.show_model(model, verdict, is_read, busy)
        colour = verdict_colour(verdict.decision if verdict else None)
        self.strip.show_shares(verdict.shares if verdict else {}, colour)
        self.panel.shares.mark(self._workspace.instance.id if self._workspace.instance else "")

    def _show_findings(self) -> None:
        instance = self._workspace.instance
        prediction = self._workspace.prediction(instance.id) if instance else None
        model = self._workspace.model
        if prediction is None or model is None:
            blind = model is not None and not model.reads_images
            self.panel.findings.tell([("The model looks at no image" if blind else "Not read by the model yet", "")])
            self.panel.image_seen.tell(Seen.UNKNOWN)
            return
        facts = _findings(prediction, model)
        if not isnan(self.room.overlap):
            facts.append(("Overlap (Dice)", f"{self.room.overlap:.2f}"))
        self.panel.findings.tell(facts)
        self.panel.image_seen.tell(model.has_seen(prediction))

    def _prediction_changed(self, patient: str) -> None:
        if self._workspace.patient is not None and self._workspace.patient.id == patient:
            self._show_verdict()
            self.room.refresh_overlays()
            self._show_findings()

    def _annotation_changed(self, name: str) -> None:
        if self._workspace.instance is not None and self._workspace.instance.id == name:
            self.room.refresh_overlays()

    # Wiring

    def _connect_panel(self) -> None:
        self.panel.instanceChosen.connect(self._workspace.select_instance)
        self.panel.readRequested.connect(self._actions["review.read"].trigger)
        self.panel.reportRequested.connect(self._ask_report)
        self.panel.signRequested.connect(self.sign)
        self.strip.chosen.connect(self._workspace.select_instance)
        self.room.overlapChanged.connect(self._show_findings)

    def _connect_workspace(self) -> None:
        workspace = self._workspace
        workspace.projectChanged.connect(self._show_project)
        workspace.patientSelected.connect(self._show_patient)
        workspace.instanceSelected.connect(self._show_instance)
        workspace.verdictsChanged.connect(self._show_verdict)
        workspace.modelChanged.connect(self._show_verdict)
        workspace.predictionChanged.connect(self._prediction_changed)
        workspace.annotationChanged.connect(self._annotation_changed)
        self._actions["review.read"].changed.connect(self._show_verdict)

    def _connect_actions(self) -> None:
        on = self._actions.on
        on("go.patient_next", self, partial(self.list.step, 1))
        on("go.patient_back", self, partial(self.list.step, -1))
        on("go.image_next", self, self._workspace.next_instance)
        on("go.image_back", self, self._workspace.previous_instance)
        on("go.next_to_do", self, self.list.next_to_read)
        on("go.query", self, self.list.query.setFocus)
        for step in range(1, len(STEPS) + 1):
            on(f"judge.{step}", self, partial(self.panel.judgement.choose, step))
        on("review.sign", self, self.sign)
        on("review.report", self, self._ask_report)
        self._actions.keysChanged.connect(self._tell_keys)
        self._tell_keys()

    def _tell_keys(self) -> None:
        key = self._actions.key
        self.panel.tell_keys(key("review.sign"), [key(f"judge.{step}") for step in range(1, len(STEPS) + 1)])

    def _ask_report(self) -> None:
        patient = self._workspace.patient
        if patient is None:
            return
        kinds = "PDF (*.pdf);;Web page (*.html)"
        chosen = file_dialogs.choose_file_to_save(self, "Save the patient's report", f"{patient.id}.pdf", kinds)
        if chosen is not None:
            self.save_report(chosen)

    def _lay_out(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.room, 1)
        column.addWidget(self.strip)
        self.info.float_over(centre)
        self.panes = Panes([self.list, centre, self.panel], [304, 742, 320])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panes)


def _findings(prediction: InstancePrediction, model: ModelInUse) -> list[tuple[str, str]]:
    """What the model was taught to tell of an image; the rest of what it gives means nothing."""
    facts = [("Lesion type", VIEW_WORDS[prediction.view])] if model.tells_type else []
    facts += [("Image score", f"{prediction.status_score:.2f}")] if model.knows_outcome else []
    area = f"{percent(float(prediction.mask.mean()))} of the image"
    return [*facts, ("Predicted area", area)] if model.draws else facts
