"""The shapes of one image as a table: label, kind, and the eye, lock and bin of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from aln_desk.domain.shape import Shape
from aln_desk.gui import icons, theme
from aln_desk.gui.widgets import marks

LABEL, KIND, EYE, LOCK, BIN = range(5)
_ICON_ROOM = 30

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ShapeModel(QAbstractTableModel):
    """One row a shape, in the file's order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shapes: tuple[Shape, ...] = ()
        self.hidden: frozenset[int] = frozenset()

    def tell(self, shapes: tuple[Shape, ...], hidden: frozenset[int]) -> bool:
        """Show these shapes; True when rows came or went."""
        if len(shapes) != len(self.shapes):
            self.beginResetModel()
            self.shapes, self.hidden = shapes, hidden
            self.endResetModel()
            return True
        self.shapes, self.hidden = shapes, hidden
        if shapes:
            self.dataChanged.emit(self.index(0, 0), self.index(len(shapes) - 1, BIN))
        return False

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.shapes)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else BIN + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        shape, column = self.shapes[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return shape.label if column == LABEL else None
        if role == Qt.ItemDataRole.DecorationRole:
            return marks.dot(theme.drawn_colour(shape.label)) if column == LABEL else self._icon(index.row(), column)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row(), column)
        if role == Qt.ItemDataRole.ForegroundRole and index.row() in self.hidden:
            return QColor(theme.palette().muted)
        return None

    def _words(self, row: int, column: int) -> str:
        shape = self.shapes[row]
        return (
            shape.description or shape.label,
            f"{shape.shape_type.replace('_', ' ')}, {len(shape.points)} points",
            "Show" if row in self.hidden else "Hide",
            "Unlock" if shape.locked else "Lock against edits",
            "Delete",
        )[column]

    def _icon(self, row: int, column: int) -> QIcon:
        colours = theme.palette()
        if column == KIND:
            kind = self.shapes[row].shape_type
            return icons.icon(kind, colours.muted)
        if column == EYE:
            hidden = row in self.hidden
            return icons.icon("eye-off" if hidden else "eye", colours.muted if hidden else colours.text)
        if column == LOCK:
            locked = self.shapes[row].locked
            return icons.icon("lock" if locked else "lock-open", colours.text if locked else colours.muted)
        return icons.icon("delete", colours.muted)


class ShapeTable(QTableView):
    """``chosen(rows)`` follows the selection; eye, lock and bin tell which row was pressed (mouse or Enter)."""

    chosen = Signal(object)
    eyePressed = Signal(int)
    lockPressed = Signal(int)
    binPressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shapes = ShapeModel(self)
        self.setModel(self.shapes)
        self.setAccessibleName("Shapes of this image")
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(32)
        self.setIconSize(QSize(18, 18))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(_ICON_ROOM)
        header.setSectionResizeMode(LABEL, QHeaderView.ResizeMode.Stretch)
        for column in (KIND, EYE, LOCK, BIN):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, _ICON_ROOM)
        self.clicked.connect(self._press)
        self.activated.connect(self._press)
        self.selectionModel().selectionChanged.connect(self._choose)
        self._following = False

    def tell(self, shapes: tuple[Shape, ...], hidden: frozenset[int], selection: Iterable[int]) -> None:
        """Show these shapes with this selection, without telling of it."""
        self._following = True
        self.shapes.tell(shapes, hidden)
        wanted = QItemSelection()
        for row in selection:
            wanted.select(self.shapes.index(row, 0), self.shapes.index(row, BIN))
        self.selectionModel().select(wanted, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._following = False

    def _choose(self) -> None:
        if not self._following:
            self.chosen.emit(frozenset(index.row() for index in self.selectionModel().selectedRows()))

    def _press(self, index: QModelIndex) -> None:
        pressed = {EYE: self.eyePressed, LOCK: self.lockPressed, BIN: self.binPressed}.get(index.column())
        if pressed is not None:
            pressed.emit(index.row())
