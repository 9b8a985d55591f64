"""How large a pixel is, and the calipers kept with the image."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import Calibration, calibration_of, complaints, measures_of
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import beside, button, label

_UNKNOWN = (
    "Nobody has said how large a pixel is, so lengths are in pixels. Draw a line on the image's depth scale and type "
    "how long it is."
)
_NONE = "No caliper is kept with this image."
_KINDS = {"length": "Caliper", "axes": "Axes", "angle": "Angle", "thickness": "Cortex"}
_TOOLS = (
    ("caliper", "Caliper"),
    ("axes", "Long and short axis"),
    ("thickness", "Cortical thickness"),
    ("angle", "Angle"),
)


class ImageMeasures(QWidget):
    """``toolChosen(name)``, ``uncalibrated()`` and ``removed(index)`` ask."""

    toolChosen = Signal(str)
    uncalibrated = Signal()
    removed = Signal(int)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scale = label("", "muted", wrap=True)
        self.calibrate = button("Calibrate…", tip="Draw a line over a known length, such as the depth scale")
        self.calibrate.clicked.connect(lambda _: self.toolChosen.emit("calibrate"))
        self.forget = button("Measure in pixels", tip="Take the calibration of this image away")
        self.forget.clicked.connect(self.uncalibrated)
        self.list = QListWidget()
        self.list.setAccessibleName("Calipers of this image")
        self.list.itemSelectionChanged.connect(self._follow)
        self.remove = button("Delete the selected caliper")
        self.remove.clicked.connect(lambda _: self.removed.emit(self.list.currentRow()))
        self.empty = label(_NONE, "muted", wrap=True)
        self.complaint = label("", "notice", wrap=True)
        self._lay_out(actions)
        self.tell(None)

    def tell(self, annotation: Annotation | None) -> None:
        """Show what is known of the image; None where there is none, or its file cannot be read."""
        self.setEnabled(annotation is not None)
        found = calibration_of(annotation) if annotation is not None else None
        self.scale.setText(_words(found) if found is not None else _UNKNOWN)
        self.forget.setVisible(found is not None)
        kept = measures_of(annotation) if annotation is not None else ()
        self.list.clear()
        for measure in kept:
            words = f"{_KINDS[measure.kind]}  {measure.words(found.spacing if found else None)}"
            self.list.addItem(QListWidgetItem(f"{words}  {measure.note}".rstrip()))
        self.list.setVisible(bool(kept))
        self.remove.setVisible(bool(kept))
        self.empty.setVisible(not kept)
        wrong = complaints(annotation) if annotation is not None else []
        self.complaint.setText(" ".join(wrong))
        self.complaint.setVisible(bool(wrong))
        self._follow()

    def _follow(self) -> None:
        self.remove.setEnabled(bool(self.list.selectedItems()))

    def _lay_out(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(6)
        column.addWidget(label("Scale", "heading"))
        for widget in (self.scale, self.complaint, self.calibrate, self.forget):
            column.addWidget(widget)
        column.addSpacing(6)
        column.addWidget(label("Calipers", "heading"))
        for name, words in _TOOLS:
            choice = button(words)
            choice.clicked.connect(lambda _=False, name=name: self.toolChosen.emit(name))
            column.addWidget(beside(choice, KeyCap(actions, f"tool.{name}")))
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        column.addWidget(self.remove)
        column.addStretch(0)


def _words(found: Calibration) -> str:
    dx, dy = found.spacing.dx, found.spacing.dy
    size = f"{dx:.4g} mm" if dx == dy else f"{dx:.4g} × {dy:.4g} mm"
    how = {"file": "as the file says", "ruler": "by a ruler"}.get(found.how, "by its depth scale")
    return f"A pixel is {size}, {how}{f', {found.by}' if found.by else ''}."
