"""Two images side by side, and the row that says how both are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Instance, View
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas.levels import Levels
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.image_link import ImageLink
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.overlay_row import AIDS
from aln_desk.gui.widgets.second_image import NEXT, OTHER_VIEW, PREVIOUS, SecondImage, other
from aln_desk.gui.workspace import Workspace


class Desk:
    """A room on its own, showing the first patient of a project: two tumours and a node."""

    def __init__(self, window: QMainWindow, workspace: Workspace, actions: Actions) -> None:
        self.workspace = workspace
        self.actions = actions
        self.room = ImageRoom(workspace, actions)
        window.setCentralWidget(self.room)
        workspace.instanceSelected.connect(lambda _: self.room.refresh())
        actions.set_mode("annotate")
        window.show()
        self.show("P1/T1.png")

    def show(self, name: str) -> None:
        self.workspace.select_instance(name)
        self.room.refresh()
        tasks.wait_all()

    def trigger(self, name: str) -> None:
        self.actions[name].trigger()
        tasks.wait_all()

    @property
    def second(self) -> SecondImage:
        assert self.room.pair.second is not None
        return self.room.pair.second


@pytest.fixture
def desk(window: QMainWindow, workspace: Workspace, actions: Actions, project_folder: Path) -> Iterator[Desk]:
    workspace.open(project_folder)
    yield Desk(window, workspace, actions)


def test_a_second_image_is_shown_with_its_outlines_and_cannot_be_edited(desk: Desk) -> None:
    desk.show("P1/N3.png")
    assert desk.room.pair.second is None, "not made before it is wanted"
    desk.trigger("view.side_by_side")
    assert desk.room.tools.aid("side_by_side")
    assert desk.second.shown == "P1/T1.png", "the other view"
    assert len(desk.second.canvas.editing.shapes) == 1
    assert not desk.second.canvas.editable
    desk.workspace.edit("P1/T1.png", Annotation("T1.png", 48, 64), "Delete shape")
    assert not desk.second.canvas.editing.shapes
    desk.trigger("view.side_by_side")
    assert not desk.room.pair.is_open and not desk.room.tools.aid("side_by_side")


def test_it_follows_the_first_by_what_is_wished_for(desk: Desk) -> None:
    desk.trigger("view.side_by_side")
    assert desk.second.shown == "P1/N3.png"
    desk.second.choose(NEXT)
    assert desk.second.choice.currentText() == "Next image: Tumour 2"
    tasks.wait_all()
    assert desk.second.shown == "P1/T2.png"
    desk.show("P1/T2.png")
    assert desk.second.shown == "P1/N3.png"
    desk.second.choose("P1/T1.png")
    desk.show("P1/N3.png")
    assert desk.second.shown == "P1/T1.png"


def test_a_patient_of_one_image_has_no_second(desk: Desk) -> None:
    desk.trigger("view.side_by_side")
    desk.show("P2/T1.png")
    assert desk.second.shown == ""
    assert desk.second.nothing.isVisibleTo(desk.room)
    desk.show("P10/N2.png")
    assert desk.second.shown == "P10/T1.png"
    assert not desk.second.nothing.isVisibleTo(desk.room)


def test_both_are_shown_in_the_same_way_and_either_says_how(desk: Desk) -> None:
    desk.trigger("view.invert")
    desk.trigger("view.crosshair")
    desk.trigger("view.side_by_side")
    canvas = desk.second.canvas
    assert canvas.layers.levels == Levels(invert=True) and canvas.aids.crosshair
    desk.trigger("overlay.drawn.annotate")
    desk.trigger("view.magnifier")
    desk.trigger("view.clahe")
    for one in desk.room.pair.canvases:
        assert not one.overlay("drawn")[0] and one.aids.magnifier
        assert one.layers.levels == Levels(invert=True, local=True)
    QTest.mouseDClick(canvas, Qt.MouseButton.RightButton, pos=QPoint(50, 50))
    assert desk.room.tools.levels.neutral and desk.room.canvas.layers.levels.neutral


def test_state_is_kept(desk: Desk, qtbot: QtBot) -> None:
    desk.trigger("view.side_by_side")
    desk.trigger("view.link")
    desk.second.choose(PREVIOUS)
    desk.room.tools.set_levels(Levels(0.2, gamma=1.38, local=True))
    desk.trigger("view.magnifier")
    desk.trigger("view.ruler")
    state = desk.room.save_state()
    again = ImageRoom(desk.workspace, desk.actions)
    qtbot.addWidget(again)
    again.restore_state(state)
    assert again.pair.is_open and again.pair.second is not None
    assert (again.pair.second.wish, again.pair.second.link.on) == (PREVIOUS, False)
    assert again.tools.levels == desk.room.tools.levels and again.tools.levels.local
    assert [aid.name for aid in AIDS if again.tools.aid(aid.name)] == ["magnifier", "side_by_side"]
    again.restore_state({"pair": {"widths": "no", "wish": 3}, "aids": {"x": 1}, "levels": "no", "layers": []})
    assert again.tools.levels.neutral


# The row


def test_greys_not_as_recorded_are_owned_up_to(desk: Desk) -> None:
    tools = desk.room.tools
    name, width = tools.open_levels.accessibleName(), tools.open_levels.width()
    desk.trigger("view.invert")
    assert tools.open_levels.accessibleName() != name and tools.open_levels.text() != "Levels"
    assert tools.open_levels.width() == width, "nothing beside it moves"
    desk.trigger("levels.reset")
    assert tools.open_levels.accessibleName() == name


def test_levels_tell_once_and_only_of_changes(desk: Desk) -> None:
    told: list[Levels] = []
    desk.room.tools.levelsChanged.connect(told.append)
    desk.room.tools.set_levels(Levels(0.3, -0.2, 1.0, True, True))
    desk.room.tools.set_levels(Levels(0.3, -0.2, 1.0, True, True))
    assert told == [Levels(0.3, -0.2, 1.0, True, True)]


def test_every_control_has_a_name_and_a_tip_with_its_key(desk: Desk) -> None:
    tools = desk.room.tools
    panel = tools.panel
    for control in (
        panel.brightness,
        panel.contrast,
        panel.gamma,
        tools.open_levels,
        panel.reset,
        *tools._aids.values(),
    ):
        assert control.accessibleName() and control.toolTip()
    for aid in AIDS:
        assert f"({desk.actions.key(f'view.{aid.name}')})" in tools._aids[aid.name].toolTip()
    desk.actions.bind("view.ruler", "Ctrl+M")
    assert "(Ctrl+M)" in tools._aids["ruler"].toolTip()


def test_a_held_key_measures_once_and_a_pressed_one_until_it_is_pressed_again(desk: Desk) -> None:
    canvas = desk.room.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_M)
    assert canvas.ruling and desk.room.tools.aid("ruler")
    QTest.keyClick(canvas, Qt.Key.Key_M)
    assert not canvas.ruling
    QTest.keyPress(canvas, Qt.Key.Key_M)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(canvas, QPoint(200, 150))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert canvas.measured
    QTest.keyRelease(canvas, Qt.Key.Key_M)
    assert not canvas.ruling and not desk.room.tools.aid("ruler")


def test_key_caps_go_where_there_is_no_room_and_the_tips_still_tell(desk: Desk, window: QMainWindow) -> None:
    tools = desk.room.tools
    caps = tools.findChildren(KeyCap)
    window.resize(1366, 768)
    shown = [cap.text() for cap in caps if cap.isVisibleTo(tools)]
    assert len(shown) == 3
    window.resize(tools.minimumSizeHint().width(), 768)
    QApplication.processEvents()
    assert tools.width() < tools.sizeHint().width() + sum(cap.sizeHint().width() for cap in caps)
    assert not [cap for cap in caps if cap.isVisibleTo(tools)]
    tips = [box.toolTip() for box in tools.findChildren(QCheckBox)]
    assert all(any(f"({key})" in tip for tip in tips) for key in shown)


# The link


@pytest.fixture
def linked(qtbot: QtBot) -> tuple[ImageCanvas, ImageCanvas, ImageLink]:
    """Two canvases, the second with an image of half the size."""
    first, second = ImageCanvas(), ImageCanvas()
    for canvas, size in ((first, 200), (second, 100)):
        qtbot.addWidget(canvas)
        canvas.resize(400, 400)
        canvas.show()
        canvas.set_image(np.full((size, size, 3), 90, np.uint8))
    link = ImageLink(first, second)
    link.set_on(True)
    return first, second, link


def test_either_image_takes_the_other_along(linked: tuple[ImageCanvas, ImageCanvas, ImageLink]) -> None:
    first, second, _ = linked
    first.look(4.0, QPointF(150, 60))
    assert second.camera.zoom == pytest.approx(8.0)
    assert (second.middle - QPointF(75, 30)).manhattanLength() < 1e-6
    second.look(6.0, QPointF(20, 80))
    assert first.camera.zoom == pytest.approx(3.0)
    assert (first.middle - QPointF(40, 160)).manhattanLength() < 1e-6
    second.fit()
    assert first.is_fitted


def test_free_images_move_alone_and_meet_again_when_linked(
    linked: tuple[ImageCanvas, ImageCanvas, ImageLink],
) -> None:
    first, second, link = linked
    link.set_on(False)
    first.look(4.0, QPointF(150, 60))
    assert second.is_fitted
    link.set_on(True)
    assert second.camera.zoom == pytest.approx(8.0)


def test_the_place_pointed_at_is_shown_in_the_other_image(
    linked: tuple[ImageCanvas, ImageCanvas, ImageLink],
) -> None:
    first, second, link = linked
    before = second.grab().toImage()
    QTest.mouseMove(first, first.to_widget(QPointF(100, 50)).toPoint())
    assert second.aids.echo is not None and (second.aids.echo - QPointF(50, 25)).manhattanLength() < 1
    assert second.grab().toImage() != before
    QApplication.sendEvent(first, QEvent(QEvent.Type.Leave))
    assert second.aids.echo is None
    link.set_on(False)
    QTest.mouseMove(first, first.to_widget(QPointF(90, 50)).toPoint())
    assert second.aids.echo is None


# Which image


def instance(name: str, view: View) -> Instance:
    return Instance(name, "P", view, f"{name}.png", f"{name}.json")


BAG = tuple(instance(name, View.NODE if name[0] == "N" else View.TUMOUR) for name in ("T1", "T2", "N1"))


@pytest.mark.parametrize(
    ("here", "wish", "there"),
    [
        ("T1", OTHER_VIEW, "N1"),
        ("N1", OTHER_VIEW, "T1"),
        ("T1", NEXT, "T2"),
        ("N1", NEXT, "T1"),
        ("T1", PREVIOUS, "N1"),
        ("T1", "T2", "T2"),
        ("T1", "gone", "T2"),
    ],
)
def test_the_other_image(here: str, wish: str, there: str) -> None:
    found = other(BAG, here, wish)
    assert found is not None and found.id == there


@pytest.mark.parametrize("make", [lambda: other(BAG[:1], "T1", NEXT), lambda: other((), "T1", OTHER_VIEW)])
def test_no_other_image(make: Callable[[], Instance | None]) -> None:
    assert make() is None
