"""The lines of Evaluate's four plots, and which patients are behind each of their points."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial

import numpy as np

from aln_desk.evaluation.results import Part
from aln_desk.evaluation.tables.words import interval, number
from aln_desk.gui.pages import evaluation_behind as behind
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_board import THRESHOLDS, Bands, Board, PartKey
from aln_desk.gui.widgets.plot_axes import Axes
from aln_desk.gui.widgets.plot_key import Entry
from aln_desk.gui.widgets.plot_lines import PlotLine
from aln_desk.stats.calibration_curve import CalibrationCurve
from aln_desk.stats.decision import DecisionCurve
from aln_desk.stats.roc import PrecisionRecallCurve, RocCurve

AllBands = Mapping[PartKey, Bands]
_CHANCE, _OTHER = -1, -2
"""Two quiet lines of reference: solid and dotted."""
_DIAGONAL = np.array([0.0, 1.0])


class Plot(ABC):
    """What one kind of plot draws for a cohort: lines in the order of the scorers, then those of reference."""

    axes: Axes

    @abstractmethod
    def lines(self, board: Board, bands: AllBands, cohort: str) -> list[PlotLine]:
        """One line for each scorer, empty where it is not defined, and the lines of reference."""

    @abstractmethod
    def figures(self, board: Board, bands: AllBands, key: PartKey) -> str:
        """What a scorer reaches, for the key; the card's hint says what it is."""

    @abstractmethod
    def behind(self, board: Board, key: PartKey, point: int) -> Behind:
        """The patients behind a point of a scorer's line."""

    def scaled(self, board: Board, cohort: str) -> Axes:
        """The axes for a cohort."""
        return self.axes

    def entries(self, board: Board, bands: AllBands, cohort: str) -> list[Entry]:
        """The key: an entry for each line."""
        own = [
            Entry(board.series[one.key], one.name, self.figures(board, bands, (one.key, cohort)))
            for one in board.scorers
        ]
        quiet = [Entry(line.series, line.name) for line in self.lines(board, bands, cohort) if line.series < 0]
        return own + [entry for entry in quiet if entry.name]


class RocPlot(Plot):
    """Sensitivity against 1 - specificity; a ring at the threshold."""

    axes = Axes("1 \u2212 specificity", "Sensitivity")

    def lines(self, board: Board, bands: AllBands, cohort: str) -> list[PlotLine]:
        chance = PlotLine("", _CHANCE, _DIAGONAL, _DIAGONAL)
        return [*(_roc_line(board, bands, one) for one in board.results.of_cohort(cohort)), chance]

    def figures(self, board: Board, bands: AllBands, key: PartKey) -> str:
        one = board.results.parts[key]
        return _or_reason(one, f"{interval(one.auc, one.low, one.high)}")

    def behind(self, board: Board, key: PartKey, point: int) -> Behind:
        one = board.results.parts[key]
        return behind.at_step(one, float(one.curve.threshold[point]))


class PrecisionPlot(Plot):
    """Precision against recall; the dotted line is what scores reach that tell nothing."""

    axes = Axes("Recall (sensitivity)", "Precision")

    def lines(self, board: Board, bands: AllBands, cohort: str) -> list[PlotLine]:
        own = [_precision_line(board, bands, one) for one in board.results.of_cohort(cohort)]
        prevalence = next((board.recalls[one.key, cohort].prevalence for one in board.scorers), math.nan)
        if math.isnan(prevalence):
            return own
        return [*own, PlotLine("By chance", _OTHER, _DIAGONAL, np.full(2, prevalence))]

    def figures(self, board: Board, bands: AllBands, key: PartKey) -> str:
        found, known = board.recalls[key], bands.get(key)
        one = board.results.parts[key]
        if known is None:
            return _or_reason(one, number(found.average_precision))
        return _or_reason(one, interval(found.average_precision, known.average.low, known.average.high))

    def behind(self, board: Board, key: PartKey, point: int) -> Behind:
        return behind.at_step(board.results.parts[key], float(board.recalls[key].threshold[point]))


class DecisionPlot(Plot):
    """Net benefit of treating by the score, of treating all patients and none, at each threshold."""

    axes = Axes("Threshold probability", "Net benefit", square=False)

    def scaled(self, board: Board, cohort: str) -> Axes:
        top = [float(np.nanmax(curve.model.value)) for curve in _decisions(board, cohort) if not curve.reason]
        high = math.ceil(20 * max([0.05, *top]) + 0.4) / 20
        return Axes(self.axes.across, self.axes.upward, (0.0, 1.0), (-high / 5, high), square=False)

    def lines(self, board: Board, bands: AllBands, cohort: str) -> list[PlotLine]:
        own = [_decision_line(board, one) for one in board.results.of_cohort(cohort)]
        known = [curve for curve in _decisions(board, cohort) if not curve.reason]
        if not known:
            return own
        everyone = PlotLine("Treat all", _CHANCE, THRESHOLDS, known[0].treat_all.value)
        return [*own, everyone, PlotLine("Treat none", _OTHER, _DIAGONAL, np.zeros(2))]

    def figures(self, board: Board, bands: AllBands, key: PartKey) -> str:
        return "" if key in board.decisions else "no probabilities"

    def behind(self, board: Board, key: PartKey, point: int) -> Behind:
        following = THRESHOLDS[point + 1] if point + 1 < THRESHOLDS.size else 1.0
        return behind.between(board.results.parts[key], float(THRESHOLDS[point]), float(following))


class CalibrationPlot(Plot):
    """Share of positives against mean score, in ten bins; on the diagonal a score is a probability."""

    axes = Axes("Mean score", "Share with metastasis")

    def lines(self, board: Board, bands: AllBands, cohort: str) -> list[PlotLine]:
        own = [_calibration_line(board, one) for one in board.results.of_cohort(cohort)]
        return [*own, PlotLine("Perfect", _CHANCE, _DIAGONAL, _DIAGONAL)]

    def figures(self, board: Board, bands: AllBands, key: PartKey) -> str:
        found = board.calibrated.get(key)
        if found is None:
            return "no probabilities"
        known = bands.get(key)
        slope = "" if known is None or known.slope is None else f", slope {number(known.slope, 2)}"
        return f"{number(found.brier)}{slope}"

    def behind(self, board: Board, key: PartKey, point: int) -> Behind:
        curve = board.calibrated[key].curve
        return behind.in_bin(board.results.parts[key], float(curve.predicted[point]))


def _roc_line(board: Board, bands: AllBands, one: Part) -> PlotLine:
    curve, at, known = one.curve, one.operating, bands.get((one.scorer.key, one.cohort))
    ring = None if at is None else (1 - at.specificity.value, at.sensitivity.value)
    return PlotLine(
        one.scorer.name,
        board.series[one.scorer.key],
        curve.false_positive_rate,
        curve.sensitivity,
        partial(_roc_words, curve),
        None if ring is None or math.isnan(sum(ring)) else ring,
        None if known is None else (known.roc.at, known.roc.low, known.roc.high),
    )


def _precision_line(board: Board, bands: AllBands, one: Part) -> PlotLine:
    key = one.scorer.key, one.cohort
    curve, known, at = board.recalls[key], bands.get(key), one.operating
    ring = None if at is None else (at.sensitivity.value, at.ppv.value)
    return PlotLine(
        one.scorer.name,
        board.series[one.scorer.key],
        curve.recall,
        curve.precision,
        partial(_precision_words, curve),
        None if ring is None or math.isnan(sum(ring)) else ring,
        None if known is None else (known.precision.at, known.precision.low, known.precision.high),
    )


def _decision_line(board: Board, one: Part) -> PlotLine:
    curve = board.decisions.get((one.scorer.key, one.cohort))
    series = board.series[one.scorer.key]
    if curve is None or not one.score.size:
        return PlotLine(one.scorer.name, series, np.empty(0), np.empty(0))
    model = curve.model
    return PlotLine(
        one.scorer.name,
        series,
        THRESHOLDS,
        model.value,
        partial(_decision_words, curve),
        band=(THRESHOLDS, model.low, model.high),
    )


def _calibration_line(board: Board, one: Part) -> PlotLine:
    found = board.calibrated.get((one.scorer.key, one.cohort))
    series = board.series[one.scorer.key]
    if found is None:
        return PlotLine(one.scorer.name, series, np.empty(0), np.empty(0))
    curve = found.curve
    return PlotLine(
        one.scorer.name,
        series,
        curve.predicted,
        curve.observed,
        partial(_calibration_words, curve),
        band=(curve.predicted, curve.low, curve.high),
        dots=True,
    )


def _roc_words(curve: RocCurve, point: int) -> str:
    threshold = float(curve.threshold[point])
    at = "Nobody called positive" if math.isinf(threshold) else f"Threshold {threshold:.3f}"
    rate = 1 - float(curve.false_positive_rate[point])
    return f"{at}\nSensitivity {float(curve.sensitivity[point]):.3f}\nSpecificity {rate:.3f}"


def _precision_words(curve: PrecisionRecallCurve, point: int) -> str:
    threshold, recall, precision = (float(one[point]) for one in (curve.threshold, curve.recall, curve.precision))
    return f"Threshold {threshold:.3f}\nRecall {recall:.3f}\nPrecision {precision:.3f}"


def _decision_words(curve: DecisionCurve, point: int) -> str:
    avoided = f"\nSpared per 100: {curve.avoided.value[point]:.1f} more than when all are treated"
    return f"Threshold {THRESHOLDS[point]:.2f}\nNet benefit {number(float(curve.model.value[point]))}{avoided}"


def _calibration_words(curve: CalibrationCurve, point: int) -> str:
    limits = f"{curve.low[point]:.2f}\u2013{curve.high[point]:.2f}"
    share = f"Metastasis in {curve.observed[point]:.2f} ({limits})"
    return f"{curve.count[point]} patients\nMean score {curve.predicted[point]:.3f}\n{share}"


def _decisions(board: Board, cohort: str) -> list[DecisionCurve]:
    return [board.decisions[one.key, cohort] for one in board.scorers if (one.key, cohort) in board.decisions]


def _or_reason(one: Part, words: str) -> str:
    return f"\u2013 {one.reason}" if one.reason else words
