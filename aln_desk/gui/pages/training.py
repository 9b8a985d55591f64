"""Train: learn a model from cohorts of the project, watch it learn, adopt it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from aln_desk.domain.errors import AlnError
from aln_desk.domain.messages import Message
from aln_desk.gui import dialogs
from aln_desk.gui.actions import Actions
from aln_desk.gui.devices import DeviceQuestion
from aln_desk.gui.pages.run_view import RunView
from aln_desk.gui.pages.training_form import TrainingForm
from aln_desk.gui.pages.training_head import RunHead
from aln_desk.gui.pages.training_queue import QueueList
from aln_desk.gui.pages.training_result import ResultCard
from aln_desk.gui.pages.training_runs import RunList, title_of
from aln_desk.gui.trainer import Trainer
from aln_desk.gui.training_queue import TrainingQueue
from aln_desk.gui.training_wish import Wish
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.workspace import Workspace
from aln_desk.io import checkpoint
from aln_desk.io.runs import Run, read_runs

_NO_PROJECT = "Open a project to train a model on it."
_EMPTY = "Nothing has been trained here yet.\nChoose cohorts and a preset on the right and press Start."
_LEAVING = "Handing the training to the background at its next checkpoint; the window closes then."


class TrainingPage(QWidget):
    """``adopted`` carries the folder of a model that was just taken into use.

    ``leaving(sentence)``: a training is being handed to the background; ``left``: it was, and the window may close.
    """

    title = "Train"
    adopted = Signal(str)
    leaving = Signal(str)
    left = Signal()

    def __init__(
        self,
        workspace: Workspace,
        actions: Actions,
        trainer: Trainer | None = None,
        devices: DeviceQuestion | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._actions = actions
        self.trainer = trainer or Trainer(TrainingQueue())
        self.trainer.setParent(self)
        self._devices = devices or DeviceQuestion(self)
        self._asked_devices = False
        self._project_folder: Path | None = None
        self._live: Run | None = None
        self.runs = RunList()
        self._attention = _Attention(self.runs)
        self.queue = QueueList(self.trainer)
        self.form = TrainingForm(actions)
        self.result = ResultCard()
        self.view = RunView()
        self.empty = label("", "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.head = RunHead(actions)
        self._stack = QStackedWidget()
        self._panes = _lay_out(self, self._stack)
        self._connect()
        self._show_project()

    # For the window

    def save_state(self) -> dict[str, Any]:
        """Pane widths, heights of the centre's parts, and the form's choices."""
        return {**self._panes.save_state(), "form": self.form.save_state(), "view": self.view.save_state()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """What `save_state` gave; damaged values are passed over."""
        self._panes.restore_state(state)
        for name, part in (("form", self.form), ("view", self.view)):
            kept = state.get(name)
            part.restore_state(kept if isinstance(kept, dict) else {})

    def may_close(self) -> bool:
        """Whether the window may close now, or later, when `left` comes; asks while its own training is under way.
        One that it only follows goes on by itself.
        """
        if not self.trainer.owned:
            return True
        answer = dialogs.end_training(self, len(self.trainer.queue.orders), self.trainer.several)
        if not self.trainer.running:  # it has ended while the question stood
            return answer != "stay"
        if answer == "leave":
            self.trainer.leave()
            self.leaving.emit(_LEAVING)
        return answer == "stop"

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window closes: end its children and wait until they are gone."""
        self._devices.shutdown()
        self.trainer.shutdown()
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Outlines may have been drawn and runs be made meanwhile. Devices are asked for once."""
        super().showEvent(event)
        self._count_outlines()
        self._list_runs()
        if not self._asked_devices:
            self._asked_devices = True
            self._devices.ask()

    # The project

    def _show_project(self) -> None:
        project = self._workspace.project
        self._project_folder = project.folder if project else None
        self._attention.forget()
        self.queue.show_project(self._project_folder)
        self._show_patients()
        self._list_runs()
        self.trainer.open(self._project_folder, project.runs if project else None)
        self._tell_of_another_project()

    def _tell_of_another_project(self) -> None:
        live = self.trainer.live
        if live is not None and self._project_folder not in live.folder.parents:
            self._say(f"A training of {live.folder.parents[1].name} is under way and goes on meanwhile.")

    def _show_patients(self) -> None:
        project = self._workspace.project
        self.form.cohorts.show_project(project.cohorts() if project else (), self._workspace.patients)
        self._count_outlines()

    def _count_outlines(self) -> None:
        if self.isVisible():
            self.form.cohorts.count_outlines()

    # The runs

    def _list_runs(self, chosen: str = "") -> None:
        runs = self._all_runs()
        live, before = self.trainer.live, self.runs.chosen()
        self.runs.show_runs(runs, live.name if live else "", chosen or (before.name if before else ""))
        self.form.show_models(_models(self._workspace, runs))
        self._show_chosen()

    def _show_chosen(self) -> None:
        chosen = self.runs.all_chosen()
        if not chosen:
            self.empty.setText(_EMPTY if self._workspace.project else _NO_PROJECT)
            self._stack.setCurrentWidget(self.empty)
        elif len(chosen) == 1:
            self._show_run(chosen[0])
        else:
            self._compare(chosen)

    def _all_runs(self) -> list[Run]:
        return read_runs(self._project_folder / "runs") if self._project_folder else []

    def _show_run(self, run: Run) -> None:
        """Show a run's curves and end; those of the run under way keep coming."""
        self.head.show_run(run, self._is_live(run))
        self._stack.setCurrentIndex(1)
        _show_result(self.result, run, self._workspace)
        self.view.show_run(run)

    def _compare(self, runs: Sequence[Run]) -> None:
        self._stack.setCurrentIndex(1)
        self.head.hide()
        self.result.hide()
        self.view.show_runs(runs)

    def _is_live(self, run: Run) -> bool:
        return self.trainer.live is not None and run.folder == self.trainer.live.folder

    def _adopt(self, run: Run) -> None:
        folder = Path(run.model)
        try:
            self._workspace.adopt(folder)
        except AlnError as error:
            self._say(str(error))
            return
        _show_result(self.result, run, self._workspace)
        self.adopted.emit(str(folder))
        self._actions["review.read"].trigger()

    # The training under way

    def _start(self, wish: Wish) -> None:
        if self._project_folder is not None:
            self._attention.asked = not self.trainer.running
            self.trainer.request(self._project_folder, wish)

    def _resume(self) -> None:
        if (run := self.runs.chosen()) is not None:
            self._start(Wish(preset=run.preset, device=self.form.device.chosen(), resume=run.name))

    def _show_trainer(self) -> None:
        """Another training is under way, or none, or it was asked to stop."""
        trainer = self.trainer
        self.form.show_running(trainer.running, trainer.stopping)
        if trainer.live is not self._live:
            self._live = trainer.live
            self._list_runs(self._live.name if self._live and self._attention.follows() else "")
            self._attention.begin(self._live)
            self._tell_of_another_project()
        if trainer.running and trainer.live is None and self._attention.follows():
            self._show_starting()

    def _show_starting(self) -> None:
        """What the run before has reached gives way: it would be taken for that of the new one."""
        self._stack.setCurrentIndex(1)
        self.result.hide()
        self.runs.unmark()
        self.view.clear()
        self.head.show_starting()

    def _receive(self, message: Message) -> None:
        if self._on_screen():
            self.head.show_message(message)
            self.view.add(message)

    def _finish(self, run: Run | None, ok: bool, sentence: str) -> None:
        here = self._attention.follows()
        self._attention.asked = False
        if here or not ok:
            self.head.bar.hide()
        self._list_runs(run.name if run and here else "")
        if not ok:
            self._say(sentence if here or run is None else f"{title_of(run)}: {sentence}")

    def _leave(self, ok: bool, sentence: str) -> None:
        if ok:
            self.left.emit()
        else:
            self._say(sentence)

    def _on_screen(self) -> bool:
        """Whether what is shown is the run under way (or no run has begun to show yet)."""
        chosen = self.runs.all_chosen()
        return self.trainer.live is None or (len(chosen) == 1 and self._is_live(chosen[0]))

    def _say(self, sentence: str) -> None:
        self.head.say(sentence)
        self._stack.setCurrentIndex(1)

    # Building

    def _connect(self) -> None:
        workspace, trainer = self._workspace, self.trainer
        workspace.projectChanged.connect(self._show_project)
        workspace.patientsChanged.connect(self._show_patients)
        workspace.patientEdited.connect(self._show_patients)
        workspace.modelChanged.connect(self._show_model)
        self.runs.runChosen.connect(self._show_run)
        self.runs.runsChosen.connect(self._compare)
        self.runs.changed.connect(self._list_runs)
        self.form.startRequested.connect(self._start)
        self.form.stopRequested.connect(trainer.stop)
        self.result.adoptRequested.connect(self._adopt)
        self.head.resume.clicked.connect(self._resume)
        trainer.message.connect(self._receive)
        trainer.changed.connect(self._show_trainer)
        trainer.ended.connect(self._finish)
        trainer.left.connect(self._leave)
        self._devices.answered.connect(self.form.device.show_devices)
        self._actions.on("train.start", self, self.form.press)
        self._actions.on("train.stop", self, trainer.stop)
        for name, choice in (("train.resume", self.head.resume), ("train.adopt", self.result.adopt)):
            self._actions.on(name, self, partial(_press_if_shown, choice))

    def _show_model(self) -> None:
        self.form.show_models(_models(self._workspace, self._all_runs()))
        if (run := self.runs.chosen()) is not None:
            _show_result(self.result, run, self._workspace)


class _Attention:
    """Whether the next training takes the place on screen: not while the user looks at other runs.

    ``asked``: the user has just started one, and waits to see it.
    """

    def __init__(self, runs: RunList) -> None:
        self._runs = runs
        self._followed: Run | None = None
        self.asked = False

    def forget(self) -> None:
        """Another project is open."""
        self._followed = None

    def begin(self, run: Run | None) -> None:
        """This run is under way now, or none."""
        self._followed, self.asked = run or self._followed, False

    def follows(self) -> bool:
        """Whether what is marked is what was under way last."""
        chosen = self._runs.all_chosen()
        if self.asked or self._followed is None or not chosen:
            return True
        return len(chosen) == 1 and chosen[0].folder == self._followed.folder


def _lay_out(page: TrainingPage, stack: QStackedWidget) -> Panes:
    """Left the runs and the queue, centre what a run learned, right the form."""
    centre = QWidget()
    column = QVBoxLayout(centre)
    column.setContentsMargins(12, 12, 12, 12)
    column.setSpacing(8)
    column.addWidget(page.head)
    column.addWidget(page.result)
    column.addWidget(page.view, 1)
    stack.addWidget(page.empty)
    stack.addWidget(centre)
    left = QWidget()
    lists = QVBoxLayout(left)
    lists.setContentsMargins(0, 0, 0, 0)
    lists.setSpacing(0)
    lists.addWidget(page.runs, 1)
    lists.addWidget(page.queue)
    left.setMinimumWidth(224)
    page.form.setMinimumWidth(300)
    panes = Panes([left, stack, page.form], [236, 800, 330])
    outer = QVBoxLayout(page)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addWidget(panes)
    return panes


def _press_if_shown(choice: QPushButton) -> None:
    """A key does what its button does, where the button is offered."""
    if choice.isVisible():
        choice.click()


def _show_result(card: ResultCard, run: Run, workspace: Workspace) -> None:
    """What a finished run reached, beside the model in use; nothing of another run."""
    if run.state != "finished" or not run.model:
        card.hide()
        return
    model = workspace.model
    if model is None:
        card.show_run(run, "No model is in use.", "", {})
    else:
        card.show_run(run, f"In use now: {workspace.model_name}.", model.digest, _figures_of(model.folder))


def _models(workspace: Workspace, runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Models to build on, in words and by folder: the one in use, then those that were trained here."""
    model = workspace.model
    found = {str(model.folder): f"{workspace.model_name} (in use)"} if model else {}
    for run in runs:
        if run.model and Path(run.model).is_dir():
            found.setdefault(run.model, title_of(run))
    return [(words, folder) for folder, words in found.items()]


def _figures_of(folder: Path) -> dict[str, float]:
    """What a model's own training reached, as its manifest tells."""
    try:
        figures = checkpoint.read_manifest(folder).get("figures", {})
    except AlnError:
        return {}
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}
