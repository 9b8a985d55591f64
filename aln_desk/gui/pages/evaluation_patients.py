"""The right pane of Evaluate: the patients behind the chosen cell of a confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from aln_desk.gui import theme
from aln_desk.gui.pages.evaluation_figures import Scored
from aln_desk.gui.widgets.labels import label

_HINT = "Choose a cell of a confusion matrix to see its patients. Enter or a double click opens one in Review."
_ROW_HEIGHT = 28


class CellPatients(QWidget):
    """``opened`` carries the id of a patient to show in Review."""

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label(_HINT, "muted", wrap=True)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Patients of the chosen cell")
        self.list.setHeaderLabels(["Patient", "Score", "Verdict"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.itemActivated.connect(lambda entry: self.opened.emit(entry.text(0)))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(4)
        column.addWidget(label("Patients", "heading"))
        column.addWidget(self.title)
        column.addSpacing(4)
        column.addWidget(self.list, 1)
        self.clear()

    def clear(self) -> None:
        """No cell is chosen."""
        self.show_patients(_HINT, ())
        self.list.setHeaderHidden(True)

    def show_patients(self, title: str, patients: Iterable[Scored]) -> None:
        """List these patients under a title."""
        self.title.setText(title)
        self.list.clear()
        self.list.setHeaderHidden(False)
        for patient in patients:
            words = "uncertain" if patient.uncertain else ""
            entry = QTreeWidgetItem(self.list, [patient.patient, f"{patient.score:.3f}", words])
            entry.setForeground(2, QColor(theme.palette().muted))
            entry.setSizeHint(0, QSize(0, _ROW_HEIGHT))
