"""The pictures that lie on each other: the image and what the model predicted, each made once and kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage, QPainterPath, QPixmap, QPolygonF

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.cam_scale import CamScale, cam_scale
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import theme
from aln_desk.gui.canvas import colours
from aln_desk.gui.canvas.levels import Developer, Levels
from aln_desk.gui.canvas.outlines import Outlines


@dataclass(frozen=True, slots=True)
class Overlay:
    """Whether a layer above the image is shown, and how strongly (0..1)."""

    visible: bool = True
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A prediction made ready for the screen. ``cam_rect`` is the model's input square in image pixels.

    ``cam`` and ``scale``, the values of its colours, are None where the evidence means nothing.
    """

    mask: QImage
    outline: QPainterPath
    cam: QImage | None
    cam_rect: QRectF
    scale: CamScale | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What another reader drew on the same image, and that reader's name (may be empty)."""

    annotation: Annotation
    outlines: Outlines
    reader: str


class Layers:
    """The image with its levels, the prediction, another reader's outlines, and how strongly each is shown."""

    def __init__(self) -> None:
        self.overlays = {
            "drawn": Overlay(),
            "predicted": Overlay(),
            "cam": Overlay(opacity=0.6),
            "other": Overlay(),
        }
        self.size = QSizeF(0, 0)
        self.rgb: NDArray[np.uint8] | None = None
        """The image as it is stored, (H, W, 3)."""
        self.picture = QPixmap()
        self.reading: Reading | None = None
        self.comparison: Comparison | None = None
        self.levels = Levels()
        self._prediction: InstancePrediction | None = None
        self._cam_top: float | None = None
        self._developer: Developer | None = None

    def set_image(self, rgb: NDArray[np.uint8] | None) -> None:
        """(H, W, 3) uint8 RGB, or None for an empty canvas."""
        self.rgb = rgb
        self._developer = Developer(rgb) if rgb is not None else None
        self.size = QSizeF(rgb.shape[1], rgb.shape[0]) if rgb is not None else QSizeF(0, 0)
        self._develop()

    def set_levels(self, levels: Levels) -> bool:
        """Show the image's greys in another way; False when nothing changed."""
        if levels == self.levels:
            return False
        self.levels = levels
        self._develop()
        return True

    def set_other(self, annotation: Annotation | None, reader: str) -> bool:
        """Show what another reader drew, or nothing; False when that is shown already."""
        before = self.comparison
        if (before.annotation, before.reader) == (annotation, reader) if before else annotation is None:
            return False
        self.comparison = Comparison(annotation, Outlines(annotation), reader) if annotation is not None else None
        return True

    def set_prediction(self, prediction: InstancePrediction | None, cam_top: float | None) -> bool:
        """Show what a model found, or nothing; False when that is shown already."""
        if prediction is self._prediction and cam_top == self._cam_top:
            return False
        self._prediction, self._cam_top = prediction, cam_top
        self.reading = make_reading(prediction, cam_top) if prediction is not None else None
        return True

    def shown(self, name: str) -> bool:
        """Whether an overlay is on and strong enough to be seen."""
        overlay = self.overlays[name]
        return overlay.visible and overlay.opacity > 0

    @property
    def scale_shown(self) -> CamScale | None:
        """The scale of the CAM on screen, which needs its colour bar; None while there is none."""
        return self.reading.scale if self.reading is not None and self.shown("cam") else None

    def _develop(self) -> None:
        if self._developer is None:
            self.picture = QPixmap()
        else:
            self.picture = QPixmap.fromImage(colours.to_qimage(self._developer.developed(self.levels)))


def make_reading(prediction: InstancePrediction, cam_top: float | None) -> Reading:
    """Tint the mask, trace its border, colour the CAM on the scale that holds ``cam_top`` (None: no CAM)."""
    from aln_desk.io.rasterize import outlines

    border = QPainterPath()
    for points in outlines(prediction.mask, tolerance=0.5):
        border.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
        border.closeSubpath()
    mask = colours.to_qimage(colours.mask_rgba(prediction.mask, theme.PREDICTED))
    scale = cam_scale(cam_top) if cam_top is not None else None
    cam = colours.cam_picture(prediction.cam, scale.top) if scale is not None else None
    return Reading(mask, border, cam, QRectF(*prediction.placement.rect()), scale)
