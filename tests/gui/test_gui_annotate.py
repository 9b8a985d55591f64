"""The Annotate page on a real project: what is drawn reaches the disk, and the right file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.shape import Shape
from aln_desk.gui import icons, tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.annotate import AnnotatePage
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.overlay_row import PercentSlider
from aln_desk.gui.widgets.shape_table import BIN, EYE, LOCK
from aln_desk.gui.workspace import Workspace
from aln_desk.io import labelme_json


class Desk:
    """The page in a window, with its workspace and actions."""

    def __init__(self, window: QMainWindow, project: Path) -> None:
        self.workspace = Workspace(window)
        self.actions = Actions(window)
        self.workspace.open(project)
        self.page = AnnotatePage(self.workspace, self.actions)
        window.setCentralWidget(self.page)
        self.actions.set_mode("annotate")
        window.show()
        tasks.wait_all()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """What the workspace holds for the image on screen."""
        return self.workspace.annotation(self.shown).shapes

    @property
    def shown(self) -> str:
        return self.page.room.shown

    def show(self, name: str) -> None:
        self.workspace.select_instance(name)
        tasks.wait_all()

    def trigger(self, name: str) -> None:
        self.actions[name].trigger()
        tasks.wait_all()

    def draw(self, *points: tuple[float, float]) -> None:
        self.click_points(*points)
        QTest.keyClick(self.page.canvas, Qt.Key.Key_Return)

    def click_points(self, *points: tuple[float, float]) -> None:
        """Begin an outline with the polygon tool."""
        self.trigger("tool.polygon")
        canvas = self.page.canvas
        for x, y in points:
            QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(QPointF(x, y)).toPoint())

    def saved(self, name: str) -> Annotation:
        """What lies on the disk after everything is written."""
        self.workspace.flush()
        tasks.wait_all()
        patient = self.workspace.find_patient(name.split("/")[0])
        assert patient is not None
        return labelme_json.read(Path(next(one.annotation for one in patient.bag if one.id == name)))

    def press(self, column: int) -> None:
        table = self.page.panel.table
        table.clicked.emit(table.shapes.index(0, column))


@pytest.fixture
def desk(qtbot: QtBot, read_project: Path) -> Iterator[Desk]:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    yield Desk(window, read_project)


TRIANGLE = ((40, 10), (60, 10), (60, 40))


def test_drawn_outline_is_saved_as_labelme_json(desk: Desk) -> None:
    desk.show("P1/T2.png")
    desk.draw(*TRIANGLE)
    saved = desk.saved("P1/T2.png")
    assert [(shape.label, len(shape.points)) for shape in saved.shapes] == [("tumor", 3)]
    assert (saved.image_path, saved.image_height, saved.image_width) == ("T2.png", 48, 64)
    assert desk.page.state.text().startswith("Saved")


def test_undo_and_redo_reach_canvas_list_and_disk(desk: Desk) -> None:
    desk.draw(*TRIANGLE)
    assert desk.page.strip.undo.toolTip() == "Undo: Draw polygon"
    desk.workspace.undo()
    assert len(desk.page.canvas.editing.shapes) == 1
    assert desk.page.panel.table.shapes.rowCount() == 1
    assert len(desk.saved("P1/T1.png").shapes) == 1
    assert not desk.page.strip.undo.isEnabled()
    desk.workspace.redo()
    assert len(desk.saved("P1/T1.png").shapes) == 2


def test_an_edit_belongs_to_the_image_on_screen(desk: Desk) -> None:
    """While the next image is read the last one is still seen: nothing done then may reach the wrong file."""
    desk.page.canvas.select([0])
    desk.workspace.select_instance("P2/T1.png")
    assert desk.shown == "P1/T1.png"
    assert not desk.page.canvas.editable
    desk.page.canvas.editing.delete_selected()
    tasks.wait_all()
    assert desk.shown == "P2/T1.png"
    assert desk.page.canvas.editable
    assert len(desk.shapes) == 1
    assert desk.saved("P1/T1.png").shapes == ()
    assert len(desk.saved("P2/T1.png").shapes) == 1


def test_label_follows_the_view_and_the_keys_change_it(desk: Desk) -> None:
    desk.show("P1/N3.png")
    desk.draw(*TRIANGLE)
    assert desk.shapes[0].label == "lymph_node"
    desk.trigger("label.tumour")
    assert desk.shapes[0].label == "tumor"
    desk.trigger("tool.select")
    desk.page.canvas.select(())
    desk.draw((5, 5), (20, 5), (20, 20))
    assert [shape.label for shape in desk.shapes] == ["tumor", "tumor"]


def test_list_counts_and_filters_what_is_to_do(desk: Desk) -> None:
    images = desk.page.list
    assert images.counts.text() == "3 of 6 done"
    desk.trigger("go.next_to_do")
    assert desk.shown == "P1/T2.png"
    desk.draw(*TRIANGLE)
    assert images.counts.text() == "4 of 6 done"
    images.status.setCurrentIndex(1)
    listed = [row.instance for row in images.model.rows if row.instance]
    assert listed == ["P1/T2.png", "P1/N3.png", "P10/N2.png"]
    desk.trigger("go.next_to_do")
    desk.trigger("go.next_to_do")
    assert desk.shown == "P10/N2.png"
    desk.trigger("go.next_to_do")
    assert desk.shown == "P1/N3.png"


def test_nothing_left_to_do_is_said(desk: Desk) -> None:
    for name in ("P1/T2.png", "P1/N3.png", "P10/N2.png"):
        desk.show(name)
        desk.draw(*TRIANGLE)
    desk.page.list.status.setCurrentIndex(1)
    desk.show("P1/T1.png")
    desk.page.list.list_images()
    assert [row.instance for row in desk.page.list.model.rows if row.instance] == ["P1/T1.png"]
    desk.trigger("go.next_to_do")
    assert desk.shown == "P1/T1.png"


def test_images_are_grouped_by_patient(desk: Desk) -> None:
    rows = desk.page.list.model.rows
    assert [row.text for row in rows] == ["P1", "Tumour 1", "Tumour 2", "Node 1", "P2", "P10", "Tumour 1", "Node 1"]
    view = desk.page.list.view
    view.setCurrentIndex(desk.page.list.model.index(3))
    tasks.wait_all()
    assert desk.shown == "P1/N3.png"
    desk.trigger("go.image_back")
    assert desk.shown == "P1/T2.png"
    assert view.currentIndex().row() == 2


def test_list_and_canvas_share_the_selection(desk: Desk) -> None:
    desk.draw(*TRIANGLE)
    table = desk.page.panel.table
    assert [index.row() for index in table.selectionModel().selectedRows()] == [1]
    table.selectRow(0)
    assert desk.page.canvas.selection == {0}


def test_eye_hides_lock_locks_and_bin_deletes(desk: Desk) -> None:
    desk.press(EYE)
    assert desk.page.canvas.editing.hidden == {0}
    assert len(desk.saved("P1/T1.png").shapes) == 1
    desk.press(EYE)
    assert desk.page.canvas.editing.hidden == frozenset()
    desk.press(LOCK)
    assert desk.shapes[0].locked
    desk.press(BIN)
    assert len(desk.shapes) == 1
    desk.press(LOCK)
    desk.press(BIN)
    assert desk.saved("P1/T1.png").shapes == ()
    assert not desk.page.panel.empty.isHidden()


def test_a_hidden_shape_is_not_hidden_on_the_next_image(desk: Desk) -> None:
    desk.press(EYE)
    desk.show("P2/T1.png")
    assert desk.page.canvas.editing.hidden == frozenset()


def test_note_of_a_shape_is_kept(desk: Desk) -> None:
    desk.page.canvas.select([0])
    desk.page.panel.details.description.setText("spiculated")
    desk.page.panel.details.description.editingFinished.emit()
    assert desk.saved("P1/T1.png").shapes[0].description == "spiculated"


def test_copied_shapes_are_pasted_on_another_image(desk: Desk) -> None:
    desk.trigger("shape.select_all")
    desk.trigger("shape.copy")
    desk.show("P1/T2.png")
    desk.trigger("shape.paste")
    assert desk.shapes == desk.workspace.annotation("P1/T1.png").shapes


def test_model_outline_becomes_a_shape(desk: Desk) -> None:
    desk.show("P1/N3.png")
    assert desk.page.panel.outline.isEnabled()
    desk.page.panel.outline.click()
    assert not desk.shapes and desk.page.bar.isVisible()
    desk.page.bar.accept.click()
    (shape,) = desk.shapes
    assert shape.label == "lymph_node"
    assert (min(shape.points)[0], max(shape.points)[0]) == (0.0, 32.0)


def test_without_a_reading_the_model_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.show("P10/N2.png")
    asked: list[tuple[object, ...]] = []
    assistant = desk.page.proposing._assistant
    monkeypatch.setattr(assistant, "propose", lambda *words: asked.append(words))
    desk.page.panel.outline.click()
    assert len(asked) == 1 and "looks at the image" in desk.page.bar.words.text()
    assistant.outlined.emit("", 1, "lymph_node", (((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)),), 0.8)
    assert "score 0.80" in desk.page.bar.words.text() and not desk.shapes
    QTest.keyClick(desk.page.canvas, Qt.Key.Key_Escape)
    assert not desk.page.bar.isVisible() and not desk.shapes
    assistant.outlined.emit("", 2, "lymph_node", (((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)),), 0.8)
    QTest.keyClick(desk.page.canvas, Qt.Key.Key_Return)
    (shape,) = desk.shapes
    assert shape.label == "lymph_node" and shape.extra["aln"]["origin"]["by"] == "stage 1"


def test_damaged_file_is_shown_kept_and_replaced_on_request(desk: Desk, qtbot: QtBot) -> None:
    broken = Path(next(one.annotation for one in desk.workspace.patients[1].bag))
    broken.write_text("{broken", encoding="utf-8")
    desk.show("P2/T1.png")
    page = desk.page
    assert broken.name in page.room.info.text
    assert not page.canvas.image_size().isEmpty()
    assert not page.canvas.editable
    desk.draw(*TRIANGLE)
    assert broken.read_text(encoding="utf-8") == "{broken"
    page.panel.anew.click()
    tasks.wait_all()
    assert page.canvas.editable
    assert page.panel.damaged.isHidden() and page.room.info.isHidden()
    desk.draw(*TRIANGLE)
    assert len(desk.saved("P2/T1.png").shapes) == 1
    kept = [path for path in broken.parent.iterdir() if path.name.startswith(f"{broken.name}.bad")]
    assert [path.read_text(encoding="utf-8") for path in kept] == ["{broken"]


def test_file_damaged_while_it_is_known_stays_untouched(desk: Desk) -> None:
    desk.draw(*TRIANGLE)
    desk.saved("P1/T1.png")
    file = Path(desk.workspace.patients[0].bag[0].annotation)
    file.write_text("{broken", encoding="utf-8")
    desk.show("P1/T2.png")
    desk.show("P1/T1.png")
    assert desk.page.canvas.editable and len(desk.shapes) == 2  # what was drawn is known and stays on screen
    desk.workspace.flush()
    tasks.wait_all()
    assert file.read_text(encoding="utf-8") == "{broken"
    trouble = desk.workspace.troubles.of("P1/T1.png")
    assert trouble is not None and trouble.kind == "damaged"
    desk.workspace.answer(trouble, "retry")
    assert len(desk.saved("P1/T1.png").shapes) == 2
    assert file.with_name("T1.json.bad-1").read_text(encoding="utf-8") == "{broken"


def test_image_that_cannot_be_read_is_named(desk: Desk) -> None:
    patient = desk.workspace.patients[1]
    Path(patient.bag[0].image).write_bytes(b"no image")
    desk.show("P2/T1.png")
    assert "T1.png" in desk.page.room.info.text
    assert desk.shown == ""
    assert not desk.page.canvas.editable
    panel = desk.page.panel
    labels = panel.labels.findChildren(QPushButton)
    assert len(labels) == 4 and not any(one.isEnabled() for one in labels)
    assert panel.empty.isHidden() and panel.no_lesion.isHidden()
    assert panel.absent.isVisibleTo(desk.page)
    assert not panel.outline.isEnabled() and "nothing on screen" in panel.outline.toolTip()
    desk.show("P1/T1.png")
    assert desk.page.canvas.editable
    assert panel.absent.isHidden() and all(one.isEnabled() for one in labels)


@pytest.mark.parametrize("away", ["go.image_next", "go.patient_next", "tool.select", "hide"])
def test_a_half_drawn_outline_stays_with_its_image(desk: Desk, away: str) -> None:
    desk.click_points(*TRIANGLE)
    if away == "hide":
        desk.page.hide()
    else:
        desk.trigger(away)
    counts = {name: len(desk.workspace.annotation(name).shapes) for name in ("P1/T1.png", "P1/T2.png", "P2/T1.png")}
    assert counts == {"P1/T1.png": 2, "P1/T2.png": 0, "P2/T1.png": 1}
    assert len(desk.saved("P1/T1.png").shapes) == 2
    desk.show("P1/T1.png")
    desk.workspace.undo()
    assert len(desk.shapes) == 1


def test_a_half_drawn_outline_is_kept_on_its_image_when_a_project_is_opened(desk: Desk, read_project: Path) -> None:
    desk.show("P1/T2.png")
    desk.click_points(*TRIANGLE)
    desk.workspace.open(read_project)
    tasks.wait_all()
    assert desk.shown == "P1/T1.png"
    assert len(desk.shapes) == 1
    assert len(desk.workspace.annotation("P1/T2.png").shapes) == 1


def test_the_foot_tells_of_corners_while_a_shape_is_selected(desk: Desk) -> None:
    desk.page.canvas.select([0])
    assert "adds a corner" in desk.page.hint.text()
    desk.page.canvas.select([])
    assert desk.page.hint.text() == ""
    assert any("adds a corner" in tool.toolTip() for tool in desk.page.strip.findChildren(QToolButton))


def test_the_foot_tells_how_an_outline_ends_as_soon_as_it_is_begun(desk: Desk) -> None:
    desk.trigger("tool.polygon")
    assert "point by point" in desk.page.hint.text()
    desk.click_points(TRIANGLE[0])
    QTest.mouseMove(desk.page.canvas, desk.page.canvas.to_widget(QPointF(*TRIANGLE[1])).toPoint())
    assert "Enter or double-click ends it" in desk.page.hint.text()


def test_what_the_foot_says_is_not_cut_off(desk: Desk) -> None:
    desk.page.canvas.select([0])
    hint = desk.page.hint
    desk.page.place.setText("x 555, y 555 · 640 × 640 px")
    QApplication.processEvents()
    assert "adds a corner" in hint.text() and hint.fontMetrics().horizontalAdvance(hint.text()) <= hint.width()


def test_the_foot_tells_the_size_of_the_image_on_screen(desk: Desk) -> None:
    desk.page.canvas.cursorMoved.emit(5.0, 6.0)
    assert desk.page.place.text().startswith("x 5, y 6")
    desk.show("P1/T2.png")
    size = desk.page.canvas.image_size()
    assert desk.page.place.text() == f"{size.width():.0f} × {size.height():.0f} px"


def test_a_proposal_moves_no_pixel_of_the_image(desk: Desk) -> None:
    desk.show("P1/N3.png")
    before = desk.page.canvas.size()
    desk.page.bar.tell("Model looks at the image…")
    QApplication.processEvents()
    assert desk.page.bar.isVisible() and desk.page.canvas.size() == before
    desk.page.panel.outline.click()
    QApplication.processEvents()
    assert desk.page.bar.accept.isVisible() and desk.page.canvas.size() == before


def test_what_stood_in_the_way_is_over_with_the_next_edit(desk: Desk) -> None:
    desk.page.canvas.select([])
    desk.trigger("shape.unite")
    assert "Select two shapes" in desk.page.room.info.text and desk.page.room.info.isVisible()
    desk.draw(*TRIANGLE)
    assert not desk.page.room.info.isVisible()


def test_a_message_that_no_edit_answers_stays(desk: Desk) -> None:
    desk.page.room.info.say("The file is damaged.", "error")
    desk.draw(*TRIANGLE)
    assert desk.page.room.info.isVisible()


@pytest.mark.parametrize("name", ["tool.polygon", "label.2", "overlay.cam.annotate", "edit.undo"])
def test_key_caps_follow_changed_keys(desk: Desk, name: str) -> None:
    def caps() -> list[str]:
        return [cap.text() for cap in desk.page.findChildren(KeyCap) if cap.isVisibleTo(desk.page)]

    before, old = caps(), desk.actions.key(name)
    assert old in before
    desk.actions.bind("label.node", "")  # else it shows where the digit is gone
    desk.actions.bind(name, "F12")
    assert sorted(caps()) == sorted("F12" if cap == old else cap for cap in before)
    desk.actions.bind(name, "")
    assert len(caps()) == len(before) - 1


def test_sliders_are_wide_enough_step_finely_and_reset(desk: Desk) -> None:
    tools = desk.page.room.tools
    sliders = tools.findChildren(PercentSlider)
    assert len(sliders) == 4 and all(slider.width() >= 60 for slider in sliders)
    assert desk.page.minimumSizeHint().width() <= 1366
    tools.contrast.setValue(40)
    QTest.keyClick(tools.contrast, Qt.Key.Key_Right)
    assert tools.contrast.value() == 41
    QTest.keyClick(tools.contrast, Qt.Key.Key_PageDown)
    assert tools.contrast.value() == 36
    QTest.mouseDClick(tools.contrast, Qt.MouseButton.LeftButton)
    assert tools.contrast.value() == 0


def test_the_reader_s_own_outline_comes_first(desk: Desk) -> None:
    shown = {name: desk.page.canvas.overlay(name)[0] for name in ("drawn", "predicted", "cam")}
    assert shown == {"drawn": True, "predicted": False, "cam": False}
    desk.trigger("overlay.predicted.annotate")
    assert desk.page.canvas.overlay("predicted")[0]


def test_state_survives(desk: Desk, qtbot: QtBot, read_project: Path) -> None:
    desk.page.list.status.setCurrentIndex(1)
    desk.page.room.tools.toggle("cam")
    state = desk.page.save_state()
    again = AnnotatePage(desk.workspace, desk.actions)
    qtbot.addWidget(again)
    again.restore_state(state)
    assert again.list.status.currentIndex() == 1
    assert again.room.tools.overlay("cam")[0]
    again.restore_state({"panes": 3, "room": None})


def test_closing_the_project_empties_the_page(desk: Desk) -> None:
    assert desk.workspace.close()
    tasks.wait_all()
    assert desk.page.canvas.image_size().isEmpty()
    assert desk.page.list.model.rowCount() == 0
    assert not desk.page.canvas.editable


def test_every_icon_draws_something_in_the_colour_asked_for(qtbot: QtBot) -> None:
    for path in sorted((icons.paths.resources() / "icons").glob("*.svg")):
        if "currentColor" not in path.read_text(encoding="utf-8"):
            continue
        image = icons.pixmap(path.stem, "#ff0000").toImage()
        colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
        assert "#ff0000" in colours, path.name


def test_an_image_without_lesion_counts_as_done(desk: Desk) -> None:
    desk.show("P2/T1.png")
    desk.page.canvas.select(range(len(desk.shapes)))
    desk.trigger("shape.delete")
    box = desk.page.panel.no_lesion
    assert box.isVisibleTo(desk.page)
    assert not box.isChecked()
    box.click()
    desk.workspace.flush()
    tasks.wait_all()
    assert desk.workspace.annotation(desk.shown).answered
    instance = desk.workspace.instance
    assert instance is not None
    assert labelme_json.read(Path(instance.annotation)).flags == {NO_LESION: True}
    desk.workspace.undo()
    assert not box.isChecked()
    desk.draw((5, 5), (20, 5), (20, 20))
    assert not box.isVisibleTo(desk.page)


def test_a_half_drawn_outline_is_kept_when_the_project_closes(desk: Desk) -> None:
    desk.show("P1/T2.png")
    instance = desk.workspace.instance
    assert instance is not None
    desk.trigger("tool.polygon")
    desk.click_points(*TRIANGLE)
    assert desk.workspace.close()
    assert len(labelme_json.read(Path(instance.annotation)).shapes) == 1
