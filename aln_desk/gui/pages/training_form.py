"""The right pane of Train: what to learn from, by which preset, and the one button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.presets import PRESETS, default_preset
from aln_desk.domain.recipe import Recipe
from aln_desk.gui.widgets.labels import button, label

DEVICES = (("Choose by itself", "auto"), ("Processor (CPU)", "cpu"), ("NVIDIA GPU", "cuda"), ("Apple GPU", "mps"))
LEARNING = (Role.TRAIN, Role.TUNE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form asks for. ``settings`` holds only what differs from the preset, by key."""

    preset: str
    cohorts: tuple[str, ...]
    device: str
    settings: dict[str, int]


@dataclass(frozen=True, slots=True)
class Detail:
    """A number that may differ from the preset's."""

    key: str
    words: str
    low: int
    high: int
    step: int = 1


DETAILS = (
    Detail("mtl.iterations", "Stage 1 steps", 1, 1_000_000, 100),
    Detail("mtl.batch", "Images a step", 1, 1024),
    Detail("size", "Image size (pixels)", 32, 2048, 32),
    Detail("mil.epochs", "Stage 2 rounds", 1, 100_000, 10),
    Detail("seed", "Random seed", 0, 2_000_000_000),
)


class TrainingForm(QWidget):
    """``startRequested`` carries a `Wish`; ``stopRequested`` when the button says Stop."""

    startRequested = Signal(object)
    stopRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._patients: Sequence[Patient] = ()
        self._outlined: frozenset[str] | None = None
        self._running = False
        self.cohorts: dict[str, QCheckBox] = {}
        self._cohort_box = QVBoxLayout()
        self._cohort_box.setSpacing(0)
        self.counts = label("", "muted", wrap=True)
        self.notice = label("", "notice", wrap=True)
        self.preset = QComboBox()
        self.preset.setAccessibleName("Preset")
        self.description = label("", "caption", wrap=True)
        self.device = QComboBox()
        self.device.setAccessibleName("Device")
        self.fold = QPushButton("Details")
        self.fold.setCheckable(True)
        self.fold.setProperty("role", "quiet")
        self.details = {detail.key: _spin_box(detail) for detail in DETAILS}
        self.go = button("Start training", "main")
        self.go.setMinimumHeight(36)
        self._fill()
        self._lay_out()
        self.preset.currentIndexChanged.connect(self._show_preset)
        self.go.clicked.connect(self.press)
        self._show_preset()
        self.show_project((), ())

    def show_project(self, cohorts: Sequence[Cohort], patients: Sequence[Patient]) -> None:
        """List the cohorts: those to learn from and to tune with are ticked, tests cannot be."""
        self._patients = patients
        self._outlined = None
        while (entry := self._cohort_box.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.deleteLater()
        self.cohorts = {cohort.name: self._check_box(cohort) for cohort in cohorts if cohort.role in LEARNING}
        for box in self.cohorts.values():
            self._cohort_box.addWidget(box)
        for cohort in cohorts:
            if cohort.role not in LEARNING:
                self._cohort_box.addWidget(self._test_line(cohort))
        self._weigh()

    def show_outlined(self, instances: frozenset[str]) -> None:
        """Take the ids of the instances that have an outline, once they are known."""
        self._outlined = instances
        self._weigh()

    def set_running(self, running: bool) -> None:
        """The button starts or stops; the choices rest while a training is under way."""
        self._running = running
        self.go.setText("Stop training" if running else "Start training")
        self.go.setAccessibleName(self.go.text())
        self.go.setProperty("role", "" if running else "main")
        self.go.style().polish(self.go)
        self._choices.setEnabled(not running)
        self._weigh()

    def wish(self) -> Wish:
        """What is chosen now."""
        changed = {key: box.value() for key, box in self.details.items() if box.value() != box.minimum()}
        return Wish(self.preset.currentData(), self._ticked(), self.device.currentData(), changed)

    def press(self) -> None:
        """What the button does: start, or stop what runs."""
        if self._running:
            self.go.setEnabled(False)
            self.go.setText("Stopping…")
            self.stopRequested.emit()
        elif self.go.isEnabled():
            self.startRequested.emit(self.wish())

    def save_state(self) -> dict[str, Any]:
        """Preset, device and details, for the next start."""
        wish = self.wish()
        return {"preset": wish.preset, "device": wish.device, "settings": wish.settings}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """What `save_state` gave; unknown values are passed over."""
        for box, name in ((self.preset, "preset"), (self.device, "device")):
            place = box.findData(state.get(name))
            if place >= 0:
                box.setCurrentIndex(place)
        settings = state.get("settings")
        for key, value in settings.items() if isinstance(settings, dict) else ():
            if key in self.details and isinstance(value, int):
                self.details[key].setValue(value)

    def _ticked(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.cohorts.items() if box.isChecked())

    def _check_box(self, cohort: Cohort) -> QCheckBox:
        count = sum(patient.cohort == cohort.name for patient in self._patients)
        box = QCheckBox(f"{_named(cohort)} · {_number(count, 'patient')}")
        box.setChecked(count > 0)
        box.toggled.connect(self._weigh)
        return box

    def _test_line(self, cohort: Cohort) -> QLabel:
        count = sum(patient.cohort == cohort.name for patient in self._patients)
        line = label(f"{_named(cohort)} · {_number(count, 'patient')}, kept for testing", "caption", wrap=True)
        line.setContentsMargins(0, 4, 0, 4)
        return line

    def _weigh(self) -> None:
        """Say what the ticked cohorts hold and whether that is enough to start."""
        ticked = set(self._ticked())
        patients = [patient for patient in self._patients if patient.cohort in ticked]
        self.counts.setText(_counts(patients, self._outlined) if ticked else "")
        obstacle, warning = _verdict(patients, self._outlined) if self._patients else (_NOTHING, "")
        self.notice.setText(obstacle or warning)
        self.notice.setVisible(bool(obstacle or warning) and not self._running)
        self.go.setEnabled(self._running or not obstacle)

    def _show_preset(self) -> None:
        preset = PRESETS[self.preset.currentData()]
        self.description.setText(preset.description)
        for key, box in self.details.items():
            box.setSpecialValueText(f"{_value(preset.recipe, key)} (preset)")

    def _fill(self) -> None:
        for preset in PRESETS.values():
            self.preset.addItem(preset.title, preset.name)
        self.preset.setCurrentIndex(self.preset.findData(default_preset("cpu")))
        for words, name in DEVICES:
            self.device.addItem(words, name)

    def _lay_out(self) -> None:
        self._choices = QWidget()
        choices = QVBoxLayout(self._choices)
        choices.setContentsMargins(12, 12, 12, 12)
        choices.setSpacing(4)
        choices.addWidget(label("Learn from", "heading"))
        choices.addLayout(self._cohort_box)
        choices.addWidget(self.counts)
        choices.addSpacing(12)
        choices.addWidget(label("Preset", "heading"))
        choices.addWidget(self.preset)
        choices.addWidget(self.description)
        choices.addSpacing(12)
        choices.addWidget(label("Runs on", "heading"))
        choices.addWidget(self.device)
        choices.addSpacing(8)
        choices.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        choices.addWidget(self._detail_box())
        choices.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._choices)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 8, 12, 12)
        foot.setSpacing(8)
        foot.addWidget(self.notice)
        foot.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(area, 1)
        column.addLayout(foot)

    def _detail_box(self) -> QWidget:
        box = QWidget()
        form = QFormLayout(box)
        form.setContentsMargins(0, 4, 0, 0)
        form.setVerticalSpacing(4)
        for detail in DETAILS:
            form.addRow(label(detail.words, "muted"), self.details[detail.key])
        box.hide()
        self.fold.toggled.connect(box.setVisible)
        self.fold.toggled.connect(lambda shown: self.fold.setText("Details ▴" if shown else "Details ▾"))
        self.fold.setText("Details ▾")
        return box


_NOTHING = "There is nothing to learn from yet. Import images in Patients first."


def _spin_box(detail: Detail) -> QSpinBox:
    """One below the lowest value means the preset's."""
    box = QSpinBox()
    box.setRange(detail.low - 1 if detail.step == 1 else detail.low - detail.step, detail.high)
    box.setSingleStep(detail.step)
    box.setValue(box.minimum())
    box.setAccessibleName(detail.words)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(96)
    return box


def _value(recipe: Recipe, key: str) -> Any:
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _counts(patients: Sequence[Patient], outlined: frozenset[str] | None) -> str:
    images = [instance for patient in patients for instance in patient.bag]
    outcomes = [patient.outcome for patient in patients if patient.outcome is not None]
    lines = f"{_number(len(patients), 'patient')}, {_number(len(images), 'image')}\n"
    lines += f"{_number(len(outcomes), 'outcome')} ({sum(outcomes)} positive)"
    if outlined is None:
        return lines + "\ncounting outlines…"
    return lines + f"\n{_number(sum(image.id in outlined for image in images), 'image')} with an outline"


def _verdict(patients: Sequence[Patient], outlined: frozenset[str] | None) -> tuple[str, str]:
    """What forbids a training, and what it will lack; empty where nothing does."""
    if not patients:
        return "Tick a cohort with patients to learn from.", ""
    outcomes = {patient.outcome for patient in patients} - {None}
    drawn = outlined is None or any(image.id in outlined for patient in patients for image in patient.bag)
    if not outcomes and not drawn:
        return "These patients have neither outlines nor outcomes. Draw outlines or enter outcomes first.", ""
    if not outcomes:
        return "", "No outcomes here: stage 2 cannot be trained, so the model will give masks but no verdicts."
    if len(outcomes) == 1:
        return "", "All outcomes here are the same: stage 2 cannot be trained; verdicts need both kinds."
    if not drawn:
        return "", "No outlines here: the model will learn verdicts but no masks."
    return "", ""


def _named(cohort: Cohort) -> str:
    """The cohort's name, with its role where the name does not say it."""
    return cohort.name if cohort.role.value in cohort.name.lower() else f"{cohort.name} ({cohort.role.value})"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
