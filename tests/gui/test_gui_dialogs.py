from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from aln_desk.gui import dialogs, file_dialogs
from aln_desk.gui.widgets.new_project import NewProjectDialog


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def new_project(qtbot: QtBot, parent: QWidget) -> NewProjectDialog:
    made = NewProjectDialog(parent)
    made.open()
    return made


def answer(act: Callable[[QMessageBox], object]) -> None:
    """Act on the question that is about to be asked."""

    def when_shown() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        act(box)

    QTimer.singleShot(0, when_shown)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_a_key_pressed_too_soon_loses_no_outline(qtbot: QtBot, parent: QWidget, key: Qt.Key) -> None:
    answer(lambda box: qtbot.keyClick(box, key))
    assert not dialogs.give_up_unsaved(parent, 2, lambda: False)


def test_outlines_are_given_up_only_by_the_button_that_says_so(parent: QWidget) -> None:
    answer(lambda box: box.button(QMessageBox.StandardButton.Discard).click())
    assert dialogs.give_up_unsaved(parent, 1, lambda: False)


def test_saving_can_be_tried_again(parent: QWidget) -> None:
    tries: list[bool] = [False, True]

    def press_again(box: QMessageBox) -> None:
        button = box.button(QMessageBox.StandardButton.Retry)
        assert button.text() == "Try again"
        button.click()

    def save() -> bool:
        if len(tries) > 1:
            answer(press_again)
        return tries.pop(0)

    answer(press_again)
    assert dialogs.give_up_unsaved(parent, 1, save)
    assert tries == []


def test_a_file_dialog_begins_where_it_was_left(
    parent: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def choose(_: QWidget, __: str, start: str, ___: str) -> tuple[str, str]:
        begun.append(start)
        return str(tmp_path / "P1.pdf"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    monkeypatch.setattr(file_dialogs, "_last", {})
    for name in ("P1.pdf", "P2.pdf"):
        assert file_dialogs.choose_file_to_save(parent, "Save", name, "PDF (*.pdf)") == tmp_path / "P1.pdf"
    assert begun == [str(Path.home() / "P1.pdf"), str(tmp_path / "P2.pdf")]


def test_a_folder_dialog_begins_where_it_was_left(
    parent: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    answers = [str(tmp_path), ""]

    def choose(_: QWidget, __: str, start: str) -> str:
        begun.append(start)
        return answers.pop(0)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    monkeypatch.setattr(file_dialogs, "_last", {})
    assert dialogs.ask_project(parent) == tmp_path
    assert dialogs.ask_project(parent) is None
    assert begun == [str(Path.home()), str(tmp_path)]


def refused(label: QLabel) -> str:
    return label.text() if label.isVisible() else ""


def test_a_folder_that_will_not_do_keeps_the_new_project_open(
    new_project: NewProjectDialog, project_folder: Path
) -> None:
    new_project.source.setText(str(project_folder / "nothing"))
    new_project.folder.setText(str(project_folder))
    new_project.make.click()
    assert new_project.isVisible()
    assert "does not exist" in refused(new_project.source_refused)
    assert "A project lies here already" in refused(new_project.folder_refused)
    new_project.folder.setText(str(project_folder / "project.sqlite"))
    assert refused(new_project.folder_refused) == ""
    new_project.make.click()
    assert "This is a file" in refused(new_project.folder_refused)


def test_folders_that_will_do_close_it(new_project: NewProjectDialog, project_folder: Path) -> None:
    new_project.source.setText(f" {project_folder.parent / 'images'} ")
    new_project.folder.setText(str(project_folder.parent / "another"))
    new_project.make.click()
    assert not new_project.isVisible()
    assert new_project.wish().source == project_folder.parent / "images"
