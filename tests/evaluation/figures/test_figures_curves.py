from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_study import MODELS, SIZES, patients, results_of, scorer, study, texts, untidy
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aln_desk.domain.patient import Patient
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.figures import rendered
from aln_desk.evaluation.figures.curves import thinned
from aln_desk.evaluation.figures.decision import THRESHOLDS, decision_figure
from aln_desk.evaluation.figures.precision_recall import precision_recall_figure
from aln_desk.evaluation.figures.roc import roc_figure
from aln_desk.evaluation.look import look
from aln_desk.evaluation.results import Results
from aln_desk.stats import decision, roc
from aln_desk.stats.bands import precision_band, roc_band


def _plots(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.axison]


def _line(axes: Axes, name: str) -> Line2D:
    return next(line for line in axes.lines if line.get_label() == name)


def _bands(axes: Axes) -> list[PolyCollection]:
    return [each for each in axes.collections if isinstance(each, PolyCollection)]


def _markers(axes: Axes) -> list[tuple[float, float]]:
    lines = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def test_a_roc_line_is_the_curve_of_its_part() -> None:
    results = study()
    plots = _plots(roc_figure(results))
    assert len(plots) == 2
    for axes, cohort in zip(plots, results.cohorts, strict=True):
        for place, part in enumerate(results.of_cohort(cohort.name)):
            line = _line(axes, part.scorer.name)
            assert np.array_equal(line.get_xdata(), part.curve.false_positive_rate)
            assert np.array_equal(line.get_ydata(), part.curve.sensitivity)
            assert line.get_color() == look(place).colour


def test_the_key_tells_auc_and_interval_and_the_title_the_patients() -> None:
    results = study()
    written = texts(roc_figure(results))
    part = results.parts["model:Single T", "external test"]
    assert f"{part.auc:.3f} ({part.low:.3f}–{part.high:.3f})" in written
    assert "external test (n = 40, 26 positive)" in written
    assert {"a", "b", "Sensitivity", "1 − specificity", "AUC (95 % CI)", *MODELS} <= set(written)


def _judged(outcome: Sequence[int], *scores: Sequence[float]) -> Results:
    """Models named m0 & <co>, m1 & <co> ... whose scores are these, in a cohort beside another that has one patient."""
    people = [Patient(f"P{place}", "internal test", each) for place, each in enumerate(outcome)]
    names = [f"m{place} & <co>" for place in range(len(scores))]
    scorers = [
        Scorer(name, name, "model", {one.id: score for one, score in zip(people, each, strict=True)} | {"Q": 0.5})
        for name, each in zip(names, scores, strict=True)
    ]
    sizes = (("internal test", 0, 0), ("south <B>", 0, 0))
    return results_of(scorers, [*people, Patient("Q", "south <B>", 1)], sizes)


def test_a_roc_line_of_five_patients_is_where_it_must_be_on_the_paper() -> None:
    figure = roc_figure(_judged([1, 1, 0, 1, 0], [0.9, 0.6, 0.55, 0.4, 0.2]))
    axes, other = _plots(figure)
    line = _line(axes, "m0 & <co>")
    points = [[0, 0], [0, 1 / 3], [0, 2 / 3], [0.5, 2 / 3], [0.5, 1], [1, 1]]
    assert line.get_xydata() == pytest.approx(np.array(points))
    corners = axes.get_window_extent().get_points()
    assert line.get_transform().transform(points[::5]) == pytest.approx(corners)
    written = texts(figure)
    assert "0.833 (0.371–1.000)" in written and "m0 & <co>" in written and "south <B> (n = 1, 1 positive)" in written
    assert not other.lines and "–" in written


def test_the_line_is_drawn_in_the_file_where_the_figure_has_it() -> None:
    figure = roc_figure(_judged([1, 1, 0, 1, 0], [0.9, 0.6, 0.55, 0.4, 0.2]), bands=False)
    box = _plots(figure)[0].get_position()
    width, height = (72 * inches for inches in figure.get_size_inches())
    corner = np.array([box.x0 * width, (1 - box.y0) * height])
    side = np.array([box.width * width, -box.height * height])
    drawn = ElementTree.fromstring(rendered(figure, "svg")).iter("{http://www.w3.org/2000/svg}path")
    paths = [np.array(re.findall(r"-?[\d.]+", path.get("d") or ""), float).reshape(-1, 2) for path in drawn]
    (found,) = [path for path in paths if len(path) == 6 and np.allclose(path[[0, 5]], [corner, corner + side])]
    expected = [[0, 0], [0, 1 / 3], [0, 2 / 3], [0.5, 2 / 3], [0.5, 1], [1, 1]]
    assert (found - corner) / side == pytest.approx(np.array(expected), abs=1e-4)


@pytest.mark.parametrize(
    ("outcome", "figure"),
    [
        ([0, 0, 1, 1], "1.000 (1.000–1.000)"),
        ([0, 1, 1, 1], "1.000 (–)"),
        ([1, 1, 1, 1], "–"),
        ([0, 1, 0, 1], "0.750 (0.057–1.000)"),
    ],
)
def test_the_key_says_what_is_defined_and_no_more(outcome: list[int], figure: str) -> None:
    # The last: components 1/2 and 1 on either side, variance 1/8, lower limit 3/4 - 1.96 sqrt(1/8) = 0.057.
    written = texts(roc_figure(_judged(outcome, [0.1, 0.2, 0.3, 0.4])))
    assert written.count(figure) == 1 + (figure == "–")


def test_twelve_curves_have_each_its_own_look_and_its_line_in_the_key() -> None:
    figure = roc_figure(_judged([0, 1, 0, 1], *[[0.1, 0.2, 0.3, 0.4]] * 12))
    lines = [_line(_plots(figure)[0], f"m{place} & <co>") for place in range(12)]
    looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}
    assert len(looks) == 12
    written = texts(figure)
    assert all(written.count(line.get_label()) == 2 for line in lines)  # once in the key of each cohort
    assert untidy(figure) == []


def test_without_scorers_the_axes_stay() -> None:
    people = patients()
    assert {"Sensitivity", "1 − specificity", "internal test"} <= set(texts(roc_figure(results_of([], people))))


def test_a_marker_stands_at_each_operating_point() -> None:
    results = study()
    for axes, cohort in zip(_plots(roc_figure(results)), results.cohorts, strict=True):
        at = [part.operating for part in results.of_cohort(cohort.name)]
        expected = [(1 - one.specificity.value, one.sensitivity.value) for one in at if one is not None]
        assert np.array(_markers(axes)) == pytest.approx(np.array(expected))


def test_readers_who_say_yes_or_no_are_points_and_those_who_grade_curves() -> None:
    results = study(readers=True)
    figure = roc_figure(results)
    axes = _plots(figure)[0]
    labels = [line.get_label() for line in axes.lines]
    assert "Reader 2" in labels and "Reader 1" not in labels
    at = results.parts["reader:Reader 1", "internal test"].operating
    assert at is not None
    assert (1 - at.specificity.value, at.sensitivity.value) in _markers(axes)
    assert f"{at.sensitivity.value:.3f}, {at.specificity.value:.3f}" in texts(figure)


def test_bands_are_those_of_the_statistics_and_are_left_out_where_many_would_overlap() -> None:
    results = study()
    band = _bands(_plots(roc_figure(results))[1])[0]
    part = results.parts["model:Clinical", "external test"]
    expected = roc_band(part.outcome, part.score)
    drawn = {tuple(point) for point in band.get_paths()[0].vertices.tolist()}
    assert set(zip(expected.at.tolist(), expected.high.tolist(), strict=True)) <= drawn
    many = study([f"m{k}" for k in range(5)])
    assert [len(_bands(axes)) for axes in _plots(roc_figure(many))] == [0, 0]
    assert [len(_bands(axes)) for axes in _plots(roc_figure(many, bands=True))] == [5, 5]
    assert [len(_bands(axes)) for axes in _plots(roc_figure(results, bands=False))] == [0, 0]


def test_precision_recall_is_drawn_as_the_steps_whose_area_is_the_average_precision() -> None:
    results = study()
    figure = precision_recall_figure(results)
    axes = _plots(figure)[1]
    part = results.parts["model:SegFormer MiT-B2", "external test"]
    line = _line(axes, part.scorer.name)
    x, y = line.get_xdata(), line.get_ydata()
    curve = roc.precision_recall(part.outcome, part.score)
    assert line.get_drawstyle() == "steps-pre"
    assert float(np.diff(x) @ y[1:]) == pytest.approx(curve.average_precision)
    interval = roc.average_precision_interval(part.outcome, part.score)
    assert f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})" in texts(figure)
    band = precision_band(part.outcome, part.score)
    drawn = {tuple(point) for point in _bands(axes)[2].get_paths()[0].vertices.tolist()}
    assert set(zip(band.at.tolist(), band.low.tolist(), strict=True)) <= drawn


def test_the_prevalence_is_a_level_line() -> None:
    axes = _plots(precision_recall_figure(study()))[1]
    assert _line(axes, "Prevalence").get_ydata().tolist() == [26 / 40, 26 / 40]


def test_net_benefit_is_that_of_the_statistics_beside_treating_all_and_none() -> None:
    results = study()
    axes = _plots(decision_figure(results))[0]
    part = results.parts["model:Single T", "internal test"]
    model, everyone, nobody = decision.net_benefit(part.outcome, part.score, THRESHOLDS)
    for name, expected in (("Single T", model), ("Treat all", everyone), ("Treat none", nobody)):
        assert np.array_equal(_line(axes, name).get_ydata(), expected)
    low, high = axes.get_ylim()
    assert low == pytest.approx(-0.1 * high) and high >= 60 / 90


def test_the_own_threshold_is_marked_with_its_net_benefit() -> None:
    results = study()
    figure = decision_figure(results)
    part = results.parts["model:Single T", "internal test"]
    here = decision.curve(part.outcome, part.score, [part.threshold]).model
    assert (part.threshold, float(here.value[0])) in _markers(_plots(figure)[0])
    assert f"{here.value[0]:.3f} ({here.low[0]:.3f}–{here.high[0]:.3f})" in texts(figure)


def test_scores_that_are_no_probabilities_have_no_decision_curve_and_are_named() -> None:
    figure = decision_figure(study(readers=True))
    written = texts(figure)
    assert "Without a curve, as their scores are no probabilities: Reader 1, Reader 2." in written
    people = patients()
    alone = decision_figure(results_of([scorer("Reader", people, 1.0, "reader", 2)], people))
    assert any("no scores are probabilities" in text.replace("\n", " ") for text in texts(alone))


def test_probabilities_outside_0_to_1_leave_the_others_their_curves() -> None:
    people = patients()
    odd = Scorer("odd", "Odd", "import", {patient.id: 1.5 for patient in people})
    axes = _plots(decision_figure(results_of([odd, scorer("Fine", people, 1.0)], people)))[0]
    labels = [line.get_label() for line in axes.lines]
    assert "Fine" in labels and "Odd" not in labels and "Treat all" in labels
    assert not np.isnan(_line(axes, "Treat all").get_ydata()).any()


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_what_is_not_defined_is_said(draw: object) -> None:
    assert callable(draw)
    written = texts(draw(study(sizes=(("only positive", 8, 8), *SIZES))))
    assert any("not defined: no patient has a negative" in text.replace("\n", " ") for text in written)
    assert "–" in written


def test_a_line_of_many_points_keeps_those_that_can_be_seen() -> None:
    axes = Figure().add_subplot(xlim=(0, 1), ylim=(0, 2))
    x = np.linspace(0, 1, 100_000)
    y = np.where(x > 0.5, 2 * x, x) + 1e-6 * np.sin(1e5 * x)
    few_x, few_y = thinned(axes, x, y)
    assert few_x.size < 30_000
    assert (few_x[0], few_x[-1], few_y[-1]) == (x[0], x[-1], y[-1])
    assert np.abs(np.interp(x, few_x, few_y) - y).max() < 2 * 2 / 4000
    assert thinned(axes, x[:4000], y[:4000])[0].size == 4000
