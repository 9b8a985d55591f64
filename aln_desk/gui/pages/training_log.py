"""What a run said in words: device, notes, its end."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from aln_desk.domain.messages import Failed, Finished, Message, Note, Started


class RunLog(QPlainTextEdit):
    """Read-only; hidden while it has nothing to say. ``tells_preset`` False where no preset counts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, readOnly=True)
        self.setAccessibleName("Notes of the run")
        self.tells_preset = True
        self.setMinimumHeight(44)
        self.hide()

    def show_all(self, messages: Iterable[Message]) -> None:
        """The notes among these messages and no others."""
        self.clear()
        self.hide()
        for message in messages:
            self.add(message)

    def add(self, message: Message) -> None:
        """Add a message's sentence, if it has one."""
        if sentence := _sentence(message, self.tells_preset):
            self.appendPlainText(sentence)
            self.show()


def _sentence(message: Message, tells_preset: bool) -> str:
    match message:
        case Started() if message.preset and tells_preset:
            return f"Preset {message.preset} on {message.device}"
        case Started():
            return f"On {message.device}"
        case Note() | Failed():
            return message.text
        case Finished():
            return "Stopped." if message.stopped else f"Finished: model {message.digest}"
        case _:
            return ""
