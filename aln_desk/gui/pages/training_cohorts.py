"""What to learn from: the cohorts to tick, what they hold, and whether that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.gui import tasks
from aln_desk.gui.widgets.labels import label

LEARNING = (Role.TRAIN, Role.TUNE)
_NOTHING = "There is nothing to learn from yet. Import images in Patients first."
_NO_COHORT = "Tick a cohort with patients to learn from."
_NEITHER = "These patients have neither outlines nor outcomes. Draw outlines or enter outcomes first."
_NO_OUTCOMES = "These patients have no outcomes, and verdicts are learned from them. Enter outcomes in Patients."
_ONE_OUTCOME = "All outcomes here are the same; verdicts are learned from both kinds."


class CohortBox(QWidget):
    """``changed`` comes when other cohorts are ticked or they hold something else."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._patients: Sequence[Patient] = ()
        self._outlined: frozenset[str] | None = None
        self.boxes: dict[str, QCheckBox] = {}
        self._lines = QVBoxLayout()
        self._lines.setSpacing(0)
        self.counts = label("", "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._lines)
        column.addWidget(self.counts)

    def show_project(self, cohorts: Sequence[Cohort], patients: Sequence[Patient]) -> None:
        """List the cohorts: those to learn from and to tune with can be ticked, and are, tests cannot."""
        kept = {name: box.isChecked() for name, box in self.boxes.items()}
        self._patients = patients
        self._outlined = None
        self._clear()
        self.boxes = {cohort.name: self._check_box(cohort) for cohort in cohorts if cohort.role in LEARNING}
        for name, box in self.boxes.items():
            box.setChecked(kept.get(name, box.isChecked()))
            box.toggled.connect(self._tell)
            self._lines.addWidget(box)
        for cohort in cohorts:
            if cohort.role not in LEARNING:
                self._lines.addWidget(self._test_line(cohort))
        self._tell()

    def count_outlines(self) -> None:
        """Count, in the background, the instances that have an outline."""
        patients = self._patients
        tasks.run(
            partial(_outlined, list(patients)), partial(self._take_outlined, patients), lane=tasks.Lane.BACKGROUND
        )

    def show_outlined(self, instances: frozenset[str]) -> None:
        """Take the ids of the instances that have an outline."""
        self._outlined = instances
        self._tell()

    def ticked(self) -> tuple[str, ...]:
        """The names of the cohorts to learn from."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def verdict(self, stages: str) -> tuple[str, str]:
        """What forbids a training of these stages, and what it will lack; empty where nothing does."""
        if not self._patients:
            return _NOTHING, ""
        return _verdict(self._chosen(), self._outlined, stages)

    def _tell(self) -> None:
        self.counts.setText(_counts(self._chosen(), self._outlined) if self.ticked() else "")
        self.counts.setVisible(bool(self.counts.text()))
        self.changed.emit()

    def _take_outlined(self, patients: Sequence[Patient], instances: frozenset[str]) -> None:
        if patients is self._patients:
            self.show_outlined(instances)

    def _chosen(self) -> list[Patient]:
        ticked = set(self.ticked())
        return [patient for patient in self._patients if patient.cohort in ticked]

    def _clear(self) -> None:
        while (entry := self._lines.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()

    def _check_box(self, cohort: Cohort) -> QCheckBox:
        count = sum(patient.cohort == cohort.name for patient in self._patients)
        box = QCheckBox(f"{_named(cohort)} · {_number(count, 'patient')}")
        box.setChecked(count > 0)
        return box

    def _test_line(self, cohort: Cohort) -> QLabel:
        count = sum(patient.cohort == cohort.name for patient in self._patients)
        line = label(f"{_named(cohort)} · {_number(count, 'patient')}, kept for testing", "caption", wrap=True)
        line.setContentsMargins(0, 4, 0, 4)
        return line


def _outlined(patients: Sequence[Patient]) -> frozenset[str]:
    """Ids of the instances with at least one shape; a damaged file counts as none here."""
    from aln_desk.io.annotations import current_annotation

    found = set()
    for instance in (instance for patient in patients for instance in patient.bag):
        try:
            if current_annotation(instance).shapes:
                found.add(instance.id)
        except AlnError:
            continue  # Annotate names the damaged file where it can be mended
    return frozenset(found)


def _counts(patients: Sequence[Patient], outlined: frozenset[str] | None) -> str:
    images = [instance for patient in patients for instance in patient.bag]
    outcomes = [patient.outcome for patient in patients if patient.outcome is not None]
    lines = f"{_number(len(patients), 'patient')}, {_number(len(images), 'image')}\n"
    lines += f"{_number(len(outcomes), 'outcome')} ({sum(outcomes)} positive)"
    if outlined is None:
        return lines + "\ncounting outlines…"
    return lines + f"\n{_number(sum(image.id in outlined for image in images), 'image')} with an outline"


def _verdict(patients: Sequence[Patient], outlined: frozenset[str] | None, stages: str) -> tuple[str, str]:
    if not patients:
        return _NO_COHORT, ""
    outcomes = {patient.outcome for patient in patients} - {None}
    drawn = outlined is None or any(image.id in outlined for patient in patients for image in patient.bag)
    if not outcomes and not drawn:
        return _NEITHER, ""
    if stages in ("mil", "clinical", "fusion"):
        return ("" if len(outcomes) > 1 else _ONE_OUTCOME if outcomes else _NO_OUTCOMES), ""
    if len(outcomes) < 2 and stages == "all":
        return "", _without_stage_two(bool(outcomes))
    return "", "" if drawn else "No outlines here: the model will learn status but no masks."


def _without_stage_two(known: bool) -> str:
    if known:
        return "All outcomes here are the same: stage 2 cannot be trained; verdicts need both kinds."
    return "No outcomes here: stage 2 cannot be trained, so the model will give masks but no verdicts."


def _named(cohort: Cohort) -> str:
    """The cohort's name, with its role where the name does not say it."""
    return cohort.name if cohort.role.value in cohort.name.lower() else f"{cohort.name} ({cohort.role.value})"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
