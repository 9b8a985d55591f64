"""The dialog for a new project: which images, where the project lies, where outlines are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from aln_desk.gui.widgets.labels import button, label

AnnotationPlace = Literal["beside", "project"]

_PLACES: tuple[tuple[str, AnnotationPlace | None], ...] = (
    ("Beside the images if possible, else in the project", None),
    ("Beside the images", "beside"),
    ("In the project", "project"),
)


@dataclass(frozen=True, slots=True)
class NewProject:
    """What the user asked for; ``annotations`` None leaves the place to the folder's permissions."""

    source: Path
    folder: Path
    annotations: AnnotationPlace | None


class NewProjectDialog(QDialog):
    """Accepted only when both folders are named; ``wish`` then says what was asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project from a folder")
        self.setMinimumWidth(600)
        self.source = QLineEdit(placeholderText="Folder that holds the images")
        self.folder = QLineEdit(placeholderText="A new folder for the project")
        self.place = QComboBox()
        for words, value in _PLACES:
            self.place.addItem(words, value)
        self.make = button("Create", "main")
        self.make.setDefault(True)
        self.source.textChanged.connect(self._suggest)
        self.folder.textChanged.connect(self._check)
        self._lay_out()
        self._check()

    def wish(self) -> NewProject:
        """What was asked for."""
        return NewProject(Path(self.source.text()), Path(self.folder.text()), self.place.currentData())

    def _suggest(self, source: str) -> None:
        """Until a project folder is typed, propose one beside the images' folder."""
        if source and not self.folder.isModified():
            path = Path(source)
            self.folder.setText(str(path.parent / f"{path.name} project"))
        self._check()

    def _check(self) -> None:
        self.make.setEnabled(bool(self.source.text().strip() and self.folder.text().strip()))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        rows = (("Images", self.source), ("Project", self.folder), ("Outlines are kept", self.place))
        for row, (words, field) in enumerate(rows):
            caption = label(words, "muted")
            caption.setBuddy(field)
            field.setAccessibleName(words)
            grid.addWidget(caption, row, 0)
            grid.addWidget(field, row, 1)
        for row, field in enumerate((self.source, self.folder)):
            choose = button("Choose…", tip=f"Choose: {rows[row][0].lower()}")
            choose.setAutoDefault(False)
            choose.clicked.connect(lambda _=False, field=field: self._choose(field))
            grid.addWidget(choose, row, 2)
        cancel = button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.make.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.make)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addWidget(
            label(
                "One patient an image, one sub-folder a patient, or as a CSV in the folder says"
                " (columns file, patient, view, outcome, admission_date, cohort). The images are never changed.",
                "muted",
                wrap=True,
            )
        )
        column.addLayout(grid)
        column.addLayout(buttons)

    def _choose(self, field: QLineEdit) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Choose a folder", field.text())
        if chosen:
            field.setText(chosen)
