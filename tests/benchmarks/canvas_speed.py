"""How fast the canvas answers: run ``python tests/benchmarks/canvas_speed.py`` from the checkout; prints a table.

Offscreen, raster, a 1024 x 768 image in a widget of the same size: the setting in which labelme 7.9.1 needs 11 ms for
10 polygons, 300 ms for 1,000 and 620 ms for 2,000 at each move of the pointer over a shape.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from math import cos, pi, sin
from pathlib import Path
from statistics import median
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape
from aln_desk.gui.canvas.view import ImageCanvas

WIDTH, HEIGHT = 1024, 768
ROUNDS = 60


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


def timed(act: Callable[[int], None], rounds: int = ROUNDS) -> tuple[float, float]:
    """(median, worst) milliseconds of ``act(round)``."""
    spent = []
    for turn in range(rounds):
        start = perf_counter()
        act(turn)
        spent.append((perf_counter() - start) * 1000)
    return median(spent), max(spent)


def measure(canvas: ImageCanvas, annotation: Annotation) -> list[tuple[str, float, float]]:
    """Rows (what, median ms, worst ms) for one annotation."""
    canvas.set_annotation(annotation)
    canvas.repaint()
    dice = np.random.default_rng(1)
    spots = [QPoint(int(x), int(y)) for x, y in dice.uniform((20, 20), (WIDTH - 20, HEIGHT - 20), (ROUNDS, 2))]

    def hover(turn: int) -> None:
        QTest.mouseMove(canvas, spots[turn])
        QApplication.processEvents()

    def everything(turn: int) -> None:
        canvas.zoom_by(1.01 if turn % 2 else 1 / 1.01)
        canvas.repaint()

    return [("hover repaint", *timed(hover)), ("zoom (all layers anew)", *timed(everything, 10)), drag(canvas)]


def drag(canvas: ImageCanvas) -> tuple[str, float, float]:
    """Take the first corner of the first shape along a line; the press itself is not counted."""
    canvas.fit()
    x, y = canvas.editing.shapes[0].points[0]
    start = canvas.to_widget(QPointF(x, y)).toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)

    def move(turn: int) -> None:
        QTest.mouseMove(canvas, start + QPoint(5 + turn % 20, 5))
        QApplication.processEvents()

    move(0)
    spent = timed(move, 20)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start)
    return ("drag a corner", *spent)


def main() -> None:
    """Print the table."""
    application = QApplication.instance() or QApplication([])
    canvas = ImageCanvas()
    canvas.resize(WIDTH, HEIGHT)
    canvas.show()
    image = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    canvas.set_image(image)
    canvas.set_editable(True)
    print(f"{'shapes x points':16} {'what':24} {'median ms':>10} {'worst ms':>10}")
    for count, corners in ((10, 60), (1000, 20), (2000, 20), (1, 5000)):
        for what, middle, worst in measure(canvas, polygons(count, corners)):
            print(f"{f'{count} x {corners}':16} {what:24} {middle:10.2f} {worst:10.2f}")
    pair = [(image, polygons(4, 100, seed)) for seed in range(2)]

    def switch(turn: int) -> None:
        rgb, annotation = pair[turn % 2]
        canvas.set_image(rgb.copy())
        canvas.set_annotation(annotation)
        canvas.repaint()

    middle, worst = timed(switch)
    print(f"{'4 x 100':16} {'image switch':24} {middle:10.2f} {worst:10.2f}")
    canvas.close()
    application.processEvents()


if __name__ == "__main__":
    main()
