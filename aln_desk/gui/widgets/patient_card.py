"""What is known of one patient besides the images; every change is kept at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from aln_desk.domain.errors import AlnError, BadProject
from aln_desk.domain.patient import Patient
from aln_desk.gui.widgets.info_bar import InfoBar
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.patient_model import OUTCOME_WORDS
from aln_desk.gui.workspace import Workspace
from aln_desk.io.project import Project

T_STAGES = ("", "1", "2", "3", "4")
BIRADS = ("", "3", "4A", "4B", "4C", "5", "6")
_OLDEST = 120


class PatientCard(QWidget):
    """The form of the patient selected in the workspace."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._shown = ""
        self.info = InfoBar()
        self.name = label("", "title")
        self.outcome = QComboBox()
        for value, words in OUTCOME_WORDS.items():
            self.outcome.addItem(words, value)
        self.cohort = QComboBox()
        self.t_stage = _choices(T_STAGES)
        self.birads = _choices(BIRADS)
        self.age = QLineEdit(placeholderText="Years")
        self.age_refused = label("", "error", wrap=True)
        self.age_refused.hide()
        self.hospital = QLineEdit()
        self.admission_date = QLineEdit(placeholderText="YYYY-MM-DD")
        self.date_refused = label("", "error", wrap=True)
        self.date_refused.hide()
        self._connect()
        self._lay_out()
        self.info.float_over(self)
        workspace.projectChanged.connect(self._forget)
        workspace.patientSelected.connect(self._show)
        workspace.patientEdited.connect(self._show)
        if workspace.patient is not None:
            self._show(workspace.patient.id)

    def _forget(self) -> None:
        """What was told of a patient is no news in another project."""
        self._shown = ""
        for told in (self.info, self.age_refused, self.date_refused):
            told.hide()

    def _show(self, name: str) -> None:
        patient = self._workspace.patient
        if patient is None or patient.id != name:
            return
        if name != self._shown:
            self._forget()
        self._shown = name
        self.name.setText(patient.id)
        self._fill(patient)

    def _fill(self, patient: Patient) -> None:
        project = self._workspace.project
        fields = (self.outcome, self.cohort, self.t_stage, self.birads)
        for field in fields:
            field.blockSignals(True)
        self.outcome.setCurrentIndex(self.outcome.findData(patient.outcome))
        self.cohort.clear()
        self.cohort.addItems([cohort.name for cohort in project.cohorts()] if project else [])
        self.cohort.setCurrentText(patient.cohort)
        _set_choice(self.t_stage, patient.clinical.get("t_stage", ""))
        _set_choice(self.birads, patient.clinical.get("birads", ""))
        for field in fields:
            field.blockSignals(False)
        self.age.setText(patient.clinical.get("age", ""))
        self.hospital.setText(patient.hospital)
        self.admission_date.setText(patient.admission_date)

    def _connect(self) -> None:
        self.outcome.currentIndexChanged.connect(
            lambda _: self._keep(lambda project: project.set_outcome(self._shown, self.outcome.currentData()))
        )
        self.cohort.currentTextChanged.connect(
            lambda text: self._keep(lambda project: project.set_cohort(self._shown, text))
        )
        self.t_stage.currentTextChanged.connect(lambda text: self._keep_variable("t_stage", text))
        self.birads.currentTextChanged.connect(lambda text: self._keep_variable("birads", text))
        self.age.editingFinished.connect(self._keep_age)
        self.hospital.editingFinished.connect(self._keep_origin)
        self.admission_date.editingFinished.connect(self._keep_origin)

    def _keep_variable(self, variable: str, value: str) -> None:
        self._keep(lambda project: project.set_clinical(self._shown, variable, value))

    def _keep_age(self) -> None:
        """An age that is none is told below its field, which takes the stored one back."""
        if not self.age.isModified():
            return
        self.age.setModified(False)
        text = self.age.text().strip()
        refused = bool(text) and not _is_age(text)
        self.age_refused.setVisible(refused)
        if refused:
            self.age_refused.setText(f'"{text}" is no age; write whole years from 0 to {_OLDEST} or leave it empty.')
            self._show(self._shown)
        else:
            self._keep_variable("age", text)

    def _keep_origin(self) -> None:
        """A date that is none is told below its field, which takes the stored one back."""
        if not (self.hospital.isModified() or self.admission_date.isModified()):
            return
        hospital, date = self.hospital.text().strip(), self.admission_date.text().strip()
        try:
            self._workspace.change_patient(self._shown, lambda project: project.set_origin(self._shown, hospital, date))
            self.date_refused.hide()
        except BadProject as error:
            self.date_refused.setText(str(error))
            self.date_refused.show()
            self._show(self._shown)

    def _keep(self, change: Callable[[Project], None]) -> None:
        """Store a change; one that is refused is told here and the form shows what is stored."""
        try:
            self._workspace.change_patient(self._shown, change)
            self.info.hide()
        except AlnError as error:
            self.info.say(str(error), "error")
            self._show(self._shown)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(16, 4, 16, 12)
        form.setVerticalSpacing(8)
        fields: tuple[tuple[str, QWidget], ...] = (
            ("Outcome (pathology)", self.outcome),
            ("Cohort", self.cohort),
            ("T stage", self.t_stage),
            ("BI-RADS", self.birads),
            ("Age", self.age),
            ("Hospital", self.hospital),
            ("Admission date", self.admission_date),
        )
        for words, field in fields:
            field.setAccessibleName(words)
            form.addRow(label(words, "muted"), field)
            if field is self.age:
                form.addRow("", self.age_refused)
        form.addRow("", self.date_refused)
        head = QVBoxLayout()
        head.setContentsMargins(16, 14, 16, 0)
        head.addWidget(self.name)
        head.addWidget(label("Changes are kept at once.", "caption"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addLayout(form)
        column.addStretch(1)


def _is_age(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) <= _OLDEST


def _choices(words: tuple[str, ...]) -> QComboBox:
    box = QComboBox()
    box.addItems(words)
    return box


def _set_choice(box: QComboBox, value: str) -> None:
    """Choose a value; one that the list does not know is added, not lost."""
    if box.findText(value) < 0:
        box.addItem(value)
    box.setCurrentText(value)
