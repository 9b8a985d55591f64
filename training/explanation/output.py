"""What was measured as files: ``explanation.csv``, ``images.csv``, ``explanation.md`` and ``curves.svg``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from aln_desk.evaluation.figures.output import rendered
from aln_desk.evaluation.figures.style import (
    BODY,
    ONE_AND_A_HALF,
    SMALL,
    explained,
    letter,
    plot,
    sheet,
    styled,
    write_at,
)  # fmt: skip
from aln_desk.evaluation.look import GREY, look
from aln_desk.evaluation.tables import words
from aln_desk.io import atomic
from aln_desk.stats.explanation import area_under
from training import tables
from training.explanation.images import ImageFinding
from training.explanation.summary import EVERYONE, Row, mean_curve

_SIDE, _LEFT, _TOP, _APART = 42.0, 11.0, 8.0, 16.0
_BETTER = "Shapley less attention"
_IMAGE_COLUMNS = (
    "image", "patient", "view", "status_logit", "area", "large", "hit", "near", "energy", "uniform_hit", "uniform_near",
    "uniform_energy", "deletion", "insertion", "random",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """What was measured, in words for the head of the table; ``truth`` says where the patients' truth comes from."""

    model: str
    cohorts: str
    patients: int
    images: int
    left_out: int
    steps: int
    draws: int
    truth: str


def write(out: Path, about: About, rows: Sequence[Row], found: Sequence[ImageFinding]) -> None:
    """Write all files into ``out``, which is made if absent. The same findings give the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    atomic.write_text(out / "explanation.csv", _csv([entry.name for entry in fields(Row)], map(astuple, rows)))
    atomic.write_text(out / "images.csv", _csv(_IMAGE_COLUMNS, map(_image_columns, found)))
    atomic.write_text(out / "explanation.md", markdown(about, rows, found))
    atomic.write_bytes(out / "curves.svg", rendered(curve_figure(found), "svg"))


def markdown(about: About, rows: Sequence[Row], found: Sequence[ImageFinding]) -> str:
    """Notes, a table of everyone, and one of every other group."""
    groups = list(dict.fromkeys(row.group for row in rows))
    parts = [_notes(about, found), _better([row for row in rows if row.group == EVERYONE])]
    for group in groups:
        parts.append(f"## {'All' if group == EVERYONE else group.capitalize()}")
        own = [row for row in rows if row.group == group]
        parts += [
            _table(part, [row for row in own if row.part == part]) for part in dict.fromkeys(row.part for row in own)
        ]
    return "\n\n".join(filter(None, parts)) + "\n"


@styled
def curve_figure(found: Sequence[ImageFinding]) -> Figure:
    """Mean deletion and insertion curves with 95 % bands, beside a random order."""
    drawn = [(one.curves, one.taught.instance.patient) for one in found if one.curves is not None]
    if not drawn:
        return explained("No deletion or insertion was measured.", ONE_AND_A_HALF)
    patients = [patient for _, patient in drawn]
    figure = sheet(2 * (_LEFT + _SIDE) + _APART, _TOP + _SIDE + 10)
    panels = (
        ("Deletion", "Share of the image blurred", [c.deletion for c, _ in drawn], [c.random for c, _ in drawn]),
        ("Insertion", "Share of the image sharp", [c.insertion for c, _ in drawn], [c.random[::-1] for c, _ in drawn]),
    )
    for place, (title, across, curves, random) in enumerate(panels):
        left = _LEFT + place * (_LEFT + _SIDE + 6)
        letter(figure, left - 9, _TOP - 3, place)
        write_at(figure, left, _TOP - 3, title, BODY, va="baseline")
        axes = plot(figure, left, _TOP, _SIDE, _SIDE)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=across, ylabel="" if place else "Score of the outcome called")
        for order, (name, kept) in enumerate((("by the CAM", curves), ("in a random order", random))):
            _draw(axes, name, mean_curve(kept, patients), order)
        axes.legend(loc="lower left" if place == 0 else "upper left", fontsize=SMALL, frameon=False, labelcolor=GREY)
    return figure


def _draw(axes: Axes, name: str, curve: NDArray[np.float64], order: int) -> None:
    seen, at = look(order), np.linspace(0, 1, len(curve))
    axes.plot(at, curve[:, 0], color=seen.colour, label=name)
    axes.fill_between(at, curve[:, 1], curve[:, 2], color=seen.colour, alpha=0.2, linewidth=0)


def _notes(about: About, found: Sequence[ImageFinding]) -> str:
    large = sum(one.large for one in found)
    silent = sum(math.isnan(one.pointing.hit) for one in found)
    lines = [
        f"# Explanation of {about.model}",
        f"{about.images} outlined images of {about.patients} simulated patients ({about.cohorts}). Limits: 95 %, "
        "patients drawn again 2,000 times. The CAM's evidence is its positive part, without the bias, which comes from "
        "no place.",
        f"- The lesion covers more than half of {large} images (`large` in `images.csv`), where pointing says little.",
        f"- {silent} images have no positive evidence: nothing is pointed at, and they are left out there.",
        f"- Deletion and insertion: {about.steps} steps, pixels give way to a blur of a sixteenth of the side; the "
        "score is that of the outcome that the image is called by."
        if about.steps
        else "- Deletion and insertion were not measured.",
        f"- Parameters drawn anew from the output to the input, {about.draws} times, which the limits take into "
        "account; a map that becomes even counts 0. Correlations of single draws are of either sign: few draws say "
        "little of the mean."
        if about.draws
        else "- Parameters were not drawn anew.",
        f"- {about.truth}",
    ]
    if about.left_out:
        lines.append(f"- {about.left_out} images without an outlined lesion were left out.")
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:])


def _better(rows: Sequence[Row]) -> str:
    """Which of the two agrees better with the truth, by what was measured, in a sentence."""
    found = [row for row in rows if row.measure.startswith(_BETTER) and not math.isnan(row.low)]
    if not found:
        return ""
    shapley, attention = sum(row.low > 0 for row in found), sum(row.high < 0 for row in found)
    if not shapley and not attention:
        return "Neither Shapley shares nor attention weights are shown to agree better with the truth."
    first, count = ("Shapley shares", shapley) if shapley >= attention else ("Attention weights", attention)
    against = f"; worse in {min(shapley, attention)}" if shapley and attention else ""
    return f"**{first} agree better with the truth** in {count} of {len(found)} measures{against}."


def _table(part: str, rows: Sequence[Row]) -> str:
    head = (part, "value (95 % interval)", "images or patients", "patients")
    return tables.to_markdown(head, [(row.measure, _value(row), str(row.counted), str(row.patients)) for row in rows])


def _value(row: Row) -> str:
    if math.isnan(row.value):
        return "not defined"
    if math.isnan(row.low):
        return f"{words.number(row.value)} ({row.reason})"
    return words.interval(row.value, row.low, row.high, signed=True)


def _image_columns(one: ImageFinding) -> tuple[object, ...]:
    instance, drawn, other = one.taught.instance, one.curves, one.uniform
    areas = [area_under(curve) for curve in (drawn.deletion, drawn.insertion, drawn.random)] if drawn else [""] * 3
    points = [one.pointing.hit, one.pointing.near, one.pointing.energy]
    points += [other.hit, other.near, other.energy] if other else [math.nan] * 3
    return instance.id, instance.patient, instance.view, one.logit, one.area, int(one.large), *points, *areas


def _csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    return tables.to_csv(columns, (map(_rounded, row) for row in rows))


def _rounded(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value
