"""Work under way: a line for the status bar, and a page for work that has the window to itself."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget


class ProgressLine(QWidget):
    """What runs, how far it is, and a button that stops it. Hidden while nothing runs."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedWidth(140)
        self._cancel = QPushButton("Cancel")
        self._cancel.setProperty("role", "quiet")
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._text)
        row.addWidget(self._bar)
        row.addWidget(self._cancel)
        self.hide()

    def tell(self, text: str, done: int, total: int) -> None:
        """Show ``done`` of ``total``; a total of 0 says that it runs, not how far."""
        self._text.setText(text)
        _set_bar(self._bar, done, total)
        self._bar.setAccessibleName(text)
        self.show()


class ProgressPage(QWidget):
    """A title, a sentence, a bar and Cancel, in the middle of the window."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.title = QLabel(alignment=Qt.AlignmentFlag.AlignHCenter)
        self.title.setProperty("role", "title")
        self._text = QLabel(alignment=Qt.AlignmentFlag.AlignHCenter)
        self._text.setProperty("role", "muted")
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedWidth(420)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.cancelled)
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        for widget in (self.title, self._text, self._bar, cancel):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def begin(self, title: str, text: str) -> None:
        """Name the work before its first step."""
        self.title.setText(title)
        self.tell(text, 0, 0)

    def tell(self, text: str, done: int, total: int) -> None:
        """Show ``done`` of ``total``; a total of 0 says that it runs, not how far."""
        self._text.setText(text)
        _set_bar(self._bar, done, total)


def duration(seconds: float | None) -> str:
    """Time left in words, empty when unknown: "about 40 s left"."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"


def _set_bar(bar: QProgressBar, done: int, total: int) -> None:
    bar.setRange(0, total)
    bar.setValue(min(done, total))
