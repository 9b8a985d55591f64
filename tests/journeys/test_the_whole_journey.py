"""One user's morning in the real window: open the demonstration, look, outline, train, adopt, look again.

``ALN_DESK_SCREENSHOTS=DIR`` keeps a picture of each station; the one in the README was made so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QSpinBox, QWidget
from pytestqt.qtbot import QtBot
from user_journey import Journey

from aln_desk import paths
from aln_desk.demonstration import SEED, simulate_project
from aln_desk.domain.messages import Message
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.main_window import MainWindow
from aln_desk.gui.pages.annotate import AnnotatePage
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.pages.review import ReviewPage
from aln_desk.gui.pages.training import TrainingPage
from aln_desk.io.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENTS = 16
Shown = TypeVar("Shown", bound=QWidget)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated patients that no model has read yet: the demonstration goes on from there."""
    folder = tmp_path_factory.mktemp("journey") / "demonstration"

    def ignore(message: Message) -> None: ...

    simulate_project(folder, PATIENTS, SEED, ignore, lambda: False)
    return folder


class Morning(Journey):
    """The user's hands and eyes."""

    def press(self, action: str) -> None:
        self.window.actions_[action].trigger()

    def grab(self, widget: QWidget) -> np.ndarray:
        image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()

    def type_over(self, box: QWidget, text: str) -> None:
        """Type this into a number box in place of what it holds."""
        assert isinstance(box, QSpinBox)
        box.selectAll()
        self.qtbot.keyClicks(box, text)

    def click(self, canvas: ImageCanvas, x: float, y: float) -> None:
        """A click at image pixel (x, y)."""
        at = canvas.to_widget(QPointF(x, y)).toPoint()
        self.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(at.x(), at.y()))


def test_the_whole_journey(window: MainWindow, qtbot: QtBot, simulated: Path) -> None:
    user = Morning(window, qtbot)
    patient = open_the_demonstration(user, simulated)
    see_the_overlays_change(user)
    outline = draw_an_outline(user, patient)
    find_it_again_after_a_restart(user, simulated, outline)
    see_the_evaluation(user)
    before = window.workspace.verdicts[patient]
    train_and_adopt(user)
    user.until(lambda: window.workspace.verdicts.get(patient, before).model != before.model, 120)
    after = window.workspace.verdicts[patient]
    assert after.score != before.score
    user.press("mode.review")
    review = page(user, "review", ReviewPage)
    window.workspace.select_patient(patient)
    user.until(lambda: f"{after.score:.2f}" in review.panel.score.text())


def page(user: Morning, mode: str, kind: type[Shown]) -> Shown:
    user.press(f"mode.{mode}")
    found = user.window.pages[mode]
    assert isinstance(found, kind)
    return found


def open_the_demonstration(user: Morning, folder: Path) -> str:
    """From the welcome page: a child process lets the embedded model read the patients, then the project opens."""
    assert paths.embedded_model().is_dir()
    window = user.window
    assert window.stack.currentWidget() is window.welcome
    user.picture("welcome")
    window.opening.demonstrate(folder)
    user.until(lambda: window.workspace.project is not None, 180)
    workspace = window.workspace
    user.until(lambda: len(workspace.verdicts) == len(workspace.patients) == PATIENTS)
    patient = next(p for p in workspace.patients if len(p.bag) >= 3)
    workspace.select_patient(patient.id)
    workspace.select_instance(patient.bag[-1].id)
    review = page(user, "review", ReviewPage)
    user.until(lambda: bool(review.panel.score.text()))
    assert f"{workspace.verdicts[patient.id].score:.2f}" in review.panel.score.text()
    return patient.id


def see_the_overlays_change(user: Morning) -> None:
    """Each overlay has its own switch, and the picture on the screen really changes with it."""
    review = page(user, "review", ReviewPage)
    canvas, workspace = review.room.canvas, user.window.workspace
    assert workspace.instance is not None
    name = workspace.instance.id
    user.until(lambda: workspace.prediction(name) is not None and canvas.isVisible())
    user.qtbot.wait(500)
    user.picture("review")
    shown = user.grab(canvas)
    for overlay in ("drawn", "predicted", "cam"):
        user.press(f"overlay.{overlay}.review")
        user.until(lambda: not np.array_equal(user.grab(canvas), shown), 5)
        user.press(f"overlay.{overlay}.review")
        user.until(lambda: np.array_equal(user.grab(canvas), shown), 5)


def draw_an_outline(user: Morning, patient: str) -> Path:
    """A polygon by clicks, saved on its own, undone, redone; gives the LabelMe file."""
    workspace = user.window.workspace
    annotate = page(user, "annotate", AnnotatePage)
    canvas = annotate.canvas
    instance = workspace.instance
    assert instance is not None
    count = len(workspace.annotation(instance.id).shapes)
    user.until(lambda: canvas.editable and annotate.room.shown == instance.id)
    canvas.setFocus()
    canvas.set_tool("polygon")
    for x, y in ((40, 40), (120, 45), (110, 130), (45, 120)):
        user.click(canvas, x, y)
    user.qtbot.keyClick(canvas, Qt.Key.Key_Return)
    user.until(lambda: len(workspace.annotation(instance.id).shapes) == count + 1)
    user.picture("annotate")
    user.press("edit.undo")
    assert len(workspace.annotation(instance.id).shapes) == count
    user.press("edit.redo")
    assert len(workspace.annotation(instance.id).shapes) == count + 1
    file = Path(instance.annotation)
    user.until(lambda: len(json.loads(file.read_text(encoding="utf-8"))["shapes"]) == count + 1)
    return file


def find_it_again_after_a_restart(user: Morning, folder: Path, file: Path) -> None:
    """Closing and opening the project brings back patient, image, mode and outline."""
    window = user.window
    assert window.workspace.instance is not None
    name = window.workspace.instance.id
    assert window.close_project()
    assert window.stack.currentWidget() is window.welcome
    window.open_project(folder)
    assert window.workspace.instance is not None
    assert window.workspace.instance.id == name
    assert window.stack.currentWidget() is window.pages["annotate"]
    points = window.workspace.annotation(name).shapes[-1].points
    assert np.allclose(points[0], (40, 40), atol=1.5)
    assert json.loads(file.read_text(encoding="utf-8"))["imageData"] is None


def see_the_evaluation(user: Morning) -> None:
    """The page computes from the verdicts: one row a cohort, with what is defined."""
    evaluation = page(user, "evaluate", EvaluationPage)
    user.qtbot.wait(1000)
    user.picture("evaluate")
    assert np.ptp(user.grab(evaluation)) > 100
    user.press("mode.patients")
    user.qtbot.wait(300)
    user.picture("patients")


def train_and_adopt(user: Morning) -> None:
    """A short training in a child process, its curves live, then Adopt."""
    training = page(user, "train", TrainingPage)
    training.form.preset.setCurrentIndex(training.form.preset.findText("Tiny"))
    training.form.open_settings.click()
    for key, count in (("mtl.iterations", "20"), ("mil.epochs", "4")):
        user.type_over(training.form.settings.rows[key].editor.control, count)
    assert training.form.changed_words.text() == "2 changed"
    training.form.go.click()
    user.until(lambda: training.result.adopt.isVisible() and training.result.adopt.isEnabled(), 240)
    user.picture("train")
    window = user.window
    assert window.workspace.project is not None
    user.press("train.adopt")
    with Project.open(window.workspace.project.folder) as project:
        adopted = project.adopted()
    assert adopted is not None
    assert adopted.is_relative_to(project.models)
