"""Draw and correct outlines, image by image; every edit is saved on its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import spacing_in
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import View
from aln_desk.domain.progress import WAITING, Status, status_of, with_status
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.assist_process import AssistProcess
from aln_desk.gui.calibrating import Calibrating
from aln_desk.gui.file_dialogs import choose_file
from aln_desk.gui.following import Following
from aln_desk.gui.pages.annotate_actions import connect_actions
from aln_desk.gui.proposing import Proposing
from aln_desk.gui.renaming import Renaming
from aln_desk.gui.shape_editor import ShapeEditor, proposal
from aln_desk.gui.shape_operations import ShapeOperations
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.outline_list import OutlineList
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.widgets.proposal_bar import ProposalBar
from aln_desk.gui.widgets.shape_panel import ShapePanel
from aln_desk.gui.widgets.tool_strip import ToolStrip
from aln_desk.gui.workspace import Workspace
from aln_desk.io.annotations import save_annotation


class AnnotatePage(QWidget):
    """Left the images, centre tools and image, right the shapes."""

    title = "Annotate"

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self.list = OutlineList(workspace)
        self.strip = ToolStrip(actions)
        # First what the reader sees, then the model.
        self.room = ImageRoom(workspace, actions, shown={"drawn"}, mode="annotate")
        self.canvas = self.room.canvas
        self.panel = ShapePanel(actions)
        self.state = label("", "caption")
        self.place = label("", "caption")
        self.hint = label("", "caption")
        self.shapes = ShapeEditor(self.canvas, self.panel)
        self.bar = ProposalBar()
        self.proposing = Proposing(workspace, self.canvas, self.bar, AssistProcess(self), self)
        self.following = Following(workspace, self.canvas, self.proposing, self)
        self.renaming = Renaming(workspace, self)
        self.calibrating = Calibrating(workspace, self.canvas, self.panel.measures, self)
        self.operations = ShapeOperations(self.canvas.editing, lambda: self.canvas.camera.zoom)
        self._lay_out()
        self._connect_canvas()
        self._connect_workspace()
        connect_actions(self, actions, workspace)
        self.list.explain_in(self.room)
        self.setFocusProxy(self.canvas)
        self._assisted = self._said = ""
        self._follow()

    def save_state(self) -> dict[str, object]:
        """Pane widths, filter, layers, levels, view."""
        return {
            "panes": self.panes.save_state(),
            "status": self.list.status.currentIndex(),
            "room": self.room.save_state(),
            "tab": self.panel.currentIndex(),
            "checkpoint": self.proposing.checkpoint,
        }

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; what does not fit is ignored."""
        panes, room = state.get("panes"), state.get("room")
        if isinstance(panes, dict):
            self.panes.restore_state(panes)
        if isinstance(room, dict):
            self.room.restore_state(room)
        self.list.status.setCurrentIndex(status if isinstance(status := state.get("status"), int) else 0)
        checkpoint = state.get("checkpoint")
        if isinstance(checkpoint, str) and Path(checkpoint).is_file():
            self.proposing.use(checkpoint)
        self.panel.setCurrentIndex(tab if isinstance(tab := state.get("tab"), int) else 0)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another mode: what is half drawn is kept where it makes a shape."""
        self.canvas.conclude()
        super().hideEvent(event)

    def use_model_outline(self) -> None:
        """Propose what the model outlined when it read the image; it looks again where it has not."""
        prediction, model = self._prediction(), self._workspace.model
        if prediction is None or model is None:
            self.proposing.ask_model()
        else:
            origin = {"by": "stage 1", "model": model.digest}
            self.proposing.propose(proposal(prediction), origin, "Accept outline of the model")

    def choose_checkpoint(self) -> None:
        """Let the user choose a Segment Anything file for clicks."""
        title = "Segment Anything: a safetensors file (ViT-B, L or H)"
        chosen = choose_file(self, title, "Parameters (*.safetensors)")
        if chosen is not None:
            self.proposing.use(str(chosen))
            self.choose_tool("assist")

    def shut_down(self) -> None:
        """End what helps with outlining, and wait until it is gone."""
        self.proposing.shut_down()

    def done(self) -> None:
        """The image is finished: on to the next that is not."""
        self.canvas.conclude()
        self.shapes.set_status(Status.DONE)
        self.list.next_to_do()

    def ask_rejection(self) -> None:
        """Ask why the image is rejected, where its state stands."""
        self.panel.ask_reason()

    def go_on_with_copy(self, step: int) -> None:
        """The selected shapes (all where none is) also on the image one ``step`` on, and go there."""
        shapes, chosen = self.canvas.editing.shapes, self.canvas.selection
        copied = [shape for index, shape in enumerate(shapes) if not chosen or index in chosen]
        instance = self._workspace.neighbour(step)
        if instance is None or not self.room.shown:
            self.room.info.say("There is no image to go on to.", "warning")
            return
        try:
            there = self._workspace.annotation(instance.id)
        except AlnError as error:
            self.room.info.say(str(error), "error")
            return
        added = tuple(shape for shape in copied if shape not in there.shapes)
        if added:
            grown = there.with_shapes((*there.shapes, *added))
            if status_of(there) in WAITING:  # nobody has fitted the copies yet
                grown = with_status(grown, Status.IN_PROGRESS)
            self._workspace.edit(instance.id, grown, "Copy from the image before")
        self._workspace.select_instance(instance.id)

    def edit_labels(self) -> None:
        """Let the user change the words, colours and keys of the labels."""
        from aln_desk.gui.widgets.label_dialog import LabelDialog

        if self._workspace.project is not None:
            LabelDialog(self._workspace, self).exec()

    def start_anew(self) -> None:
        """Put the damaged annotation file aside and begin with an empty one."""
        instance = self._workspace.instance
        if instance is not None:
            tasks.run(
                partial(save_annotation, instance, Annotation(image_path="")),
                lambda _: self._follow(),
                lambda error: self.room.info.say(str(error), "error"),
                tasks.Lane.WRITE,
            )

    # What is shown

    def _follow(self) -> None:
        """Show the selected image; until its pixels are here the last one stays, and nothing can be drawn on it."""
        self.panel.image.keep_note()  # it belongs to the image that is still shown
        instance = self._workspace.instance
        self.room.info.hide()
        if instance is None or instance.id != self.room.shown:
            self._set_drawing(False)
            self.shapes.begin(instance.view if instance is not None else View.TUMOUR)
        self.room.refresh()

    def _follow_project(self) -> None:
        """What is half drawn belonged to the project before, whose images may bear the same names as this one's."""
        self.canvas.cancel()
        self._follow_labels()
        self._follow()

    def _follow_labels(self) -> None:
        self.shapes.offer(self._workspace.labels)
        self.canvas.look_again()

    def _show_image(self) -> None:
        """The room has put an image on screen: show what belongs to it."""
        annotation, damaged = self._annotation()
        if self.room.shown != self._assisted:
            self._show_place(-1, -1)  # the pointer has not moved on this image yet
        self._tell_assistant()
        self.canvas.editing.spacing = spacing_in(annotation) if annotation is not None else None
        self.canvas.set_spacing(self.canvas.editing.spacing)
        self._set_drawing(annotation is not None and not self._workspace.read_only)
        self.panel.set_state(annotation, damaged)
        self._show_history(annotation)
        self.shapes.show()
        self._show_outline_button()
        self._show_saved()

    def _tell_assistant(self) -> None:
        """Which image is on screen, and which is likely the next."""
        if self.room.shown == self._assisted:
            return
        self._assisted = self.room.shown
        instance, upcoming = self._workspace.instance, self._workspace.neighbour(1)
        shown = instance.image if instance is not None and self.room.shown else ""
        self.proposing.begin(shown, upcoming.image if shown and upcoming is not None else "")

    def _set_drawing(self, possible: bool) -> None:
        self.canvas.set_editable(possible)
        self.strip.set_drawing(possible)
        self._show_hint()

    def _show_history(self, annotation: Annotation | None) -> None:
        history = self._workspace.history(self.room.shown) if annotation is not None else None
        self.panel.set_history(history)
        self.strip.set_history(history.undo_what if history else "", history.redo_what if history else "")

    def _show_outline_button(self) -> None:
        prediction = self._prediction()
        hindrance, model = "", self._workspace.model
        if not self.canvas.editable:
            hindrance = "There is nothing on screen to add an outline to"
        elif model is None or not model.draws:
            hindrance = "The model in use outlines nothing"
        elif prediction is not None and not prediction.mask.any():
            hindrance = "The model outlines nothing on this image"
        self.panel.set_outline(hindrance)

    def _show_saved(self, text: str = "") -> None:
        resting = "Saving…" if self.room.shown in self._workspace.unsaved else "Saved"
        self.state.setText((text or resting) if self.room.shown else "")

    def _show_place(self, x: float, y: float) -> None:
        size = self.canvas.image_size()
        inside = 0 <= x < size.width() and 0 <= y < size.height()
        where = f"x {x:.0f}, y {y:.0f} · " if inside else ""
        self.place.setText(f"{where}{size.width():.0f} × {size.height():.0f} px" if not size.isEmpty() else "")

    def _say(self, sentence: str) -> None:
        """What stood in the way of an edit; it is over with the next edit."""
        self._said = sentence
        self.room.info.say(sentence, "warning")

    def _show_hint(self) -> None:
        self.hint.setText(self.canvas.hint)

    def _annotation(self) -> tuple[Annotation | None, bool]:
        """(annotation, damaged) of the image on screen."""
        if not self.room.shown:
            return None, False
        try:
            return self._workspace.annotation(self.room.shown), False
        except AlnError:  # the room says what is wrong with the file
            return None, True

    def _prediction(self) -> InstancePrediction | None:
        return self._workspace.prediction(self.room.shown) if self.room.shown else None

    # Edits

    def _edited(self, annotation: Annotation, what: str) -> None:
        """Edits belong to the image on screen, which may not be the selected one yet."""
        if self.room.shown:
            self._workspace.edit(self.room.shown, annotation, what)
        if self._said and self.room.info.text == self._said:
            self.room.info.hide()

    # Wiring

    def _connect_canvas(self) -> None:
        self.canvas.annotationEdited.connect(self._edited)
        self.canvas.cursorMoved.connect(self._show_place)
        self.canvas.toolChanged.connect(self.strip.set_tool)
        rare = (self.canvas.toolChanged, self.canvas.selectionChanged, self.canvas.rulerChanged)
        moments = (*rare, self.canvas.cursorMoved)  # a shape being drawn tells how to end it
        for changed in (*moments, self.canvas.editing.touched):
            changed.connect(lambda *_: self._show_hint())
        self.strip.toolChosen.connect(self.choose_tool)
        self.strip.set_tool(self.canvas.tool)

    def choose_tool(self, name: str) -> None:
        """Take a tool in hand, the keys with the image."""
        self.canvas.set_tool(name)
        self.canvas.setFocus()

    def _connect_workspace(self) -> None:
        workspace = self._workspace
        self.panel.outlineRequested.connect(self.use_model_outline)
        self.panel.anewRequested.connect(self.start_anew)
        self.panel.labelsRequested.connect(self.edit_labels)
        self.panel.history.chosen.connect(workspace.jump)
        self.panel.image.statusChosen.connect(self.shapes.set_status)
        self.panel.image.statusChosen.connect(lambda *_: self.canvas.setFocus())  # the keys go on with the image
        self.panel.measures.toolChosen.connect(self.choose_tool)
        for source in (self.shapes, self.operations, self.calibrating, self.proposing, self.following, self.renaming):
            source.said.connect(self._say)
        workspace.troubles.changed.connect(self._follow_owner)
        self.canvas.editing.noticed.connect(lambda sentence: self.room.info.say(sentence, "warning"))
        workspace.labelsChanged.connect(self._follow_labels)
        self.room.refreshed.connect(self._show_image)
        workspace.closing.connect(self.canvas.conclude)
        workspace.projectChanged.connect(self._follow_project)
        workspace.instanceSelected.connect(self._follow)
        workspace.annotationChanged.connect(self._annotation_changed)
        workspace.predictionChanged.connect(self._prediction_changed)
        workspace.saveStateChanged.connect(self._show_saved)

    def _follow_owner(self) -> None:
        """Who may edit the outlines may be another window now."""
        if self._workspace.instance is not None and self._workspace.instance.id == self.room.shown:
            self._show_image()

    def _annotation_changed(self, name: str) -> None:
        if name == self.room.shown:
            self.room.refresh_overlays()
            self._show_image()

    def _prediction_changed(self, patient: str) -> None:
        if self._workspace.patient is not None and self._workspace.patient.id == patient:
            self.room.refresh_overlays()
            self._show_outline_button()

    def _lay_out(self) -> None:
        below = QWidget()
        foot = QHBoxLayout(below)
        foot.setContentsMargins(12, 4, 12, 4)
        foot.setSpacing(12)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # never widens the page
        foot.addWidget(self.place)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.state)
        image = QVBoxLayout()
        image.setSpacing(0)
        image.addWidget(self.room, 1)
        image.addLayout(_one_over_other(below, self.bar))
        centre = QWidget()
        across = QHBoxLayout(centre)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.strip)
        across.addLayout(image, 1)
        self.panes = Panes([self.list, centre, self.panel], [270, 780, 290])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panes)


def _one_over_other(below: QWidget, above: QWidget) -> QGridLayout:
    """Both in one place that is always high enough for either: what is shown ``above`` moves nothing."""
    policy = above.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    above.setSizePolicy(policy)
    place = QGridLayout()
    for widget in (below, above):
        place.addWidget(widget, 0, 0)
    above.raise_()
    return place
