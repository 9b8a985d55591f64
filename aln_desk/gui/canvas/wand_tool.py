"""Magic wand: a click outlines the dark area around it; dragging up and down makes it larger and smaller."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from aln_desk.domain.shape import Point, Shape
from aln_desk.gui import tasks
from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.tools import ALT, Command, Pointer, Stage, Tool

_PER_PIXEL = 0.35
"""Grey values of tolerance for a widget pixel of dragging."""
_STEP = 4.0
_STILL = 3.0
"""A drag shorter than this (widget pixels) chooses no tolerance."""
_LEAST, _MOST = 2.0, 160.0
_LEAST_AREA = 30.0
"""Square pixels of a piece that becomes a shape."""
_SIMPLER = 0.6
"""Pixels by which the border may be simplified."""


class WandTool(Tool):
    """Press on the lesion: the tolerance that gives the clearest border is found by itself; drag, or ``[`` and ``]``,
    change it; releasing draws the outline. Alt takes the bright area instead.
    """

    name = "wand"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._grey: NDArray[np.uint8] | None = None
        self._of: NDArray[np.uint8] | None = None
        self._seed: Point | None = None
        self._from = QPointF()
        self._bright = False
        self._suggested = self._tolerance = 0.0
        self._awaited = self._released = False
        self._found: list[Shape] = []

    @property
    def busy(self) -> bool:
        return self._seed is not None

    @property
    def hint(self) -> str:
        return "Press on the dark lesion; drag up for more, down for less; Alt takes bright areas"

    def press(self, pointer: Pointer) -> None:
        from aln_desk.outline.wand import TOLERANCE, suggested_tolerance

        grey = self._greys()
        if grey is None or self.editing.annotation is None:
            return
        self._seed, self._from = self.editing.inside(pointer.image), pointer.at
        self._bright = bool(pointer.modifiers & ALT)
        self._suggested, self._awaited, self._released = TOLERANCE, True, False
        self._search(TOLERANCE)
        look = partial(suggested_tolerance, grey, self._seed, bright=self._bright)
        tasks.run(look, partial(self._take_suggestion, self._seed))

    def move(self, pointer: Pointer) -> None:
        """Dragging counts from the suggestion, or from where one does not wait for it any more."""
        moved = self._from.y() - pointer.at.y()
        if self._seed is not None and pointer.down and abs(moved) > _STILL:
            self._awaited = False
            self._search(self._suggested + _PER_PIXEL * moved)

    def release(self, pointer: Pointer) -> None:
        """A click waits for the suggestion, which is there in a moment."""
        if self._awaited:
            self._released = True
        else:
            self.finish()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        if self._seed is not None and key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            step = _STEP if key == Qt.Key.Key_BracketRight else -_STEP
            return partial(self._widen, step)
        if key == Qt.Key.Key_Escape:
            return self.cancel if self.busy else partial(self.stage.set_tool, "select")
        return None

    def finish(self) -> None:
        if self._seed is None:
            return
        found, self._found, self._seed = self._found, [], None
        self.stage.redraw()
        if found:
            self.editing.add(found, "Magic wand")

    def conclude(self) -> None:
        self.finish()

    def _take_suggestion(self, seed: Point, tolerance: float) -> None:
        """Only for the press that asked for it, and while nobody has chosen another tolerance."""
        if seed != self._seed or not self._awaited:
            return
        self._awaited, self._suggested = False, tolerance
        self._search(tolerance)
        if self._released:
            self.finish()

    def cancel(self) -> None:
        self._seed, self._found = None, []
        self.stage.redraw()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        for shape in self._found:
            paint.paint_unfinished(painter, camera, shape)
        if self._seed is not None:
            at = camera.to_widget(QPointF(*self._seed)) + QPointF(14, 22)
            words = f"tolerance {self._tolerance:.0f}" if self._found else f"nothing at tolerance {self._tolerance:.0f}"
            paint.paint_text(painter, at, words, paint.drawn_colour(self.editing.label))

    def _widen(self, step: float) -> None:
        self._awaited = False
        self._suggested += step
        self._search(self._tolerance + step)

    def _search(self, tolerance: float) -> None:
        from aln_desk.domain import geometry
        from aln_desk.outline.areas import ring_of
        from aln_desk.outline.wand import pieces, region

        grey = self._greys()
        if grey is None or self._seed is None:
            return
        self._tolerance = min(max(tolerance, _LEAST), _MOST)
        area = region(grey, self._seed, self._tolerance, bright=self._bright)
        rings = (ring_of(piece.outer, piece.holes) for piece in pieces(area, _SIMPLER))
        shapes = (Shape(self.editing.label, ring) for ring in rings)
        self._found = [shape for shape in shapes if geometry.area(shape) >= _LEAST_AREA]
        self.stage.redraw()

    def _greys(self) -> NDArray[np.uint8] | None:
        """The image on screen as grey values, made once an image."""
        image = self.stage.image()
        if image is not self._of:
            self._of = image
            self._grey = None if image is None else np.rint(image @ _WEIGHTS).astype(np.uint8)
        return self._grey


_WEIGHTS = np.array([0.299, 0.587, 0.114])
"""Of red, green and blue in brightness (Rec. 601)."""
