"""Edits: pure functions from one annotation to the next.

Shapes are named by their index in ``annotation.shapes``, vertices by theirs in ``shape.points``; a wrong index raises
IndexError. Locked shapes are passed over by everything but `set_locked`; an edit that changes nothing returns the very
annotation it was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from aln_desk.domain import own_data, ring
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


def replace_shapes(annotation: Annotation, indices: Iterable[int], shapes: Iterable[Shape]) -> Annotation:
    """``shapes`` in the place of those at ``indices``, together where the lowest of them lay.

    What came out of united or parted shapes, made by the caller from the first of them (`dataclasses.replace`), so that
    label, group and all else go on. A locked shape stays where it is; where all are locked nothing is replaced.
    """
    chosen = _unlocked(annotation, indices)
    if not chosen:
        return annotation
    left = delete_shapes(annotation, chosen).shapes
    replaced = (*left[: chosen[0]], *shapes, *left[chosen[0] :])
    return annotation if replaced == annotation.shapes else annotation.with_shapes(replaced)


def raise_shapes(annotation: Annotation, indices: Iterable[int], to_end: bool) -> Annotation:
    """The shapes at ``indices`` one place up, over the next one that is not among them, or (``to_end``) to the top.

    Among themselves, and among the others, the order stays. The shapes are the same objects as before, by which a
    selection can follow them.
    """
    return _reordered(annotation, _unlocked(annotation, indices), to_end, up=True)


def lower_shapes(annotation: Annotation, indices: Iterable[int], to_end: bool) -> Annotation:
    """The shapes at ``indices`` one place down, or (``to_end``) to the bottom; otherwise as `raise_shapes`."""
    return _reordered(annotation, _unlocked(annotation, indices), to_end, up=False)


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


def move_vertices(annotation: Annotation, vertices: Mapping[int, Iterable[int]], dx: float, dy: float) -> Annotation:
    """The vertices of several shapes, by the shape's index, moved by (dx, dy) pixels; see `with_vertices_moved`."""
    for shape in _unlocked(annotation, vertices):
        old = annotation.shapes[shape]
        annotation = set_points(annotation, shape, with_vertices_moved(old, vertices[shape], dx, dy).points)
    return annotation


def insert_vertex(annotation: Annotation, shape: int, edge: int, point: Point) -> Annotation:
    """A new vertex on edge ``edge``, which runs from that vertex to the next; its index is ``edge + 1``.

    Only polygon, linestrip and points take further vertices; other kinds stay as they are, and so does a polygon's
    bridge to a hole, which is no border of its area.
    """

    def grown(old: Shape) -> Shape:
        if old.shape_type not in _FEWEST:
            return old
        _checked(edge, len(old.points))
        if old.shape_type == "polygon" and ring.is_bridge(old.points, edge):
            return old
        return old.with_points((*old.points[: edge + 1], point, *old.points[edge + 1 :]))

    return _changed(annotation, _unlocked(annotation, [shape]), grown)


def delete_vertex(annotation: Annotation, shape: int, vertex: int) -> Annotation:
    """Without one vertex; see `delete_vertices`."""
    return delete_vertices(annotation, shape, [vertex])


def delete_vertices(annotation: Annotation, shape: int, vertices: Iterable[int]) -> Annotation:
    """Without some vertices; a polygon under three vertices, a linestrip under two and points under one are removed.

    A polygon's hole under three vertices is filled; see `ring.without`. Kinds with a fixed number of points stay as
    they are.
    """
    old = annotation.shapes[_checked(shape, len(annotation.shapes))]
    chosen = {_checked(vertex, len(old.points)) for vertex in vertices}
    if old.locked or old.shape_type not in _FEWEST or not chosen:
        return annotation
    if old.shape_type == "polygon":
        left = ring.without(old.points, chosen)
    else:
        left = tuple(point for index, point in enumerate(old.points) if index not in chosen)
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


def free_group(annotation: Annotation) -> int:
    """A group no shape is in yet: one above the highest, at least 1."""
    return max([0, *(shape.group_id or 0 for shape in annotation.shapes)]) + 1


def set_description(annotation: Annotation, indices: Iterable[int], description: str) -> Annotation:
    """The shapes at ``indices`` with this description."""
    chosen = _unlocked(annotation, indices)
    return _changed(annotation, chosen, lambda shape: replace(shape, description=description))


def set_shape_flags(annotation: Annotation, indices: Iterable[int], flags: Mapping[str, bool]) -> Annotation:
    """The shapes at ``indices`` with these flags set or cleared; flags not named stay."""
    chosen = _unlocked(annotation, indices)
    return _changed(annotation, chosen, lambda shape: replace(shape, flags={**shape.flags, **flags}))


def set_attributes(annotation: Annotation, indices: Iterable[int], attributes: Mapping[str, Any]) -> Annotation:
    """The shapes at ``indices`` with these attributes (JSON values, in the file under ``aln``); None or "" removes one.

    Attributes not named stay.
    """

    def described(shape: Shape) -> Shape:
        known = own_data.own(shape.extra).get("attributes")
        merged = {**(known if isinstance(known, Mapping) else {}), **attributes}
        return _with_own(
            shape, "attributes", {name: value for name, value in merged.items() if value not in (None, "")}
        )

    return _changed(annotation, _unlocked(annotation, indices), described)


def set_origin(annotation: Annotation, indices: Iterable[int], origin: Any) -> Annotation:
    """The shapes at ``indices`` with what they came from (JSON, in the file under ``aln``); None removes it."""
    chosen = _unlocked(annotation, indices)
    return _changed(annotation, chosen, lambda shape: _with_own(shape, "origin", origin))


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

    An oriented rectangle keeps its angle and its opposite corner; a mask, whose box follows its pixels, moves whole; a
    polygon's bridge to a hole keeps hold of its end (`ring.twins`).
    """
    x, y = shape.points[_checked(vertex, len(shape.points))]
    if shape.shape_type == "oriented_rectangle":
        return shape.with_points(_stretched(shape.points, vertex, point))
    if shape.shape_type == "mask":
        return _moved(shape, point[0] - x, point[1] - y)
    chosen = ring.twins(shape.points, [vertex]) if shape.shape_type == "polygon" else {vertex}
    return shape.with_points(tuple(point if index in chosen else old for index, old in enumerate(shape.points)))


def with_vertices_moved(shape: Shape, vertices: Iterable[int], dx: float, dy: float) -> Shape:
    """``shape`` with some vertices moved by (dx, dy) pixels, as `with_vertex` moves one.

    An oriented rectangle of which more than one corner is chosen, and a mask, move whole.
    """
    chosen = {_checked(vertex, len(shape.points)) for vertex in vertices}
    if shape.shape_type in ("oriented_rectangle", "mask") and chosen:
        x, y = shape.points[min(chosen)]
        return _moved(shape, dx, dy) if len(chosen) > 1 else with_vertex(shape, min(chosen), (x + dx, y + dy))
    if shape.shape_type == "polygon":
        chosen = ring.twins(shape.points, chosen)
    moved = ((x + dx, y + dy) if index in chosen else (x, y) for index, (x, y) in enumerate(shape.points))
    return shape.with_points(tuple(moved))


def _changed(annotation: Annotation, indices: Iterable[int], change: Callable[[Shape], Shape]) -> Annotation:
    shapes = list(annotation.shapes)
    for index in indices:
        shapes[index] = change(shapes[index])
    return annotation if tuple(shapes) == annotation.shapes else annotation.with_shapes(tuple(shapes))


def _reordered(annotation: Annotation, indices: list[int], to_end: bool, up: bool) -> Annotation:
    """Turned so that the chosen ones always go towards the end."""
    chosen = set(indices)
    order = list(range(len(annotation.shapes)))[:: 1 if up else -1]
    if to_end:
        order.sort(key=lambda index: index in chosen)
    else:
        for place in reversed(range(len(order) - 1)):
            if order[place] in chosen and order[place + 1] not in chosen:
                order[place : place + 2] = order[place + 1], order[place]
    shapes = tuple(annotation.shapes[index] for index in order[:: 1 if up else -1])
    return annotation if shapes == annotation.shapes else annotation.with_shapes(shapes)


def _with_own(shape: Shape, name: str, value: Any) -> Shape:
    return replace(shape, extra=own_data.with_own(shape.extra, name, value or None))


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
