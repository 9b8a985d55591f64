"""The right pane of Train: what to learn from, what to train and how, and the one button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSizePolicy, QWidget

from aln_desk.domain.presets import BACKBONES, DOWNLOADS, PRESETS, default_preset
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.training_cohorts import CohortBox
from aln_desk.gui.pages.training_devices import DeviceBox
from aln_desk.gui.pages.training_form_layout import lay_out
from aln_desk.gui.pages.training_repeats import RepeatBox
from aln_desk.gui.pages.training_settings import SettingList
from aln_desk.gui.training_wish import ON_A_MODEL, REGRESSIONS, WORKS, Wish
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.setting_editor import keep_from_wheel

_TIMM = "timm"
_NO_MODEL = "There is no model yet to build on. Train both stages first."
_NO_DOWNLOAD = "Published parameters have to be downloaded, which needs your permission above."
_LICENCE = "Parameters of {} are {}; they come from huggingface.co."
_NOT_PUBLISHED = "timm has no parameters for {}. Choose a file of published parameters, or another backbone."


class TrainingForm(QWidget):
    """``startRequested`` carries a `Wish`; ``stopRequested`` asks to end what runs."""

    startRequested = Signal(object)
    stopRequested = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._proposing = True
        self._running = False
        self.cohorts = CohortBox()
        self.work = _combo("What to train")
        self.work_words = label("", "caption", wrap=True)
        self.base = _combo("Model to build on")
        self.preset = _combo("Preset")
        self.description = label("", "caption", wrap=True)
        self.device = DeviceBox()
        self.name = QLineEdit(placeholderText="Named by date if left empty", maxLength=80)
        self.name.setAccessibleName("Name of the new model")
        self.settings = SettingList()
        self.repeats = RepeatBox()
        self.settings.place_above(self.repeats)
        self.open_settings = button("All settings", tip="Every value of the preset, to look up or to change")
        self.close_settings = button("‹ Back", "quiet", "Back to the short form; changes stay")
        self.close_settings.setAccessibleName("Back to the short form")
        self.reset = button("Reset all", "quiet", "Back to the preset in everything")
        self.changed_words = label("", "caption")
        self.download = QCheckBox("Download published parameters")
        self.licence = label("", "caption", wrap=True)
        self.notice = label("", "notice", wrap=True)
        self.go = button("Start training", "main")
        self.stop = button("Stop training", tip="End the training under way; what it has done is kept")
        self.parts = lay_out(self, actions)
        self._fill()
        self._connect()
        self._show_work()
        self.show_running(False)

    # What it is told

    def show_models(self, models: Sequence[tuple[str, str]]) -> None:
        """The models to build on: words and folder of each, the one to propose first."""
        kept = self.base.currentData()
        self.base.clear()
        for words, folder in models:
            self.base.addItem(words, folder)
        self.base.setCurrentIndex(max(0, self.base.findData(kept)) if models else -1)
        self._weigh()

    def show_running(self, running: bool, stopping: bool = False) -> None:
        """While a training is under way the button adds to the queue, and a second one stops."""
        self._running = running
        self.parts["stop"].setVisible(running)
        self.stop.setEnabled(not stopping)
        self.stop.setText("Stopping…" if stopping else "Stop training")
        self.stop.setAccessibleName(self.stop.text())
        self._weigh()

    # What it says

    def wish(self) -> Wish:
        """What is chosen now."""
        stages = self.work.currentData()
        return Wish(
            preset=self.preset.currentData(),
            cohorts=self.cohorts.ticked(),
            device=self.device.chosen(),
            settings=self.settings.settings(),
            stages=stages,
            name=" ".join(self.name.text().split()),
            base=(self.base.currentData() or "") if stages in ON_A_MODEL else "",
            folds=self.repeats.chosen_folds(),
            seeds=self.repeats.chosen_seeds(),
            allow_download=self._wants_download() and self.download.isChecked(),
        )

    def obstacle(self) -> str:
        """Why this cannot be started, empty when it can."""
        stages = self.work.currentData()
        obstacle, _ = self.cohorts.verdict(stages)
        if obstacle:
            return obstacle
        if stages in ON_A_MODEL and self.base.count() == 0:
            return _NO_MODEL
        for key, sentence in self.settings.problems().items():
            return f"{self.settings.words(key)}: {sentence[0].lower()}{sentence[1:]}"
        return self.repeats.problem() or self._download_obstacle()

    def press(self) -> None:
        """Start what is chosen, or put it into the queue."""
        if self.go.isEnabled():
            wish = self.wish()
            self.name.clear()
            self.startRequested.emit(wish)

    def save_state(self) -> dict[str, Any]:
        """Work, preset, device and changed settings, for the next start."""
        wish = self.wish()
        return {
            "stages": wish.stages,
            "preset": "" if self._proposing else wish.preset,
            "device": wish.device,
            "settings": dict(wish.settings),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """What `save_state` gave; unknown values are passed over."""
        for box, name in ((self.work, "stages"), (self.preset, "preset")):
            place = box.findData(state.get(name))
            if place >= 0:
                box.setCurrentIndex(place)
                self._proposing = self._proposing and box is not self.preset
        self.device.choose(str(state.get("device")))
        settings = state.get("settings")
        texts = settings.items() if isinstance(settings, Mapping) else ()
        self.settings.show_changes({str(key): text for key, text in texts if isinstance(text, str)})

    # What follows from what

    def _show_work(self) -> None:
        """Another work or preset: show what belongs to it."""
        stages, preset = self.work.currentData(), PRESETS[self.preset.currentData()]
        self.work_words.setText(next(work.description for work in WORKS if work.stages == stages))
        self.description.setText(preset.description)
        self.parts["base"].setVisible(stages in ON_A_MODEL)
        self.parts["preset"].setVisible(stages not in REGRESSIONS)
        self.parts["device"].setVisible(stages != "clinical")
        self.repeats.show_work(stages)
        self.settings.show_recipe(preset.recipe, stages)
        self._weigh()

    def _weigh(self) -> None:
        """Say what is changed, and whether what is chosen can be started."""
        wish = self.wish()
        count = len(wish.settings) + bool(wish.folds) + bool(wish.seeds)
        words = f"{count} changed" if count else "unchanged"
        self.changed_words.setText(words.capitalize())
        self.open_settings.setText(f"All settings · {words} ›")
        self.open_settings.setAccessibleName(f"All settings, {words}")
        self.reset.setEnabled(count > 0)
        self.parts["download"].setVisible(self._wants_download())
        self.licence.setText(f"{_LICENCE.format(*self._published())}")
        obstacle, (_, warning) = self.obstacle(), self.cohorts.verdict(wish.stages)
        self.notice.setText(obstacle or warning)
        self.notice.setVisible(bool(obstacle or warning))
        self.go.setEnabled(not obstacle)
        self._name_button(max(wish.folds, 1) * max(len(wish.seeds), 1))

    def _name_button(self, count: int) -> None:
        """Say how many trainings the button makes, where it is more than one."""
        several = f"{count} trainings"
        if self._running:
            self.go.setText(f"Add {several} to the queue" if count > 1 else "Add to the queue")
        else:
            self.go.setText(f"Start {several}" if count > 1 else "Start training")
        self.go.setAccessibleName(self.go.text())

    def _wants_download(self) -> bool:
        return _TIMM in self.settings.in_force("pretrained").replace(" ", "").split(",")

    def _published(self) -> tuple[str, str]:
        backbone = self.settings.text("backbone")
        return backbone, DOWNLOADS.get(backbone, "under a licence that the run's notes name")

    def _download_obstacle(self) -> str:
        backbone = self.settings.text("backbone")
        if not self._wants_download():
            return ""
        if backbone in BACKBONES and backbone not in DOWNLOADS:
            return _NOT_PUBLISHED.format(backbone)
        return "" if self.download.isChecked() else _NO_DOWNLOAD

    def _propose(self, kind: str) -> None:
        """The preset that suits a device, until the user has chosen one."""
        if self._proposing:
            self.preset.setCurrentIndex(self.preset.findData(default_preset(kind)))

    def _choose_preset(self) -> None:
        self._proposing = False

    def _reset_all(self) -> None:
        self.repeats.reset()
        self.settings.show_changes({})

    # Building

    def _fill(self) -> None:
        for work in WORKS:
            self.work.addItem(work.title, work.stages)
        for preset in PRESETS.values():
            self.preset.addItem(preset.title, preset.name)
        self._propose("cpu")

    def _connect(self) -> None:
        self.work.currentIndexChanged.connect(self._show_work)
        self.preset.currentIndexChanged.connect(self._show_work)
        self.preset.activated.connect(self._choose_preset)
        self.device.bestKnown.connect(self._propose)
        for part in (self.cohorts, self.settings, self.repeats):
            part.changed.connect(self._weigh)
        self.base.currentIndexChanged.connect(self._weigh)
        self.download.toggled.connect(self._weigh)
        self.reset.clicked.connect(self._reset_all)
        self.go.clicked.connect(self.press)
        self.stop.clicked.connect(self.stopRequested)


def _combo(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    keep_from_wheel(box)
    return box
