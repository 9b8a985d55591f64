"""The canvas' parts that need no widget: camera, colours, outlines, hits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.geometry import distances_to_segments
from aln_desk.domain.shape import SHAPE_TYPES, Shape
from aln_desk.gui.canvas import colours
from aln_desk.gui.canvas.camera import LARGEST, SMALLEST, Camera, centred, fitted, showing
from aln_desk.gui.canvas.grips import APART, NEAR, grips
from aln_desk.gui.canvas.hit import Hit, hit
from aln_desk.gui.canvas.levels import FLATTEST, STEEPEST, Levels
from aln_desk.gui.canvas.outlines import Floats, Outlines, make_outline, polygon_of, thinned, with_corner
from aln_desk.gui.widgets.levels_panel import from_state, to_state

SQUARE = Shape("tumor", ((10, 10), (50, 10), (50, 50), (10, 50)))
INNER = Shape("lymph_node", ((25, 25), (35, 25), (35, 35), (25, 35)))
places = st.floats(-1e4, 1e4)


@given(places, places, st.floats(1e-3, 1e3), places, places)
def test_zoom_keeps_the_point_under_the_cursor(x: float, y: float, zoom: float, at_x: float, at_y: float) -> None:
    camera, at = Camera(2.0, x, y), QPointF(at_x, at_y)
    zoomed = camera.zoomed(zoom, at)
    assert SMALLEST <= zoomed.zoom <= LARGEST
    back = zoomed.to_widget(camera.to_image(at))
    assert back.x() == pytest.approx(at_x, abs=1e-5)
    assert back.y() == pytest.approx(at_y, abs=1e-5)


def test_fit_shows_the_whole_image_in_the_middle() -> None:
    camera = fitted(QSizeF(200, 100), QSizeF(500, 400))
    corner, other = camera.to_widget(QPointF(0, 0)), camera.to_widget(QPointF(200, 100))
    assert corner.x() >= 0 and corner.y() >= 0 and other.x() <= 500 and other.y() <= 400
    assert corner.x() + other.x() == pytest.approx(500)
    assert corner.y() + other.y() == pytest.approx(400)


def test_image_cannot_be_moved_out_of_sight() -> None:
    image, room = QSizeF(200, 100), QSizeF(500, 400)
    lost = centred(image, room, 1.0).moved(9000, -9000)
    kept = lost.kept_in_view(image, room)
    assert 0 < kept.x < 500
    assert -100 < kept.y < 400


def test_neutral_levels_change_nothing() -> None:
    assert np.array_equal(Levels().table(), np.arange(256))


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(FLATTEST, STEEPEST), st.booleans())
def test_levels_never_swap_two_greys(brightness: float, contrast: float, gamma: float, invert: bool) -> None:
    steps = np.diff(Levels(brightness, contrast, gamma, invert).table().astype(int))
    assert (steps <= 0).all() if invert else (steps >= 0).all()


def test_same_evidence_looks_the_same_on_every_image() -> None:
    weak, strong = np.full((4, 4), 1.0, np.float32), np.full((4, 4), 1.0, np.float32)
    strong[0, 0] = 9.0
    shown = [colours.cam_picture(cam, 4.0) for cam in (weak, strong)]
    assert shown[0].size() == shown[1].size() == QSize(32, 32)
    assert shown[0].pixelColor(31, 31) == shown[1].pixelColor(31, 31)
    assert shown[0].pixelColor(0, 0) != shown[1].pixelColor(0, 0)


def test_evidence_keeps_its_sign_and_its_place() -> None:
    cam = np.array([[-4.0, 0.0], [0.0, 4.0]], np.float32)
    shown = colours.cam_picture(cam, 4.0)
    against, for_it = shown.pixelColor(0, 0), shown.pixelColor(15, 15)
    assert against.blue() > against.red() and for_it.red() > for_it.blue()
    assert shown.pixelColor(15, 0).alpha() == 0, "no evidence hides nothing"


@pytest.mark.parametrize("kind", SHAPE_TYPES)
def test_every_kind_of_shape_has_an_outline(kind: str) -> None:
    points = {"point": ((5, 6),), "oriented_rectangle": SQUARE.points}.get(kind, ((5, 6), (15, 26)))
    outline = make_outline(Shape("x", points, kind))
    assert outline.box.isValid() or kind == "point"
    assert len(outline.corners) == (4 if kind in {"rectangle", "mask", "oriented_rectangle"} else len(points))


def test_unchanged_shapes_keep_their_outline() -> None:
    before = Outlines(Annotation("a", shapes=(SQUARE, INNER)))
    after = Outlines(Annotation("a", shapes=(SQUARE,)), before)
    assert after.all[0] is before.all[0]


def test_rectangle_keeps_the_opposite_corner() -> None:
    moved = with_corner(Shape("x", ((0, 0), (10, 20)), "rectangle"), 1, (14, -2))
    assert set(moved.points) == {(0, 20), (14, -2)}


def test_circle_moves_with_its_centre_and_grows_by_its_rim() -> None:
    circle = Shape("x", ((10, 10), (15, 10)), "circle")
    assert with_corner(circle, 0, (20, 30)).points == ((20, 30), (25, 30))
    assert with_corner(circle, 1, (19, 10)).points == ((10, 10), (19, 10))


def found(x: float, y: float, reach: float = 3.0, **options: frozenset[int]) -> Hit | None:
    return hit(Outlines(Annotation("a", shapes=(SQUARE, INNER))), QPointF(x, y), reach, **options)


def test_corner_before_edge_before_inside() -> None:
    assert found(11, 11) == Hit(0, corner=0)
    assert found(49, 30) == Hit(0, edge=1)
    assert found(18, 30) == Hit(0)
    assert found(70, 30) is None


def test_smallest_of_nested_shapes_is_found() -> None:
    assert found(30, 30, reach=1) == Hit(1)


def test_hidden_shapes_are_not_found() -> None:
    assert found(30, 30, reach=1, hidden=frozenset({1})) == Hit(0)


def test_circle_is_hit_at_its_rim_and_inside() -> None:
    outlines = Outlines(Annotation("a", shapes=(Shape("x", ((50, 50), (70, 50)), "circle"),)))
    assert hit(outlines, QPointF(50, 30.5), 2) == Hit(0, edge=0)
    assert hit(outlines, QPointF(50, 40), 2) == Hit(0)
    assert hit(outlines, QPointF(36, 36 - 3), 2) is None


def test_selected_shape_wins_between_two_corners() -> None:
    pair = Annotation("a", shapes=(SQUARE, SQUARE.with_points(((12, 10), (60, 10), (60, 60)))))
    assert hit(Outlines(pair), QPointF(12, 10), 3) == Hit(1, corner=0)
    assert hit(Outlines(pair), QPointF(12, 10), 3, selected=frozenset({0})) == Hit(0, corner=0)


# Fewer points


walks = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=60).map(np.array)


@given(walks, st.floats(0.01, 20))
def test_thinned_lines_pass_every_point_within_the_tolerance(points: Floats, tolerance: float) -> None:
    kept = thinned(points, tolerance)
    assert (kept[0] == points[0]).all() and (kept[-1] == points[-1]).all()
    assert {tuple(point) for point in kept.tolist()} <= {tuple(point) for point in points.tolist()}
    if len(kept) > 1:
        away = [distances_to_segments(point, kept[:-1], kept[1:]).min() for point in points]
        assert max(away) <= tolerance + 1e-9


def test_smooth_lines_lose_most_of_their_points() -> None:
    turns = np.linspace(0, 2 * np.pi, 5000)
    circle = np.stack([300 * np.cos(turns), 300 * np.sin(turns)], axis=1)
    assert len(thinned(circle, 0.4)) < 300


@given(walks)
def test_polygons_hold_the_points_they_are_made_of(points: Floats) -> None:
    polygon = polygon_of(points)
    assert [polygon.at(place).toTuple() for place in range(len(points))] == [tuple(point) for point in points]


def test_outlines_of_a_drag_are_those_made_anew() -> None:
    shapes = tuple(Shape("tumor", ((x, 0), (x + 5, 0), (x + 5, 5))) for x in range(0, 90, 10))
    before = Outlines(Annotation("a", shapes=shapes))
    moved = (*shapes[:3], SQUARE, *shapes[4:])
    after = Outlines(Annotation("a", shapes=moved), before)
    assert [outline.shape for outline in after.all] == list(moved)
    assert after.all[0] is before.all[0]
    assert after.near(QPointF(45, 45), 1) == [3]
    assert before.near(QPointF(45, 45), 1) == []


def test_handles_keep_apart_and_none_is_left_out_where_there_is_room() -> None:
    square = np.array(SQUARE.points, float)
    assert len(grips(square, 1.0, None)[0]) == 4
    line = np.stack([np.linspace(0, 100, 501), np.zeros(501)], axis=1)
    handled, near = grips(line, 1.0, QPointF(50, 0))
    assert np.diff(handled[:, 0]).min() >= APART - 1e-9
    assert len(near) > 200 and np.abs(near[:, 0] - 50).max() <= NEAR
    assert len(grips(line, 64.0, None)[0]) == 501


# Looking at a part


@given(st.floats(0, 500), st.floats(0, 500), st.floats(1, 300), st.floats(1, 300))
def test_a_part_is_shown_whole_and_in_the_middle(x: float, y: float, width: float, height: float) -> None:
    room = QSizeF(700, 500)
    camera = showing(QRectF(x, y, width, height), QSizeF(1000, 1000), room)
    seen = camera.widget_rect(QRectF(x, y, width, height))
    assert QRectF(0, 0, 700, 500).adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(seen)
    assert seen.center().x() == pytest.approx(350) and seen.center().y() == pytest.approx(250)


# Levels


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
levels = st.builds(
    Levels, st.floats(-1, 1), st.floats(-1, 1), st.floats(FLATTEST, STEEPEST), st.booleans(), st.booleans()
)


@given(levels)
def test_levels_survive_being_saved(kept: Levels) -> None:
    assert from_state(json.loads(json.dumps(to_state(kept)))) == kept


@given(json_values | st.dictionaries(st.sampled_from(["brightness", "gamma", "invert"]), json_values))
def test_any_saved_state_gives_levels_that_can_be_shown(state: object) -> None:
    found = from_state(state)
    assert found.table().dtype == np.uint8
    assert -1 <= found.brightness <= 1 and FLATTEST <= found.gamma <= STEEPEST


def test_brightness_and_contrast_saved_by_an_earlier_version_are_taken() -> None:
    assert from_state([0.2, -0.1]) == Levels(0.2, -0.1)
