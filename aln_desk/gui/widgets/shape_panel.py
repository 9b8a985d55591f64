"""What is drawn on the image, and what to call it: the right pane of Annotate. It shows and asks; the page acts."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, class_of
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.shape_table import ShapeTable

_LABELS = ((TUMOUR_LABEL, "Tumour", "label.tumour"), (NODE_LABEL, "Lymph node", "label.node"))
_EMPTY = "Nothing is outlined here yet. Draw around the lesion with the polygon tool: click point by point, or drag."
_DAMAGED = (
    "The outlines of this image cannot be read, so nothing is drawn over them. Repair the file, or start anew: "
    "the damaged file is then kept beside the new one."
)
_ABSENT = "There is no image on screen, so nothing can be outlined here."
_ALL = 1000
"""Stretch of the table: all the room while it is shown, which leaves none between the rest."""


class ShapePanel(QWidget):
    """``labelChosen``, ``outlineRequested``, ``anewRequested``, ``described(text)`` and ``noLesionChosen(yes)`` ask;
    ``table`` has its own.
    """

    labelChosen = Signal(str)
    outlineRequested = Signal()
    anewRequested = Signal()
    described = Signal(str)
    noLesionChosen = Signal(bool)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setMinimumWidth(250)
        self.heading = label("Shapes", "heading")
        self.table = ShapeTable()
        self.empty = label(_EMPTY, "muted", wrap=True)
        self.absent = label(_ABSENT, "muted", wrap=True)
        self.no_lesion = QCheckBox("No lesion on this image")
        self.no_lesion.setToolTip("Counts as done, and teaches the network that there is nothing to outline")
        self.no_lesion.clicked.connect(self.noLesionChosen)
        self.damaged = label(_DAMAGED, "notice", wrap=True)
        self.anew = button("Start anew", tip="Keeps the damaged file under another name")
        self.anew.clicked.connect(self.anewRequested)
        self.outline = button("Use model outline")
        self.outline.clicked.connect(self.outlineRequested)
        self.description = QLineEdit(placeholderText="Note on the selected shape")
        self.description.setAccessibleName("Note on the selected shape")
        self.description.editingFinished.connect(self._describe)
        self._described = ""
        self._labels = QButtonGroup(self, exclusive=True)
        self._buttons: dict[int, QPushButton] = {}
        self._lay_out(actions)
        self.set_state(None, damaged=False)

    def set_state(self, annotation: Annotation | None, damaged: bool) -> None:
        """What is known of the image on screen; None where its file is ``damaged``, or where there is no image."""
        shapes = len(annotation.shapes) if annotation else 0
        to_do = annotation is not None and not shapes
        self.no_lesion.setVisible(to_do)
        self.no_lesion.setChecked(bool(annotation and annotation.flags.get(NO_LESION)))
        self.heading.setText(f"Shapes of this image · {shapes}" if shapes else "Shapes of this image")
        self.table.setVisible(shapes > 0)
        self.description.setVisible(shapes > 0)
        self.empty.setVisible(to_do)
        self.absent.setVisible(annotation is None and not damaged)
        self.damaged.setVisible(damaged)
        self.anew.setVisible(damaged)
        for choice in self._buttons.values():
            choice.setEnabled(annotation is not None)

    def set_label(self, word: str) -> None:
        """Mark the label of the next shape; a word that names neither class marks none."""
        self._labels.setExclusive(False)
        for known, choice in self._buttons.items():
            choice.setChecked(known == class_of(word))
        self._labels.setExclusive(True)

    def set_description(self, text: str | None) -> None:
        """The note of the one selected shape, None where there is not exactly one."""
        self._described = text or ""
        self.description.setText(self._described)
        self.description.setEnabled(text is not None)

    def set_outline(self, hindrance: str) -> None:
        """Whether the model's outline can be used; ``hindrance`` says why not, empty when it can."""
        self.outline.setEnabled(not hindrance)
        self.outline.setToolTip(hindrance or "Adds what the model outlined on this image as a shape to correct")

    def _describe(self) -> None:
        if self.description.text() != self._described:
            self._described = self.description.text()
            self.described.emit(self._described)

    def _lay_out(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(label("Label", "heading"))
        for word, name, action in _LABELS:
            column.addWidget(self._label_row(word, name, KeyCap(actions, action)))
        column.addSpacing(8)
        column.addWidget(self.heading)
        column.addWidget(self.damaged)
        column.addWidget(self.anew)
        column.addWidget(self.empty)
        column.addWidget(self.absent)
        column.addWidget(self.no_lesion)
        column.addWidget(self.table, _ALL)
        column.addStretch(1)
        column.addWidget(self.description)
        column.addSpacing(4)
        column.addWidget(self.outline)

    def _label_row(self, word: str, name: str, cap: KeyCap) -> QWidget:
        choice = button(name)
        choice.setCheckable(True)
        choice.clicked.connect(partial(self.labelChosen.emit, word))
        self._labels.addButton(choice)
        self._buttons[class_of(word)] = choice
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(8)
        across.addWidget(choice, 1)
        across.addWidget(cap)
        return row
