"""Measures against figures known by hand, and what must not depend on place, angle, order or unit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aln_desk.domain import geometry, measures
from aln_desk.domain.measures import Spacing
from aln_desk.domain.shape import Point, Shape
from aln_desk.outline.areas import ring_of

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
HOLE = ((3.0, 3.0), (3.0, 7.0), (7.0, 7.0), (7.0, 3.0))
"""The other way round than `SQUARE`."""
KEYHOLE = (*SQUARE, SQUARE[0], *HOLE, HOLE[0])
"""Outer ring closed, bridge to the hole, the hole closed, and (the ring being closed) the bridge back."""
STRIP = ((0.0, 0.0), (8.0, 6.0), (5.0, 10.0), (-3.0, 4.0))
"""A rectangle of 10 by 5 whose long side runs 3-4-5 over the image."""

coordinates = st.floats(-500, 500).map(lambda value: round(value, 3))
points = st.tuples(coordinates, coordinates)
polygons = st.lists(points, min_size=3, max_size=25, unique=True)
short_polygons = st.lists(points, min_size=3, max_size=6, unique=True)
pixel_sides = st.floats(0.02, 0.5)


def turned(ring: list[Point], angle: float, by: Point) -> list[Point]:
    cos, sin = math.cos(angle), math.sin(angle)
    return [(x * cos - y * sin + by[0], x * sin + y * cos + by[1]) for x, y in ring]


def one_is_longest(ring: list[Point]) -> bool:
    """Of two equally long axes either is right, and they may have different short ones."""
    chords = sorted(math.dist(a, b) for number, a in enumerate(ring) for b in ring[number + 1 :])
    return chords[-1] - chords[-2] > 1e-3


def ellipse(a: float, b: float, count: int = 720) -> list[Point]:
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return list(zip((a * np.cos(turns)).tolist(), (b * np.sin(turns)).tolist(), strict=True))


@pytest.mark.parametrize("side", [0.0, -1.0, math.nan, math.inf, 1e-9, 1e6])
def test_a_pixel_has_a_size(side: float) -> None:
    with pytest.raises(ValueError):
        Spacing(0.1, side)


def test_a_caliper_in_pixels_and_in_millimetres() -> None:
    line = ((1.0, 1.0), (4.0, 5.0))
    assert measures.length(line) == 5.0
    assert measures.length(line, Spacing(0.1, 0.1)) == pytest.approx(0.5)
    assert measures.length(line, Spacing(1.0, 3.0)) == pytest.approx(math.hypot(3, 12))
    assert measures.length((*line, (4.0, 7.0))) == 7.0
    assert measures.length(line[:1]) == 0.0


def test_the_angle_of_two_calipers_is_that_of_the_tissue() -> None:
    level, slope = ((0.0, 0.0), (5.0, 0.0)), ((9.0, 9.0), (10.0, 10.0))
    assert measures.angle(level, slope) == pytest.approx(45)
    assert measures.angle(level, slope[::-1]) == pytest.approx(45)
    assert measures.angle(level, slope, Spacing(1.0, math.sqrt(3.0))) == pytest.approx(60)
    assert measures.angle(level, level) == 0.0
    assert math.isnan(measures.angle(level, ((1.0, 1.0), (1.0, 1.0))))


def test_axes_of_a_tilted_strip_with_their_ends() -> None:
    found = measures.axes(STRIP)
    assert found.length == pytest.approx(math.hypot(10, 5))
    # From a corner at right angles to the diagonal to the other long side: h / cos of the diagonal's angle.
    assert found.width == pytest.approx(5 * math.hypot(10, 5) / 10)
    for line, long in ((found.long, found.length), (found.short, found.width)):
        assert math.dist(*line) == pytest.approx(long)
    assert measures.angle(found.long, found.short) == pytest.approx(90)
    assert found.ratio == pytest.approx(2.0)


def test_axes_of_an_ellipse() -> None:
    found = measures.axes(turned(ellipse(30, 12), 0.7, (200, 100)))
    assert (found.length, found.width) == (pytest.approx(60, rel=1e-4), pytest.approx(24, rel=1e-3))


def test_the_short_axis_is_a_chord_and_no_wider_than_the_outline_anywhere() -> None:
    """A step: at no level along the long axis is it as wide as its two halves' extents together."""
    step = ((0, 0), (20, 0), (20, 4), (40, 4), (40, 8), (16, 8), (16, 4), (0, 4))
    assert measures.axes(step).width < geometry.axes(step)[1]


def test_pixels_that_are_not_square_may_swap_the_axes() -> None:
    wide = ((0.0, 0.0), (12.0, 0.0), (12.0, 10.0), (0.0, 10.0))
    tall = Spacing(0.1, 0.2)
    assert measures.extents(wide) == (12.0, 10.0)
    assert measures.extents(wide, tall) == pytest.approx((1.2, 2.0))
    oval = ellipse(12, 10)
    (ax, ay), (bx, by) = measures.axes(oval).long
    assert abs(ax - bx) > abs(ay - by)
    (ax, ay), (bx, by) = measures.axes(oval, tall).long
    assert abs(ax - bx) < abs(ay - by)
    assert measures.axes(oval, tall).length == pytest.approx(4.0, rel=1e-3)


def test_an_outline_without_extent_has_axes_of_nothing() -> None:
    spot = measures.axes([(3.0, 4.0)])
    assert (spot.length, spot.width, spot.long) == (0.0, 0.0, ((3.0, 4.0), (3.0, 4.0)))
    assert math.isnan(spot.ratio)
    line = measures.axes([(0.0, 0.0), (3.0, 4.0)])
    assert (line.length, line.width) == (5.0, 0.0)


@example([(0.0, -499.0), (0.0, 183.0), (-1.0, 0.0), (1.0, 0.0)], 1.0, (0.0, 0.0))
@given(polygons, st.floats(-4, 4), points)
def test_measures_do_not_depend_on_place_and_angle(ring: list[Point], angle: float, by: Point) -> None:
    moved = turned(ring, angle, by)
    assert measures.area(moved) == pytest.approx(measures.area(ring), abs=1e-5)
    assert measures.perimeter(moved) == pytest.approx(measures.perimeter(ring), abs=1e-6)
    before, after = measures.axes(ring), measures.axes(moved)
    assert after.length == pytest.approx(before.length, abs=1e-8)
    assume(one_is_longest(ring))
    assert after.width == pytest.approx(before.width, abs=1e-3)


@given(polygons, pixel_sides)
def test_square_pixels_scale_every_length(ring: list[Point], side: float) -> None:
    spacing = Spacing(side, side)
    assert measures.perimeter(ring, spacing) == pytest.approx(measures.perimeter(ring) * side)
    assert measures.area(ring, spacing) == pytest.approx(measures.area(ring) * side * side)
    assert measures.axes(ring, spacing).length == pytest.approx(measures.axes(ring).length * side)


@given(polygons, pixel_sides, pixel_sides)
def test_other_pixels_measure_as_the_outline_drawn_in_millimetres(ring: list[Point], dx: float, dy: float) -> None:
    spacing, drawn = Spacing(dx, dy), [(x * dx, y * dy) for x, y in ring]
    assert measures.area(ring, spacing) == pytest.approx(measures.area(drawn), abs=1e-9)
    assert measures.perimeter(ring, spacing) == pytest.approx(measures.perimeter(drawn), abs=1e-9)
    assert measures.axes(ring, spacing).width == pytest.approx(measures.axes(drawn).width, abs=1e-9)
    assert measures.length(ring, spacing) == pytest.approx(measures.length(drawn))


@given(polygons)
def test_axes_against_every_pair_and_the_whole_extent(ring: list[Point]) -> None:
    found = measures.axes(ring)
    long, extent = geometry.axes(ring)
    assert found.length == pytest.approx(long)
    box = measures.extents(ring)
    assert max(box) - 1e-9 <= found.length <= math.hypot(*box) + 1e-9
    assume(one_is_longest(ring))
    assert found.width <= extent + 1e-6


def test_a_hole_counts_out_and_its_bridge_counts_nothing() -> None:
    assert measures.area(KEYHOLE) == 100 - 16
    assert measures.perimeter(KEYHOLE) == 40 + 16
    assert measures.perimeter(KEYHOLE, Spacing(0.5, 0.5)) == 28
    assert geometry.perimeter(KEYHOLE) > 60
    assert measures.axes(KEYHOLE).length == pytest.approx(math.hypot(10, 10))
    assert not measures.any_cross(KEYHOLE)


@given(st.floats(0, 3), points)
def test_a_turned_keyhole_still_has_no_bridge(angle: float, by: Point) -> None:
    moved = turned(list(KEYHOLE), angle, by)
    assert measures.perimeter(moved) == pytest.approx(56)
    assert measures.area(moved) == pytest.approx(84)


@settings(max_examples=40)
@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6), st.floats(0, 6), st.floats(0.1, 0.9))
def test_every_keyhole_measures_as_its_rings_do(cells: set[tuple[int, int]], angle: float, side: float) -> None:
    outer = turned([(x * 4, y * 4) for x, y in SQUARE], angle, (50, 50))
    holes = [
        turned([(10 * column + 1 + side * x, 10 * row + 1 + side * y) for x, y in HOLE], angle, (50, 50))
        for column, row in cells
    ]
    ring, spacing = ring_of(outer, holes), Spacing(0.1, 0.1)
    assert measures.area(ring) == pytest.approx(1600 - len(cells) * 16 * side * side)
    assert measures.perimeter(ring, spacing) == pytest.approx(16 + len(cells) * 1.6 * side)
    assert not measures.any_cross(ring)


def test_crossings() -> None:
    assert measures.any_cross(((0, 0), (10, 10), (10, 0), (0, 10)))
    assert not measures.any_cross(SQUARE)
    assert measures.any_cross(SQUARE, ((5, 5), (15, 5), (15, 6)))
    assert not measures.any_cross(SQUARE, HOLE)
    assert not measures.any_cross(SQUARE, ((10, 0), (20, 0), (20, 10), (10, 10))), "they touch"


def parted(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments a-b and c-d cross, by solving for the crossing point."""
    run = np.array([[b[0] - a[0], c[0] - d[0]], [b[1] - a[1], c[1] - d[1]]])
    if abs(np.linalg.det(run)) < 1e-6:
        return False
    shares = np.linalg.solve(run, [c[0] - a[0], c[1] - a[1]])
    assume(bool((np.abs(shares) > 1e-6).all() and (np.abs(shares - 1) > 1e-6).all()))
    return bool(((shares > 0) & (shares < 1)).all())


@settings(max_examples=40)
@given(short_polygons, short_polygons)
def test_crossings_against_every_pair_of_edges(ring: list[Point], other: list[Point]) -> None:
    edges = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    others = list(zip(other, [*other[1:], other[0]], strict=True))
    assert measures.any_cross(ring, other) == any(parted(*one, *two) for one in edges for two in others)


def test_cortex_between_node_and_hilum() -> None:
    node, hilum = ellipse(40, 40), [(x + 5, y) for x, y in ellipse(20, 20)]
    smallest, greatest = measures.thickness(node, hilum)
    assert (smallest, greatest) == (pytest.approx(15, abs=0.01), pytest.approx(25, abs=0.01))
    assert measures.thickness(node, hilum, Spacing(0.1, 0.1)) == pytest.approx((1.5, 2.5), abs=1e-3)


def test_the_cortex_ends_where_the_hilum_leaves_the_node() -> None:
    assert measures.thickness(ellipse(40, 40), [(x + 25, y) for x, y in ellipse(20, 20)])[0] == 0.0
    # No vertex outside, but an edge leaves through a bay.
    bay = ((0, 0), (10, 0), (10, 10), (6, 10), (5, 2), (4, 10), (0, 10))
    assert measures.thickness(bay, ((1, 8), (9, 8), (9, 1), (1, 1)))[0] == 0.0


def test_the_greatest_thickness_may_lie_between_two_vertices() -> None:
    hilum = ((0, 0), (4, 0), (4, 3), (16, 3), (16, 0), (20, 0), (20, 4), (0, 4))
    outer = ((-1, -1), (21, -1), (21, 5), (-1, 5))
    # Over the bay, from (10, -1): to (4, 0) or (10, 3), whichever is nearer.
    assert measures.thickness(outer, hilum)[1] == pytest.approx(4.0, abs=0.02)


@settings(max_examples=25)
@given(polygons, polygons)
def test_the_smallest_thickness_is_no_more_than_the_greatest(outer: list[Point], inner: list[Point]) -> None:
    smallest, greatest = measures.thickness(outer, inner)
    assert 0 <= smallest <= greatest


@pytest.mark.parametrize(
    ("shape", "spacing", "expected"),
    [
        (Shape("node", SQUARE), None, "14 × 14 px · ratio 1.00 · area 100 px² · perimeter 40 px"),
        (
            Shape("node", ((0, 0), (20, 10)), "rectangle"),
            Spacing(0.1, 0.1),
            "2.0 × 1.0 mm · ratio 2.00 · area 2.0 mm² · perimeter 6.0 mm",
        ),
        (
            Shape("node", STRIP, "oriented_rectangle"),
            None,
            "10 × 5 px · ratio 2.00 · area 50 px² · perimeter 30 px",
        ),
        (
            Shape("node", ((50, 50), (60, 50)), "circle"),
            None,
            "20 × 20 px · ratio 1.00 · area 314 px² · perimeter 63 px",
        ),
        (Shape("caliper", ((0, 0), (30, 40)), "line"), Spacing(0.1, 0.1), "5.0 mm"),
        (Shape("spot", ((0, 0),), "point"), None, ""),
        (Shape("node", ((0, 0), (9, 9)), "mask", mask="..."), None, ""),
        (Shape("node", ((0, 0), (9, 9))), None, ""),
    ],
)
def test_what_the_screen_says(shape: Shape, spacing: Spacing | None, expected: str) -> None:
    assert measures.shape_words(shape, spacing) == expected


def test_a_circle_on_pixels_that_are_not_square_is_an_ellipse_of_tissue() -> None:
    circle = Shape("node", ((50, 50), (60, 50)), "circle")
    assert measures.shape_words(circle, Spacing(0.1, 0.2)).startswith("4.0 × 2.0 mm · ratio 2.00 · area 6.3 mm²")


def test_words_of_figures() -> None:
    mm = Spacing(0.1, 0.1)
    assert measures.length_words(12.44, 8.1, spacing=mm) == "12.4 × 8.1 mm"
    assert measures.length_words(31.2, 19.9) == "31 × 20 px"
    assert measures.area_words(79.16, mm) == "79.2 mm²"
    assert measures.angle_words(36.9) == "37°"
    assert measures.ratio_words(1.526) == "1.53"
    for words in (measures.length_words(math.nan), measures.angle_words(math.nan), measures.ratio_words(math.nan)):
        assert words == "not defined"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats(-9, 9)), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid).*:RuntimeWarning")
def test_far_off_points_give_words_and_no_error(ring: list[Point]) -> None:
    assert isinstance(measures.shape_words(Shape("node", tuple(ring))), str)
