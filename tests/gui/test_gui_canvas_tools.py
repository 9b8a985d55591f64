"""The drawing tools, snapping, and several corners at once, by mouse and keys on the real canvas."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from aln_desk.domain import measures
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import Measure, measures_of
from aln_desk.domain.measures import Spacing
from aln_desk.domain.shape import Shape
from aln_desk.gui import tasks
from aln_desk.gui.canvas import paint, snap
from aln_desk.gui.canvas.outlines import Outlines
from aln_desk.gui.canvas.view import ImageCanvas

WIDTH, HEIGHT = 200, 160
SQUARE = Shape("tumor", ((50.0, 50.0), (90.0, 50.0), (90.0, 90.0), (50.0, 90.0)))
BOX = Shape("tumor", ((120.0, 40.0), (160.0, 80.0)), "rectangle")
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton


class Hand:
    """A canvas, what came of it, and clicks in image pixels."""

    def __init__(self, qtbot: QtBot, *shapes: Shape) -> None:
        self.canvas = ImageCanvas()
        qtbot.addWidget(self.canvas)
        self.canvas.resize(640, 520)
        self.canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
        self.canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, shapes))
        self.canvas.set_editable(True)
        self.said: list[str] = []
        self.canvas.annotationEdited.connect(lambda annotation, what: self.said.append(what))
        self.canvas.show()
        qtbot.waitExposed(self.canvas)
        self.canvas.setFocus()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return self.canvas.editing.shapes

    def _at(self, x: float, y: float) -> QPointF:
        return self.canvas.to_widget(QPointF(x, y))

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.canvas, self._at(x, y).toPoint())

    def click(self, *points: tuple[float, float], modifiers: Qt.KeyboardModifier = NONE) -> None:
        for x, y in points:
            self.move(x, y)
            QTest.mouseClick(self.canvas, LEFT, modifiers, self._at(x, y).toPoint())

    def drag(self, *points: tuple[float, float], modifiers: Qt.KeyboardModifier = NONE) -> None:
        start, *others = points
        QTest.mousePress(self.canvas, LEFT, modifiers, self._at(*start).toPoint())
        for point in others:
            _send_move(self.canvas, self._at(*point), modifiers)
        QTest.mouseRelease(self.canvas, LEFT, modifiers, self._at(*others[-1]).toPoint())

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(self.canvas, key, modifiers)


def _send_move(canvas: ImageCanvas, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    there = canvas.mapToGlobal(at.toPoint()).toPointF()
    event = QMouseEvent(QEvent.Type.MouseMove, at, there, Qt.MouseButton.NoButton, LEFT, modifiers)
    QApplication.sendEvent(canvas, event)


@pytest.fixture
def hand(qtbot: QtBot) -> Iterator[Hand]:
    yield Hand(qtbot)


def near(points: tuple[tuple[float, float], ...], *expected: tuple[float, float], within: float = 0.7) -> bool:
    pairs = zip(points, expected, strict=True)
    return all(math.dist(one, other) <= within for one, other in pairs)


def test_a_line_is_two_clicks_or_a_drag(hand: Hand) -> None:
    hand.canvas.set_tool("line")
    hand.click((20, 20), (60, 50))
    hand.drag((100, 20), (140, 60))
    one, other = hand.shapes
    assert (one.shape_type, other.shape_type) == ("line", "line")
    assert near(one.points, (20, 20), (60, 50)) and near(other.points, (100, 20), (140, 60))
    assert hand.said == ["Draw line", "Draw line"]


def test_shift_keeps_a_line_to_steps_of_fifteen_degrees(hand: Hand) -> None:
    hand.canvas.set_tool("line")
    hand.drag((50, 50), (100, 54), modifiers=SHIFT)
    (x0, y0), (x1, y1) = hand.shapes[0].points
    assert y1 == pytest.approx(y0) and x1 - x0 == pytest.approx(math.hypot(50, 4), abs=1)


def test_a_line_strip_stays_open_and_needs_two_points(hand: Hand) -> None:
    hand.canvas.set_tool("linestrip")
    hand.click((20, 20))
    hand.key(Qt.Key.Key_Return)
    assert not hand.shapes
    hand.click((60, 20), (60, 60))
    hand.key(Qt.Key.Key_Return)
    assert hand.shapes[0].shape_type == "linestrip" and near(hand.shapes[0].points, (20, 20), (60, 20), (60, 60))


def test_a_drawn_stroke_keeps_its_ends(hand: Hand) -> None:
    hand.canvas.set_tool("linestrip")
    hand.drag((20, 20), *((20 + 4 * step, 20.0) for step in range(1, 20)))
    hand.key(Qt.Key.Key_Return)
    points = hand.shapes[0].points
    assert len(points) == 2 and points[0][0] == pytest.approx(20, abs=0.7) and points[-1][0] > 90


def test_points_and_point(hand: Hand) -> None:
    hand.canvas.set_tool("points")
    hand.click((20, 20), (40, 40), (60, 20))
    hand.key(Qt.Key.Key_Backspace)
    hand.key(Qt.Key.Key_Return)
    hand.canvas.set_tool("point")
    hand.click((100, 100))
    assert [(shape.shape_type, len(shape.points)) for shape in hand.shapes] == [("points", 2), ("point", 1)]


def test_a_double_click_makes_one_point(hand: Hand) -> None:
    hand.canvas.set_tool("point")
    at = hand.canvas.to_widget(QPointF(100, 100)).toPoint()
    QTest.mouseClick(hand.canvas, LEFT, NONE, at)
    QTest.mouseDClick(hand.canvas, LEFT, NONE, at)
    assert len(hand.shapes) == 1


def test_an_ellipse_is_an_axis_and_a_reach(hand: Hand) -> None:
    hand.canvas.set_tool("ellipse")
    hand.click((40, 80), (120, 80), (80, 60))
    (shape,) = hand.shapes
    found = measures.axes(shape.points)
    assert shape.shape_type == "polygon"
    assert (found.length, found.width) == (pytest.approx(80, abs=1.5), pytest.approx(40, abs=1.5))
    assert measures.area(shape.points) == pytest.approx(math.pi * 40 * 20, rel=0.04)


def test_an_oriented_rectangle_is_a_side_and_a_reach(hand: Hand) -> None:
    hand.canvas.set_tool("oriented_rectangle")
    hand.click((40, 40), (80, 80), (60, 100))
    (shape,) = hand.shapes
    assert shape.shape_type == "oriented_rectangle" and len(shape.points) == 4
    sides = [math.dist(shape.points[k], shape.points[(k + 1) % 4]) for k in range(4)]
    assert sides[0] == pytest.approx(sides[2]) and sides[1] == pytest.approx(sides[3])
    assert sides[0] == pytest.approx(math.hypot(40, 40), abs=1)
    corners = [np.subtract(shape.points[k], shape.points[k - 1]) for k in range(4)]
    assert all(abs(float(corners[k] @ corners[k - 1])) < 1e-6 for k in range(4)), "all angles are right ones"


def test_backspace_takes_back_point_by_point(hand: Hand) -> None:
    hand.canvas.set_tool("ellipse")
    hand.click((40, 80), (120, 80))
    hand.key(Qt.Key.Key_Backspace)
    hand.click((100, 80), (70, 60))
    assert measures.axes(hand.shapes[0].points).length == pytest.approx(60, abs=1.5)
    hand.click((40, 80))
    hand.key(Qt.Key.Key_Backspace)
    hand.key(Qt.Key.Key_Escape)
    assert hand.canvas.tool == "select" and len(hand.shapes) == 1


@pytest.mark.parametrize("tool", ["line", "ellipse", "oriented_rectangle", "circle", "rectangle"])
def test_two_points_in_one_place_make_no_shape(hand: Hand, tool: str) -> None:
    hand.canvas.set_tool(tool)
    hand.click((40, 40), (40, 40))
    hand.key(Qt.Key.Key_Return)
    hand.canvas.set_tool("select")
    assert not hand.shapes and not hand.canvas.grab().isNull()


@pytest.mark.parametrize(
    "tool", ["line", "linestrip", "points", "ellipse", "oriented_rectangle", "circle", "live_edge"]
)
def test_what_is_half_drawn_is_painted(hand: Hand, tool: str) -> None:
    hand.canvas.set_tool(tool)
    before = hand.canvas.grab().toImage()
    hand.click((40, 40), (90, 60))
    hand.move(60, 100)
    assert hand.canvas.grab().toImage() != before


def test_a_length_is_told_in_mm_where_the_image_is_calibrated(hand: Hand) -> None:
    hand.canvas.set_tool("line")
    hand.canvas.editing.spacing = Spacing(0.1, 0.1)
    tool = hand.canvas._tool
    hand.click((20, 20))
    hand.move(120, 20)
    assert tool._measure(tool._shape([(20.0, 20.0), (120.0, 20.0)])) == "10.0 mm"  # type: ignore[attr-defined]


# Outlines that cross themselves


def test_a_bow_is_parted_and_told(hand: Hand) -> None:
    told: list[str] = []
    hand.canvas.editing.noticed.connect(told.append)
    hand.canvas.set_tool("polygon")
    hand.click((20, 20), (80, 80), (80, 20), (20, 80))
    hand.key(Qt.Key.Key_Return)
    assert len(hand.shapes) == 2 and "parted into 2" in told[0] and hand.said == ["Draw polygon"]


def test_a_line_that_comes_back_on_itself_is_no_outline(hand: Hand) -> None:
    told: list[str] = []
    hand.canvas.editing.noticed.connect(told.append)
    hand.canvas.set_tool("polygon")
    hand.click((20, 20), (80, 20), (50, 20))
    hand.key(Qt.Key.Key_Return)
    assert not hand.shapes and "no area" in told[0]


# Calipers


def kept(hand: Hand) -> tuple[Measure, ...]:
    assert hand.canvas.editing.annotation is not None
    return measures_of(hand.canvas.editing.annotation)


@pytest.mark.parametrize(
    ("tool", "kind", "count"), [("caliper", "length", 2), ("thickness", "thickness", 2), ("axes", "axes", 4)]
)
def test_calipers_stay_with_the_image(hand: Hand, tool: str, kind: str, count: int) -> None:
    hand.canvas.set_tool(tool)
    hand.click(*((20, 20), (80, 20), (50, 10), (50, 40))[:count])
    (measure,) = kept(hand)
    assert measure.kind == kind and near(measure.points, *((20, 20), (80, 20), (50, 10), (50, 40))[:count])
    assert measure.words(None).startswith("60") and not hand.shapes
    assert hand.said == [f"Measure {kind}"]


def test_an_angle_is_two_lines(hand: Hand) -> None:
    hand.canvas.set_tool("angle")
    hand.click((20, 20), (80, 20), (20, 100))
    assert not kept(hand)
    hand.click((80, 40))
    assert kept(hand)[0].words(None) == "45°"


def test_calipers_are_seen_with_the_outlines_and_not_without(hand: Hand) -> None:
    before = hand.canvas.grab().toImage()
    hand.canvas.set_tool("caliper")
    hand.drag((20, 120), (60, 120), (120, 120))
    hand.canvas.set_tool("select")
    hand.move(5, 5)
    assert hand.canvas.grab().toImage() != before
    hand.canvas.set_overlay("drawn", False, 1.0)
    assert hand.canvas.grab().toImage() == before


def test_a_line_over_the_depth_scale_is_told_and_leaves_nothing(hand: Hand) -> None:
    told: list[tuple[tuple[float, float], ...]] = []
    hand.canvas.editing.scaleDrawn.connect(told.append)
    hand.canvas.set_tool("calibrate")
    hand.click((10, 10), (10, 110))
    assert near(told[0], (10, 10), (10, 110)) and not kept(hand) and not hand.said


# Brush and eraser


def area(shape: Shape) -> float:
    return measures.area(shape.points)


def test_a_brush_paints_a_new_shape_on_which_it_goes_on(hand: Hand) -> None:
    hand.canvas.set_tool("brush")
    hand.drag((50, 50), (70, 50), (90, 50))
    first = area(hand.shapes[0])
    radius = 14 / hand.canvas.camera.zoom
    assert first == pytest.approx(40 * 2 * radius + math.pi * radius**2, rel=0.05)
    hand.drag((90, 50), (90, 70), (90, 90))
    assert len(hand.shapes) == 1 and area(hand.shapes[0]) > 1.6 * first
    assert hand.said == ["Brush", "Brush"] and hand.shapes[0].shape_type == "polygon"


def test_brushing_keeps_what_is_known_of_a_shape(qtbot: QtBot) -> None:
    noted = Shape("lymph_node", BOX.points, "rectangle", 3, "round", extra={"other program": 1})
    hand = Hand(qtbot, SQUARE, noted)
    hand.canvas.select([1])
    hand.canvas.set_tool("brush")
    hand.drag((140, 60), (150, 75), (160, 90))
    kept, painted = hand.shapes
    assert kept == SQUARE and painted.shape_type == "polygon"
    assert (painted.label, painted.group_id, painted.description) == ("lymph_node", 3, "round")
    assert painted.extra == {"other program": 1} and area(painted) > 40 * 40


def test_an_eraser_makes_a_hole_and_parts_a_shape(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.set_tool("eraser")
    hand.drag((70, 70), (71, 70), (70, 70))
    radius = 14 / hand.canvas.camera.zoom
    assert area(hand.shapes[0]) == pytest.approx(1600 - math.pi * radius**2, rel=0.03)
    hand.drag((70, 30), (70, 70), (70, 110))
    assert len(hand.shapes) == 2 and sum(map(area, hand.shapes)) == pytest.approx(1600 - 80 * radius, rel=0.08)
    hand.canvas.select([])
    hand.drag((10, 10), (20, 20), (30, 30))
    assert hand.said == ["Erase", "Erase"], "where there is no shape nothing is taken away"


def test_erasing_all_of_a_shape_removes_it(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.set_tool("eraser")
    for _ in range(12):
        hand.key(Qt.Key.Key_BracketRight)
    hand.drag((70, 70), (72, 70), (70, 70))
    assert not hand.shapes and hand.said == ["Erase"]


def test_escape_takes_the_stroke_back(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.select([0])
    hand.canvas.set_tool("brush")
    QTest.mousePress(hand.canvas, LEFT, NONE, hand._at(90, 70).toPoint())
    _send_move(hand.canvas, hand._at(110, 70), NONE)
    assert area(hand.shapes[0]) > 1600
    hand.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(hand.canvas, LEFT, NONE, hand._at(110, 70).toPoint())
    assert hand.shapes == (SQUARE,) and not hand.said


def test_a_locked_shape_is_not_brushed(qtbot: QtBot) -> None:
    locked = Shape("tumor", SQUARE.points, locked=True)
    hand = Hand(qtbot, locked)
    hand.canvas.set_tool("eraser")
    hand.drag((70, 70), (90, 70), (100, 70))
    assert hand.shapes == (locked,)


# Live edge


@pytest.fixture
def disc(hand: Hand) -> Hand:
    """A dark disc of radius 40 about (100, 80) in grey noise."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    grey = np.where((x - 100) ** 2 + (y - 80) ** 2 < 40**2, 50.0, 140.0)
    grey = np.clip(grey + np.random.default_rng(0).normal(0, 12, grey.shape), 0, 255).astype(np.uint8)
    hand.canvas.set_image(np.repeat(grey[..., None], 3, axis=2), keep_view=True)
    return hand


def around(count: int) -> list[tuple[float, float]]:
    turns = [2 * math.pi * k / count for k in range(count)]
    return [(100 + 40 * math.cos(turn), 80 + 40 * math.sin(turn)) for turn in turns]


def test_the_live_edge_finds_the_border_between_few_clicks(disc: Hand) -> None:
    disc.canvas.set_tool("live_edge")
    disc.click(*around(4))
    disc.key(Qt.Key.Key_Return)
    (shape,) = disc.shapes
    assert area(shape) == pytest.approx(math.pi * 40**2, rel=0.04), "four straight lines enclose 36 % less"
    off = [abs(math.dist(point, (100, 80)) - 40) for point in shape.points]
    assert max(off) < 3


def test_with_alt_the_line_stays_straight(disc: Hand) -> None:
    disc.canvas.set_tool("live_edge")
    disc.click(*around(4), modifiers=ALT)
    assert len(disc.canvas._tool._path(disc.canvas._tool._clicks(), True)) == 4  # type: ignore[attr-defined]


def test_backspace_takes_the_last_click_back(disc: Hand) -> None:
    disc.canvas.set_tool("live_edge")
    disc.click(*around(4), (20, 20))
    disc.key(Qt.Key.Key_Backspace)
    disc.key(Qt.Key.Key_Return)
    assert area(disc.shapes[0]) == pytest.approx(math.pi * 40**2, rel=0.04)


# Magic wand


def test_the_wand_outlines_the_dark_area_under_the_press(disc: Hand) -> None:
    disc.canvas.set_tool("wand")
    disc.drag((100, 80), (101, 80))
    tasks.wait_all()
    (shape,) = disc.shapes
    assert area(shape) == pytest.approx(math.pi * 40**2, rel=0.06) and disc.said == ["Magic wand"]


def test_dragging_up_takes_in_more_and_escape_gives_up(disc: Hand) -> None:
    disc.canvas.set_tool("wand")
    tool = disc.canvas._tool
    QTest.mousePress(disc.canvas, LEFT, NONE, disc._at(100, 80).toPoint())
    found = tool._tolerance  # type: ignore[attr-defined]
    _send_move(disc.canvas, disc._at(100, 30), NONE)
    assert tool._tolerance > found  # type: ignore[attr-defined]
    disc.key(Qt.Key.Key_BracketLeft)
    disc.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(disc.canvas, LEFT, NONE, disc._at(100, 30).toPoint())
    tasks.wait_all()
    assert not disc.shapes and not disc.said


def test_the_wand_takes_bright_areas_with_alt(disc: Hand) -> None:
    image = disc.canvas.image()
    assert image is not None
    disc.canvas.set_image(255 - image, keep_view=True)
    disc.canvas.set_tool("wand")
    disc.drag((100, 80), (101, 80), modifiers=ALT)
    tasks.wait_all()
    assert area(disc.shapes[0]) == pytest.approx(math.pi * 40**2, rel=0.06)


# Snapping


def test_points_go_to_neighbours_and_border_unless_alt_is_held(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.set_tool("point")
    hand.click((92, 52), (70, 48.8), (1, 120))
    hand.click((92, 52), modifiers=ALT)
    corner, edge, border, free = (shape.points[0] for shape in hand.shapes[1:])
    assert corner == (90.0, 50.0)
    assert edge[1] == 50.0 and edge[0] == pytest.approx(70, abs=0.5)
    assert border[0] == 0.0 and border[1] == pytest.approx(120, abs=0.5)
    assert free == (pytest.approx(92, abs=0.5), pytest.approx(52, abs=0.5))


def test_a_dragged_corner_does_not_stick_to_its_own_shape(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.select([0])
    hand.drag((90, 90), (88, 80), (89, 52))
    assert hand.shapes[0].points[2] == (pytest.approx(89, abs=0.5), pytest.approx(52, abs=0.5))


def test_what_is_hidden_draws_nothing() -> None:
    outlines = Outlines(Annotation("a.png", HEIGHT, WIDTH, (SQUARE,)))
    size, at = QSizeF(WIDTH, HEIGHT), QPointF(91, 51)
    assert snap.snapped(outlines, size, at, 5.0, frozenset()) == (90.0, 50.0)
    assert snap.snapped(outlines, size, at, 5.0, frozenset({0})) == (91.0, 51.0)
    assert snap.snapped(outlines, size, QPointF(-20, 500), 5.0, frozenset()) == (0.0, HEIGHT)


# Several corners


def test_a_box_chooses_corners_that_move_nudge_and_go_together(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.drag((80, 30), (95, 60), (100, 110), modifiers=SHIFT)
    assert hand.canvas.editing.corners == {0: frozenset({1, 2})} and hand.canvas.selection == {0}
    hand.drag((90, 50), (100, 50), (110, 50))
    assert near(hand.shapes[0].points, (50, 50), (110, 50), (110, 90), (50, 90))
    hand.key(Qt.Key.Key_Down, SHIFT)
    assert near(hand.shapes[0].points, (50, 50), (110, 60), (110, 100), (50, 90))
    assert hand.said == ["Move corners", "Move corners"]
    hand.key(Qt.Key.Key_Backspace)
    assert not hand.shapes, "two corners left are no polygon"


def test_shift_click_chooses_one_corner_more_or_less(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.select([0])
    hand.click((50, 50), (90, 50), modifiers=SHIFT)
    assert hand.canvas.editing.corners == {0: frozenset({0, 1})}
    hand.click((50, 50), modifiers=SHIFT)
    assert hand.canvas.editing.corners == {0: frozenset({1})}
    hand.key(Qt.Key.Key_Escape)
    assert not hand.canvas.editing.corners and hand.canvas.selection == {0}


def test_chosen_corners_stay_in_the_image(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.drag((80, 30), (95, 60), (100, 110), modifiers=SHIFT)
    hand.drag((90, 50), (150, 50), (400, 50))
    assert near(hand.shapes[0].points, (50, 50), (WIDTH, 50), (WIDTH, 90), (50, 90))


def test_a_side_of_a_rectangle_moves_across_itself(qtbot: QtBot) -> None:
    hand = Hand(qtbot, BOX)
    hand.drag((150, 30), (155, 60), (170, 90), modifiers=SHIFT)
    hand.drag((160, 40), (170, 50), (180, 60))
    assert near(hand.shapes[0].points, (120, 40), (180, 80))


def test_a_locked_shape_has_no_corners_to_choose(qtbot: QtBot) -> None:
    hand = Hand(qtbot, Shape("tumor", SQUARE.points, locked=True))
    hand.drag((10, 10), (60, 60), (150, 150), modifiers=SHIFT)
    assert not hand.canvas.editing.corners


def test_chosen_corners_are_seen(qtbot: QtBot) -> None:
    hand = Hand(qtbot, SQUARE)
    hand.canvas.select([0])
    before = hand.canvas.grab().toImage()
    hand.canvas.editing.choose_corners({0: frozenset({1, 2})})
    assert hand.canvas.grab().toImage() != before


@pytest.mark.parametrize("tool", ["polygon", "live_edge"])
@pytest.mark.parametrize("last", [(40.0, 120.0), (160.0, 120.0), (160.0, 30.0), (40.0, 30.0)])
def test_the_size_of_what_is_drawn_stands_beside_it(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tool: str, last: tuple[float, float]
) -> None:
    plates: list[QRectF] = []

    def note(painter: QPainter, at: QPointF, text: str, colour: QColor) -> None:
        plates.append(QRectF(painter.fontMetrics().boundingRect(text)).translated(at))

    monkeypatch.setattr(paint, "paint_text", note)
    hand = Hand(qtbot)
    hand.canvas.set_tool(tool)
    corners = [(40.0, 30.0), (160.0, 30.0), (160.0, 120.0), (40.0, 120.0)]
    turn = corners.index(last) + 1
    hand.click(*corners[turn:], *corners[:turn])
    hand.canvas.grab()
    drawn = QRectF(hand._at(40, 30), hand._at(160, 120))
    assert plates and not plates[-1].intersects(drawn)


@pytest.mark.parametrize(
    "tool", ["rectangle", "circle", "line", "ellipse", "oriented_rectangle", "polygon", "live_edge"]
)
def test_a_tool_in_hand_says_how_it_draws(qtbot: QtBot, tool: str) -> None:
    hand = Hand(qtbot)
    hand.canvas.set_tool(tool)
    assert hand.canvas.hint.startswith(("Drag", "Click"))
    assert ("then click" in hand.canvas.hint) == (tool in ("ellipse", "oriented_rectangle"))
