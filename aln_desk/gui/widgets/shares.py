"""The share of each image in a verdict: a name, a bar, a percentage; a click shows the image."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from aln_desk.gui import theme
from aln_desk.gui.findings import percent
from aln_desk.gui.widgets.marks import paint_bar

_NAME = 78.0
_FIGURE = 44.0


class ShareButton(QAbstractButton):
    """One image's share; checked while the image is on screen."""

    def __init__(self, name: str, share: float, colour: QColor, parent: QWidget | None = None) -> None:
        super().__init__(parent, text=name, checkable=True)
        self._share = share
        self._colour = colour
        self.setAccessibleName(f"{name}, {percent(share)} of the verdict")
        self.setToolTip("Show this image")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        return QSize(220, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.palette()
        if self.underMouse() or self.hasFocus() or self.isChecked():
            painter.setPen(QColor(colours.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.selection if self.isChecked() else colours.hover))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        inner = QRectF(self.rect()).adjusted(6, 0, -6, 0)
        painter.setPen(QColor(colours.text))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(self._share))
        bar = QRectF(inner.left() + _NAME, inner.center().y() - 3, inner.width() - _NAME - _FIGURE, 6)
        paint_bar(painter, bar, self._share, self._colour)


class Shares(QWidget):
    """A column of `ShareButton`; ``chosen`` carries the instance's id."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self._buttons: dict[str, ShareButton] = {}

    def show_shares(self, names: dict[str, str], shares: dict[str, float], colour: QColor) -> None:
        """One row for each image that has a share, in the order of ``names`` (instance id to name)."""
        for old in self._buttons.values():
            self._column.removeWidget(old)
            old.hide()  # it is deleted later, and would lie over the new one until then
            old.deleteLater()
        self._buttons = {
            instance: ShareButton(name, shares[instance], colour)
            for instance, name in names.items()
            if instance in shares
        }
        for instance, button in self._buttons.items():
            button.clicked.connect(partial(self._choose, instance))
            self._column.addWidget(button)

    def mark(self, instance: str) -> None:
        """Mark the image on screen."""
        for name, button in self._buttons.items():
            button.setChecked(name == instance)

    def _choose(self, instance: str, _checked: bool = False) -> None:
        self.chosen.emit(instance)
