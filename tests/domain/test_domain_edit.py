from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
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


# A square with a hole: its bridge runs from (10, 0) to (8, 3) and back.
KEYHOLE = ((0.0, 0.0), (10.0, 0.0), (8.0, 3.0), (3.0, 3.0), (3.0, 8.0), (8.0, 8.0), (8.0, 3.0), (10.0, 0.0), (9.0, 9.0))


class TestVertices:
    def test_several_of_several_shapes_move(self) -> None:
        moved = edit.move_vertices(DRAWN, {0: [0, 1], 1: [3], 2: [0]}, 1.0, 2.0)
        assert moved.shapes[0].points == ((1.0, 2.0), (5.0, 2.0), (0.0, 4.0))
        assert moved.shapes[1].points == (*SQUARE.points[:3], (11.0, 16.0))
        assert moved.shapes[2] is LOCKED
        assert edit.move_vertices(DRAWN, {2: [0]}, 1.0, 2.0) is DRAWN
        assert edit.move_vertices(DRAWN, {0: [], 1: []}, 1.0, 2.0) is DRAWN
        assert edit.move_vertices(DRAWN, {0: [0, 1]}, 0.0, 0.0) is DRAWN

    @pytest.mark.parametrize(("shape", "vertex"), [(0, 3), (0, -1), (3, 0), (-1, 0)])
    def test_one_out_of_range_is_an_error(self, shape: int, vertex: int) -> None:
        with pytest.raises(IndexError):
            edit.move_vertices(DRAWN, {shape: [0, vertex]}, 1, 1)
        with pytest.raises(IndexError):
            edit.delete_vertices(DRAWN, shape, [0, vertex])

    def test_corners_of_an_oriented_rectangle(self) -> None:
        rectangle = shape_of("oriented_rectangle", (0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0))
        one = edit.move_vertices(rectangle, {0: [2]}, 2.0, 1.0).shapes[0].points
        assert one == ((0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0))
        two = edit.move_vertices(rectangle, {0: [1, 2]}, 2.0, 1.0).shapes[0].points
        assert two == ((2.0, 1.0), (6.0, 1.0), (6.0, 4.0), (2.0, 4.0))

    def test_corners_of_a_mask_and_of_a_rectangle(self) -> None:
        corners = ((2.0, 2.0), (6.0, 8.0))
        assert edit.move_vertices(shape_of("mask", *corners), {0: [1]}, 1, 1).shapes[0].points == ((3, 3), (7, 9))
        assert edit.move_vertices(shape_of("rectangle", *corners), {0: [1]}, 1, 1).shapes[0].points == ((2, 2), (7, 9))

    def test_several_go_at_once(self) -> None:
        assert edit.delete_vertices(DRAWN, 1, [0, 0]).shapes[1].points == SQUARE.points[1:]
        assert edit.delete_vertices(DRAWN, 1, [0, 2]).shapes == (TRIANGLE, LOCKED)
        assert edit.delete_vertices(DRAWN, 1, []) is DRAWN
        assert edit.delete_vertices(DRAWN, 2, [0]) is DRAWN
        strip = shape_of("linestrip", (0.0, 0.0), (1.0, 0.0), (0.0, 0.0), (2.0, 2.0))
        assert edit.delete_vertices(strip, 0, [0, 1]).shapes[0].points == ((0.0, 0.0), (2.0, 2.0))

    def test_a_bridge_keeps_hold_of_its_ends(self) -> None:
        annotation = shape_of("polygon", *KEYHOLE)
        for vertex, others in ((1, (1, 7)), (7, (1, 7)), (2, (2, 6))):
            points = edit.move_vertex(annotation, 0, vertex, (7.0, 2.0)).shapes[0].points
            assert {index for index in range(9) if points[index] != KEYHOLE[index]} == set(others)
            assert edit.move_vertices(annotation, {0: [vertex]}, 1, 1).shapes[0].points[others[0]] == (
                KEYHOLE[vertex][0] + 1,
                KEYHOLE[vertex][1] + 1,
            )

    def test_a_bridge_takes_no_vertex_and_a_border_does(self) -> None:
        annotation = shape_of("polygon", *KEYHOLE)
        assert edit.insert_vertex(annotation, 0, 1, (9.0, 1.5)) is annotation
        assert edit.insert_vertex(annotation, 0, 6, (9.0, 1.5)) is annotation
        assert len(edit.insert_vertex(annotation, 0, 2, (5.0, 3.0)).shapes[0].points) == 10

    def test_a_hole_goes_with_the_vertices_it_needs(self) -> None:
        annotation = shape_of("polygon", *KEYHOLE)
        three = edit.delete_vertices(annotation, 0, [6])
        assert len(three.shapes[0].points) == 8
        assert edit.delete_vertices(annotation, 0, [2, 4]).shapes[0].points == (*KEYHOLE[:2], KEYHOLE[8])
        assert edit.delete_vertices(annotation, 0, [0]).shapes == ()


class TestReplacing:
    def test_the_new_ones_lie_where_the_lowest_was(self) -> None:
        low, high = TRIANGLE.with_points(SQUARE.points), replace(SQUARE, label="x")
        assert edit.replace_shapes(DRAWN, [1, 0], [low]).shapes == (low, LOCKED)
        assert edit.replace_shapes(DRAWN, [1], [low, high]).shapes == (TRIANGLE, low, high, LOCKED)
        assert edit.replace_shapes(DRAWN, [0], []).shapes == (SQUARE, LOCKED)

    def test_a_locked_one_stays(self) -> None:
        assert edit.replace_shapes(DRAWN, [2], [SQUARE]) is DRAWN
        assert edit.replace_shapes(DRAWN, [1, 2], [TRIANGLE]).shapes == (TRIANGLE, TRIANGLE, LOCKED)
        assert edit.replace_shapes(DRAWN, [], [SQUARE]) is DRAWN
        assert edit.replace_shapes(DRAWN, [1], [SQUARE]) is DRAWN


class TestOrder:
    STACK = Annotation("x.png", shapes=tuple(Shape(letter, ((0.0, 0.0),), "point") for letter in "abcdef"))

    def order(self, annotation: Annotation) -> str:
        return "".join(shape.label for shape in annotation.shapes)

    @pytest.mark.parametrize(
        ("chosen", "up", "top", "down", "bottom"),
        [
            ([0], "bacdef", "bcdefa", "abcdef", "abcdef"),
            ([1, 2], "adbcef", "adefbc", "bcadef", "bcadef"),
            ([4, 5], "abcdef", "abcdef", "abcefd", "efabcd"),
            ([0, 2, 5], "badcef", "bdeacf", "acbdfe", "acfbde"),
            (range(6), "abcdef", "abcdef", "abcdef", "abcdef"),
        ],
    )
    def test_one_place_or_to_the_end(self, chosen: list[int], up: str, top: str, down: str, bottom: str) -> None:
        assert self.order(edit.raise_shapes(self.STACK, chosen, to_end=False)) == up
        assert self.order(edit.raise_shapes(self.STACK, chosen, to_end=True)) == top
        assert self.order(edit.lower_shapes(self.STACK, chosen, to_end=False)) == down
        assert self.order(edit.lower_shapes(self.STACK, chosen, to_end=True)) == bottom

    @given(st.sets(st.integers(0, 5)), st.booleans())
    def test_only_the_chosen_pass_others(self, chosen: set[int], to_end: bool) -> None:
        for change in (edit.raise_shapes, edit.lower_shapes):
            moved = change(self.STACK, chosen, to_end)
            for group in (chosen, set(range(6)) - chosen):
                letters = [self.STACK.shapes[index].label for index in sorted(group)]
                assert [letter for letter in self.order(moved) if letter in letters] == letters
            assert {id(shape) for shape in moved.shapes} == {id(shape) for shape in self.STACK.shapes}

    def test_a_locked_one_is_not_moved_but_passed(self) -> None:
        assert edit.raise_shapes(DRAWN, [1], to_end=False).shapes == (TRIANGLE, LOCKED, SQUARE)
        assert edit.lower_shapes(DRAWN, [2], to_end=True) is DRAWN


class TestOwnData:
    def test_attributes_are_set_kept_and_removed(self) -> None:
        first = edit.set_attributes(DRAWN, [0, 1, 2], {"hilum": "lost", "round": False, "none": ""})
        assert first.shapes[0].extra == {"aln": {"reader": "A", "attributes": {"hilum": "lost", "round": False}}}
        assert first.shapes[1].extra == {"aln": {"attributes": {"hilum": "lost", "round": False}}}
        assert first.shapes[2] is LOCKED
        second = edit.set_attributes(first, [0, 1], {"hilum": None, "cortex": 3.5})
        assert second.shapes[1].extra == {"aln": {"attributes": {"round": False, "cortex": 3.5}}}
        assert edit.set_attributes(second, [0, 1], {"round": "", "cortex": None}) == DRAWN
        assert TRIANGLE.extra == {"aln": {"reader": "A"}}

    def test_the_origin_is_set_and_removed(self) -> None:
        named = edit.set_origin(DRAWN, [0, 2], {"by": "model", "digest": "ab"})
        assert named.shapes[0].extra == {"aln": {"reader": "A", "origin": {"by": "model", "digest": "ab"}}}
        assert edit.set_origin(named, [0], None) == DRAWN
        assert edit.set_origin(DRAWN, [0, 1], None) is DRAWN
        assert edit.set_attributes(DRAWN, [0, 1], {"hilum": None}) is DRAWN

    def test_a_free_group_is_above_all(self) -> None:
        assert edit.free_group(Annotation("x.png")) == edit.free_group(DRAWN) == 1
        assert edit.free_group(edit.set_group(DRAWN, [1], 7)) == 8
        assert edit.free_group(edit.set_group(DRAWN, [1], -7)) == 1


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
    lambda a, i: edit.replace_shapes(a, [i], [SQUARE]),
    lambda a, i: edit.move_vertices(a, {i: [0]}, 1, 1),
    lambda a, i: edit.delete_vertices(a, i, [0]),
    lambda a, i: edit.set_attributes(a, [i], {"new": True}),
    lambda a, i: edit.set_origin(a, [i], "new"),
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
