"""Train: learn a model from cohorts of the project, watch it learn, adopt it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from aln_desk.domain.errors import AlnError
from aln_desk.domain.messages import Curve, Failed, Finished, Message, Note, Progress, Started
from aln_desk.domain.patient import Instance
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.training_form import TrainingForm, Wish
from aln_desk.gui.pages.training_log import RunLog
from aln_desk.gui.pages.training_result import ResultCard
from aln_desk.gui.pages.training_runs import RunList, state_of
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.widgets.plot_curves import CurveBoard
from aln_desk.gui.widgets.progress import duration
from aln_desk.gui.workspace import Workspace
from aln_desk.io import checkpoint
from aln_desk.io.runs import Run, read_events, read_runs

_STAGES = {
    "images": "Reading the images",
    "mtl": "Stage 1, learning from images · step",
    "tokens": "Extracting tokens · image",
    "mil": "Stage 2, learning from patients · step",
}
_NO_PROJECT = "Open a project to train a model on it."
_EMPTY = "Nothing has been trained here yet.\nChoose cohorts and a preset on the right and press Start."
_SENTENCES = {
    "running": "",
    "finished": "",
    "stopped": "This run was stopped before its end. It can go on from there.",
    "failed": "This run ended with an error; the log below tells which. It can go on once the cause is mended.",
    "interrupted": "This run was cut off, because the window or the computer was closed. It can go on from there.",
}


class TrainingPage(QWidget):
    """``adopted`` carries the folder of a model that was just taken into use."""

    title = "Train"
    adopted = Signal(str)

    def __init__(
        self,
        workspace: Workspace,
        actions: Actions,
        training: TrainingProcess | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._actions = actions
        self._training = training or TrainingProcess(self)
        self._live: Run | None = None
        self._project_folder: Path | None = None
        self.runs = RunList()
        self.form = TrainingForm()
        self.result = ResultCard()
        self.board = CurveBoard()
        self.empty = label("", "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.state = label("", wrap=True)
        self.resume = button("Resume", tip="Go on from the last checkpoint, with the settings it was started with")
        self.bar = QProgressBar(textVisible=False)
        self.log = RunLog()
        self._lay_out()
        self._connect()
        self._show_project()

    # For the window

    def save_state(self) -> dict[str, Any]:
        """Pane widths and the form's choices."""
        return {**self._panes.save_state(), "form": self.form.save_state()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """What `save_state` gave; damaged values are passed over."""
        self._panes.restore_state(state)
        form = state.get("form")
        self.form.restore_state(form if isinstance(form, dict) else {})

    def may_close(self) -> bool:
        """Whether the window may close: asks once, in words, while a training is under way."""
        if not self._training.running:
            return True
        text = "A training is under way. Closing the window stops it; what it has done until now is kept."
        asked = QMessageBox(QMessageBox.Icon.Question, "Training", text, parent=self)
        stop = asked.addButton("Stop training and close", QMessageBox.ButtonRole.AcceptRole)
        asked.addButton("Keep training", QMessageBox.ButtonRole.RejectRole)
        asked.exec()
        return asked.clickedButton() is stop

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window closes: end the training and wait until it is gone."""
        self._training.shutdown()
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Outlines may have been drawn meanwhile: count them again."""
        super().showEvent(event)
        self._count_outlines()

    # The project

    def _show_project(self) -> None:
        project = self._workspace.project
        self._project_folder = project.folder if project else None
        self._show_patients()
        self._list_runs()
        if self._live is not None and self._project_folder not in self._live.folder.parents:
            self._say(f"A training of {self._live.folder.parents[1].name} is under way and goes on meanwhile.")

    def _show_patients(self) -> None:
        project = self._workspace.project
        self.form.show_project(project.cohorts() if project else (), self._workspace.patients)
        self._count_outlines()

    def _count_outlines(self) -> None:
        folder = self._project_folder
        if folder is None or not self.isVisible():
            return
        bag = [instance for patient in self._workspace.patients for instance in patient.bag]
        tasks.run(partial(_outlined, bag), partial(self._take_outlined, folder), lane=tasks.Lane.BACKGROUND)

    def _take_outlined(self, folder: Path, instances: frozenset[str]) -> None:
        if folder == self._project_folder:
            self.form.show_outlined(instances)

    # The runs

    def _list_runs(self, chosen: str = "") -> None:
        runs = read_runs(self._project_folder / "runs") if self._project_folder else []
        before = self.runs.chosen()
        self.runs.show_runs(runs, self._live.name if self._live else "", chosen or (before.name if before else ""))
        run = self.runs.chosen()
        if run is None:
            self._show_empty()
        else:
            self._show_run(run)

    def _show_empty(self) -> None:
        self.empty.setText(_EMPTY if self._workspace.project else _NO_PROJECT)
        self._stack.setCurrentWidget(self.empty)

    def _show_run(self, run: Run) -> None:
        """Show a run's curves and end; those of the run under way keep coming."""
        live = self._live is not None and run.name == self._live.name
        self.state.setText("" if live else _SENTENCES[state_of(run, "")])
        self.state.setVisible(bool(self.state.text()) or live)
        self._show_resume(run)
        self.bar.setVisible(live)
        self._stack.setCurrentIndex(1)
        self._show_result(run)
        tasks.run(partial(read_events, run.folder), partial(self._take_events, run.name))

    def _show_resume(self, run: Run | None) -> None:
        """A run that did not finish can go on, unless another one is under way."""
        self.resume.setVisible(run is not None and run.state != "finished" and not self._training.running)

    def _take_events(self, name: str, events: list[Message]) -> None:
        chosen = self.runs.chosen()
        if chosen is None or chosen.name != name:
            return
        self.board.show_all(message for message in events if isinstance(message, Curve))
        self.log.show_all(events)

    def _show_result(self, run: Run) -> None:
        if run.state != "finished" or not run.model:
            self.result.hide()
            return
        model = self._workspace.model
        if model is None:
            self.result.show_run(run, "No model is in use.", "", {})
        else:
            words = f"In use now: {self._workspace.model_name}."
            self.result.show_run(run, words, model.digest, _figures_of(model.folder))

    def _adopt(self, run: Run) -> None:
        folder = Path(run.model)
        try:
            self._workspace.adopt(folder)
        except AlnError as error:
            self._say(str(error))
            return
        self._show_result(run)
        self.adopted.emit(str(folder))
        self._actions["review.read"].trigger()

    # The training under way

    def _start(self, wish: Wish) -> None:
        if self._project_folder is None or self._training.running:
            return
        self._training.start(self._project_folder, wish.preset, wish.cohorts, wish.device, wish.settings)
        self._show_started()

    def _resume(self) -> None:
        run = self.runs.chosen()
        if run is None or self._project_folder is None or self._training.running:
            return
        self._training.resume(self._project_folder, run.name, self.form.wish().device)
        self._show_started()

    def _show_started(self) -> None:
        self.form.set_running(True)
        self.resume.hide()
        self.bar.setRange(0, 0)
        self.bar.show()
        self._say("Starting…")

    def _receive(self, message: Message) -> None:
        if isinstance(message, Started):
            self._live = Run(message.run, Path(message.folder), message.preset, state="running")
            self._list_runs(message.run)
            self._say(f"Started on {message.device}")
        elif self._on_screen():
            self._show_message(message)

    def _show_message(self, message: Message) -> None:
        match message:
            case Progress():
                self._say(_progress_words(message))
                self.bar.setRange(0, message.total)
                self.bar.setValue(message.done)
            case Curve():
                self.board.add(message)
            case Note() | Failed() | Finished():
                self.log.add(message)

    def _finish(self, ok: bool, sentence: str) -> None:
        live, self._live = self._live, None
        self.form.set_running(False)
        self.bar.hide()
        self._list_runs(live.name if live else "")
        if not ok:
            self._say(sentence)

    def _on_screen(self) -> bool:
        """Whether what is shown is the run under way (or no run has begun to show yet)."""
        chosen = self.runs.chosen()
        return self._live is None or (chosen is not None and chosen.folder == self._live.folder)

    def _say(self, sentence: str) -> None:
        self.state.setText(sentence)
        self.state.show()
        self._stack.setCurrentIndex(1)

    # Building

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.projectChanged.connect(self._show_project)
        workspace.patientsChanged.connect(self._show_patients)
        workspace.patientEdited.connect(self._show_patients)
        workspace.modelChanged.connect(self._show_model)
        self.runs.runChosen.connect(self._show_run)
        self.form.startRequested.connect(self._start)
        self.form.stopRequested.connect(self._training.stop)
        self.result.adoptRequested.connect(self._adopt)
        self.resume.clicked.connect(self._resume)
        self._training.message.connect(self._receive)
        self._training.finished.connect(self._finish)
        self._actions.on("train.start", self, partial(self._press, False))
        self._actions.on("train.stop", self, partial(self._press, True))
        for name, choice in (("train.resume", self.resume), ("train.adopt", self.result.adopt)):
            self._actions.on(name, self, partial(_press_if_shown, choice))

    def _press(self, stop: bool) -> None:
        if self._training.running is stop:
            self.form.press()

    def _show_model(self) -> None:
        if (run := self.runs.chosen()) is not None:
            self._show_result(run)

    def _lay_out(self) -> None:
        self.bar.setAccessibleName("Progress of the training")
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(self.state, 1)
        head.addWidget(self.resume)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.result)
        column.addWidget(self.board, 1)
        column.addWidget(self.log)
        column.addStretch(0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(centre)
        self.runs.setMinimumWidth(224)
        self.form.setMinimumWidth(260)
        self._panes = Panes([self.runs, self._stack, self.form], [230, 840, 296])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._panes)


def _press_if_shown(choice: QPushButton) -> None:
    """A key does what its button does, where the button is offered."""
    if choice.isVisible():
        choice.click()


def _outlined(bag: Sequence[Instance]) -> frozenset[str]:
    """Ids of the instances with at least one shape; a damaged file counts as none here."""
    from aln_desk.io.annotations import current_annotation

    found = set()
    for instance in bag:
        try:
            if current_annotation(instance).shapes:
                found.add(instance.id)
        except AlnError:
            continue  # Annotate names the damaged file where it can be mended
    return frozenset(found)


def _figures_of(folder: Path) -> dict[str, float]:
    """What a model's own training reached, as its manifest tells."""
    try:
        figures = checkpoint.read_manifest(folder).get("figures", {})
    except AlnError:
        return {}
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}


def _progress_words(message: Progress) -> str:
    stage = _STAGES.get(message.stage, message.stage)
    words = f"{stage} {message.done} of {message.total}"
    left = duration(message.seconds_left)
    return f"{words} · {left}" if left else words
