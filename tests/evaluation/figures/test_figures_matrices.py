from __future__ import annotations

import numpy as np
import pytest
from drawn_study import MODELS, study, texts
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from aln_desk.evaluation.figures.calibration import calibration_figure
from aln_desk.evaluation.figures.confusion import confusion_figure
from aln_desk.evaluation.figures.delong_matrix import COLOURS, Colours, delong_figure, shade
from aln_desk.stats import calibration_curve


def _fills(figure: Figure) -> list[str]:
    return [to_hex(patch.get_facecolor()) for axes in figure.axes for patch in axes.patches]


def test_a_p_has_the_colour_of_its_step() -> None:
    assert [shade(p, "safe") for p in (0.0, 0.001, 0.0099, 0.01, 0.049, 0.05, 1.0)] == [
        COLOURS["safe"][k] for k in (0, 1, 1, 2, 2, 3, 3)
    ]
    assert shade(float("nan"), "paper") == "#ffffff"


@pytest.mark.parametrize("colours", ["paper", "safe"])
@pytest.mark.parametrize("correction", ["none", "holm"])
def test_the_matrix_holds_p_auc_and_difference(colours: Colours, correction: str) -> None:
    results = study()
    figure = delong_figure(results, "holm" if correction == "holm" else "none", colours)
    found = results.delong("external test", "holm" if correction == "holm" else "none")
    written = texts(figure)
    p, difference = float(found.p[2, 0]), float(found.difference[0, 2])
    told = "<.001" if p < 0.001 else f"{p:.3f}"[1:]
    assert told in written
    assert f"{difference:.3f}".replace("-0.", "−.") in written
    assert f"{results.parts['model:Clinical', 'external test'].auc:.3f}"[1:] in written
    assert shade(p, colours) in _fills(figure)
    assert any("Holm-corrected" in text for text in written) == (correction == "holm")
    assert {"1", "2", "3", *MODELS} <= set(written)


def test_steps_of_both_maps_can_be_told_apart_without_colour() -> None:
    for colours in COLOURS.values():
        assert len(set(colours)) == 4
    lightness = [sum(int(colour[k : k + 2], 16) for k in (1, 3, 5)) for colour in COLOURS["safe"]]
    assert (np.diff(lightness) > 100).all()


def test_one_scorer_cannot_be_compared() -> None:
    assert any("compares two scorers or more" in text.replace("\n", " ") for text in texts(delong_figure(study(["A"]))))


def test_the_confusion_matrix_has_counts_and_shares_of_the_outcome() -> None:
    results = study()
    figure = confusion_figure(results)
    written = texts(figure)
    counts = results.parts["model:Clinical", "external test"].confusion
    assert counts is not None
    for count, total in ((counts.tp, 26), (counts.fn, 26), (counts.fp, 14), (counts.tn, 14)):
        assert f"{count} ({100 * count / total:.1f})" in written
    cells = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(cells) == 4 * 3 * 2
    assert {*MODELS, "internal test", "external test", "node positive", "called"} <= set(written)


def test_bars_of_the_reliability_diagram_are_wilsons_limits() -> None:
    results = study()
    figure = calibration_figure(results, "internal test")
    part = results.parts["model:Single T", "internal test"]
    points = calibration_curve.curve(part.outcome, part.score, strategy="quantile")
    plots = [axes for axes in figure.axes if axes.axison]
    assert len(plots) == 6
    axes = plots[2]
    bars = np.array([path.vertices for path in axes.collections[0].get_paths()])
    assert bars[:, :, 1] == pytest.approx(np.stack([points.low, points.high], axis=1))
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    assert np.array_equal(dots.get_xdata(), points.predicted)
    assert np.array_equal(dots.get_ydata(), points.observed)
    smooth = calibration_curve.smooth(part.outcome, part.score)
    assert any(np.array_equal(line.get_ydata(), smooth.observed) for line in axes.lines)


def test_the_strip_counts_positive_patients_up_and_negative_ones_down() -> None:
    figure = calibration_figure(study(), "internal test")
    strip = [axes for axes in figure.axes if axes.axison][1]
    heights = np.array([bar.get_height() for bar in strip.patches if isinstance(bar, Rectangle)])
    assert (heights[heights > 0].sum(), heights[heights < 0].sum()) == (60, -30)


def test_calibration_is_told_in_numbers() -> None:
    results = study()
    written = texts(calibration_figure(results, "internal test"))
    part = results.parts["model:Single T", "internal test"]
    slope = calibration_curve.recalibration(part.outcome, part.score).slope
    assert f"Slope {slope.value:.2f} ({slope.low:.2f}–{slope.high:.2f})" in written
    brier = calibration_curve.brier(part.outcome, part.score).score
    error = calibration_curve.curve(part.outcome, part.score).ece
    assert f"Brier score {brier:.3f}, ECE {error:.3f}" in written
    assert "internal test (n = 90, 60 positive)" in written
