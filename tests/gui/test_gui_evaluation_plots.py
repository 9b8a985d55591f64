from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from aln_desk.gui import theme
from aln_desk.gui.widgets.plot_axes import Axes, tick_words, ticks
from aln_desk.gui.widgets.plot_confusion import ConfusionView, Matrix, MatrixGrid, cell_rect, paint
from aln_desk.gui.widgets.plot_delong import DelongView, Squares
from aln_desk.gui.widgets.plot_forest import Branch, ForestView
from aln_desk.gui.widgets.plot_key import Entry, Key
from aln_desk.gui.widgets.plot_lines import LinePlot, PlotLine

X = np.array([0.0, 0.5, 1.0])
LEFT = Qt.MouseButton.LeftButton


def shown(widget: QWidget, qtbot: QtBot, width: int = 320, height: int = 280) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)


def grabbed(widget: QWidget) -> QImage:
    return widget.grab().toImage()


@pytest.fixture
def plot(qtbot: QtBot) -> LinePlot:
    made = LinePlot("ROC", Axes("x", "y"))
    shown(made, qtbot)
    rising = PlotLine("Rising", 0, X, X, lambda point: f"at {point}", ring=(0.5, 0.5))
    falling = PlotLine("Falling", 1, X, 1 - X, lambda point: f"down {point}", dots=True)
    made.show_lines([rising, falling, PlotLine("", -1, X, X)])
    return made


def spot(plot: LinePlot, x: float, y: float) -> QPoint:
    return plot.axes.spot(plot.area(), x, y).toPoint()


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 12))
def test_ticks_are_round_ascending_and_inside(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    assert found == sorted(set(found))
    assert all(low - 1e-6 * span <= value <= low + span + 1e-6 * span for value in found)
    assert len(found) <= most + 1


def test_ticks_of_a_share() -> None:
    assert ticks(0.0, 1.0, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert tick_words(-0.25) == "−0.25"


def test_square_axes_stay_square() -> None:
    wide = Axes("x", "y").area(QRectF(0, 0, 600, 200))
    assert wide.width() == wide.height()
    assert Axes("x", "y", square=False).area(QRectF(0, 0, 600, 200)).width() > wide.width()


def test_a_click_chooses_the_nearest_point(plot: LinePlot, qtbot: QtBot) -> None:
    chosen: list[tuple[int, int]] = []
    plot.pointChosen.connect(lambda line, point: chosen.append((line, point)))
    qtbot.mouseClick(plot, LEFT, pos=spot(plot, 1.0, 0.02))
    qtbot.mouseClick(plot, LEFT, pos=spot(plot, 0.25, 0.9))
    assert chosen == [(1, 2)]
    assert plot.chosen == (1, 2)


def test_the_pointer_is_told_what_lies_under_it(plot: LinePlot, qtbot: QtBot) -> None:
    before = grabbed(plot)
    qtbot.mouseMove(plot, spot(plot, 0.99, 0.98))
    assert plot.pointed == (0, 2)
    assert plot.accessibleDescription() == "Rising\nat 2"
    assert grabbed(plot) != before
    plot.leaveEvent(QEvent(QEvent.Type.Leave))
    assert plot.pointed is None and grabbed(plot) == before


def test_keys_go_along_a_line_to_another_and_choose(plot: LinePlot, qtbot: QtBot) -> None:
    chosen: list[tuple[int, int]] = []
    plot.pointChosen.connect(lambda line, point: chosen.append((line, point)))
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(plot, key)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Space):
        qtbot.keyClick(plot, key)
    assert chosen == [(0, 2), (1, 1), (0, 1)]


def test_a_choice_stays_while_its_line_does(plot: LinePlot) -> None:
    plot.choose((1, 2))
    plot.show_lines(plot.lines)
    assert plot.chosen == (1, 2)
    plot.show_lines(plot.lines[:1])
    assert plot.chosen is None


def test_lines_without_points_are_passed_over(qtbot: QtBot) -> None:
    plot = LinePlot("ROC", Axes("x", "y"))
    shown(plot, qtbot)
    plot.show_lines([PlotLine("Nothing", 0, np.empty(0), np.empty(0))])
    qtbot.mouseClick(plot, LEFT, pos=QPoint(150, 100))
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.pointed is plot.chosen is None
    assert not grabbed(plot).isNull()


def test_bands_of_many_lines_are_drawn_only_where_one_is_pointed_at(qtbot: QtBot) -> None:
    def lines(count: int, band: bool) -> list[PlotLine]:
        limits = (X, X * 0.5, X * 0.5 + 0.5) if band else None
        return [PlotLine("Line", place, X, X, band=limits) for place in range(count)]

    plot = LinePlot("ROC", Axes("x", "y"))
    shown(plot, qtbot)
    pictures = {}
    for count in (3, 4):
        for band in (False, True):
            plot.show_lines(lines(count, band))
            pictures[count, band] = grabbed(plot)
    assert pictures[3, True] != pictures[3, False]
    assert pictures[4, True] == pictures[4, False]
    plot.pointed = (2, 1)
    pointed = grabbed(plot)
    plot.show_lines(lines(4, False))
    plot.pointed = (2, 1)
    assert pointed != grabbed(plot)


def test_a_long_name_takes_two_lines_of_the_key_where_the_height_allows_it(qtbot: QtBot) -> None:
    key = Key()
    qtbot.addWidget(key)
    key.tell([Entry(0, "Multi-task, transformer", "0.889 (0.6–1.0)"), Entry(1, "Fusion", "0.8")])
    needed = key.sizeHint().height()
    key.resize(130, needed + 20)
    assert key.names() == ["Multi-task,\ntransformer", "Fusion"]
    assert not key.grab().isNull()
    key.resize(130, needed)
    assert key.names() == ["Multi-task, transformer", "Fusion"]
    key.resize(400, needed)
    assert key.names() == ["Multi-task, transformer", "Fusion"]


def test_the_key_names_every_line(qtbot: QtBot) -> None:
    key = Key()
    key.tell([Entry(0, "Good", "0.889 (0.6–1.0)"), Entry(-1, "Treat all")])
    shown(key, qtbot, 160, 60)
    assert key.accessibleName() == "Good 0.889 (0.6–1.0), Treat all"
    roomy = grabbed(key)
    key.resize(160, 36)
    assert not grabbed(key).isNull() and key.sizeHint().height() > 36
    assert roomy.height() == 60


NAMES = ("Good", "Poor", "Third")


def squares(names: tuple[str, ...] = NAMES) -> Squares:
    count = len(names)
    p = np.full((count, count), 0.0004)
    difference = np.tri(count) - np.tri(count).T
    return Squares("internal", names, tuple(range(count)), np.linspace(0.9, 0.7, count), difference, p)


@pytest.fixture
def delong(qtbot: QtBot) -> DelongView:
    made = DelongView(squares())
    shown(made, qtbot, 400, 300)
    return made


def test_a_square_is_chosen_by_mouse_and_keys(delong: DelongView, qtbot: QtBot) -> None:
    chosen: list[tuple[int, int]] = []
    delong.pairChosen.connect(lambda row, column: chosen.append((row, column)))
    qtbot.mouseClick(delong, LEFT, pos=delong.square(2, 1).center().toPoint())
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(delong, key)
    qtbot.mouseClick(delong, LEFT, pos=QPoint(2, 2))
    assert chosen == [(2, 1), (1, 1), (0, 1), (0, 1), (0, 2), (1, 2), (1, 1)]


def test_squares_say_what_was_tested(delong: DelongView) -> None:
    assert squares().words(1, 0) == "Poor and Good: AUC differs by 1.000, p <0.001"
    assert squares().words(0, 0) == "Good: AUC 0.900"
    assert delong.accessibleDescription().count("AUC differs") == 3
    picture = grabbed(delong)
    weak = Squares("internal", NAMES, (0, 1, 2), squares().auc, squares().difference, np.full((3, 3), math.nan))
    delong.show_squares(weak)
    assert "p –" in delong.accessibleDescription()
    assert grabbed(delong) != picture


def test_a_chosen_square_goes_with_its_scorer(delong: DelongView) -> None:
    delong.choose((2, 0))
    delong.show_squares(squares(NAMES[:2]))
    assert delong.pair is None
    delong.show_squares(squares(()))
    assert not grabbed(delong).isNull()


@pytest.fixture
def forest(qtbot: QtBot) -> ForestView:
    made = ForestView("internal")
    rows = [
        Branch("All patients", 30, 12, 0.8, 0.7, 0.9),
        Branch("T stage", heading=True),
        Branch("1", 20, 8, 0.75, 0.6, 0.9),
        Branch("2", 10, 4, math.nan),
    ]
    made.show_branches(rows, 0)
    shown(made, qtbot, 500, 200)
    return made


def test_a_row_of_the_forest_is_chosen_and_headings_are_not(forest: ForestView, qtbot: QtBot) -> None:
    chosen: list[int] = []
    forest.branchChosen.connect(chosen.append)
    for y in (30, 50, 70, 190):
        qtbot.mouseClick(forest, LEFT, pos=QPoint(100, y))
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(forest, key)
    assert chosen == [0, 2, 0, 2, 3]


def test_the_forest_can_be_read_aloud(forest: ForestView) -> None:
    assert "1: 20 patients, 8 positive, AUC 0.75 (0.60–0.90)" in forest.accessibleDescription()
    assert "2: 10 patients, 4 positive, AUC –" in forest.accessibleDescription()
    picture = grabbed(forest)
    forest.choose(2)
    assert grabbed(forest) != picture
    forest.show_branches(forest.branches[:1], 0)
    assert forest.row is None


def test_an_auc_without_limits_still_lies_on_the_axis(forest: ForestView) -> None:
    assert forest._lowest() == 0.5
    forest.show_branches([Branch("All patients", 4, 1, 0.33), Branch("4C", 3, 1, 0.0)], 0)
    assert forest._lowest() == 0.0


MATRIX = Matrix("Good", {(1, 1): 9, (1, 0): 1, (0, 1): 0, (0, 0): 0}, 0, 0.5)


def test_a_fuller_cell_is_painted_stronger(qtbot: QtBot) -> None:
    image = QImage(300, 180, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.READING.raised))
    area = QRectF(0, 0, 300, 180)
    painter = QPainter(image)
    paint(painter, area, MATRIX, theme.READING)
    painter.end()

    def blue(cell: tuple[int, int]) -> int:
        corner = cell_rect(area, cell).topLeft().toPoint()
        return image.pixelColor(corner.x() + 6, corner.y() + 6).blue()

    assert blue((1, 1)) > blue((1, 0)) > blue((0, 1))


def test_a_matrix_can_be_read_aloud(qtbot: QtBot) -> None:
    view = ConfusionView(MATRIX)
    qtbot.addWidget(view)
    assert "True positive: 9, 90 % of its row" in view.accessibleDescription()
    assert "True negative: 0." in view.accessibleDescription() + "."
    assert "from a score of 0.500" in view.toolTip()


def test_matrices_keep_their_places_and_their_choice(qtbot: QtBot) -> None:
    grid = MatrixGrid()
    shown(grid, qtbot, 500, 300)
    grid.show_matrices([MATRIX] * 3)
    first = list(grid.views)
    chosen: list[tuple[int, int, int]] = []
    grid.cellChosen.connect(lambda *one: chosen.append(one))
    qtbot.waitUntil(lambda: grid.views[1].width() > 120)
    middle = cell_rect(QRectF(grid.views[1].rect()), (0, 1)).center()
    qtbot.mouseClick(grid.views[1], LEFT, pos=QPointF(middle).toPoint())
    qtbot.keyClick(grid.views[0], Qt.Key.Key_Right)
    assert chosen == [(1, 0, 1), (0, 1, 0)]
    grid.show_matrices([MATRIX] * 3)
    assert grid.views == first
    assert [view.cell for view in grid.views] == [(1, 0), None, None]
    grid.show_matrices([MATRIX])
    assert len(grid.views) == 1 and grid.views[0].cell is None


def test_without_any_matrix_it_says_why(qtbot: QtBot) -> None:
    grid = MatrixGrid()
    shown(grid, qtbot)
    grid.show_matrices([])
    assert grid.empty.isVisible()
    grid.show_matrices([Matrix("A", {(1, 1): 1, (1, 0): 0, (0, 1): 0, (0, 0): 1})])
    assert not grid.empty.isVisible() and grid.views[0].isVisible()
