"""What is known of the one selected shape: its size, attributes, flags and note."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from aln_desk.domain import measures, own_data
from aln_desk.domain.labels import Label
from aln_desk.domain.measures import Spacing
from aln_desk.domain.shape import Shape
from aln_desk.gui.widgets.labels import label

_NONE = "–"
_UNCALIBRATED = "The image is not calibrated, so lengths are in pixels."


class ShapeDetails(QWidget):
    """``described(text)``, ``attributed(name, value)`` (empty: none) and ``flagged(name, yes)`` ask."""

    described = Signal(str)
    attributed = Signal(str, str)
    flagged = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.measured = label("", "caption", wrap=True)
        self.description = QLineEdit(placeholderText="Note on the selected shape")
        self.description.setAccessibleName("Note on the selected shape")
        self.description.editingFinished.connect(self._describe)
        self.choices: dict[str, QComboBox] = {}
        self.flags: dict[str, QCheckBox] = {}
        self._described = ""
        self._offered: Label | None = None
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.measured)
        column.addLayout(self._grid)
        column.addWidget(self.description)

    def tell(self, shape: Shape | None, offered: Label | None, spacing: Spacing | None) -> None:
        """Show a shape with what its label offers; None where there is not exactly one selected."""
        words = measures.shape_words(shape, spacing) if shape is not None else ""
        self.measured.setText(words)
        self.measured.setToolTip("" if spacing else _UNCALIBRATED)
        self.measured.setVisible(bool(words))
        self._described = shape.description if shape is not None else ""
        self.description.setText(self._described)
        self.description.setEnabled(shape is not None and not shape.locked)
        self._offer(offered if shape is not None else None)
        if shape is not None:
            self._fill(shape)

    def _offer(self, offered: Label | None) -> None:
        """Make the boxes of a label, unless they are there."""
        if offered == self._offered:
            return
        self._offered = offered
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.choices, self.flags = {}, {}
        for row, (name, values) in enumerate((offered.attributes if offered else {}).items()):
            box = QComboBox()
            box.setAccessibleName(name)
            box.addItems([_NONE, *values])
            box.textActivated.connect(lambda text, name=name: self.attributed.emit(name, "" if text == _NONE else text))
            self.choices[name] = box
            self._grid.addWidget(label(name[:1].upper() + name[1:], "muted"), row, 0)
            self._grid.addWidget(box, row, 1)
        for name in offered.flags if offered else ():
            check = QCheckBox(name[:1].upper() + name[1:])
            check.clicked.connect(lambda yes, name=name: self.flagged.emit(name, yes))
            self.flags[name] = check
            self._grid.addWidget(check, self._grid.rowCount(), 0, 1, 2)

    def _fill(self, shape: Shape) -> None:
        known = own_data.own(shape.extra).get("attributes")
        attributes = known if isinstance(known, Mapping) else {}
        for name, box in self.choices.items():
            value = attributes.get(name)
            text = value if isinstance(value, str) and value else _NONE
            if box.findText(text) < 0:  # another program's word stays to be seen
                box.addItem(text)
            box.setCurrentText(text)
            box.setEnabled(not shape.locked)
        for name, check in self.flags.items():
            check.setChecked(bool(shape.flags.get(name)))
            check.setEnabled(not shape.locked)

    def _describe(self) -> None:
        if self.description.text() != self._described:
            self._described = self.description.text()
            self.described.emit(self._described)
