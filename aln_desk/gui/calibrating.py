"""From a line drawn on the depth scale to millimetres, on one image or on all that share the scale."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import Calibration, calibrate_series, delete_measure, with_calibration
from aln_desk.domain.errors import AlnError
from aln_desk.domain.measures import Line
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.image_measures import ImageMeasures
from aln_desk.gui.workspace import Workspace

_WHAT = "Calibrate"


class Calibrating(QObject):
    """``said`` carries a sentence about images that could not be calibrated along."""

    said = Signal(str)

    def __init__(self, workspace: Workspace, canvas: ImageCanvas, panel: ImageMeasures, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._canvas = canvas
        self._parent = parent
        canvas.editing.scaleDrawn.connect(self.ask)
        panel.uncalibrated.connect(self.forget)
        panel.removed.connect(self._remove)

    def ask(self, line: Line) -> None:
        """Ask how long the line is, and calibrate."""
        from aln_desk.gui.widgets.calibration_dialog import CalibrationDialog

        annotation, size = self._canvas.editing.annotation, self._canvas.image_size()
        if annotation is None:
            return
        height, width = round(size.height()), round(size.width())
        others = self._others((height, width))
        dialog = CalibrationDialog(line, height, len(others), self._parent)
        if not dialog.exec():
            return
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        calibration = Calibration(dialog.spacing, "depth scale", at=at)
        self._canvas.editing.apply(with_calibration(annotation, calibration), _WHAT)
        if dialog.for_patient:
            changed, _ = calibrate_series(others, calibration, (height, width))
            for name, calibrated in changed.items():
                self._workspace.edit(name, calibrated, _WHAT)
            self.said.emit(f"{len(changed) + 1} images of this patient are calibrated.")
        self._canvas.set_tool("select")

    def forget(self) -> None:
        """Measure this image in pixels again."""
        annotation = self._canvas.editing.annotation
        if annotation is not None:
            self._canvas.editing.apply(with_calibration(annotation, None), "Measure in pixels")

    def _remove(self, index: int) -> None:
        annotation = self._canvas.editing.annotation
        if annotation is not None and index >= 0:
            self._canvas.editing.apply(delete_measure(annotation, index), "Delete caliper")

    def _others(self, size: tuple[int, int]) -> dict[str, Annotation]:
        """The other images of the patient that have this size, with their annotations; unreadable ones are left out."""
        patient, here = self._workspace.patient, self._workspace.instance
        found: dict[str, Annotation] = {}
        for instance in patient.bag if patient is not None and here is not None else ():
            try:
                annotation = self._workspace.annotation(instance.id)
            except AlnError:
                continue
            is_other = here is not None and instance.id != here.id
            if is_other and (annotation.image_height, annotation.image_width) == size:
                found[instance.id] = annotation
        return found
