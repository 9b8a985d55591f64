"""A canvas on screen with an image of mid-grey, and what its pixels say."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape
from aln_desk.gui.canvas.view import ImageCanvas

WIDTH, HEIGHT = 200, 160
GREY = QColor(128, 128, 128)
SQUARE = Shape("tumor", ((40, 40), (100, 40), (100, 100), (40, 100)))
SMALL = Shape("lymph_node", ((140, 100), (180, 100), (180, 140)))


def made(qtbot: QtBot, *shapes: Shape) -> ImageCanvas:
    canvas = ImageCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(600, 480)
    canvas.show()
    canvas.set_image(np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    canvas.set_annotation(Annotation("a.png", HEIGHT, WIDTH, shapes))
    canvas.set_editable(True)
    return canvas


def at(canvas: ImageCanvas, x: float, y: float) -> QPoint:
    return canvas.to_widget(QPointF(x, y)).toPoint()


def pixels(canvas: ImageCanvas) -> QImage:
    canvas.clearFocus()
    return canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def values(image: QImage) -> NDArray[np.int16]:
    array = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return array[:, : image.width(), :3].astype(np.int16)


def circle(corners: int, radius: float = 60.0, x: float = 100.0, y: float = 80.0) -> Shape:
    turns = [2 * pi * corner / corners for corner in range(corners)]
    return Shape("tumor", tuple((x + radius * cos(turn), y + radius * sin(turn)) for turn in turns))
