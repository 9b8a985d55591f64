"""The right pane of Annotate: labels and shapes, the image's state, and the history, each behind its tab."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QTabWidget, QVBoxLayout, QWidget

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.history import History
from aln_desk.domain.labels import Label
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.history_list import HistoryList
from aln_desk.gui.widgets.image_measures import ImageMeasures
from aln_desk.gui.widgets.image_state import ImageState
from aln_desk.gui.widgets.label_list import LabelList
from aln_desk.gui.widgets.labels import beside, button, label
from aln_desk.gui.widgets.shape_details import ShapeDetails
from aln_desk.gui.widgets.shape_table import ShapeTable

_EMPTY = "Nothing is outlined here yet. Draw around the lesion with the polygon tool: click point by point, or drag."
_DAMAGED = (
    "The outlines of this image cannot be read, so nothing is drawn over them. Repair the file, or start anew: "
    "the damaged file is then kept beside the new one."
)
_ABSENT = "There is no image on screen, so nothing can be outlined here."
_IMAGE = 1
"""Place of the image's tab."""
_ALL = 1000
"""Stretch of the table: all the room while it is shown, which leaves none between the rest."""


class ShapePanel(QTabWidget):
    """``outlineRequested``, ``anewRequested``, ``labelsRequested`` and ``noLesionChosen(yes)`` ask; ``labels``,
    ``table``, ``details``, ``image``, ``measures`` and ``history`` have signals of their own.
    """

    outlineRequested = Signal()
    anewRequested = Signal()
    labelsRequested = Signal()
    noLesionChosen = Signal(bool)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setMinimumWidth(260)
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.labels = LabelList(actions)
        self.heading = label("Shapes", "heading")
        self.table = ShapeTable()
        self.details = ShapeDetails()
        self.empty = label(_EMPTY, "muted", wrap=True)
        self.absent = label(_ABSENT, "muted", wrap=True)
        self.no_lesion = QCheckBox("No lesion on this image")
        self.no_lesion.setToolTip("Counts as done, and teaches the network that there is nothing to outline")
        self.no_lesion.clicked.connect(self.noLesionChosen)
        self.damaged = label(_DAMAGED, "notice", wrap=True)
        self.anew = button("Start anew", tip="Keeps the damaged file under another name")
        self.anew.clicked.connect(self.anewRequested)
        self.outline = button("Propose model outline")
        self.outline.clicked.connect(self.outlineRequested)
        self.edit_labels = button("Edit…", "quiet", "Words, colours and keys of this project's labels")
        self.edit_labels.clicked.connect(self.labelsRequested)
        self.image = ImageState(actions)
        self.measures = ImageMeasures(actions)
        self.history = HistoryList()
        self._lay_out()
        self.set_state(None, damaged=False)

    def set_state(self, annotation: Annotation | None, damaged: bool) -> None:
        """What is known of the image on screen; None where its file is ``damaged``, or where there is no image."""
        shapes = len(annotation.shapes) if annotation else 0
        to_do = annotation is not None and not shapes
        self.no_lesion.setVisible(to_do)
        self.no_lesion.setChecked(bool(annotation and annotation.flags.get(NO_LESION)))
        self.heading.setText(f"Shapes of this image · {shapes}" if shapes else "Shapes of this image")
        self.table.setVisible(shapes > 0)
        self.details.setVisible(shapes > 0)
        self.empty.setVisible(to_do)
        self.absent.setVisible(annotation is None and not damaged)
        self.damaged.setVisible(damaged)
        self.anew.setVisible(damaged)
        self.labels.set_possible(annotation is not None)
        self.image.tell(annotation)
        self.measures.tell(annotation)

    def ask_reason(self) -> None:
        """Ask why the image is rejected."""
        self.setCurrentIndex(_IMAGE)
        self.image.ask_reason()

    def set_history(self, history: History | None) -> None:
        """The steps of the image on screen."""
        self.history.tell(history)

    def set_labels(self, offered: Sequence[Label], current: str) -> None:
        """The labels that the project offers, and that of the next shape."""
        self.labels.tell(offered)
        self.labels.mark(current)

    def set_outline(self, hindrance: str) -> None:
        """Whether the model's outline can be used; ``hindrance`` says why not, empty when it can."""
        self.outline.setEnabled(not hindrance)
        self.outline.setToolTip(hindrance or "Shows what the model outlines on this image, to accept, edit or refuse")

    def _lay_out(self) -> None:
        shapes = QWidget()
        column = QVBoxLayout(shapes)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(beside(label("Label", "heading"), self.edit_labels))
        column.addWidget(self.labels)
        column.addSpacing(8)
        column.addWidget(self.heading)
        for widget in (self.damaged, self.anew, self.empty, self.absent, self.no_lesion):
            column.addWidget(widget)
        column.addWidget(self.table, _ALL)
        column.addStretch(1)
        column.addWidget(self.details)
        column.addSpacing(4)
        column.addWidget(self.outline)
        self.addTab(shapes, "Shapes")
        self.addTab(_framed(self.image), "Image")
        self.addTab(_framed(self.measures), "Measure")
        self.addTab(_framed(self.history), "History")


def _framed(widget: QWidget) -> QWidget:
    frame = QWidget()
    column = QVBoxLayout(frame)
    column.setContentsMargins(14, 0, 14, 12)
    column.addWidget(widget)
    return frame
