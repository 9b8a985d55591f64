"""Evaluate while there is nothing to show: what is missing and the one action that fills it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from aln_desk.evaluation.gather import Gathered
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation_board import Board
from aln_desk.gui.pages.evaluation_notes import Notes
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace


class Emptiness(Enum):
    """Why there is nothing to show: words and the action's."""

    NONE = ("", "")
    WAITING = ("Reading scores…", "")
    UNREADABLE = ("The scores of this project could not be read; the left pane says why.", "Try again")
    NO_PROJECT = ("Open a project to evaluate its verdicts.", "")
    NO_SCORES = (
        "No patient of this project has been read yet, so there is nothing to evaluate.",
        "Read this project",
    )
    NO_SECOND_STAGE = (
        "The model in use reads single images and gives no verdicts on patients, so there is nothing to evaluate.\n"
        "Train stage 2 on top of it (Train, “Stage 2 only”), or adopt another model.",
        "Open Train",
    )
    NO_OUTCOMES = (
        "No patient that was read has an outcome from pathology. Enter outcomes in Patients.",
        "Open Patients",
    )
    NOTHING_TICKED = ("Tick whose scores are to be compared, and on which cohorts.", "Tick all")
    NOBODY_LEFT = ("No patient of these cohorts has what is asked for under Patients.", "Look at all patients")


def emptiness(workspace: Workspace, found: Gathered | None, board: Board | None) -> Emptiness:
    """What is missing; `Emptiness.WAITING` while it is worked out."""
    if workspace.project is None:
        return Emptiness.NO_PROJECT
    if found is None:
        return Emptiness.WAITING
    if not found.scorers:
        judges = workspace.model is None or workspace.model.judges
        return Emptiness.NO_SCORES if judges else Emptiness.NO_SECOND_STAGE
    if not found.cohorts_with_figures():
        return Emptiness.NO_OUTCOMES
    if board is None:
        return Emptiness.WAITING
    if not board.results.parts:
        return Emptiness.NOTHING_TICKED
    if board.results.selection.filters and not any(board.results.patients.values()):
        return Emptiness.NOBODY_LEFT
    return Emptiness.NONE


class EmptyPlace(QWidget):
    """The centre of Evaluate: its cards, or why there are none, and below what to know of them."""

    def __init__(self, cards: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = Emptiness.WAITING
        self._read = QAction(self)
        self.words = label("", "muted", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.action = button("", "main")
        self.stack = QStackedWidget()
        self.stack.addWidget(self._place())
        self.stack.addWidget(cards)
        self.notes = Notes()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stack, 1)
        column.addWidget(self.notes)

    def follow(
        self,
        actions: Actions,
        tick_all: Callable[[], None],
        all_patients: Callable[[], None],
        again: Callable[[], None],
    ) -> None:
        """What the action does in each state."""
        done = {
            Emptiness.UNREADABLE: again,
            Emptiness.NO_SCORES: actions["review.read"].trigger,
            Emptiness.NO_SECOND_STAGE: actions["mode.train"].trigger,
            Emptiness.NO_OUTCOMES: actions["mode.patients"].trigger,
            Emptiness.NOTHING_TICKED: tick_all,
            Emptiness.NOBODY_LEFT: all_patients,
        }
        self.action.clicked.connect(lambda: done[self.state]())
        self._read = actions["review.read"]
        self._read.changed.connect(lambda: self.show_state(self.state))

    def show_state(self, state: Emptiness) -> None:
        """Show the cards, or what is missing."""
        self.state = state
        words, action = state.value
        reading = state is Emptiness.NO_SCORES and not self._read.isEnabled()
        self.words.setText(words)
        self.action.setText("Being read…" if reading else action)
        self.action.setAccessibleName(self.action.text())
        self.action.setVisible(bool(action))
        self.action.setEnabled(not reading)
        self.stack.setCurrentIndex(state is Emptiness.NONE)

    def _place(self) -> QWidget:
        place = QWidget()
        column = QVBoxLayout(place)
        column.setContentsMargins(48, 48, 48, 48)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self.words)
        column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        return place
