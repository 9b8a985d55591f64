"""The canvas' parts that need no widget: camera, colours, outlines, hits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QSizeF

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import SHAPE_TYPES, Shape
from aln_desk.gui.canvas import colours
from aln_desk.gui.canvas.camera import LARGEST, SMALLEST, Camera, centred, fitted
from aln_desk.gui.canvas.hit import Hit, hit
from aln_desk.gui.canvas.outlines import Outlines, make_outline, with_corner

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
    assert np.array_equal(colours.levels(0, 0), np.arange(256))


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_levels_never_swap_two_greys(brightness: float, contrast: float) -> None:
    assert (np.diff(colours.levels(brightness, contrast).astype(int)) >= 0).all()


def test_inferno_grows_lighter_all_the_way() -> None:
    lightness = colours.inferno().astype(float) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) >= -0.51).all()
    assert lightness[-1] > 200 > 5 > lightness[0]


def test_same_evidence_looks_the_same_on_every_image() -> None:
    weak, strong = np.full((4, 4), 1.0, np.float32), np.full((4, 4), 1.0, np.float32)
    strong[0, 0] = 9.0
    assert np.array_equal(colours.cam_rgba(weak)[-1, -1], colours.cam_rgba(strong)[-1, -1])


@given(st.floats(1e-3, 1e4))
def test_the_cam_s_scale_is_round_and_just_holds_the_evidence(highest: float) -> None:
    scale = colours.cam_scale(highest)
    step = scale.ticks[1]
    assert scale.ticks[0] == 0 and scale.ticks[-1] == scale.top and 2 <= len(scale.ticks) <= 6
    assert np.allclose(np.diff(scale.ticks), step)
    assert float(f"{step:.2g}") == pytest.approx(step) and f"{step:.1e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}
    assert scale.top - step < highest * (1 + 1e-6) and highest <= scale.top * (1 + 1e-6)


@pytest.mark.parametrize(
    ("highest", "ticks"), [(4.0, (0, 1, 2, 3, 4)), (23.7, (0, 5, 10, 15, 20, 25)), (0.3, (0, 0.1, 0.2, 0.3))]
)
def test_cam_ticks(highest: float, ticks: tuple[float, ...]) -> None:
    assert colours.cam_scale(highest).ticks == pytest.approx(ticks)


def test_cam_hides_nothing_where_there_is_no_evidence() -> None:
    painted = colours.cam_rgba(np.array([[-3.0, np.nan], [0.0, 4.0]], np.float32))
    assert painted[0, 0, 3] == 0
    assert painted[-1, -1, 3] == 255
    assert not colours.cam_rgba(np.full((2, 2), 0.3, np.float32), top=4.0)[..., 3].any()
    assert (np.diff(colours.cam_colours()[:, 3].astype(int)) >= 0).all()


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
