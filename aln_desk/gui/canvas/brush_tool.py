"""Brush and eraser: change the area of a shape, or paint a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.measures import polygon_of
from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.tools import Command, Pointer, Stage, Tool

if TYPE_CHECKING:
    from aln_desk.outline.brush import Brush

AREA_KINDS = frozenset({"polygon", "rectangle", "oriented_rectangle", "circle"})
"""Kinds whose area a brush can change; they become polygons by it."""
_SIZES = (2.0, 160.0)
"""Smallest and largest radius in widget pixels: what is seen stays the same at every zoom."""
_STEP = 1.25


class BrushTool(Tool):
    """Drag to paint on the one selected shape, or a new one; ``[`` and ``]`` change the size of the brush.

    The size is that on screen, so that who zooms in paints finer.
    """

    name = "brush"
    cursor = Qt.CursorShape.BlankCursor
    erasing = False

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self.radius = 14.0
        self._at: QPointF | None = None
        self._brush: Brush | None = None
        self._before: Annotation | None = None
        self._shape: int | None = None

    @property
    def busy(self) -> bool:
        return self._brush is not None

    @property
    def hint(self) -> str:
        target = "the selected shape" if self._selected() is not None else "a new shape"
        return f"Drag to paint on {target}; [ and ] change the size"

    def press(self, pointer: Pointer) -> None:
        from aln_desk.outline.brush import Brush

        self._shape, self._before = self._target(pointer), self.editing.annotation
        if self._before is None or (self.erasing and self._shape is None):
            return
        ring = () if self._shape is None else polygon_of(self._before.shapes[self._shape])
        self._brush = Brush(ring, self.radius / pointer.zoom, self.erasing)
        self.move(pointer)

    def move(self, pointer: Pointer) -> None:
        from aln_desk.outline.areas import pieces

        self._at = pointer.at
        if self._brush is not None:
            self._brush.to(self.editing.inside(pointer.image))
            self._preview(pieces(self._brush.area))
        self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        self.finish()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        if key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            return partial(self._resize, _STEP if key == Qt.Key.Key_BracketRight else 1 / _STEP)
        if key == Qt.Key.Key_Escape:
            return self.cancel if self.busy else partial(self.stage.set_tool, "select")
        return None

    def finish(self) -> None:
        if self._brush is None:
            return
        rings, self._brush = self._brush.pieces(), None
        shown = self._preview(rings)
        self.editing.commit("Erase" if self.erasing else "Brush")
        self.editing.select(shown)

    def cancel(self) -> None:
        self._brush = None
        self.editing.revert()
        self.stage.redraw()

    def conclude(self) -> None:
        self.finish()
        self._at = None

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """The brush itself, as large as what it paints."""
        if self._at is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        disc = QRectF(self._at.x() - self.radius, self._at.y() - self.radius, 2 * self.radius, 2 * self.radius)
        colour = QColor("#ffffff") if self.erasing else paint.drawn_colour(self.editing.label)
        for width, ink in ((3.0, QColor(0, 0, 0, 150)), (1.4, colour)):
            painter.setPen(QPen(ink, width, Qt.PenStyle.DashLine if self.erasing else Qt.PenStyle.SolidLine))
            painter.drawEllipse(disc)

    def _resize(self, factor: float) -> None:
        smallest, largest = _SIZES
        self.radius = min(max(self.radius * factor, smallest), largest)
        self.stage.redraw()

    def _selected(self) -> int | None:
        """The one selected shape, where a brush can change it."""
        chosen = self.editing.movable
        only = next(iter(chosen)) if len(chosen) == 1 else None
        return only if only is not None and self.editing.shapes[only].shape_type in AREA_KINDS else None

    def _target(self, pointer: Pointer) -> int | None:
        return self._selected()

    def _preview(self, rings: Sequence[Sequence[Point]]) -> range:
        """Show the area as it is now; gives the indices of its shapes."""
        before = self._before
        assert before is not None
        if self._shape is None:
            drawn = [Shape(self.editing.label, tuple(ring)) for ring in rings]
            now, first = before.with_shapes((*before.shapes, *drawn)), len(before.shapes)
        else:
            old = before.shapes[self._shape]
            drawn = [replace(old, points=tuple(ring), shape_type="polygon") for ring in rings]
            now, first = edit.replace_shapes(before, [self._shape], drawn), self._shape
        indices = range(first, first + len(rings))
        self.editing.preview(now, indices)
        return indices


class EraserTool(BrushTool):
    """Drag to take area away from the one selected shape, or from the one under the pointer."""

    name = "eraser"
    erasing = True

    @property
    def hint(self) -> str:
        return "Drag to take area away, from the inside too; [ and ] change the size"

    def _target(self, pointer: Pointer) -> int | None:
        chosen = self._selected()
        if chosen is not None:
            return chosen
        found = self.editing.find(pointer.image, max(pointer.reach, self.radius / pointer.zoom))
        if found is None or self.editing.shapes[found.shape].locked:
            return None
        return found.shape if self.editing.shapes[found.shape].shape_type in AREA_KINDS else None
