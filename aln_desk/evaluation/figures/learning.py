"""Learning curves: how losses and validation figures went with the steps, and what more patients bring."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from aln_desk.domain.messages import Curve
from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    ONE_AND_A_HALF,
    SINGLE,
    SMALL,
    board,
    explained,
    letter,
    plot,
    sheet,
    shortened,
    size_of,
    styled,
    told_apart,
    write_at,
)
from aln_desk.evaluation.look import GREY, look

_HEAD, _LEFT, _RIGHT, _UNDER, _ASPECT, _ROW = 6.5, 11.0, 4.0, 10.0, 0.72, 3.2
_TITLES = {
    ("mtl", "loss"): "Stage 1: loss",
    ("mtl", "mask"): "Stage 1: loss of masks",
    ("mtl", "lesion"): "Stage 1: loss of lesion type",
    ("mtl", "status"): "Stage 1: loss of status",
    ("mtl", "dice"): "Stage 1: mask overlap (Dice)",
    ("mtl", "miou"): "Stage 1: overlap by class (mIoU)",
    ("mtl", "lesion_accuracy"): "Stage 1: accuracy of lesion type",
    ("mtl", "status_auc"): "Stage 1: AUC of images",
    ("mil", "loss"): "Stage 2: loss",
    ("mil", "auc"): "Stage 2: AUC of patients",
}
_STAGES = {"mtl": "Stage 1", "mil": "Stage 2"}


@dataclass(frozen=True, slots=True)
class SizePoint:
    """What a model that learnt from ``patients`` reached: AUC with 95 % limits (nan: unknown)."""

    patients: int
    auc: float
    low: float = math.nan
    high: float = math.nan


Series = dict[tuple[str, str], dict[tuple[str, str], list[tuple[int, float]]]]
"""Points (step, value) by (stage, value's name), then by (run, ``train`` or ``validation``)."""


@styled
def learning_figure(
    runs: Mapping[str, Sequence[Curve]], sizes: Mapping[str, Sequence[SizePoint]] | None = None
) -> Figure:
    """A panel for each figure that the runs kept (by name): thin lines in training, thick ones on held-out patients.

    ``sizes``, models' AUC by how many patients they learnt from, by name, gets a panel of its own. Only what there is
    is drawn.
    """
    series = _collected(runs)
    by_size = {name: [point for point in points if not math.isnan(point.auc)] for name, points in (sizes or {}).items()}
    by_size = {name: sorted(points, key=lambda point: point.patients) for name, points in by_size.items() if points}
    names = [*dict.fromkeys([*(name for name in runs if _has(series, name)), *by_size])]
    count = len(series) + bool(by_size)
    if not count:
        return explained("No learning curves: the runs kept no losses or figures.")
    columns = min(count, 3)
    width = {1: SINGLE, 2: ONE_AND_A_HALF, 3: DOUBLE}[columns]
    cell = width / columns
    side = cell - _LEFT - _RIGHT
    row = _HEAD + side * _ASPECT + _UNDER
    lines = -(-len(names) // columns)
    figure = sheet(width, -(-count // columns) * row + (lines + 1) * _ROW + 2)
    axes = []
    for place, title in enumerate(
        [*(_title(*key) for key in series), *(["AUC by training patients"] if by_size else [])]
    ):
        left, top = place % columns * cell, place // columns * row
        if count > 1:
            letter(figure, left + 1, top + 4, place)
        write_at(figure, left + _LEFT, top + 4, shortened(title, side, BODY), va="baseline")
        axes.append(plot(figure, left + _LEFT, top + _HEAD, side, side * _ASPECT))
    for panel, lines_of in zip(axes, series.values(), strict=False):
        _draw(panel, lines_of, names)
    if by_size:
        _draw_sizes(axes[-1], by_size, names)
    _key(figure, names, columns, any(part == "train" for each in series.values() for _, part in each))
    return figure


def _collected(runs: Mapping[str, Sequence[Curve]]) -> Series:
    """Finite values only, in the order of `_TITLES`, then as they come. A file of events says nan as None."""
    found: Series = {}
    for run, curves in runs.items():
        for curve in curves:
            for name, value in curve.values.items():
                if value is not None and math.isfinite(value):
                    lines = found.setdefault((curve.stage, name), {})
                    lines.setdefault((run, curve.part), []).append((curve.step, value))
    order = list(_TITLES)
    return dict(sorted(found.items(), key=lambda entry: order.index(entry[0]) if entry[0] in order else len(order)))


def _has(series: Series, run: str) -> bool:
    return any(run == name for lines in series.values() for name, _ in lines)


def _title(stage: str, name: str) -> str:
    return _TITLES.get((stage, name), f"{_STAGES.get(stage, stage)}: {name.replace('_', ' ')}")


def _draw(axes: Axes, lines: Mapping[tuple[str, str], list[tuple[int, float]]], names: Sequence[str]) -> None:
    for (run, part), points in lines.items():
        seen = look(names.index(run))
        steps, values = zip(*sorted(points), strict=True)
        held_out = part != "train"
        axes.plot(
            steps, values, color=seen.colour, linewidth=1.0 if held_out else 0.5, alpha=1.0 if held_out else 0.75,
            dashes=(seen.dashes if held_out else ()) or (None, None), zorder=3 if held_out else 2,
            marker=seen.marker if held_out and len(points) <= 30 else "", markersize=2.4, markeredgewidth=0,
            clip_on=len(points) > 30,
        )  # fmt: skip
    axes.set_xlim(0, max(step for points in lines.values() for step, _ in points) or 1)
    axes.set_xlabel("Step")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:.0f}"))


def _draw_sizes(axes: Axes, by_size: Mapping[str, Sequence[SizePoint]], names: Sequence[str]) -> None:
    for name, points in by_size.items():
        seen = look(names.index(name))
        x, y = [point.patients for point in points], [point.auc for point in points]
        axes.plot(
            x, y, color=seen.colour, dashes=seen.dashes or (None, None), marker=seen.marker, markeredgecolor="white",
            markeredgewidth=0.4, markersize=3.5, zorder=3,
        )  # fmt: skip
        for point in points:
            axes.plot([point.patients] * 2, [point.low, point.high], color=seen.colour, linewidth=0.6, zorder=2)
    occurring = sorted({point.patients for points in by_size.values() for point in points})
    axes.set(ylim=(0.4, 1), xlabel="Training patients", ylabel="AUC (95 % CI)")
    if occurring[-1] > occurring[0]:
        axes.set_xscale("log")
    axes.set_xticks(occurring if len(occurring) <= 7 else occurring[:: len(occurring) // 6])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda patients, _: f"{patients:.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def _key(figure: Figure, names: Sequence[str], columns: int, trained: bool) -> None:
    width, height = size_of(figure)
    lines = -(-len(names) // columns)
    tall = (lines + 1) * _ROW
    area = board(figure, 0, height - tall - 1, width, tall)
    cell = width / columns
    cut = told_apart(names, cell - 12, SMALL)
    for place, name in enumerate(names):
        left, middle, seen = place % columns * cell + 1.5, (place // columns + 0.5) * _ROW, look(place)
        area.plot([left, left + 7], [middle] * 2, color=seen.colour, dashes=seen.dashes or (None, None))
        area.plot([left + 3.5], [middle], seen.marker, color=seen.colour, markersize=3, markeredgewidth=0)
        area.text(left + 9, middle, cut[name], fontsize=SMALL, va="center_baseline")
    if trained:
        note = "Thin lines: in training. Thick lines: on held-out patients."
        area.text(1.5, (lines + 0.5) * _ROW, note, fontsize=SMALL, color=GREY, va="center_baseline")
