"""The box that keeps the patients who fit, and what is said when nobody does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QVBoxLayout, QWidget

from aln_desk.gui.query import HELP, HINT, complaint
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace


class QueryLine(QLineEdit):
    """What is typed here is meant for one project; another one begins with all of its patients."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent, clearButtonEnabled=True)
        self.setToolTip(HELP)
        self.setAccessibleName("Search patients")
        self._workspace = workspace
        self._folder = ""
        workspace.projectChanged.connect(self._follow)
        self._follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The hint ends in an ellipsis where there is no room for all of it."""
        super().resizeEvent(event)
        room = self.contentsRect().width() - 4 * self.fontMetrics().horizontalAdvance("x")
        self.setPlaceholderText(self.fontMetrics().elidedText(HINT, Qt.TextElideMode.ElideRight, room))

    def save_state(self) -> dict[str, object]:
        """The text and the project it is meant for."""
        return {"text": self.text(), "project": self._folder}

    def restore_state(self, state: object) -> None:
        """Take a saved state back, unless it is another project's or none at all."""
        match state:
            case {"text": str(text), "project": str(project)} if project == self._folder:
                self.setText(text)

    def _follow(self) -> None:
        project = self._workspace.project
        if project is not None and str(project.folder) != self._folder:
            self._folder = str(project.folder)
            self.clear()


class NoMatch(QWidget):
    """Lies in an empty list, says why it is empty and offers the way back."""

    def __init__(self, query: QueryLine, view: QAbstractItemView) -> None:
        super().__init__(view.viewport())
        self._query = query
        self.words = label("", "muted", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.clear = button("Clear", tip="Show all patients again")
        self.clear.clicked.connect(query.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 24, 16, 16)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignHCenter)
        around = QVBoxLayout(view.viewport())
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def tell(self, shown: int, total: int) -> None:
        """``shown`` of ``total`` patients are listed."""
        self.words.setText("\n".join(filter(None, ("No patient matches.", complaint(self._query.text())))))
        self.setVisible(total > 0 and shown == 0)
