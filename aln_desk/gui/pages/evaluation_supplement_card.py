"""One card of Evaluate's supplement: what was made, why it could not be, or how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import Choices
from aln_desk.evaluation.tables.table import Table
from aln_desk.gui.pages.evaluation_learning import LearningBody
from aln_desk.gui.pages.evaluation_supplement_bodies import CamTools, CaseTools, FigureBody, NomogramBody, Tools
from aln_desk.gui.pages.evaluation_supplement_made import (
    CAMS,
    CASES,
    LEARNING,
    MASKS,
    NOMOGRAM,
    Learnt,
    Made,
    Picture,
    Reason,
    Scale,
)
from aln_desk.gui.pages.evaluation_table import TableBody
from aln_desk.gui.widgets.labels import button, label

Body = TableBody | FigureBody | NomogramBody | LearningBody

_LONG_MS = 2000
"""After so long a card says that it is still at work."""
_TABLE, _FIGURE, _SENTENCE = 300, 340, 148
_ANY = 16777215
"""Qt's word for no limit."""


@dataclass(frozen=True, slots=True)
class SupplementKind:
    """``key`` is the piece's, ``high`` the card's height among others; ``wide`` ones take a whole row.

    ``called``: the threshold matters to what it shows. ``chosen`` picks what of the `Choices` matters to it.
    ``slow``: it tells how far it is and can be stopped.
    """

    key: str
    title: str
    hint: str
    high: int = _TABLE
    wide: bool = False
    called: bool = False
    chosen: Callable[[Choices], object] = lambda choices: None
    slow: bool = False
    tools: Callable[[], Tools] | None = None


KINDS = (
    SupplementKind("figure_s2", "Flow of the patients", "Figure S2", _FIGURE, called=True),
    SupplementKind("table_s1", "Patients by node status", "Table S1", _FIGURE),
    SupplementKind("table_s7", "Flow by model", "Table S7", wide=True, called=True),
    SupplementKind(
        CASES,
        "Cases",
        "Figure 4",
        480,
        wide=True,
        called=True,
        chosen=lambda choices: (choices.patients, choices.cases_by),
        tools=CaseTools,
    ),
    SupplementKind(
        CAMS,
        "Evidence of two models",
        "Figure S1",
        480,
        wide=True,
        called=True,
        chosen=lambda choices: (choices.patients, choices.beside),
        tools=CamTools,
    ),
    SupplementKind(MASKS, "Masks against outlines", "Table S2", wide=True, slow=True),
    SupplementKind("table_s3", "Regression of clinical variables", "Table S3", wide=True),
    SupplementKind(NOMOGRAM, "Nomogram", "Figure S3: probability of a positive node", 400, wide=True),
    SupplementKind("table_s5", "Every pair of models", "Table S5: DeLong, McNemar", wide=True, called=True),
    SupplementKind("table_s4", "Calibration", "Table S4", wide=True),
    SupplementKind(
        "table_s6",
        "Subgroups",
        "Table S6: of the scores on the card Subgroups",
        wide=True,
        chosen=lambda choices: choices.subgroups_of,
    ),
    SupplementKind(LEARNING, "Learning curves", "Figure S6", 540, wide=True),
)


def make_body(kind: SupplementKind) -> Body:
    """What lies on a card of this kind."""
    if kind.key == NOMOGRAM:
        return NomogramBody()
    if kind.key == LEARNING:
        return LearningBody()
    return TableBody(kind.title) if kind.key.startswith("table") else FigureBody(kind.title)


class SupplementCard(QFrame):
    """``enlarged``, ``stopped`` and ``continued`` carry the key."""

    enlarged = Signal(str)
    stopped = Signal(str)
    continued = Signal(str)

    def __init__(self, kind: SupplementKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.kind = kind
        self.body = make_body(kind)
        self.tools = kind.tools() if kind.tools else None
        self.waiting = Waiting(kind.slow)
        self.state = label("", "caption")
        self.open = button("Enlarge", "small", f"{kind.title} alone")
        self.open.setAccessibleName(f"Enlarge {kind.title}")
        self.large = False
        self._asked: tuple[Results, object] | None = None
        self._made: Made | None = None
        self._lay_out()
        self.open.clicked.connect(partial(self.enlarged.emit, kind.key))
        self.waiting.stop.clicked.connect(self._stop)
        self.waiting.go_on.clicked.connect(self._go_on)
        self.show_large(False)

    @property
    def cohort(self) -> str:
        """Whose figure the card's own controls ask for; empty: the first cohort's, or that of all."""
        return self.tools.cohort if self.tools else ""

    def stale(self, results: Results, choices: Choices) -> bool:
        """Whether what is shown, or being made, is of other results or of other choices."""
        if self._asked is None:
            return True
        before, chosen = self._asked
        rule = results.selection.rule if self.kind.called else before.selection.rule
        return (
            chosen != self._chosen(choices)
            or before.selection != replace(results.selection, rule=rule)
            or before.scorers != results.scorers
            or before.patients != results.patients
        )

    def begin(self, results: Results, choices: Choices) -> None:
        """It is being made of these results, with these choices."""
        self._asked = results, self._chosen(choices)
        self.body.setEnabled(False)
        self.state.setText("Being worked out…")
        if self._made is None or isinstance(self._made, Reason):
            self._stack.setCurrentWidget(self.waiting)
        self.waiting.begin()

    def show_progress(self, done: int, total: int) -> None:
        """So many of so many patients are done."""
        self.waiting.show_progress(done, total)
        self._stack.setCurrentWidget(self.waiting)

    def show_made(self, made: Made) -> None:
        """Show what came of it."""
        self._made = made
        self.waiting.end(made.words if isinstance(made, Reason) else "")
        self.state.setText("")
        self.body.setEnabled(True)
        self._fill()
        self._fit()
        self._stack.setCurrentWidget(self.waiting if isinstance(made, Reason) else self.body)
        if isinstance(made, Picture) and self.tools is not None:
            self.tools.show_choice(made.shown)

    def forget(self) -> None:
        """Nothing was asked for; with the next results it is made anew."""
        self._asked = None

    def clear(self) -> None:
        """Nothing is shown either: it was of another project."""
        self.forget()
        self._made = None
        if self.tools is not None:
            self.tools.forget()
        self._fit()
        self.waiting.end("")
        self._stack.setCurrentWidget(self.waiting)

    def show_large(self, large: bool) -> None:
        """Alone, or among others."""
        self.large = large
        self.open.setVisible(not large)
        self._fit()
        if isinstance(self.body, FigureBody):
            self.body.show_large(large)
        self._fill()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On the heading, which has nothing else to double-click."""
        if event.position().y() < self._stack.y():
            self.enlarged.emit(self.kind.key)

    def changeEvent(self, event: QEvent) -> None:
        """Tables are coloured when they are filled."""
        if event.type() == QEvent.Type.StyleChange and isinstance(self.body, TableBody):
            self.body.show_table(None)
            self._fill()
        super().changeEvent(event)

    def _chosen(self, choices: Choices) -> object:
        """What was chosen that matters here."""
        return self.cohort, self.kind.chosen(choices)

    def _fill(self) -> None:
        made, body = self._made, self.body
        if isinstance(made, Table) and isinstance(body, TableBody):
            body.show_table(made, notes=self.large)
        elif isinstance(made, Picture) and isinstance(body, FigureBody):
            body.show_picture(made)
        elif isinstance(made, Scale) and isinstance(body, NomogramBody):
            body.show_scale(made)
        elif isinstance(made, Learnt) and isinstance(body, LearningBody):
            body.show_runs(made.runs)

    def _fit(self) -> None:
        """Among others as high as its kind, or as the sentence that says why there is nothing."""
        high = _SENTENCE if self.kind.wide and isinstance(self._made, Reason) else self.kind.high
        self.setMinimumHeight(0 if self.large else high)
        self.setMaximumHeight(_ANY if self.large else high)

    def _stop(self) -> None:
        self.waiting.halt()
        self.state.setText("Stopped")
        self.stopped.emit(self.kind.key)

    def _go_on(self) -> None:
        self.waiting.begin(again=True)
        self.state.setText("Being worked out…")
        self.continued.emit(self.kind.key)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(self.kind.title, "changed"))
        head.addWidget(label(self.kind.hint, "caption"))
        head.addStretch(1)
        head.addWidget(self.state)
        head.addWidget(self.open)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.waiting)
        self._stack.addWidget(self.body)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(6)
        column.addLayout(head)
        if self.tools is not None:
            column.addWidget(self.tools)
        column.addWidget(self._stack, 1)


class Waiting(QWidget):
    """A sentence in the middle of a card; below it, for what takes long, how far it is and Stop."""

    def __init__(self, slow: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = label("", "muted", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(260)
        self.stop, self.go_on = button("Stop", "small"), button("Go on", "small")
        self._slow = slow
        self._long = QTimer(self, interval=_LONG_MS, singleShot=True)
        self._long.timeout.connect(self._show_bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 8)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(self.words)
        for part in (self.bar, self.stop, self.go_on):
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.end("")

    def begin(self, again: bool = False) -> None:
        """Work begins, or goes on."""
        if not again:
            self.words.setText("Being worked out…")
            self.bar.setRange(0, 0)
        self._parts(False, False)
        self._long.start()

    def show_progress(self, done: int, total: int) -> None:
        """So many of so many patients are done."""
        self.words.setText(f"Masks of {done} of {total} patients compared…")
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self.bar.setAccessibleName(self.words.text())

    def halt(self) -> None:
        """Work was stopped."""
        self._long.stop()
        self.words.setText(self.words.text().replace("compared…", "compared, then stopped."))
        self._parts(False, True)

    def end(self, sentence: str) -> None:
        """Work is over; the sentence says why nothing came of it."""
        self._long.stop()
        self.words.setText(sentence)
        self._parts(False, False)

    def _show_bar(self) -> None:
        self._parts(True, False)

    def _parts(self, running: bool, halted: bool) -> None:
        self.bar.setVisible(running)
        self.stop.setVisible(running and self._slow)
        self.go_on.setVisible(halted)
