"""What is painted only in part looks like what is painted anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot
from seen_canvas import GREY, HEIGHT, SMALL, SQUARE, WIDTH, at, circle, made, pixels, values

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape
from aln_desk.gui.canvas.sheet import HEAVY
from aln_desk.gui.canvas.view import ImageCanvas


@pytest.fixture
def canvas(qtbot: QtBot) -> ImageCanvas:
    return made(qtbot, SQUARE, SMALL)


def fresh(qtbot: QtBot, canvas: ImageCanvas) -> QImage:
    """The same state on a canvas that has never shown anything else."""
    other = made(qtbot)
    other.camera = canvas.camera
    other.set_annotation(canvas.editing.annotation)
    other.editing.set_hidden(canvas.editing.hidden)
    other._repaint_picture()
    return pixels(other)


def assert_same(shown: QImage, wanted: QImage) -> None:
    """But for a shade where a line crosses the border of what was painted: Qt rounds there in another way."""
    away = np.abs(values(shown) - values(wanted)).max(axis=2)
    assert away.max() < 64 and (away > 2).sum() < 300


def spread(count: int, corners: int = 6) -> tuple[Shape, ...]:
    dice = np.random.default_rng(3)
    return tuple(
        circle(corners, float(dice.uniform(2, 12)), float(dice.uniform(0, WIDTH)), float(dice.uniform(0, HEIGHT)))
        for _ in range(count)
    )


step = st.one_of(
    st.tuples(st.just("pan"), st.integers(-300, 300), st.integers(-300, 300)),
    st.tuples(st.just("hide"), st.integers(0, 29), st.just(0)),
    st.tuples(st.just("move"), st.integers(0, 29), st.integers(-30, 30)),
    st.tuples(st.just("delete"), st.integers(0, 19), st.just(0)),
    st.tuples(st.just("zoom"), st.integers(5, 20), st.just(0)),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, min_size=1, max_size=5))
def test_mended_and_pushed_outlines_look_as_painted_anew(qtbot: QtBot, steps: list[tuple[str, int, int]]) -> None:
    canvas = made(qtbot, *spread(30))
    canvas.zoom_by(1.5)
    pixels(canvas)
    for what, first, second in steps:
        annotation = canvas.editing.annotation
        assert annotation is not None
        shapes = list(annotation.shapes)
        if what == "pan":
            canvas.start_pan(QPointF(0, 0))
            canvas.pan_to(QPointF(first, second))
            canvas.stop_pan()
        elif what == "zoom":
            canvas.zoom_by(first / 10)
        elif what == "hide":
            canvas.editing.set_hidden(canvas.editing.hidden ^ {first})
        elif what == "delete":
            del shapes[first % len(shapes)]
            canvas.editing.set_hidden(())
            canvas.set_annotation(annotation.with_shapes(tuple(shapes)))
        else:
            place = first % len(shapes)
            shapes[place] = shapes[place].with_points(tuple((x + second, y) for x, y in shapes[place].points))
            canvas.set_annotation(annotation.with_shapes(tuple(shapes)))
        shown = pixels(canvas)
    assert_same(shown, fresh(qtbot, canvas))


def test_thousands_of_outlines_are_painted_anew_when_the_zoom_rests(qtbot: QtBot) -> None:
    canvas = made(qtbot, *spread(HEAVY // 10, 20))
    pixels(canvas)
    canvas.zoom_by(1.3)
    stretched = pixels(canvas)
    with qtbot.waitSignal(canvas.scene.sheet.ready, timeout=10_000):
        pass
    wanted = fresh(qtbot, canvas)
    assert_same(pixels(canvas), wanted)
    assert np.abs(values(stretched) - values(wanted)).mean() < 60, "what is stretched is near the truth"


def test_reordered_outlines_are_painted_in_their_new_order(qtbot: QtBot) -> None:
    lower = Shape("tumor", ((40, 40), (100, 40), (100, 100)))
    upper = Shape("other", lower.points)
    canvas = made(qtbot, lower, upper)
    pixels(canvas)
    canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, (upper, lower)))
    assert_same(pixels(canvas), fresh(qtbot, canvas))


def test_a_hole_shows_no_bridge(qtbot: QtBot) -> None:
    ring = ((40, 40), (140, 40), (140, 140), (40, 140), (40, 90), (70, 90), (70, 110), (100, 110), (100, 90), (70, 90))
    canvas = made(qtbot, Shape("tumor", (*ring, (40, 90))))
    shown = pixels(canvas)
    assert shown.pixelColor(at(canvas, 55, 90)) == GREY, "the bridge"
    assert shown.pixelColor(at(canvas, 85, 90)).green() > 160, "the hole's border"
    assert canvas.editing.find(QPointF(85, 100), 0.5) is None, "inside the hole is outside the shape"


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
def test_the_sheet_has_every_pixel_of_the_screen(canvas: ImageCanvas, ratio: float) -> None:
    sheet = canvas.scene.sheet
    sheet.show(canvas.editing.outlines.all)
    sheet.place(canvas.camera, QSize(600, 480), ratio, canvas.font())
    image = QImage(QSize(600, 480) * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(GREY)
    painter = QPainter(image)
    sheet.paint(painter)
    painter.end()
    edge = canvas.to_widget(QPointF(70, 40)) * ratio
    column = [image.pixelColor(int(edge.x()), int(edge.y()) + away).green() for away in range(-6, 7)]
    assert sum(value > 150 for value in column) == pytest.approx(2 * ratio, abs=1)
