from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from aln_desk.gui.actions import ACTIONS, MODES, Actions
from aln_desk.gui.widgets.key_sheet import KeySheet


def test_ids_are_unique() -> None:
    assert len({spec.id for spec in ACTIONS}) == len(ACTIONS)


def test_no_two_actions_share_a_key_in_a_mode(window: QMainWindow) -> None:
    actions = Actions(window)
    clashes = {(spec.id, actions.conflict(spec.id, spec.key)) for spec in ACTIONS if spec.key}
    assert {clash for clash in clashes if clash[1]} == set()


def test_every_action_stands_in_a_menu(window: QMainWindow) -> None:
    actions = Actions(window)
    menus = actions.fill_menus(window.menuBar())
    listed = {action.objectName() for menu in menus.values() for action in menu.actions() if action.objectName()}
    assert listed == {spec.id for spec in ACTIONS}


def test_only_the_visible_page_hears_an_action(window: QMainWindow, qtbot: QtBot) -> None:
    actions = Actions(window)
    shown, hidden = QWidget(window), QWidget(window)
    heard: list[str] = []
    actions.on("go.image_next", shown, lambda: heard.append("shown"))
    actions.on("go.image_next", hidden, lambda: heard.append("hidden"))
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    hidden.hide()
    shown.show()
    actions.set_mode("review")
    qtbot.keyClick(window, Qt.Key.Key_D)
    assert heard == ["shown"]


@pytest.mark.parametrize("mode", ["welcome", *MODES])
def test_a_mode_enables_its_own_actions(window: QMainWindow, mode: str) -> None:
    actions = Actions(window)
    actions.set_mode(mode)
    assert actions["help.keys"].isEnabled()
    assert actions["tool.polygon"].isEnabled() == (mode == "annotate")
    assert actions["overlay.cam.annotate"].isEnabled() == (mode == "annotate")
    assert actions["zoom.fit"].isEnabled() == (mode in ("annotate", "review"))
    assert actions["project.close"].isEnabled() == (mode != "welcome")


def test_a_held_action_stays_off_until_it_is_let_go(window: QMainWindow) -> None:
    actions = Actions(window)
    actions.set_mode("review")
    actions.hold("review.read", True)
    actions.set_mode("train")
    assert not actions["review.read"].isEnabled()
    actions.hold("review.read", False)
    assert actions["review.read"].isEnabled()


def test_changed_keys_come_back_and_unknown_ones_are_passed_over(window: QMainWindow) -> None:
    first = Actions(window)
    first.bind("go.image_next", "Right")
    first.bind("overlay.cam.review", "")
    kept = first.keys()
    assert kept == {"go.image_next": "Right", "overlay.cam.review": ""}
    second = Actions(QMainWindow(window), {**kept, "gone.action": "X"})
    names = ("go.image_next", "overlay.cam.review", "go.image_back")
    assert [second.key(name) for name in names] == ["Right", "", "A"]


def test_conflicts_count_only_where_two_modes_meet(window: QMainWindow) -> None:
    actions = Actions(window)
    assert actions.conflict("go.image_next", "A") == "go.image_back"
    assert actions.conflict("tool.polygon", "F1") == "help.keys"
    assert actions.conflict("train.start", "P") is None
    assert actions.conflict("train.start", "") is None


def test_the_key_sheet_finds_binds_and_refuses(window: QMainWindow, qtbot: QtBot) -> None:
    actions = Actions(window)
    sheet = KeySheet(actions, window)
    qtbot.addWidget(sheet)
    sheet.search.setText("next to do")
    visible = [row for row in range(sheet.table.rowCount()) if not sheet.table.isRowHidden(row)]
    assert len(visible) == 1
    sheet.table.selectRow(visible[0])
    assert sheet.chosen() == "go.next_to_do"
    assert not sheet.bind("D")
    assert "Next image" in sheet.notice.text()
    assert actions.key("go.next_to_do") == "N"
    assert sheet.bind("Ctrl+J")
    assert actions.key("go.next_to_do") == "Ctrl+J"


def test_the_key_sheet_lists_what_the_pointer_does_and_lets_nobody_change_it(window: QMainWindow, qtbot: QtBot) -> None:
    sheet = KeySheet(Actions(window), window)
    qtbot.addWidget(sheet)
    sheet.search.setText("alt+shift+click")
    (row,) = [row for row in range(sheet.table.rowCount()) if not sheet.table.isRowHidden(row)]
    cell = sheet.table.item(row, 0)
    assert cell is not None and cell.text() == "Delete a corner"
    sheet.table.setCurrentCell(row, 0)
    assert sheet.chosen() == ""
    assert not sheet.bind("Ctrl+J")
    assert cell.text() == "Delete a corner"


def test_the_key_sheet_names_what_enter_and_escape_do_in_evaluate(window: QMainWindow, qtbot: QtBot) -> None:
    sheet = KeySheet(Actions(window), window)
    qtbot.addWidget(sheet)
    sheet.search.setText("evaluate, fixed")
    rows = [row for row in range(sheet.table.rowCount()) if not sheet.table.isRowHidden(row)]
    texts = [[cell.text() for cell in (sheet.table.item(row, 0), sheet.table.item(row, 2)) if cell] for row in rows]
    assert ["Go to the patients behind it", "Enter"] in texts
    assert ["From the patients back to the figure", "Esc"] in texts


def test_the_key_sheet_asks_for_a_row_first(window: QMainWindow, qtbot: QtBot) -> None:
    sheet = KeySheet(Actions(window), window)
    qtbot.addWidget(sheet)
    assert not sheet.bind("Ctrl+J")
    assert "Choose" in sheet.notice.text()


def test_judging_signing_and_training_have_keys(window: QMainWindow) -> None:
    actions = Actions(window)
    names = [*(f"judge.{step}" for step in range(1, 6)), "review.sign", "train.start", "train.stop"]
    found = [actions[name].shortcut().toString() for name in names]
    assert found == ["Shift+1", "Shift+2", "Shift+3", "Shift+4", "Shift+5", "Ctrl+Return", "F5", "Shift+F5"]


def test_digits_choose_labels_where_outlines_are_drawn_and_layers_where_they_are_reviewed(window: QMainWindow) -> None:
    actions = Actions(window)
    assert [actions.key(f"label.{digit}") for digit in (1, 2, 9)] == ["1", "2", "9"]
    assert actions.conflict("label.1", "1") is None and actions.conflict("overlay.drawn.review", "1") is None


def test_no_two_actions_share_a_key_from_the_start(window: QMainWindow) -> None:
    actions = Actions(window)
    clashes = {name: actions.conflict(name, spec.key) for name, spec in actions.specs.items() if spec.key}
    assert not {name: other for name, other in clashes.items() if other}


def test_menus_in_which_nothing_answers_are_not_there(window: QMainWindow) -> None:
    actions = Actions(window)
    menus = actions.fill_menus(window.menuBar())
    for mode, shown in (("annotate", True), ("review", False)):
        actions.set_mode(mode)
        assert [menus[title].menuAction().isVisible() for title in ("File", "Shape", "Label", "Help")] == [
            True,
            shown,
            shown,
            True,
        ]
