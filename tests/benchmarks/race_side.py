"""What both sides of `labelme_race` share: the rounds they are asked for, and how one is timed. Only Python and Qt.

The same events are sent to both windows, and a round ends when what they ask for is painted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean
from time import perf_counter, thread_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

WINDOW = (1900, 1060)
WORD = "0421"
"""Typed key by key into the search: part of a few names of ten thousand."""
REST_MS = 250
PATIENCE_MS = 60_000

Round = Callable[[int], tuple[float, float]]
"""Does an action for the n-th time; (clock, window's thread) milliseconds until it is painted."""


class Painted(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.times = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.times += event.type() == QEvent.Type.Paint
        return False


def spent(act: Callable[[], object], done: Callable[[], bool], painted: Painted) -> tuple[float, float]:
    """Milliseconds until what ``act`` asks for is ``done`` and painted; the window rests when there is no event."""
    clock, thread = perf_counter(), thread_time()
    before = painted.times
    act()
    wait(lambda: painted.times > before and done())
    return (perf_counter() - clock) * 1000, (thread_time() - thread) * 1000


def wait(done: Callable[[], bool]) -> None:
    """Handle events until something is done."""
    late = QTimer(singleShot=True, interval=PATIENCE_MS)
    late.start()
    while not done():
        if not late.isActive():
            raise SystemExit("The window does not do what it was asked for.")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def rest(milliseconds: int = REST_MS) -> None:
    """Let the window do what it does when nobody asks: reading neighbours, painting at leisure."""
    timer = QTimer(singleShot=True, interval=milliseconds)
    timer.start()
    while timer.isActive():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def move(widget: QWidget, spot: QPointF, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """The pointer goes to a place of the widget."""
    _mouse(QEvent.Type.MouseMove, widget, spot, Qt.MouseButton.NoButton, buttons)


def press(widget: QWidget, spot: QPointF) -> None:
    """The left button goes down."""
    _mouse(QEvent.Type.MouseButtonPress, widget, spot, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton)


def _mouse(kind: QEvent.Type, widget: QWidget, spot: QPointF, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
    place = widget.mapToGlobal(spot)
    QApplication.sendEvent(widget, QMouseEvent(kind, spot, place, button, held, Qt.KeyboardModifier.NoModifier))


def hovering(canvas: QWidget, on_screen: Callable[[float, float], QPointF], marks: list[list[float]]) -> Round:
    """The pointer goes from polygon to polygon; ``marks`` lie inside them, in image pixels."""
    painted = Painted(canvas)
    spots = [on_screen(*mark) for mark in marks]
    return lambda turn: spent(lambda: move(canvas, spots[turn % len(spots)]), lambda: True, painted)


def dragging(canvas: QWidget, on_screen: Callable[[float, float], QPointF], corner: list[float]) -> Round:
    """A corner is taken hold of and goes along with the pointer."""
    painted, start = Painted(canvas), on_screen(*corner)
    move(canvas, start)
    rest()
    press(canvas, start)
    rest()

    def drag(turn: int) -> None:
        move(canvas, start + QPoint(-5 - turn % 20, 5 + turn % 7), Qt.MouseButton.LeftButton)

    return lambda turn: spent(lambda: drag(turn), lambda: True, painted)


def outlines(folder: str) -> list[list[list[float]]]:
    """The points of each polygon of the one annotation file of a folder, in image pixels."""
    (file,) = Path(folder).glob("*.json")
    return [shape["points"] for shape in json.loads(file.read_text())["shapes"]]


def middles(folder: str, width: int = 1024, height: int = 768, margin: int = 20) -> list[list[float]]:
    """A place inside each polygon that lies well within the image."""
    found = [[fmean(x), fmean(y)] for x, y in (zip(*points, strict=True) for points in outlines(folder))]
    return [[x, y] for x, y in found if margin < x < width - margin and margin < y < height - margin]


def serve(rounds: Mapping[str, Callable[[str], Round]]) -> None:
    """Prepare the action that the command line names with its folder, then do a round for each line that comes.

    Answers go to what was the standard output; whatever else a program says there goes to its errors.
    """
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        act = rounds[sys.argv[1]](sys.argv[2])
        print("ready", file=answers, flush=True)
        for turn, _ in enumerate(iter(sys.stdin.readline, "")):
            rest()
            print(json.dumps(act(turn)), file=answers, flush=True)
    os._exit(0)  # a window that asks about unsaved changes has nobody to answer
