"""The dialog that writes outlines for other programs: which, in what form, where; then how far it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.errors import AlnError, Stopped
from aln_desk.gui import tasks
from aln_desk.gui.file_dialogs import choose_folder
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace
from aln_desk.io.formats.export import Exported, Wish, export_outlines
from aln_desk.io.formats.registry import FORMATS, form_of
from aln_desk.io.project import Project

_SOURCES = (("Drawn by readers", "drawn"), ("Found by the model", "model"))
_NAMES = "File names and folders tell patients' ids; copies of images show whatever is written on them."
_STEPS = 200


class ExportOutlinesDialog(QDialog):
    """Asks, then writes in the background with a bar and Stop, then says what was written and opens its folder."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export outlines")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(600)
        self._workspace = workspace
        self._stop: Event | None = None
        self._written = False
        self.form, self.source = QComboBox(), QComboBox()
        for key, form in FORMATS.items():
            self.form.addItem(form.name, key)
        for words, value in _SOURCES:
            self.source.addItem(words, value)
        self.holds = label("", "muted", wrap=True)
        self.cohorts = QListWidget()
        self.only_done = QCheckBox("Only images that are done")
        self.with_images = QCheckBox("Copy the images too")
        self.folder = QLineEdit(placeholderText="Folder for the files")
        self.choose = button("Choose…", tip="Choose: folder for the files")
        self.told = label("", wrap=True)
        self.refused = label("", "error", wrap=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Progress of the export")
        self.open_folder, self.leave, self.write = button("Open the folder"), button("Cancel"), button("Export", "main")
        self._lay_out()
        self._connect()
        self._show_form()
        self._show_state()

    @property
    def running(self) -> bool:
        """Whether files are being written."""
        return self._stop is not None

    def wish(self) -> Wish:
        """What is asked for, with the outlines that are not on the disk yet."""
        rows = [self.cohorts.item(row) for row in range(self.cohorts.count())]
        ticked = [row.text() for row in rows if row.checkState() == Qt.CheckState.Checked]
        return Wish(
            form=str(self.form.currentData()),
            source=self.source.currentData(),
            out=Path(self.folder.text().strip()),
            cohorts=ticked if len(ticked) < len(rows) else (),
            only_done=self.only_done.isChecked(),
            with_images=self.with_images.isEnabled() and self.with_images.isChecked(),
            newest={name: self._workspace.annotation(name) for name in self._workspace.unsaved},
        )

    def accept(self) -> None:
        """Write the files; the dialog stays to tell how that goes."""
        project = self._workspace.project
        if self.running or project is None or not self.write.isEnabled():
            return
        try:
            wish = self.wish()
        except AlnError as error:
            self._end(refused=str(error))
            return
        self._stop, self._written = Event(), False
        work = partial(_export, project.folder, wish, self._progress, self._stop)
        tasks.run(work, partial(self._wrote, wish), self._failed)
        self._progressed(0, 0)
        self._show_state()

    def reject(self) -> None:
        """Stop what runs, and stay; else close."""
        if self._stop is None:
            super().reject()
            return
        self._stop.set()
        self.told.setText("Stopping…")

    def _progress(self, done: int, total: int) -> None:
        """Called on the worker."""
        if done % max(1, total // _STEPS) == 0 or done == total:
            tasks.post(self._progressed, done, total)

    def _progressed(self, done: int, total: int) -> None:
        if self._stop is None or self._stop.is_set():
            return
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.told.setText(f"Image {done} of {total}" if total else "Looking at the project")

    def _wrote(self, wish: Wish, done: Exported) -> None:
        self._written = True
        self._end(told=_summary(wish, done))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Stopped):
            self._end(told=str(error))
        elif isinstance(error, AlnError):
            self._end(refused=str(error))
        else:
            self._end()
            raise error

    def _end(self, told: str = "", refused: str = "") -> None:
        self._stop = None
        self.told.setText(told)
        self.refused.setText(refused)
        self._show_state()

    def _changed(self) -> None:
        """What was told of the last export does not belong to another wish."""
        self._written = False
        self.told.setText("")
        self.refused.setText("")
        self._show_state()

    def _show_form(self) -> None:
        form = form_of(str(self.form.currentData()))
        self.holds.setText(form.holds)
        self.with_images.setEnabled(form.images is not None)
        project = self._workspace.project
        if project is not None and not self.folder.isModified():  # until a folder is typed, one beside the project
            self.folder.setText(str(project.folder.parent / f"{project.name} {form.key}"))
        self._changed()

    def _show_state(self) -> None:
        rows = [self.cohorts.item(row) for row in range(self.cohorts.count())]
        some = any(row.checkState() == Qt.CheckState.Checked for row in rows)
        self.asked.setEnabled(not self.running)
        self.write.setEnabled(not self.running and some and bool(self.folder.text().strip()))
        self.write.setVisible(not self._written)
        self.open_folder.setVisible(self._written)
        self.leave.setText("Stop" if self.running else "Close" if self._written else "Cancel")
        self.bar.setVisible(self.running)
        self.told.setVisible(bool(self.told.text()))
        self.refused.setVisible(bool(self.refused.text()))
        if self._written:
            self.open_folder.setFocus()

    def _choose(self) -> None:
        if (chosen := choose_folder(self, "Export outlines to", self.folder.text())) is not None:
            self.folder.setText(str(chosen))
            self.folder.setModified(True)

    def _connect(self) -> None:
        self.form.currentIndexChanged.connect(self._show_form)
        self.folder.textChanged.connect(self._changed)
        self.cohorts.itemChanged.connect(self._changed)
        self.source.currentIndexChanged.connect(self._changed)
        self.only_done.toggled.connect(self._changed)
        self.with_images.toggled.connect(self._changed)
        self.choose.clicked.connect(self._choose)
        self.leave.clicked.connect(self.reject)
        self.write.clicked.connect(self.accept)
        self.open_folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder.text().strip()))
        )

    def _lay_out(self) -> None:
        for made in self._workspace.project.cohorts() if self._workspace.project else ():
            row = QListWidgetItem(made.name, self.cohorts)
            row.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            row.setCheckState(Qt.CheckState.Checked)
        self.cohorts.setFixedHeight(10 + 24 * min(max(self.cohorts.count(), 1), 4))
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.choose)
        self.asked = QWidget()
        form = QFormLayout(self.asked)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(8)
        for words, field in (("Format", self.form), ("Outlines", self.source), ("Cohorts", self.cohorts)):
            field.setAccessibleName(words)
            form.addRow(words, field)
            if field is self.form:
                form.addRow("", self.holds)
        form.addRow("", self.only_done)
        form.addRow("", self.with_images)
        self.folder.setAccessibleName("Folder")
        form.addRow("Folder", folder)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for one in (self.open_folder, self.leave, self.write):
            one.setAutoDefault(one is self.write)
            buttons.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        for widget in (self.asked, label(_NAMES, "muted", wrap=True), self.told, self.bar, self.refused):
            column.addWidget(widget)
        column.addLayout(buttons)


def _export(folder: Path, wish: Wish, progress: Callable[[int, int], None], stop: Event) -> Exported:
    """On the worker, which needs a project object of its own."""
    with Project.open(folder) as project:
        return export_outlines(project, wish, progress, stop.is_set)


def _summary(wish: Wish, done: Exported) -> str:
    images = f"{done.images} image{'s' if done.images != 1 else ''}"
    parts = [f"The outlines of {images} were written to {wish.out}."]
    if done.without:
        parts.append(f"{done.without} other images have none." if done.without > 1 else "One other image has none.")
    if done.lost:
        lost = f"{done.lost} outlines were" if done.lost > 1 else "One outline was"
        parts.append(f"{lost} left out, since {form_of(wish.form).name} cannot hold them.")
    return " ".join(parts)
