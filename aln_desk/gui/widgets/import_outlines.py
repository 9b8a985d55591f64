"""The dialog that takes over outlines of other programs: what, onto what; what it would do; then doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, Stopped
from aln_desk.domain.patient import Instance
from aln_desk.gui import tasks
from aln_desk.gui.file_dialogs import choose_file, choose_folder
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace
from aln_desk.io.formats.importing import AUTO, Change, Mode, Plan, merged, plan
from aln_desk.io.formats.registry import FORMATS

_MODES: tuple[tuple[str, Mode], ...] = (
    ("Leave its outlines as they are", "keep"),
    ("Add to its outlines", "add"),
    ("Replace its outlines, except locked ones", "replace"),
)
_READ_ONLY = "Another window edits this project, so outlines can only be seen here. Close the other one first."
_KINDS = "Outlines (*.json *.xml *.yaml *.yml *.txt *.png);;All files (*)"
_PAUSE_MS = 300
_SLICE = 20
"""Images a turn: the window answers in between."""


class ImportOutlinesDialog(QDialog):
    """Shows what an import would do as soon as something is chosen; each image's outlines can be undone afterwards."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import outlines")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(640)
        self._workspace = workspace
        self._looking: Event | None = None
        self._plan: Plan | None = None
        self._left: Iterator[Change] | None = None
        self._done = 0
        self.source = QLineEdit(placeholderText="File or folder that another program wrote")
        self.file, self.folder = button("File…", tip="Choose a file"), button("Folder…", tip="Choose a folder")
        self.form, self.mode = QComboBox(), QComboBox()
        self.form.addItem("Told from the files", AUTO)
        for key, form in FORMATS.items():
            self.form.addItem(form.name, key)
        for words, value in _MODES:
            self.mode.addItem(words, value)
        self.told = label("", wrap=True)
        self.refused = QPlainTextEdit(readOnly=True)
        self.bar = QProgressBar(textVisible=False)
        self.leave, self.take = button("Cancel"), button("Import", "main")
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._turn = QTimer(self, interval=0)
        self._lay_out()
        self._connect()
        self._show_state()
        if workspace.read_only:
            self.told.setText(_READ_ONLY)
            self.asked.setEnabled(False)

    def look(self) -> None:
        """Find out what importing would do; a look under way is given up."""
        self._give_up()
        path = Path(self.source.text().strip())
        self._looking = Event()
        newest = {name: self._workspace.annotation(name) for name in self._workspace.unsaved}
        bag = [instance for patient in self._workspace.patients for instance in patient.bag]
        work = partial(_look, bag, path, self.form.currentData(), self.mode.currentData(), newest, self._looking)
        tasks.run(work, partial(self._found, self._looking), partial(self._failed, self._looking))
        self.told.setText("Looking at the files…")
        self.bar.setRange(0, 0)
        self._show_state()

    def accept(self) -> None:
        """Import what was found, in slices; the dialog stays to tell how that goes."""
        if self._plan is None or not self.take.isEnabled():
            return
        self._left, self._done = iter(self._plan.changes), 0
        self.bar.setRange(0, len(self._plan.changes))
        self._turn.start()
        self._show_state()

    def reject(self) -> None:
        """Stop what runs, and stay; else close."""
        if self._left is not None:
            self._end("Stopped.")
        else:
            self._give_up()
            super().reject()

    def _take_some(self) -> None:
        changes = list(islice(self._left or (), _SLICE))
        for change in changes:
            name = change.instance.id
            try:
                now = self._workspace.annotation(name)
                self._workspace.edit(name, merged(now, change), "Import outlines")
                self._done += 1
            except AlnError as error:
                self.refused.appendPlainText(str(error))
        self.bar.setValue(self._done)
        if len(changes) < _SLICE:
            self._end("")

    def _end(self, first: str) -> None:
        self._turn.stop()
        self._left, self._plan = None, None
        images = f"{self._done} image{'s' if self._done != 1 else ''}"
        self.told.setText(f"{first} Outlines of {images} were imported. Undo takes them back, image by image.".strip())
        self.leave.setText("Close")
        self._show_state()
        self.leave.setFocus()

    def _found(self, asked: Event, found: Plan) -> None:
        if asked is not self._looking:
            return
        self._looking, self._plan = None, found
        self.told.setText(_summary(found))
        self.refused.setPlainText("\n".join(found.refused))
        self._show_state()

    def _failed(self, asked: Event, error: Exception) -> None:
        if asked is not self._looking or isinstance(error, Stopped):
            return
        self._looking = None
        self.told.setText(str(error) if isinstance(error, AlnError) else "")
        self._show_state()
        if not isinstance(error, AlnError):
            raise error

    def _changed(self) -> None:
        self._give_up()
        self.told.setText("")
        self.refused.clear()
        self.leave.setText("Cancel")
        self._show_state()
        if self.source.text().strip():
            self._pause.start()

    def _give_up(self) -> None:
        self._pause.stop()
        if self._looking is not None:
            self._looking.set()
        self._looking = self._plan = None

    def _show_state(self) -> None:
        taking = self._left is not None
        self.asked.setEnabled(not taking and not self._workspace.read_only)
        self.take.setEnabled(not taking and self._plan is not None and bool(self._plan.changes))
        self.bar.setVisible(taking or self._looking is not None)
        self.refused.setVisible(bool(self.refused.toPlainText()))
        if taking:
            self.leave.setText("Stop")

    def _choose(self, ask: Callable[[], Path | None]) -> None:
        if (chosen := ask()) is not None:
            self.source.setText(str(chosen))

    def _connect(self) -> None:
        self.source.textChanged.connect(self._changed)
        self.form.currentIndexChanged.connect(self._changed)
        self.mode.currentIndexChanged.connect(self._changed)
        title = "Import outlines from"
        self.file.clicked.connect(lambda: self._choose(lambda: choose_file(self, title, _KINDS)))
        self.folder.clicked.connect(lambda: self._choose(lambda: choose_folder(self, title, self.source.text())))
        self.leave.clicked.connect(self.reject)
        self.take.clicked.connect(self.accept)
        self._pause.timeout.connect(self.look)
        self._turn.timeout.connect(self._take_some)

    def _lay_out(self) -> None:
        source = QHBoxLayout()
        source.addWidget(self.source, 1)
        source.addWidget(self.file)
        source.addWidget(self.folder)
        self.asked = QWidget()
        form = QFormLayout(self.asked)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(8)
        self.source.setAccessibleName("File or folder")
        form.addRow("From", source)
        for words, field in (("Format", self.form), ("An image with outlines", self.mode)):
            field.setAccessibleName(words)
            form.addRow(words, field)
        self.refused.setAccessibleName("What cannot be imported, and why")
        self.refused.setFixedHeight(120)
        self.bar.setAccessibleName("Progress of the import")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for one in (self.file, self.folder, self.leave, self.take):
            one.setAutoDefault(one is self.take)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        for widget in (self.asked, self.told, self.bar, self.refused):
            column.addWidget(widget)
        column.addLayout(buttons)


def _look(
    bag: list[Instance], path: Path, form: str, mode: Mode, newest: Mapping[str, Annotation], stop: Event
) -> Plan:
    return plan(bag, path, form, mode, newest, should_stop=stop.is_set)


def _summary(found: Plan) -> str:
    """What the import would do, in a few sentences."""
    changed, name = len(found.changes), FORMATS[found.form].name
    parts = [f"{name}: {_images(changed)} would get {found.outlines} outline{'s' if found.outlines != 1 else ''}."]
    if not changed:
        parts = [f"{name}: there is nothing new to import."]
    if found.replaced:
        parts.append(f"{_images(found.replaced)} would lose older ones.")
    if found.same:
        parts.append(f"{_images(found.same)} {'has' if found.same == 1 else 'have'} them already.")
    if found.refused:
        parts.append(f"{len(found.refused)} cannot be imported:")
    return " ".join(parts)


def _images(count: int) -> str:
    return f"{count} image{'s' if count != 1 else ''}"
