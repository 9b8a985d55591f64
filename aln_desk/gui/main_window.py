"""The window: header, one page a mode, status bar. It decides what is shown, the pages show it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from aln_desk.domain.errors import AlnError
from aln_desk.gui import dialogs, tasks, theme
from aln_desk.gui import page as mode_page
from aln_desk.gui.actions import MODES, Actions
from aln_desk.gui.engine_process import EngineProcess
from aln_desk.gui.memory import Memory
from aln_desk.gui.opening import Opening
from aln_desk.gui.pages.welcome import WelcomePage
from aln_desk.gui.reading import Reading
from aln_desk.gui.thumbnails import keep_cover
from aln_desk.gui.widgets.about import AboutDialog
from aln_desk.gui.widgets.header import Header
from aln_desk.gui.widgets.info_bar import InfoBar
from aln_desk.gui.widgets.key_sheet import KeySheet
from aln_desk.gui.widgets.panes import fold
from aln_desk.gui.widgets.progress import ProgressPage
from aln_desk.gui.widgets.project_menu import ProjectMenu
from aln_desk.gui.widgets.save_trouble import SaveTrouble
from aln_desk.gui.widgets.status import StatusLine
from aln_desk.gui.workspace import Workspace
from aln_desk.io.runs import empty_trash
from aln_desk.settings import Settings

if TYPE_CHECKING:
    from aln_desk.gui.pages.annotate import AnnotatePage
    from aln_desk.gui.pages.training import TrainingPage


REMEMBER_MS = 2000
"""A window that is killed opens again where it was at most this long before."""


class MainWindow(QMainWindow):
    """One window for one project. Its parts are public: tests and pages reach them by name."""

    def __init__(self, remembered: Settings, engine: EngineProcess | None = None) -> None:
        super().__init__()
        self.setWindowTitle("ALN Desk")
        self.memory = Memory(remembered, self)
        self.workspace = Workspace(self)
        self.actions_ = Actions(self, remembered.keys)
        self.reading = Reading(self.workspace, engine or EngineProcess(self), self)
        self.opening = Opening(self)
        self.pages: dict[str, mode_page.Page] = {}
        self.mode = "welcome"
        self._place_changed = QTimer(self, singleShot=True, interval=REMEMBER_MS)
        self._place_changed.timeout.connect(self._remember_project)
        self._build()
        self._connect_workspace()
        self._connect_opening()
        self._connect_actions()
        self._restore_geometry()
        self.show_welcome()

    # What is shown

    def open_project(self, folder: Path) -> None:
        """Open a project where it was left; a folder that cannot be opened is said so and changes nothing."""
        self._remember_project()
        try:
            self.workspace.open(folder)
        except AlnError as error:
            self.info.say(str(error), "error")
            if self.workspace.project is None:
                self.show_welcome()
            return
        folder = folder.resolve()
        self.memory.keep_opened(folder)
        state = self.memory.settings.project_state(folder)
        if self.workspace.find_patient(str(state.get("patient"))) is not None:
            self.workspace.select_patient(str(state["patient"]), str(state.get("instance")))
        mode = str(state.get("mode", ""))
        self.show_mode(mode if mode in MODES else "review")

    def show_mode(self, mode: str) -> None:
        """Show one of the five pages, made when it is first shown."""
        if self.workspace.project is None:
            return
        if mode not in self.pages:
            self._add_page(mode)
        self._show(mode, self.pages[mode])

    def show_patient(self, name: str) -> None:
        """Show a patient in Review."""
        self.workspace.select_patient(name)
        self.show_mode("review")

    def show_welcome(self) -> None:
        """Show the recent projects."""
        self.welcome.show_recent(self.memory.settings.recent)
        self._show("welcome", self.welcome)

    def show_error(self, text: str, details: str) -> None:
        """Where unexpected errors are told, without blocking."""
        self.info.say(text, "error", details)

    def close_project(self) -> bool:
        """Save and close the project; False when the user stays with unsaved outlines."""
        self._remember_project()
        if not self.workspace.close():
            if not dialogs.give_up_unsaved(self, len(self.workspace.unsaved), self.workspace.close):
                return False
            self.workspace.discard()
        self.show_welcome()
        return True

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep everything, end the children, then close; a running training is asked about first."""
        self._remember_window()  # while the pages still show what they are left with
        training = cast("TrainingPage | None", self.pages.get("train"))
        if (training is not None and not training.may_close()) or not self.close_project():
            event.ignore()
            return
        self.opening.cancel()
        self.reading.shut_down()
        annotate = cast("AnnotatePage | None", self.pages.get("annotate"))
        if annotate is not None:
            annotate.shut_down()
        for page in self.pages.values():
            page.close()
        tasks.wait_all()
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        """Back from another program: it may have changed what is on screen."""
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.workspace.look_again()
        super().changeEvent(event)

    # Building

    def _build(self) -> None:
        self.header = Header(self.actions_)
        self.project_menu = ProjectMenu(self.memory, self.actions_, self.header)
        self.header.project.setMenu(self.project_menu)
        self.info = InfoBar()
        self.trouble = SaveTrouble(self.workspace)
        self.stack = QStackedWidget()
        self.welcome = WelcomePage()
        self.progress = ProgressPage()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(self.progress)
        self.status = StatusLine(self.actions_)
        self.setStatusBar(self.status)
        self.actions_.fill_menus(self.menuBar())
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        self.info.float_over(self.stack)
        self.trouble.float_over(self.stack)
        column.addWidget(self.stack, 1)
        self.setCentralWidget(centre)

    def _connect_workspace(self) -> None:
        workspace, reading = self.workspace, self.reading
        workspace.projectChanged.connect(self._show_project)
        workspace.modelChanged.connect(self._show_model)
        workspace.saveStateChanged.connect(self.status.set_saved)
        workspace.instanceSelected.connect(lambda _: self._place_changed.start())
        self.memory.failed.connect(lambda text: self.info.say(text, "warning"))
        workspace.warned.connect(lambda text: self.info.say(text, "warning"))
        reading.progressed.connect(self.status.progress.tell)
        reading.busyChanged.connect(self._show_busy)
        reading.deviceKnown.connect(self.header.set_device)
        reading.failed.connect(lambda text: self.info.say(text, "error"))
        reading.noted.connect(lambda text: self.info.say(text, "warning"))
        self.status.progress.cancelled.connect(reading.cancel)
        self.header.modeChosen.connect(self.show_mode)
        self.project_menu.chosen.connect(self.open_project)

    def _connect_opening(self) -> None:
        opening, welcome = self.opening, self.welcome
        welcome.newRequested.connect(self._ask_new)
        welcome.openRequested.connect(self._ask_open)
        welcome.demonstrationRequested.connect(lambda: opening.demonstrate())
        welcome.projectChosen.connect(lambda folder: self.open_project(Path(folder)))
        opening.began.connect(self._show_progress)
        opening.progressed.connect(self.progress.tell)
        opening.ready.connect(self.open_project)
        opening.failed.connect(self._opening_failed)
        opening.stopped.connect(self._back)
        self.progress.cancelled.connect(opening.cancel)

    def _connect_actions(self) -> None:
        answers: dict[str, Callable[[], object]] = {
            "project.new": self._ask_new,
            "project.open": self._ask_open,
            "project.demonstration": self.opening.demonstrate,
            "project.close": self.close_project,
            "outlines.export": self._export_outlines,
            "outlines.import": self._import_outlines,
            "window.quit": self.close,
            "edit.undo": self.workspace.undo,
            "edit.redo": self.workspace.redo,
            "edit.redo_too": self.workspace.redo,
            "edit.save": self.workspace.flush,
            "panel.left": lambda: fold(self.stack.currentWidget(), 0),
            "panel.right": lambda: fold(self.stack.currentWidget(), -1),
            "review.read": self.reading.start,
            "model.embedded": self._use_embedded_model,
            "theme.light": self._switch_theme,
            "window.full": lambda: self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen),
            "help.keys": lambda: KeySheet(self.actions_, self).open(),
            "help.about": lambda: AboutDialog(self.workspace.model_name, self).open(),
            **{f"mode.{mode}": partial(self.show_mode, mode) for mode in MODES},
        }
        for name, answer in answers.items():
            self.actions_.on(name, self, answer)
        self.actions_["theme.light"].setChecked(self.memory.settings.theme == "light")
        self.actions_.keysChanged.connect(lambda: self.memory.keep_keys(self.actions_.keys()))
        self.status.keys.clicked.connect(self.actions_["help.keys"].trigger)

    # Answers

    def _add_page(self, mode: str) -> None:
        page = mode_page.make(mode, self.workspace, self.actions_, self.show_patient, self.memory)
        if mode == "train":
            training = cast("TrainingPage", page)
            training.leaving.connect(lambda text: self.info.say(text, "info"))
            training.left.connect(self.close)
        page.restore_state(dict(self.memory.settings.window.panels.get(mode, {})))
        self.pages[mode] = page
        self.stack.addWidget(page)

    def _show(self, mode: str, page: QWidget) -> None:
        self.mode = mode
        self.stack.setCurrentWidget(page)
        self.header.set_mode(mode)
        self.actions_.set_mode(mode)
        page.setFocus()
        self._place_changed.start()

    def _show_project(self) -> None:
        project = self.workspace.project
        self.header.set_project(project.name if project else "")
        self.setWindowTitle(f"{project.name} - ALN Desk" if project else "ALN Desk")
        self.info.hide()
        self.status.set_saved("")
        self._show_model()
        first = next((one for patient in self.workspace.patients for one in patient.bag), None)
        if project:
            tasks.run(partial(empty_trash, project.runs), lane=tasks.Lane.BACKGROUND)
        if project and first:
            tasks.run(partial(keep_cover, first.image, project.cache), lane=tasks.Lane.BACKGROUND)

    def _show_busy(self, busy: bool) -> None:
        self.actions_.hold("review.read", busy)
        if not busy:
            self.status.progress.hide()

    def _show_model(self) -> None:
        model = self.workspace.model
        self.header.set_model(self.workspace.model_name if model else "", model.digest if model else "")

    def _show_progress(self, title: str, text: str) -> None:
        self.progress.begin(title, text)
        self._show("busy", self.progress)

    def _back(self) -> None:
        """Back to the project, or to the welcome page, after something was stopped."""
        if self.workspace.project is None:
            self.show_welcome()
        else:
            self.show_mode(str(self.memory.settings.project_state(self.workspace.project.folder).get("mode", "review")))

    def _opening_failed(self, text: str) -> None:
        self._back()
        self.info.say(text, "error")

    def _ask_open(self) -> None:
        if (folder := dialogs.ask_project(self)) is not None:
            self.open_project(folder)

    def _ask_new(self) -> None:
        if (wish := dialogs.ask_new_project(self)) is not None:
            self._remember_project()
            self.opening.create(wish)

    def _export_outlines(self) -> None:
        from aln_desk.gui.widgets.export_outlines import ExportOutlinesDialog

        ExportOutlinesDialog(self.workspace, self).open()

    def _import_outlines(self) -> None:
        from aln_desk.gui.widgets.import_outlines import ImportOutlinesDialog

        ImportOutlinesDialog(self.workspace, self).open()

    def _use_embedded_model(self) -> None:
        if self.workspace.project is not None:
            self.workspace.adopt_embedded()
            self.reading.start()

    def _switch_theme(self) -> None:
        name: theme.ThemeName = "light" if self.actions_["theme.light"].isChecked() else "reading"
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, name)
        self.memory.keep_theme(name)

    # State that outlives the window

    def _restore_geometry(self) -> None:
        kept = QByteArray.fromBase64(self.memory.settings.window.geometry.encode())
        if kept.isEmpty() or not self.restoreGeometry(kept):
            self.resize(1366, 768)

    def _remember_project(self) -> None:
        workspace = self.workspace
        if workspace.project is None:
            return
        state = {
            "mode": self.mode if self.mode in MODES else "review",
            "patient": workspace.patient.id if workspace.patient else "",
            "instance": workspace.instance.id if workspace.instance else "",
        }
        self.memory.keep_project(workspace.project.folder, state)

    def _remember_window(self) -> None:
        geometry = self.saveGeometry().toBase64().toStdString()
        self.memory.keep_window(geometry, {mode: page.save_state() for mode, page in self.pages.items()})
