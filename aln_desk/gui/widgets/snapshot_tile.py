"""One held-out image as a training sees it at one step: outlines, predicted mask and CAM, in the colours of Review."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import LABELS, Shape
from aln_desk.domain.verdict import InstancePrediction, Placement
from aln_desk.gui import theme
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import centred
from aln_desk.gui.canvas.layers import Layers, Overlay, Reading, make_reading
from aln_desk.gui.canvas.outlines import Outlines
from aln_desk.gui.widgets.marks import paint_dot
from aln_desk.io.snapshots import Snapshot

FOOT = 38
"""Height of the two lines below the image, in widget pixels."""
_OUTCOMES = {0: "negative", 1: "positive"}
_WEAKEST = 1e-3
"""Logits: the CAM's scale of a network without any evidence must still be one."""
_NO_TOKEN = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image of a snapshot made ready for the screen.

    ``overlap`` is None where nothing is drawn, and without ``masks``: the network gives none.
    """

    name: str
    pixels: NDArray[np.uint8]
    drawn: Outlines
    reading: Reading
    overlap: float | None
    status: float
    outcome: str | None
    masks: bool = True


def make_pictures(snapshot: Snapshot, cam_top: float, masks: bool = True) -> list[Picture]:
    """Every image of a snapshot, its CAM on the scale of ``cam_top`` logits to either side. Needs no GUI thread."""
    return [_picture(snapshot, place, cam_top, masks) for place in range(len(snapshot.instance))]


def strongest(snapshot: Snapshot) -> float:
    """The largest evidence of a snapshot in logits, for or against: what the CAM's scale must hold."""
    finite = np.abs(snapshot.cam[np.isfinite(snapshot.cam)])
    return max(float(finite.max(initial=0.0)), _WEAKEST)


class SnapshotTile(QAbstractButton):
    """Shows one `Picture` as large as it is itself, and its words below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self._layers = Layers()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_picture(self, picture: Picture) -> None:
        """Show this image."""
        self.picture = picture
        self._layers.set_image(picture.pixels)
        self._layers.reading = picture.reading
        words = ", ".join((picture.name, *_words(picture)))
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    def set_overlay(self, name: str, visible: bool) -> None:
        """Show or hide ``drawn``, ``predicted`` or ``cam``."""
        self._layers.overlays = {
            **self._layers.overlays,
            name: replace(self._layers.overlays.get(name, Overlay()), visible=visible),
        }
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(132, 132 + FOOT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = min(self.width(), self.height() - FOOT)
        room = QSizeF(self.width(), side)
        if self.picture is None:
            painter.fillRect(QRectF(QPointF(), room), QColor(theme.IMAGE_ROOM))
            return
        painter.save()
        painter.setClipRect(QRectF(QPointF(), room))
        size = self._layers.size
        camera = centred(size, room, side / max(size.height(), 1))
        paint.paint_layers(painter, camera, room, self._layers)
        if self._layers.shown("drawn"):
            painter.setTransform(camera.transform(), True)
            for outline in self.picture.drawn.all:
                paint.paint_outline(painter, outline)
        painter.restore()
        self._paint_words(painter, QRectF(0, side + 4, self.width(), FOOT - 4), self.picture)
        if self.hasFocus():
            painter.setPen(QColor(theme.palette().accent))
            painter.drawRect(QRectF(0.5, 0.5, self.width() - 1, side - 1))

    def _paint_words(self, painter: QPainter, foot: QRectF, picture: Picture) -> None:
        painter.setFont(paint.caption_font(painter))
        metrics = painter.fontMetrics()
        paint_dot(painter, QPointF(foot.left() + 6, foot.top() + 8), picture.outcome, 5.0)
        above = foot.adjusted(17, 0, 0, 0)
        painter.setPen(QColor(theme.palette().text))
        name = metrics.elidedText(picture.name, Qt.TextElideMode.ElideMiddle, int(above.width()))
        painter.drawText(above, Qt.AlignmentFlag.AlignTop, name)
        painter.setPen(QColor(theme.palette().muted))
        first, second = (*_words(picture)[:-1], "")[:2]
        painter.drawText(foot, Qt.AlignmentFlag.AlignBottom, first)
        if metrics.horizontalAdvance(f"{first} {second}") < foot.width():
            painter.drawText(foot, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, second)


def _picture(snapshot: Snapshot, place: int, cam_top: float, masks: bool) -> Picture:
    mask = snapshot.mask[place] >= 128
    side = mask.shape[1]
    square = Placement(side, 1.0, 1.0, 0.0, 0.0)
    found = InstancePrediction(snapshot.instance[place], mask, snapshot.cam[place], square, 0.0, 0.0, _NO_TOKEN)
    reading = replace(make_reading(found, cam_top), scale=None)  # one bar beside all images says enough
    return Picture(
        _name(snapshot.instance[place]),
        snapshot.image[place],
        _drawn(snapshot.drawn[place]),
        reading,
        _overlap(mask, snapshot.drawn[place] > 0) if masks else None,
        float(snapshot.status[place]),
        _OUTCOMES.get(int(snapshot.outcome[place])),
        masks,
    )


def _drawn(classes: NDArray[np.uint8]) -> Outlines:
    from aln_desk.io.rasterize import outlines

    shapes = [
        Shape(word, points)
        for kind, word in enumerate(LABELS, start=1)
        for points in outlines(classes == kind, tolerance=0.5)
    ]
    return Outlines(Annotation("", shapes=tuple(shapes)))


def _overlap(mask: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> float | None:
    """Dice of two (H, W) bool masks; None where nothing is drawn to compare with."""
    return float(2 * (mask & drawn).sum() / (mask.sum() + drawn.sum())) if drawn.any() else None


def _name(instance: str) -> str:
    path = PurePosixPath(instance)
    return str(path.with_suffix("")) if path.suffix else instance


def _words(picture: Picture) -> tuple[str, ...]:
    overlap = "no outline" if picture.overlap is None else f"overlap {picture.overlap:.2f}"
    outcome = f"outcome {picture.outcome or 'unknown'}"
    return *((overlap,) if picture.masks else ()), f"score {picture.status:.2f}", outcome
