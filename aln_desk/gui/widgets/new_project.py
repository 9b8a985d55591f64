"""The dialog for a new project: which images, where the project lies, where outlines are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from aln_desk.gui.file_dialogs import choose_folder
from aln_desk.gui.widgets.labels import button, label
from aln_desk.io.project import DATABASE

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
    """Accepted only when both folders will do; ``wish`` then says what was asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project from a folder")
        self.setMinimumWidth(600)
        self.source = QLineEdit(placeholderText="Folder that holds the images")
        self.folder = QLineEdit(placeholderText="A new folder for the project")
        self.source_refused, self.folder_refused = label("", "error", wrap=True), label("", "error", wrap=True)
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
        source, folder = (Path(field.text().strip()) for field in (self.source, self.folder))
        return NewProject(source, folder, self.place.currentData())

    def accept(self) -> None:
        """Stay open, and say why beside the field, while a folder will not do."""
        wish = self.wish()
        told = [
            _tell(self.source_refused, _source_refusal(wish.source)),
            _tell(self.folder_refused, _folder_refusal(wish.folder)),
        ]
        if not any(told):
            super().accept()

    def _suggest(self, source: str) -> None:
        """Until a project folder is typed, propose one beside the images' folder."""
        if source and not self.folder.isModified():
            path = Path(source)
            self.folder.setText(str(path.parent / f"{path.name} project"))
        self._check()

    def _check(self) -> None:
        for refused in (self.source_refused, self.folder_refused):
            refused.hide()
        self.make.setEnabled(bool(self.source.text().strip() and self.folder.text().strip()))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        fields = (("Images", self.source), ("Project", self.folder), ("Outlines are kept", self.place))
        for row, (words, field) in zip((0, 2, 4), fields, strict=True):
            caption = label(words, "muted")
            caption.setBuddy(field)
            field.setAccessibleName(words)
            grid.addWidget(caption, row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self.source_refused, 1, 1, 1, 2)
        grid.addWidget(self.folder_refused, 3, 1, 1, 2)
        for row, words, field in ((0, "images", self.source), (2, "project", self.folder)):
            choose = button("Choose…", tip=f"Choose: {words}")
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
        chosen = choose_folder(self, "Choose a folder", field.text())
        if chosen is not None:
            field.setText(str(chosen))


def _tell(place: QLabel, refusal: str) -> bool:
    place.setText(refusal)
    place.setVisible(bool(refusal))
    return bool(refusal)


def _source_refusal(folder: Path) -> str:
    return "" if folder.is_dir() else "This folder does not exist; choose the one that holds the images."


def _folder_refusal(folder: Path) -> str:
    if (folder / DATABASE).exists():
        return "A project lies here already; open it, or choose another folder."
    return "This is a file; choose a folder." if folder.is_file() else ""
