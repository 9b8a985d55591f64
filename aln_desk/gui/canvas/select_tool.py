"""Select, move and reshape what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Point
from aln_desk.gui import theme
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.editing import Corners, Editing
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
_HINT = "Alt+click adds a corner, Alt+Shift+click deletes one; Shift+drag: several"
_CORNER_STEPS = {Qt.Key.Key_Period: 1, Qt.Key.Key_Comma: -1}


class SelectTool(Tool):
    """Click selects, drag moves; Alt+click on an edge adds a corner, Alt+Shift+click on a corner removes it.

    Shift+drag beside shapes chooses the corners in a box, Shift+click one more or one less; they move and go together.
    Arrows and Backspace act on the chosen corners, else on the marked one (under the pointer, or found with comma and
    full stop, after which Insert adds another); without either the arrows move the selected shapes.
    """

    name = "select"

    def __init__(self, editing: Editing, stage: Stage) -> None:
        super().__init__(editing, stage)
        self._change: Callable[[Pointer], Annotation] | None = None
        self._from = QPointF()
        self._lifted: frozenset[int] = frozenset()
        self._what = ""
        self._box: QRectF | None = None

    @property
    def hint(self) -> str:
        return _HINT if self.editing.selection or self.editing.hovered is not None else ""

    # Pointer

    def press(self, pointer: Pointer) -> None:
        found = self.editing.find(pointer.image, pointer.reach)
        self.editing.hover(found)
        if found is None and pointer.modifiers & SHIFT:
            self._box = QRectF(pointer.image, pointer.image)
        elif found is None:
            if not pointer.modifiers & CTRL:
                self.editing.select(())
            self.stage.start_pan(pointer.at)
        elif pointer.modifiers & ALT and pointer.modifiers & SHIFT:
            self._delete_corner()
        elif pointer.modifiers & ALT and found.edge is not None:
            self._insert(found, pointer.image)
        elif pointer.modifiers & SHIFT and found.corner is not None and found.shape in self.editing.selection:
            self._choose_too(found.shape, found.corner)
        else:
            self._take_hold(found, pointer)

    def move(self, pointer: Pointer) -> None:
        if self._box is not None:
            self._box.setBottomRight(pointer.image)
            self.stage.redraw()
        elif self._change is None:
            if not pointer.down:
                self.editing.hover(self.editing.find(pointer.image, pointer.reach))
        elif self.editing.lifted or pointer.far_from(self._from, _STILL):
            self.editing.preview(self._change(pointer), self._lifted)

    def release(self, pointer: Pointer) -> None:
        if self._box is not None:
            found = self.editing.corners_in(self._box.normalized())
            self._box = None
            self.editing.select(self.editing.selection | frozenset(found))
            self.editing.choose_corners(_joined(self.editing.corners, found))
            self.stage.redraw()
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
        if known in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and self.editing.corners:
            return self._delete_chosen
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
        self._box = None
        self.editing.revert()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        if self._box is not None:
            painter.setPen(QPen(QColor(theme.ACCENT), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(camera.widget_rect(self._box.normalized()))

    # Gestures

    def _take_hold(self, found: Hit, pointer: Pointer) -> None:
        if pointer.modifiers & (SHIFT | CTRL):
            self.editing.select(self.editing.selection ^ {found.shape})
        elif found.shape not in self.editing.selection:
            self.editing.select({found.shape})
        annotation, shape = self.editing.annotation, self.editing.shapes[found.shape]
        if annotation is None or shape.locked or found.shape not in self.editing.selection:
            return
        if found.corner is not None and found.corner in self.editing.corners.get(found.shape, ()):
            change = partial(self._chosen_dragged, annotation, pointer.image)
            self._begin(change, pointer.image, frozenset(self.editing.corners), "Move corners")
        elif found.corner is not None:
            self.editing.choose_corners({})
            change = partial(self._corner_dragged, annotation, found.shape, found.corner)
            self._begin(change, pointer.image, {found.shape}, "Move corner")
        else:
            change = partial(self._shapes_dragged, annotation, self.editing.movable, pointer.image)
            self._begin(change, pointer.image, self.editing.movable, "Move shape")

    def _begin(
        self, change: Callable[[Pointer], Annotation], at: QPointF, lifted: frozenset[int] | set[int], what: str
    ) -> None:
        self._change, self._from, self._lifted, self._what = change, at, frozenset(lifted), what

    def _corner_dragged(self, annotation: Annotation, shape: int, corner: int, pointer: Pointer) -> Annotation:
        return _corner_moved(annotation, shape, corner, self._snapped(pointer, {shape}))

    def _chosen_dragged(self, annotation: Annotation, start: QPointF, pointer: Pointer) -> Annotation:
        return self._chosen_moved(annotation, pointer.image.x() - start.x(), pointer.image.y() - start.y())

    def _chosen_moved(self, annotation: Annotation, dx: float, dy: float) -> Annotation:
        """The chosen corners moved, as far as all of them stay in the image."""
        chosen = self.editing.corners
        points = [corners_of(annotation.shapes[shape])[corner] for shape in chosen for corner in chosen[shape]]
        free = self.editing.free_shift(points, dx, dy)
        for shape, corners in chosen.items():
            annotation = _corners_moved(annotation, shape, corners, *free)
        return annotation

    def _shapes_dragged(
        self, annotation: Annotation, indices: frozenset[int], start: QPointF, pointer: Pointer
    ) -> Annotation:
        to = pointer.image
        free = self.editing.free_move(annotation, indices, to.x() - start.x(), to.y() - start.y())
        return edit.move_shapes(annotation, indices, *free)

    def _choose_too(self, shape: int, corner: int) -> None:
        """One corner more, or one less."""
        chosen = dict(self.editing.corners)
        chosen[shape] = chosen.get(shape, frozenset()) ^ {corner}
        self.editing.choose_corners(chosen)

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
        self._begin(partial(self._corner_dragged, grown, found.shape, corner), at, {found.shape}, "Add corner")

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

    def _delete_chosen(self) -> None:
        annotation = self.editing.annotation
        if annotation is None:
            return
        for shape in sorted(self.editing.corners, reverse=True):  # a shape with too few corners left goes
            annotation = edit.delete_vertices(annotation, shape, self.editing.corners[shape])
        self.editing.choose_corners({})
        self.editing.apply(annotation, "Delete corners")

    def _nudge(self, dx: float, dy: float) -> None:
        """Move the chosen corners, the marked one or the selection; committed when the key is released."""
        annotation, marked = self.editing.annotation, self._marked()
        if annotation is None:
            return
        if self.editing.corners:
            self._what = "Move corners"
            self.editing.preview(self._chosen_moved(annotation, dx, dy), self.editing.corners)
        elif marked is not None and marked.corner is not None and marked.shape in self.editing.selection:
            x, y = corners_of(annotation.shapes[marked.shape])[marked.corner]
            to = self.editing.inside(QPointF(x + dx, y + dy))
            moved = _corner_moved(annotation, marked.shape, marked.corner, to)
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
        """Esc drops a drag, then the chosen corners, then the marked one, then the selection."""
        if self._change is not None or self.editing.lifted:
            self.cancel()
        elif self.editing.corners:
            self.editing.choose_corners({})
        elif self.editing.hovered is not None and self.editing.hovered.corner is not None:
            self.editing.hover(None)
        else:
            self.editing.select(())


def _corner_moved(annotation: Annotation, shape: int, corner: int, to: Point) -> Annotation:
    return edit.set_points(annotation, shape, with_corner(annotation.shapes[shape], corner, to).points)


def _corners_moved(annotation: Annotation, shape: int, corners: frozenset[int], dx: float, dy: float) -> Annotation:
    """Several corners moved alike; all of a shape's corners move it whole."""
    old = annotation.shapes[shape]
    if len(corners) == len(corners_of(old)):
        return edit.move_shapes(annotation, [shape], dx, dy)
    if old.shape_type == "rectangle":
        return edit.set_points(annotation, shape, _sides_moved(old.points, corners, dx, dy))
    if old.shape_type == "circle":
        (corner,) = corners
        x, y = old.points[corner]
        return _corner_moved(annotation, shape, corner, (x + dx, y + dy))
    return edit.move_vertices(annotation, {shape: corners}, dx, dy)


def _sides_moved(points: tuple[Point, ...], corners: frozenset[int], dx: float, dy: float) -> tuple[Point, ...]:
    """A rectangle whose sides follow its chosen corners (in the order of `corners_of`): the side between two chosen
    ones keeps its length, and a side both of whose ends are pulled apart stays.
    """
    (x0, y0), (x1, y1) = points
    first, second = corners & {0, 3}, corners & {1, 2}
    upper, lower = corners & {0, 1}, corners & {2, 3}
    return (
        (x0 + dx * (bool(first) > bool(second)), y0 + dy * (bool(upper) > bool(lower))),
        (x1 + dx * (bool(second) > bool(first)), y1 + dy * (bool(lower) > bool(upper))),
    )


def _joined(one: Corners, other: Corners) -> Corners:
    return {shape: one.get(shape, frozenset()) | other.get(shape, frozenset()) for shape in {*one, *other}}
