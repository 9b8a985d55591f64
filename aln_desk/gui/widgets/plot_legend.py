"""The legend of a chart: a piece of each line, its name and a value, in as many rows as the width needs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_style

_ROW = 16
_SWATCH, _GAP, _BETWEEN = 18, 6, 14
_LONGEST = 150
"""Pixels; a longer name loses its middle."""


class Legend(QWidget):
    """Entries keep their place while their values change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: Sequence[str] = ()
        self._values: Sequence[float | None] = ()
        self._series: Sequence[int] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def tell(self, names: Sequence[str], values: Sequence[float | None], series: Sequence[int]) -> None:
        """Name each line, its value and the number of its colour; a line that has no value (None) is left out."""
        before = self._words()
        self._names, self._values, self._series = names, values, series
        words = self._words()
        self.setAccessibleName(", ".join(words))
        self.setToolTip("\n".join(words))
        if len(words) != len(before):
            self.updateGeometry()
        self.update()

    def heightForWidth(self, width: int) -> int:
        return _ROW * (1 + max((spot.y() for _, spot in self._places(width)), default=0) // _ROW)

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A layout asks for the height before it gives the width."""
        super().resizeEvent(event)
        if self.height() != self.heightForWidth(self.width()):
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(_font())
        for place, spot in self._places(self.width()):
            painter.setPen(plot_style.series_pen(self._series[place]))
            painter.drawLine(spot + QPoint(0, _ROW // 2), spot + QPoint(_SWATCH, _ROW // 2))
            painter.setPen(QColor(theme.palette().muted))
            room = QRect(spot.x() + _SWATCH + _GAP, spot.y(), self.width(), _ROW)
            words = f"{_short(self._names[place])} {self._values[place]:.3f}"
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)

    def _words(self) -> list[str]:
        pairs = zip(self._names, self._values, strict=True)
        return [f"{name} {value:.3f}" for name, value in pairs if value is not None]

    def _places(self, width: int) -> list[tuple[int, QPoint]]:
        """(place of the line, top left of its entry), left to right, row below row."""
        metrics, x, y = QFontMetrics(_font()), 0, 0
        found = []
        for place, name in enumerate(self._names):
            if self._values[place] is None:
                continue
            wide = _SWATCH + _GAP + metrics.horizontalAdvance(f"{_short(name)} 0.000")
            if x and x + wide > width:
                x, y = 0, y + _ROW
            found.append((place, QPoint(x, y)))
            x += wide + _BETWEEN
        return found


def _short(name: str) -> str:
    return QFontMetrics(_font()).elidedText(name, Qt.TextElideMode.ElideMiddle, _LONGEST)


def _font() -> QFont:
    font = theme.body_font()
    font.setPixelSize(theme.CAPTION)
    return font
