from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QMessageBox
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from training_child import COMMAND, DEVICE_COMMAND

from aln_desk import settings
from aln_desk.domain.messages import Curve, Finished, Message, Note, Started, to_line
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.gui import dialogs, tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.devices import DeviceQuestion
from aln_desk.gui.memory import Memory
from aln_desk.gui.pages.training import TrainingPage
from aln_desk.gui.run_follower import RunFollower
from aln_desk.gui.trainer import Trainer
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.training_queue import TrainingQueue
from aln_desk.gui.workspace import Workspace
from aln_desk.io import images
from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs


def make_project(folder: Path, outcome: int | None = None, image: Path | None = None) -> Path:
    """12 patients to learn from, half of them positive unless told; 4 of a test cohort."""
    with Project.create(folder) as project:
        for name, role, count in (("training", Role.TRAIN, 12), ("later", Role.EXTERNAL_TEST, 4)):
            project.add_cohort(Cohort(name, role))
            for number in range(count):
                patient = f"{name}-{number}"
                file = image or folder / f"{patient}.png"
                bag = (Instance(f"{patient}/a.png", patient, View.TUMOUR, str(file), str(folder / f"{patient}.json")),)
                project.add_patient(Patient(patient, name, number % 2 if outcome is None else outcome, bag=bag))
    return folder


def make_model(project: Path) -> None:
    from aln_desk.io import checkpoint

    folder = project / "models" / "new"
    checkpoint.save_tensors(folder / "mtl.safetensors", {"a": np.zeros(2, np.float32)})
    checkpoint.write_manifest(folder, {"name": "tiny one", "figures": {"auc": 0.83}})


@pytest.fixture
def actions(actions: Actions) -> Actions:
    actions.set_mode("train")
    return actions


def make_page(workspace: Workspace, actions: Actions) -> TrainingPage:
    """The page with stand-ins for the processes that it starts."""
    process, follower = TrainingProcess(command=COMMAND), RunFollower(look_ms=50, follow_ms=50)
    trainer = Trainer(TrainingQueue(Memory(settings.load())), process, follower)
    return TrainingPage(workspace, actions, trainer, DeviceQuestion(command=DEVICE_COMMAND))


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions) -> Iterator[TrainingPage]:
    made = make_page(workspace, actions)
    window.setCentralWidget(made)
    window.show()
    yield made
    tasks.wait_all()
    if isValid(made):  # a test may have put another in its place
        made.close()


def test_without_a_project_there_is_nothing_to_start(page: TrainingPage) -> None:
    assert "Open a project" in page.empty.text()
    assert not page.form.go.isEnabled()


def test_a_fresh_project_says_what_to_do(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open(make_project(tmp_path / "p"))
    tasks.wait_all()
    assert page.empty.isVisible() and "press Start" in page.empty.text()
    assert page.form.go.isEnabled()
    assert "12 patients, 12 images" in page.form.cohorts.counts.text()
    assert "12 outcomes (6 positive)" in page.form.cohorts.counts.text()


def test_only_cohorts_to_learn_from_can_be_ticked(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open(make_project(tmp_path / "p"))
    assert list(page.form.cohorts.boxes) == ["training"]
    assert page.form.wish().cohorts == ("training",)
    page.form.cohorts.boxes["training"].setChecked(False)
    assert not page.form.go.isEnabled()
    assert "Tick a cohort" in page.form.notice.text()


def test_one_kind_of_outcome_cannot_teach_verdicts(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open(make_project(tmp_path / "p", outcome=1))
    tasks.wait_all()
    assert page.form.go.isEnabled()
    assert "stage 2 cannot be trained" in page.form.notice.text()


def test_outlines_are_counted_and_missing_ones_are_told(
    page: TrainingPage, workspace: Workspace, tmp_path: Path
) -> None:
    image = tmp_path / "a.png"
    images.write_png(image, np.zeros((8, 8, 3), np.uint8))
    folder = make_project(tmp_path / "p", image=image)
    shape = {"label": "tumor", "points": [[1, 1], [5, 1], [5, 5]], "shape_type": "polygon"}
    record = {"version": "5", "shapes": [shape], "imagePath": "a.png", "imageHeight": 8, "imageWidth": 8}
    workspace.open(folder)
    tasks.wait_all()
    assert "0 images with an outline" in page.form.cohorts.counts.text()
    assert "no masks" in page.form.notice.text()
    (folder / "training-3.json").write_text(json.dumps(record))
    (folder / "training-4.json").write_text("damaged")
    page.hide()
    page.show()
    tasks.wait_all()
    assert "1 image with an outline" in page.form.cohorts.counts.text()
    assert not page.form.notice.isVisible()


def test_the_form_and_the_view_are_kept(
    page: TrainingPage, workspace: Workspace, actions: Actions, qtbot: QtBot
) -> None:
    page.form.preset.setCurrentIndex(page.form.preset.findData("paper"))
    page.form.preset.activated.emit(0)
    page.form.settings.show_changes({"mil.epochs": "7"})
    state = json.loads(json.dumps(page.save_state()))
    other = make_page(workspace, actions)
    qtbot.addWidget(other)
    other.restore_state(state)
    assert other.form.wish().preset == "paper"
    assert other.form.wish().settings == {"mil.epochs": "7"}
    other.restore_state({"widths": "no", "form": 3, "view": []})
    assert other.form.wish().preset == "paper"


def test_devices_are_asked_for_when_the_page_is_first_shown(page: TrainingPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "NVIDIA H100" in page.form.device.caption.text(), timeout=30_000)
    assert page.form.wish().preset == "fast"


def test_a_training_is_watched_to_its_end_and_adopted(
    page: TrainingPage, workspace: Workspace, actions: Actions, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = make_project(tmp_path / "p")
    make_model(folder)
    workspace.open(folder)
    asked: list[str] = []
    page.adopted.connect(asked.append)
    actions["review.read"].triggered.connect(lambda: asked.append("read"))
    page.form.go.click()
    assert page.form.go.text() == "Add to the queue"
    qtbot.waitUntil(lambda: not page.trainer.running, timeout=30_000)
    tasks.wait_all()
    assert page.result.isVisible()
    assert page.result.values["auc"][0].text() == "0.830"
    total = next(values for line, values in page.view.board.charts[0].values.items() if line.value == "loss")
    assert total == ([20], [1.5])
    assert "Tokens are ready." in page.view.log.toPlainText()
    with qtbot.waitSignal(workspace.modelChanged):
        page.result.adopt.click()
    assert workspace.model is not None and workspace.model.name == "tiny one"
    assert asked == [str(folder / "models" / "new"), "read"]
    assert not page.result.adopt.isVisible()


def test_progress_is_told_in_words_and_stop_ends_the_run(
    page: TrainingPage, workspace: Workspace, actions: Actions, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "mode").write_text("wait")
    workspace.open(folder)
    actions["train.start"].trigger()
    qtbot.waitUntil(lambda: "Stage 1" in page.head.state.text(), timeout=30_000)
    assert page.head.state.text() == "Stage 1, learning from images · step 20 of 60 · about 4 min left"
    assert (page.head.bar.value(), page.head.bar.maximum()) == (20, 60)
    page.hide()
    page.show()
    assert page.form.stop.isVisible()
    actions["train.stop"].trigger()
    assert page.form.stop.text() == "Stopping…"
    qtbot.waitUntil(lambda: not page.trainer.running, timeout=30_000)
    assert not page.form.stop.isVisible()
    assert "stopped" in page.head.state.text()
    assert page.runs.chosen() is not None and page.runs.chosen().state == "stopped"
    assert not page.head.bar.isVisible() and not page.result.isVisible()
    assert page.head.resume.isVisible()
    make_model(folder)
    (folder / "mode").write_text("finish")
    page.head.resume.click()
    assert not page.head.resume.isVisible()
    qtbot.waitUntil(lambda: page.result.isVisible(), timeout=30_000)
    assert len(list((folder / "runs").iterdir())) == 1
    assert not page.head.resume.isVisible()


def test_a_run_that_cannot_begin_says_why(
    page: TrainingPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "mode").write_text("refuse")
    workspace.open(folder)
    page.form.go.click()
    qtbot.waitUntil(lambda: not page.trainer.running, timeout=30_000)
    assert page.head.state.text().endswith(": There is no memory left; close other programs.")
    assert page.head.state.isVisible()


def write_run(folder: Path, name: str, state: str, events: list[Message]) -> None:
    run = folder / "runs" / name
    run.mkdir(parents=True)
    record = {"run": name, "preset": "tiny", "state": state, "started": f"2026-03-0{name}T10:00:00+00:00"}
    (run / "run.json").write_text(json.dumps(record))
    (run / "events.jsonl").write_text("\n".join(to_line(event) for event in events))


def test_old_runs_show_their_curves_again(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    curves: list[Message] = [Curve("mil", "validation", step, {"auc": step / 10}) for step in (1, 2, 3)]
    write_run(folder, "1", "stopped", [Started("1", "", "cpu", "tiny"), *curves, Note("Kept."), Finished(stopped=True)])
    write_run(folder, "2", "running", [])
    workspace.open(folder)
    tasks.wait_all()
    assert [page.runs.list.item(row).data(0x0100)[1] for row in range(2)] == ["interrupted", "stopped"]
    assert "cut off" in page.head.state.text()
    page.runs.list.setCurrentRow(1)
    tasks.wait_all()
    assert list(page.view.board.charts[3].values.values()) == [([1, 2, 3], [0.1, 0.2, 0.3])]
    assert "Kept." in page.view.log.toPlainText()
    page.runs.list.setCurrentRow(0)
    tasks.wait_all()
    assert list(page.view.board.charts[3].values.values()) == [([], [])]


def answer_with(monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """Press this button of every question; gives the questions as they come."""
    asked: list[str] = []

    def press(box: QMessageBox) -> int:
        asked.append(f"{box.text()} {box.informativeText()}")
        chosen = next(one for one in box.buttons() if one.text() == words)
        monkeypatch.setattr(QMessageBox, "clickedButton", lambda _: chosen)
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)
    return asked


@pytest.fixture
def under_way(page: TrainingPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path) -> Path:
    """A project with a training that goes on until it is stopped."""
    folder = make_project(tmp_path / "p")
    (folder / "mode").write_text("wait")
    workspace.open(folder)
    page.form.go.click()
    qtbot.waitUntil(lambda: "Stage 1" in page.head.state.text(), timeout=30_000)
    return folder


@pytest.mark.parametrize(("words", "may"), [("Stop training and close", True), ("Cancel", False)])
def test_closing_during_a_training_asks_once(
    page: TrainingPage, under_way: Path, monkeypatch: pytest.MonkeyPatch, words: str, may: bool
) -> None:
    asked = answer_with(monkeypatch, words)
    page.form.go.click()
    assert page.may_close() is may
    assert len(asked) == 1
    assert "A training is under way." in asked[0]
    assert "The queue (1 training) is kept" in asked[0]
    assert "follow it" not in asked[0]
    assert page.trainer.running


def test_closing_tells_what_becomes_of_a_cross_validation(
    page: TrainingPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer_with(monkeypatch, "Cancel")
    folder = make_project(tmp_path / "p")
    (folder / "mode").write_text("wait")
    workspace.open(folder)
    page.form.repeats.folds.setValue(5)
    page.form.go.click()
    assert not page.may_close()
    assert "the runs that are to follow it are done after it" in asked[0]


def test_a_training_that_ends_while_the_question_stands_is_not_waited_for(
    page: TrainingPage, under_way: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*_: object) -> str:
        page.trainer.shutdown()
        return "leave"

    monkeypatch.setattr(dialogs, "end_training", answer)
    assert page.may_close()


def test_what_is_looked_at_stays_when_the_next_training_begins(
    page: TrainingPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = make_project(tmp_path / "p")
    write_run(folder, "1", "stopped", [])
    (folder / "mode").write_text("wait")
    workspace.open(folder)
    page.form.go.click()
    assert "Starting" in page.head.state.text() and not page.runs.all_chosen()
    qtbot.waitUntil(lambda: "Stage 1" in page.head.state.text(), timeout=30_000)
    page.form.go.click()  # waits
    looked_at = next(row for row in range(2) if page.runs.list.item(row).data(0x0100)[0].name == "1")
    page.runs.list.setCurrentRow(looked_at)
    page.form.stop.click()
    qtbot.waitUntil(page.queue.go_on.isVisible, timeout=30_000)
    page.queue.go_on.click()
    qtbot.waitUntil(lambda: page.trainer.live is not None, timeout=30_000)
    assert page.runs.list.count() == 3
    assert [run.name for run in page.runs.all_chosen()] == ["1"]
    assert "stopped" in page.head.state.text()


def test_without_a_training_closing_asks_nothing(page: TrainingPage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_with(monkeypatch, "Cancel")
    assert page.may_close()
    assert not asked


def test_a_training_left_to_the_background_is_shown_again_and_can_be_stopped(
    page: TrainingPage,
    workspace: Workspace,
    actions: Actions,
    under_way: Path,
    window: QMainWindow,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_with(monkeypatch, "Keep training in the background")
    with qtbot.waitSignals([page.leaving, page.left], timeout=30_000):
        assert not page.may_close()
    assert page.may_close()
    page.close()
    workspace.close()

    later = make_page(workspace, actions)
    window.setCentralWidget(later)
    workspace.open(under_way)
    qtbot.waitUntil(lambda: "step 20 of 60" in later.head.state.text(), timeout=30_000)
    assert later.may_close()
    assert not later.head.resume.isVisible()
    assert later.head.bar.isVisible()
    later.form.stop.click()
    qtbot.waitUntil(lambda: later.head.resume.isVisible(), timeout=30_000)
    assert "stopped before its end" in later.head.state.text()
    later.close()


def test_trainings_wait_in_a_list_that_can_be_changed(
    page: TrainingPage, workspace: Workspace, under_way: Path, qtbot: QtBot
) -> None:
    assert not page.queue.isVisible()
    for name in ("one", "two", "three"):
        page.form.name.setText(name)
        page.form.go.click()
    queue = page.queue

    def listed() -> list[str]:
        return [queue.list.item(row).text() for row in range(queue.list.count())]

    assert listed() == ["one", "two", "three"]
    assert queue.heading.text() == "Queue · 3"
    queue.list.setCurrentRow(2)
    assert not queue.down.isEnabled()
    queue.list.setFocus()
    qtbot.keyClick(queue.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert listed() == ["one", "three", "two"]
    assert queue.list.currentRow() == 1
    queue.down.setFocus()
    queue.down.click()
    assert queue.list.hasFocus()
    queue.up.click()
    qtbot.keyClick(queue.list, Qt.Key.Key_Delete)
    assert listed() == ["one", "two"]
    queue.down.click()
    assert listed() == ["one", "two"]
    page.form.stop.click()
    qtbot.waitUntil(queue.go_on.isVisible, timeout=30_000)
    (under_way / "mode").write_text("fail")
    queue.go_on.click()
    qtbot.waitUntil(lambda: not page.trainer.running and not listed(), timeout=30_000)
    assert queue.trouble.text() == "one: The images cannot be read."
    assert [run.state for run in read_runs(under_way / "runs")] == ["failed", "failed", "stopped"]


def test_a_queue_comes_back_with_its_project_and_rests(
    page: TrainingPage, workspace: Workspace, actions: Actions, under_way: Path, qtbot: QtBot, window: QMainWindow
) -> None:
    page.form.name.setText("later")
    page.form.go.click()
    page.close()
    later = make_page(workspace, actions)
    window.setCentralWidget(later)
    assert later.queue.list.item(0).text() == "later"
    qtbot.waitUntil(later.queue.go_on.isVisible)
    assert not later.trainer.running
    (under_way / "mode").write_text("finish")
    later.queue.go_on.click()
    qtbot.waitUntil(lambda: not later.trainer.running and not later.queue.isVisible(), timeout=30_000)
    later.close()


def test_resume_waits_its_turn_too(page: TrainingPage, workspace: Workspace, under_way: Path, tmp_path: Path) -> None:
    write_run(under_way, "1", "stopped", [])
    page.runs.changed.emit()
    row = next(row for row in range(2) if page.runs.list.item(row).data(0x0100)[0].name == "1")
    page.runs.list.setCurrentRow(row)
    page.head.resume.click()
    assert [order.wish.resume for order in page.trainer.queue.orders] == ["1"]


def test_models_of_this_project_can_be_built_on(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    make_model(folder)
    write_run(folder, "1", "finished", [])
    record = json.loads((folder / "runs" / "1" / "run.json").read_text())
    model = str(folder / "models" / "new")
    (folder / "runs" / "1" / "run.json").write_text(json.dumps({**record, "model": model}))
    workspace.open(folder)
    page.form.work.setCurrentIndex(page.form.work.findData("mil"))
    assert page.form.base.findData(model) >= 0
    assert "in use" in page.form.base.itemText(0)


def test_several_runs_are_compared_and_one_again_shown(
    page: TrainingPage, workspace: Workspace, tmp_path: Path
) -> None:
    folder = make_project(tmp_path / "p")
    for name in "12":
        write_run(folder, name, "stopped", [])
    workspace.open(folder)
    page.runs.list.selectAll()
    assert page.view.comparison.isVisible()
    assert not page.head.isVisible()
    page.runs.list.setCurrentRow(1)
    assert page.head.isVisible()
    assert not page.view.comparison.isVisible()


def test_charts_follow_the_theme(page: TrainingPage, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QApplication

    from aln_desk.gui import theme

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    page.view.board.show_all([Curve("mtl", "train", step, {"loss": 1.0}) for step in (1, 2)])
    curve = next(iter(page.view.board.charts[0]._curves.values()))
    try:
        theme.apply(application, "light")
        light = curve.opts["pen"].color().name()
        theme.apply(application, "reading")
        assert curve.opts["pen"].color().name() != light
    finally:
        application.setStyleSheet("")
