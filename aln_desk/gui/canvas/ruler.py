"""A ruler to lay on the image: it measures and leaves nothing behind."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from aln_desk.domain import measures
from aln_desk.domain.measures import Spacing
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.tools import SHIFT, Command, Pointer, Stage, Tool

_END = 7.0
"""Half the length of the strokes at both ends, in widget pixels."""
_LEAST = 2.0
"""A drag shorter than this (widget pixels) measures nothing."""
_TURN = pi / 12


class RulerTool(Tool):
    """Drag from one point to another; Shift keeps to steps of 15 degrees. Esc takes the line away."""

    name = "ruler"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self.spacing: Spacing | None = None
        """How large a pixel is, where the image is calibrated."""
        self.ends: tuple[QPointF, QPointF] | None = None
        """The line in image pixels, None while there is none."""

    @property
    def hint(self) -> str:
        return "Drag to measure; Shift keeps to steps of 15°, Esc takes the line away"

    @property
    def words(self) -> str:
        """What the line measures; empty while there is none."""
        return measured(*self.ends, self.spacing) if self.ends is not None else ""

    def press(self, pointer: Pointer) -> None:
        self.ends = (pointer.image, pointer.image)
        self.stage.redraw()

    def move(self, pointer: Pointer) -> None:
        if self.ends is not None and pointer.down:
            start = self.ends[0]
            self.ends = (start, _stepped(start, pointer.image) if pointer.modifiers & SHIFT else pointer.image)
            self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        if self.ends is not None and not Pointer(pointer.at, self.ends[1], pointer.zoom).far_from(self.ends[0], _LEAST):
            self.cancel()

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        return self.cancel if key == Qt.Key.Key_Escape and self.ends is not None else None

    def cancel(self) -> None:
        self.ends = None
        self.stage.redraw()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if self.ends is None:
            return
        start, end = (camera.to_widget(point) for point in self.ends)
        length = hypot(end.x() - start.x(), end.y() - start.y())
        across = QPointF(start.y() - end.y(), end.x() - start.x()) * (_END / length) if length else QPointF()
        for width, ink in ((4.0, QColor(0, 0, 0, 170)), (1.6, QColor("#ffffff"))):
            painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(start, end)
            for tip in (start, end):
                painter.drawLine(tip - across, tip + across)
        _paint_words(painter, end, end.x() < start.x(), self.words)


def measured(start: QPointF, end: QPointF, spacing: Spacing | None) -> str:
    """ "42.0 px · 8.4 mm · 30°": length in pixels, in mm where the image is calibrated, angle to the horizontal."""
    line = (start.toTuple(), end.toTuple())
    level = (line[0], (line[0][0] + 1, line[0][1]))
    words = [f"{measures.length(line):.1f} px"]
    if spacing is not None:
        words.append(measures.length_words(measures.length(line, spacing), spacing=spacing))
    if line[0] != line[1]:
        words.append(measures.angle_words(measures.angle(line, level, spacing)))
    return " · ".join(words)


def _stepped(start: QPointF, end: QPointF) -> QPointF:
    """The end turned to the nearest step, at the same distance."""
    across, down = end.x() - start.x(), end.y() - start.y()
    length, turn = hypot(across, down), round(atan2(down, across) / _TURN) * _TURN
    return start + QPointF(length * cos(turn), length * sin(turn))


def _paint_words(painter: QPainter, at: QPointF, leftwards: bool, words: str) -> None:
    """Beyond the end of the line, where they cover nothing that is measured, and always within the view."""
    painter.setFont(paint.caption_font(painter))
    width = painter.fontMetrics().horizontalAdvance(words)
    window = QRectF(painter.window())
    x = at.x() - width - 18 if leftwards else at.x() + 18
    x = min(max(x, 8.0), max(window.width() - width - 8, 8.0))
    paint.paint_text(painter, QPointF(x, min(max(at.y() + 4, 18.0), window.height() - 8)), words, QColor("#ffffff"))
