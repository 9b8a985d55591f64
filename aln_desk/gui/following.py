"""The outlines of the image before, moved to where they lie on this one, as a proposal."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.measures import polygon_of
from aln_desk.domain.patient import Instance
from aln_desk.domain.shape import Shape
from aln_desk.gui import tasks
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.proposing import Proposing
from aln_desk.gui.workspace import Workspace

_NONE = "There is no outline on the image before this one to follow."
_LOST = (
    "The outlines of the image before could not be found on this one: the two look too different. Draw anew, or go on "
    "with a copy (Ctrl+Shift+D on the image before)."
)


class Following(QObject):
    """``said`` carries what stands in the way."""

    said = Signal(str)

    def __init__(self, workspace: Workspace, canvas: ImageCanvas, proposing: Proposing, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._canvas = canvas
        self._proposing = proposing

    def ask(self) -> None:
        """Look on this image for what is outlined on the one before, of the same patient."""
        here, before = self._workspace.instance, self._workspace.neighbour(-1)
        now = self._canvas.image()
        if here is None or before is None or before.patient != here.patient or now is None:
            self.said.emit(_NONE)
            return
        try:
            drawn = self._workspace.annotation(before.id)
        except AlnError as error:
            self.said.emit(str(error))
            return
        if not any(polygon_of(shape) for shape in drawn.shapes):
            self.said.emit(_NONE)
            return
        tasks.run(partial(_found, before, drawn, now), partial(self._propose, here.id, before), self._failed)

    def _propose(self, image: str, before: Instance, found: tuple[list[Shape], float]) -> None:
        """Only where the image is still the one that was asked for."""
        if self._workspace.instance is None or self._workspace.instance.id != image:
            return
        shapes, confidence = found
        if shapes:
            origin = {"by": "registration", "image": before.id, "score": round(confidence, 3)}
            self._proposing.propose(shapes, origin, "Accept the outline of the image before")
        else:
            self.said.emit(_LOST)

    def _failed(self, error: Exception) -> None:
        self.said.emit(str(error))


def _found(before: Instance, drawn: Annotation, now: NDArray[np.uint8]) -> tuple[list[Shape], float]:
    """The outlines as polygons on the image ``now`` (H, W, 3), and the least of their confidences; on a worker."""
    import cv2

    from aln_desk.io import images
    from aln_desk.outline.follow import TRUSTED, followed

    then, there = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (images.read(Path(before.image)), now))
    shapes: list[Shape] = []
    least = 1.0
    for shape in drawn.shapes:
        points, confidence = followed(then, there, polygon_of(shape))
        if points and confidence >= TRUSTED:
            shapes.append(replace(shape, points=points, shape_type="polygon", locked=False))
            least = min(least, confidence)
    return shapes, least
