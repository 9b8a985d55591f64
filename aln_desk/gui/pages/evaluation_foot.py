"""The foot of Evaluate's left pane: Export, how far it is, and what came of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from aln_desk.gui.widgets.labels import button, label


class Foot(QWidget):
    """``stopRequested``: write no more."""

    stopRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.export = button("Export tables and figures…", tip="Everything about what is ticked, ready to publish")
        self.notice = label("", "muted", wrap=True)
        self.notice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open = button("Open the folder", "small")
        self.open.clicked.connect(self._open)
        self.close_notice = button("Close", "small", "Take these words away")
        self.close_notice.clicked.connect(lambda: self.say(""))
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Files written")
        self.stop = button("Stop", "small")
        self.stop.clicked.connect(self.stopRequested)
        self._folder = Path()
        self._running = QWidget()
        row = QHBoxLayout(self._running)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        answers = QHBoxLayout()
        answers.addWidget(self.open, 1)
        answers.addWidget(self.close_notice, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 12)
        column.setSpacing(4)
        column.addWidget(self.notice)
        column.addLayout(answers)
        column.addWidget(self._running)
        column.addWidget(self.export)
        self.say("")

    def say(self, sentence: str, role: str = "muted") -> None:
        """Tell something above Export; an empty sentence takes it away."""
        self.notice.setProperty("role", role)
        self.notice.style().unpolish(self.notice)
        self.notice.style().polish(self.notice)
        QApplication.sendEvent(self.notice, QEvent(QEvent.Type.StyleChange))  # else its padding stays as it was
        self.notice.setText(sentence)
        self.notice.setVisible(bool(sentence))
        self.close_notice.setVisible(bool(sentence))
        self.open.hide()
        self._running.hide()

    def complain(self, sentence: str) -> None:
        """Tell what went wrong, so that it is seen."""
        self.say(sentence, "notice")

    def show_progress(self, done: int, total: int) -> None:
        """Files are being written; a ``total`` of 0 is not known yet."""
        self.say(f"Writing {done} of {total}…" if total else "Writing…")
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self._running.show()
        self.close_notice.hide()

    def show_end(self, ok: bool, sentence: str, folder: Path) -> None:
        """All is written and lies in ``folder``, or nothing is: an empty sentence says that it was stopped."""
        self.say(sentence or "Stopped; nothing was written.", "muted" if ok or not sentence else "notice")
        self._folder = folder
        self.open.setVisible(ok)

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
