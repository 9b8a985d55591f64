"""Looking: greys, cross-hair, magnifier, ruler, another reader's outlines, handles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from seen_canvas import GREY, HEIGHT, SMALL, SQUARE, WIDTH, at, circle, made, pixels, values

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.measures import Spacing
from aln_desk.domain.shape import Shape
from aln_desk.gui.canvas.aids import LENS, lens
from aln_desk.gui.canvas.levels import Levels, local_contrast
from aln_desk.gui.canvas.ruler import measured
from aln_desk.gui.canvas.view import ImageCanvas

RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def canvas(qtbot: QtBot) -> ImageCanvas:
    return made(qtbot, SQUARE, SMALL)


# Greys


def drag(canvas: ImageCanvas, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(canvas, RIGHT, pos=start)
    QTest.mouseMove(canvas, end)


def test_the_right_button_changes_brightness_and_contrast_and_says_so(canvas: ImageCanvas) -> None:
    told: list[Levels] = []
    canvas.levelsChanged.connect(told.append)
    before, start = canvas.camera, at(canvas, 20, 140)
    drag(canvas, start, start + QPoint(60, -30))
    assert told[-1] == canvas.layers.levels == Levels(brightness=0.1, contrast=-0.2)
    assert canvas.aids.words == "Brightness +10 · Contrast −20"
    assert pixels(canvas).pixelColor(start).lightness() > 128
    QTest.mouseRelease(canvas, RIGHT, pos=start + QPoint(60, -30))
    assert canvas.aids.words == ""
    assert canvas.camera == before and canvas.selection == frozenset()


def test_a_double_click_with_the_right_button_shows_the_image_as_recorded(canvas: ImageCanvas) -> None:
    canvas.set_levels(Levels(0.4, -0.2, 2.0, invert=True))
    QTest.mouseDClick(canvas, RIGHT, pos=at(canvas, 20, 140))
    assert canvas.layers.levels.neutral
    assert pixels(canvas).pixelColor(at(canvas, 20, 140)) == GREY


def test_greys_stay_within_their_limits_however_far_the_drag(canvas: ImageCanvas) -> None:
    drag(canvas, QPoint(10, 10), QPoint(5000, 9000))
    QTest.mouseRelease(canvas, RIGHT, pos=QPoint(5000, 9000))
    assert (canvas.layers.levels.brightness, canvas.layers.levels.contrast) == (-1, -1)


def test_inverted_and_gamma_are_seen(canvas: ImageCanvas) -> None:
    canvas.set_image(np.full((HEIGHT, WIDTH, 3), 60, np.uint8))
    canvas.set_levels(Levels(invert=True))
    assert pixels(canvas).pixelColor(at(canvas, 20, 140)).red() == 195
    canvas.set_levels(Levels(gamma=2.0))
    assert pixels(canvas).pixelColor(at(canvas, 20, 140)).red() == round(255 * (60 / 255) ** 0.5)


def test_colours_survive_levels(canvas: ImageCanvas) -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = 90
    canvas.set_image(image)
    canvas.set_levels(Levels(brightness=0.2))
    shown = pixels(canvas).pixelColor(at(canvas, 20, 140))
    assert shown.red() > shown.green() + 60


@pytest.mark.parametrize("channels", [(), (3,)])
def test_local_contrast_tells_faint_differences_apart(channels: tuple[int, ...]) -> None:
    speckle = np.random.default_rng(0).normal(100, 5, (256, 256)).astype(np.uint8)
    faint = np.broadcast_to(speckle if not channels else speckle[..., None], (256, 256, *channels)).copy()
    stretched = local_contrast(faint)
    assert stretched.shape == faint.shape
    assert stretched.std() > 2 * faint.std()


def test_local_contrast_is_computed_once_an_image(canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []

    def counted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        calls.append(image.shape)
        return image

    monkeypatch.setattr("aln_desk.gui.canvas.levels.local_contrast", counted)
    for brightness in (0.0, 0.1, 0.2):
        canvas.set_levels(Levels(brightness, local=True))
        canvas.set_levels(Levels(brightness))
    assert calls == [(HEIGHT, WIDTH)]


# Cross-hair and magnifier


def test_crosshair_crosses_the_whole_canvas_and_follows(canvas: ImageCanvas) -> None:
    canvas.set_crosshair(True)
    QTest.mouseMove(canvas, QPoint(300, 200))
    pixels(canvas)
    QTest.mouseMove(canvas, QPoint(333, 222))
    shown = pixels(canvas)
    assert shown.pixelColor(333, 5).lightness() > 150
    assert shown.pixelColor(595, 222).lightness() > 150
    assert shown.pixelColor(300, 5) == QColor("#000000")


def test_nothing_follows_a_pointer_that_has_left(canvas: ImageCanvas) -> None:
    before = pixels(canvas)
    canvas.set_crosshair(True)
    canvas.set_magnifier(True)
    QTest.mouseMove(canvas, QPoint(300, 200))
    assert pixels(canvas) != before
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    canvas.editing.hover(None)
    assert pixels(canvas) == before


def test_magnifier_shows_image_and_outlines_three_times_as_large(qtbot: QtBot) -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[70:80, 70:80] = 255
    canvas = made(qtbot, SQUARE)
    canvas.set_image(image)
    canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, (SQUARE,)))
    canvas.set_magnifier(True)
    pointer = at(canvas, 75, 75)
    QTest.mouseMove(canvas, pointer)
    middle = lens(QPointF(canvas.to_widget(QPointF(75, 75)).toPoint()), canvas.rect()).center().toPoint()
    shown, reach = pixels(canvas), round(4 * canvas.camera.zoom * 3)
    assert shown.pixelColor(middle + QPoint(reach, reach)).lightness() > 150
    assert shown.pixelColor(middle + QPoint(round(reach * 1.5), 0)).lightness() < 60
    QTest.mouseMove(canvas, at(canvas, 75, 40))
    edge = lens(QPointF(at(canvas, 75, 40)), canvas.rect()).center().toPoint()
    assert pixels(canvas).pixelColor(edge + QPoint(40, 0)).green() > 150


@given(st.floats(0, 1366), st.floats(0, 768))
def test_magnifier_stays_on_screen_and_off_the_pointer(x: float, y: float) -> None:
    room = QRectF(0, 0, 1366, 768)
    where = lens(QPointF(x, y), room.toRect())
    assert room.contains(where)
    assert where.width() == LENS and not where.contains(QPointF(x, y))


# Ruler


def test_ruler_measures_and_leaves_nothing_behind(canvas: ImageCanvas) -> None:
    before = pixels(canvas)
    canvas.set_ruler(True)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 50, 60))
    QTest.mouseMove(canvas, at(canvas, 80, 100))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 80, 100))
    assert canvas.measured.startswith("50.") or canvas.measured.startswith("49.")
    assert canvas.measured.endswith("53°")
    assert pixels(canvas) != before
    assert canvas.editing.shapes == (SQUARE, SMALL)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.measured == "" and canvas.ruling
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.ruling


def test_ruler_works_where_nothing_may_be_edited_and_ends_nothing_half_drawn(canvas: ImageCanvas) -> None:
    canvas.set_tool("polygon")
    for x, y in ((20, 110), (60, 110), (60, 150)):
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, x, y))
    canvas.set_ruler(True)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 120, 20))
    canvas.set_ruler(False)
    assert len(canvas.editing.shapes) == 2
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(canvas.editing.shapes) == 3
    canvas.set_editable(False)
    canvas.set_ruler(True)
    before = canvas.camera
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 50, 60))
    QTest.mouseMove(canvas, at(canvas, 80, 60))
    assert canvas.measured and canvas.camera == before
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 80, 60))


def test_millimetres_only_where_the_image_is_calibrated() -> None:
    start, end = QPointF(10, 10), QPointF(40, 50)
    assert measured(start, end, None) == "50.0 px · 53°"
    assert measured(start, end, Spacing(0.1, 0.2)) == "50.0 px · 8.5 mm · 69°"
    assert measured(start, start, None) == "0.0 px"


# Another reader


def test_another_readers_outline_is_seen_beside_the_own_one_and_cannot_be_touched(canvas: ImageCanvas) -> None:
    other = Annotation("a.png", HEIGHT, WIDTH, (Shape("tumor", ((10, 110), (120, 110), (120, 150), (10, 150))),))
    bare = pixels(canvas)
    canvas.set_other(other, "Dr. B")
    shown, before = pixels(canvas), canvas.editing.annotation
    line = [shown.pixelColor(at(canvas, x, 110)) for x in np.arange(20, 110, 0.25)]
    dots = [colour for colour in line if colour.lightness() > 180]
    assert 20 < len(dots) < 0.8 * len(line), "dotted"
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 60, 110))
    assert canvas.selection == frozenset() and canvas.editing.annotation is before
    canvas.set_overlay("other", False, 1)
    assert pixels(canvas).pixelColor(at(canvas, 60, 130)) == GREY
    assert pixels(canvas) == bare
    canvas.set_overlay("other", True, 1)
    canvas.set_other(None)
    assert pixels(canvas) == bare


def test_a_reader_who_drew_nothing_is_named_too(canvas: ImageCanvas) -> None:
    before = pixels(canvas)
    canvas.set_other(Annotation("a.png"), "Dr. B")
    assert pixels(canvas) != before


# Looking at a part


def test_selected_shapes_are_fitted(canvas: ImageCanvas) -> None:
    canvas.select([1])
    QTest.keyClick(canvas, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    seen = canvas.camera.widget_rect(QRectF(140, 100, 40, 40))
    assert QRectF(canvas.rect()).contains(seen)
    assert max(seen.width() / canvas.width(), seen.height() / canvas.height()) > 0.7
    canvas.select([])
    canvas.fit_selection()
    assert canvas.is_fitted


# Handles


def test_crowded_handles_are_thinned_and_come_back_near_the_pointer(qtbot: QtBot) -> None:
    canvas = made(qtbot, circle(1500))
    canvas.select([0])
    far = pixels(canvas)
    QTest.mouseMove(canvas, at(canvas, 160, 84))
    canvas.editing.hover(None)
    near = pixels(canvas)
    changed = np.argwhere((values(near) != values(far)).any(axis=2))
    assert len(changed) > 20
    place = np.array(at(canvas, 160, 84).toTuple())[::-1]
    assert np.abs(changed - place).max() <= 48


def test_every_corner_of_a_crowded_outline_is_hit(qtbot: QtBot) -> None:
    shape = circle(1500)
    canvas = made(qtbot, shape)
    for corner in (0, 7, 333, 1499):
        found = canvas.editing.find(QPointF(*shape.points[corner]), 3.0)
        assert found is not None and found.corner == corner
