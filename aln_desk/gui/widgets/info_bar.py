"""One sentence at the top of a page: what went wrong or what to know, with details folded away."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

Kind = Literal["info", "warning", "error"]
_SIGNS: dict[Kind, str] = {"info": "i", "warning": "!", "error": "×"}


class InfoBar(QWidget):
    """Hidden until `say`; never blocks, never moves focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("infoBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._sign = QLabel()
        self._text = QLabel(wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._fold = QPushButton("Details")
        self._fold.setCheckable(True)
        self._close = QPushButton("Close")
        for button in (self._fold, self._close):
            button.setProperty("role", "quiet")
        self._details = QPlainTextEdit(readOnly=True)
        self._details.setAccessibleName("Details of the message")
        self._details.setFixedHeight(160)
        self._fold.toggled.connect(self._details.setVisible)
        self._close.clicked.connect(self.hide)
        self._lay_out()
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show."""
        return self._text.text()

    def say(self, text: str, kind: Kind = "warning", details: str = "") -> None:
        """Show a sentence; a newer one takes the place of an older."""
        self.setProperty("kind", kind)
        for widget in (self, self._sign, self._text):
            self.style().unpolish(widget)
            self.style().polish(widget)
        self._sign.setText(_SIGNS[kind])
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self._details.setPlainText(details)
        self._fold.setChecked(False)
        self._fold.setVisible(bool(details))
        self._details.hide()
        self.show()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._fold)
        row.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._details)
