"""The centre of Train: curves, pictures step by step, notes, the comparison."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from run_folders import make_run

from aln_desk.domain.messages import Curve, Message, Note, SnapshotTaken, Started
from aln_desk.gui import tasks, theme
from aln_desk.gui.pages.run_view import RunView
from aln_desk.gui.widgets.plot_chart import ChartCard, Line, nearest, smoothed
from aln_desk.gui.widgets.regression_table import joined
from aln_desk.gui.widgets.snapshot_tile import make_pictures, strongest
from aln_desk.io import snapshots
from aln_desk.io.runs import Run
from aln_desk.io.snapshots import Snapshot

SIDE = 32


def make_snapshot(step: int, count: int = 3, peak: float = 2.0) -> Snapshot:
    """Two images with half of them drawn and predicted, the last one without an outline; CAMs up to ``peak``."""
    drawn = np.zeros((count, SIDE, SIDE), np.uint8)
    drawn[:, :, : SIDE // 2] = 1
    mask = 200 * drawn
    drawn[-1:] = 0
    cam = np.full((count, 2, 2), peak, np.float32)
    names = [f"P{place}/T1.png" for place in range(count)]
    image = np.full((count, SIDE, SIDE, 3), 90, np.uint8)
    outcome = np.arange(count).astype(np.int8) % 3 - 1
    return Snapshot(step, names, image, drawn, mask, cam, np.full(count, 0.25, np.float32), outcome)


def add_snapshot(run: Run, step: int, peak: float = 2.0) -> SnapshotTaken:
    path = snapshots.path_of(run.folder, "mtl", step)
    snapshots.write(path, make_snapshot(step, peak=peak))
    return SnapshotTaken("mtl", step, str(path.relative_to(run.folder)))


@pytest.fixture
def view(qtbot: QtBot) -> RunView:
    made = RunView()
    qtbot.addWidget(made)
    made.resize(820, 640)
    made.show()
    return made


def values(view: RunView, chart: int, name: str) -> tuple[list[int], list[float]]:
    return next(found for line, found in view.board.charts[chart].values.items() if line.value == name)


# Curves and notes


def test_a_run_is_shown_with_its_last_stage(view: RunView, tmp_path: Path) -> None:
    events: list[Message] = [
        Started("a", "", "cpu", "tiny"),
        Curve("mtl", "train", 5, {"loss": 1.0}),
        Curve("mil", "validation", 3, {"auc": 0.75}),
        Note("Tokens are ready."),
    ]
    view.show_run(make_run(tmp_path, "a", events))
    tasks.wait_all()
    assert values(view, 0, "loss") == ([5], [1.0])
    assert values(view, 3, "auc") == ([3], [0.75])
    assert view.board.tools.stages.currentIndex() == 1
    assert view.log.toPlainText() == "Preset tiny on cpu\nTokens are ready."
    assert not view.pictures.isVisible()


def test_messages_that_come_while_the_file_is_read_are_shown_once(view: RunView, tmp_path: Path) -> None:
    both, late = Note("In the file too."), Note("After it was read.")
    view.show_run(make_run(tmp_path, "a", [both]))
    view.add(both)
    view.add(late)
    tasks.wait_all()
    view.add(Note("Live."))
    assert view.log.toPlainText().splitlines() == [both.text, late.text, "Live."]


def test_a_run_shown_already_stays_as_it_is_looked_at(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a", [Curve("mil", "train", 1, {"loss": 1.0})])
    view.show_run(run)
    tasks.wait_all()
    view.board.tools.show_stage("mtl")
    view.show_run(replace(run, state="finished"))
    tasks.wait_all()
    assert view.board.tools.stages.currentIndex() == 0


def test_another_run_takes_the_place_of_the_first(view: RunView, tmp_path: Path) -> None:
    first = make_run(tmp_path, "a", [Curve("mtl", "train", 1, {"loss": 1.0}), Note("first")])
    second = make_run(tmp_path, "b", [Note("second")])
    view.show_run(first)
    view.show_run(second)
    tasks.wait_all()
    assert values(view, 0, "loss") == ([], [])
    assert view.log.toPlainText() == "second"
    view.show_run(None)
    view.add(Note("of nobody"))
    assert view.log.toPlainText() == ""


def test_a_resumed_run_goes_back_to_its_checkpoint(view: RunView, tmp_path: Path) -> None:
    steps = [1, 2, 3, 4, 3, 4, 5]
    view.show_run(make_run(tmp_path, "a", [Curve("mil", "train", s, {"loss": i / 10}) for i, s in enumerate(steps)]))
    tasks.wait_all()
    assert values(view, 2, "loss") == ([1, 2, 3, 4, 5], [0.0, 0.1, 0.4, 0.5, 0.6])


@pytest.fixture
def chart(qtbot: QtBot) -> ChartCard:
    line = Line("train", "loss", "Total")
    made = ChartCard("Loss", [line, Line("train", "mask", "Mask")])
    qtbot.addWidget(made)
    for step, value in ((10, 4.0), (20, 1.0), (30, 0.01)):
        made.add(line, step, value)
    made.draw()
    return made


def test_the_legend_tells_the_values_under_the_pointer(chart: ChartCard) -> None:
    assert chart.legend.accessibleName() == "Total 0.010"
    chart.point_at(22)
    assert chart.legend.accessibleName() == "Total 1.000"
    chart.point_at(None)
    assert chart.legend.accessibleName() == "Total 0.010"


def test_a_log_axis_draws_logarithms(chart: ChartCard) -> None:
    curve = chart._curves[chart.lines[0]]
    chart.set_log(True)
    np.testing.assert_allclose(curve.getData()[1], np.log10([4.0, 1.0, 0.01]))
    chart.set_log(False)
    np.testing.assert_allclose(curve.getData()[1], [4.0, 1.0, 0.01])


def test_a_smoothed_line_has_its_values_below_it(chart: ChartCard) -> None:
    line = chart.lines[0]
    chart.set_smoothing(0.5)
    np.testing.assert_allclose(chart._curves[line].getData()[1], smoothed([4.0, 1.0, 0.01], 0.5))
    np.testing.assert_allclose(chart._faint[line].getData()[1], [4.0, 1.0, 0.01])


def test_smoothing_begins_without_a_bias() -> None:
    assert smoothed([2.0, 2.0, 2.0], 0.9) == pytest.approx([2.0, 2.0, 2.0])
    assert smoothed([1.0, 3.0], 0.0) == [1.0, 3.0]
    assert smoothed([1.0, 3.0], 0.5) == pytest.approx([1.0, (0.5 * 0.5 + 1.5) / 0.75])


@pytest.mark.parametrize(("to", "step"), [(-5, 1), (2, 1), (3.1, 5), (5, 5), (99, 9)])
def test_the_nearest_step_is_pointed_at(to: float, step: int) -> None:
    assert nearest([1, 5, 9], to) == step


# Pictures


def test_the_newest_pictures_are_shown_and_followed(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    add_snapshot(run, 10)
    view.show_run(run)
    tasks.wait_all()
    assert view.pictures.isVisible()
    assert view.pictures.step.text() == "Step 10 · 1 of 1"
    assert not view.pictures.slider.isEnabled()
    view.add(add_snapshot(run, 20))
    tasks.wait_all()
    assert view.pictures.step.text() == "Step 20 · 2 of 2"
    view.pictures.slider.setValue(0)
    tasks.wait_all()
    assert view.pictures.step.text() == "Step 10 · 1 of 2"
    view.add(add_snapshot(run, 30))
    tasks.wait_all()
    assert view.pictures.slider.value() == 0
    assert view.pictures.slider.maximum() == 2


def test_tiles_say_what_they_show(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    add_snapshot(run, 10)
    view.show_run(run)
    tasks.wait_all()
    assert [tile.accessibleName() for tile in view.pictures.tiles] == [
        "P0/T1, overlap 1.00, score 0.25, outcome unknown",
        "P1/T1, overlap 1.00, score 0.25, outcome negative",
        "P2/T1, no outline, score 0.25, outcome positive",
    ]


def test_switches_take_their_layer_off_the_pictures(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    add_snapshot(run, 10)
    view.show_run(run)
    tasks.wait_all()
    seen = [shot(view)]
    for name in ("drawn", "predicted", "cam"):
        view.pictures.overlays[name].setChecked(False)
        seen.append(shot(view))
    assert len(set(seen)) == 4
    grey = view.pictures.tiles[0].grab().toImage().pixelColor(30, 30)
    assert (grey.red(), grey.green(), grey.blue()) == (90, 90, 90)


def shot(view: RunView) -> bytes:
    image = view.pictures.tiles[0].grab().toImage()  # its pixels are freed with it
    return bytes(image.constBits())


def test_one_scale_holds_for_all_steps(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    add_snapshot(run, 10, peak=9.0)
    add_snapshot(run, 20, peak=2.0)
    view.show_run(run)
    tasks.wait_all()
    assert "2 logits" in view.pictures.scale.toolTip()
    view.pictures.slider.setValue(0)
    tasks.wait_all()
    assert "2 logits" in view.pictures.scale.toolTip()


def test_playing_goes_through_the_steps_and_ends(view: RunView, tmp_path: Path, qtbot: QtBot) -> None:
    run = make_run(tmp_path, "a")
    for step in (10, 20, 30):
        add_snapshot(run, step)
    view.show_run(run)
    tasks.wait_all()
    view.pictures._timer.setInterval(1)
    seen: list[int] = []
    view.pictures.slider.valueChanged.connect(seen.append)
    view.pictures.play.click()
    assert view.pictures.play.text() == "Pause"
    qtbot.waitUntil(lambda: view.pictures.play.text() == "Play", timeout=5000)
    assert seen == [0, 1, 2]


def test_a_damaged_file_is_told_and_the_others_go_on(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    add_snapshot(run, 10)
    snapshots.path_of(run.folder, "mtl", 20).write_bytes(b"half")
    view.show_run(run)
    tasks.wait_all()
    assert view.pictures.step.text() == "These pictures cannot be read · 2 of 2"
    view.pictures.slider.setValue(0)
    tasks.wait_all()
    assert view.pictures.step.text() == "Step 10 · 1 of 2"


def test_a_picture_opens_large_and_follows_the_slider(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    for step in (10, 20):
        add_snapshot(run, step)
    view.show_run(run)
    tasks.wait_all()
    view.pictures.tiles[1].click()
    assert view.pictures._large is not None
    dialog, tile, _ = view.pictures._large
    before = tile.picture
    view.pictures.slider.setValue(0)
    tasks.wait_all()
    assert tile.picture is view.pictures.tiles[1].picture is not before
    dialog.close()
    assert view.pictures._large is None


def test_pictures_that_come_while_the_folder_is_listed_are_kept(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a")
    add_snapshot(run, 10)
    view.show_run(run)
    view.pictures.add(SnapshotTaken("mtl", 20, "snapshots/mtl-0000020.h5"))
    add_snapshot(run, 20)
    tasks.wait_all()
    assert [path.name for path in view.pictures.files] == ["mtl-0000010.h5", "mtl-0000020.h5"]
    assert view.pictures.step.text() == "Step 20 · 2 of 2"


def test_evidence_that_is_no_number_scales_nothing() -> None:
    snapshot = make_snapshot(10)
    snapshot.cam[0] = np.nan
    assert strongest(snapshot) == 2.0
    snapshot.cam[:] = -3.0
    assert strongest(snapshot) == 3.0, "evidence against counts as well"
    snapshot.cam[:] = 0.0
    assert 0 < strongest(snapshot) < 0.01
    assert len(make_pictures(snapshot, strongest(snapshot))) == 3


# Works that are not like the others


def test_a_network_without_masks_tells_nothing_of_them(view: RunView, tmp_path: Path) -> None:
    events = [Curve("mtl", "train", 5, {"loss": 1.0, "mask": 0.0, "lesion": 0.0, "status": 1.0})]
    run = make_run(tmp_path, "a", events, recipe={"tasks": "status"})
    add_snapshot(run, 5)
    view.show_run(run)
    tasks.wait_all()
    assert values(view, 0, "status") == ([5], [1.0]) and values(view, 0, "mask") == ([], [])
    assert view.pictures.tiles[0].accessibleName() == "P0/T1, score 0.25, outcome unknown"
    assert not view.pictures.overlays["predicted"].isVisible()


REGRESSION = """variable,level,n,positive,or,low,high,p,p_variable,stage,note
age,,35,25,0.9985,0.945,1.0551,0.958,0.958,univariate,
t_stage,1,14,6,1.0,,,,0.0236,univariate,reference
t_stage,2,19,17,7.5465,1.458,39.06,0.0159,0.0236,univariate,rare
t_stage,2,19,17,6.5,1.2,38.9,0.0004,0.0002,multivariate,rare
odd,,3,1,nan,,,,,univariate,not used: too few
"""


def test_a_regression_shows_its_odds_ratios(view: RunView, tmp_path: Path) -> None:
    run = make_run(tmp_path, "a", [Started("a", "", "cpu", "tiny")], stages="clinical", state="finished")
    (run.folder / "regression.csv").write_text(REGRESSION, encoding="utf-8")
    view.show_run(run)
    tasks.wait_all()
    table = view.regression.table
    assert table.isVisible() and not view.board.isVisible()
    lines = [[table.topLevelItem(row).text(place) for place in range(7)] for row in range(table.topLevelItemCount())]
    assert lines == [
        ["Age", "35", "25", "1.00 (0.94 to 1.06)", "0.958", "", ""],
        ["T stage", "", "", "", "", "", ""],
        ["    1", "14", "6", "1 (reference)", "0.024", "", ""],
        ["    2 *", "19", "17", "7.55 (1.46 to 39.1)", "0.016", "6.50 (1.20 to 38.9)", "< 0.001"],
        ["Odd †", "3", "1", "–", "", "", ""],
    ]
    assert view.regression.hint.text().endswith("* rare\n† not used: too few")
    assert view.log.toPlainText() == "On cpu"
    view.show_run(make_run(tmp_path, "b"))
    assert view.board.isVisible()


def test_a_regression_without_a_table_says_so(view: RunView, tmp_path: Path) -> None:
    view.show_run(make_run(tmp_path, "a", stages="fusion", state="failed"))
    tasks.wait_all()
    assert "no table" in view.regression.hint.text()


@given(st.text())
def test_any_table_can_be_read(text: str) -> None:
    for line in joined(csv.DictReader(io.StringIO(text, newline=""))):
        assert all(isinstance(part, str) for part in (line.variable, *line.alone, *line.together))


# Comparison


def fold(folder: Path, name: str, auc: float, **record: object) -> Run:
    events = [Curve("mtl", "train", 5, {"loss": 1.0}), Curve("mil", "validation", 3, {"auc": auc})]
    return make_run(folder, name, events, figures={"auc": auc}, **record)


def compared(view: RunView, folder: Path) -> list[Run]:
    runs = [fold(folder, "a", 0.5, group="g", fold="1/2"), fold(folder, "b", 0.75), fold(folder, "c", 0.7, group="g")]
    view.show_runs(runs)
    tasks.wait_all()
    return runs


def column(view: RunView, place: int) -> list[str]:
    """What stands in a column of the table, from top to bottom."""
    found, entry = [], view.comparison.table.topLevelItem(0)
    while entry is not None:
        found.append(entry.text(place))
        entry = view.comparison.table.itemBelow(entry)
    return found


def test_runs_are_compared_in_a_table_with_the_folds_below_their_mean(view: RunView, tmp_path: Path) -> None:
    compared(view, tmp_path)
    assert column(view, 0) == ["Mean of 2 folds, g", "A  fold 1/2, a", "C  c", "B  b"]
    assert column(view, 2) == ["0.600 ± 0.141", "0.500", "0.700", "0.750"]


def test_a_column_sorts_by_its_numbers(view: RunView, tmp_path: Path) -> None:
    compared(view, tmp_path)
    view.comparison.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert column(view, 2) == ["0.750", "0.600 ± 0.141", "0.700", "0.500"]


def test_the_same_value_of_all_runs_is_drawn(view: RunView, tmp_path: Path) -> None:
    compared(view, tmp_path)
    loss, auc = view.comparison.charts
    assert list(loss.values.values()) == [([5], [1.0])] * 3
    view.comparison.tools.show_stage("mil")
    assert list(auc.values.values()) == [([3], [0.5]), ([3], [0.75]), ([3], [0.7])]
    assert auc.legend.accessibleName() == "A 0.500, B 0.750, C 0.700"


def test_the_table_is_copied(view: RunView, tmp_path: Path) -> None:
    compared(view, tmp_path)
    as_text, as_csv = view.comparison.copy.menu().actions()
    as_text.trigger()
    assert QApplication.clipboard().text().startswith("Run ")
    as_csv.trigger()
    assert QApplication.clipboard().text().startswith("row,name,state,auc")


def test_one_run_again_after_a_comparison(view: RunView, tmp_path: Path) -> None:
    runs = compared(view, tmp_path)
    view.show_run(runs[0])
    tasks.wait_all()
    assert view.board.isVisible() and not view.comparison.isVisible()
    assert values(view, 3, "auc") == ([3], [0.5])


def test_everything_follows_the_theme(view: RunView, tmp_path: Path) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    compared(view, tmp_path)
    try:
        theme.apply(application, "light")
        light = view.comparison.grab().toImage()
        theme.apply(application, "reading")
        assert view.comparison.grab().toImage() != light
    finally:
        application.setStyleSheet("")


def test_the_heights_are_kept(view: RunView, qtbot: QtBot, tmp_path: Path) -> None:
    state = json.loads(json.dumps(view.save_state()))
    view.restore_state(state)
    assert view.save_state() == state
    view.restore_state({"heights": ["no"]})
    assert view.save_state() == state
