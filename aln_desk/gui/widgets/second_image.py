"""Another image of the same patient, to look at beside the one that is worked on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import spacing_in
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance, Patient
from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.findings import image_names
from aln_desk.gui.pictures import Pictures
from aln_desk.gui.widgets.icon_button import IconButton
from aln_desk.gui.widgets.image_link import ImageLink
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace

OTHER_VIEW, NEXT, PREVIOUS = "view", "next", "previous"
WISHES = ((OTHER_VIEW, "Other view"), (NEXT, "Next image"), (PREVIOUS, "Previous image"))
"""Images named by where they stand from the first: they change with it."""
_ON_BLACK = "QPushButton { color: #c9ced6; } QPushButton:hover { background: #2c313a; }"
"""The line above the image lies on black in both themes."""


class SecondImage(QWidget):
    """A read-only canvas below a line that says, and chooses, what it shows. ``closed`` asks for it to be put away."""

    closed = Signal()
    shownChanged = Signal()

    def __init__(self, main: ImageCanvas, workspace: Workspace, actions: Actions, pictures: Pictures) -> None:
        super().__init__()
        self._workspace = workspace
        self._pictures = pictures
        self._beside = ""
        self._shown = ""
        self._waiting = ""
        self.wish = OTHER_VIEW
        """`OTHER_VIEW`, `NEXT`, `PREVIOUS`, or the id of an instance while its patient is shown."""
        self.canvas = ImageCanvas()
        self.canvas.setAccessibleName("Second image")
        self.link = ImageLink(main, self.canvas)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Second image: which one")
        self.choice.setToolTip("Which image of this patient is shown beside the first")
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.linked = IconButton(actions, "view.link", "link", "Both show the same place at the same size")
        self.nothing = label("This patient has no other image.", "onImage")
        self._lay_out(button("Close", "quiet", f"Only one image ({actions.key('view.side_by_side')})"))
        self.choice.activated.connect(lambda _: self.choose(str(self.choice.currentData())))
        self.linked.toggled.connect(self.link.set_on)
        self.linked.setChecked(True)
        pictures.ready.connect(self._picture_ready)
        workspace.annotationChanged.connect(self._annotation_changed)

    @property
    def shown(self) -> str:
        """Id of the instance on the canvas; empty for none."""
        return self._shown

    @property
    def head_height(self) -> int:
        """Height of the line above the canvas, in widget pixels."""
        return max(self.choice.sizeHint().height(), self.linked.height())

    def follow(self, patient: Patient | None, instance: str) -> None:
        """The first canvas shows this instance of this patient now."""
        self._beside = instance if patient is not None else ""
        self._offer(patient)
        self._show()

    def choose(self, wish: str) -> None:
        """Show what is wished for."""
        self.wish = wish
        self._offer(self._workspace.patient)
        self._show()

    def refresh(self) -> None:
        """Show the newest outlines of what is on the canvas."""
        if self._shown:
            annotation = self._annotation()
            self.canvas.set_annotation(annotation)
            self.canvas.set_spacing(spacing_in(annotation) if annotation is not None else None)
            self.shownChanged.emit()

    def _offer(self, patient: Patient | None) -> None:
        names = image_names(patient) if patient is not None else {}
        self.choice.clear()
        for name, words in WISHES:
            there = other(patient.bag, self._beside, name) if patient is not None else None
            self.choice.addItem(f"{words}: {names[there.id]}" if there is not None else words, name)
        self.choice.insertSeparator(len(WISHES))
        for name, words in names.items():
            self.choice.addItem(words, name)
        if patient is not None and self.choice.findData(self.wish) < 0:
            self.wish = OTHER_VIEW  # an image of another patient
        self.choice.setCurrentIndex(self.choice.findData(self.wish))

    def _show(self) -> None:
        patient = self._workspace.patient
        there = other(patient.bag, self._beside, self.wish) if patient is not None and self._beside else None
        self.nothing.setVisible(there is None)
        self._waiting = there.image if there is not None else ""
        pixels = self._pictures.get(there.image) if there is not None else None
        if there is None:
            self._shown = ""
            self.canvas.set_image(None)
            self.canvas.set_annotation(None)
            self.shownChanged.emit()
        elif pixels is not None:
            if there.id != self._shown:
                self._shown = there.id
                self.canvas.set_image(pixels)
                self.link.follow()
            self.refresh()

    def _picture_ready(self, path: str) -> None:
        if path == self._waiting:
            self._show()

    def _annotation_changed(self, name: str) -> None:
        if name == self._shown:
            self.refresh()

    def _annotation(self) -> Annotation | None:
        try:
            return self._workspace.annotation(self._shown)
        except AlnError:  # said when that image is opened itself
            return None

    def _lay_out(self, close: QPushButton) -> None:
        close.setStyleSheet(_ON_BLACK)
        close.clicked.connect(lambda _: self.closed.emit())
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.choice, 1)
        head.addWidget(self.linked)
        head.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.nothing)
        column.addWidget(self.canvas, 1)


def other(bag: tuple[Instance, ...], name: str, wish: str) -> Instance | None:
    """The image of a bag to show beside the one of id ``name``; None where there is no other.

    An image that is asked for by id may be that very one: it is then seen twice, at two places. The first and the last
    are neighbours. Without another view, and for an id that is not in the bag, the next one is shown.
    """
    here = next((place for place, one in enumerate(bag) if one.id == name), None)
    asked = next((one for one in bag if one.id == wish), None)
    if asked is not None or here is None or len(bag) < 2:
        return asked
    if wish == OTHER_VIEW:
        across = next((one for one in bag if one.view is not bag[here].view), None)
        if across is not None:
            return across
    return bag[(here + (-1 if wish == PREVIOUS else 1)) % len(bag)]
