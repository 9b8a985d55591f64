"""What the panel, the list of shapes and the keys do to the shapes on the canvas."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from aln_desk.domain import edit, geometry
from aln_desk.domain.annotation import NO_LESION
from aln_desk.domain.patient import View
from aln_desk.domain.shape import LABELS, NODE_LABEL, TUMOUR_LABEL, Shape
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.shape_panel import ShapePanel

_LABEL_OF_VIEW = {View.TUMOUR: TUMOUR_LABEL, View.NODE: NODE_LABEL}
_SMALL_PART = 0.1
"""A part of the predicted mask with less than this share of the largest part's area is left out as noise."""


class ShapeEditor(QObject):
    """Keeps canvas and panel in step. Edits go through the canvas, which tells of them; hiding is no edit."""

    def __init__(self, canvas: ImageCanvas, panel: ShapePanel) -> None:
        super().__init__(panel)
        self.canvas = canvas
        self.panel = panel
        self._copied: tuple[Shape, ...] = ()
        self._hidden: list[Shape] = []
        canvas.selectionChanged.connect(self.show)
        panel.labelChosen.connect(self.choose_label)
        panel.described.connect(self._describe)
        panel.noLesionChosen.connect(self._mark_no_lesion)
        panel.table.chosen.connect(canvas.select)
        panel.table.eyePressed.connect(self._toggle_hidden)
        panel.table.lockPressed.connect(self._toggle_locked)
        panel.table.binPressed.connect(self._delete_row)

    def begin(self, view: View) -> None:
        """Another image: nothing of it is hidden, and the next shape is what the image shows."""
        self._hidden.clear()
        self._set_label(_LABEL_OF_VIEW[view])

    def show(self) -> None:
        """List the shapes as the canvas has them now."""
        shapes = self.canvas.editing.shapes
        away = {id(shape) for shape in self._hidden}
        hidden = frozenset(index for index, shape in enumerate(shapes) if id(shape) in away)
        self.canvas.editing.set_hidden(hidden)
        selection = self.canvas.selection
        self.panel.table.tell(shapes, hidden, selection)
        only = next(iter(selection)) if len(selection) == 1 else None
        self.panel.set_description(shapes[only].description if only is not None else None)

    def choose_label(self, word: str) -> None:
        """A label for the selection, and for what is drawn next."""
        self._set_label(word)
        self.canvas.editing.relabel_selected(word)

    def ask_label(self) -> None:
        """Let the user choose or type a label."""
        known = list(dict.fromkeys([*LABELS, *(shape.label for shape in self.canvas.editing.shapes)]))
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

    def add_outline(self, prediction: InstancePrediction) -> None:
        """Add what a model outlined as shapes to correct."""
        self.canvas.editing.add(proposal(prediction), "Use model outline")

    def _set_label(self, word: str) -> None:
        self.canvas.set_label(word)
        self.panel.set_label(word)

    def _describe(self, text: str) -> None:
        annotation = self.canvas.editing.annotation
        if annotation is not None:
            self.canvas.editing.apply(edit.set_description(annotation, self.canvas.selection, text), "Change note")

    def _mark_no_lesion(self, yes: bool) -> None:
        annotation = self.canvas.editing.annotation
        if annotation is not None:
            what = "Mark as without lesion" if yes else "Mark as not looked at"
            self.canvas.editing.apply(edit.set_flags(annotation, {NO_LESION: yes}), what)

    def _toggle_hidden(self, row: int) -> None:
        shape = self.canvas.editing.shapes[row]
        kept = [one for one in self._hidden if one is not shape]
        self._hidden = kept if len(kept) < len(self._hidden) else [*kept, shape]
        self.show()

    def _toggle_locked(self, row: int) -> None:
        annotation = self.canvas.editing.annotation
        if annotation is not None:
            locked = not annotation.shapes[row].locked
            self.canvas.editing.apply(
                edit.set_locked(annotation, [row], locked), "Lock shape" if locked else "Unlock shape"
            )

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
