"""One canvas, or two side by side: the second is made when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.second_image import SecondImage


class ImagePair(QSplitter):
    """``openChanged(open)`` when the second image comes or goes, ``canvasMade(canvas)`` before it first comes."""

    openChanged = Signal(bool)
    canvasMade = Signal(object)

    def __init__(
        self, main: ImageCanvas, caption: QLabel, make: Callable[[], SecondImage], parent: QWidget | None = None
    ) -> None:
        """``caption`` stands above the first canvas."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._make = make
        self.main = main
        self._caption = caption
        self.second: SecondImage | None = None
        self._kept: dict[str, object] = {}
        self.setHandleWidth(7)
        self.setChildrenCollapsible(False)
        self.setStyleSheet("QSplitter::handle { background: transparent; }")
        self._lay_out()

    @property
    def is_open(self) -> bool:
        """Whether two images are shown."""
        return self.second is not None and self.second.isVisibleTo(self)

    @property
    def canvases(self) -> list[ImageCanvas]:
        """The first canvas, and the second once it is made."""
        return [self.main] if self.second is None else [self.main, self.second.canvas]

    def set_open(self, wanted: bool) -> None:
        """Show two images, or one."""
        if wanted == self.is_open:
            return
        if self.second is None:
            self.second = self._make()
            self.second.closed.connect(lambda: self.set_open(False))
            self.addWidget(self.second)
            self._restore(self.second)
            self.canvasMade.emit(self.second.canvas)
        self.second.setVisible(wanted)
        self._caption.setMinimumHeight(self.second.head_height if wanted else 0)
        if wanted and not any(self.sizes()[1:]):
            self.setSizes([1, 1])
        self.openChanged.emit(wanted)

    def toggle_link(self) -> None:
        """Let both images move together, or each by itself; nothing while there is one."""
        if self.second is not None and self.is_open:
            self.second.linked.toggle()

    def save_state(self) -> dict[str, object]:
        """Widths, link, and which image is beside, as JSON values; open or not is the button's to keep."""
        if self.second is None:
            return dict(self._kept)
        return {"widths": self.sizes(), "linked": self.second.linked.isChecked(), "wish": self.second.wish}

    def restore_state(self, state: object) -> None:
        """Take a saved state back, now or when the second image is made; what does not fit is ignored."""
        self._kept = dict(state) if isinstance(state, dict) else {}
        if self.second is not None:
            self._restore(self.second)

    def _lay_out(self) -> None:
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # never widens the pair
        first = QWidget()
        column = QVBoxLayout(first)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._caption)
        column.addWidget(self.main, 1)
        self.addWidget(first)

    def _restore(self, second: SecondImage) -> None:
        widths, linked, wish = (self._kept.get(key) for key in ("widths", "linked", "wish"))
        match widths:
            case [int(first), int(other)] if first > 0 and other > 0:
                self.setSizes([first, other])
            case _:
                self.setSizes([1000, 1000])
        second.linked.setChecked(linked is not False)
        if isinstance(wish, str):
            second.choose(wish)
