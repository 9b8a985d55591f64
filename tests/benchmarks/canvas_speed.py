"""How fast the canvas answers: run ``python tests/benchmarks/canvas_speed.py`` from the checkout; prints a table.

Offscreen, raster, a 1024 x 768 image in a widget of the same size: the setting in which labelme 7.9.1 needs 11 ms for
10 polygons, 300 ms for 1,000 and 620 ms for 2,000 at each move of the pointer over a shape, and 78 ms for one polygon
of 5,000 points.

``ms`` is the clock's time and ``cpu`` the time the thread really worked, which a busy machine inflates less. Each row
stands beside the plain way in the same run: the image and every outline with its corners painted anew by a QPainter,
which is what a canvas without any memory does at each move. The two take turns; ``ratio`` says how many times as much
work the plain way is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape
from aln_desk.gui.canvas.levels import Levels
from aln_desk.gui.canvas.view import ImageCanvas

WIDTH, HEIGHT = 1024, 768
ROUNDS = 40
FRAME = 16.0
PLAIN_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One action: (clock, thread) milliseconds of each time it was done, and of the plain way in between."""

    what: str
    spent: list[tuple[float, float]]
    plain: list[tuple[float, float]]

    def __str__(self) -> str:
        clock, worked = (median(times) for times in zip(*self.spent, strict=True))
        late = sum(worked > FRAME for _, worked in self.spent) / len(self.spent)
        text = f"{self.what:26} {clock:9.2f} {worked:8.2f} {max(self.spent)[0]:8.2f} {late:7.0%}"
        if not self.plain:
            return text
        beside = median(worked for _, worked in self.plain)
        return f"{text} {beside:9.1f} {beside / worked:7.1f}"


def polygons(count: int, corners: int, seed: int = 0) -> Annotation:
    """Lobed polygons spread over the image, smaller where there are more; a single one lies in the middle."""
    dice = np.random.default_rng(seed)
    radius = min(300.0, 0.6 * (WIDTH * HEIGHT / count) ** 0.5)
    shapes = []
    for _ in range(count):
        x, y = (dice.uniform(0, WIDTH), dice.uniform(0, HEIGHT)) if count > 1 else (WIDTH / 2, HEIGHT / 2)
        phase, lobes = dice.uniform(0, 2 * pi), int(dice.integers(3, 8))
        turns = [2 * pi * corner / corners for corner in range(corners)]
        reach = [radius * (0.85 + 0.15 * sin(lobes * turn + phase)) for turn in turns]
        points = tuple((x + r * cos(turn), y + r * sin(turn)) for r, turn in zip(reach, turns, strict=True))
        shapes.append(Shape("tumor", points))
    return Annotation("image.png", HEIGHT, WIDTH, tuple(shapes))


class Plain:
    """The way without memory: everything is painted at every move."""

    def __init__(self, annotation: Annotation) -> None:
        self._shapes = annotation.shapes
        self._image = QPixmap(WIDTH, HEIGHT)
        self._image.fill(QColor("#404040"))

    def paint(self, _: int = 0) -> None:
        """One repaint."""
        screen = QPixmap(WIDTH, HEIGHT)
        painter = QPainter(screen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._image)
        for shape in self._shapes:
            self._paint_shape(painter, shape)
        painter.end()

    def _paint_shape(self, painter: QPainter, shape: Shape) -> None:
        line, corners = QPainterPath(QPointF(*shape.points[0])), QPainterPath()
        for x, y in shape.points:
            line.lineTo(x, y)
            corners.addRect(x - 2, y - 2, 4, 4)
        line.closeSubpath()
        painter.setPen(QPen(QColor("#4cd6a0"), 2))
        painter.drawPath(line)
        painter.fillPath(corners, QColor("#4cd6a0"))


def once(act: Callable[[int], object], turn: int) -> tuple[float, float]:
    """(clock, thread) milliseconds of ``act(turn)``."""
    clock, thread = perf_counter(), thread_time()
    act(turn)
    return (perf_counter() - clock) * 1000, (thread_time() - thread) * 1000


def timed(what: str, act: Callable[[int], object], plain: Plain | None = None, rounds: int = ROUNDS) -> Row:
    """``act(round)`` again and again, the plain way now and then in between; the first round warms up."""
    act(rounds)
    row = Row(what, [], [])
    for turn in range(rounds):
        row.spent.append(once(act, turn))
        if plain is not None and turn % (rounds // PLAIN_ROUNDS) == 0:
            row.plain.append(once(plain.paint, turn))
    return row


def hover(canvas: ImageCanvas, plain: Plain) -> Row:
    """The pointer goes from place to place over the shapes."""
    dice = np.random.default_rng(1)
    spots = [QPoint(int(x), int(y)) for x, y in dice.uniform((20, 20), (WIDTH - 20, HEIGHT - 20), (ROUNDS + 1, 2))]

    def move(turn: int) -> None:
        QTest.mouseMove(canvas, spots[turn])
        QApplication.processEvents()

    return timed("hover", move, plain)


def drag_corner(canvas: ImageCanvas, plain: Plain, tool: str = "drag a corner") -> Row:
    """Take the first corner of the first shape along a line; the press itself is not counted."""
    canvas.fit()
    start = canvas.to_widget(QPointF(*canvas.editing.shapes[0].points[0])).toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)

    def move(turn: int) -> None:
        QTest.mouseMove(canvas, start + QPoint(-5 - turn % 20, 5 + turn % 7))
        QApplication.processEvents()

    row = timed(tool, move, plain)
    if not canvas.editing.lifted:
        raise SystemExit("no corner was taken hold of")
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start)
    return row


def pick_up(canvas: ImageCanvas, plain: Plain) -> Row:
    """Press on a shape, move it a little, let go: what rests must be painted without it, and with it again."""
    canvas.fit()

    def grab(turn: int) -> None:
        x, y = canvas.editing.shapes[turn].points[0]
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(QPointF(x, y)).toPoint())
        QTest.mouseMove(canvas, canvas.to_widget(QPointF(x + 6, y + 6)).toPoint())
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(QPointF(x + 6, y + 6)).toPoint())
        QApplication.processEvents()

    return timed("press, move, let go", grab, plain)


def brush(canvas: ImageCanvas, plain: Plain) -> Row:
    """Each move gives one shape new points, as a brush does that adds to its area."""
    canvas.fit()
    annotation = canvas.editing.annotation
    if annotation is None:
        raise SystemExit("nothing to brush on")
    middle = (WIDTH / 2, HEIGHT / 2)

    def stroke(turn: int) -> None:
        turns = np.linspace(0, 2 * pi, 300, endpoint=False)
        reach = 60 + turn + 8 * np.sin(turns * 9 + turn)
        points = np.stack([middle[0] + reach * np.cos(turns), middle[1] + reach * np.sin(turns)], axis=1)
        brushed = tuple((float(x), float(y)) for x, y in points)
        canvas.editing.preview(edit.set_points(annotation, 0, brushed), {0})
        QApplication.processEvents()

    row = timed("brush, 300 new points", stroke, plain)
    canvas.editing.revert()
    return row


def pan(canvas: ImageCanvas, plain: Plain) -> Row:
    """The image follows the pointer at twice its size."""
    canvas.fit()
    canvas.zoom_by(2)
    canvas.repaint()
    settle(canvas)
    canvas.start_pan(QPointF(0, 0))
    row = timed(
        "pan", lambda turn: (canvas.pan_to(QPointF(9 * (turn % 20), -7 * (turn % 20))), canvas.repaint()), plain
    )
    canvas.stop_pan()
    return row


def zoom(canvas: ImageCanvas, plain: Plain) -> Row:
    """A wheel that turns without rest."""
    canvas.fit()
    canvas.repaint()
    row = timed("zoom", lambda turn: (canvas.zoom_by(1.03 if turn % 2 else 1 / 1.03), canvas.repaint()), plain)
    settle(canvas)
    return row


def settle(canvas: ImageCanvas) -> None:
    """Until thousands of outlines are painted anew after a zoom."""
    until = perf_counter() + 0.6
    while perf_counter() < until:
        QApplication.processEvents()
    canvas.repaint()


def after_zoom(canvas: ImageCanvas) -> Row:
    """The longest time the window is held up while outlines are painted anew after a zoom."""
    held = []
    for turn in range(4):
        canvas.zoom_by(1.2 if turn % 2 else 1 / 1.2)
        until, longest = perf_counter() + 0.6, (0.0, 0.0)
        while perf_counter() < until:
            longest = max(longest, once(lambda _: QApplication.processEvents(), turn))
        held.append(longest)
    return Row("hold-up after a zoom", held, [])


def others(canvas: ImageCanvas, image: NDArray[np.uint8], plain: Plain) -> list[Row]:
    """What a usual image costs: another one shown, its greys changed, the magnifier."""
    pair = [(image, polygons(4, 100, seed)) for seed in range(2)]

    def switch(turn: int) -> None:
        rgb, annotation = pair[turn % 2]
        canvas.set_image(rgb.copy())
        canvas.set_annotation(annotation)
        canvas.repaint()

    def levels(turn: int, local: bool = False) -> None:
        canvas.set_levels(Levels(turn / 100, 0.1, local=local))
        canvas.repaint()

    def equalize(turn: int) -> None:
        switch(turn)
        levels(turn, local=True)
        canvas.set_levels(Levels())

    rows = [timed("image switch", switch, plain), timed("brightness", levels, plain)]
    rows.append(timed("image switch with CLAHE", equalize, plain))
    canvas.set_levels(Levels())
    canvas.set_magnifier(True)
    canvas.set_crosshair(True)
    rows.append(hover(canvas, plain))
    return [*rows[:-1], Row("magnifier and cross-hair", rows[-1].spent, rows[-1].plain)]


def main() -> None:
    """Print the table."""
    application = QApplication.instance() or QApplication([])
    canvas = ImageCanvas()
    canvas.resize(WIDTH, HEIGHT)
    canvas.show()
    image = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    canvas.set_image(image)
    canvas.set_editable(True)
    columns = f"{'ms':>9} {'cpu':>8} {'worst ms':>8} {'cpu>16':>7} {'plain cpu':>9} {'ratio':>7}"
    print(f"{'shapes x points':16} {'medians':26} {columns}")
    for count, corners in ((10, 60), (1000, 20), (2000, 20), (1, 5000)):
        annotation = polygons(count, corners)
        canvas.set_annotation(annotation)
        canvas.select(())
        canvas.repaint()
        plain = Plain(annotation)
        rows = [hover(canvas, plain), drag_corner(canvas, plain), brush(canvas, plain)]
        rows += [pan(canvas, plain), zoom(canvas, plain)]
        if count > ROUNDS:
            rows += [after_zoom(canvas), pick_up(canvas, plain)]
        for row in rows:
            print(f"{f'{count} x {corners}':16} {row}", flush=True)
    for row in others(canvas, image, Plain(polygons(4, 100))):
        print(f"{'4 x 100':16} {row}")
    canvas.close()
    application.processEvents()


if __name__ == "__main__":
    main()
