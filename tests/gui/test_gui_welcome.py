from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from aln_desk.gui import tasks
from aln_desk.gui.pages.welcome import WelcomePage
from aln_desk.gui.thumbnails import keep_cover
from aln_desk.io.project import Project
from aln_desk.settings import RecentProject


@pytest.fixture
def page(qtbot: QtBot) -> WelcomePage:
    made = WelcomePage()
    qtbot.addWidget(made)
    made.show()
    return made


def test_without_projects_it_says_what_belongs_here(page: WelcomePage) -> None:
    page.show_recent([])
    assert page.empty.isVisible() and not page.recent.isVisible()


def test_recent_projects_are_listed_and_gone_ones_are_not(page: WelcomePage, project_folder: Path) -> None:
    gone = project_folder.with_name("gone")
    page.show_recent([RecentProject(str(gone), "2026-03-01"), RecentProject(str(project_folder), "2026-03-04")])
    assert page.recent.count() == 1
    assert "study" in page.recent.item(0).text() and "2026-03-04" in page.recent.item(0).text()


def test_a_project_shows_its_first_image(page: WelcomePage, project_folder: Path) -> None:
    with Project.open(project_folder) as project:
        keep_cover(project.patients()[0].bag[0].image, project.cache)
    page.show_recent([RecentProject(str(project_folder), "2026-03-04")])
    tasks.wait_all()
    assert not page.recent.item(0).icon().isNull()


def test_a_click_and_the_enter_key_choose_a_project(qtbot: QtBot, page: WelcomePage, project_folder: Path) -> None:
    page.show_recent([RecentProject(str(project_folder), "2026-03-04")])
    page.recent.setCurrentRow(0)
    with qtbot.waitSignal(page.projectChosen) as chosen:
        qtbot.keyClick(page.recent, Qt.Key.Key_Return)
    assert chosen.args == [str(project_folder)]
    middle = page.recent.visualItemRect(page.recent.item(0)).center()
    with qtbot.waitSignal(page.projectChosen):
        qtbot.mouseClick(page.recent.viewport(), Qt.MouseButton.LeftButton, pos=middle)


@pytest.mark.parametrize(
    ("words", "signal"),
    [
        ("New from a folder…", "newRequested"),
        ("Open…", "openRequested"),
        ("Demonstration", "demonstrationRequested"),
    ],
)
def test_each_button_asks_for_its_own(qtbot: QtBot, page: WelcomePage, words: str, signal: str) -> None:
    button = next(one for one in page.findChildren(QPushButton) if one.text() == words)
    with qtbot.waitSignal(getattr(page, signal)):
        button.click()
