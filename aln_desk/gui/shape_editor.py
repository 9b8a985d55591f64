"""What the panel, the list of shapes and the keys do to the shapes on the canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog

from aln_desk.domain import edit, geometry
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.labels import DEFAULT, Label, label_of
from aln_desk.domain.patient import View
from aln_desk.domain.progress import FLAGS, Status, with_note, with_status
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Shape
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.shape_panel import ShapePanel

_LABEL_OF_VIEW = {View.TUMOUR: TUMOUR_LABEL, View.NODE: NODE_LABEL}
_SMALL_PART = 0.1
"""A part of the predicted mask with less than this share of the largest part's area is left out as noise."""


class ShapeEditor(QObject):
    """Keeps canvas and panel in step. Edits go through the canvas, which tells of them; hiding is no edit.

    ``said`` carries what stands in the way of what was asked, in a sentence.
    """

    said = Signal(str)

    def __init__(self, canvas: ImageCanvas, panel: ShapePanel) -> None:
        super().__init__(panel)
        self.canvas = canvas
        self.panel = panel
        self.labels: tuple[Label, ...] = DEFAULT
        self._copied: tuple[Shape, ...] = ()
        self._hidden: list[Shape] = []
        canvas.selectionChanged.connect(self.show)
        panel.labels.chosen.connect(self.choose_label)
        panel.details.described.connect(self._describe)
        panel.details.attributed.connect(self._attribute)
        panel.details.flagged.connect(self._flag_shape)
        panel.noLesionChosen.connect(partial(self.flag_image, NO_LESION))
        panel.image.flagged.connect(self.flag_image)
        panel.image.noted.connect(self._note)
        panel.table.chosen.connect(canvas.select)
        panel.table.eyePressed.connect(self._toggle_hidden)
        panel.table.lockPressed.connect(self._toggle_locked)
        panel.table.binPressed.connect(self._delete_row)

    def begin(self, view: View) -> None:
        """Another image: nothing of it is hidden, and the next shape is what the image shows."""
        self._hidden.clear()
        self._set_label(_LABEL_OF_VIEW[view])

    def offer(self, labels: Sequence[Label]) -> None:
        """The labels of the project."""
        self.labels = tuple(labels)
        self._set_label(self.canvas.editing.label)
        self.show()

    def show(self) -> None:
        """List the shapes as the canvas has them now."""
        shapes = self.canvas.editing.shapes
        away = {id(shape) for shape in self._hidden}
        hidden = frozenset(index for index, shape in enumerate(shapes) if id(shape) in away)
        self.canvas.editing.set_hidden(hidden)
        selection = self.canvas.selection
        self.panel.table.tell(shapes, hidden, selection)
        only = shapes[next(iter(selection))] if len(selection) == 1 else None
        offered = label_of(self.labels, only.label) if only is not None else None
        self.panel.details.tell(only, offered, self.canvas.editing.spacing)

    def choose_label(self, word: str) -> None:
        """A label for the selection, and for what is drawn next."""
        self._set_label(word)
        self.canvas.editing.relabel_selected(word)

    def choose_key(self, key: int) -> None:
        """The label of this digit."""
        if (word := self.panel.labels.word_of(key)) is not None:
            self.choose_label(word)

    def ask_label(self) -> None:
        """Let the user choose or type a label."""
        offered = [one.word for one in self.labels]
        known = list(dict.fromkeys([*offered, *(shape.label for shape in self.canvas.editing.shapes)]))
        here = known.index(self.canvas.editing.label) if self.canvas.editing.label in known else 0
        word, accepted = QInputDialog.getItem(self.panel, "Change the label", "Label", known, here)
        if accepted and word.strip():
            self.choose_label(word.strip())

    def copy(self) -> None:
        """Keep the selected shapes for `paste`."""
        shapes = self.canvas.editing.shapes
        self._copied = tuple(shapes[index] for index in sorted(self.canvas.selection))

    def paste(self) -> None:
        """Add the copied shapes, on this or another image."""
        what = "Paste shape" if len(self._copied) == 1 else f"Paste {len(self._copied)} shapes"
        self.canvas.editing.add(self._copied, what)

    def _set_label(self, word: str) -> None:
        self.canvas.set_label(word)
        self.panel.set_labels(self.labels, word)

    def flag_image(self, name: str, yes: bool) -> None:
        """Set or clear a flag of the image, which LabelMe shows too."""
        words = "no lesion" if name == NO_LESION else FLAGS.get(name, name).lower()
        self._apply(lambda old: edit.set_flags(old, {name: yes}), f"{'Mark as' if yes else 'Unmark as'} {words}")

    def toggle_no_lesion(self) -> None:
        """Nothing to outline here, or not looked at after all."""
        annotation = self.canvas.editing.annotation
        if annotation is not None and annotation.shapes:
            self.said.emit("Something is outlined on this image, so it is not without a lesion.")
        elif annotation is not None:
            self.flag_image(NO_LESION, not annotation.flags.get(NO_LESION, False))

    def clear(self) -> None:
        """Delete every shape that is not locked; undo brings them back."""
        self.canvas.select(())
        self._apply(lambda old: edit.delete_shapes(old, range(len(old.shapes))), "Delete everything drawn")

    def set_status(self, status: Status, reason: str = "", reader: str = "") -> None:
        """How far the image is, as this reader says now."""
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        self._apply(lambda old: with_status(old, status, reason, reader, at), f"Mark as {status.value}")

    def _note(self, text: str) -> None:
        self._apply(lambda old: with_note(old, text.strip()), "Change the image's note")

    def _describe(self, text: str) -> None:
        self._apply(lambda old: edit.set_description(old, self.canvas.selection, text), "Change note")

    def _attribute(self, name: str, value: str) -> None:
        self._apply(lambda old: edit.set_attributes(old, self.canvas.selection, {name: value}), f"Set {name}")

    def _flag_shape(self, name: str, yes: bool) -> None:
        self._apply(lambda old: edit.set_shape_flags(old, self.canvas.selection, {name: yes}), f"Set {name}")

    def _apply(self, change: Callable[[Annotation], Annotation], what: str) -> None:
        annotation = self.canvas.editing.annotation
        if annotation is None:
            return
        try:
            changed = change(annotation)
        except AlnError as error:
            self.said.emit(str(error))
            return
        self.canvas.editing.apply(changed, what)

    def _toggle_hidden(self, row: int) -> None:
        shape = self.canvas.editing.shapes[row]
        kept = [one for one in self._hidden if one is not shape]
        self._hidden = kept if len(kept) < len(self._hidden) else [*kept, shape]
        self.show()

    def toggle_locked(self) -> None:
        """Lock the selected shapes, or unlock them where all are locked."""
        chosen, shapes = self.canvas.selection, self.canvas.editing.shapes
        if chosen:
            locked = not all(shapes[index].locked for index in chosen)
            self._apply(lambda old: edit.set_locked(old, chosen, locked), "Lock shapes" if locked else "Unlock shapes")

    def toggle_all_hidden(self) -> None:
        """Hide every shape, or show all where some are hidden."""
        self._hidden = [] if self._hidden else list(self.canvas.editing.shapes)
        self.show()

    def _toggle_locked(self, row: int) -> None:
        locked = not self.canvas.editing.shapes[row].locked
        self._apply(lambda old: edit.set_locked(old, [row], locked), "Lock shape" if locked else "Unlock shape")

    def _delete_row(self, row: int) -> None:
        self.canvas.select([row])
        self.canvas.editing.delete_selected()


def proposal(prediction: InstancePrediction) -> list[Shape]:
    """The predicted mask as polygons, largest first, labelled with the lesion type the model sees."""
    from aln_desk.io.rasterize import outlines

    parts = outlines(prediction.mask, tolerance=1.0)
    least = _SMALL_PART * max((abs(geometry.signed_area(points)) for points in parts), default=0.0)
    return [
        Shape(_LABEL_OF_VIEW[prediction.view], points) for points in parts if abs(geometry.signed_area(points)) >= least
    ]
