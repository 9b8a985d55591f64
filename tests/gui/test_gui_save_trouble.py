"""The bar that tells why outlines are not saved, and its buttons."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtWidgets import QMainWindow, QPushButton, QWidget

from aln_desk.domain.errors import BadFile
from aln_desk.domain.shape import Shape
from aln_desk.gui import autosave, tasks
from aln_desk.gui.troubles import ACTIONS, Action, Kind, Trouble
from aln_desk.gui.widgets import save_trouble
from aln_desk.gui.widgets.save_trouble import SaveTrouble
from aln_desk.gui.workspace import Workspace
from aln_desk.io import labelme_json

OUTLINE = Shape("tumor", ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)))
HERE, ELSEWHERE = "P1/T1.png", "P2/T1.png"


@pytest.fixture
def bar(window: QMainWindow, workspace: Workspace, project_folder: Path) -> SaveTrouble:
    made = SaveTrouble(workspace)
    room = QWidget()
    window.setCentralWidget(room)
    made.float_over(room)
    window.show()
    workspace.open(project_folder)
    return made


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The disk is full until this is undone."""

    def refuse(*_: object) -> None:
        raise BadFile("T1.json", "the disk is full", "Make space")

    monkeypatch.setattr(autosave, "save_annotation", refuse)
    return monkeypatch


def draw(workspace: Workspace, name: str) -> None:
    annotation = workspace.annotation(name)
    workspace.edit(name, annotation.with_shapes((*annotation.shapes, OUTLINE)), "Draw")
    workspace.flush()
    tasks.wait_all()


def file_of(workspace: Workspace, name: str) -> Path:
    return next(Path(one.annotation) for patient in workspace.patients for one in patient.bag if one.id == name)


def change_outside(workspace: Workspace, name: str) -> None:
    file = file_of(workspace, name)
    labelme_json.write(file, labelme_json.read(file).with_shapes(()))


def test_it_is_hidden_while_all_is_well(bar: SaveTrouble, workspace: Workspace) -> None:
    draw(workspace, HERE)
    assert bar.isHidden() and bar.text == ""


def test_a_full_disk_is_told_over_the_lower_edge_until_it_saves(
    bar: SaveTrouble, workspace: Workspace, full: pytest.MonkeyPatch
) -> None:
    draw(workspace, HERE)
    assert bar.isVisible() and "disk is full" in bar.text and HERE in bar.text
    room = bar.parentWidget()
    assert bar.geometry().bottom() == room.height() - 1 and bar.width() == room.width()
    assert [button.text() for button in bar.buttons.values()] == ["Retry", "Save elsewhere…"]
    full.undo()
    bar.buttons["retry"].click()
    tasks.wait_all()
    assert bar.isHidden() and len(labelme_json.read(file_of(workspace, HERE)).shapes) == 2


def test_what_concerns_another_image_is_told_too(
    bar: SaveTrouble, workspace: Workspace, full: pytest.MonkeyPatch
) -> None:
    draw(workspace, ELSEWHERE)
    assert ELSEWHERE in bar.text
    draw(workspace, HERE)
    assert HERE in bar.text
    workspace.select_instance(ELSEWHERE)
    assert ELSEWHERE in bar.text


def test_a_notice_waits_until_its_image_is_shown(bar: SaveTrouble, workspace: Workspace) -> None:
    draw(workspace, ELSEWHERE)
    change_outside(workspace, ELSEWHERE)
    assert workspace.annotation(ELSEWHERE).shapes == ()
    assert bar.isHidden()
    workspace.select_instance(ELSEWHERE)
    assert bar.isVisible() and "Another program" in bar.text and bar.property("kind") == "info"
    bar.buttons["discard"].click()
    assert bar.isHidden() and len(workspace.annotation(ELSEWHERE).shapes) == 2


def test_a_changed_file_is_merged_by_a_button(bar: SaveTrouble, workspace: Workspace) -> None:
    workspace.annotation(HERE)
    change_outside(workspace, HERE)
    annotation = workspace.annotation(HERE)
    file = file_of(workspace, HERE)
    workspace.edit(HERE, annotation.with_shapes((OUTLINE,)), "Draw")
    labelme_json.write(file, annotation.with_shapes((OUTLINE.with_points(((2.0, 2.0), (3.0, 2.0), (3.0, 3.0))),)))
    workspace.flush()
    tasks.wait_all()
    assert [button.text() for button in bar.buttons.values()] == ["Merge", "Reload", "Keep mine", "Save elsewhere…"]
    bar.buttons["merge"].click()
    tasks.wait_all()
    assert bar.isHidden() and len(labelme_json.read(file).shapes) == 2


def test_saving_elsewhere_asks_where(
    bar: SaveTrouble, workspace: Workspace, full: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    draw(workspace, HERE)
    answers: list[Path | None] = [None, tmp_path / "images" / "P1" / "T1.png" / "x.json", tmp_path / "copy.json"]
    proposed: list[str] = []

    def choose(_parent: QWidget, _title: str, name: str, _kinds: str) -> Path | None:
        proposed.append(name)
        return answers.pop(0)

    full.setattr(save_trouble, "choose_file_to_save", choose)
    bar.buttons["elsewhere"].click()
    assert bar.isVisible() and proposed == ["T1.json"]
    bar.buttons["elsewhere"].click()
    assert bar.isVisible() and "x.json" in bar.text
    bar.buttons["elsewhere"].click()
    assert bar.isHidden() and len(labelme_json.read(tmp_path / "copy.json").shapes) == 2


def test_the_project_s_own_trouble_can_be_closed(bar: SaveTrouble, workspace: Workspace) -> None:
    workspace.troubles.tell(Trouble("locked", "Somebody else edits it."))
    assert bar.text == "Somebody else edits it."
    bar.buttons["dismiss"].click()
    assert bar.isHidden() and workspace.troubles.all == []


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_trouble_offers_something_and_says_what_it_does(
    bar: SaveTrouble, workspace: Workspace, kind: Kind
) -> None:
    workspace.troubles.tell(Trouble(kind, "It is so.", workspace.instance))
    workspace.troubles.tell(Trouble(kind, "It is otherwise.", workspace.instance))
    shown = [button for button in bar.findChildren(QPushButton) if button.isVisible()]
    assert tuple(bar.buttons) == ACTIONS[kind] and shown == list(bar.buttons.values())
    assert set(bar.buttons) <= set(get_args(Action))
    for button in bar.buttons.values():
        assert button.text() and button.accessibleDescription()


def test_it_goes_with_the_project(bar: SaveTrouble, workspace: Workspace, full: pytest.MonkeyPatch) -> None:
    draw(workspace, HERE)
    assert bar.isVisible()
    workspace.discard()
    assert bar.isHidden()
