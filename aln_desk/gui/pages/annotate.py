"""Draw and correct outlines, image by image; every edit is saved on its own."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QVBoxLayout, QWidget

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import View
from aln_desk.domain.shape import LABELS, NODE_LABEL, TUMOUR_LABEL, Shape
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.outline_list import OutlineList
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.widgets.shape_panel import ShapePanel
from aln_desk.gui.widgets.tool_strip import ToolStrip
from aln_desk.gui.workspace import Workspace
from aln_desk.io.annotations import save_annotation

_LABEL_OF_VIEW = {View.TUMOUR: TUMOUR_LABEL, View.NODE: NODE_LABEL}
_SMALL_PART = 0.1
"""A part of the predicted mask with less than this share of the largest part's box is left out as noise."""


class AnnotatePage(QWidget):
    """Left the images, centre tools and image, right the shapes."""

    title = "Annotate"

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self.list = OutlineList(workspace)
        self.strip = ToolStrip(actions)
        self.room = ImageRoom(workspace, actions)
        self.canvas = self.room.canvas
        self.panel = ShapePanel(actions)
        self.state = label("", "caption")
        self.place = label("", "caption")
        self._copied: tuple[Shape, ...] = ()
        self._hidden: list[Shape] = []
        self._lay_out()
        self._connect_canvas()
        self._connect_panel()
        self._connect_workspace()
        self._connect_actions(actions)
        self.setFocusProxy(self.canvas)
        self._show_instance()

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

    def use_model_outline(self) -> None:
        """Add what the model outlined as shapes to correct."""
        prediction = self._prediction()
        if prediction is not None and prediction.mask.any():
            self.canvas.editing.add(proposal(prediction), "Use model outline")

    def start_anew(self) -> None:
        """Put the damaged annotation file aside and begin with an empty one."""
        instance = self._workspace.instance
        if instance is not None:
            tasks.run(
                partial(save_annotation, instance, Annotation(image_path="")),
                lambda _: self._show_instance(),
                lambda error: self.room.info.say(str(error), "error"),
                tasks.Lane.WRITE,
            )

    # What is shown

    def _show_instance(self) -> None:
        instance = self._workspace.instance
        self._hidden.clear()
        self.room.info.hide()
        self.room.refresh()
        if instance is not None:
            self._set_label(_LABEL_OF_VIEW[instance.view])
        self._show_annotation()
        self._show_outline_button()
        self._show_saved()

    def _show_annotation(self) -> None:
        """Shapes, history and whether anything can be drawn."""
        annotation, damaged = self._annotation()
        self.room.refresh_overlays()
        self.canvas.set_editable(annotation is not None)
        self.strip.set_drawing(annotation is not None)
        self.panel.set_state(len(annotation.shapes) if annotation else 0, damaged)
        self._show_history(annotation)
        self._show_shapes()

    def _show_history(self, annotation: Annotation | None) -> None:
        if annotation is None or self._workspace.instance is None:
            self.strip.set_history("", "")
            return
        history = self._workspace.history(self._workspace.instance.id)
        self.strip.set_history(history.undo_what, history.redo_what)

    def _show_shapes(self) -> None:
        shapes = self.canvas.editing.shapes
        away = {id(shape) for shape in self._hidden}
        hidden = frozenset(index for index, shape in enumerate(shapes) if id(shape) in away)
        self.canvas.editing.set_hidden(hidden)
        selection = self.canvas.selection
        self.panel.table.tell(shapes, hidden, selection)
        only = next(iter(selection)) if len(selection) == 1 else None
        self.panel.set_description(shapes[only].description if only is not None else None)

    def _show_outline_button(self) -> None:
        prediction = self._prediction()
        hindrance = ""
        if prediction is None:
            hindrance = "The model has not read this image yet (Model, Read this project with the model)"
        elif not prediction.mask.any():
            hindrance = "The model outlines nothing on this image"
        self.panel.set_outline(hindrance)

    def _show_saved(self, text: str = "") -> None:
        instance = self._workspace.instance
        unsaved = instance is not None and instance.id in self._workspace.unsaved
        self.state.setText(text or ("Saving…" if unsaved else ("Saved" if instance else "")))

    def _show_place(self, x: float, y: float) -> None:
        size = self.canvas.image_size()
        inside = 0 <= x < size.width() and 0 <= y < size.height()
        where = f"x {x:.0f}, y {y:.0f} · " if inside else ""
        self.place.setText(f"{where}{size.width():.0f} × {size.height():.0f} px" if not size.isEmpty() else "")

    def _annotation(self) -> tuple[Annotation | None, bool]:
        """(annotation, damaged) of the image on screen."""
        if self._workspace.instance is None:
            return None, False
        try:
            return self._workspace.annotation(self._workspace.instance.id), False
        except AlnError:  # the room says what is wrong with the file
            return None, True

    def _prediction(self) -> InstancePrediction | None:
        instance = self._workspace.instance
        return self._workspace.prediction(instance.id) if instance is not None else None

    # Edits

    def _edited(self, annotation: Annotation, what: str) -> None:
        if self._workspace.instance is not None:
            self._workspace.edit(self._workspace.instance.id, annotation, what)

    def _apply(self, annotation: Annotation, what: str) -> None:
        self.canvas.editing.apply(annotation, what)

    def _set_label(self, word: str) -> None:
        """For the selection, and for what is drawn next."""
        self.canvas.set_label(word)
        self.panel.set_label(word)

    def _choose_label(self, word: str) -> None:
        self._set_label(word)
        self.canvas.editing.relabel_selected(word)

    def _ask_label(self) -> None:
        known = list(dict.fromkeys([*LABELS, *(shape.label for shape in self.canvas.editing.shapes)]))
        here = known.index(self.canvas.editing.label) if self.canvas.editing.label in known else 0
        word, accepted = QInputDialog.getItem(self, "Change the label", "Label", known, here)
        if accepted and word.strip():
            self._choose_label(word.strip())

    def _describe(self, text: str) -> None:
        annotation = self.canvas.editing.annotation
        if annotation is not None:
            self._apply(edit.set_description(annotation, self.canvas.selection, text), "Change note")

    def _toggle_hidden(self, row: int) -> None:
        shape = self.canvas.editing.shapes[row]
        kept = [one for one in self._hidden if one is not shape]
        self._hidden = kept if len(kept) < len(self._hidden) else [*kept, shape]
        self._show_shapes()

    def _toggle_locked(self, row: int) -> None:
        annotation = self.canvas.editing.annotation
        if annotation is not None:
            locked = not annotation.shapes[row].locked
            self._apply(edit.set_locked(annotation, [row], locked), "Lock shape" if locked else "Unlock shape")

    def _delete_row(self, row: int) -> None:
        self.canvas.select([row])
        self.canvas.editing.delete_selected()

    def _copy(self) -> None:
        shapes = self.canvas.editing.shapes
        self._copied = tuple(shapes[index] for index in sorted(self.canvas.selection))

    def _paste(self) -> None:
        what = "Paste shape" if len(self._copied) == 1 else f"Paste {len(self._copied)} shapes"
        self.canvas.editing.add(self._copied, what)

    # Wiring

    def _connect_canvas(self) -> None:
        self.canvas.annotationEdited.connect(self._edited)
        self.canvas.selectionChanged.connect(self._show_shapes)
        self.canvas.cursorMoved.connect(self._show_place)
        self.canvas.toolChanged.connect(self.strip.set_tool)
        self.strip.toolChosen.connect(self._choose_tool)
        self.strip.set_tool(self.canvas.tool)

    def _choose_tool(self, name: str) -> None:
        self.canvas.set_tool(name)
        self.canvas.setFocus()

    def _connect_panel(self) -> None:
        panel, table = self.panel, self.panel.table
        panel.labelChosen.connect(self._choose_label)
        panel.outlineRequested.connect(self.use_model_outline)
        panel.anewRequested.connect(self.start_anew)
        panel.described.connect(self._describe)
        table.chosen.connect(self.canvas.select)
        table.eyePressed.connect(self._toggle_hidden)
        table.lockPressed.connect(self._toggle_locked)
        table.binPressed.connect(self._delete_row)

    def _connect_workspace(self) -> None:
        workspace = self._workspace
        workspace.projectChanged.connect(self._show_instance)
        workspace.instanceSelected.connect(self._show_instance)
        workspace.annotationChanged.connect(self._annotation_changed)
        workspace.predictionChanged.connect(self._prediction_changed)
        workspace.saveStateChanged.connect(self._show_saved)

    def _annotation_changed(self, name: str) -> None:
        if self._workspace.instance is not None and self._workspace.instance.id == name:
            self._show_annotation()

    def _prediction_changed(self, patient: str) -> None:
        if self._workspace.patient is not None and self._workspace.patient.id == patient:
            self.room.refresh_overlays()
            self._show_outline_button()

    def _connect_actions(self, actions: Actions) -> None:
        on, editing = actions.on, self.canvas.editing
        for name in ("select", "polygon", "rectangle", "circle"):
            on(f"tool.{name}", self, partial(self._choose_tool, name))
        on("label.tumour", self, partial(self._choose_label, TUMOUR_LABEL))
        on("label.node", self, partial(self._choose_label, NODE_LABEL))
        on("shape.delete", self, editing.delete_selected)
        on("shape.duplicate", self, editing.duplicate_selected)
        on("shape.select_all", self, editing.select_all)
        on("shape.copy", self, self._copy)
        on("shape.paste", self, self._paste)
        on("shape.relabel", self, self._ask_label)
        on("go.image_next", self, self._workspace.next_instance)
        on("go.image_back", self, self._workspace.previous_instance)
        on("go.patient_next", self, self._workspace.next_patient)
        on("go.patient_back", self, self._workspace.previous_patient)
        on("go.next_to_do", self, self.list.next_to_do)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 12, 4)
        foot.addWidget(self.place)
        foot.addStretch(1)
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


def proposal(prediction: InstancePrediction) -> list[Shape]:
    """The predicted mask as polygons, largest first, labelled with the lesion type the model sees."""
    from aln_desk.domain.geometry import signed_area
    from aln_desk.io.rasterize import outlines

    parts = outlines(prediction.mask, tolerance=1.0)
    least = _SMALL_PART * max((abs(signed_area(points)) for points in parts), default=0.0)
    return [Shape(_LABEL_OF_VIEW[prediction.view], points) for points in parts if abs(signed_area(points)) >= least]
