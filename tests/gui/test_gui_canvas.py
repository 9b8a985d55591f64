"""The canvas as a user meets it: pointer, keys, pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape
from aln_desk.domain.verdict import InstancePrediction, Placement
from aln_desk.gui import theme
from aln_desk.gui.canvas.levels import Levels
from aln_desk.gui.canvas.view import ImageCanvas

WIDTH, HEIGHT = 200, 160
SQUARE = Shape("tumor", ((40, 40), (100, 40), (100, 100), (40, 100)))
SMALL = Shape("lymph_node", ((140, 100), (180, 100), (180, 140)))
LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


class Desk:
    """A canvas with an image of mid-grey and two shapes, and what it has told."""

    def __init__(self, canvas: ImageCanvas) -> None:
        self.canvas = canvas
        self.edits: list[tuple[Annotation, str]] = []
        canvas.annotationEdited.connect(lambda annotation, what: self.edits.append((annotation, what)))

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return self.canvas.editing.shapes

    @property
    def names(self) -> list[str]:
        return [what for _, what in self.edits]

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.to_widget(QPointF(x, y)).toPoint()

    def click(self, x: float, y: float, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.mouseClick(self.canvas, LEFT, modifier, self.at(x, y))

    def drag(self, *way: tuple[float, float], modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.mousePress(self.canvas, LEFT, modifier, self.at(*way[0]))
        for x, y in way[1:]:
            QTest.mouseMove(self.canvas, self.at(x, y))
        QTest.mouseRelease(self.canvas, LEFT, modifier, self.at(*way[-1]))

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.canvas, key, modifier)

    def pixels(self) -> QImage:
        return self.canvas.grab().toImage()


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    canvas = ImageCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(600, 480)
    canvas.show()
    canvas.set_image(np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, (SQUARE, SMALL)))
    canvas.set_editable(True)
    return Desk(canvas)


def prediction() -> InstancePrediction:
    """Mask in the upper left, evidence only in the lower right quarter of the image."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[5:30, 5:30] = True
    cam = np.full((4, 4), -0.1, np.float32)
    cam[2:, 2:] = 3
    placement = Placement(256, 256 / WIDTH, 256 / HEIGHT, 0, 0)
    return InstancePrediction("a", mask, cam, placement, -1.0, 0.5, np.zeros(256, np.float32))


# Selecting and moving


def test_click_selects_and_ctrl_click_adds(desk: Desk) -> None:
    desk.click(70, 70)
    assert desk.canvas.selection == {0}
    desk.click(170, 115, CTRL)
    assert desk.canvas.selection == {0, 1}
    desk.click(20, 140)
    assert desk.canvas.selection == frozenset()
    assert not desk.edits


def test_drag_moves_a_shape_and_tells_once(desk: Desk) -> None:
    desk.drag((70, 70), (75, 72), (80, 75))
    assert desk.names == ["Move shape"]
    x, y = desk.shapes[0].points[0]
    assert (x, y) == (pytest.approx(50, abs=1), pytest.approx(45, abs=1))
    assert desk.edits[0][0].shapes is desk.shapes


def test_shapes_stop_at_the_border(desk: Desk) -> None:
    desk.drag((70, 70), (30, 60), (-40, 70))
    assert min(x for x, _ in desk.shapes[0].points) == pytest.approx(0, abs=1e-5)
    assert max(x for x, _ in desk.shapes[0].points) == pytest.approx(60, abs=1e-5)


def test_drag_moves_a_corner_and_clamps_it(desk: Desk) -> None:
    desk.drag((100, 40), (150, 20), (150, -30))
    assert desk.names == ["Move corner"]
    assert desk.shapes[0].points[1] == (pytest.approx(150, abs=1), 0)
    assert desk.shapes[0].points[0] == (40, 40)


def test_escape_gives_a_drag_up(desk: Desk) -> None:
    QTest.mousePress(desk.canvas, LEFT, pos=desk.at(70, 70))
    QTest.mouseMove(desk.canvas, desk.at(90, 90))
    assert desk.shapes[0] != SQUARE
    desk.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(desk.canvas, LEFT, pos=desk.at(90, 90))
    assert desk.shapes[0] is SQUARE
    assert not desk.edits


def test_locked_shapes_stay(desk: Desk) -> None:
    locked = Shape("tumor", SQUARE.points, locked=True)
    desk.canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, (locked,)))
    desk.drag((70, 70), (90, 90))
    desk.drag((40, 40), (60, 60))
    desk.key(Qt.Key.Key_Right)
    desk.canvas.editing.delete_selected()
    assert desk.canvas.selection == {0}
    assert desk.shapes == (locked,)
    assert not desk.edits


# Corners


def test_alt_click_on_an_edge_adds_a_corner(desk: Desk) -> None:
    desk.click(70, 40, ALT)
    assert desk.names == ["Add corner"]
    assert len(desk.shapes[0].points) == 5
    assert desk.shapes[0].points[1] == (pytest.approx(70, abs=1), pytest.approx(40, abs=1))


def test_double_click_on_an_edge_adds_a_corner(desk: Desk) -> None:
    desk.click(70, 40)
    QTest.mouseDClick(desk.canvas, LEFT, pos=desk.at(70, 40))
    assert desk.names == ["Add corner"]


@pytest.mark.parametrize("way", ["click", "key"])
def test_a_corner_is_deleted(desk: Desk, way: str) -> None:
    if way == "click":
        desk.click(100, 100, ALT | SHIFT)
    else:
        QTest.mouseMove(desk.canvas, desk.at(100, 100))
        desk.key(Qt.Key.Key_Backspace)
    assert desk.names == ["Delete corner"]
    assert desk.shapes[0].points == ((40, 40), (100, 40), (40, 100))


def test_triangle_without_a_corner_is_gone(desk: Desk) -> None:
    desk.click(180, 140, ALT | SHIFT)
    assert desk.shapes == (SQUARE,)


def test_a_corner_is_chosen_and_moved_by_keys(desk: Desk) -> None:
    desk.canvas.select([0])
    desk.key(Qt.Key.Key_Period)
    desk.key(Qt.Key.Key_Period)
    desk.key(Qt.Key.Key_Up, SHIFT)
    assert desk.shapes[0].points[1] == (100, 30)
    desk.key(Qt.Key.Key_Insert)
    assert len(desk.shapes[0].points) == 5
    desk.key(Qt.Key.Key_Backspace)
    assert len(desk.shapes[0].points) == 4
    assert desk.names == ["Move corner", "Add corner", "Delete corner"]


# Keys


def test_arrows_nudge_once_a_key_press(desk: Desk) -> None:
    desk.canvas.select([0])
    QTest.mouseMove(desk.canvas, desk.at(190, 10))
    desk.key(Qt.Key.Key_Right)
    desk.key(Qt.Key.Key_Down, SHIFT)
    assert desk.names == ["Move shape", "Move shape"]
    assert desk.shapes[0].points[0] == (41, 50)


def test_ctrl_arrow_goes_from_shape_to_shape(desk: Desk) -> None:
    desk.key(Qt.Key.Key_Right, CTRL)
    assert desk.canvas.selection == {0}
    desk.key(Qt.Key.Key_Right, CTRL)
    assert desk.canvas.selection == {1}


def test_delete_duplicate_relabel_select_all(desk: Desk) -> None:
    editing = desk.canvas.editing
    editing.select_all()
    editing.relabel_selected("lymph_node")
    assert {shape.label for shape in desk.shapes} == {"lymph_node"}
    editing.duplicate_selected()
    assert len(desk.shapes) == 4
    assert desk.canvas.selection == {2, 3}
    editing.delete_selected()
    assert len(desk.shapes) == 2
    assert desk.names == ["Change label", "Duplicate 2 shapes", "Delete 2 shapes"]


@pytest.mark.parametrize(("key", "tool"), [("P", "polygon"), ("N", "polygon"), ("R", "rectangle"), ("J", "select")])
def test_labelmes_keys_choose_tools(desk: Desk, key: str, tool: str) -> None:
    desk.canvas.set_tool("circle")
    desk.key(Qt.Key(ord(key)), CTRL)
    assert desk.canvas.tool == tool


# Drawing


def draw(desk: Desk, *points: tuple[float, float]) -> None:
    desk.canvas.set_tool("polygon")
    for x, y in points:
        desk.click(x, y)


TRIANGLE = ((20, 110), (60, 110), (60, 150))


def by_first_point(desk: Desk) -> None:
    desk.click(21, 111)


def by_double_click(desk: Desk) -> None:
    QTest.mouseDClick(desk.canvas, LEFT, pos=desk.at(60, 150))


@pytest.mark.parametrize(
    "finish",
    [
        by_first_point,
        by_double_click,
        lambda desk: desk.key(Qt.Key.Key_Return),
        lambda desk: desk.key(Qt.Key.Key_Space),
    ],
)
def test_polygon_is_closed_in_four_ways(desk: Desk, finish: Callable[[Desk], None]) -> None:
    desk.canvas.set_label("lymph_node")
    draw(desk, *TRIANGLE)
    assert not desk.edits
    finish(desk)
    assert desk.names == ["Draw polygon"]
    drawn = desk.shapes[2]
    assert (drawn.label, drawn.shape_type, len(drawn.points)) == ("lymph_node", "polygon", 3)
    assert np.allclose(drawn.points, TRIANGLE, atol=1)
    assert desk.canvas.selection == {2}


def test_points_are_taken_back_and_escape_gives_up(desk: Desk) -> None:
    draw(desk, *TRIANGLE, (20, 150), (10, 150))
    desk.key(Qt.Key.Key_Backspace)
    desk.key(Qt.Key.Key_Z, CTRL)
    desk.key(Qt.Key.Key_Return)
    assert len(desk.shapes[2].points) == 3
    draw(desk, *TRIANGLE)
    desk.key(Qt.Key.Key_Escape)
    desk.key(Qt.Key.Key_Return)
    assert len(desk.shapes) == 3
    desk.key(Qt.Key.Key_Escape)
    assert desk.canvas.tool == "select"


def test_two_points_are_no_polygon(desk: Desk) -> None:
    draw(desk, *TRIANGLE[:2])
    desk.key(Qt.Key.Key_Return)
    assert not desk.edits


def test_dragging_draws_freely(desk: Desk) -> None:
    desk.canvas.set_tool("polygon")
    turn = np.linspace(0, 1.8 * np.pi, 60)
    desk.drag(*[(100 + 40 * float(np.cos(t)), 80 + 40 * float(np.sin(t))) for t in turn])
    desk.key(Qt.Key.Key_Return)
    points = np.array(desk.shapes[2].points)
    assert 8 < len(points) < 60
    assert np.abs(np.hypot(*(points - (100, 80)).T) - 40).max() < 2


def _round(turns: float) -> list[tuple[float, float]]:
    """Places on a circle of 40 image pixels around (100, 80)."""
    return [(100 + 40 * float(np.cos(t)), 80 + 40 * float(np.sin(t))) for t in np.linspace(0, 2 * turns * np.pi, 60)]


def test_a_stroke_that_comes_back_to_its_start_closes(desk: Desk) -> None:
    desk.canvas.set_tool("polygon")
    desk.drag(*_round(0.99))
    assert desk.names == ["Draw polygon"]
    assert len(desk.shapes[2].points) > 8


def test_a_short_stroke_closes_nothing(desk: Desk) -> None:
    desk.canvas.set_tool("polygon")
    desk.drag((50, 120), (52.5, 120), (52.5, 122.5), (50, 122.5))
    assert not desk.edits
    assert "Backspace takes the last point back" in desk.canvas.hint


@pytest.mark.parametrize("freehand", [True, False])
@pytest.mark.parametrize("away", ["tool", "look", "image", "asked"])
def test_a_half_drawn_outline_is_kept(desk: Desk, away: str, freehand: bool) -> None:
    canvas = desk.canvas
    canvas.set_tool("polygon")
    if freehand:
        desk.drag(*_round(0.7))
    else:
        draw(desk, *TRIANGLE)
    assert not desk.edits
    {
        "tool": lambda: canvas.set_tool("select"),
        "look": lambda: canvas.set_editable(False),
        "image": lambda: canvas.set_image(np.zeros((20, 20, 3), np.uint8)),
        "asked": canvas.conclude,
    }[away]()
    assert desk.names == ["Draw polygon"]
    x = np.array(desk.edits[0][0].shapes[2].points)[:, 0]
    assert x.max() == pytest.approx(140 if freehand else 60, abs=1)


def test_fewer_than_three_points_are_dropped(desk: Desk) -> None:
    draw(desk, *TRIANGLE[:2])
    desk.canvas.set_tool("select")
    desk.canvas.set_tool("polygon")
    desk.click(150, 50)
    desk.key(Qt.Key.Key_Return)
    assert not desk.edits


def test_a_half_drawn_outline_survives_another_label_and_an_undo(desk: Desk) -> None:
    draw(desk, *TRIANGLE)
    desk.canvas.set_label("lymph_node")
    desk.canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, (SQUARE,)))
    desk.key(Qt.Key.Key_Return)
    assert [shape.label for shape in desk.shapes] == ["tumor", "lymph_node"]


def test_corners_are_hinted_at_while_a_shape_is_marked(desk: Desk) -> None:
    QTest.mouseMove(desk.canvas, desk.at(20, 140))
    assert desk.canvas.hint == ""
    QTest.mouseMove(desk.canvas, desk.at(70, 70))
    assert "Alt+click" in desk.canvas.hint
    QTest.mouseMove(desk.canvas, desk.at(20, 140))
    desk.canvas.select([0])
    assert "Alt+click" in desk.canvas.hint
    desk.canvas.set_tool("polygon")
    assert "Click point by point" in desk.canvas.hint


def test_points_beyond_the_image_are_clamped(desk: Desk) -> None:
    draw(desk, (-20, 10), (60, -9), (60, 30))
    desk.key(Qt.Key.Key_Return)
    assert desk.shapes[2].points[0][0] == 0
    assert desk.shapes[2].points[1][1] == 0


@pytest.mark.parametrize("by_drag", [True, False])
def test_rectangle_by_drag_or_two_clicks(desk: Desk, by_drag: bool) -> None:
    desk.canvas.set_tool("rectangle")
    if by_drag:
        desk.drag((10, 10), (20, 20), (50, 30))
    else:
        desk.click(10, 10)
        desk.click(50, 30)
    assert desk.names == ["Draw rectangle"]
    assert np.allclose(desk.shapes[2].points, ((10, 10), (50, 30)), atol=1)


def test_shift_makes_a_square(desk: Desk) -> None:
    desk.canvas.set_tool("rectangle")
    QTest.mousePress(desk.canvas, LEFT, SHIFT, desk.at(10, 10))
    QTest.mouseRelease(desk.canvas, LEFT, SHIFT, desk.at(10, 10))
    QTest.mousePress(desk.canvas, LEFT, SHIFT, desk.at(50, 30))
    QTest.mouseRelease(desk.canvas, LEFT, SHIFT, desk.at(50, 30))
    (x0, y0), (x1, y1) = desk.shapes[2].points
    assert x1 - x0 == pytest.approx(y1 - y0)


def test_circle_from_centre_to_rim(desk: Desk) -> None:
    desk.canvas.set_tool("circle")
    desk.drag((100, 80), (110, 80), (130, 80))
    assert desk.shapes[2].shape_type == "circle"
    assert np.allclose(desk.shapes[2].points, ((100, 80), (130, 80)), atol=1)


def test_nothing_is_edited_on_a_canvas_that_is_not_editable(desk: Desk) -> None:
    desk.canvas.set_editable(False)
    before = desk.canvas.camera
    desk.drag((70, 70), (90, 90))
    desk.key(Qt.Key.Key_Right)
    assert desk.shapes == (SQUARE, SMALL)
    assert desk.canvas.selection == frozenset()
    assert desk.canvas.camera != before


# Looking


def wheel(canvas: ImageCanvas, at: QPoint, delta: int, modifiers: Qt.KeyboardModifier) -> None:
    place = QPointF(at)
    canvas.wheelEvent(
        QWheelEvent(place, place, QPoint(), QPoint(0, delta), LEFT, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
    )


def test_ctrl_wheel_zooms_at_the_cursor_and_plain_wheel_scrolls(desk: Desk) -> None:
    at = desk.at(50, 60)
    under, zoom = desk.canvas.to_image(QPointF(at)), desk.canvas.camera.zoom
    wheel(desk.canvas, at, 120, CTRL)
    assert desk.canvas.camera.zoom > zoom
    assert (desk.canvas.to_image(QPointF(at)) - under).manhattanLength() < 1e-6
    zoom, y = desk.canvas.camera.zoom, desk.canvas.camera.y
    wheel(desk.canvas, at, 120, Qt.KeyboardModifier.NoModifier)
    assert desk.canvas.camera.zoom == zoom
    assert desk.canvas.camera.y > y


def test_view_is_kept_and_restored(desk: Desk) -> None:
    desk.canvas.zoom_by(3, QPointF(100, 100))
    state, camera = desk.canvas.view_state(), desk.canvas.camera
    desk.canvas.fit()
    assert desk.canvas.camera != camera
    desk.canvas.restore_view(state)
    assert desk.canvas.camera.x == pytest.approx(camera.x)
    assert desk.canvas.camera.zoom == camera.zoom
    desk.canvas.restore_view({"zoom": "much"})
    assert desk.canvas.view_state()["fit"]


def test_another_image_keeps_the_view_when_asked(desk: Desk) -> None:
    desk.canvas.zoom_by(3)
    camera = desk.canvas.camera
    desk.canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8), keep_view=True)
    assert desk.canvas.camera == camera
    desk.canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert desk.canvas.view_state()["fit"]


def test_layers_are_seen_and_space_shows_the_plain_image(desk: Desk) -> None:
    canvas = desk.canvas
    canvas.set_prediction(prediction())
    inside_cam, on_outline, on_border = desk.at(170, 150), desk.at(70, 40), _dash(desk)
    shown = desk.pixels()
    grey = QColor(128, 128, 128)
    assert shown.pixelColor(on_outline).green() > 160
    assert shown.pixelColor(on_border) != grey
    assert shown.pixelColor(inside_cam).red() > 140
    assert shown.pixelColor(desk.at(20, 140)) == grey
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    plain = desk.pixels()
    assert all(plain.pixelColor(place) == grey for place in (inside_cam, on_outline, on_border))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert desk.pixels().pixelColor(on_outline).green() > 160


@pytest.mark.parametrize("name", ["drawn", "predicted", "cam"])
def test_each_layer_is_switched_on_its_own(desk: Desk, name: str) -> None:
    desk.canvas.set_prediction(prediction())
    places = {"drawn": desk.at(70, 40), "predicted": _dash(desk), "cam": desk.at(170, 150)}
    before = desk.pixels()
    desk.canvas.set_overlay(name, False, 1.0)
    after = desk.pixels()
    changed = {layer for layer, place in places.items() if before.pixelColor(place) != after.pixelColor(place)}
    assert changed == {name}
    assert desk.canvas.overlay(name) == (False, 1.0)


def _dash(desk: Desk) -> QPoint:
    """A place on a dash of the predicted mask's upper border."""
    shown = desk.pixels()
    way = [desk.at(x / 4, 5) for x in range(4 * 8, 4 * 27)]
    return max(way, key=lambda place: shown.pixelColor(place).red() - shown.pixelColor(place).green())


def test_the_predicted_mask_tints_weakly_and_not_where_the_cam_is_shown(desk: Desk) -> None:
    desk.canvas.set_prediction(prediction())
    grey, inside = QColor(128, 128, 128), desk.at(17, 17)
    assert desk.pixels().pixelColor(inside) == grey
    desk.canvas.set_overlay("cam", False, 1.0)
    tinted = desk.pixels().pixelColor(inside)
    assert tinted != grey
    magenta = QColor(theme.PREDICTED)
    assert tinted.red() - 128 <= 0.12 * (magenta.red() - 128) + 1
    assert 128 - tinted.green() <= 0.12 * (128 - magenta.green()) + 1
    desk.canvas.set_overlay("predicted", True, 0.3)
    assert desk.pixels().pixelColor(inside).red() < tinted.red()


def test_levels_change_what_is_seen_only(desk: Desk) -> None:
    desk.canvas.set_levels(Levels(brightness=0.5))
    assert desk.pixels().pixelColor(desk.at(20, 140)).lightness() > 180
    desk.canvas.set_levels(Levels())
    assert desk.pixels().pixelColor(desk.at(20, 140)) == QColor(128, 128, 128)


def test_hovering_marks_only_the_shape_below(desk: Desk) -> None:
    painted = []
    QTest.mouseMove(desk.canvas, desk.at(20, 140))
    desk.pixels()
    desk.canvas.editing.touched.connect(painted.append)
    QTest.mouseMove(desk.canvas, desk.at(170, 112))
    assert painted == [frozenset({1})]


def test_hidden_shapes_are_neither_seen_nor_hit(desk: Desk) -> None:
    desk.canvas.editing.set_hidden({0})
    desk.click(70, 70)
    assert desk.canvas.selection == frozenset()
    assert desk.pixels().pixelColor(desk.at(70, 40)) == QColor(128, 128, 128)


def test_empty_canvas_is_dark_and_survives_everything(qtbot: QtBot) -> None:
    canvas = ImageCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    canvas.show()
    canvas.set_editable(True)
    for tool in ("select", "polygon", "rectangle", "circle"):
        canvas.set_tool(tool)
        QTest.mouseClick(canvas, LEFT, pos=QPoint(50, 50))
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
    canvas.fit()
    canvas.zoom_by(2)
    assert canvas.grab().toImage().pixelColor(100, 100) == QColor(theme.IMAGE_ROOM)


def test_undone_annotation_drops_the_gesture_and_keeps_the_selection(desk: Desk) -> None:
    desk.click(70, 70)
    QTest.mousePress(desk.canvas, LEFT, pos=desk.at(70, 70))
    QTest.mouseMove(desk.canvas, desk.at(90, 90))
    other = Annotation("a.png", HEIGHT, WIDTH, (SQUARE,))
    desk.canvas.set_annotation(other)
    QTest.mouseRelease(desk.canvas, LEFT, pos=desk.at(90, 90))
    assert desk.shapes == (SQUARE,)
    assert desk.canvas.selection == {0}
    assert not desk.edits
