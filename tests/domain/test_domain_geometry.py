from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import geometry
from aln_desk.domain.shape import Point, Shape

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
coordinates = st.floats(-1000, 1000)
points = st.tuples(coordinates, coordinates)
polygons = st.lists(points, min_size=3, max_size=30)


def ellipse(a: float, b: float, angle: float, count: int = 400) -> list[Point]:
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = a * np.cos(turns), b * np.sin(turns)
    cos, sin = math.cos(angle), math.sin(angle)
    return list(zip((50 + x * cos - y * sin).tolist(), (40 + x * sin + y * cos).tolist(), strict=True))


@pytest.mark.parametrize(
    ("point", "expected"),
    [((5, 3), 3.0), ((-3, 4), 5.0), ((13, -4), 5.0), ((10, 0), 0.0), ((2, 0), 0.0)],
)
def test_distance_to_a_segment(point: Point, expected: float) -> None:
    assert geometry.distance_to_segment(point, (0, 0), (10, 0)) == pytest.approx(expected)


def test_a_segment_of_no_length_is_a_point() -> None:
    assert geometry.distance_to_segment((3, 4), (0, 0), (0, 0)) == 5.0


@given(points, points, points, st.floats(0, 1))
def test_no_point_of_a_segment_is_nearer(point: Point, start: Point, end: Point, share: float) -> None:
    between = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
    assert geometry.distance_to_segment(point, start, end) <= math.dist(point, between) + 1e-9


def test_nearest_vertex_and_edge() -> None:
    assert geometry.nearest_vertex((9, 12), SQUARE) == (2, math.hypot(1, 2))
    assert geometry.nearest_edge((5, 8), SQUARE) == (2, 2.0)
    assert geometry.nearest_edge((1, 5), SQUARE) == (3, 1.0)
    assert geometry.nearest_edge((1, 5), SQUARE, closed=False)[0] == 0
    assert geometry.nearest_edge((3, 4), [(0, 0)]) == (0, 5.0)


@pytest.mark.parametrize(
    ("point", "expected"), [((5, 5), True), ((0, 0), True), ((10, 5), False), ((5, 10), False), ((-1, 5), False)]
)
def test_what_a_polygon_contains(point: Point, expected: bool) -> None:
    assert geometry.contains(SQUARE, point) is expected


def test_a_polygon_that_crosses_itself_has_a_hole_by_the_even_odd_rule() -> None:
    twice = (*SQUARE, (0, 0), (6, 0), (6, 6), (0, 6))
    assert not geometry.contains(twice, (3, 3))
    assert geometry.contains(twice, (8, 8))


def test_area_and_perimeter() -> None:
    assert geometry.signed_area(SQUARE) == 100.0
    assert geometry.signed_area(SQUARE[::-1]) == -100.0
    assert geometry.signed_area(SQUARE[:2]) == 0.0
    assert geometry.perimeter(SQUARE) == 40.0
    assert geometry.perimeter(SQUARE, closed=False) == 30.0
    assert geometry.perimeter(SQUARE[:1]) == 0.0


def test_area_keeps_its_precision_far_from_the_origin() -> None:
    far = [(x + 1e9, y + 1e9) for x, y in SQUARE]
    assert geometry.signed_area(far) == 100.0


@given(polygons, points)
def test_area_does_not_depend_on_place_or_start(polygon: list[Point], by: Point) -> None:
    moved = [(x + by[0], y + by[1]) for x, y in polygon[1:] + polygon[:1]]
    assert geometry.signed_area(moved) == pytest.approx(geometry.signed_area(polygon), abs=1e-5)


def test_bounding_box() -> None:
    assert geometry.bounding_box([(3, 4), (-1, 9), (2, 2)]) == (-1.0, 2.0, 3.0, 9.0)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, 2.9])
def test_the_axes_of_an_ellipse(angle: float) -> None:
    assert geometry.axes(ellipse(30, 12, angle)) == pytest.approx((60, 24), rel=1e-3)


def test_the_axes_of_points_and_lines() -> None:
    assert geometry.axes([(1, 1)]) == (0.0, 0.0)
    assert geometry.axes([(1, 1), (1, 1)]) == (0.0, 0.0)
    assert geometry.axes([(0, 0), (3, 4), (6, 8)]) == pytest.approx((10, 0))


@given(polygons, st.floats(0, 50))
def test_a_simplified_polygon_stays_within_the_tolerance(polygon: list[Point], tolerance: float) -> None:
    simple = geometry.simplify(polygon, tolerance)
    assert len(simple) >= 3
    assert set(simple) <= set(polygon)
    starts, ends = simple, simple[1:] + simple[:1]
    for vertex in polygon:
        assert geometry.distances_to_segments(vertex, starts, ends).min() <= tolerance + 1e-6


def test_vertices_on_a_line_are_left_out() -> None:
    dense = [(float(x), 0.0) for x in range(10)] + [(9.0, float(y)) for y in range(1, 10)]
    assert geometry.simplify(dense, 0.0) == ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))


def test_a_long_outline_is_simplified_without_deep_recursion() -> None:
    zigzag = [(float(x), float(x % 2) + x / 1e4) for x in range(5000)] + [(2500.0, 9000.0)]
    assert len(geometry.simplify(zigzag, 1e-9)) == 5001


@pytest.mark.parametrize(("bulge", "vertices"), [(0.99, 4), (1.01, 5)])
def test_a_bulge_stays_if_it_exceeds_the_tolerance(bulge: float, vertices: int) -> None:
    assert len(geometry.simplify((*SQUARE[:2], (10 + bulge, 5.0), *SQUARE[2:]), 1.0)) == vertices


@pytest.mark.parametrize("polygon", [[(0.0, 0.0)] * 5, [(0.0, 0.0), (1.0, 1.0)] * 3])
def test_a_polygon_without_area_keeps_three_vertices(polygon: list[Point]) -> None:
    assert len(geometry.simplify(polygon, 1.0)) == 3


def test_small_polygons_are_left_alone() -> None:
    assert geometry.simplify(SQUARE[:3], 1e9) == SQUARE[:3]
    assert len(geometry.simplify(SQUARE, 1e9)) == 3


@pytest.mark.parametrize(
    ("kind", "points", "expected"),
    [
        ("polygon", SQUARE, 100.0),
        ("polygon", SQUARE[:2], 0.0),
        ("rectangle", ((7.0, 1.0), (2.0, 5.0)), 20.0),
        ("oriented_rectangle", ((4.0, 0.0), (8.0, 4.0), (4.0, 8.0), (0.0, 4.0)), 32.0),
        ("circle", ((0.0, 0.0), (3.0, 4.0)), 25 * math.pi),
        ("mask", ((1.0, 1.0), (4.0, 3.0)), 6.0),
        ("linestrip", SQUARE, 0.0),
        ("point", ((1.0, 1.0),), 0.0),
    ],
)
def test_area_of_a_shape(kind: str, points: tuple[Point, ...], expected: float) -> None:
    assert geometry.area(Shape("tumor", points, kind)) == pytest.approx(expected)


def test_the_outline_of_a_rectangle_runs_round() -> None:
    shape = Shape("tumor", ((7.0, 1.0), (2.0, 5.0)), "rectangle")
    assert geometry.outline(shape) == ((7.0, 1.0), (2.0, 1.0), (2.0, 5.0), (7.0, 5.0))
