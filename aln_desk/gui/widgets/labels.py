"""Small words in their roles: muted, caption, heading, chip, key cap."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget


def label(text: str, role: str = "", wrap: bool = False) -> QLabel:
    """A label dressed by its role (see the theme's stylesheet)."""
    made = QLabel(text, wordWrap=wrap)
    if role:
        made.setProperty("role", role)
    if role in ("chip", "key"):
        made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return made


def button(text: str, role: str = "", tip: str = "") -> QPushButton:
    """A push button dressed by its role."""
    made = QPushButton(text)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    if role:
        made.setProperty("role", role)
    return made


def rule() -> QFrame:
    """A thin line between two parts of a panel."""
    line = QFrame()
    line.setObjectName("rule")
    line.setFixedHeight(1)
    return line


def beside(wide: QWidget, *narrow: QWidget) -> QWidget:
    """One widget that takes the room, and small ones to its right."""
    row = QWidget()
    across = QHBoxLayout(row)
    across.setContentsMargins(0, 0, 0, 0)
    across.setSpacing(8)
    across.addWidget(wide, 1)
    for widget in narrow:
        across.addWidget(widget)
    return row
