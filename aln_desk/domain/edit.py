"""Edits: pure functions from one annotation to the next, and the history that undoes them.

Shapes are named by their index in ``annotation.shapes``, vertices by theirs in ``shape.points``; a wrong index raises
IndexError. Locked shapes are passed over by everything but `set_locked`; an edit that changes nothing returns the very
annotation it was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Point, Shape

# The kinds whose number of vertices is free, and the fewest that still make one.
_FEWEST = {"polygon": 3, "linestrip": 2, "points": 1}


def add_shape(annotation: Annotation, shape: Shape) -> Annotation:
    """``shape`` on top of the others; its index is the last."""
    return annotation.with_shapes((*annotation.shapes, shape))


def delete_shapes(annotation: Annotation, indices: Iterable[int]) -> Annotation:
    """Without the shapes at ``indices``."""
    chosen = set(_unlocked(annotation, indices))
    if not chosen:
        return annotation
    return annotation.with_shapes(tuple(shape for index, shape in enumerate(annotation.shapes) if index not in chosen))


def duplicate_shapes(annotation: Annotation, indices: Iterable[int], dx: float = 0.0, dy: float = 0.0) -> Annotation:
    """Copies of the shapes at ``indices``, moved by (dx, dy) pixels, on top; a locked shape's copy is unlocked."""
    copies = (replace(annotation.shapes[index], locked=False) for index in _in_order(annotation, indices))
    added = tuple(_moved(copy, dx, dy) for copy in copies)
    return annotation.with_shapes(annotation.shapes + added) if added else annotation


def move_shapes(annotation: Annotation, indices: Iterable[int], dx: float, dy: float) -> Annotation:
    """The shapes at ``indices`` moved by (dx, dy) pixels; they may leave the image."""
    return _changed(annotation, _unlocked(annotation, indices), lambda shape: _moved(shape, dx, dy))


def move_vertex(annotation: Annotation, shape: int, vertex: int, point: Point) -> Annotation:
    """One vertex put at ``point``. An oriented rectangle stays one, a mask keeps its size; see `with_vertex`."""
    return _changed(annotation, _unlocked(annotation, [shape]), lambda old: with_vertex(old, vertex, point))


def insert_vertex(annotation: Annotation, shape: int, edge: int, point: Point) -> Annotation:
    """A new vertex on edge ``edge``, which runs from that vertex to the next; its index is ``edge + 1``.

    Only polygon, linestrip and points take further vertices; other kinds stay as they are.
    """

    def grown(old: Shape) -> Shape:
        if old.shape_type not in _FEWEST:
            return old
        _checked(edge, len(old.points))
        return old.with_points((*old.points[: edge + 1], point, *old.points[edge + 1 :]))

    return _changed(annotation, _unlocked(annotation, [shape]), grown)


def delete_vertex(annotation: Annotation, shape: int, vertex: int) -> Annotation:
    """Without one vertex; a polygon under three vertices, a linestrip under two and points under one are removed.

    Kinds with a fixed number of points stay as they are.
    """
    old = annotation.shapes[_checked(shape, len(annotation.shapes))]
    _checked(vertex, len(old.points))
    if old.locked or old.shape_type not in _FEWEST:
        return annotation
    left = old.points[:vertex] + old.points[vertex + 1 :]
    if len(left) < _FEWEST[old.shape_type]:
        return delete_shapes(annotation, [shape])
    return _changed(annotation, [shape], lambda _: old.with_points(left))


def set_points(annotation: Annotation, shape: int, points: tuple[Point, ...]) -> Annotation:
    """One shape drawn anew through ``points``, whose number must suit its kind."""
    return _changed(annotation, _unlocked(annotation, [shape]), lambda old: old.with_points(points))


def relabel(annotation: Annotation, indices: Iterable[int], label: str) -> Annotation:
    """The shapes at ``indices`` under another label."""
    return _changed(annotation, _unlocked(annotation, indices), lambda shape: replace(shape, label=label))


def set_group(annotation: Annotation, indices: Iterable[int], group_id: int | None) -> Annotation:
    """The shapes at ``indices`` in one group, or in none."""
    return _changed(annotation, _unlocked(annotation, indices), lambda shape: replace(shape, group_id=group_id))


def set_description(annotation: Annotation, indices: Iterable[int], description: str) -> Annotation:
    """The shapes at ``indices`` with this description."""
    chosen = _unlocked(annotation, indices)
    return _changed(annotation, chosen, lambda shape: replace(shape, description=description))


def set_shape_flags(annotation: Annotation, indices: Iterable[int], flags: Mapping[str, bool]) -> Annotation:
    """The shapes at ``indices`` with these flags set or cleared; flags not named stay."""
    chosen = _unlocked(annotation, indices)
    return _changed(annotation, chosen, lambda shape: replace(shape, flags={**shape.flags, **flags}))


def set_flags(annotation: Annotation, flags: Mapping[str, bool]) -> Annotation:
    """The image's own flags set or cleared; flags not named stay."""
    changed = replace(annotation, flags={**annotation.flags, **flags})
    return annotation if changed == annotation else changed


def set_locked(annotation: Annotation, indices: Iterable[int], locked: bool) -> Annotation:
    """The shapes at ``indices`` locked against edits, or open to them again."""
    chosen = _in_order(annotation, indices)
    return _changed(annotation, chosen, lambda shape: replace(shape, locked=locked))


def with_vertex(shape: Shape, vertex: int, point: Point) -> Shape:
    """``shape`` with one vertex at ``point``, for showing a drag before it becomes an edit.

    An oriented rectangle keeps its angle and its opposite corner; a mask, whose box follows its pixels, moves whole.
    """
    old = shape.points[_checked(vertex, len(shape.points))]
    if shape.shape_type == "oriented_rectangle":
        return shape.with_points(_stretched(shape.points, vertex, point))
    if shape.shape_type == "mask":
        return _moved(shape, point[0] - old[0], point[1] - old[1])
    return shape.with_points((*shape.points[:vertex], point, *shape.points[vertex + 1 :]))


@dataclass(frozen=True, slots=True)
class Step:
    """A state of the annotation, and the short sentence for the edit that made it (``moved a vertex``)."""

    annotation: Annotation
    what: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Every state of one annotation. Without limit: states share their unchanged shapes, so a step costs little.

    ``past`` is oldest first, ``future`` next-to-redo last.
    """

    present: Step
    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()

    @classmethod
    def of(cls, annotation: Annotation) -> History:
        """The history of an annotation as opened: nothing to undo."""
        return cls(Step(annotation))

    @property
    def annotation(self) -> Annotation:
        """The annotation as it stands now."""
        return self.present.annotation

    @property
    def can_undo(self) -> bool:
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        return bool(self.future)

    @property
    def undo_what(self) -> str:
        """What `undo` would take back; empty where there is nothing."""
        return self.present.what if self.past else ""

    @property
    def redo_what(self) -> str:
        """What `redo` would do again; empty where there is nothing."""
        return self.future[-1].what if self.future else ""

    def push(self, annotation: Annotation, what: str) -> History:
        """After an edit: nothing is left to redo. An equal annotation is no edit and changes nothing."""
        if annotation == self.annotation:
            return self
        return History(Step(annotation, what), (*self.past, self.present))

    def undo(self) -> History:
        """One step back; itself where there is none."""
        if not self.past:
            return self
        return History(self.past[-1], self.past[:-1], (*self.future, self.present))

    def redo(self) -> History:
        """One step forth; itself where there is none."""
        if not self.future:
            return self
        return History(self.future[-1], (*self.past, self.present), self.future[:-1])


def _changed(annotation: Annotation, indices: Iterable[int], change: Callable[[Shape], Shape]) -> Annotation:
    shapes = list(annotation.shapes)
    for index in indices:
        shapes[index] = change(shapes[index])
    return annotation if tuple(shapes) == annotation.shapes else annotation.with_shapes(tuple(shapes))


def _unlocked(annotation: Annotation, indices: Iterable[int]) -> list[int]:
    return [index for index in _in_order(annotation, indices) if not annotation.shapes[index].locked]


def _in_order(annotation: Annotation, indices: Iterable[int]) -> list[int]:
    return sorted({_checked(index, len(annotation.shapes)) for index in indices})


def _checked(index: int, count: int) -> int:
    """Negative indices are refused too: -1 is what a lookup without result gives."""
    if not 0 <= index < count:
        raise IndexError(f"{index} is not an index into {count}")
    return index


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    return shape.with_points(tuple((x + dx, y + dy) for x, y in shape.points))


def _stretched(corners: tuple[Point, ...], vertex: int, point: Point) -> tuple[Point, ...]:
    """The rectangle of the same angle between ``point`` and the corner opposite to ``vertex``."""
    (ax, ay), (bx, by) = corners[(vertex + 2) % 4], corners[(vertex + 1) % 4]
    length = math.hypot(bx - ax, by - ay)
    ux, uy = ((bx - ax) / length, (by - ay) / length) if length else (1.0, 0.0)
    along = (point[0] - ax) * ux + (point[1] - ay) * uy
    before = (ax + along * ux, ay + along * uy)
    after = (ax + point[0] - before[0], ay + point[1] - before[1])
    stretched = list(corners)
    stretched[vertex] = point
    stretched[(vertex + 1) % 4], stretched[(vertex + 3) % 4] = before, after
    return tuple(stretched)
