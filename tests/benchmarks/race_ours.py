"""ALN Desk's side of `labelme_race`: its own window, worked by the same events."""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time, time

from race_side import WINDOW, WORD, Painted, Round, dragging, hovering, middles, outlines, rest, serve, spent, wait

sys.path.insert(0, str(Path(__file__).parents[2]))

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from aln_desk import app
from aln_desk.gui import tasks
from aln_desk.gui.main_window import MainWindow
from aln_desk.gui.pages.annotate import AnnotatePage
from aln_desk.gui.pages.patients import PatientsPage
from aln_desk.io.importers import new_project


def project_of(folder: str) -> Path:
    """The project of a folder of images, made where there is none yet."""
    project = Path(folder).with_name(f"{Path(folder).name}-project")
    if not project.is_dir():
        new_project(project, folder, annotations="beside").close()
    return project


def window_on(folder: str, mode: str) -> MainWindow:
    """The window with the project of a folder, everything read that it reads by itself."""
    window = app.window(project_of(folder))
    window.resize(*WINDOW)
    window.show_mode(mode)
    window.show()
    tasks.wait_all()
    rest()
    return window


def annotate_on(folder: str) -> tuple[MainWindow, AnnotatePage]:
    """The window in Annotate with an image on screen."""
    window = window_on(folder, "annotate")
    page = window.pages["annotate"]
    assert isinstance(page, AnnotatePage)
    wait(lambda: bool(page.room.shown))
    return window, page


def at_its_size(page: AnnotatePage) -> None:
    """One pixel of the image is one of the screen, and the pointer selects."""
    page.choose_tool("select")
    page.canvas.zoom_by(1 / page.canvas.camera.zoom)
    rest(1000)


def hover(folder: str) -> Round:
    _, page = annotate_on(folder)
    at_its_size(page)
    return hovering(page.canvas, lambda x, y: page.canvas.to_widget(QPointF(x, y)), middles(folder))


def drag(folder: str) -> Round:
    _, page = annotate_on(folder)
    at_its_size(page)
    act = dragging(page.canvas, lambda x, y: page.canvas.to_widget(QPointF(x, y)), outlines(folder)[0][0])

    def drag_on(turn: int) -> tuple[float, float]:
        found = act(turn)
        assert page.canvas.editing.lifted
        return found

    return drag_on


def following(folder: str) -> Round:
    window, page = annotate_on(folder)
    painted, onward = Painted(page.canvas), window.actions_["go.image_next"]

    def act(turn: int) -> tuple[float, float]:
        wanted = window.workspace.neighbour(1)
        assert wanted is not None
        return spent(onward.trigger, lambda: page.room.shown == wanted.id, painted)

    return act


def opening(folder: str) -> Round:
    window, page = annotate_on(folder)
    painted, project = Painted(page.canvas), project_of(folder)

    def act(_: int) -> tuple[float, float]:
        window.close_project()
        tasks.wait_all()
        rest()
        found = spent(lambda: window.open_project(project), lambda: bool(page.room.shown), painted)
        assert window.mode == "annotate"
        tasks.wait_all()
        return found

    return act


def searching(folder: str) -> Round:
    page = window_on(folder, "patients").pages["patients"]
    assert isinstance(page, PatientsPage)
    painted, names = Painted(page.table.viewport()), [path.stem for path in Path(folder).glob("*.png")]

    def act(turn: int) -> tuple[float, float]:
        typed = turn % len(WORD)
        if typed == 0:
            page.query.clear()
            rest()
        fitting = sum(WORD[: typed + 1] in name for name in names)
        key = Qt.Key(ord(WORD[typed]))
        return spent(lambda: QTest.keyClick(page.query, key), lambda: page.filter.rowCount() == fitting, painted)

    return act


def start() -> None:
    """Show the window as the program does, and say when it was painted and how long all of it worked until then."""
    window = app.window(None)
    window.show()
    app.application().processEvents()
    print(time(), process_time(), flush=True)
    tasks.wait_all()  # nothing must be half imported when Python ends


if __name__ == "__main__":
    if len(sys.argv) == 1:
        start()
    else:
        application = app.application()
        serve({"hover": hover, "drag": drag, "next": following, "open": opening, "search": searching})
