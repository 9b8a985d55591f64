"""The reader's own judgement: five steps, a note, a name, and the time it took."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QElapsedTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from aln_desk.domain.review import Review
from aln_desk.domain.verdict import Verdict
from aln_desk.gui.widgets.labels import label

STEPS = ("Certainly none", "Probably none", "Undecided", "Probable", "Certain")

_UNJUDGED = "Your judgement"


class JudgementForm(QWidget):
    """``ready`` tells whether there is a judgement to sign."""

    ready = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._since = QElapsedTimer()
        self._steps = QButtonGroup(self, exclusive=True)
        self._steps.idClicked.connect(self._say)
        self.heading = label(_UNJUDGED, "heading")
        self.note = QLineEdit(placeholderText="Note")
        self.note.setAccessibleName("Note")
        self.reader = QLineEdit(_login())
        self.reader.setAccessibleName("Reader")
        self.reader.setToolTip("Reader: kept with the judgement")
        self.signed = label("", "caption", wrap=True)
        self._lay_out()

    def begin(self, earlier: list[Review]) -> None:
        """An empty form for a patient that has just come on screen; earlier judgements are told."""
        self._since.start()
        self._steps.setExclusive(False)
        for step in self._steps.buttons():
            step.setChecked(False)
        self._steps.setExclusive(True)
        self.note.clear()
        self.heading.setText(_UNJUDGED)
        last = earlier[-1] if earlier else None
        self.signed.setText(_told(last) if last else "")
        self.signed.setVisible(last is not None)
        self.ready.emit(False)

    def tell_keys(self, keys: Sequence[str]) -> None:
        """The key of each step, empty for none, goes into its tip."""
        for step, (words, key) in enumerate(zip(STEPS, keys, strict=True), start=1):
            self._steps.button(step).setToolTip(f"Metastasis: {words.lower()}" + (f" ({key})" if key else ""))

    def choose(self, step: int) -> None:
        """Choose a step, 1 to 5."""
        self._steps.button(step).click()

    def review(self, patient: str, shown: Verdict | None) -> Review | None:
        """What would be signed now, None while no step is chosen."""
        step = self._steps.checkedId()
        if step < 1:
            return None
        return Review(
            patient=patient,
            reader=self.reader.text().strip() or "unnamed",
            judgement=step,
            note=self.note.text().strip(),
            seconds=self._since.elapsed() / 1000,
            signed_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            verdict_shown=shown,
        )

    def _say(self, step: int) -> None:
        self.heading.setText(f"{_UNJUDGED}: {STEPS[step - 1].lower()} ({step} of 5)")
        self.ready.emit(True)

    def _lay_out(self) -> None:
        steps = QHBoxLayout()
        steps.setSpacing(4)
        for step, words in enumerate(STEPS, start=1):
            button = QPushButton(str(step))
            button.setCheckable(True)
            button.setProperty("role", "judgement")
            button.setAccessibleName(f"{step} of 5: {words}")
            self._steps.addButton(button, step)
            steps.addWidget(button, 1)
        ends = QHBoxLayout()
        ends.addWidget(label(STEPS[0], "caption"))
        ends.addStretch(1)
        ends.addWidget(label(STEPS[-1], "caption"))
        scale = QVBoxLayout()
        scale.setSpacing(2)
        scale.addLayout(steps)
        scale.addLayout(ends)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(self.note, 3)
        foot.addWidget(self.reader, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.heading)
        column.addWidget(self.signed)
        column.addLayout(scale)
        column.addLayout(foot)


def _told(review: Review) -> str:
    step = f"{STEPS[review.judgement - 1].lower()} ({review.judgement} of 5)"
    return f"Signed by {review.reader} on {review.signed_at[:10]}: {step}"


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
