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
        for pane in panes:
            self.addWidget(pane)
        self.setStretchFactor(len(panes) - 2, 1)
        self.setSizes(widths)

    def save_state(self) -> dict[str, object]:
        """Widths and what is folded away, as JSON values."""
        folded = [pane.isHidden() for pane in self._panes]
        return {"widths": self.sizes(), "folded": folded}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; one of another layout is ignored."""
        widths, folded = state.get("widths"), state.get("folded")
        if isinstance(widths, list) and len(widths) == self.count() and all(isinstance(one, int) for one in widths):
            self.setSizes(widths)
        if isinstance(folded, list) and len(folded) == self.count():
            for pane, hidden in zip(self._panes, folded, strict=True):
                pane.setVisible(hidden is not True)


def fold(page: QWidget | None, which: int) -> None:
    """Fold a side pane of a page (0 left, -1 right) away or back; only a page of three panes has a left one."""
    splitter = page.findChild(QSplitter) if page is not None else None
    if splitter is None or (which == 0 and splitter.count() < 3):
        return
    pane = splitter.widget(which % splitter.count())
    if pane is not None:
        pane.setVisible(pane.isHidden())
