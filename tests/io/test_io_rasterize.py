from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Point, Shape
from aln_desk.io.rasterize import (
    class_mask,
    lesion_class,
    mask_pixels,
    mask_text,
    outlines,
    polygon_mask,
    shape_mask,
)

near = st.integers(-8, 88).map(lambda eighth: eighth / 4)
polygons = st.lists(st.tuples(near, near) | st.tuples(st.floats(-3, 15), st.floats(-3, 15)), min_size=3, max_size=9)


def encloses(points: list[Point], x: float, y: float) -> bool:
    """Even-odd rule for one point: edges crossed by the ray to the left."""
    crossings = 0
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        if (ay <= y) != (by <= y):
            crossings += ax + (y - ay) * (bx - ax) / (by - ay) <= x
    return crossings % 2 == 1


def square(left: float, top: float, side: float, label: str = "tumor") -> Shape:
    return Shape(label, ((left, top), (left + side, top + side)), "rectangle")


@given(polygons)
def test_a_pixel_is_inside_if_its_centre_is(points: list[Point]) -> None:
    expected = [[encloses(points, column + 0.5, row + 0.5) for column in range(14)] for row in range(12)]
    assert np.array_equal(polygon_mask(points, 12, 14), expected)


@pytest.mark.parametrize("points", [(), ((1, 1),), ((1, 1), (5, 5)), ((1, 1), (5, 1), (9, 1))])
def test_what_encloses_nothing_covers_nothing(points: tuple[Point, ...]) -> None:
    assert not polygon_mask(points, 10, 10).any()


def test_coordinates_beyond_reason_do_no_harm() -> None:
    far = ((-1e308, -1e308), (1e308, -1e308), (1e308, 1e308), (-1e308, 1e308))
    assert polygon_mask(far, 4, 5).all()


def test_a_rectangle_covers_whole_pixels_between_its_corners() -> None:
    covered = shape_mask(Shape("tumor", ((5.0, 1.0), (2.0, 4.0)), "rectangle"), 6, 8)
    assert covered[1:4, 2:5].all()
    assert covered.sum() == 9


def test_an_oriented_rectangle_is_its_polygon() -> None:
    corners = ((4.0, 0.0), (8.0, 4.0), (4.0, 8.0), (0.0, 4.0))
    shape = Shape("tumor", corners, "oriented_rectangle")
    assert np.array_equal(shape_mask(shape, 8, 8), polygon_mask(corners, 8, 8))


def test_a_circle_covers_the_centres_within_its_radius() -> None:
    covered = shape_mask(Shape("tumor", ((50.0, 50.0), (50.0, 90.0)), "circle"), 100, 100)
    assert covered.sum() == pytest.approx(np.pi * 40**2, rel=0.005)
    assert covered[10, 50] and covered[89, 49] and not covered[9, 50]


@pytest.mark.parametrize(("left", "top"), [(3, 2), (-1, -2), (6, 7), (50, 50), (-50, 0), (1e300, -1e300)])
def test_a_mask_is_placed_by_its_box_and_cut_at_the_image(left: float, top: float) -> None:
    pixels = np.array([[1, 0, 1], [1, 1, 0]], bool)
    shape = Shape("tumor", ((left, top), (left + 2, top + 1)), "mask", mask=mask_text(pixels))
    expected = np.zeros((8, 9), bool)
    for row, column in zip(*np.nonzero(pixels), strict=True):
        if 0 <= top + row < 8 and 0 <= left + column < 9:
            expected[int(top + row), int(left + column)] = True
    assert np.array_equal(shape_mask(shape, 8, 9), expected)


@pytest.mark.parametrize("mask", [None, "", "abc", "abcd", "ä"])
def test_a_mask_that_cannot_be_decoded_covers_nothing(mask: str | None) -> None:
    assert not shape_mask(Shape("tumor", ((0.0, 0.0), (3.0, 3.0)), "mask", mask=mask), 4, 4).any()


@pytest.mark.parametrize("kind", ["point", "line", "linestrip", "points"])
def test_kinds_without_area_cover_nothing(kind: str) -> None:
    assert not shape_mask(Shape("tumor", ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)), kind), 9, 9).any()


def test_mask_text_comes_back() -> None:
    pixels = np.eye(5, 7, dtype=bool)
    assert np.array_equal(mask_pixels(mask_text(pixels)), pixels)


def test_later_shapes_lie_over_earlier_ones_and_unknown_labels_leave_no_trace() -> None:
    shapes = (square(0, 0, 4), square(2, 0, 4, "Lymph-Node"), square(0, 0, 9, "calliper"))
    classes = class_mask(Annotation("x.png", shapes=shapes), 5, 7)
    assert classes.dtype == np.uint8
    assert classes[0].tolist() == [1, 1, 2, 2, 2, 2, 0]


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ((), 0),
        ((square(0, 0, 9, "calliper"),), 0),
        ((Shape("tumor", ((1.0, 1.0),), "point"),), 0),
        ((square(0, 0, 3), square(0, 0, 4, "lymph_node")), 2),
        ((square(0, 0, 3), square(9, 9, 3), square(0, 0, 4, "lymph_node")), 1),
        ((square(0, 0, 4), square(0, 0, 4, "node")), 1),
        ((square(0, 0, 2), Shape("node", ((0.0, 0.0), (0.0, 2.0)), "circle")), 2),
        ((replace(square(0, 0, 9, "node"), shape_type="mask", mask=mask_text(np.eye(3) > 0)), square(0, 0, 2)), 1),
    ],
)
def test_the_lesion_is_of_the_class_with_more_area(shapes: tuple[Shape, ...], expected: int) -> None:
    assert lesion_class(Annotation("x.png", shapes=shapes)) == expected


@st.composite
def lesions(draw: st.DrawFn) -> np.ndarray:
    """One part without holes, of 31 pixels at least: a union of discs and bars, with a rough edge."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    mask = np.zeros((70, 90), np.uint8)
    for _ in range(draw(st.integers(1, 4))):
        x, y = (int(value) for value in random.integers(0, 90, 2))
        cv2.circle(mask, (x, y), int(random.integers(2, 25)), 1, -1)
        cv2.line(mask, (x, y), tuple(int(v) for v in random.integers(0, 70, 2)), 1, int(random.integers(1, 4)))
    mask &= (random.random(mask.shape) < draw(st.sampled_from([1.0, 0.98, 0.8, 0.6]))).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    assume(contours)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], 0, 1, cv2.FILLED)
    assume(filled.sum() > 30)
    return filled.astype(bool)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@settings(deadline=None)
@given(lesions(), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_an_outlined_lesion_fills_again_to_itself(mask: np.ndarray, tolerance: float) -> None:
    (polygon,) = outlines(mask, tolerance)
    assert overlap(polygon_mask(polygon, *mask.shape), mask) >= (1.0 if tolerance == 0 else 0.97)


@settings(deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=6, max_size=6))
def test_parts_are_outlined_apart_the_largest_first_and_filled(rows: list[list[bool]]) -> None:
    mask = np.array(rows)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(mask.shape, np.uint8), contours, -1, 1, cv2.FILLED) > 0
    parts = [polygon_mask(polygon, *mask.shape) for polygon in outlines(mask, 0.0)]
    assert len(parts) == len(contours)
    assert sum(part.astype(int) for part in parts) + np.zeros(mask.shape, int) == pytest.approx(filled.astype(int))
    sizes = [int(part.sum()) for part in parts]
    assert sizes == sorted(sizes, reverse=True)


def test_an_outline_is_simple_and_true_in_area() -> None:
    rows, columns = np.mgrid[:300, :300] + 0.5
    disc = np.hypot(rows - 150, columns - 150) <= 100
    (polygon,) = outlines(disc)
    assert len(polygon) < 50
    assert polygon_mask(polygon, 300, 300).sum() == pytest.approx(disc.sum(), rel=0.01)


def test_an_empty_mask_has_no_outline() -> None:
    assert outlines(np.zeros((5, 5), bool)) == []
