from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QSpinBox
from pytestqt.qtbot import QtBot

from aln_desk.gui import theme


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "relative luminance")."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    red, green, blue, _ = QColor(colour).getRgbF()
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["reading", "light"])
@pytest.mark.parametrize("ground", ["window", "sunken", "raised"])
def test_what_is_disabled_can_still_be_read(name: theme.ThemeName, ground: str) -> None:
    colours = theme.PALETTES[name]
    assert contrast(colours.disabled, getattr(colours, ground)) >= 3
    assert contrast(colours.disabled, colours.window) < contrast(colours.muted, colours.window)
    rules = re.findall(r":disabled \{[^}]*(?<![-\w])color: (#\w+)", theme.stylesheet(colours))
    assert rules and set(rules) == {colours.disabled}


def test_a_spin_box_shows_its_arrows_beside_its_number(qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply(application, "reading")
    box = QSpinBox()
    qtbot.addWidget(box)
    box.resize(140, 30)
    box.show()
    ground = QColor(theme.READING.sunken)
    picture = box.grab().toImage()
    for rows in (range(4, 14), range(16, 26)):
        assert any(picture.pixelColor(x, y) != ground for x in range(113, 137) for y in rows)
    assert box.lineEdit().geometry().right() <= 112
    assert box.alignment() & Qt.AlignmentFlag.AlignRight, "padding on the left, where Qt leaves none"
