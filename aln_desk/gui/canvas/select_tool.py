"""Select, move and reshape what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPointF, Qt

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.canvas.hit import Hit
from aln_desk.gui.canvas.outlines import corners_of, with_corner
from aln_desk.gui.canvas.tools import ALT, CTRL, SHIFT, Command, Pointer, Stage, Tool

_STILL = 3.0
"""A press that moves less than this (widget pixels) is a click, not a drag."""
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_HINT = "Alt+click on an edge adds a corner, Alt+Shift+click on a corner deletes it; Ctrl+wheel zooms"
_CORNER_STEPS = {Qt.Key.Key_Period: 1, Qt.Key.Key_Comma: -1}


class SelectTool(Tool):
    """Click selects, drag moves; Alt+click on an edge adds a corner, Alt+Shift+click on a corner removes it.

    The marked corner (under the pointer, or chosen with comma and full stop) is what arrows, Insert and Backspace act
    on; without one the arrows move the selected shapes.
    """

    name = "select"

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._change: Callable[[QPointF], Annotation] | None = None
        self._from = QPointF()
        self._lifted: frozenset[int] = frozenset()
        self._what = ""

    @property
    def hint(self) -> str:
        return _HINT if self.editing.selection or self.editing.hovered is not None else ""

    # Pointer

    def press(self, pointer: Pointer) -> None:
        found = self.editing.find(pointer.image, pointer.reach)
        self.editing.hover(found)
        if found is None:
            if not pointer.modifiers & (SHIFT | CTRL):
                self.editing.select(())
            self.stage.start_pan(pointer.at)
        elif pointer.modifiers & ALT and pointer.modifiers & SHIFT:
            self._delete_corner()
        elif pointer.modifiers & ALT and found.edge is not None:
            self._insert(found, pointer.image)
        else:
            self._take_hold(found, pointer)

    def move(self, pointer: Pointer) -> None:
        if self._change is None:
            if not pointer.down:
                self.editing.hover(self.editing.find(pointer.image, pointer.reach))
        elif self.editing.lifted or pointer.far_from(self._from, _STILL):
            self.editing.preview(self._change(pointer.image), self._lifted)

    def release(self, pointer: Pointer) -> None:
        self.finish()

    def double_click(self, pointer: Pointer) -> None:
        found = self.editing.find(pointer.image, pointer.reach)
        if found is not None and found.edge is not None:
            self._insert(found, pointer.image)
            self.finish()
        else:
            self.press(pointer)

    def cursor_now(self) -> Qt.CursorShape:
        hovered = self.editing.hovered
        if self._change is not None:
            return Qt.CursorShape.ClosedHandCursor
        if hovered is None or self.editing.shapes[hovered.shape].locked:
            return Qt.CursorShape.ArrowCursor
        return Qt.CursorShape.PointingHandCursor if hovered.corner is not None else Qt.CursorShape.SizeAllCursor

    # Keys

    def command(self, key: int, modifiers: Qt.KeyboardModifier) -> Command | None:
        known = Qt.Key(key)
        if known in _ARROWS and modifiers & CTRL:
            return partial(self._select_neighbour, 1 if known in (Qt.Key.Key_Right, Qt.Key.Key_Down) else -1)
        if known in _ARROWS and self.editing.movable:
            across, down = _ARROWS[known]
            step = 10 if modifiers & SHIFT else 1
            return partial(self._nudge, across * step, down * step)
        if known in _CORNER_STEPS and len(self.editing.selection) == 1 and not modifiers & CTRL:
            return partial(self._mark_neighbour, _CORNER_STEPS[known])
        if known is Qt.Key.Key_Insert and self._marked() is not None:
            return self._insert_after_marked
        if known is Qt.Key.Key_Backspace and self._marked() is not None:
            return self._delete_corner
        if known is Qt.Key.Key_Escape and (self._change or self.editing.lifted or self.editing.selection):
            return self._let_go
        return None

    def finish(self) -> None:
        self._change = None
        self.editing.commit(self._what)

    def cancel(self) -> None:
        self._change = None
        self.editing.revert()

    # Gestures

    def _take_hold(self, found: Hit, pointer: Pointer) -> None:
        if pointer.modifiers & (SHIFT | CTRL):
            self.editing.select(self.editing.selection ^ {found.shape})
        elif found.shape not in self.editing.selection:
            self.editing.select({found.shape})
        annotation, shape = self.editing.annotation, self.editing.shapes[found.shape]
        if annotation is None or shape.locked or found.shape not in self.editing.selection:
            return
        if found.corner is not None:
            change = partial(self._corner_moved, annotation, found.shape, found.corner)
            self._begin(change, pointer.image, {found.shape}, "Move corner")
        else:
            change = partial(self._shapes_moved, annotation, self.editing.movable, pointer.image)
            self._begin(change, pointer.image, self.editing.movable, "Move shape")

    def _begin(
        self, change: Callable[[QPointF], Annotation], at: QPointF, lifted: frozenset[int] | set[int], what: str
    ) -> None:
        self._change, self._from, self._lifted, self._what = change, at, frozenset(lifted), what

    def _corner_moved(self, annotation: Annotation, shape: int, corner: int, at: QPointF) -> Annotation:
        moved = with_corner(annotation.shapes[shape], corner, self.editing.inside(at))
        return edit.set_points(annotation, shape, moved.points)

    def _shapes_moved(self, annotation: Annotation, indices: frozenset[int], start: QPointF, at: QPointF) -> Annotation:
        free = self.editing.free_move(annotation, indices, at.x() - start.x(), at.y() - start.y())
        return edit.move_shapes(annotation, indices, *free)

    def _insert(self, found: Hit, at: QPointF) -> None:
        """Add a corner on an edge and keep hold of it."""
        annotation = self.editing.annotation
        if annotation is None or found.edge is None:
            return
        grown = edit.insert_vertex(annotation, found.shape, found.edge, self.editing.inside(at))
        if grown is annotation:
            return
        corner = found.edge + 1
        self.editing.select({found.shape})
        self.editing.preview(grown, {found.shape})
        self.editing.hover(Hit(found.shape, corner=corner))
        self._begin(partial(self._corner_moved, grown, found.shape, corner), at, {found.shape}, "Add corner")

    def _insert_after_marked(self) -> None:
        marked = self._marked()
        if marked is not None and marked.corner is not None:
            corners = self.editing.outlines.all[marked.shape].corners
            (ax, ay), (bx, by) = corners[marked.corner], corners[(marked.corner + 1) % len(corners)]
            middle = QPointF((ax + bx) / 2, (ay + by) / 2)
            self._insert(Hit(marked.shape, edge=marked.corner), middle)
            self.finish()

    def _delete_corner(self) -> None:
        annotation, marked = self.editing.annotation, self._marked()
        if annotation is not None and marked is not None and marked.corner is not None:
            kept = edit.delete_vertex(annotation, marked.shape, marked.corner)
            self.editing.apply(kept, "Delete corner")

    def _nudge(self, dx: float, dy: float) -> None:
        """Move the marked corner or the selection; committed when the key is released."""
        annotation, marked = self.editing.annotation, self._marked()
        if annotation is None:
            return
        if marked is not None and marked.corner is not None and marked.shape in self.editing.selection:
            x, y = corners_of(annotation.shapes[marked.shape])[marked.corner]
            moved = self._corner_moved(annotation, marked.shape, marked.corner, QPointF(x + dx, y + dy))
            self._what = "Move corner"
            self.editing.preview(moved, {marked.shape})
        else:
            chosen = self.editing.movable
            free = self.editing.free_move(annotation, chosen, dx, dy)
            self._what = "Move shape"
            self.editing.preview(edit.move_shapes(annotation, chosen, *free), chosen)

    # Marks

    def _marked(self) -> Hit | None:
        """The marked corner of a shape that may be changed."""
        hovered = self.editing.hovered
        if hovered is None or hovered.corner is None or self.editing.shapes[hovered.shape].locked:
            return None
        return hovered

    def _mark_neighbour(self, step: int) -> None:
        (shape,) = self.editing.selection
        grips = self.editing.outlines.all[shape].grips
        if not grips:
            return
        hovered = self.editing.hovered
        here = hovered.corner if hovered is not None and hovered.shape == shape else None
        start = -1 if step > 0 else 0
        self.editing.hover(Hit(shape, corner=((start if here is None else here) + step) % len(grips)))

    def _select_neighbour(self, step: int) -> None:
        shown = [index for index in range(len(self.editing.shapes)) if index not in self.editing.hidden]
        if shown:
            here = min(self.editing.selection, default=None)
            place = shown.index(here) + step if here in shown else (0 if step > 0 else -1)
            self.editing.select({shown[place % len(shown)]})

    def _let_go(self) -> None:
        """Esc drops a drag, then the marked corner, then the selection."""
        if self._change is not None or self.editing.lifted:
            self.cancel()
        elif self.editing.hovered is not None and self.editing.hovered.corner is not None:
            self.editing.hover(None)
        else:
            self.editing.select(())
