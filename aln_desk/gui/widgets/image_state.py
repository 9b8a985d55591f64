"""How far the image on screen is: its status with the reason, its flags, and a note."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.progress import FLAGS, Status, mark_of, note_of
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import beside, button, label

WORDS: Mapping[Status, str] = {
    Status.TO_DO: "To do",
    Status.IN_PROGRESS: "In progress",
    Status.DONE: "Done",
    Status.NEEDS_REVIEW: "Needs review",
    Status.REJECTED: "Rejected",
}
_ACTIONS: Mapping[Status, str] = {
    Status.DONE: "image.done",
    Status.NEEDS_REVIEW: "image.review",
    Status.REJECTED: "image.reject",
}
_TIPS: Mapping[str, str] = {
    NO_LESION: "Counts as done, and teaches the network that there is nothing to outline",
    "no_visible_node": "You looked for a lymph node and none can be seen",
    "poor_quality": "Too poor to be sure of the outline",
    "calipers_burned_in": "Marks of the scanner lie on the lesion: they would tell a network where it is",
}


class _Note(QPlainTextEdit):
    """Says when the focus leaves it."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class ImageState(QWidget):
    """``statusChosen(status, reason)``, ``flagged(name, yes)`` and ``noted(text)`` ask."""

    statusChosen = Signal(object, str)
    flagged = Signal(str, bool)
    noted = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self, exclusive=True)
        self.buttons: dict[Status, QPushButton] = {}
        self.reason = QLineEdit(placeholderText="Why is it rejected?")
        self.reason.setAccessibleName("Reason of the rejection")
        self.reason.returnPressed.connect(self._reject)
        self.said = label("", "caption", wrap=True)
        self.flags = {name: QCheckBox(words) for name, words in FLAGS.items()}
        self.note = _Note(placeholderText="Note on this image")
        self.note.setAccessibleName("Note on this image")
        self.note.setTabChangesFocus(True)
        self.note.setMaximumHeight(96)
        self.note.left.connect(self.keep_note)
        self._noted = ""
        self._lay_out(actions)
        self.tell(None)

    def tell(self, annotation: Annotation | None) -> None:
        """Show what is known of the image; None where there is none, or its file cannot be read."""
        self.setEnabled(annotation is not None)
        mark = mark_of(annotation) if annotation is not None else None
        self._group.setExclusive(False)
        for status, choice in self.buttons.items():
            choice.setChecked(mark is not None and mark.status == status)
        self._group.setExclusive(True)
        is_rejected = mark is not None and mark.status == Status.REJECTED
        self.reason.setVisible(is_rejected)
        self.reason.setText(mark.reason if mark is not None else "")
        by = [word for word in (mark.reader, mark.at[:10]) if word] if mark is not None else []
        self.said.setText(", ".join(by))
        self.said.setVisible(bool(by))
        for name, box in self.flags.items():
            box.setChecked(bool(annotation is not None and annotation.flags.get(name)))
        note = note_of(annotation) if annotation is not None else ""
        if note != self._noted:  # a note that is being typed stays
            self._noted = note
            self.note.setPlainText(note)

    def ask_reason(self) -> None:
        """A rejection needs a reason: ask for it here."""
        self.reason.show()
        self.reason.setFocus()
        self.reason.selectAll()

    def keep_note(self) -> None:
        """Tell of a note that was typed and not told yet: another image follows, or the focus leaves."""
        if self.isEnabled() and self.note.toPlainText() != self._noted:
            self._noted = self.note.toPlainText()
            self.noted.emit(self._noted)

    def _choose(self, status: Status) -> None:
        if status == Status.REJECTED and not self.reason.text().strip():
            self.ask_reason()
        else:
            self.statusChosen.emit(status, self.reason.text() if status == Status.REJECTED else "")

    def _reject(self) -> None:
        if self.reason.text().strip():
            self.statusChosen.emit(Status.REJECTED, self.reason.text())

    def _lay_out(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(6)
        column.addWidget(label("Status", "heading"))
        for status, words in WORDS.items():
            choice = button(words)
            choice.setCheckable(True)
            choice.clicked.connect(lambda _=False, status=status: self._choose(status))
            self._group.addButton(choice)
            self.buttons[status] = choice
            column.addWidget(beside(choice, KeyCap(actions, _ACTIONS[status])) if status in _ACTIONS else choice)
        column.addWidget(self.reason)
        column.addWidget(self.said)
        column.addSpacing(6)
        column.addWidget(label("Flags", "heading"))
        for name, box in self.flags.items():
            box.setToolTip(_TIPS[name])
            box.clicked.connect(lambda yes, name=name: self.flagged.emit(name, yes))
            column.addWidget(box)
        column.addSpacing(6)
        column.addWidget(label("Note", "heading"))
        column.addWidget(self.note)
        column.addStretch(1)
