"""One sentence at the top of a page: what went wrong or what to know, with details folded away."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

Kind = Literal["info", "warning", "error"]
_SIGNS: dict[Kind, str] = {"info": "i", "warning": "!", "error": "×"}
INFO_MS = 6000
"""How long an info stays; warnings and errors stay until they are closed."""


class InfoBar(QWidget):
    """Hidden until `say`; never blocks, never moves focus.

    It takes its place in a layout, or lies over the upper edge of a widget (`float_over`) and then moves nothing.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("infoBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._host: QWidget | None = None
        self._sign = QLabel()
        self._text = QLabel(wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._fold = QPushButton("Details")
        self._fold.setCheckable(True)
        self._copy = QPushButton("Copy details")
        self._close = QPushButton("Close")
        for button in (self._fold, self._copy, self._close):
            button.setProperty("role", "quiet")
        self._details = QPlainTextEdit(readOnly=True)
        self._details.setAccessibleName("Details of the message")
        self._details.setFixedHeight(160)
        self._timer = QTimer(self, singleShot=True, interval=INFO_MS)
        self._timer.timeout.connect(self.hide)
        self._fold.toggled.connect(self._unfold)
        self._copy.clicked.connect(self._copy_details)
        self._close.clicked.connect(self.hide)
        self._lay_out()
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show."""
        return self._text.text()

    def float_over(self, host: QWidget) -> None:
        """Lie over the upper edge of ``host``, as wide as it is."""
        self._host = host
        self.setParent(host)
        host.installEventFilter(self)

    def say(self, text: str, kind: Kind = "warning", details: str = "") -> None:
        """Show a sentence; a newer one takes the place of an older. An info goes by itself after `INFO_MS`."""
        self.setProperty("kind", kind)
        for widget in (self, self._sign, self._text):
            self.style().unpolish(widget)
            self.style().polish(widget)
        self._sign.setText(_SIGNS[kind])
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self._details.setPlainText(details)
        self._fold.setChecked(False)
        for button in (self._fold, self._copy):
            button.setVisible(bool(details))
        self._details.hide()
        self.show()
        self._place()
        self._timer.stop()
        if kind == "info" and not self.underMouse():
            self._timer.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        """What is being read stays."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """An info goes some time after the mouse has left it."""
        if self.property("kind") == "info":
            self._timer.start()
        super().leaveEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as wide as what it lies over."""
        if watched is self._host and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text}\n\n{self._details.toPlainText()}")

    def _unfold(self, unfolded: bool) -> None:
        self._details.setVisible(unfolded)
        self._place()

    def _place(self) -> None:
        if self._host is not None:
            width = self._host.width()
            self.setGeometry(0, 0, width, self.heightForWidth(width))
            self.raise_()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._fold)
        row.addWidget(self._copy)
        row.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._details)
