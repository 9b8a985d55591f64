"""Closing the real window during a training, in each of the three ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot
from training_child import COMMAND, DEVICE_COMMAND

from aln_desk import settings
from aln_desk.gui import page as pages
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.devices import DeviceQuestion
from aln_desk.gui.main_window import MainWindow
from aln_desk.gui.memory import Memory
from aln_desk.gui.pages.training import TrainingPage
from aln_desk.gui.trainer import Trainer
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.training_queue import TrainingQueue
from aln_desk.gui.workspace import Workspace
from aln_desk.io.runs import Run, held, read_runs


@pytest.fixture
def window(qtbot: QtBot, project_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """A window in Train whose training goes on until it is stopped."""

    def make(mode: str, workspace: Workspace, actions: Actions, show: object, memory: Memory) -> TrainingPage:
        trainer = Trainer(TrainingQueue(memory), TrainingProcess(command=COMMAND))
        return TrainingPage(workspace, actions, trainer, DeviceQuestion(command=DEVICE_COMMAND))

    monkeypatch.setattr(pages, "make", make)
    made = MainWindow(settings.load())
    qtbot.addWidget(made)
    made.show()
    (project_folder / "mode").write_text("wait")
    made.open_project(project_folder)
    made.show_mode("train")
    training(made).form.go.click()
    qtbot.waitUntil(lambda: "Stage 1" in training(made).head.state.text(), timeout=30_000)
    yield made
    (only_run(project_folder).folder / "stop").touch()
    qtbot.waitUntil(lambda: not held(only_run(project_folder).folder), timeout=30_000)
    tasks.wait_all()


def training(window: MainWindow) -> TrainingPage:
    found = window.pages["train"]
    assert isinstance(found, TrainingPage)
    return found


def only_run(project: Path) -> Run:
    (run,) = read_runs(project / "runs")
    return run


def press(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(QMessageBox, "exec", lambda box: 0)
    monkeypatch.setattr(
        QMessageBox, "clickedButton", lambda box: next(one for one in box.buttons() if one.text() == words)
    )


def test_cancel_keeps_window_and_training(
    window: MainWindow, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, "Cancel")
    assert not window.close()
    assert window.isVisible()
    assert held(only_run(project_folder).folder)
    press(monkeypatch, "Stop training and close")
    assert window.close()


def test_stop_ends_the_training_before_the_window(
    window: MainWindow, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, "Stop training and close")
    assert window.close()
    assert not held(only_run(project_folder).folder)
    assert only_run(project_folder).state == "stopped"


def test_in_the_background_it_outlives_the_window(
    window: MainWindow, project_folder: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    press(monkeypatch, "Keep training in the background")
    assert not window.close()
    assert "Handing the training to the background" in window.info.text
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=30_000)
    run = only_run(project_folder)
    qtbot.waitUntil(lambda: held(run.folder) and only_run(project_folder).state == "running", timeout=30_000)
    assert (run.folder / "background.log").read_text() == ""
