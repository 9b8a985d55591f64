from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from aln_desk import app, settings
from aln_desk.domain.errors import BadFile, Stopped
from aln_desk.domain.messages import BagPredicted, Finished, Progress, Started
from aln_desk.gui import autosave, exceptions, tasks, theme
from aln_desk.gui.main_window import REMEMBER_MS, MainWindow
from aln_desk.gui.widgets.new_project import NewProject, NewProjectDialog
from aln_desk.settings import Settings


@pytest.fixture
def window(qtbot: QtBot, read_project: Path) -> MainWindow:
    return opened(qtbot, read_project)


def opened(qtbot: QtBot, folder: Path | None, remembered: Settings | None = None) -> MainWindow:
    made = MainWindow(remembered or settings.load())
    qtbot.addWidget(made)
    made.show()
    if folder is not None:
        made.open_project(folder)
    tasks.wait_all()
    return made


def test_a_project_opens_in_review_and_is_remembered(window: MainWindow, read_project: Path) -> None:
    assert window.mode == "review"
    assert window.header.project.text().startswith("study")
    assert [Path(recent.path) for recent in settings.load().recent] == [read_project]


def test_pages_are_made_when_they_are_first_shown(window: MainWindow) -> None:
    assert set(window.pages) == {"review"}
    window.actions_["mode.patients"].trigger()
    assert window.mode == "patients"
    assert window.stack.currentWidget() is window.pages["patients"]


def test_what_is_no_project_is_said_and_changes_nothing(window: MainWindow, tmp_path: Path) -> None:
    window.open_project(tmp_path / "nothing")
    assert "nothing" in window.info.text and window.info.isVisible()
    assert window.workspace.project is not None and window.mode == "review"


def test_a_window_that_is_killed_opens_where_it_was(qtbot: QtBot, window: MainWindow, read_project: Path) -> None:
    window.show_mode("annotate")
    tasks.wait_all()
    window.workspace.select_instance("P1/T2.png")
    here = {"mode": "annotate", "patient": "P1", "instance": "P1/T2.png"}
    qtbot.waitUntil(
        lambda: here.items() <= settings.load().project_state(read_project).items(), timeout=4 * REMEMBER_MS
    )


def test_the_state_survives_a_restart(qtbot: QtBot, window: MainWindow, read_project: Path) -> None:
    window.show_mode("patients")
    window.show_mode("review")
    review = window.pages["review"]
    review.room.tools.toggle("cam")
    review.list.query.setText("p1")
    window.workspace.select_instance("P10/N2.png")
    window.resize(1100, 690)
    window.close()
    again = opened(qtbot, read_project)
    assert again.mode == "review"
    assert again.workspace.instance is not None and again.workspace.instance.id == "P10/N2.png"
    assert again.pages["review"].room.tools.overlay("cam")[0] is False
    assert again.pages["review"].list.query.text() == "p1"
    assert again.height() == 690
    assert again.pages["review"].panel.isVisible()
    again.actions_["panel.right"].trigger()
    again.close()
    folded = opened(qtbot, read_project)
    assert not folded.pages["review"].panel.isVisible()
    folded.workspace.select_patient("P2")
    assert not folded.pages["review"].panel.isVisible()
    folded.actions_["panel.right"].trigger()
    assert folded.pages["review"].panel.isVisible()


def test_the_place_on_the_image_survives_a_restart(qtbot: QtBot, window: MainWindow, read_project: Path) -> None:
    window.show_mode("review")
    tasks.wait_all()
    canvas = window.pages["review"].room.canvas
    canvas.zoom_by(3.0)
    zoom = canvas.camera.zoom
    window.close()
    again = opened(qtbot, read_project)
    tasks.wait_all()
    assert again.pages["review"].room.canvas.camera.zoom == pytest.approx(zoom)


def test_the_way_back_to_the_embedded_model(window: MainWindow) -> None:
    assert window.workspace.model is not None
    adopted = window.workspace.model.digest
    window.actions_["model.embedded"].trigger()
    assert window.workspace.model.digest != adopted
    assert window.workspace.project is not None
    assert window.workspace.project.adopted() is None


def test_closing_the_project_shows_the_welcome_page(window: MainWindow) -> None:
    window.actions_["project.close"].trigger()
    assert window.mode == "welcome"
    assert window.workspace.project is None
    assert window.welcome.recent.count() == 1
    assert not window.actions_["mode.review"].isEnabled()


def test_undo_reaches_the_image_on_screen(window: MainWindow) -> None:
    workspace = window.workspace
    before = workspace.annotation("P1/T1.png")
    workspace.edit("P1/T1.png", before.with_shapes(()), "delete a shape")
    window.actions_["edit.undo"].trigger()
    assert workspace.annotation("P1/T1.png") != before, "elsewhere than in Annotate it would go unseen"
    window.show_mode("annotate")
    window.actions_["edit.undo"].trigger()
    assert workspace.annotation("P1/T1.png") == before
    window.actions_["edit.redo_too"].trigger()
    assert workspace.annotation("P1/T1.png").shapes == ()


def test_unsaved_outlines_keep_the_window_open_unless_given_up(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BadFile("T1.json", "the disk is full", "Make space")

    monkeypatch.setattr(autosave, "save_annotation", refuse)
    answers = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Discard]
    monkeypatch.setattr(QMessageBox, "exec", lambda *_: answers.pop(0))
    window.workspace.edit("P1/T1.png", window.workspace.annotation("P1/T1.png").with_shapes(()), "delete")
    assert not window.close()
    assert "disk is full" in window.trouble.text and window.trouble.isVisible()
    assert window.close()


def test_unexpected_errors_are_told_and_close_nothing(window: MainWindow, capsys: pytest.CaptureFixture[str]) -> None:
    handle = exceptions.hook(window.show_error)
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        handle(type(error), error, error.__traceback__)
    assert "ZeroDivisionError" in window.info.text and window.isVisible()
    assert "Traceback" in capsys.readouterr().err


def test_errors_for_users_are_told_as_they_stand(window: MainWindow) -> None:
    handle = exceptions.hook(window.show_error)
    error = BadFile("a.png", "it is no image", "Remove it")
    handle(type(error), error, None)
    assert window.info.text == str(error)
    handle(Stopped, Stopped("cancelled"), None)
    assert window.info.text == str(error)


def test_the_light_theme_is_kept(window: MainWindow) -> None:
    window.actions_["theme.light"].trigger()
    assert theme.palette() is theme.LIGHT
    assert settings.load().theme == "light"
    window.actions_["theme.light"].trigger()
    assert theme.palette() is theme.READING


def test_a_new_key_is_kept(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_.bind("go.image_next", "Right")
    assert settings.load().keys == {"go.image_next": "Right"}
    assert opened(qtbot, None).actions_.key("go.image_next") == "Right"


def test_settings_that_cannot_be_kept_are_told_once(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Settings) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(settings, "save", refuse)
    told: list[str] = []
    window.memory.failed.connect(told.append)
    window.memory.keep(replace(window.memory.settings, theme="light"))
    window.memory.keep(replace(window.memory.settings, theme="reading"))
    assert len(told) == 1 and "No space" in told[0]


def test_side_panels_fold_away_and_remember_it(qtbot: QtBot, window: MainWindow, read_project: Path) -> None:
    window.actions_["panel.left"].trigger()
    assert not window.pages["review"].list.isVisible()
    window.close()
    again = opened(qtbot, read_project)
    assert not again.pages["review"].list.isVisible()
    again.actions_["panel.left"].trigger()
    assert again.pages["review"].list.isVisible()


def test_reading_shows_progress_and_results_as_they_come(window: MainWindow) -> None:
    engine = window.reading._engine
    engine.message.emit(Started("", "", "cpu (4 threads)"))
    engine.message.emit(Progress("predict", 1, 5, 40.0))
    assert window.header.device.text() == "cpu (4 threads)"
    assert window.status.progress.isVisible()
    assert window.workspace.model is not None
    engine.message.emit(BagPredicted("P10", 0.7, 0.46, window.workspace.model.digest, {"P10/T1.png": 1.0}))
    assert window.workspace.verdict("P10").score == 0.7  # type: ignore[union-attr]
    engine.busyChanged.emit(True)
    assert not window.actions_["review.read"].isEnabled()
    engine.message.emit(Finished())
    engine.busyChanged.emit(False)
    assert not window.status.progress.isVisible()
    assert window.actions_["review.read"].isEnabled()


def test_a_new_project_is_made_from_a_folder(qtbot: QtBot, project_folder: Path, tmp_path: Path) -> None:
    window = opened(qtbot, None)
    wish = NewProject(project_folder.parent / "images", tmp_path / "new one", "project")
    with qtbot.waitSignal(window.opening.ready):
        window.opening.create(wish)
        assert window.mode == "busy"
    assert window.workspace.project is not None and window.workspace.project.name == "new one"
    assert len(window.workspace.patients) == 3


def test_a_folder_without_images_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, None)
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(window.opening.failed):
        window.opening.create(NewProject(tmp_path / "empty", tmp_path / "new one", None))
    assert window.mode == "welcome" and window.info.isVisible()
    assert not (tmp_path / "new one").exists()


def test_the_new_dialog_suggests_a_project_folder_and_needs_both(qtbot: QtBot) -> None:
    dialog = NewProjectDialog()
    qtbot.addWidget(dialog)
    assert not dialog.make.isEnabled()
    dialog.source.setText("/data/busi")
    assert dialog.wish() == NewProject(Path("/data/busi"), Path("/data/busi project"), None)
    assert dialog.make.isEnabled()
    dialog.folder.clear()
    assert not dialog.make.isEnabled()


FAKE_DEMO = """
import sys, pathlib, shutil
folder = pathlib.Path(sys.argv[sys.argv.index("--dir") + 1])
print('{"event": "Progress", "stage": "simulate", "done": 1, "total": 2, "seconds_left": 3}', flush=True)
if folder.name == "slow":
    sys.stdin.read()
    sys.exit(1)
shutil.copytree(%r, folder)
"""


def test_the_demonstration_is_made_by_a_child_and_opened(qtbot: QtBot, read_project: Path, private_home: Path) -> None:
    window = opened(qtbot, None)
    command = (sys.executable, "-c", FAKE_DEMO % str(read_project))
    told: list[str] = []
    window.opening.progressed.connect(lambda text, *_: told.append(text))
    with qtbot.waitSignal(window.opening.ready, timeout=20000):
        window.opening.demonstrate(command=command)
    assert told == ["Drawing simulated patients, 1 of 2, about 3 s left"]
    assert window.workspace.project is not None
    assert window.workspace.project.folder == (private_home / "demonstration").resolve()
    window.close_project()
    with qtbot.waitSignal(window.opening.ready):
        window.opening.demonstrate(command=("never started",))


def test_making_the_demonstration_can_be_cancelled(qtbot: QtBot, read_project: Path, tmp_path: Path) -> None:
    window = opened(qtbot, None)
    command = (sys.executable, "-c", FAKE_DEMO % str(read_project))
    with qtbot.waitSignal(window.opening.progressed, timeout=20000):
        window.opening.demonstrate(tmp_path / "slow", command)
    assert window.mode == "busy"
    window.progress.cancelled.emit()
    assert window.mode == "welcome"
    assert not window.opening.busy


def test_keys_reach_the_modes(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.mode == "patients"
    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert window.mode == "review"


STARTUP = """
import sys
from pathlib import Path
from aln_desk import app
from aln_desk.gui import tasks
window = app.window(Path(sys.argv[1]))
window.show()
app.application().processEvents()
tasks.wait_all()
assert window.workspace.patient is not None
heavy = {"torch", "torchvision", "scipy", "pyqtgraph", "shapely", "timm", "segment_anything"} & set(sys.modules)
print("heavy:", sorted(heavy))
"""


def test_the_window_with_a_project_imports_nothing_heavy(read_project: Path, private_home: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "ALN_DESK_HOME": str(private_home)}
    done = subprocess.run(
        [sys.executable, "-c", STARTUP, str(read_project)], capture_output=True, text=True, env=environment, check=False
    )
    assert "heavy: []" in done.stdout, done.stderr


def test_the_application_is_made_once(qtbot: QtBot) -> None:
    assert app.application() is QApplication.instance()
