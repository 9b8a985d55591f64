"""What is seen when nothing is open: recent projects, New, Open, Demonstration."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from aln_desk.gui import tasks
from aln_desk.gui.thumbnails import cover
from aln_desk.gui.widgets.labels import button, label
from aln_desk.settings import RecentProject

_THUMBNAIL = QSize(96, 64)
_FOLDER = Qt.ItemDataRole.UserRole


class WelcomePage(QWidget):
    """Asks by signals; the window answers."""

    title = "Welcome"
    newRequested = Signal()
    openRequested = Signal()
    demonstrationRequested = Signal()
    projectChosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.recent = QListWidget()
        self.recent.setIconSize(_THUMBNAIL)
        self.recent.setAccessibleName("Recent projects")
        self.recent.itemActivated.connect(self._choose)
        self.recent.itemClicked.connect(self._choose)
        self.empty = label("Projects you open are listed here.", "muted")
        self._lay_out()

    def show_recent(self, projects: Iterable[RecentProject]) -> None:
        """List these projects; thumbnails follow when they are read."""
        self.recent.clear()
        for project in projects:
            path = Path(project.path)
            if path.is_dir():
                self._add(path, project.opened)
        self.empty.setVisible(not self.recent.count())
        self.recent.setVisible(bool(self.recent.count()))

    def _add(self, path: Path, opened: str) -> None:
        entry = QListWidgetItem(f"{path.name}\n{path.parent}\nOpened {opened}" if opened else path.name)
        entry.setData(_FOLDER, str(path))
        entry.setSizeHint(QSize(0, 80))
        self.recent.addItem(entry)
        tasks.run(partial(cover, path), partial(self._set_thumbnail, str(path)), None, tasks.Lane.BACKGROUND)

    def _set_thumbnail(self, folder: str, image: QImage | None) -> None:
        for row in range(self.recent.count()):
            entry = self.recent.item(row)
            if image is not None and entry.data(_FOLDER) == folder:
                entry.setIcon(QIcon(QPixmap.fromImage(image)))

    def _choose(self, entry: QListWidgetItem) -> None:
        self.projectChosen.emit(entry.data(_FOLDER))

    def _lay_out(self) -> None:
        new = button("New from a folder…", "main")
        open_ = button("Open…")
        demonstration = button("Demonstration")
        new.clicked.connect(self.newRequested)
        open_.clicked.connect(self.openRequested)
        demonstration.clicked.connect(self.demonstrationRequested)
        buttons = QHBoxLayout()
        for one in (new, open_, demonstration):
            one.setMinimumHeight(36)
            buttons.addWidget(one)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addWidget(label("ALN Desk", "title"))
        column.addLayout(buttons)
        column.addSpacing(8)
        column.addWidget(label("Recent projects", "heading"))
        column.addWidget(self.empty)
        column.addWidget(self.recent, 1)
        column.addStretch(0)
        frame = QWidget()
        frame.setLayout(column)
        frame.setMaximumWidth(640)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(24, 72, 24, 24)
        outer.addStretch(1)
        outer.addWidget(frame, 4)
        outer.addStretch(1)
