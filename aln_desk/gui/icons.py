"""The window's own icons: small SVGs of one line width, tinted when they are loaded."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap

from aln_desk import paths

SIZE = 20
"""Side in widget pixels."""
_SHARPEST = 3
"""Drawn at this many times the size, enough for a screen at 300 %."""


@lru_cache(maxsize=128)
def icon(name: str, colour: str, faded: str = "") -> QIcon:
    """``resources/icons/<name>.svg`` in a colour (``#rrggbb``), and in ``faded`` while disabled."""
    made = QIcon(pixmap(name, colour))
    made.addPixmap(pixmap(name, colour), QIcon.Mode.Selected)
    if faded:
        made.addPixmap(pixmap(name, faded), QIcon.Mode.Disabled)
    return made


@lru_cache(maxsize=128)
def pixmap(name: str, colour: str, size: int = SIZE) -> QPixmap:
    """The same as a pixmap of ``size`` widget pixels."""
    from PySide6.QtSvg import QSvgRenderer

    text = (paths.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(text.replace("currentColor", colour).encode()))
    drawn = QPixmap(QSize(size, size) * _SHARPEST)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter)
    painter.end()
    drawn.setDevicePixelRatio(_SHARPEST)
    return drawn
