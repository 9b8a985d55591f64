"""Names on the left, values on the right: a quiet list of what is known."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from aln_desk.gui.widgets.labels import label

_SHORT = 18
"""Longer values may take several lines."""


class Facts(QWidget):
    """Replaced as a whole by `tell`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)

    def tell(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show these (name, value) pairs."""
        for old in self._labels:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._labels = []
        for row, (name, value) in enumerate(facts):
            named = label(name, "muted")
            shown = label(value, wrap=len(value) > _SHORT)
            shown.setAlignment(Qt.AlignmentFlag.AlignRight)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(named, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(shown, row, 1)
            self._labels += [named, shown]

    def text(self) -> str:
        """All that is shown, for tests and screen readers."""
        return " ".join(one.text() for one in self._labels)
