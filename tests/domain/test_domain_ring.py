from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import geometry, ring
from aln_desk.domain.ring import Ring
from aln_desk.domain.shape import Point

OUTER: Ring = ((0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (10.0, 20.0), (0.0, 20.0))
HOLE: Ring = ((4.0, 4.0), (4.0, 8.0), (8.0, 8.0), (8.0, 4.0))
BEHIND: Ring = ((12.0, 12.0), (12.0, 16.0), (16.0, 16.0), (16.0, 12.0))
# Two holes, the second one bridged to the first.
KEYHOLE: Ring = (
    *(OUTER[0], *HOLE[:3], *BEHIND, BEHIND[0], *HOLE[2:], HOLE[0]),
    *OUTER,
)

points = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=14)


def turned(one: Ring, by: int) -> Ring:
    return one[by % len(one) :] + one[: by % len(one)]


def cycles(loops: list[Ring]) -> set[frozenset[Point]]:
    return {frozenset(loop) for loop in loops}


def crossings(one: Ring, places: list[Point]) -> list[bool]:
    return [geometry.contains(one, place) for place in places] if len(one) > 2 else [False] * len(places)


PLACES = [(x + 0.5, y + 0.25) for x in range(-1, 21, 2) for y in range(-1, 21, 2)]


def test_repeats_are_left_out_round_the_end() -> None:
    assert ring.without_repeats([]) == ()
    assert ring.without_repeats([(1, 1), (1, 1), (1, 1)]) == ((1, 1),)
    assert ring.without_repeats([(0, 0), (0, 0), (1, 0), (1, 1), (1, 1), (0, 0)]) == ((0, 0), (1, 0), (1, 1))


class TestLoops:
    @pytest.mark.parametrize("start", range(len(KEYHOLE)))
    @pytest.mark.parametrize("step", [1, -1])
    def test_of_a_keyhole_are_its_rings(self, start: int, step: int) -> None:
        loops = ring.loops(turned(KEYHOLE, start)[::step])
        assert cycles(loops) == cycles([OUTER, HOLE, BEHIND])
        assert len(loops) == 3

    def test_a_plain_ring_is_its_own(self) -> None:
        assert ring.loops(OUTER) == [OUTER]
        assert ring.loops([*OUTER, OUTER[0]]) == [OUTER]

    def test_there_and_back_is_none(self) -> None:
        assert ring.loops([]) == ring.loops([(0, 0)]) == ring.loops([(0, 0), (1, 1), (2, 2), (1, 1)]) == []

    @given(points)
    def test_enclose_together_what_the_ring_does(self, walk: list[Point]) -> None:
        places = [(x + 0.37, y + 0.29) for x in range(-1, 4) for y in range(-1, 4)]
        odd = [False] * len(places)
        for loop in ring.loops(walk):
            assert len(set(loop)) == len(loop) > 2
            odd = [a != b for a, b in zip(odd, crossings(loop, places), strict=True)]
        assert odd == crossings(tuple(walk), places)


class TestTwins:
    def test_are_where_the_ring_passes_again(self) -> None:
        assert ring.twins(KEYHOLE, [0]) == {index for index, point in enumerate(KEYHOLE) if point == OUTER[0]}
        assert ring.twins(KEYHOLE, [len(KEYHOLE) - 1]) == {len(KEYHOLE) - 1}
        assert ring.twins(KEYHOLE, []) == set()

    def test_an_accidental_double_is_none(self) -> None:
        assert ring.twins([OUTER[0], *OUTER], [0]) == {0}
        assert ring.twins([*OUTER, OUTER[0]], [0]) == {0}

    def test_bridges_are_walked_back(self) -> None:
        bridges = {edge for edge in range(len(KEYHOLE)) if ring.is_bridge(KEYHOLE, edge)}
        ends = [{KEYHOLE[edge], KEYHOLE[edge + 1]} for edge in bridges]
        assert len(bridges) == 4
        assert all(end in ({OUTER[0], HOLE[0]}, {HOLE[2], BEHIND[0]}) for end in ends)


class TestWithout:
    @pytest.mark.parametrize("start", range(0, len(KEYHOLE), 3))
    @pytest.mark.parametrize("gone", [*OUTER, *HOLE, *BEHIND])
    def test_every_vertex_leaves_its_own_loop_alone(self, gone: Point, start: int) -> None:
        walk = turned(KEYHOLE, start)
        left = ring.without(walk, [walk.index(gone)])
        assert cycles(ring.loops(left)) == {loop - {gone} for loop in cycles([OUTER, HOLE, BEHIND])}
        kept = [tuple(point for point in loop if point != gone) for loop in (OUTER, HOLE, BEHIND)]
        odd = [sum(each) % 2 == 1 for each in zip(*(crossings(loop, PLACES) for loop in kept), strict=True)]
        assert crossings(left, PLACES) == odd

    @given(st.sets(st.sampled_from([*OUTER, *HOLE, *BEHIND])), st.integers(0, 20))
    def test_any_number_of_them(self, gone: set[Point], start: int) -> None:
        walk = turned(KEYHOLE, start)
        left = ring.without(walk, [index for index, point in enumerate(walk) if point in gone])
        kept = [tuple(point for point in loop if point not in gone) for loop in (OUTER, HOLE, BEHIND)]
        if len(kept[0]) < 3:
            assert left == ()
        else:
            odd = [sum(each) % 2 == 1 for each in zip(*(crossings(loop, PLACES) for loop in kept), strict=True)]
            assert crossings(left, PLACES) == odd
            assert not gone & set(left)

    @given(points, st.sets(st.integers(0, 13)))
    def test_any_walk(self, walk: list[Point], chosen: set[int]) -> None:
        vertices = {vertex for vertex in chosen if vertex < len(walk)}
        left = ring.without(walk, vertices)
        assert len(left) != 1 and len(left) != 2
        assert set(left) <= set(walk)

    def test_an_accidental_double_goes_alone(self) -> None:
        assert ring.without([OUTER[0], *OUTER], [0]) == OUTER

    def test_a_plain_ring_goes_with_its_third_last(self) -> None:
        assert ring.without(OUTER, [0, 1]) == OUTER[2:]
        assert ring.without(OUTER, [0, 1, 2]) == ()
