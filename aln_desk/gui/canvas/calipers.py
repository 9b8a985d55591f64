"""Calipers that stay with the image, the tools that lay them, and the line that calibrates it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from aln_desk.domain.calibration import POINTS, Kind, Measure, add_measure
from aln_desk.domain.measures import Spacing
from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.draw_tools import FewPointsTool, stepped
from aln_desk.gui.canvas.tools import SHIFT, Pointer

_INK = QColor("#ffffff")
_DARK = QColor(0, 0, 0, 170)
_END = 6.0
"""Half the length of a caliper's end strokes, in widget pixels."""


def paint_measures(painter: QPainter, camera: Camera, kept: Iterable[Measure], spacing: Spacing | None) -> None:
    """Every caliper with what it measures, in widget pixels."""
    for measure in kept:
        _paint_pairs(painter, camera, measure.points)
        words = f"{measure.words(spacing)}{f' · {measure.note}' if measure.note else ''}"
        at = camera.to_widget(QPointF(*measure.points[1])) + QPointF(10, 16)
        paint.paint_text(painter, at, words, _INK)


def _paint_pairs(painter: QPainter, camera: Camera, points: Sequence[Point]) -> None:
    """A line for each two points; the last of an odd number waits for its other end."""
    ends = [camera.to_widget(QPointF(*point)) for point in points]
    for width, ink in ((4.0, _DARK), (1.6, _INK)):
        painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        for start, end in zip(ends[::2], ends[1::2], strict=False):
            painter.drawLine(start, end)
        for end in ends:
            painter.drawLine(end - QPointF(_END, 0), end + QPointF(_END, 0))
            painter.drawLine(end - QPointF(0, _END), end + QPointF(0, _END))


class CaliperTool(FewPointsTool):
    """Ends of one caliper, or of two; Shift keeps each to steps of 15 degrees."""

    name = "caliper"
    kind: Kind = "length"

    @property
    def hint(self) -> str:
        which = "" if POINTS[self.kind] == 2 else f", caliper {len(self._points) // 2 + 1} of 2"
        return f"Put both ends{which}; the measure stays with the image"

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if not self._points:
            return
        points = (*self._points, self._next)
        _paint_pairs(painter, camera, points)
        whole = points if len(points) == POINTS[self.kind] else points[: len(points) // 2 * 2]
        kind: Kind = self.kind if len(whole) == POINTS[self.kind] else "length"
        if len(whole) >= POINTS[kind]:
            words = Measure(kind, tuple(whole[-POINTS[kind] :])).words(self.editing.spacing)
            paint.paint_text(painter, camera.to_widget(QPointF(*self._next)) + QPointF(14, 22), words, _INK)

    def _place(self, pointer: Pointer) -> Point:
        place = super()._place(pointer)
        if pointer.modifiers & SHIFT and len(self._points) % 2:
            return self.editing.inside(QPointF(*stepped(self._points[-1], place)))
        return place

    def _shape(self, points: list[Point]) -> Shape:
        return Shape("", tuple(points), "linestrip")

    def _make(self, points: list[Point]) -> None:
        annotation = self.editing.annotation
        if annotation is not None:
            self.editing.apply(add_measure(annotation, Measure(self.kind, tuple(points))), f"Measure {self.kind}")


class AxesTool(CaliperTool):
    """The long and the short axis."""

    name = "axes"
    kind: Kind = "axes"
    count = 4


class AngleTool(CaliperTool):
    """The angle between two lines."""

    name = "angle"
    kind: Kind = "angle"
    count = 4


class ThicknessTool(CaliperTool):
    """How thick the cortex is."""

    name = "thickness"
    kind: Kind = "thickness"


class CalibrateTool(CaliperTool):
    """A line over a known length, such as the depth scale; its ends are told, nothing is kept of it."""

    name = "calibrate"

    @property
    def hint(self) -> str:
        return "Put both ends on marks of the depth scale; then type how far they are apart"

    def _make(self, points: list[Point]) -> None:
        self.editing.scaleDrawn.emit((points[0], points[1]))
