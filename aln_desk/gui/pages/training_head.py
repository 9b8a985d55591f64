"""Above a run's curves: its state in a sentence, how far it is, and Resume."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from aln_desk.domain.messages import Message, Progress, Started
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.training_runs import state_of
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.progress import duration
from aln_desk.io.runs import Run
from aln_desk.io.runs_table import part_of

_STAGES = {
    "images": "Reading the images ·",
    "mtl": "Stage 1, learning from images · step",
    "tokens": "Extracting tokens · image",
    "mil": "Stage 2, learning from patients · step",
}
_SENTENCES = {
    "running": "Under way…",
    "finished": "",
    "stopped": "This run was stopped before its end. It can go on from there.",
    "failed": "This run ended with an error; the log below tells which. It can go on once the cause is mended.",
    "interrupted": "This run was cut off, because the window or the computer was closed. It can go on from there.",
}


class RunHead(QWidget):
    """Away for a finished run; ``resume`` and ``bar`` are there only where they mean something."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._live: Run | None = None
        self.state = label("", wrap=True)
        self.resume = button("Resume", tip="Go on from the last checkpoint, with the settings it was started with")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Progress of the training")
        self._offer = QWidget()
        offer = QHBoxLayout(self._offer)
        offer.setContentsMargins(0, 0, 0, 0)
        offer.addWidget(self.resume)
        offer.addWidget(KeyCap(actions, "train.resume"))
        head = QHBoxLayout()
        head.addWidget(self.state, 1)
        head.addWidget(self._offer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.bar)

    def show_run(self, run: Run, live: bool) -> None:
        """Say how a run ended; one that is ``live`` tells by itself, and what it told last stays."""
        state = "running" if live else state_of(run, "")
        known = live and self._live is not None and self._live.folder == run.folder
        self._live = run if live else None
        if not known:
            self.say(_SENTENCES[state])
            self.bar.setRange(0, 0)
        self.setVisible(state != "finished")
        self._offer.setVisible(state not in ("finished", "running"))
        self.bar.setVisible(live)

    def show_starting(self) -> None:
        """A training has been asked for and has not told anything yet."""
        self._offer.hide()
        self.bar.setRange(0, 0)
        self.bar.show()
        self.say("Starting…")

    def show_message(self, message: Message) -> None:
        """Show a message of the run, where it tells how far the run is."""
        if isinstance(message, Started):
            self.say(f"Started on {message.device}")
        elif isinstance(message, Progress):
            part = part_of(self._live) if self._live else ""
            words = _progress_words(message)
            self.say(f"{part.capitalize()} · {words}" if part else words)
            self.bar.setRange(0, message.total)
            self.bar.setValue(message.done)

    def say(self, sentence: str) -> None:
        """Say this instead."""
        self.state.setText(sentence)
        self.show()


def _progress_words(message: Progress) -> str:
    stage = _STAGES.get(message.stage, message.stage)
    words = f"{stage} {message.done} of {message.total}"
    left = duration(message.seconds_left)
    return f"{words} · {left}" if left else words
