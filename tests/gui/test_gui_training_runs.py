"""The list of runs, and the card at a run's end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot
from run_folders import make_run

from aln_desk.gui.pages.training_result import ResultCard
from aln_desk.gui.pages.training_runs import RunList, part_of, title_of
from aln_desk.io.runs import Run, read_runs


@pytest.fixture
def listed(qtbot: QtBot, tmp_path: Path) -> RunList:
    for number in (1, 2, 3):
        make_run(tmp_path / "runs", f"r{number}", started=f"2026-03-0{number}T10:00:00+00:00")
    made = RunList()
    qtbot.addWidget(made)
    made.changed.connect(lambda: made.show_runs(read_runs(tmp_path / "runs"), "", "r2"))
    made.show_runs(read_runs(tmp_path / "runs"), "", "r2")
    made.show()
    return made


def test_one_run_or_several_can_be_chosen(listed: RunList) -> None:
    one: list[Run] = []
    several: list[list[Run]] = []
    listed.runChosen.connect(one.append)
    listed.runsChosen.connect(several.append)
    chosen = listed.chosen()
    assert chosen is not None and chosen.name == "r2"
    listed.list.setCurrentRow(0)
    assert [run.name for run in one] == ["r3"]
    listed.list.selectAll()
    assert [run.name for run in several[-1]] == ["r3", "r2", "r1"]
    listed.changed.emit()
    assert len(listed.all_chosen()) == 3


def test_a_run_is_renamed(listed: RunList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("Nodes left out", True))
    action(listed, "Rename…").trigger()
    assert listed.list.item(1).text() == "Nodes left out"
    chosen = listed.chosen()
    assert chosen is not None and title_of(chosen) == "Nodes left out"


@pytest.mark.parametrize(("answer", "left"), [("Delete", 2), ("Keep", 3)])
def test_a_run_is_deleted_after_a_question(
    listed: RunList, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr(QMessageBox, "exec", lambda box: 0)
    monkeypatch.setattr(
        QMessageBox, "clickedButton", lambda box: next(one for one in box.buttons() if one.text() == answer)
    )
    action(listed, "Delete…").trigger()
    assert listed.list.count() == left


def test_a_run_under_way_says_why_it_stays(listed: RunList, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = sqlite3.connect(tmp_path / "runs" / "r2" / "lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("b", True))
    action(listed, "Rename…").trigger()
    assert listed.error.isVisible() and "under way" in listed.error.text()
    lock.close()


def action(listed: RunList, text: str) -> QAction:
    listed.menu.aboutToShow.emit()
    return next(one for one in listed.menu.actions() if one.text() == text)


def test_a_run_that_is_known_to_be_under_way_is_not_offered_for_change(listed: RunList, tmp_path: Path) -> None:
    make_run(tmp_path / "runs", "r4", state="running", started="2026-03-04T10:00:00+00:00")
    listed.show_runs(read_runs(tmp_path / "runs"), "r4", "r4")
    assert not action(listed, "Rename…").isEnabled() and not action(listed, "Delete…").isEnabled()
    listed.list.setCurrentRow(1)
    assert action(listed, "Rename…").isEnabled() and action(listed, "Delete…").isEnabled()


def test_runs_of_one_command_are_told_apart(tmp_path: Path) -> None:
    kinds = {"fold": {"fold": "2/3"}, "seed": {"recipe": {"seed": 0}}, "both": {"fold": "2/3", "recipe": {"seed": 4}}}
    parts = {name: part_of(make_run(tmp_path, name, group="g", **told)) for name, told in kinds.items()}
    assert parts == {"fold": "fold 2/3", "seed": "seed 0", "both": "fold 2/3, seed 4"}
    assert part_of(make_run(tmp_path, "alone", recipe={"seed": 3})) == ""


def test_a_regression_is_not_called_after_a_preset(tmp_path: Path) -> None:
    assert title_of(make_run(tmp_path, "a", stages="clinical")).startswith("Clinical variables · 2026-03-04")


def test_the_result_is_compared_with_the_model_in_use(qtbot: QtBot, tmp_path: Path) -> None:
    card = ResultCard()
    qtbot.addWidget(card)
    run = make_run(tmp_path, "a", digest="new", figures={"auc": 0.83, "threshold": 0.4}, state="finished")
    card.show_run(run, "In use now: old one.", "old", {"auc": 0.8})
    assert [part.text() for part in card.values["auc"]] == ["0.830", "in use 0.800"]
    assert [part.text() for part in card.values["dice"]] == ["–", "in use –"]
    assert not card.adopt.isHidden()
    card.show_run(run, "", "new", {})
    assert card.adopt.isHidden() and card.values["auc"][1].text() == ""
