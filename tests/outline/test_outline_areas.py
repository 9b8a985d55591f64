from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from aln_desk.domain import geometry
from aln_desk.domain.ring import Ring
from aln_desk.domain.shape import Point, Shape
from aln_desk.io.rasterize import polygon_mask
from aln_desk.outline import areas

SIDE = 48
SQUARE: Ring = ((4.0, 4.0), (40.0, 4.0), (40.0, 40.0), (4.0, 40.0))
HOLE: Ring = ((10.0, 10.0), (10.0, 20.0), (20.0, 20.0), (20.0, 10.0))
OTHER_HOLE: Ring = ((25.0, 25.0), (35.0, 25.0), (30.0, 35.0))
BOW: Ring = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))
# The representative point of its largest face lies within the grid of an edge.
NEAR_EDGES: list[Point] = [
    (8.0, 20.0),
    (0.0, 36.0),
    (48.0, 48.0),
    (0.0, 0.0),
    (8.0, 48.0),
    (-4.0, 24.0),
    (24.0, 24.000001),
]

grid = st.tuples(st.integers(-3, 12), st.integers(-3, 12)).map(lambda at: (4.0 * at[0], 4.0 * at[1]))
plane = st.tuples(st.floats(-20, 70), st.floats(-20, 70))
any_ring = st.one_of(st.lists(grid, max_size=14), st.lists(plane, max_size=12))


def box(left: float, top: float, side: float) -> Ring:
    return (left, top), (left + side, top), (left + side, top + side), (left, top + side)


def turned(ring: Ring, by: int) -> Ring:
    by %= max(len(ring), 1)
    return ring[by:] + ring[:by]


@st.composite
def stars(draw: st.DrawFn, centre: Point = (24.0, 24.0), least: float = 16.0, most: float = 30.0) -> Ring:
    """A ring that does not cross itself, by its distance from ``centre`` in each direction; either way round."""
    radii = draw(st.lists(st.floats(least, most), min_size=5, max_size=24))
    angles = [2 * math.pi * index / len(radii) for index in range(len(radii))]
    ring = [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
    return tuple(ring[:: draw(st.sampled_from([1, -1]))])


@st.composite
def keyholes(draw: st.DrawFn) -> tuple[Ring, list[Ring]]:
    """An outer ring and up to four holes in it that do not touch."""
    centres = [(18.0, 18.0), (30.0, 18.0), (18.0, 30.0), (30.0, 30.0)]
    holes = [draw(stars(centre, 0.5, 3.9)) for centre in centres if draw(st.booleans())]
    return draw(stars()), holes


CENTRES = shapely.points(*np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5))


def mask(ring: Sequence[Point]) -> NDArray[np.bool_]:
    return polygon_mask(ring, SIDE, SIDE)


def near(lines: Sequence[BaseGeometry]) -> NDArray[np.bool_]:
    """The pixels whose centres lie on one of the lines, where either answer is right."""
    return np.asarray(shapely.dwithin(shapely.geometrycollections(np.array(lines, object)), CENTRES, 1e-5))


def on_line(ring: Sequence[Point]) -> NDArray[np.bool_]:
    return near([shapely.linestrings(step) for step in zip(ring, turned(tuple(ring), 1), strict=True)])


def assert_fills(ring: Sequence[Point], found: BaseGeometry) -> None:
    """The ring's mask holds the pixels whose centres lie in ``found``."""
    shapely.prepare(found)
    unsure = on_line(ring) | near([part.boundary for part in areas.polygons(found)])
    assert (mask(ring) == shapely.contains(found, CENTRES))[~unsure].all()


def same(one: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(one.symmetric_difference(other).area < 1e-3)


class TestKeyholes:
    def test_the_bridge_is_at_the_nearest_pair(self) -> None:
        assert areas.ring_of(SQUARE, [HOLE]) == (
            *((4.0, 4.0), (10.0, 10.0), (10.0, 20.0), (20.0, 20.0), (20.0, 10.0), (10.0, 10.0), (4.0, 4.0)),
            *SQUARE[1:],
        )

    def test_nothing_lies_between_the_ends_of_a_bridge(self) -> None:
        # The outer ring's dent comes nearest to the hole's right side, through the wall that a second hole makes.
        outer = ((0.0, 0.0), (40.0, 0.0), (40.0, 19.0), (22.0, 20.0), (40.0, 21.0), (40.0, 40.0), (0.0, 40.0))
        wall = ((20.0, 10.0), (21.0, 10.0), (21.0, 30.0), (20.0, 30.0))
        hole = ((17.0, 18.0), (19.0, 20.0), (17.0, 22.0))
        ring = areas.ring_of(outer, [hole, wall])
        whole = Polygon(outer, [hole, wall])
        steps = zip(ring, (*ring[1:], ring[0]), strict=True)
        assert all(whole.covers(shapely.linestrings([a, b])) for a, b in steps)
        assert (19.0, 20.0) in ring and same(areas.area_of(ring), whole)

    def test_a_hole_behind_another_waits_for_it(self) -> None:
        # A hook around the inner hole keeps the outer ring out of its sight.
        hook: Ring = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0), (10.0, 21.0), (19.5, 21.0), (19.5, 22.0))
        hook += ((11.0, 22.0), (11.0, 29.0), (29.0, 29.0), (29.0, 11.0), (11.0, 11.0), (11.0, 20.0), (10.0, 20.0))
        inner = ((24.0, 14.0), (26.0, 14.0), (25.0, 26.0))
        whole = Polygon(SQUARE, [inner, hook])
        assert whole.is_valid
        ring = areas.ring_of(SQUARE, [inner, hook])
        assert all(whole.covers(shapely.linestrings([a, b])) for a, b in zip(ring, turned(ring, 1), strict=True))
        assert len(areas.parts_of(ring)[1]) == 2

    @given(keyholes(), st.integers(0, 99), st.booleans(), st.integers(0, 99))
    @settings(deadline=None, max_examples=80)
    def test_there_and_back(self, parts: tuple[Ring, list[Ring]], start: int, back: bool, doubled: int) -> None:
        outer, holes = parts
        whole = Polygon(outer, holes)
        ring = areas.ring_of(outer, holes)
        assert abs(geometry.signed_area(ring)) == pytest.approx(whole.area)
        assert_fills(ring, whole)
        written = turned(ring, start)[:: -1 if back else 1]
        twice = doubled % len(written)
        written = (*written[:twice], *written[twice : twice + 1], *written[twice:])
        assert areas.area_of(written).equals(whole)
        outer_again, holes_again = areas.parts_of(written)
        assert len(holes_again) == len(holes)
        assert Polygon(outer_again, holes_again).equals(whole)

    @given(stars())
    @settings(deadline=None, max_examples=20)
    def test_without_bridges_there_are_no_holes(self, ring: Ring) -> None:
        assert areas.parts_of(ring) == (ring, [])
        assert areas.ring_of(ring) == ring

    @pytest.mark.parametrize("by", range(8))
    def test_holes_that_touch_one_another_and_the_outer_ring(self, by: int) -> None:
        holes = [
            ((4.0, 4.0), (10.0, 8.0), (8.0, 10.0)),
            ((10.0, 8.0), (20.0, 8.0), (20.0, 10.0)),
            ((20.0, 10.0), (24.0, 20.0), (20.0, 24.0)),
            ((20.0, 24.0), (12.0, 30.0), (12.0, 26.0)),
            ((22.0, 36.0), (24.0, 38.0), (24.0, 20.0)),
        ]
        order: list[Ring] = [holes[(by * 3 + index * (1 + by % 4)) % 5] for index in range(5)]
        ring = areas.ring_of(SQUARE, order)
        whole = Polygon(SQUARE, order)
        assert whole.is_valid
        for written in (ring, turned(ring, 11), ring[::-1]):
            outer, found = areas.parts_of(written)
            assert len(found) == 5
            assert Polygon(outer, found).equals(whole)

    def test_a_walk_through_touching_holes_in_another_order(self) -> None:
        first, second = ((10.0, 10.0), (8.0, 20.0), (20.0, 8.0)), ((4.0, 4.0), (20.0, 8.0), (30.0, 6.0))
        whole = Polygon(SQUARE, [first, second])
        # The bridge leads to the first hole, the second one hangs on that, and comes by the outer ring's first vertex.
        ring = (*SQUARE, (4.0, 40.0), (10.0, 10.0), (8.0, 20.0), (20.0, 8.0), (4.0, 4.0), (30.0, 6.0), (20.0, 8.0))
        ring = (*ring, (10.0, 10.0), (4.0, 40.0))
        assert whole.is_valid
        assert areas.area_of(ring).equals(whole)
        assert len(areas.parts_of(ring)[1]) == 2
        assert areas.repaired(ring) == ([ring], "")

    @pytest.mark.parametrize("ring", [(), SQUARE[:1], SQUARE[:2], BOW, ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0))])
    def test_what_is_not_one_area_with_holes_stays_whole(self, ring: Ring) -> None:
        assert areas.parts_of(ring) == (ring, [])

    def test_parts_that_touch_at_a_point_stay_one_ring(self) -> None:
        ring = (*SQUARE, (4.0, 4.0), (0.0, 4.0), (0.0, 0.0))
        assert areas.parts_of(ring) == (ring, [])
        assert areas.area_of(ring).area == pytest.approx(36 * 36 + 8)

    def test_a_vertex_put_on_a_bridge_does_not_undo_it(self) -> None:
        ring = areas.ring_of(SQUARE, [HOLE])
        outer, holes = areas.parts_of((ring[0], (7.3, 7.3), *ring[1:]))
        assert same(Polygon(outer, holes), Polygon(SQUARE, [HOLE]))
        assert len(holes) == 1

    @pytest.mark.parametrize(
        ("holes", "area"),
        [
            ([HOLE, HOLE], 1196),
            ([HOLE, box(15, 15, 10)], 1121),
            ([box(8, 8, 20), HOLE], 896),
            ([box(36, 10, 10)], 1256),
            ([box(4, 4, 10)], 1196),
            ([box(2, 20, 50)], 576),
            ([((2.0, 20.0), (42.0, 20.0), (42.0, 21.0), (2.0, 21.0))], 1260),
            ([box(0, 0, 50)], 0),
            ([BOW], 1296 - 2 * 9),
            ([((10.0, 10.0), (20.0, 20.0)), ((9.0, 9.0), (9.0, 9.0), (9.0, 9.0))], 1296),
        ],
    )
    def test_odd_holes_are_taken_away_as_areas(self, holes: list[Ring], area: float) -> None:
        ring = areas.ring_of(SQUARE, holes)
        assert areas.area_of(ring).area == pytest.approx(area)
        assert abs(geometry.signed_area(ring)) == pytest.approx(area)
        assert_fills(ring, Polygon(SQUARE).difference(shapely.union_all([areas.area_of(hole) for hole in holes])))

    @given(any_ring, st.lists(any_ring, max_size=3))
    @settings(deadline=None, max_examples=80)
    def test_any_rings_at_all(self, outer: list[Point], holes: list[list[Point]]) -> None:
        wanted = areas.area_of(outer).difference(shapely.union_all([areas.area_of(hole) for hole in holes]))
        ring = areas.ring_of(outer, holes)
        assert same(areas.area_of(ring), wanted)
        assert_fills(ring, wanted)

    def test_hundreds_of_vertices_and_holes(self) -> None:
        holes = [box(20.0 * column + 5, 20.0 * row + 5, 9.0) for row in range(8) for column in range(12)]
        outer = (*((index * 0.25, 0.0) for index in range(1000)), (250.0, 170.0), (0.0, 170.0))
        ring = areas.ring_of(outer, holes)
        assert areas.area_of(ring).equals(Polygon(outer, holes))
        assert len(areas.parts_of(ring)[1]) == 96


class TestArea:
    @pytest.mark.parametrize(
        ("shape", "area"),
        [
            (Shape("t", SQUARE), 36 * 36),
            (Shape("t", BOW), 50),
            (Shape("t", SQUARE[:2]), 0),
            (Shape("t", ((1.0, 9.0), (5.0, 2.0)), "rectangle"), 28),
            (Shape("t", ((0.0, 2.0), (2.0, 0.0), (5.0, 3.0), (3.0, 5.0)), "oriented_rectangle"), 12),
            (Shape("t", ((5.0, 5.0), (5.0, 9.0)), "circle"), math.pi * 16),
            (Shape("t", ((5.0, 5.0), (5.0, 5.0)), "circle"), 0),
            (Shape("t", ((5.0, 5.0), (5.0, 5.0)), "rectangle"), 0),
            (Shape("t", SQUARE, "linestrip"), 0),
            (Shape("t", SQUARE[:2], "line"), 0),
            (Shape("t", SQUARE[:1], "point"), 0),
            (Shape("t", SQUARE, "points"), 0),
            (Shape("t", SQUARE, "cuboid"), 0),
        ],
    )
    def test_of_every_kind(self, shape: Shape, area: float) -> None:
        found = areas.area(shape)
        assert found.is_valid
        assert found.area == pytest.approx(area, rel=2e-4)
        assert found.is_empty == (area == 0)

    def test_a_mask_is_refused_in_words(self) -> None:
        with pytest.raises(areas.NoOutline, match="polygon first"):
            areas.area(Shape("t", SQUARE[:2], "mask", mask="AA=="))

    @given(any_ring)
    @example(NEAR_EDGES)
    @settings(deadline=None, max_examples=200)
    def test_of_any_ring_is_what_the_mask_shows(self, ring: list[Point]) -> None:
        found = areas.area_of(ring)
        assert found.is_valid
        assert_fills(ring, found)

    def test_lobes_that_cancel_each_other_count(self) -> None:
        # The bow's signed area is nothing; a loop that hangs on it must not hide it.
        ring = (*BOW, BOW[0], (0.0, -9.0), (-9.0, 0.0))
        assert areas.area_of(ring).area == pytest.approx(50 + 40.5)
        assert areas.parts_of(ring) == (ring, [])

    def test_vertices_that_are_no_place_are_left_out(self) -> None:
        ring = (*SQUARE[:2], (math.nan, 1.0), *SQUARE[2:], (math.inf, 3.0))
        assert areas.area_of(ring).equals(Polygon(SQUARE))


class TestPieces:
    @given(any_ring, any_ring)
    @settings(deadline=None, max_examples=80)
    def test_are_the_geometry_again(self, one: list[Point], other: list[Point]) -> None:
        found = areas.area_of(one).union(areas.area_of(other))
        rings = areas.pieces(found, 0)
        assert same(shapely.union_all([areas.area_of(ring) for ring in rings]), found)
        sizes = [areas.area_of(ring).area for ring in rings]
        assert sizes == sorted(sizes, reverse=True)
        for ring in rings:
            assert len(ring) >= 3
            assert all(a != b for a, b in zip(ring, turned(ring, 1), strict=True))
        assert all(areas.area_of(ring).area >= 30 - 1e-6 for ring in areas.pieces(found, 30))

    def test_slivers_are_dropped_and_tiny_holes_filled(self) -> None:
        small, tiny_hole = box(50, 50, 0.5), box(30, 30, 0.5)
        found = MultiPolygon([Polygon(small), Polygon(SQUARE, [HOLE, tiny_hole])])
        (ring,) = areas.pieces(found)
        assert areas.parts_of(ring) == (SQUARE, [HOLE])
        assert len(areas.pieces(found, 0.2)) == 2

    @pytest.mark.parametrize(
        "nothing",
        [Polygon(), shapely.linestrings(SQUARE), shapely.points(1, 1), shapely.GeometryCollection(), MultiPolygon()],
    )
    def test_of_nothing_are_none(self, nothing: BaseGeometry) -> None:
        assert areas.pieces(nothing) == []

    def test_are_found_in_mixed_and_nested_collections(self) -> None:
        mixed = shapely.GeometryCollection(
            [shapely.points(1, 1), MultiPolygon([Polygon(HOLE), Polygon(box(50, 0, 5))])]
        )
        assert [areas.area_of(ring).area for ring in areas.pieces(mixed)] == [100, 25]


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    kind = draw(st.sampled_from(["polygon", "rectangle", "circle", "line", "points"]))
    count = {"polygon": (1, 9), "points": (1, 4)}.get(kind, (2, 2))
    return Shape("t", tuple(draw(st.lists(grid | plane, min_size=count[0], max_size=count[1]))), kind)


def filled(rings: list[Ring]) -> BaseGeometry:
    return shapely.union_all([areas.area_of(ring) for ring in rings])


class TestAlgebra:
    @given(any_ring, any_ring, any_ring)
    @settings(deadline=None, max_examples=80)
    def test_is_that_of_masks(self, one: list[Point], two: list[Point], three: list[Point]) -> None:
        (a, b, c), (p, q, r) = map(areas.area_of, (one, two, three)), (mask(ring) for ring in (one, two, three))
        common = areas.intersection(a, b)
        off = on_line(one) | on_line(two) | on_line(three)
        for found, wanted in (
            (areas.union([a, b, c]), p | q | r),
            (areas.difference(a, areas.union([b, c])), p & ~q & ~r),
            (areas.intersection(common, c), p & q & r),
            # What was cut apart joins again.
            (areas.union([common, areas.difference(a, b), c]), p | r),
        ):
            rings = areas.pieces(found, 0)
            shown = np.logical_or.reduce([np.zeros_like(p), *map(mask, rings)])
            lines = np.logical_or.reduce([off, *map(on_line, rings)])
            assert (shown == wanted)[~lines].all()
            assert all(areas.repaired(ring) == ([ring], "") for ring in rings)

    @given(shapes(), shapes(), shapes())
    @settings(deadline=None, max_examples=40)
    def test_verbs_are_for_shapes_of_all_kinds(self, one: Shape, two: Shape, three: Shape) -> None:
        a, b, c = (areas.area(shape) for shape in (one, two, three))
        assert areas.unite([one, two, three]) == areas.pieces(areas.union([a, b, c]))
        assert areas.subtract(one, [two, three]) == areas.pieces(areas.difference(a, areas.union([b, c])))
        assert areas.intersect([one, two]) == areas.pieces(areas.intersection(a, b))

    def test_a_part_that_lies_on_anothers_edge_is_not_lost(self) -> None:
        # Their common vertex is reckoned and rounded; on no grid, GEOS 3.14 drops the third's second part.
        one, two = ((0.0, 0.0), (0.0, -4.0), (4.0, 0.0)), ((0.0, 0.0), (32.0, 4.0), (-8.0, -8.0))
        three = ((0.0, 0.0), (1.0, -6.25), (-8.0, -8.0), (32.0, 4.0))
        (ring,) = areas.unite([Shape("t", one), Shape("t", two), Shape("t", three)])
        assert areas.area_of(ring).area == pytest.approx(116.206, abs=1e-3)

    def test_of_none_is_none(self) -> None:
        far = Shape("t", box(100, 100, 5))
        assert areas.unite([]) == areas.intersect([]) == []
        assert areas.intersect([Shape("t", SQUARE), far]) == []
        assert areas.subtract(Shape("t", SQUARE), [Shape("t", box(0, 0, 60))]) == []
        assert areas.area_of(areas.subtract(Shape("t", SQUARE), [])[0]).equals(Polygon(SQUARE))
        assert len(areas.unite([Shape("t", SQUARE), far])) == 2

    def test_areas_that_only_touch_intersect_in_nothing(self) -> None:
        one = Shape("t", ((0.0, 0.0), (0.0, 4.0), (1.0, 0.0)))
        two = Shape("t", ((0.0, 0.0), (0.0, 4.0), (1.0, -1.0), (1.0, 0.0)))
        assert areas.intersect([one, two, Shape("t", SQUARE[:1])]) == []
        assert areas.intersect([Shape("t", box(0, 0, 10)), Shape("t", box(10, 5, 10)), Shape("t", SQUARE)]) == []

    def test_a_hole_is_cut_out_and_filled_again(self) -> None:
        (ring,) = areas.subtract(Shape("t", SQUARE), [Shape("t", HOLE)])
        assert areas.area_of(ring).equals(Polygon(SQUARE, [HOLE]))
        (whole,) = areas.unite([Shape("t", ring), Shape("t", box(9, 9, 12))])
        assert areas.area_of(whole).equals(Polygon(SQUARE))

    @given(
        st.one_of(keyholes().map(lambda parts: areas.ring_of(*parts)), any_ring),
        st.lists(plane, min_size=2, max_size=5),
    )
    @settings(deadline=None, max_examples=80)
    def test_a_split_loses_nothing(self, ring: Sequence[Point], line: list[Point]) -> None:
        parts = areas.split(Shape("t", tuple(ring)), line)
        found = areas.area_of(ring)
        missing = found.difference(filled(parts)).difference(shapely.linestrings(line).buffer(1e-9))
        assert all(part.area < areas.LEAST for part in areas.polygons(missing))
        assert sum(areas.area_of(part).area for part in parts) <= found.area + 1e-3

    def test_a_line_across_parts_a_ring_with_a_hole(self) -> None:
        ring = areas.ring_of(SQUARE, [HOLE])
        upper, lower = sorted(
            areas.split(Shape("t", ring), [(0.0, 15.0), (45.0, 15.0)]), key=lambda part: areas.area_of(part).area
        )
        assert areas.area_of(upper).area == pytest.approx(36 * 11 - 50)
        assert areas.area_of(lower).area == pytest.approx(36 * 25 - 50)

    @pytest.mark.parametrize(
        "line", [[], [(8.0, 8.0)], [(8.0, 8.0)] * 3, [(0.0, 8.0), (20.0, 8.0)], [(50.0, 0.0), (50.0, 60.0)]]
    )
    def test_a_line_that_does_not_reach_across_parts_nothing(self, line: list[Point]) -> None:
        (ring,) = areas.split(Shape("t", SQUARE), line)
        assert areas.area_of(ring).equals(Polygon(SQUARE))
        assert len(ring) == 4

    def test_a_point_or_line_has_nothing_to_split(self) -> None:
        assert areas.split(Shape("t", SQUARE, "linestrip"), [(0.0, 15.0), (45.0, 15.0)]) == []


class TestRepair:
    @given(st.one_of(stars(), keyholes().map(lambda parts: areas.ring_of(*parts))))
    @settings(deadline=None, max_examples=30)
    def test_a_sound_ring_comes_back_as_it_is(self, ring: Ring) -> None:
        assert areas.repaired(ring) == ([ring], "")
        assert areas.repaired(ring, twice_is_inside=True) == ([ring], "")

    def test_the_notice_says_what_was_done(self) -> None:
        rings, notice = areas.repaired(BOW)
        assert notice == "The outline crossed itself and was parted into 2."
        assert [areas.area_of(ring).area for ring in rings] == [25, 25]
        lopsided = ((0.0, 0.0), (0.5, 0.5), (0.5, 0.0), (-9.0, 9.5))
        assert areas.repaired(lopsided)[1] == "The outline crossed itself and was mended."
        flat = ((0.0, 0.0), (5.0, 5.0), (9.0, 9.0))
        assert areas.repaired(flat) == areas.repaired(flat[:1]) == ([], "The outline encloses no area.")
        assert areas.repaired([])[0] == []

    def test_an_overlap_is_a_hole_or_inside(self) -> None:
        # Pascal's snail, drawn round its inner loop twice.
        turn = np.linspace(0, 2 * np.pi, 99, endpoint=False)
        radius = 8 + 16 * np.cos(turn)
        snail = [(x, y) for x, y in np.stack([20 + radius * np.cos(turn), 24 + radius * np.sin(turn)], axis=1).tolist()]
        ((hollow,), _), ((full,), notice) = areas.repaired(snail), areas.repaired(snail, twice_is_inside=True)
        assert notice == "The outline crossed itself and was mended."
        assert polygon_mask(full, SIDE, SIDE)[24, 24] and not polygon_mask(hollow, SIDE, SIDE)[24, 24]
        assert areas.area_of(full).area > areas.area_of(hollow).area + 30
        assert areas.repaired(SQUARE * 2)[0] == []
        assert areas.area_of(areas.repaired(SQUARE * 2, twice_is_inside=True)[0][0]).equals(Polygon(SQUARE))

    @given(any_ring)
    @settings(deadline=None, max_examples=100)
    def test_what_comes_back_is_sound(self, ring: list[Point]) -> None:
        rings, _ = areas.repaired(ring)
        for one in rings:
            assert areas.repaired(one) == ([one], "")
        off = filled(rings).symmetric_difference(areas.area_of(ring))
        assert all(part.area < areas.LEAST for part in areas.polygons(off))

    @given(any_ring)
    @settings(deadline=None, max_examples=50)
    def test_filling_overlaps_takes_nothing_away(self, ring: list[Point]) -> None:
        less = filled(areas.repaired(ring)[0]).difference(filled(areas.repaired(ring, twice_is_inside=True)[0]))
        assert all(part.area < areas.LEAST for part in areas.polygons(less))

    def test_five_thousand_vertices_that_cross(self) -> None:
        turn = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
        radius = 200 + 20 * np.sin(40 * turn)
        x, y = radius * np.cos(turn), radius * np.sin(turn) * np.cos(turn / 2)
        rings, notice = areas.repaired(list(zip(x.tolist(), y.tolist(), strict=True)))
        assert rings and "crossed itself" in notice
        assert all(areas.repaired(ring) == ([ring], "") for ring in rings)
