from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.gui import pictures, tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pictures import Pictures
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.workspace import Workspace


def test_the_neighbours_of_other_patients_are_read_too(
    qtbot: QtBot, window: QMainWindow, workspace: Workspace, actions: Actions, project_folder: Path
) -> None:
    workspace.open(project_folder)
    room = ImageRoom(workspace, actions)
    window.setCentralWidget(room)
    workspace.select_patient("P2")  # it has one image
    room.refresh()
    tasks.wait_all()
    around = [workspace.neighbour(step) for step in (-1, 1)]
    assert [one.patient for one in around if one is not None] == ["P1", "P10"]
    assert all(room._pictures.get(one.image) is not None for one in around if one is not None)


def test_no_more_is_read_ahead_than_is_kept(
    qtbot: QtBot, workspace: Workspace, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_KEPT", 3)
    workspace.open(project_folder)
    paths = [instance.image for patient in workspace.patients for instance in patient.bag]
    read, ready = Pictures(), list[str]()
    read.ready.connect(ready.append)
    read.get(paths[0])
    read.prefetch(paths[1:])
    tasks.wait_all()
    assert sorted(ready) == sorted(paths[:3])
    assert all(read.get(path) is not None for path in paths[:3])
