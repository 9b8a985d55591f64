"""Forest plot, nomogram, learning curves and the flow of patients."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from drawn_study import study, texts, untidy
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from aln_desk.domain.messages import Curve, from_line, to_line
from aln_desk.evaluation.figures.flow import Box, Flow, flow_figure
from aln_desk.evaluation.figures.forest import forest_figure
from aln_desk.evaluation.figures.learning import SizePoint, learning_figure
from aln_desk.evaluation.figures.nomogram import nomogram_figure
from aln_desk.evaluation.figures.style import size_of
from aln_desk.evaluation.tables.subgroup_table import Subgroup, subgroups
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, NumberTerm
from aln_desk.stats.nomogram import Nomogram, nomogram

_WHOLE = Subgroup("", "All patients", 100, 60, 0.8, 0.7, 0.9)


def _lines(figure: Figure) -> list[Line2D]:
    return [line for axes in figure.axes if axes.axison for line in axes.lines]


def _spans(figure: Figure) -> list[tuple[float, float]]:
    return [tuple(line.get_xdata().tolist()) for line in map(_numbers, _lines(figure)) if len(line.get_xdata()) == 2]


def _numbers(line: Line2D) -> Line2D:
    return Line2D(np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float))


def test_the_forest_shows_every_subgroup_with_its_interval() -> None:
    results = study()
    groups = subgroups(results, "model:SegFormer MiT-B2", "internal test", ["t_stage", "hospital"])
    figure = forest_figure(groups, "SegFormer MiT-B2, internal test")
    written = texts(figure)
    assert {"All patients", "T stage", "Hospital", "AUC (95 % CI)", "SegFormer MiT-B2, internal test"} <= set(written)
    for group in groups:
        assert f"{group.auc:.3f} ({group.low:.3f}–{group.high:.3f})" in written
        assert f"{group.positive} ({100 * group.positive / group.n:.1f})" in written
        assert not group.variable or (group.low, group.high) in _spans(figure)
    assert untidy(figure) == []


def test_the_forests_axis_begins_below_every_limit_and_at_chance_at_the_latest() -> None:
    def left(low: float) -> float:
        figure = forest_figure((_WHOLE, replace(_WHOLE, variable="Hospital", label="A", low=low)), "")
        return float(next(axes for axes in figure.axes if axes.axison).get_xlim()[0])

    assert [left(0.75), left(0.31), left(0.0)] == [0.5, pytest.approx(0.3), 0.0]


def test_a_subgroup_without_an_area_says_why_and_one_without_limits_is_a_square() -> None:
    nan = math.nan
    groups = (
        _WHOLE,
        Subgroup("Hospital", "A", 3, 3, nan, nan, nan, "no patient has a negative outcome"),
        Subgroup("Hospital", "B", 2, 1, 1.0, nan, nan, "too few patients have a positive outcome"),
    )
    figure = forest_figure(groups, "")
    written = texts(figure)
    assert "not defined: no patient has a negative outcome" in written
    assert "1.000 (–)" in written
    assert sum(line.get_marker() == "s" for line in _lines(figure)) == 1
    assert any("no patient with an outcome" in text for text in texts(forest_figure((), "")))


def _model() -> LogisticModel:
    stage = CategoryTerm("t_stage", {"1": 0.0, "2": 0.9, "3": 2.0})
    scanner = CategoryTerm("scanner", {name: 0.01 * k for k, name in enumerate(("EPIQ 7", "LOGIQ E9", "S3000", "R9"))})
    return LogisticModel(-0.5, (stage, scanner, NumberTerm("age", 50, -0.002)))


def test_a_nomogram_has_an_axis_a_variable_whose_marks_stand_under_their_points() -> None:
    clinical = [{"t_stage": stage, "scanner": "S3000", "age": age} for stage in "123" for age in ("35", "71")]
    shown = nomogram(_model(), clinical)
    figure = nomogram_figure(shown)
    written = texts(figure)
    assert {"Points", "T stage", "Scanner", "Age", "Total points", "EPIQ 7", "LOGIQ E9", "S3000", "R9"} <= set(written)
    place = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts if text.get_position()[1] < 17}
    points = {tick.label: tick.points for tick in shown.axes[0].ticks}
    at_90 = next(text.get_position()[0] for text in figure.axes[0].texts if text.get_text() == "90")
    at_0 = next(text.get_position()[0] for text in figure.axes[0].texts if text.get_text() == "0")
    assert place["2"] == pytest.approx(at_0 + (at_90 - at_0) / 90 * points["2"])
    assert untidy(figure) == []


def test_a_crowded_axis_of_numbers_labels_its_ends() -> None:
    clinical = [{"t_stage": stage, "scanner": "S3000", "age": age} for stage in "13" for age in ("35", "71")]
    shown = nomogram(_model(), clinical)
    written = texts(nomogram_figure(shown))
    ages = [tick.label for tick in shown.axes[2].ticks]
    told = [age for age in ages if age in written]
    assert ages[0] in told and ages[-1] in told and len(told) < len(ages)


def test_probabilities_that_no_total_reaches_are_left_out() -> None:
    shown = nomogram(_model(), [{"t_stage": stage, "scanner": "S3000", "age": "50"} for stage in "123"])
    beyond = replace(
        shown, probability=(shown.probability[0]._replace(label="0.999", points=shown.total[-1].points + 1),)
    )
    assert "0.999" not in texts(nomogram_figure(beyond))
    assert "none of the probabilities is reached" in texts(nomogram_figure(beyond))


def test_a_nomogram_that_is_not_defined_says_so() -> None:
    nothing = Nomogram((), (), (), math.nan, math.nan, "no variable moves the logit")
    assert "Nomogram not defined: no variable moves the logit." in texts(nomogram_figure(nothing))


def _run(start: float) -> list[Curve]:
    train = [Curve("mtl", "train", step, {"loss": start / step, "extra_loss": 0.1}) for step in range(10, 100, 10)]
    return [*train, *(Curve("mil", part, step, {"loss": start}) for part in ("train", "validation") for step in (1, 2))]


def test_learning_curves_are_drawn_by_stage_and_value_for_every_run() -> None:
    figure = learning_figure({"first": _run(1.0), "second": _run(2.0)})
    plots = [axes for axes in figure.axes if axes.axison]
    written = texts(figure)
    titles = ["Stage 1: loss", "Stage 2: loss", "Stage 1: extra loss"]
    assert [title for title in titles if title in written] == titles
    assert [len(axes.lines) for axes in plots] == [2, 4, 2]
    assert plots[0].lines[1].get_ydata() == pytest.approx([2.0 / step for step in range(10, 100, 10)])
    assert plots[1].lines[0].get_linewidth() < plots[1].lines[1].get_linewidth()
    assert {"first", "second"} <= set(written)
    assert untidy(figure) == []


def test_a_figure_that_a_run_could_not_work_out_is_left_out() -> None:
    curve = Curve("mtl", "validation", 30, {"dice": math.nan, "status_auc": 0.75})
    kept = from_line(to_line(curve))
    assert isinstance(kept, Curve)
    figure = learning_figure({"single T": [kept]})
    assert [axes.lines[0].get_ydata().tolist() for axes in figure.axes if axes.axison] == [[0.75]]


def test_only_what_there_is_is_drawn() -> None:
    undefined = [Curve("mil", "validation", 1, {"auc": math.nan})]
    assert "No learning curves: the runs kept no losses or figures." in texts(learning_figure({"run": undefined}))
    figure = learning_figure({"run": undefined}, {"Swin-T": [SizePoint(400, 0.8), SizePoint(100, 0.7, 0.6, 0.8)]})
    plots = [axes for axes in figure.axes if axes.axison]
    assert len(plots) == 1 and "run" not in texts(figure)
    assert plots[0].lines[0].get_xdata().tolist() == [100, 400]
    assert untidy(figure) == []
    single = learning_figure({"run": [Curve("mil", "validation", 1, {"auc": 0.7})]}, {"Swin-T": [SizePoint(5, 0.8)]})
    assert untidy(single) == []


def _arm(name: str, count: int) -> Box:
    calls = tuple(Box(f"Called {call}", count // 3) for call in ("positive", "uncertain", "negative"))
    return Box(name, count, (("no node pathology known to the project", 4), ("damaged image", 0)), calls)


def test_every_box_of_the_flow_tells_who_and_how_many() -> None:
    arms = tuple(_arm(f"Cohort {k}, of a hospital with a long name", 30 * k) for k in (1, 2, 3))
    figure = flow_figure(Flow(Box("Eligible patients", 190, (("no images", 10),), arms), ("A note.",)))
    written = [" ".join(text.split()) for text in texts(figure)]
    assert "Eligible patients (n = 190)" in written and "A note." in written
    assert any(text.startswith("Excluded (n = 10)") for text in written)
    assert sum("damaged image (n = 0)" in text for text in written) == 3
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 1 + 3 + 9 + 4
    assert untidy(figure) == []
    assert _apart(boxes)


def _apart(boxes: list[FancyBboxPatch]) -> bool:
    sides = [(b.get_x(), b.get_y(), b.get_x() + b.get_width(), b.get_y() + b.get_height()) for b in boxes]
    return not any(
        a[0] < b[2] - 1e-6 and b[0] < a[2] - 1e-6 and a[1] < b[3] - 1e-6 and b[1] < a[3] - 1e-6
        for k, a in enumerate(sides)
        for b in sides[:k]
    )


def test_texts_stay_within_their_boxes() -> None:
    figure = flow_figure(Flow(_arm("Verylongwordwithoutanyspacetobreakitat" * 3, 12)))
    texts(figure)
    area = figure.axes[0]
    boxes = [patch.get_window_extent() for patch in area.patches if isinstance(patch, FancyBboxPatch)]
    for text in area.texts:
        inside = text.get_window_extent()
        assert any(b.x0 <= inside.x0 and inside.x1 <= b.x1 and b.y0 <= inside.y0 and inside.y1 <= b.y1 for b in boxes)


def test_a_last_box_may_exclude_and_nobody_flows_nowhere() -> None:
    figure = flow_figure(Flow(Box("Patients", 3, (("died", 1),))))
    assert untidy(figure) == [] and any("died" in text for text in texts(figure))
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert all(box.get_y() + box.get_height() < size_of(figure)[1] for box in boxes)
    assert "No patients, so no flow to draw." in texts(flow_figure(Flow(None)))
