"""Draw and correct outlines, image by image; every edit is saved on its own."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import View
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.shape_editor import ShapeEditor
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.outline_list import OutlineList
from aln_desk.gui.widgets.panes import Panes
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
        self.room = ImageRoom(workspace, actions, shown={"drawn"})  # first what the reader sees, then the model
        self.canvas = self.room.canvas
        self.panel = ShapePanel(actions)
        self.state = label("", "caption")
        self.place = label("", "caption")
        self.hint = label("", "caption")
        self.shapes = ShapeEditor(self.canvas, self.panel)
        self._lay_out()
        self._connect_canvas()
        self._connect_workspace()
        self._connect_actions(actions)
        self.setFocusProxy(self.canvas)
        self._follow()

    def save_state(self) -> dict[str, object]:
        """Pane widths, filter, layers, levels, view."""
        return {
            "panes": self.panes.save_state(),
            "to_do_only": self.list.to_do_only.isChecked(),
            "room": self.room.save_state(),
        }

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; what does not fit is ignored."""
        panes, room = state.get("panes"), state.get("room")
        if isinstance(panes, dict):
            self.panes.restore_state(panes)
        if isinstance(room, dict):
            self.room.restore_state(room)
        self.list.to_do_only.setChecked(state.get("to_do_only") is True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another mode: what is half drawn is kept where it makes a shape."""
        self.canvas.conclude()
        super().hideEvent(event)

    def use_model_outline(self) -> None:
        """Add what the model outlined as shapes to correct."""
        prediction = self._prediction()
        if prediction is not None:
            self.shapes.add_outline(prediction)

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
        instance = self._workspace.instance
        self.room.info.hide()
        if instance is None or instance.id != self.room.shown:
            self._set_drawing(False)
            self.shapes.begin(instance.view if instance is not None else View.TUMOUR)
        self.room.refresh()

    def _follow_project(self) -> None:
        """What is half drawn belonged to the project before, whose images may bear the same names as this one's."""
        self.canvas.cancel()
        self._follow()

    def _show_image(self) -> None:
        """The room has put an image on screen: show what belongs to it."""
        annotation, damaged = self._annotation()
        self._set_drawing(annotation is not None)
        self.panel.set_state(annotation, damaged)
        self._show_history(annotation)
        self.shapes.show()
        self._show_outline_button()
        self._show_saved()

    def _set_drawing(self, possible: bool) -> None:
        self.canvas.set_editable(possible)
        self.strip.set_drawing(possible)
        self._show_hint()

    def _show_history(self, annotation: Annotation | None) -> None:
        history = self._workspace.history(self.room.shown) if annotation is not None else None
        self.strip.set_history(history.undo_what if history else "", history.redo_what if history else "")

    def _show_outline_button(self) -> None:
        prediction = self._prediction()
        hindrance = ""
        if not self.canvas.editable:
            hindrance = "There is nothing on screen to add an outline to"
        elif prediction is None:
            hindrance = "The model has not read this image yet (menu Model, Read this project with the model)"
        elif not prediction.mask.any():
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

    # Wiring

    def _connect_canvas(self) -> None:
        self.canvas.annotationEdited.connect(self._edited)
        self.canvas.cursorMoved.connect(self._show_place)
        self.canvas.toolChanged.connect(self.strip.set_tool)
        for changed in (self.canvas.toolChanged, self.canvas.selectionChanged, self.canvas.editing.touched):
            changed.connect(lambda *_: self._show_hint())
        self.strip.toolChosen.connect(self._choose_tool)
        self.strip.set_tool(self.canvas.tool)

    def _choose_tool(self, name: str) -> None:
        self.canvas.set_tool(name)
        self.canvas.setFocus()

    def _connect_workspace(self) -> None:
        workspace = self._workspace
        self.panel.outlineRequested.connect(self.use_model_outline)
        self.panel.anewRequested.connect(self.start_anew)
        self.room.refreshed.connect(self._show_image)
        workspace.closing.connect(self.canvas.conclude)
        workspace.projectChanged.connect(self._follow_project)
        workspace.instanceSelected.connect(self._follow)
        workspace.annotationChanged.connect(self._annotation_changed)
        workspace.predictionChanged.connect(self._prediction_changed)
        workspace.saveStateChanged.connect(self._show_saved)

    def _annotation_changed(self, name: str) -> None:
        if name == self.room.shown:
            self.room.refresh_overlays()
            self._show_image()

    def _prediction_changed(self, patient: str) -> None:
        if self._workspace.patient is not None and self._workspace.patient.id == patient:
            self.room.refresh_overlays()
            self._show_outline_button()

    def _connect_actions(self, actions: Actions) -> None:
        on, editing, shapes = actions.on, self.canvas.editing, self.shapes
        for name in ("select", "polygon", "rectangle", "circle"):
            on(f"tool.{name}", self, partial(self._choose_tool, name))
        on("label.tumour", self, partial(shapes.choose_label, TUMOUR_LABEL))
        on("label.node", self, partial(shapes.choose_label, NODE_LABEL))
        on("shape.delete", self, editing.delete_selected)
        on("shape.duplicate", self, editing.duplicate_selected)
        on("shape.select_all", self, editing.select_all)
        on("shape.copy", self, shapes.copy)
        on("shape.paste", self, shapes.paste)
        on("shape.relabel", self, shapes.ask_label)
        on("go.image_next", self, self._workspace.next_instance)
        on("go.image_back", self, self._workspace.previous_instance)
        on("go.patient_next", self, self._workspace.next_patient)
        on("go.patient_back", self, self._workspace.previous_patient)
        on("go.next_to_do", self, self.list.next_to_do)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 12, 4)
        foot.setSpacing(12)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # never widens the page
        foot.addWidget(self.place)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.state)
        image = QVBoxLayout()
        image.setSpacing(0)
        image.addWidget(self.room, 1)
        image.addLayout(foot)
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
