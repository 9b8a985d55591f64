from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot
from wheel import wheel

from aln_desk.domain import recipe as recipes
from aln_desk.domain.messages import Device
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.presets import PRESETS
from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.training_form import TrainingForm
from aln_desk.gui.training_wish import Wish

GB = 2**30
H100 = Device("cuda", "NVIDIA H100 80GB HBM3", 80 * GB, 78 * GB)
CPU = Device("cpu", "Processor · 4 cores", 23 * GB, 20 * GB)
TRAINING = Cohort("training", Role.TRAIN)


def patients(outcomes: str = "01") -> list[Patient]:
    """One patient a digit; ? is an unknown outcome."""
    return [
        Patient(
            f"P{number}",
            "training",
            None if digit == "?" else int(digit),
            bag=(Instance(f"P{number}/a", f"P{number}", View.TUMOUR, "a.png", "a.json"),),
        )
        for number, digit in enumerate(outcomes)
    ]


@pytest.fixture
def form(qtbot: QtBot) -> Iterator[TrainingForm]:
    window = QWidget()
    qtbot.addWidget(window)
    made = TrainingForm(Actions(window))
    qtbot.addWidget(made)
    made.resize(330, 640)
    made.cohorts.show_project([TRAINING], patients())
    made.cohorts.show_outlined(frozenset({"P0/a"}))
    made.show()
    yield made


def choose(form: TrainingForm, work: str = "", preset: str = "") -> None:
    for box, name in ((form.work, work), (form.preset, preset)):
        if name:
            box.setCurrentIndex(box.findData(name))
            box.activated.emit(box.currentIndex())


def open_settings(form: TrainingForm) -> None:
    form.open_settings.click()
    assert form.settings.rows


def type_into(qtbot: QtBot, form: TrainingForm, key: str, text: str) -> None:
    line = form.settings.rows[key].editor.control
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, text)


def test_every_setting_of_the_recipe_has_a_row_in_its_words(form: TrainingForm) -> None:
    open_settings(form)
    known = recipes.settings(PRESETS["small"].recipe)
    assert list(form.settings.rows) == list(known)
    for key, row in form.settings.rows.items():
        assert row.words.text() == known[key].words
        assert row.editor.control.accessibleName() == known[key].words
        assert known[key].help in row.toolTip()
        assert key in row.toolTip()
        assert not row.reset.isVisible()


@pytest.mark.parametrize("preset", list(PRESETS))
def test_editors_hold_the_presets_values_and_change_nothing(form: TrainingForm, preset: str) -> None:
    open_settings(form)
    choose(form, preset=preset)
    for key, row in form.settings.rows.items():
        held = recipes.change(PRESETS[preset].recipe, {key: row.editor.text})
        assert held == PRESETS[preset].recipe, key
    assert form.wish().settings == {}
    assert form.open_settings.text() == "All settings · unchanged ›"


def test_a_changed_value_is_marked_counted_and_taken_back(form: TrainingForm, qtbot: QtBot) -> None:
    open_settings(form)
    choose(form, preset="tiny")
    type_into(qtbot, form, "mtl.learning_rate", "1e-4")
    form.settings.rows["mtl.augment"].editor.control.click()  # type: ignore[attr-defined]
    row = form.settings.rows["mtl.learning_rate"]
    assert form.wish().settings == {"mtl.learning_rate": "1e-4", "mtl.augment": "false"}
    assert form.changed_words.text() == "2 changed"
    assert row.reset.isVisible()
    assert row.reset.text() == "Changed · back to 0.0005"
    row.reset.click()
    assert row.editor.text == "0.0005"
    assert not row.reset.isVisible()
    assert form.wish().settings == {"mtl.augment": "false"}
    form.reset.click()
    assert form.wish().settings == {}
    assert not form.reset.isEnabled()


def test_a_value_that_cannot_be_used_is_told_at_once_and_forbids_the_start(form: TrainingForm, qtbot: QtBot) -> None:
    open_settings(form)
    type_into(qtbot, form, "mtl.scale_low", "x")
    row = form.settings.rows["mtl.scale_low"]
    assert row.error.isVisible()
    assert not form.go.isEnabled()
    assert form.notice.text() == "Smallest scale: 'x' is no value; it wants something like '0.8'."
    type_into(qtbot, form, "mtl.scale_low", "1.5")
    assert "at most mtl.scale_high" in row.error.text()
    type_into(qtbot, form, "mtl.scale_high", "2")
    assert not row.error.isVisible()
    assert form.go.isEnabled()


def test_search_finds_by_words_help_and_key(form: TrainingForm) -> None:
    open_settings(form)

    def shown() -> set[str]:
        return {key for key, row in form.settings.rows.items() if row.isVisible()}

    form.settings.search.setText("warm-up")
    assert shown() == {"mtl.warmup", "mil.warmup"}
    assert not form.repeats.isVisible()
    form.settings.search.setText("mil. warm")
    assert shown() == {"mil.warmup"}
    form.settings.search.setText("zebra")
    assert not shown()
    assert "zebra" in form.settings.nothing.text()
    assert form.settings.nothing.isVisible()
    form.settings.search.clear()
    assert shown() == set(form.settings.rows) - {"variables", "enter"}
    assert form.repeats.isVisible()


def test_only_what_the_work_reads_is_shown_and_counted(form: TrainingForm, qtbot: QtBot) -> None:
    open_settings(form)
    type_into(qtbot, form, "mtl.batch", "4")
    type_into(qtbot, form, "mil.epochs", "7")
    choose(form, work="mil")
    assert not form.settings.rows["mtl.batch"].isVisible()
    assert form.wish().settings == {"mil.epochs": "7"}
    choose(form, work="clinical")
    assert form.wish().settings == {}
    assert not form.parts["preset"].isVisibleTo(form)
    assert not form.parts["device"].isVisibleTo(form)
    choose(form, work="all")
    assert form.wish().settings == {"mtl.batch": "4", "mil.epochs": "7"}


def test_changes_outlive_another_preset_unless_they_are_its_own_value(form: TrainingForm) -> None:
    choose(form, preset="tiny")
    form.settings.show_changes({"size": "256", "seed": "3"})
    choose(form, preset="small")
    assert form.wish().settings == {"seed": "3"}
    choose(form, preset="tiny")
    assert form.wish().settings == {"size": "256", "seed": "3"}


def test_work_on_top_of_a_model_names_it(form: TrainingForm) -> None:
    choose(form, work="mil")
    assert form.parts["base"].isVisible()
    assert not form.go.isEnabled()
    assert "no model yet" in form.notice.text()
    form.show_models([("One (in use)", "/models/1"), ("Two", "/models/2")])
    assert form.go.isEnabled()
    assert form.wish().base == "/models/1"
    form.base.setCurrentIndex(1)
    form.show_models([("One (in use)", "/models/1"), ("Two", "/models/2"), ("Three", "/models/3")])
    assert form.wish().base == "/models/2"
    choose(form, work="all")
    assert form.wish().base == ""


def test_repeats_are_asked_for_where_they_mean_something(form: TrainingForm, qtbot: QtBot) -> None:
    open_settings(form)
    assert (form.wish().folds, form.wish().seeds) == (0, ())
    form.repeats.folds.stepUp()
    qtbot.keyClicks(form.repeats.seeds, "0, 1 2")
    assert (form.wish().folds, form.wish().seeds) == (2, (0, 1, 2))
    assert form.changed_words.text() == "2 changed"
    choose(form, work="clinical")
    assert not form.repeats.isVisible()
    assert (form.wish().folds, form.wish().seeds) == (0, ())
    choose(form, work="all")
    qtbot.keyClicks(form.repeats.seeds, ", 1")
    assert form.repeats.error.isVisible()
    assert form.notice.text() == "Each seed may be named once."
    assert not form.go.isEnabled()


def test_the_button_says_how_many_trainings_it_makes(form: TrainingForm) -> None:
    form.repeats.folds.setValue(3)
    form.repeats.seeds.setText("0-1")
    assert form.go.text() == "Start 6 trainings"
    form.show_running(True)
    assert form.go.text() == "Add 6 trainings to the queue"
    form.reset.click()
    assert form.go.text() == "Add to the queue"


def test_a_download_needs_the_permission_each_time(form: TrainingForm) -> None:
    assert not form.parts["download"].isVisible()
    form.settings.show_changes({"pretrained": "timm", "backbone": "swin-t"})
    assert form.parts["download"].isVisible()
    assert "Microsoft under the MIT licence" in form.licence.text()
    assert not form.download.isChecked()
    assert not form.go.isEnabled()
    assert "permission" in form.notice.text()
    form.download.setChecked(True)
    assert form.go.isEnabled()
    assert form.wish().allow_download
    form.settings.show_changes({"pretrained": "timm", "backbone": "unet"})
    assert "no parameters for unet" in form.notice.text()
    form.settings.show_changes({"pretrained": "/a/file.safetensors", "backbone": "unet"})
    assert not form.wish().allow_download
    assert form.go.isEnabled()


def test_published_parameters_are_chosen_from_files(form: TrainingForm, monkeypatch: pytest.MonkeyPatch) -> None:
    open_settings(form)
    editor = form.settings.rows["pretrained"].editor
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    editor.choose.click()  # type: ignore[attr-defined]
    assert form.wish().settings == {}
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/a/b.safetensors", ""))
    editor.choose.click()  # type: ignore[attr-defined]
    assert form.wish().settings == {"pretrained": str(Path("/a/b.safetensors"))}


def test_any_backbone_can_be_named(form: TrainingForm, qtbot: QtBot) -> None:
    open_settings(form)
    box = form.settings.rows["backbone"].editor.control
    box.lineEdit().selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(box.lineEdit(), "convnext_tiny")  # type: ignore[attr-defined]
    assert form.wish().settings == {"backbone": "convnext_tiny"}


def test_devices_are_listed_with_their_memory_and_propose_a_preset(form: TrainingForm) -> None:
    assert form.wish().preset == "small"
    form.device.show_devices([H100, H100, CPU])
    assert [form.device.box.itemText(row) for row in range(form.device.box.count())] == [
        "The fastest device",
        "NVIDIA H100 · 78 of 80 GB free",
        "Processor · 4 cores · 20 of 23 GB free",
    ]
    assert form.device.caption.text() == "NVIDIA H100 · 78 of 80 GB free"
    assert form.wish().preset == "fast"
    assert form.wish().device == "auto"


def test_a_chosen_preset_is_not_proposed_away_and_a_lost_device_is_not_asked_for(form: TrainingForm) -> None:
    choose(form, preset="paper")
    form.device.choose("cuda")
    assert form.wish().device == "cuda"
    form.device.show_devices([CPU])
    assert form.wish().preset == "paper"
    assert form.wish().device == "auto"


def test_without_an_answer_every_kind_of_device_can_be_chosen(form: TrainingForm) -> None:
    assert form.device.caption.text() == "Looking for devices…"
    form.device.show_devices([])
    assert [form.device.box.itemData(row) for row in range(form.device.box.count())] == ["auto", "cuda", "mps", "cpu"]
    assert not form.device.caption.isVisible()


def test_outcomes_decide_what_can_be_trained(form: TrainingForm) -> None:
    form.cohorts.show_project([TRAINING], patients("00"))
    choose(form, work="all")
    assert form.go.isEnabled()
    assert "stage 2 cannot be trained" in form.notice.text()
    choose(form, work="clinical")
    assert not form.go.isEnabled()
    assert "both kinds" in form.notice.text()
    form.cohorts.show_project([TRAINING], patients("??"))
    assert "no outcomes" in form.notice.text()
    choose(form, work="mtl")
    assert form.go.isEnabled()
    assert not form.notice.isVisible()
    form.cohorts.show_outlined(frozenset())
    assert not form.go.isEnabled()


def test_what_was_ticked_stays_so_when_patients_change(form: TrainingForm) -> None:
    form.cohorts.boxes["training"].setChecked(False)
    form.cohorts.show_project([TRAINING, Cohort("tuning", Role.TUNE)], patients())
    assert not form.cohorts.boxes["training"].isChecked()


def test_a_start_carries_the_wish_and_clears_the_name(form: TrainingForm, qtbot: QtBot) -> None:
    qtbot.keyClicks(form.name, "  My   model ")
    with qtbot.waitSignal(form.startRequested) as started:
        qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
    assert started.args == [Wish("small", ("training",), name="My model")]
    assert form.name.text() == ""
    form.show_running(True)
    assert form.go.text() == "Add to the queue"
    with qtbot.waitSignal(form.stopRequested):
        form.stop.click()
    form.show_running(True, stopping=True)
    assert not form.stop.isEnabled()
    form.show_running(False)
    assert not form.stop.isVisible()


def test_the_choices_are_kept_but_neither_name_nor_permission(form: TrainingForm, qtbot: QtBot) -> None:
    choose(form, work="mtl", preset="paper")
    form.device.choose("cpu")
    form.settings.show_changes({"pretrained": "timm", "backbone": "swin-t"})
    form.download.setChecked(True)
    form.name.setText("Mine")
    state = json.loads(json.dumps(form.save_state()))
    other_window = QWidget()
    qtbot.addWidget(other_window)
    other = TrainingForm(Actions(other_window))
    qtbot.addWidget(other)
    other.restore_state(state)
    kept = other.wish()
    assert (kept.stages, kept.preset, kept.device) == ("mtl", "paper", "cpu")
    assert kept.settings == {"pretrained": "timm", "backbone": "swin-t"}
    assert (kept.name, kept.allow_download) == ("", False)
    other.restore_state({"preset": 3, "stages": None, "device": [], "settings": {"size": 3, "else": "1"}})
    assert other.wish().preset == "paper"
    other.restore_state({"settings": "no"})
    other.device.bestKnown.emit("cuda")
    assert other.wish().preset == "paper"


def test_scrolling_past_a_value_does_not_change_it(form: TrainingForm) -> None:
    open_settings(form)
    for key in ("mtl.batch", "mil.kind"):
        wheel(form.settings.rows[key].editor.control)
    wheel(form.preset)
    wheel(form.repeats.folds)
    assert form.wish() == Wish("small", ("training",))


def test_settings_open_and_close_by_keys(form: TrainingForm, qtbot: QtBot) -> None:
    form.open_settings.setFocus()
    qtbot.keyClick(form.open_settings, Qt.Key.Key_Space)
    assert form.settings.search.isVisible()
    qtbot.keyClicks(form.settings.search, "seed")
    qtbot.keyClick(form.settings.search, Qt.Key.Key_Escape)
    assert form.open_settings.isVisible()


@pytest.mark.parametrize("width", [300, 330, 480])
def test_no_word_of_the_form_is_cut_off(form: TrainingForm, width: int) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply(application, "reading")
    try:
        form.show_models([("88d1a8 · embedded (in use)", "m")])
        form.resize(width, 640)
        choose(form, work="mil")
        form.settings.show_changes({"mil.epochs": "0"})
        open_settings(form)
        QApplication.processEvents()
        for shown in form.findChildren(QLabel):
            if shown.isVisible():
                assert shown.width() >= 0.99 * shown.minimumSizeHint().width(), shown.text()
                assert shown.height() >= shown.heightForWidth(shown.width()) or not shown.wordWrap(), shown.text()
    finally:
        application.setStyleSheet("")
