"""Labels, attributes, the image's state and the history: the right pane of Annotate on a real project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QColorDialog, QInputDialog, QMainWindow, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from aln_desk.domain import own_data
from aln_desk.domain.calibration import Measure, add_measure, measures_of, spacing_in
from aln_desk.domain.labels import DEFAULT, Label
from aln_desk.domain.measures import Spacing
from aln_desk.domain.progress import Status, mark_of, note_of, status_of
from aln_desk.domain.shape import Shape
from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.annotate import AnnotatePage
from aln_desk.gui.pages.annotate_actions import shape_menu
from aln_desk.gui.widgets.calibration_dialog import CalibrationDialog
from aln_desk.gui.widgets.label_dialog import LabelDialog
from aln_desk.gui.workspace import Workspace
from aln_desk.io import labelme_json
from aln_desk.io.project import Project

CARCINOMA = Label("carcinoma", "#cc79a7", 5, "tumour", {"grade": ("1", "2", "3")}, ("biopsied",))


class Desk:
    def __init__(self, qtbot: QtBot, project: Path) -> None:
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        self.workspace = Workspace()
        self.workspace.open(project)
        self.actions = Actions(self.window)
        self.page = AnnotatePage(self.workspace, self.actions)
        self.window.setCentralWidget(self.page)
        self.window.resize(1366, 768)
        self.actions.set_mode("annotate")
        self.window.show()
        self._qtbot = qtbot
        self.show("P1/T1.png")

    def show(self, name: str) -> None:
        self.workspace.select_instance(name)
        self._qtbot.waitUntil(lambda: self.page.room.shown == name)

    def trigger(self, name: str) -> None:
        self.actions[name].trigger()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return self.page.canvas.editing.shapes

    def status(self, name: str) -> Status:
        return status_of(self.workspace.annotation(name))


@pytest.fixture
def desk(qtbot: QtBot, read_project: Path) -> Desk:
    return Desk(qtbot, read_project)


# Labels


def test_digits_choose_labels_of_the_project(desk: Desk) -> None:
    desk.page.canvas.select([0])
    desk.trigger("label.3")
    assert desk.shapes[0].label == "hilum" and desk.page.canvas.editing.label == "hilum"
    desk.trigger("label.9")
    assert desk.shapes[0].label == "hilum", "no label has this key"


def test_labels_of_the_project_have_their_buttons_colours_and_attributes(desk: Desk) -> None:
    desk.workspace.set_labels([*DEFAULT, CARCINOMA])
    assert list(desk.page.panel.labels.buttons)[-1] == "carcinoma"
    desk.page.canvas.select([0])
    desk.trigger("label.5")
    assert desk.shapes[0].label == "carcinoma"
    assert theme.drawn_colour("carcinoma") == "#cc79a7"
    grade = desk.page.panel.details.choices["grade"]
    grade.setCurrentText("2")
    grade.textActivated.emit("2")
    desk.page.panel.details.flags["biopsied"].click()
    shape = desk.shapes[0]
    assert own_data.own(shape.extra)["attributes"] == {"grade": "2"} and shape.flags == {"biopsied": True}
    grade.textActivated.emit("–")
    assert "attributes" not in own_data.own(desk.shapes[0].extra)


def test_labels_are_kept_with_the_project(desk: Desk, read_project: Path) -> None:
    desk.workspace.set_labels([CARCINOMA])
    assert desk.workspace.close()
    desk.workspace.open(read_project)
    assert desk.workspace.labels == (CARCINOMA,)


def test_the_label_dialog_adds_removes_and_refuses(desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = LabelDialog(desk.workspace)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.add.click()
    row = dialog.rows[-1]
    assert row.key.currentData() == 5 and row.colour not in {one.colour for one in dialog.rows[:-1]}
    dialog.keep.click()
    assert dialog.isVisible() and "no word" in dialog.refused.text()
    row.word.setText("cyst")
    row.attributes.setText("wall: thin, thick; septa")
    dialog.keep.click()
    assert dialog.isVisible() and '"septa" is no attribute' in dialog.refused.text()
    row.attributes.setText("wall: thin, thick")
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#123456"))
    row.swatch.click()
    dialog.rows[2].remove.click()
    dialog.keep.click()
    assert not dialog.isVisible()
    kept = desk.workspace.labels
    assert [one.word for one in kept] == ["tumor", "lymph_node", "cortex", "cyst"]
    assert kept[-1] == Label("cyst", "#123456", 5, "none", {"wall": ("thin", "thick")})


def test_a_word_of_another_program_marks_no_button(desk: Desk) -> None:
    desk.page.shapes.choose_label("something else")
    assert not any(choice.isChecked() for choice in desk.page.panel.labels.buttons.values())


# The image's state


def test_done_goes_on_to_the_next_to_do(desk: Desk) -> None:
    desk.show("P1/T2.png")
    desk.trigger("image.done")
    assert desk.status("P1/T2.png") == Status.DONE and desk.workspace.instance is not None
    assert desk.workspace.instance.id != "P1/T2.png"
    assert mark_of(desk.workspace.annotation("P1/T2.png")).at


def test_a_rejection_asks_for_its_reason(desk: Desk) -> None:
    desk.trigger("image.reject")
    assert desk.page.panel.currentIndex() == 1 and desk.page.panel.image.reason.isVisible()
    assert desk.status("P1/T1.png") != Status.REJECTED
    QTest.keyClicks(desk.page.panel.image.reason, "Doppler box")
    QTest.keyClick(desk.page.panel.image.reason, Qt.Key.Key_Return)
    mark = mark_of(desk.workspace.annotation("P1/T1.png"))
    assert (mark.status, mark.reason) == (Status.REJECTED, "Doppler box")
    assert desk.page.window().focusWidget() is desk.page.canvas, "the next key is for the image"
    assert desk.page.list.model.state(desk.page.list.model.rows[desk.page.list.model.row_of("P1/T1.png")]) == "rejected"


def test_the_list_shows_one_status(desk: Desk) -> None:
    desk.trigger("image.review")
    desk.show("P1/T2.png")
    desk.page.list.status.setCurrentIndex(desk.page.list.status.findData(Status.NEEDS_REVIEW))
    assert [row.instance for row in desk.page.list.model.rows if row.instance] == ["P1/T1.png", "P1/T2.png"]
    assert "1 to review" in desk.page.list.counts.text()


def test_flags_and_note_travel_with_the_file(desk: Desk, qtbot: QtBot) -> None:
    image = desk.page.panel.image
    desk.page.panel.setCurrentIndex(1)
    image.flags["poor_quality"].click()
    image.note.setFocus()
    QTest.keyClicks(image.note, "Ask for another view")
    desk.show("P1/T2.png")
    assert image.note.toPlainText() == ""
    instance = desk.workspace.patients[0].bag[0]
    desk.workspace.flush()
    qtbot.waitUntil(lambda: not desk.workspace.unsaved)
    saved = labelme_json.read(instance.annotation)
    assert saved.flags["poor_quality"] is True and note_of(saved) == "Ask for another view"


def test_no_lesion_is_refused_where_something_is_outlined(desk: Desk) -> None:
    desk.trigger("image.no_lesion")
    assert "not without a lesion" in desk.page.room.info.text
    desk.show("P1/T2.png")
    desk.trigger("image.no_lesion")
    assert desk.status("P1/T2.png") == Status.DONE
    desk.trigger("image.no_lesion")
    assert desk.status("P1/T2.png") == Status.TO_DO


# Measures


def test_calibrating_on_the_depth_scale_turns_pixels_into_mm(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[CalibrationDialog] = []

    def accept(dialog: CalibrationDialog) -> int:
        asked.append(dialog)
        dialog.length.setValue(20.0)
        return 1

    monkeypatch.setattr(CalibrationDialog, "exec", accept)
    desk.page.canvas.editing.scaleDrawn.emit(((5.0, 0.0), (5.0, 40.0)))
    assert asked[0].patient.isChecked()
    for one in desk.workspace.patients[0].bag:
        assert spacing_in(desk.workspace.annotation(one.id)) == Spacing(0.5, 0.5), one.id
    desk.page.canvas.select([0])
    assert " mm" in desk.page.panel.details.measured.text()
    desk.page.panel.measures.forget.click()
    assert spacing_in(desk.workspace.annotation("P1/T1.png")) is None
    assert " px" in desk.page.panel.details.measured.text()


def test_an_impossible_depth_is_doubted(desk: Desk, qtbot: QtBot) -> None:
    dialog = CalibrationDialog(((5.0, 0.0), (5.0, 40.0)), 400, 0)
    qtbot.addWidget(dialog)
    dialog.length.setValue(10.0)
    assert dialog.keep.isEnabled() and "100 mm deep" in dialog.told.text()
    dialog.length.setValue(500.0)
    assert not dialog.keep.isEnabled() and "check the length" in dialog.told.text()


def test_calipers_are_listed_and_deleted(desk: Desk) -> None:
    panel = desk.page.panel.measures
    annotation = desk.workspace.annotation("P1/T1.png")
    desk.page.canvas.editing.apply(add_measure(annotation, Measure("length", ((0.0, 0.0), (30.0, 0.0)))), "Measure")
    assert panel.list.count() == 1 and "30 px" in panel.list.item(0).text()
    panel.list.setCurrentRow(0)
    panel.remove.click()
    assert panel.list.count() == 0 and not measures_of(desk.workspace.annotation("P1/T1.png"))


# Shapes over images


def test_everything_drawn_can_be_deleted_and_brought_back(desk: Desk) -> None:
    before = desk.shapes
    desk.trigger("image.clear")
    assert before and not desk.shapes
    desk.workspace.undo()
    assert desk.shapes == before


def test_a_copy_goes_on_to_the_next_image_once(desk: Desk) -> None:
    drawn = desk.shapes
    desk.trigger("shape.to_next")
    assert desk.workspace.instance is not None and desk.workspace.instance.id == "P1/T2.png"
    assert desk.workspace.annotation("P1/T2.png").shapes == drawn
    assert desk.status("P1/T2.png") == Status.IN_PROGRESS, "nobody has fitted the copy yet"
    desk.trigger("shape.to_back")
    desk.show("P1/T1.png")
    assert desk.workspace.annotation("P1/T1.png").shapes == drawn, "what is there already is not copied"


def test_locking_and_hiding_by_key(desk: Desk) -> None:
    desk.page.canvas.select([0])
    desk.trigger("shape.lock")
    assert desk.shapes[0].locked
    desk.trigger("shape.lock")
    assert not desk.shapes[0].locked
    desk.trigger("shape.hide_all")
    assert desk.page.canvas.editing.hidden == frozenset(range(len(desk.shapes)))
    desk.trigger("shape.hide_all")
    assert not desk.page.canvas.editing.hidden


# History


def test_a_step_of_the_history_is_a_click_away(desk: Desk) -> None:
    before = desk.shapes
    desk.page.canvas.select([0])
    desk.trigger("label.4")
    desk.trigger("shape.duplicate")
    steps = desk.page.panel.history.list
    words = [steps.item(row).text() for row in range(steps.count())]
    assert words[:2] == ["Duplicate shape", "Change label"]
    steps.itemClicked.emit(steps.item(steps.count() - 1))
    assert desk.shapes == before
    steps.itemClicked.emit(steps.item(0))
    assert [shape.label for shape in desk.shapes][-1] == "cortex" and len(desk.shapes) == len(before) + 1


def test_all_buttons_have_names_and_fit(desk: Desk) -> None:
    for tab in range(4):
        desk.page.panel.setCurrentIndex(tab)
        assert desk.page.minimumSizeHint().width() <= 1366 and desk.page.minimumSizeHint().height() <= 660
    assert all(box.accessibleName() for box in desk.page.panel.details.choices.values())


# Over the whole project


def test_a_label_is_renamed_on_all_images(desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("tumor", True))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: (" carcinoma ", True))
    told: list[str] = []
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda parent, title, text: told.append(text) or yes)
    project = desk.workspace.project
    assert project is not None
    qtbot.waitUntil(lambda: "tumor" in project.annotation_index.labels())
    desk.trigger("labels.rename")
    qtbot.waitUntil(lambda: "carcinoma" in project.annotation_index.labels())
    assert "tumor" not in project.annotation_index.labels() and "will be called" in told[0]
    assert {shape.label for shape in desk.shapes} == {"carcinoma"}
    desk.workspace.undo()
    assert {shape.label for shape in desk.shapes} == {"tumor"}


# Clicks


def test_clicks_and_boxes_are_asked_of_the_assistant(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    proposing = desk.page.proposing
    monkeypatch.setattr(proposing._assistant, "prompt", lambda *words: asked.append(words) or 1)
    monkeypatch.setattr(proposing._assistant, "propose", lambda *words: asked.append(words) or 1)
    desk.trigger("tool.assist")
    canvas = desk.page.canvas

    def at(x: float, y: float) -> QPoint:
        return canvas.to_widget(QPointF(x, y)).toPoint()

    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(10, 10))
    assert not asked and "Segment Anything file" in desk.page.room.info.text
    canvas._tool.cancel()
    proposing.checkpoint = "sam.safetensors"
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(10, 10))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, at(30, 30))
    points, labels, box = asked[-1]
    assert labels == [1, 0] and box is None and len(points) == 2  # type: ignore[arg-type]
    proposing._assistant.proposed.emit("", 2, (((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)),), 0.9)
    assert canvas.editing.proposal is not None and canvas.tool == "assist"
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert asked[-1][1] == [1]
    before = len(desk.shapes)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(desk.shapes) == before + 1 and not canvas._tool.clicks  # type: ignore[attr-defined]
    assert desk.shapes[-1].extra["aln"]["origin"]["by"].startswith("Segment Anything")


def test_another_image_takes_the_proposal_away(desk: Desk) -> None:
    desk.page.proposing.propose([Shape("tumor", ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)))], {"by": "stage 1"}, "Accept")
    assert desk.page.bar.isVisible()
    desk.show("P1/T2.png")
    assert desk.page.canvas.editing.proposal is None and not desk.page.bar.isVisible()


# Following


def write_disc(path: str, x: float, y: float) -> None:
    """A dark disc of radius 30 in a textured image of 240 x 200."""
    rows, columns = np.mgrid[:200, :240] + 0.5
    texture = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 60, (260, 300)).astype(np.float32), (0, 0), 4)
    shifted = texture[30 - int(y - 100) :, 30 - int(x - 120) :][:200, :240]
    grey = 130 + 3 * shifted - 70 * ((columns - x) ** 2 + (rows - y) ** 2 < 30**2)
    cv2.imwrite(path, np.clip(grey, 0, 255).astype(np.uint8))


def test_the_outline_of_the_image_before_is_proposed_where_it_lies_now(qtbot: QtBot, read_project: Path) -> None:
    with Project.open(read_project) as project:
        first, second = project.patients()[0].bag[:2]
    write_disc(first.image, 120, 100)
    write_disc(second.image, 128, 94)
    desk = Desk(qtbot, read_project)
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = tuple(zip((120 + 30 * np.cos(turns)).tolist(), (100 + 30 * np.sin(turns)).tolist(), strict=True))
    drawn = desk.workspace.annotation(first.id)
    fresh = replace(drawn, shapes=(Shape("tumor", ring),), image_height=200, image_width=240)
    desk.workspace.edit(first.id, fresh, "Draw")
    desk.show(second.id)
    desk.trigger("model.follow")
    qtbot.waitUntil(lambda: desk.page.canvas.editing.proposal is not None)
    assert "registration" in desk.page.bar.words.text()
    desk.page.bar.accept.click()
    points = np.array(desk.shapes[-1].points)
    assert points.mean(axis=0) == pytest.approx((128, 94), abs=1.5)
    assert desk.shapes[-1].extra["aln"]["origin"]["image"] == first.id


def test_without_an_outline_before_there_is_nothing_to_follow(desk: Desk) -> None:
    desk.trigger("model.follow")
    assert "no outline on the image before" in desk.page.room.info.text


# The right button


def test_a_right_click_offers_what_can_be_done_with_the_shape_under_it(desk: Desk) -> None:
    canvas = desk.page.canvas
    asked: list[QPoint] = []
    canvas.menuRequested.connect(asked.append)
    canvas.select([])
    points = np.array(desk.shapes[0].points)
    at = canvas.to_widget(QPointF(*points.mean(axis=0))).toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseRelease(canvas, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at)
    assert len(asked) == 1 and canvas.selection == {0}
    menu = shape_menu(desk.page, desk.actions)
    texts = [action.text() for action in menu.actions()]
    assert "Duplicate the selected shapes" in texts and "Smooth" in texts
    menu.close()
    QTest.mousePress(canvas, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseRelease(canvas, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at + QPoint(60, 0))
    assert len(asked) == 1, "a drag changes brightness and contrast"
    for popup in desk.page.findChildren(QMenu):
        popup.close()
