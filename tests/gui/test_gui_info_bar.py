from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QCursor, QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from aln_desk.gui.widgets import info_bar
from aln_desk.gui.widgets.info_bar import InfoBar

SOON_MS = 30


@pytest.fixture
def bar(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> InfoBar:
    monkeypatch.setattr(info_bar, "INFO_MS", SOON_MS)
    QCursor.setPos(0, 0)  # wherever an earlier test left it
    made = InfoBar()
    made.move(200, 200)
    qtbot.addWidget(made)
    return made


def test_an_info_goes_by_itself(qtbot: QtBot, bar: InfoBar) -> None:
    bar.say("The report is saved.", "info")
    assert bar.isVisible()
    qtbot.waitUntil(bar.isHidden)


@pytest.mark.parametrize("kind", ["warning", "error"])
def test_what_needs_attention_stays(qtbot: QtBot, bar: InfoBar, kind: info_bar.Kind) -> None:
    bar.say("The report is saved.", "info")
    bar.say("The disk is full.", kind)
    qtbot.wait(3 * SOON_MS)
    assert bar.isVisible() and bar.text == "The disk is full."


def test_an_info_stays_while_the_mouse_is_on_it(qtbot: QtBot, bar: InfoBar) -> None:
    bar.say("The report is saved.", "info")
    middle = QPointF(5, 5)
    QApplication.sendEvent(bar, QEnterEvent(middle, middle, middle))
    qtbot.wait(3 * SOON_MS)
    assert bar.isVisible()
    QApplication.sendEvent(bar, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(bar.isHidden)


def test_a_floating_bar_moves_nothing_and_keeps_the_width(qtbot: QtBot, bar: InfoBar) -> None:
    page, picture = QWidget(), QLabel("picture")
    qtbot.addWidget(page)
    QVBoxLayout(page).addWidget(picture)
    page.resize(500, 300)
    page.show()
    bar.float_over(page)
    before = picture.geometry()
    bar.say("The disk is full.", "error", details="Traceback")
    assert picture.geometry() == before
    folded = bar.height()
    assert (bar.x(), bar.y(), bar.width()) == (0, 0, 500) and folded >= 28
    next(one for one in bar.findChildren(QPushButton) if one.text() == "Details").click()
    assert bar.height() > folded + 100
    page.resize(700, 300)
    assert bar.width() == 700
