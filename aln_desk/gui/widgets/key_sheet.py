"""All keys on one sheet (F1): searchable, and every key can be changed where it stands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.gui.actions import GESTURES, Actions
from aln_desk.gui.widgets.labels import button, label

_WHERE = {
    "window": "Everywhere",
    "project": "In a project",
    "image": "Annotate, Review",
    "bag": "Patients, Annotate, Review",
}


class KeySheet(QDialog):
    """A table of every action and its key. `Actions.keysChanged` tells whoever stores them."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.resize(760, 640)
        self._actions = actions
        self.search = QLineEdit(placeholderText="Search keys and actions", clearButtonEnabled=True)
        self.search.setAccessibleName("Search keys and actions")
        self.search.textChanged.connect(self._filter)
        self.table = QTableWidget(0, 3)
        self._cells: list[list[QTableWidgetItem]] = []
        self.edit = QKeySequenceEdit(maximumSequenceLength=1)
        self.edit.setAccessibleName("New key")
        self.notice = label("Choose a row, press its new key, then Set.", "muted", wrap=True)
        self._fill()
        self._lay_out()

    def chosen(self) -> str:
        """Id of the action whose row is current, empty when none is or when its key cannot be changed."""
        current = self.table.item(self.table.currentRow(), 0)
        return str(current.data(Qt.ItemDataRole.UserRole)) if current else ""

    def bind(self, key: str) -> bool:
        """Give the chosen action this key; False, with the reason in `notice`, when another one has it."""
        name = self.chosen()
        if not name:
            self.notice.setText("Choose an action in the list first; what is marked as fixed cannot be changed.")
            return False
        if other := self._actions.conflict(name, key):
            self.notice.setText(f"{key} is already the key of “{self._actions[other].text()}”; change that one first.")
            return False
        self._actions.bind(name, key)
        self._cells[self.table.currentRow()][2].setText(self._actions.key(name))
        self.notice.setText(f"“{self._actions[name].text()}” now answers to {key or 'no key'}.")
        return True

    def _set(self) -> None:
        self.bind(self.edit.keySequence().toString())

    def _reset(self) -> None:
        if name := self.chosen():
            self.bind(QKeySequence(self._actions.specs[name].key).toString())

    def _filter(self, text: str) -> None:
        wanted = text.casefold().strip()
        for row in range(self.table.rowCount()):
            words = " ".join(cell.text() for cell in self._cells[row]).casefold()
            self.table.setRowHidden(row, wanted not in words)

    def _fill(self) -> None:
        self.table.setHorizontalHeaderLabels(["Action", "Where", "Key"])
        for name, spec in self._actions.specs.items():
            where = _WHERE.get(spec.scope, spec.scope.capitalize())
            self._add_row((spec.text.rstrip("…"), where, self._actions.key(name)), name)
        for gesture in GESTURES:
            self._add_row((gesture.text, gesture.where, gesture.how))

    def _add_row(self, texts: tuple[str, str, str], name: str = "") -> None:
        """A row without the ``name`` of an action can be read and found, not chosen."""
        row = self.table.rowCount()
        self.table.insertRow(row)
        self._cells.append([QTableWidgetItem(text) for text in texts])
        for column, cell in enumerate(self._cells[row]):
            cell.setData(Qt.ItemDataRole.UserRole, name)
            if not name:
                cell.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.table.setItem(row, column, cell)

    def _lay_out(self) -> None:
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setColumnWidth(1, 180)
        self.table.setColumnWidth(2, 260)
        self.table.setAccessibleName("Actions and their keys")
        set_key, clear, reset, close = (button(text) for text in ("Set", "No key", "Default", "Close"))
        set_key.setProperty("role", "main")
        set_key.clicked.connect(self._set)
        clear.clicked.connect(lambda: self.bind(""))
        reset.clicked.connect(self._reset)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        for widget in (self.edit, set_key, clear, reset):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        for part in (self.search, self.table, self.notice):
            column.addWidget(part)
        column.addLayout(row)
