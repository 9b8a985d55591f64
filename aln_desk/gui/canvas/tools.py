"""What the pointer and the keys do. A tool changes `Editing` and asks its `Stage` for the rest; it knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from aln_desk.domain.shape import Point
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.hit import EPSILON

Command = Callable[[], None]
NO_MODIFIER = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is: ``at`` in widget pixels, ``image`` in image pixels; ``zoom`` converts lengths."""

    at: QPointF
    image: QPointF
    zoom: float
    modifiers: Qt.KeyboardModifier = NO_MODIFIER
    down: bool = False

    @property
    def reach(self) -> float:
        """`EPSILON` in image pixels."""
        return EPSILON / self.zoom

    def far_from(self, other: QPointF, distance: float) -> bool:
        """Whether ``other`` (image pixels) is further away than ``distance`` widget pixels."""
        away = (self.image - other) * self.zoom
        return QPointF.dotProduct(away, away) > distance**2


class Stage(Protocol):
    """What a tool may ask of the canvas."""

    def redraw(self) -> None:
        """Paint the tool's own marks again."""

    def start_pan(self, at: QPointF) -> None:
        """Let the image follow the pointer until the button is released."""

    def set_tool(self, name: str) -> None:
        """Change to another tool."""

    def image(self) -> NDArray[np.uint8] | None:
        """The pixels on screen (H, W, 3) RGB as they are stored, not to be changed; None without an image."""


class Tool:
    """Looks only: dragging pans. The tools that edit are its children."""

    name = "look"
    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, editing: Editing, stage: Stage) -> None:
        self.editing = editing
        self.stage = stage

    @property
    def busy(self) -> bool:
        """Whether something is half drawn."""
        return False

    @property
    def hint(self) -> str:
        """What the pointer can do here that no button shows, in one line."""
        return ""

    def press(self, pointer: Pointer) -> None:
        """The left button goes down."""
        self.stage.start_pan(pointer.at)

    def move(self, pointer: Pointer) -> None:
        """The pointer moves, with the left button down or not."""

    def release(self, pointer: Pointer) -> None:
        """The left button goes up."""

    def double_click(self, pointer: Pointer) -> None:
        """Second press of a double-click; the first came as `press`."""
        self.press(pointer)

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        """What a key does now, None when it means nothing to the tool."""
        return None

    def finish(self) -> None:
        """Keep what is under way (a held key was released, the focus leaves)."""

    def cancel(self) -> None:
        """Drop what is under way."""

    def conclude(self) -> None:
        """Another tool or image follows: keep what is drawn so far where it makes a shape, drop it otherwise."""
        self.cancel()

    def cursor_now(self) -> Qt.CursorShape:
        """The pointer's form at this moment."""
        return self.cursor

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """The tool's own marks, in widget pixels."""

    def _snapped(self, pointer: Pointer, apart: Iterable[int] = ()) -> Point:
        """Where a point put here goes: to what is near, or with Alt exactly here; never out of the image."""
        if pointer.modifiers & ALT:
            return self.editing.inside(pointer.image)
        return self.editing.snapped(pointer.image, pointer.reach, apart)
