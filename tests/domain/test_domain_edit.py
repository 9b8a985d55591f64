from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.edit import History
from aln_desk.domain.shape import Point, Shape

TRIANGLE = Shape("tumor", ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0)), extra={"aln": {"reader": "A"}})
SQUARE = Shape("lymph_node", ((10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0)), flags={"seen": True})
LOCKED = Shape("tumor", ((20.0, 20.0), (24.0, 20.0), (20.0, 24.0)), locked=True)
DRAWN = Annotation("x.png", 100, 100, (TRIANGLE, SQUARE, LOCKED), {"blurred": False}, extra={"note": 1})


def shape_of(kind: str, *points: Point) -> Annotation:
    return Annotation("x.png", shapes=(Shape("tumor", points, kind, mask="AA==" if kind == "mask" else None),))


def test_a_new_shape_lies_on_top() -> None:
    assert edit.add_shape(DRAWN, SQUARE).shapes == (*DRAWN.shapes, SQUARE)


def test_deleting_keeps_the_others_in_order() -> None:
    assert edit.delete_shapes(DRAWN, [0, 0]).shapes == (SQUARE, LOCKED)
    assert edit.delete_shapes(DRAWN, frozenset({0, 1, 2})).shapes == (LOCKED,)


def test_moving_moves_the_chosen_only() -> None:
    moved = edit.move_shapes(DRAWN, [0, 2], 1.5, -2)
    assert moved.shapes[0] == TRIANGLE.with_points(((1.5, -2.0), (5.5, -2.0), (1.5, 2.0)))
    assert moved.shapes[1:] == (SQUARE, LOCKED)
    assert replace(moved, shapes=DRAWN.shapes) == DRAWN


def test_copies_are_added_moved_and_unlocked() -> None:
    copied = edit.duplicate_shapes(DRAWN, [2, 0], 1, 1)
    assert copied.shapes[:3] == DRAWN.shapes
    assert copied.shapes[3] == edit.move_shapes(DRAWN, [0], 1, 1).shapes[0]
    assert copied.shapes[4] == Shape("tumor", ((21.0, 21.0), (25.0, 21.0), (21.0, 25.0)))


def test_a_vertex_moves_alone() -> None:
    assert edit.move_vertex(DRAWN, 0, 1, (9, 9)).shapes[0].points == ((0.0, 0.0), (9, 9), (0.0, 4.0))


def test_a_vertex_is_inserted_on_its_edge() -> None:
    assert edit.insert_vertex(DRAWN, 0, 0, (2, 0)).shapes[0].points == ((0.0, 0.0), (2, 0), (4.0, 0.0), (0.0, 4.0))
    assert edit.insert_vertex(DRAWN, 0, 2, (0, 2)).shapes[0].points[-1] == (0, 2)


def test_deleting_a_vertex_may_remove_the_shape() -> None:
    three = edit.delete_vertex(DRAWN, 1, 0)
    assert three.shapes[1].points == SQUARE.points[1:]
    assert edit.delete_vertex(three, 1, 2).shapes == (TRIANGLE, LOCKED)


@pytest.mark.parametrize(("kind", "fewest"), [("polygon", 3), ("linestrip", 2), ("points", 1)])
def test_a_shape_goes_with_the_vertex_it_needs(kind: str, fewest: int) -> None:
    points = tuple((float(i), float(i * i)) for i in range(fewest + 1))
    annotation = edit.delete_vertex(shape_of(kind, *points), 0, 0)
    assert annotation.shapes[0].points == points[1:]
    assert edit.delete_vertex(annotation, 0, 0).shapes == ()


@pytest.mark.parametrize("kind", ["point", "rectangle", "oriented_rectangle", "circle", "line", "mask"])
def test_kinds_of_a_fixed_number_of_points_keep_it(kind: str) -> None:
    annotation = shape_of(kind, (0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
    assert edit.insert_vertex(annotation, 0, 0, (2, 2)) is annotation
    assert edit.delete_vertex(annotation, 0, 0) is annotation


@given(
    st.integers(0, 3),
    st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    st.floats(0, 6),
    st.floats(1, 30),
    st.floats(1, 30),
)
def test_an_oriented_rectangle_stays_one(vertex: int, to: Point, angle: float, width: float, height: float) -> None:
    ux, uy = math.cos(angle), math.sin(angle)
    corners = ((0, 0), (width * ux, width * uy), (width * ux - height * uy, width * uy + height * ux))
    annotation = shape_of("oriented_rectangle", *corners, (-height * uy, height * ux))
    points = edit.move_vertex(annotation, 0, vertex, to).shapes[0].points
    opposite = (vertex + 2) % 4
    assert points[vertex] == to
    assert points[opposite] == annotation.shapes[0].points[opposite]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    assert (ax + cx, ay + cy) == pytest.approx((bx + dx, by + dy), abs=1e-9)
    assert (bx - ax) * (cx - bx) + (by - ay) * (cy - by) == pytest.approx(0, abs=1e-6)
    assert (bx - ax) * uy - (by - ay) * ux == pytest.approx(0, abs=1e-6)


def test_a_masks_vertex_moves_the_whole_mask() -> None:
    moved = edit.move_vertex(shape_of("mask", (2.0, 2.0), (6.0, 8.0)), 0, 1, (7.0, 7.0))
    assert moved.shapes[0].points == ((3.0, 1.0), (7.0, 7.0))


def test_words_flags_and_groups() -> None:
    assert [shape.label for shape in edit.relabel(DRAWN, [0, 1, 2], "x").shapes] == ["x", "x", "tumor"]
    assert [shape.group_id for shape in edit.set_group(DRAWN, [0, 1], 7).shapes] == [7, 7, None]
    assert edit.set_description(DRAWN, [1], "hilum lost").shapes[1].description == "hilum lost"
    assert edit.set_shape_flags(DRAWN, [1], {"sure": False}).shapes[1].flags == {"seen": True, "sure": False}
    assert edit.set_flags(DRAWN, {"blurred": True, "poor": True}).flags == {"blurred": True, "poor": True}
    assert edit.set_points(DRAWN, 0, SQUARE.points).shapes[0].points == SQUARE.points


def test_locks_open_and_close() -> None:
    opened = edit.set_locked(DRAWN, [0, 2], False)
    assert [shape.locked for shape in opened.shapes] == [False, False, False]
    assert edit.set_locked(opened, [2], True) == DRAWN


EDITS: list[Callable[[Annotation, int], Annotation]] = [
    lambda a, i: edit.delete_shapes(a, [i]),
    lambda a, i: edit.move_shapes(a, [i], 1, 1),
    lambda a, i: edit.move_vertex(a, i, 0, (9, 9)),
    lambda a, i: edit.insert_vertex(a, i, 0, (9, 9)),
    lambda a, i: edit.delete_vertex(a, i, 0),
    lambda a, i: edit.set_points(a, i, ((0.0, 0.0),)),
    lambda a, i: edit.relabel(a, [i], "new"),
    lambda a, i: edit.set_group(a, [i], 1),
    lambda a, i: edit.set_description(a, [i], "new"),
    lambda a, i: edit.set_shape_flags(a, [i], {"new": True}),
]


@pytest.mark.parametrize("change", EDITS)
def test_a_locked_shape_is_passed_over(change: Callable[[Annotation, int], Annotation]) -> None:
    assert change(DRAWN, 2) is DRAWN
    assert change(DRAWN, 0) != DRAWN


@pytest.mark.parametrize("change", [*EDITS, lambda a, i: edit.duplicate_shapes(a, [i])])
@pytest.mark.parametrize("index", [3, -1])
def test_an_index_out_of_range_is_an_error(change: Callable[[Annotation, int], Annotation], index: int) -> None:
    with pytest.raises(IndexError):
        change(DRAWN, index)


@pytest.mark.parametrize("vertex", [3, -1])
def test_a_vertex_out_of_range_is_an_error(vertex: int) -> None:
    for change in (edit.move_vertex, edit.insert_vertex):
        with pytest.raises(IndexError):
            change(DRAWN, 0, vertex, (1, 1))
    with pytest.raises(IndexError):
        edit.delete_vertex(DRAWN, 0, vertex)


@pytest.mark.parametrize(
    "unchanged",
    [
        edit.delete_shapes(DRAWN, []),
        edit.move_shapes(DRAWN, [0, 1], 0, 0),
        edit.duplicate_shapes(DRAWN, []),
        edit.relabel(DRAWN, [0], "tumor"),
        edit.set_flags(DRAWN, {"blurred": False}),
        edit.set_locked(DRAWN, [2], True),
        edit.move_vertex(DRAWN, 0, 0, (0.0, 0.0)),
    ],
)
def test_an_edit_that_changes_nothing_gives_the_same_annotation(unchanged: Annotation) -> None:
    assert unchanged is DRAWN


class TestHistory:
    def test_a_fresh_one_has_nothing_to_undo(self) -> None:
        history = History.of(DRAWN)
        assert not history.can_undo and not history.can_redo
        assert history.undo() is history and history.redo() is history
        assert (history.undo_what, history.redo_what) == ("", "")

    def test_undo_and_redo_name_their_edit(self) -> None:
        history = History.of(DRAWN).push(edit.relabel(DRAWN, [0], "x"), "changed a label")
        assert (history.undo_what, history.redo_what) == ("changed a label", "")
        back = history.undo()
        assert back.annotation is DRAWN
        assert (back.undo_what, back.redo_what) == ("", "changed a label")
        assert back.redo() == history

    def test_an_equal_annotation_is_no_edit(self) -> None:
        history = History.of(DRAWN).push(edit.relabel(DRAWN, [0], "x"), "one").undo()
        assert history.push(replace(DRAWN), "nothing") is history
        assert history.can_redo

    def test_an_edit_ends_what_could_be_redone(self) -> None:
        history = History.of(DRAWN).push(edit.relabel(DRAWN, [0], "x"), "one").undo()
        history = history.push(edit.relabel(DRAWN, [0], "y"), "two")
        assert not history.can_redo
        assert history.undo().annotation is DRAWN

    def test_a_thousand_edits_are_undone_and_redone(self) -> None:
        states: list[Any] = [DRAWN]
        history = History.of(DRAWN)
        for step in range(1000):
            states.append(edit.move_shapes(states[-1], [0], 1, 0))
            history = history.push(states[-1], f"edit {step}")
        for state in reversed(states[:-1]):
            history = history.undo()
            assert history.annotation == state
        assert not history.can_undo
        for state in states[1:]:
            history = history.redo()
            assert history.annotation == state

    @given(st.lists(st.sampled_from(["push", "undo", "redo"]), max_size=40))
    def test_it_behaves_as_a_list_with_a_place_in_it(self, moves: list[str]) -> None:
        history, states, place = History.of(DRAWN), [DRAWN], 0
        for number, move in enumerate(moves):
            if move == "push":
                states = [*states[: place + 1], replace(DRAWN, version=str(number))]
                history, place = history.push(states[-1], move), place + 1
            elif move == "undo":
                history, place = history.undo(), max(place - 1, 0)
            else:
                history, place = history.redo(), min(place + 1, len(states) - 1)
            assert history.annotation == states[place]
            assert history.can_undo == (place > 0)
            assert history.can_redo == (place < len(states) - 1)
