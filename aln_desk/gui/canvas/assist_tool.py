"""Show Segment Anything what is meant: clicks inside, clicks outside, a box."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from aln_desk.domain.shape import Point
from aln_desk.gui import theme
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.tools import CTRL, SHIFT, Command, Pointer, Stage, Tool

_DRAG = 6.0
"""A press that moves less than this (widget pixels) is a click, a longer one a box."""
_RADIUS = 5.5


class AssistTool(Tool):
    """Click inside the lesion, Shift+click outside it, or drag a box; Backspace takes the last click back, Enter
    accepts what is proposed, Esc begins anew.
    """

    name = "assist"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self.clicks: list[tuple[Point, int]] = []
        """Where, and 1 for inside or 0 for outside."""
        self.box: QRectF | None = None
        self._from: QPointF | None = None
        self._drawn = QRectF()
        editing.proposalChanged.connect(self._follow)

    @property
    def hint(self) -> str:
        return "Click inside the lesion, Shift+click outside it, or drag a box; Enter accepts"

    def press(self, pointer: Pointer) -> None:
        self._from = pointer.image
        self._drawn = QRectF(pointer.image, pointer.image)

    def move(self, pointer: Pointer) -> None:
        if self._from is not None and pointer.down:
            self._drawn = QRectF(self._from, pointer.image)
            self.stage.redraw()

    def release(self, pointer: Pointer) -> None:
        start, self._from = self._from, None
        if start is None:
            return
        if pointer.far_from(start, _DRAG):
            (left, top), (right, bottom) = (self.editing.inside(point) for point in (start, pointer.image))
            self.box = QRectF(QPointF(left, top), QPointF(right, bottom)).normalized()
        else:
            self.clicks.append((self.editing.inside(pointer.image), 0 if pointer.modifiers & SHIFT else 1))
        self._ask()

    def double_click(self, pointer: Pointer) -> None:
        self.press(pointer)

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        undone = key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Z and bool(modifiers & CTRL))
        if undone and (self.clicks or self.box is not None):
            return self._take_back
        if key == Qt.Key.Key_Escape:
            return self.cancel if self.clicks or self.box is not None else self._leave
        return None

    def cancel(self) -> None:
        self.clicks, self.box, self._from = [], None, None
        self.editing.propose(None)
        self.stage.redraw()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        box = self._drawn.normalized() if self._from is not None else self.box
        if box is not None and not box.isEmpty():
            painter.setPen(QPen(QColor(theme.ACCENT), 1.5, Qt.PenStyle.DashLine))
            painter.drawRect(camera.widget_rect(box))
        for (x, y), inside in self.clicks:
            at = camera.to_widget(QPointF(x, y))
            painter.setPen(QPen(QColor(0, 0, 0, 170), 1.5))
            painter.setBrush(QColor(theme.DRAWN if inside else theme.POSITIVE))
            painter.drawEllipse(at, _RADIUS, _RADIUS)
            painter.setPen(QPen(QColor("#15171b"), 1.8))
            painter.drawLine(at - QPointF(3, 0), at + QPointF(3, 0))
            if inside:
                painter.drawLine(at - QPointF(0, 3), at + QPointF(0, 3))

    def _ask(self) -> None:
        box = None if self.box is None else (self.box.left(), self.box.top(), self.box.right(), self.box.bottom())
        self.editing.prompted.emit([point for point, _ in self.clicks], [label for _, label in self.clicks], box)
        self.stage.redraw()

    def _take_back(self) -> None:
        if self.clicks:
            self.clicks.pop()
        else:
            self.box = None
        if self.clicks or self.box is not None:
            self._ask()
        else:
            self.editing.propose(None)
        self.stage.redraw()

    def _follow(self) -> None:
        """What was proposed is accepted or refused: the clicks have done their work."""
        if self.editing.proposal is None and self._from is None:
            self.clicks, self.box = [], None
            self.stage.redraw()

    def _leave(self) -> None:
        self.stage.set_tool("select")
