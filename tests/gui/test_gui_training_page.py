from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow, QMessageBox
from pytestqt.qtbot import QtBot

from aln_desk.domain.messages import Curve, Finished, Message, Note, Started, to_line
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.presets import PRESETS
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.training import TrainingPage
from aln_desk.gui.pages.training_form import Wish
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.workspace import Workspace
from aln_desk.io import images
from aln_desk.io.project import Project

CHILD = """
import json, pathlib, sys
from aln_desk.domain.messages import *
project, name = pathlib.Path(sys.argv[3]), "20260304-101010-tiny"
mode = (project / "mode").read_text() if (project / "mode").exists() else "finish"
run = project / "runs" / name
record = dict(run=name, preset="tiny", started="2026-03-04T10:10:10+00:00", state="running")
def write(**more): (run / "run.json").write_text(json.dumps({**record, **more}))
def say(m):
    line = to_line(m)
    print(line, flush=True)
    with (run / "events.jsonl").open("a") as f: f.write(line + "\\n")
if mode == "refuse":
    sys.exit("aln-desk: There is no memory left; close other programs.")
run.mkdir(parents=True, exist_ok="--resume" in sys.argv)
write()
say(Started(name, str(run), "cpu", "tiny"))
print(to_line(Progress("mtl", 20, 60, 240.0)), flush=True)
say(Curve("mtl", "train", 20, {"loss": 1.5, "mask": 0.5, "lesion": 0.5, "status": 0.5}))
say(Curve("mtl", "validation", 20, {"dice": 0.7, "status_auc": None}))
say(Note("Tokens are ready."))
if mode == "wait":
    sys.stdin.read()
    write(state="stopped")
    say(Finished(stopped=True))
    sys.exit(130)
say(Curve("mil", "validation", 5, {"auc": 0.83, "loss": 0.6}))
model, digest = project / "models" / "new", json.loads((project / "models/new/manifest.json").read_text())["digest"]
write(state="finished", model=str(model), digest=digest, figures={"auc": 0.83, "dice": 0.7, "threshold": 0.4})
say(Finished(str(model), digest, {"auc": 0.83}))
"""


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
def window(qtbot: QtBot) -> QMainWindow:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    return window


@pytest.fixture
def workspace(window: QMainWindow) -> Iterator[Workspace]:
    made = Workspace(window)
    yield made
    tasks.wait_all()
    made.discard()


@pytest.fixture
def actions(window: QMainWindow) -> Actions:
    return Actions(window)


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions) -> Iterator[TrainingPage]:
    made = TrainingPage(workspace, actions, TrainingProcess(command=[sys.executable, "-c", CHILD]))
    window.setCentralWidget(made)
    window.show()
    yield made
    tasks.wait_all()
    made.close()


def test_without_a_project_there_is_nothing_to_start(page: TrainingPage) -> None:
    assert "Open a project" in page.empty.text()
    assert not page.form.go.isEnabled()


def test_a_fresh_project_says_what_to_do(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open(make_project(tmp_path / "p"))
    tasks.wait_all()
    assert page.empty.isVisible() and "press Start" in page.empty.text()
    assert page.form.go.isEnabled()
    assert "12 patients, 12 images" in page.form.counts.text()
    assert "12 outcomes (6 positive)" in page.form.counts.text()


def test_only_cohorts_to_learn_from_can_be_ticked(page: TrainingPage, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open(make_project(tmp_path / "p"))
    assert list(page.form.cohorts) == ["training"]
    assert page.form.wish().cohorts == ("training",)
    page.form.cohorts["training"].setChecked(False)
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
    assert "0 images with an outline" in page.form.counts.text()
    assert "no masks" in page.form.notice.text()
    (folder / "training-3.json").write_text(json.dumps(record))
    (folder / "training-4.json").write_text("damaged")
    page.hide()
    page.show()
    tasks.wait_all()
    assert "1 image with an outline" in page.form.counts.text()
    assert not page.form.notice.isVisible()


def test_details_differ_from_the_preset_only_where_they_are_set(page: TrainingPage) -> None:
    form = page.form
    form.preset.setCurrentIndex(form.preset.findData("tiny"))
    assert form.description.text() == PRESETS["tiny"].description
    assert form.details["size"].text() == "64 (preset)"
    assert form.details["seed"].text() == "0 (preset)"
    form.details["size"].stepUp()
    form.details["seed"].setValue(0)
    assert form.wish() == Wish("tiny", (), "auto", {"size": 32, "seed": 0})


def test_the_form_is_kept(page: TrainingPage, workspace: Workspace, actions: Actions, qtbot: QtBot) -> None:
    page.form.preset.setCurrentIndex(page.form.preset.findData("paper"))
    page.form.details["mil.epochs"].setValue(7)
    state = json.loads(json.dumps(page.save_state()))
    other = TrainingPage(workspace, actions)
    qtbot.addWidget(other)
    other.restore_state(state)
    assert other.form.wish().preset == "paper"
    assert other.form.wish().settings == {"mil.epochs": 7}
    other.restore_state({"widths": "no", "form": {"preset": 3, "settings": {"size": "no", "else": 1}}})
    assert other.form.wish().preset == "paper"


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
    assert page.form.go.text() == "Stop training"
    qtbot.waitUntil(lambda: page.form.go.text() == "Start training", timeout=30_000)
    tasks.wait_all()
    assert page.result.isVisible()
    assert page.result.values["auc"][0].text() == "0.830"
    total = next(values for line, values in page.board.charts[0].values.items() if line.value == "loss")
    assert total == ([20], [1.5])
    assert "Tokens are ready." in page.log.toPlainText()
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
    qtbot.waitUntil(lambda: "Stage 1" in page.state.text(), timeout=30_000)
    assert page.state.text() == "Stage 1, learning from images · step 20 of 60 · about 4 min left"
    assert (page.bar.value(), page.bar.maximum()) == (20, 60)
    page.hide()
    page.show()
    assert page.form.go.text() == "Stop training"
    actions["train.stop"].trigger()
    qtbot.waitUntil(lambda: page.form.go.text() == "Start training", timeout=30_000)
    assert "stopped" in page.state.text()
    assert page.runs.chosen() is not None and page.runs.chosen().state == "stopped"
    assert not page.bar.isVisible() and not page.result.isVisible()
    assert page.resume.isVisible()
    make_model(folder)
    (folder / "mode").write_text("finish")
    page.resume.click()
    assert not page.resume.isVisible()
    qtbot.waitUntil(lambda: page.result.isVisible(), timeout=30_000)
    assert len(list((folder / "runs").iterdir())) == 1
    assert not page.resume.isVisible()


def test_a_run_that_cannot_begin_says_why(
    page: TrainingPage, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "mode").write_text("refuse")
    workspace.open(folder)
    page.form.go.click()
    qtbot.waitUntil(lambda: page.form.go.text() == "Start training", timeout=30_000)
    assert page.state.text() == "There is no memory left; close other programs."
    assert page.state.isVisible()


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
    assert "cut off" in page.state.text()
    page.runs.list.setCurrentRow(1)
    tasks.wait_all()
    assert list(page.board.charts[3].values.values()) == [([1, 2, 3], [0.1, 0.2, 0.3])]
    assert "Kept." in page.log.toPlainText()
    page.runs.list.setCurrentRow(0)
    tasks.wait_all()
    assert list(page.board.charts[3].values.values()) == [([], [])]


@pytest.mark.parametrize("answer", [0, 1])
def test_closing_during_a_training_asks_once(
    page: TrainingPage,
    workspace: Workspace,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: int,
) -> None:
    assert page.may_close()
    folder = make_project(tmp_path / "p")
    (folder / "mode").write_text("wait")
    workspace.open(folder)
    page.form.go.click()
    qtbot.waitUntil(lambda: "Stage 1" in page.state.text(), timeout=30_000)
    asked: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()))
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[answer])
    stays = page.may_close()
    assert len(asked) == 1 and "under way" in asked[0]
    assert stays is (page_button(answer) == "Stop training and close")


def page_button(answer: int) -> str:
    box = QMessageBox()
    box.addButton("Stop training and close", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Keep training", QMessageBox.ButtonRole.RejectRole)
    return box.buttons()[answer].text()


def test_charts_follow_the_theme(page: TrainingPage, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QApplication

    from aln_desk.gui import theme

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    page.board.show_all([Curve("mtl", "train", step, {"loss": 1.0}) for step in (1, 2)])
    curve = next(iter(page.board.charts[0]._curves.values()))
    try:
        theme.apply(application, "light")
        light = curve.opts["pen"].color().name()
        theme.apply(application, "reading")
        assert curve.opts["pen"].color().name() != light
    finally:
        application.setStyleSheet("")
