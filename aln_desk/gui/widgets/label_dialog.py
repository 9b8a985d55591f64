"""Words, colours, keys and attributes of the labels that a project offers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.errors import AlnError
from aln_desk.domain.labels import COLOURS, Label, Lesion, attributes_of, attributes_text
from aln_desk.domain.shape import class_of
from aln_desk.gui import icons, theme
from aln_desk.gui.widgets import marks
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace

_HEADS = ("", "Label", "Key", "Attributes", "Flags", "")
_TAUGHT = (
    "Shapes called tumor, tumour, lesion or mass teach the networks tumours, those called lymph_node or node lymph "
    "nodes. All others are kept and teach nothing."
)
_LESIONS: tuple[Lesion, ...] = ("none", "tumour", "node")
"""By `class_of`."""
_ATTRIBUTES = "cortex: thin, thickened; hilum: present, absent"


class _Row:
    """The widgets of one label."""

    def __init__(self, offered: Label) -> None:
        self.colour = offered.colour
        self.swatch = QPushButton()
        self.swatch.setFixedWidth(34)
        self.swatch.setAccessibleName(f"Colour of {offered.word or 'the new label'}")
        self.word = QLineEdit(offered.word)
        self.word.setAccessibleName("Label")
        self.key = QComboBox()
        self.key.setAccessibleName("Key")
        self.key.addItem("–", None)
        for digit in range(1, 10):
            self.key.addItem(str(digit), digit)
        self.key.setCurrentIndex(offered.key or 0)
        self.attributes = QLineEdit(attributes_text(offered.attributes), placeholderText=_ATTRIBUTES)
        self.attributes.setAccessibleName("Attributes")
        self.attributes.setCursorPosition(0)
        self.flags = QLineEdit(", ".join(offered.flags), placeholderText="biopsied")
        self.flags.setAccessibleName("Flags")
        self.remove = QPushButton(icons.icon("delete", theme.palette().muted), "")
        self.remove.setFixedWidth(34)
        self.remove.setToolTip("Offer this label no more; shapes that have it keep it")
        self.remove.setAccessibleName(f"Remove {offered.word or 'the new label'}")
        self.dress()

    def dress(self) -> None:
        """Show the colour."""
        self.swatch.setIcon(marks.dot(self.colour))
        self.swatch.setToolTip(f"Colour {self.colour}; click for another")

    @property
    def widgets(self) -> Sequence[QWidget]:
        """In the order of the columns."""
        return self.swatch, self.word, self.key, self.attributes, self.flags, self.remove

    def label(self) -> Label:
        """What the widgets say. Raises AlnError for attributes that cannot be read."""
        flags = tuple(word.strip() for word in self.flags.text().split(",") if word.strip())
        attributes = attributes_of(self.attributes.text())
        word = self.word.text().strip()
        return Label(word, self.colour, self.key.currentData(), _LESIONS[class_of(word)], attributes, flags)


class LabelDialog(QDialog):
    """Keeps the labels in the project when it is accepted; what cannot be used is told and keeps it open."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Labels of this project")
        self.setMinimumSize(860, 380)
        self._workspace = workspace
        self.rows = [_Row(offered) for offered in workspace.labels]
        self.refused = label("", "error", wrap=True)
        self.add = button("Add a label")
        self.keep = button("Keep", "main")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._lay_out()
        self._fill()

    def labels(self) -> list[Label]:
        """What the dialog says now. Raises AlnError for attributes that cannot be read."""
        return [row.label() for row in self.rows]

    def accept(self) -> None:
        """Keep the labels; stay open, and say why, when they are refused."""
        try:
            self._workspace.set_labels(self.labels())
        except AlnError as error:
            self.refused.setText(str(error))
            self.refused.show()
            return
        super().accept()

    def _add(self) -> None:
        used = {row.colour for row in self.rows}
        keys = {row.key.currentData() for row in self.rows}
        colour = next((one for one in COLOURS if one not in used), COLOURS[0])
        free = next((digit for digit in range(1, 10) if digit not in keys), None)
        self.rows.append(_Row(Label("", colour, free)))
        self._fill()
        self.rows[-1].word.setFocus()

    def _remove(self, row: _Row) -> None:
        self.rows.remove(row)
        for widget in row.widgets:
            widget.hide()
            widget.deleteLater()
        self._fill()

    def _choose_colour(self, row: _Row) -> None:
        chosen = QColorDialog.getColor(QColor(row.colour), self, "Colour of the label")
        if chosen.isValid():
            row.colour = chosen.name()
            row.dress()

    def _fill(self) -> None:
        self.refused.hide()
        for number, row in enumerate(self.rows, start=1):
            if row.swatch.parent() is None:
                row.swatch.clicked.connect(partial(self._choose_colour, row))
                row.remove.clicked.connect(partial(self._remove, row))
            for column, widget in enumerate(row.widgets):
                self._grid.addWidget(widget, number, column)
        self._grid.setRowStretch(self._grid.rowCount(), 1)

    def _lay_out(self) -> None:
        for column, words in enumerate(_HEADS):
            self._grid.addWidget(label(words, "heading"), 0, column)
        for column, stretch in ((1, 2), (3, 5), (4, 2)):
            self._grid.setColumnStretch(column, stretch)
        inside = QWidget()
        inside.setLayout(self._grid)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        cancel = button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.add.setAutoDefault(False)
        self.add.clicked.connect(self._add)
        self.keep.setDefault(True)
        self.keep.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.keep)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 16, 20, 16)
        whole.setSpacing(12)
        whole.addWidget(area, 1)
        whole.addWidget(label(_TAUGHT, "muted", wrap=True))
        whole.addWidget(self.refused)
        whole.addLayout(buttons)
