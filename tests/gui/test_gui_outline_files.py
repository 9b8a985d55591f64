"""Outlines go out of the window and come in through its dialogs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk import settings
from aln_desk.domain.shape import Shape
from aln_desk.gui import tasks
from aln_desk.gui.main_window import MainWindow
from aln_desk.gui.widgets import export_outlines, import_outlines
from aln_desk.gui.widgets.export_outlines import ExportOutlinesDialog
from aln_desk.gui.widgets.import_outlines import ImportOutlinesDialog
from aln_desk.gui.workspace import Workspace
from aln_desk.io import labelme_json

SQUARE = Shape("tumor", ((2.0, 2.0), (9.0, 2.0), (9.0, 9.0), (2.0, 9.0)))


@pytest.fixture
def opened(workspace: Workspace, project_folder: Path) -> Workspace:
    workspace.open(project_folder)
    return workspace


@pytest.fixture
def exporting(window: QMainWindow, opened: Workspace) -> ExportOutlinesDialog:
    window.show()
    made = ExportOutlinesDialog(opened, window)
    made.open()
    return made


@pytest.fixture
def importing(window: QMainWindow, opened: Workspace) -> ImportOutlinesDialog:
    window.show()
    made = ImportOutlinesDialog(opened, window)
    made.open()
    return made


def pick(box: object, data: str) -> None:
    box.setCurrentIndex(box.findData(data))  # type: ignore[attr-defined]


def labelme(folder: Path, image: str, *shapes: Shape) -> None:
    """A foreign LabelMe file about one image."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"imagePath": image, "imageData": None, "shapes": []}
    for shape in shapes:
        record["shapes"].append({"label": shape.label, "points": shape.points})  # type: ignore[union-attr]
    (folder / f"{image.replace('/', '-')}.json").write_text(json.dumps(record))


def test_outlines_are_written_with_what_is_not_saved_yet(
    exporting: ExportOutlinesDialog, opened: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = opened.annotation("P1/T2.png")
    opened.edit("P1/T2.png", replace(drawn, shapes=(SQUARE,)), "Draw")
    exporting.folder.setText(str(tmp_path / "out"))
    pick(exporting.form, "labelme")
    exporting.write.click()
    assert exporting.running
    assert exporting.leave.text() == "Stop"
    tasks.wait_all()
    assert labelme_json.read(tmp_path / "out" / "T2.json").shapes == (SQUARE,)
    assert "4 images were written" in exporting.told.text()
    assert "2 other images have none" in exporting.told.text()
    assert exporting.open_folder.isVisible() and not exporting.write.isVisible()
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    exporting.open_folder.click()
    assert [Path(url.toLocalFile()) for url in shown] == [tmp_path / "out"]
    exporting.leave.click()
    assert not exporting.isVisible()


def test_every_format_says_what_it_holds(exporting: ExportOutlinesDialog) -> None:
    told = set()
    for row in range(exporting.form.count()):
        exporting.form.setCurrentIndex(row)
        told.add(exporting.holds.text())
        assert exporting.with_images.isEnabled() == ("mask" not in exporting.form.itemData(row))
        assert exporting.form.itemData(row) in exporting.folder.text()
    assert len(told) == exporting.form.count() == 7


def test_a_typed_folder_is_kept(qtbot: QtBot, exporting: ExportOutlinesDialog) -> None:
    exporting.folder.clear()
    qtbot.keyClicks(exporting.folder, "/somewhere")
    pick(exporting.form, "voc")
    assert exporting.folder.text() == "/somewhere"


def test_nothing_chosen_cannot_be_exported(exporting: ExportOutlinesDialog) -> None:
    exporting.folder.setText("x")
    assert exporting.write.isEnabled()
    for row in range(exporting.cohorts.count()):
        exporting.cohorts.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert not exporting.write.isEnabled()
    exporting.cohorts.item(0).setCheckState(Qt.CheckState.Checked)
    assert exporting.wish().cohorts == [exporting.cohorts.item(0).text()]
    exporting.folder.setText(" ")
    assert not exporting.write.isEnabled()


def test_a_refusal_stays_in_the_dialog(exporting: ExportOutlinesDialog, opened: Workspace) -> None:
    pick(exporting.form, "masks")
    exporting.folder.setText(str(Path(opened.patients[0].bag[0].image).parents[1]))
    exporting.write.click()
    tasks.wait_all()
    assert "never changed" in exporting.refused.text()
    assert exporting.isVisible() and exporting.write.isVisible() and not exporting.running
    exporting.only_done.click()
    assert exporting.refused.text() == ""


def test_an_export_can_be_stopped(
    qtbot: QtBot, exporting: ExportOutlinesDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = export_outlines.export_outlines

    def slow(*given: object) -> object:
        stop: Callable[[], bool] = given[3]  # type: ignore[assignment]
        while not stop():
            pass
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(export_outlines, "export_outlines", slow)
    exporting.folder.setText(str(tmp_path / "out"))
    exporting.write.click()
    qtbot.keyClick(exporting, Qt.Key.Key_Escape)
    assert exporting.isVisible()
    tasks.wait_all()
    assert "nothing was written" in exporting.told.text()
    assert not (tmp_path / "out").exists()
    qtbot.keyClick(exporting, Qt.Key.Key_Escape)
    assert not exporting.isVisible()


def looked(dialog: ImportOutlinesDialog, path: Path, mode: str = "keep") -> str:
    """What the dialog says would happen."""
    pick(dialog.mode, mode)
    dialog.source.setText(str(path))
    dialog.look()
    tasks.wait_all()
    return dialog.told.text()


def test_what_would_happen_is_told_before_it_does(
    importing: ImportOutlinesDialog, opened: Workspace, tmp_path: Path
) -> None:
    labelme(tmp_path / "in", "P1/T2.png", SQUARE)
    labelme(tmp_path / "in", "P1/T1.png", SQUARE)
    labelme(tmp_path / "in", "P9/T7.png", SQUARE)
    told = looked(importing, tmp_path / "in")
    assert "1 image would get 1 outline" in told and "2 cannot be imported" in told
    assert "has outlines already" in importing.refused.toPlainText()
    assert "no image of this project" in importing.refused.toPlainText()
    assert "2 images would get 2 outlines" in looked(importing, tmp_path / "in", "add")
    assert "1 image would lose older ones" in looked(importing, tmp_path / "in", "replace")
    assert opened.annotation("P1/T2.png").shapes == ()
    assert importing.take.isEnabled()


def test_an_import_is_an_edit_that_can_be_undone(
    qtbot: QtBot, importing: ImportOutlinesDialog, opened: Workspace, tmp_path: Path
) -> None:
    labelme(tmp_path / "in", "P1/T2.png", SQUARE)
    looked(importing, tmp_path / "in")
    importing.take.click()
    qtbot.waitUntil(lambda: importing.leave.text() == "Close")
    assert "Outlines of 1 image were imported" in importing.told.text()
    assert opened.annotation("P1/T2.png").shapes == (SQUARE,)
    assert opened.history("P1/T2.png").undo_what == "Import outlines"
    opened.select_instance("P1/T2.png")
    opened.undo()
    assert opened.annotation("P1/T2.png").shapes == ()
    assert not importing.take.isEnabled()


def test_an_edit_made_after_the_look_is_not_lost(
    qtbot: QtBot, importing: ImportOutlinesDialog, opened: Workspace, tmp_path: Path
) -> None:
    labelme(tmp_path / "in", "P1/T2.png", SQUARE)
    looked(importing, tmp_path / "in")
    later = Shape("tumor", ((20.0, 20.0), (30.0, 20.0), (30.0, 30.0)))
    opened.edit("P1/T2.png", replace(opened.annotation("P1/T2.png"), shapes=(later,)), "Draw")
    importing.take.click()
    qtbot.waitUntil(lambda: importing.leave.text() == "Close")
    assert later in opened.annotation("P1/T2.png").shapes


def test_a_look_starts_by_itself_and_the_last_one_counts(
    qtbot: QtBot, importing: ImportOutlinesDialog, tmp_path: Path
) -> None:
    labelme(tmp_path / "in", "P1/T2.png", SQUARE)
    importing.source.setText(str(tmp_path / "nothing"))
    importing.look()
    importing.source.setText(str(tmp_path / "in"))
    qtbot.waitUntil(lambda: "1 image would get" in importing.told.text())
    importing.source.setText(str(tmp_path / "nothing"))
    assert not importing.take.isEnabled()
    qtbot.waitUntil(lambda: "no such file" in importing.told.text())


def test_an_import_can_be_stopped_between_images(
    qtbot: QtBot, importing: ImportOutlinesDialog, opened: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_outlines, "_SLICE", 1)
    for image in ("P1/T2.png", "P10/N2.png"):
        labelme(tmp_path / "in", image, SQUARE)
    looked(importing, tmp_path / "in")
    importing.take.click()
    importing._take_some()
    importing.leave.click()
    assert "Stopped. Outlines of 1 image were imported" in importing.told.text()
    qtbot.wait(20)
    drawn = [opened.annotation(name).shapes for name in ("P1/T2.png", "P10/N2.png")]
    assert sorted(map(len, drawn)) == [0, 1]


def test_files_and_folders_are_chosen(
    importing: ImportOutlinesDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_outlines, "choose_file", lambda *_: tmp_path / "a.json")
    importing.file.click()
    assert importing.source.text() == str(tmp_path / "a.json")
    monkeypatch.setattr(import_outlines, "choose_folder", lambda *_: None)
    importing.folder.click()
    assert importing.source.text() == str(tmp_path / "a.json")


def test_another_windows_project_can_only_be_seen(
    window: QMainWindow, opened: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "read_only", property(lambda _: True))
    made = ImportOutlinesDialog(opened, window)
    made.open()
    assert "Another window" in made.told.text()
    assert not made.source.isEnabled()


def test_both_stand_in_the_file_menu(qtbot: QtBot, project_folder: Path) -> None:
    made = MainWindow(settings.load())
    qtbot.addWidget(made)
    made.show()
    assert not made.actions_["outlines.export"].isEnabled()
    made.open_project(project_folder)
    tasks.wait_all()
    for name, kind in (("outlines.export", ExportOutlinesDialog), ("outlines.import", ImportOutlinesDialog)):
        made.actions_[name].trigger()
        (dialog,) = made.findChildren(kind)
        assert dialog.isVisible()
        dialog.reject()


def test_names_for_screen_readers(exporting: ExportOutlinesDialog, importing: ImportOutlinesDialog) -> None:
    named = [exporting.form, exporting.source, exporting.cohorts, exporting.folder, exporting.write, exporting.leave]
    named += [importing.source, importing.form, importing.mode, importing.refused, importing.take, importing.leave]
    assert all(widget.accessibleName() for widget in named)
