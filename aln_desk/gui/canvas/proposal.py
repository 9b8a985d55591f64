"""Outlines that a model or a registration proposes: seen at once, drawn only when the reader accepts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from aln_desk.domain import own_data
from aln_desk.domain.shape import Shape
from aln_desk.gui import theme
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.outlines import make_outline


@dataclass(frozen=True, slots=True)
class Proposal:
    """``shapes`` to accept or refuse together; ``origin`` (JSON) stays with each that is accepted; ``what`` is the
    step's name in the history.
    """

    shapes: tuple[Shape, ...]
    origin: Mapping[str, Any]
    what: str

    @property
    def accepted(self) -> list[Shape]:
        """The shapes as they are drawn, remembering where they come from."""
        return [replace(one, extra=own_data.with_own(one.extra, "origin", dict(self.origin))) for one in self.shapes]


def paint_proposal(painter: QPainter, camera: Camera, proposal: Proposal) -> None:
    """Dashed, in the colour of predictions, over the image."""
    painter.save()
    painter.setTransform(camera.transform(), True)
    ratio = painter.device().devicePixelRatioF()
    inside = QColor(theme.PREDICTED)
    inside.setAlpha(34)
    for shape in proposal.shapes:
        outline = make_outline(shape)
        for ink, width, style in (
            (QColor(0, 0, 0, 140), 4.0, Qt.PenStyle.SolidLine),
            (QColor(theme.PREDICTED), 2.2, Qt.PenStyle.DashLine),
        ):
            pen = QPen(ink, width * ratio, style)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(inside if style is Qt.PenStyle.DashLine else Qt.BrushStyle.NoBrush)
            painter.drawPath(outline.path)
    painter.restore()
