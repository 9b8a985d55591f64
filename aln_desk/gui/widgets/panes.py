"""Three panes side by side, the bones of every mode."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget


class Panes(QSplitter):
    """Left, centre, right (or centre, right); the centre takes what a resize gives."""

    def __init__(self, panes: list[QWidget], widths: list[int], parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self._panes = panes
        self._folded: set[QWidget] = set()
        self._empty: set[QWidget] = set()
        for pane in panes:
            self.addWidget(pane)
        self.setStretchFactor(len(panes) - 2, 1)
        self.setSizes(widths)

    def save_state(self) -> dict[str, object]:
        """Widths and what is folded away, as JSON values."""
        return {"widths": self.sizes(), "folded": [pane in self._folded for pane in self._panes]}

    def fold(self, pane: QWidget) -> None:
        """The user folds a pane away, or back."""
        self._folded ^= {pane}
        self._show(pane)

    def set_empty(self, pane: QWidget, empty: bool) -> None:
        """A pane with nothing to show is away too, which is no wish of the user's to be remembered."""
        self._empty = self._empty | {pane} if empty else self._empty - {pane}
        self._show(pane)

    def _show(self, pane: QWidget) -> None:
        pane.setVisible(pane not in self._folded | self._empty)

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; one of another layout is ignored."""
        widths, folded = state.get("widths"), state.get("folded")
        if isinstance(widths, list) and len(widths) == self.count() and all(isinstance(one, int) for one in widths):
            self.setSizes(widths)
        if isinstance(folded, list) and len(folded) == self.count():
            self._folded = {pane for pane, hidden in zip(self._panes, folded, strict=True) if hidden is True}
            for pane in self._panes:
                self._show(pane)


def fold(page: QWidget | None, which: int) -> None:
    """Fold a side pane of a page (0 left, -1 right) away or back; only a page of three panes has a left one."""
    panes = page.findChild(Panes) if page is not None else None
    pane = panes.widget(which % panes.count()) if panes is not None else None
    if panes is not None and pane is not None and (which != 0 or panes.count() > 2):
        panes.fold(pane)


class Stack(QSplitter):
    """Parts of a page above each other, which share what a resize gives as they share the height."""

    def __init__(self, parts: list[QWidget], heights: list[int], parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setHandleWidth(9)
        self.setStyleSheet("QSplitter::handle { background: transparent; }")
        self.setChildrenCollapsible(False)
        for part, height in zip(parts, heights, strict=True):
            self.addWidget(part)
            self.setStretchFactor(self.count() - 1, height // 10)  # Qt keeps it in one byte
        self.setSizes(heights)
