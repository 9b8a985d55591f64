"""A figure as it is published: shown whole or as wide as its place, crisp at any zoom; its rows can be chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from aln_desk.gui import theme

_STEP, _MOST = 1.25, 4.0
"""One turn of the wheel, and how much larger than its place a figure is shown at most."""
_DIMMED = "#d4d7dc"
"""White paper in the dark theme: beside ultrasound nothing is as bright as paper."""
_COPIED = 3.0
"""Pixels of a copied picture for each point (1/72 inch) of the figure: 216 dots an inch."""
_PALE = 0.35
_EMPTY_PATH = re.compile(rb'<path id="([^"]+)"(?: transform="[^"]*")?/>')
_USED = re.compile(rb'<use [^>]*xlink:href="#([^"]+)"[^>]*/>')


@dataclass(frozen=True, slots=True)
class Row:
    """What lies between two heights of a figure (shares of it, from its top); ``key`` is told when it is chosen."""

    key: str
    top: float
    bottom: float


class DrawnFigure(QScrollArea):
    """``rowChosen`` carries the key of a row that was clicked, or chosen by arrow keys and Enter."""

    rowChosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paper = _Paper(self)
        self.zoom = 1.0
        self.whole = True
        self.svg = b""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(self.paper)
        self.setMinimumSize(200, 120)

    def show_figure(self, svg: bytes, title: str, rows: Sequence[Row] = ()) -> None:
        """Show this figure (SVG) in place of another, at the same zoom."""
        self.svg = without_empty_glyphs(svg)
        self.paper.take(self.svg, title, tuple(rows))
        self._fit()

    def show_whole(self, whole: bool) -> None:
        """All of it at once, or as wide as its place, with a bar to scroll."""
        self.whole, self.zoom = whole, 1.0
        self._fit()

    def set_zoom(self, zoom: float) -> None:
        """So many times as large as it fits its place."""
        self.zoom = min(max(zoom, 1.0), _MOST)
        self._fit()

    def copy(self) -> None:
        """Put the figure on the clipboard: as SVG, and as a picture for programs that know no SVG."""
        copied = QMimeData()
        copied.setData("image/svg+xml", QByteArray(self.svg))
        copied.setImageData(self.paper.picture())
        QGuiApplication.clipboard().setMimeData(copied)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ctrl and the wheel zoom; the wheel alone scrolls, here or what lies around."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self.zoom * (_STEP if event.angleDelta().y() > 0 else 1 / _STEP))
            event.accept()
        elif self.zoom > 1.0 or not self.whole:
            super().wheelEvent(event)
        else:
            event.ignore()

    def _fit(self) -> None:
        natural = self.paper.natural
        if natural.isEmpty():
            return
        room = self.maximumViewportSize()
        scale = room.width() / natural.width()
        if self.whole:
            scale = min(scale, room.height() / natural.height())
        elif natural.height() * scale > room.height():
            scale = (room.width() - self.verticalScrollBar().sizeHint().width()) / natural.width()
        self.paper.resize((natural * scale * self.zoom).toSize())


class _Paper(QWidget):
    """The figure itself."""

    def __init__(self, place: DrawnFigure) -> None:
        super().__init__()
        self.rows: tuple[Row, ...] = ()
        self.row: int | None = None
        self._place = place
        self._renderer = QSvgRenderer()
        self._drawn: QPixmap | None = None
        self.setMouseTracking(True)

    @property
    def natural(self) -> QSizeF:
        """Size in points; empty without a figure."""
        return self._renderer.viewBoxF().size()

    def take(self, svg: bytes, title: str, rows: tuple[Row, ...]) -> None:
        self._renderer.load(QByteArray(svg))
        self._drawn, self.rows, self.row = None, rows, None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if rows else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(title)
        self.setAccessibleDescription(", ".join(row.key for row in rows))
        self.update()

    def picture(self) -> QImage:
        """The figure on white, for the clipboard."""
        image = QImage((self.natural * _COPIED).toSize(), QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        self._renderer.render(painter)
        painter.end()
        return image

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.natural.isEmpty():
            return
        ratio = self.devicePixelRatioF()
        if self._drawn is None or self._drawn.size() != self.size() * ratio:
            self._drawn = self._draw(ratio)
        painter = QPainter(self)
        painter.setOpacity(1.0 if self.isEnabled() else _PALE)
        painter.drawPixmap(0, 0, self._drawn)
        if self.row is not None:
            painter.setPen(QPen(QColor(theme.palette().accent), 2))
            painter.drawRoundedRect(self.box(self.row).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def box(self, row: int) -> QRectF:
        """Where a row lies."""
        one = self.rows[row]
        return QRectF(0, one.top * self.height(), self.width(), (one.bottom - one.top) * self.height())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._row_at(event.position().y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            self._place.rowChosen.emit(self.rows[row].key)

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and self.rows:
            row = (-1 if self.row is None else self.row) + step
            self._point(min(max(row, 0), len(self.rows) - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.row is not None:
            self._place.rowChosen.emit(self.rows[self.row].key)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._drawn = None
        super().changeEvent(event)

    def _draw(self, ratio: float) -> QPixmap:
        drawn = QPixmap(self.size() * ratio)
        drawn.fill(Qt.GlobalColor.white)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._renderer.render(painter, QRectF(drawn.rect()))
        if theme.palette() is not theme.LIGHT:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
            painter.fillRect(drawn.rect(), QColor(_DIMMED))
        painter.end()
        drawn.setDevicePixelRatio(ratio)
        return drawn

    def _row_at(self, y: float) -> int | None:
        share = y / max(1, self.height())
        return next((place for place, row in enumerate(self.rows) if row.top <= share < row.bottom), None)

    def _point(self, row: int | None) -> None:
        if row != self.row:
            self.row = row
            self.setCursor(Qt.CursorShape.ArrowCursor if row is None else Qt.CursorShape.PointingHandCursor)
            self.setToolTip("" if row is None else f"Open {self.rows[row].key} in Review")
            self.update()


def without_empty_glyphs(svg: bytes) -> bytes:
    """The same picture without the outlines of spaces, which Qt complains about: a path without points and its uses."""
    empty = {found.group(1) for found in _EMPTY_PATH.finditer(svg)}
    if not empty:
        return svg
    kept = _EMPTY_PATH.sub(b"", svg)
    return _USED.sub(lambda found: b"" if found.group(1) in empty else found.group(0), kept)
