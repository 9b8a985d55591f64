"""The right side of Review: the verdict, its evidence, what else is known, the reader's own judgement."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from aln_desk.domain.patient import Patient, variable_words
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import NOT_DECIDED, SIMULATED, Verdict
from aln_desk.gui import theme
from aln_desk.gui.findings import OUTCOME_WORDS, image_names, listed, verdict_sentence
from aln_desk.gui.model_in_use import ModelInUse
from aln_desk.gui.widgets.facts import Facts
from aln_desk.gui.widgets.judgement import JudgementForm
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.marks import verdict_colour
from aln_desk.gui.widgets.score_bar import ScoreBar
from aln_desk.gui.widgets.seen_chip import SeenChip
from aln_desk.gui.widgets.shares import Shares

OUTLINES_ONLY = "This model has learned outlines only: no outcome was known when it was trained."
NO_SECOND_STAGE = (
    "This model reads single images only: it gives no verdict on a patient. "
    "For verdicts, train stage 2 on top of it (Train, “Stage 2 only”)."
)
_UNKNOWN = "{} of this patient {} not known, and this model reads nothing else. Enter it under Patients."
SIGNS = {"positive": "+", "negative": "−", "uncertain": "?"}


class VerdictPanel(QWidget):
    """Shows what it is handed; asks by signals."""

    instanceChosen = Signal(str)
    readRequested = Signal()
    reportRequested = Signal()
    signRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setMinimumWidth(304)
        self.score = label("", "answer")
        self.decision = label("")
        self.bar = ScoreBar()
        self.uncertain = label("", wrap=True)
        self.sentence = label("", wrap=True)
        self.patient_seen = SeenChip("this patient")
        self.shares = Shares()
        self.shares.chosen.connect(self.instanceChosen)
        self.findings = Facts()
        self.image_seen = SeenChip("this image")
        self.clinical = Facts()
        self.model = label("", "caption", wrap=True)
        self.model.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notice = label(SIMULATED, "notice", wrap=True)
        self.missing = label("", wrap=True)
        self.read = button("Read this project", "main")
        self.judgement = JudgementForm()
        self.report = button("Report", tip="Save this patient's report")
        self.sign = button("Sign and next", "main")
        self._patient: Patient | None = None
        self._outcome_shown = True
        self._connect()
        self._lay_out()

    def tell_keys(self, sign: str, steps: Sequence[str]) -> None:
        """The keys that sign and judge, empty for none."""
        self.sign.setToolTip("Keep your judgement and go to the next patient" + (f" ({sign})" if sign else ""))
        self.judgement.tell_keys(steps)

    def show_patient(self, patient: Patient) -> None:
        """What does not come from the model."""
        self._patient = patient
        self._show_clinical()

    def show_outcome(self, shown: bool) -> None:
        """Whether the node status from pathology is told; a blinded reader hides it."""
        self._outcome_shown = shown
        self._show_clinical()

    def show_verdict(self, patient: Patient, verdict: Verdict | None, model: ModelInUse | None = None) -> None:
        """The number, the decision, the sentences and the shares; nothing of it where there is no verdict.

        ``model`` is the one in use: it may have made the verdict, or another one.
        """
        for widget in self._answers:
            widget.setVisible(verdict is not None)
        self._heading.setText("Probability of node metastasis" if verdict is not None else "Verdict")
        self.report.setEnabled(verdict is not None)
        self.uncertain.setVisible(verdict is not None and verdict.uncertain)
        self.patient_seen.tell(verdict.seen if verdict is not None else Seen.UNKNOWN)
        if verdict is None:
            return
        self.score.setText(f"{verdict.score:.2f}")
        self.score.setAccessibleName(f"Probability of node metastasis {verdict.score:.2f}")
        self._show_decision(verdict)
        maker = model if model is not None and model.digest == verdict.model else None
        undecided = maker.undecided if maker else None
        self.uncertain.setText(undecided.sentence if undecided else NOT_DECIDED)
        self.bar.set_verdict(verdict, undecided)
        self.sentence.setText(verdict_sentence(patient, verdict, maker))
        self.shares.show_shares(image_names(patient), verdict.shares, verdict_colour(verdict.decision))
        for widget in (self._shares_heading, self.shares):
            widget.setVisible(bool(verdict.shares))

    def show_model(self, model: ModelInUse | None, verdict: Verdict | None, is_read: bool | None, busy: bool) -> None:
        """Which model is in use, what it cannot say, and the one button that lets it read what it has not read yet.

        ``is_read`` None: that is being looked up, so nothing is offered yet.
        """
        self.model.setText(f"Model {model.name} · {model.digest}" if model else "No model can be used.")
        by_lot = model is not None and model.simulated and model.knows_outcome
        self.notice.setVisible(by_lot or (verdict is not None and verdict.simulated))
        missing = _what_is_missing(model, verdict, is_read, self._patient)
        self.missing.setText(missing)
        self.missing.setVisible(bool(missing))
        lacks = model is not None and self._patient is not None and model.lacks(self._patient)
        self.read.setVisible(model is not None and is_read is False and not lacks)
        self.read.setToolTip(f"Read this project with {model.name}" if model else "")
        self.read.setEnabled(not busy)

    def _show_decision(self, verdict: Verdict) -> None:
        colour = theme.word_colour(verdict_colour(verdict.decision).name())
        self.decision.setText(f"{SIGNS[verdict.decision]} {verdict.decision.capitalize()}")
        self.decision.setStyleSheet(
            f"color: {colour}; border: 1px solid {colour}; border-radius: 5px; padding: 3px 8px; font-weight: 600;"
        )

    def _show_clinical(self) -> None:
        if self._patient is None:
            return
        facts = [(variable_words(name), value) for name, value in self._patient.clinical.items()]
        facts.append(("Cohort", self._patient.cohort))
        if self._outcome_shown:
            facts.append(("Outcome (pathology)", OUTCOME_WORDS[self._patient.outcome]))
        self.clinical.tell(facts)

    def _connect(self) -> None:
        self.read.clicked.connect(self.readRequested)
        self.report.clicked.connect(self.reportRequested)
        self.sign.clicked.connect(self.signRequested)
        self.judgement.ready.connect(self.sign.setEnabled)

    def _lay_out(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(6)
        self._add_answer(column)
        column.addSpacing(8)
        column.addLayout(_row(label("Findings of this image", "heading"), self.image_seen))
        column.addWidget(self.findings)
        column.addSpacing(8)
        column.addWidget(label("Clinical", "heading"))
        column.addWidget(self.clinical)
        column.addWidget(self.model)
        column.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addWidget(self._foot())

    def _add_answer(self, column: QVBoxLayout) -> None:
        number = QHBoxLayout()
        number.setSpacing(12)
        number.addWidget(self.score)
        number.addWidget(self.decision, 0, Qt.AlignmentFlag.AlignVCenter)
        number.addStretch(1)
        self._shares_heading = label("Share of each image", "heading")
        self._answers: tuple[QWidget, ...] = (
            self.score,
            self.decision,
            self.bar,
            self.sentence,
            self._shares_heading,
            self.shares,
        )
        self._heading = label("Verdict", "heading")
        column.addWidget(self._heading)
        column.addLayout(number)
        for told in (self.bar, self.uncertain, self.sentence):
            column.addWidget(told)
        column.addLayout(_row(self.patient_seen))
        for widget in (self.missing, self.read, self.notice):
            column.addWidget(widget)
        column.addSpacing(8)
        column.addWidget(self._shares_heading)
        column.addWidget(self.shares)

    def _foot(self) -> QWidget:
        foot = QWidget()
        foot.setObjectName("strip")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(foot)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.judgement)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        row: tuple[QPushButton, ...] = (self.report, self.sign)
        for one in row:
            buttons.addWidget(one, 1)
        column.addLayout(buttons)
        return foot


def _row(*widgets: QWidget) -> QHBoxLayout:
    """The first at the left; of two, the second at the right."""
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(widgets[0])
    row.addStretch(1)
    for widget in widgets[1:]:
        row.addWidget(widget)
    return row


def _what_is_missing(
    model: ModelInUse | None, verdict: Verdict | None, is_read: bool | None, patient: Patient | None
) -> str:
    """Why there is no verdict of the model in use; empty when there is one."""
    if model is None:
        return "The model in use cannot be read. Adopt another one under Train."
    if verdict is not None and verdict.model != model.digest:
        return f"This verdict was made by another model ({verdict.model}) than the one in use."
    if not model.knows_outcome:
        return OUTLINES_ONLY
    if not model.judges:
        return NO_SECOND_STAGE
    if verdict is None and patient is not None and model.lacks(patient):
        names = [variable_words(name) for name in model.variables]
        return _UNKNOWN.format(listed(names), "is" if len(names) == 1 else "are")
    return "This patient has not been read by the model yet." if is_read is False else ""
