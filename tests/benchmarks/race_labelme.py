"""labelme's side of `labelme_race`, run by the Python that has it: its own window, worked from outside through Qt."""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time, time

from labelme._app import MainWindow
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog, QLineEdit, QListWidget, QScrollArea, QWidget
from race_side import WINDOW, WORD, Painted, Round, dragging, hovering, middles, outlines, rest, serve, spent, wait

_open: list[MainWindow] = []
"""A window lives as long as Python knows it."""


class Labelme:
    """The window, found by what its user sees."""

    def __init__(self, folder: str | None = None) -> None:
        self.window = MainWindow(file_or_dir=folder)
        self.window.resize(*WINDOW)
        self.window.show()
        _open.append(self.window)
        rest()
        areas = (area.widget() for area in self.window.findChildren(QScrollArea))
        self.canvas: QWidget = next(widget for widget in areas if type(widget).__name__ == "Canvas")
        dock = self.window.findChild(QDockWidget, "Files")
        self.files = dock.findChild(QListWidget)
        self.search = dock.findChild(QLineEdit)

    def action(self, key: str) -> QAction:
        """What a key does."""
        actions = self.window.findChildren(QAction)
        return next(one for one in actions if key in [shortcut.toString() for shortcut in one.shortcuts()])

    def shown(self) -> bool:
        """Whether an image is on the canvas."""
        return not self.canvas.pixmap.isNull()

    def at_its_size(self) -> None:
        """One pixel of the image is one of the screen."""
        wait(self.shown)
        self.action("Ctrl+0").trigger()
        rest()

    def on_screen(self, x: float, y: float) -> QPointF:
        """The place of an image's point on the canvas, which has the image in its middle."""
        zoom, size = self.canvas.scale, self.canvas.pixmap.size()
        left = (self.canvas.width() / zoom - size.width()) / 2
        top = (self.canvas.height() / zoom - size.height()) / 2
        return QPointF((max(0.0, left) + x) * zoom, (max(0.0, top) + y) * zoom)


def hover(folder: str) -> Round:
    labelme = Labelme(folder)
    labelme.at_its_size()
    return hovering(labelme.canvas, labelme.on_screen, middles(folder))


def drag(folder: str) -> Round:
    labelme = Labelme(folder)
    labelme.at_its_size()
    act = dragging(labelme.canvas, labelme.on_screen, outlines(folder)[0][0])

    def drag_on(turn: int) -> tuple[float, float]:
        before = list(labelme.canvas.shapes[0].points[0])
        found = act(turn)
        assert list(labelme.canvas.shapes[0].points[0]) != before
        return found

    return drag_on


def following(folder: str) -> Round:
    labelme = Labelme(folder)
    wait(labelme.shown)
    painted, onward = Painted(labelme.canvas), labelme.action("D")

    def act(turn: int) -> tuple[float, float]:
        before, row = labelme.canvas.pixmap.cacheKey(), labelme.files.currentRow()
        found = spent(onward.trigger, lambda: labelme.canvas.pixmap.cacheKey() != before, painted)
        assert labelme.files.currentRow() == row + 1
        return found

    return act


def opening(folder: str) -> Round:
    labelme, count = Labelme(), len(list(Path(folder).glob("*.png")))
    painted, dialog = Painted(labelme.canvas), labelme.action("Ctrl+U")
    few = Path(folder).parent / "few"

    def choose(chosen: Path | str) -> None:
        QFileDialog.getExistingDirectory = lambda *_: str(chosen)
        dialog.trigger()

    def act(_: int) -> tuple[float, float]:
        choose(few)
        wait(lambda: labelme.shown() and labelme.files.count() < count)
        rest()
        return spent(lambda: choose(folder), lambda: labelme.shown() and labelme.files.count() == count, painted)

    return act


def searching(folder: str) -> Round:
    labelme, names = Labelme(folder), [path.name for path in Path(folder).glob("*.png")]
    wait(labelme.shown)
    painted = Painted(labelme.files.viewport())

    def act(turn: int) -> tuple[float, float]:
        typed = turn % len(WORD)
        if typed == 0:
            labelme.search.clear()
            wait(lambda: labelme.files.count() == len(names))
            rest()
        fitting = sum(WORD[: typed + 1] in name for name in names)
        key = Qt.Key(ord(WORD[typed]))
        return spent(lambda: QTest.keyClick(labelme.search, key), lambda: listed() == fitting, painted)

    def listed() -> int:
        rows = labelme.files.count()
        return sum(not labelme.files.isRowHidden(row) for row in range(rows)) if rows == len(names) else rows

    return act


def start() -> None:
    """Show the window as the program does, and say when it was painted and how long all of it worked until then."""
    running = QApplication(sys.argv[:1])
    window = MainWindow()
    window.show()
    running.processEvents()
    print(time(), process_time(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        start()
    else:
        application = QApplication(sys.argv[:1])
        serve({"hover": hover, "drag": drag, "next": following, "open": opening, "search": searching})
