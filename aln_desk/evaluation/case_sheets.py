"""Fig 4, patients whom a model calls rightly and wrongly, and Fig S1, the evidence of two models side by side.

Each image stands with its outlines, drawn and predicted, and with the model's CAM on one scale for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from aln_desk.domain.cam_scale import cam_scale, known_top
from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.evaluation.figures.style import (
    BODY,
    DOUBLE,
    SMALL,
    board,
    explained,
    letter,
    sheet,
    shortened,
    size_of,
    styled,
    wrapped,
    write_at,
)
from aln_desk.evaluation.look import GREY
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.results import Part
from aln_desk.evaluation.tables import words
from aln_desk.io import images
from aln_desk.io.annotations import current_annotation
from aln_desk.io.predictions import read_instance, read_shares
from aln_desk.io.rasterize import class_mask, outlines
from aln_desk.io.report_pictures import DRAWN, PREDICTED, Rgb, cam_bar, heated, outlined

CELLS = {"TP": (1, 1), "TN": (0, 0), "FP": (0, 1), "FN": (1, 0)}
"""Cells of a confusion matrix: (outcome, called)."""
RULE = "of each cell of the confusion matrix the patient with its median score (of two, the lower one)"

_NAMES = {"TP": "True positive", "TN": "True negative", "FP": "False positive", "FN": "False negative"}
_VIEWS = {View.TUMOUR: "Tumour", View.NODE: "Node"}
_MOST_IMAGES = 3
_PIXELS = 420
"""Width of a picture: 300 dots an inch at 35 mm, as much as an ultrasound image holds."""
_LEFT, _WIDEST, _GAP, _UNDER, _BETWEEN, _EDGE, _SCALE = 36.0, 35.0, 1.2, 4.2, 3.5, 1.0, 8.0
"""Millimetres: the words of a patient, a picture at most, between pictures, under them, between patients, the margin,
and the scale at the foot."""
_BESIDE = 36.0
"""Millimetres: a picture of Fig S1."""
_TITLES = 4.5
"""Millimetres: the line of the models' names above Fig S1."""
_TALLEST = 1.1
"""Height over width at which a picture is cut down."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image with what a model found on it; ``share`` in the verdict is nan where it is not known."""

    instance: Instance
    image: Rgb
    drawn: tuple[tuple[tuple[float, float], ...], ...]
    found: InstancePrediction | None
    share: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One patient: ``cell`` is a key of `CELLS`, or empty; ``pictures`` are those shown of ``images`` in the bag."""

    patient: Patient
    score: float
    threshold: float
    uncertain: bool
    cell: str
    pictures: tuple[Picture, ...]
    images: int


def median_patients(part: Part) -> dict[str, str]:
    """By cell, the patient with the cell's median score (of an even number, the lower of the middle two); cells
    without patients are left out.
    """
    found = {}
    for cell, (outcome, called) in CELLS.items():
        behind = part.behind(outcome, called)
        if behind:
            found[cell] = behind[len(behind) // 2]
    return found


def sheets(part: Part, record: ModelRecord, patients: Iterable[Patient], chosen: Iterable[str]) -> list[Sheet]:
    """The sheets of these patients (ids), in that order; those without a score are left out."""
    by_id, place = {one.id: one for one in patients}, {name: at for at, name in enumerate(part.patients)}
    return [_sheet(part, record, by_id[name], place[name]) for name in chosen if name in by_id and name in place]


def remedy(project: str, record: ModelRecord) -> str:
    """What to do where a model's findings on images are not kept."""
    return (
        f"What {record.scorer.name} found on the images is not kept in this project. "
        f"Run: aln-desk predict {project} --model {record.scorer.key}"
    )


@styled
def case_figure(shown: Sequence[Sheet], record: ModelRecord) -> Figure:
    """A row for each patient: who and what verdict, then each image with outlines, and under its CAM.

    Of a bag of more than three images those of the largest share are shown. All CAMs have the model's own scale, with
    0 logits clear; at the foot stands the bar.
    """
    if not any(one.pictures for one in shown):
        return explained("No case to show: no patient whose images were read by the model.", DOUBLE)
    pairs = max(len(one.pictures) for one in shown)
    side = min(_WIDEST, (DOUBLE - _LEFT - 2 * _EDGE - (2 * pairs - 1) * _GAP) / (2 * pairs))
    tall = side * min(_TALLEST, max(_aspect(picture) for one in shown for picture in one.pictures))
    row = tall + _UNDER + _BETWEEN
    top = cam_top(record)
    figure = sheet(DOUBLE, len(shown) * row + _SCALE)
    for place, one in enumerate(shown):
        down = _EDGE + place * row
        letter(figure, _EDGE, down + 2.6, place)
        _words(figure, one, down)
        for number, picture in enumerate(one.pictures):
            left = _LEFT + 2 * number * (side + _GAP)
            _outlined(figure, picture, left, down, side, tall)
            _heated(figure, picture, picture.found, top, left + side + _GAP, down, side, tall)
            _caption(figure, picture, left, down + tall, 2 * side)
    _key(figure, [(_LEFT + 14, top)])
    return figure


@styled
def cam_figure(rows: Sequence[tuple[Sheet, Sheet]], records: tuple[ModelRecord, ModelRecord]) -> Figure:
    """A row for each patient: one image with its drawn outline, under the first model's CAM and the second's.

    Both sheets of a row are of one patient; the second says how it was called. Each model has its own scale, as their
    logits cannot be compared.
    """
    pairs = [(one, other, in_common(one, other)) for one, other in rows]
    kept = [(one, other, pair) for one, other, pair in pairs if pair is not None]
    if not kept:
        return explained("No image was read by both models.", DOUBLE)
    side = _BESIDE
    tall = side * min(_TALLEST, max(_aspect(first) for _, _, (first, _) in kept))
    tops = [cam_top(record) for record in records]
    row = tall + _UNDER + _BETWEEN
    figure = sheet(DOUBLE, _TITLES + len(kept) * row + _SCALE)
    titles = ["Drawn outline", *(record.scorer.name for record in records)]
    for column, title in enumerate(titles):
        left = _LEFT + column * (side + 3 * _GAP)
        write_at(figure, left, 3.4, shortened(title, side, BODY), va="baseline")
    for place, (one, other, pair) in enumerate(kept):
        down = _TITLES + place * row
        letter(figure, _EDGE, down + 2.6, place)
        _words(figure, other, down, verdict=False)
        _outlined(figure, pair[0], _LEFT, down, side, tall, predicted=False)
        for column, (whole, picture, top) in enumerate(zip((one, other), pair, tops, strict=True), 1):
            left = _LEFT + column * (side + 3 * _GAP)
            _heated(figure, picture, picture.found, top, left, down, side, tall)
            score = f"image {words.number(_score(picture), 2)}, patient {words.number(whole.score, 2)}"
            write_at(figure, left, down + tall + 0.8, score, SMALL, GREY)
        write_at(figure, _LEFT, down + tall + 0.8, _VIEWS[pair[0].instance.view], SMALL, GREY)
    bars = [(_LEFT + column * (side + 3 * _GAP), top) for column, top in enumerate(tops, 1)]
    _key(figure, bars, predicted=False)
    return figure


def rows_of(figure: Figure, patients: Sequence[str], titled: bool = False) -> tuple[tuple[str, float, float], ...]:
    """Where each patient's row lies in a figure of these patients: id, top and bottom as shares of the height.

    ``titled``: below the models' names, as in `cam_figure`.
    """
    height, head = size_of(figure)[1], _TITLES if titled else 0.0
    row = (height - head - _SCALE) / max(1, len(patients))
    edges = [(head + place * row) / height for place in range(len(patients) + 1)]
    return tuple(zip(patients, edges, edges[1:], strict=False))


def cam_top(record: ModelRecord) -> float:
    """End of a model's scale in logits, the same as in the window: what its manifest says, which few points of its
    training images exceed, made round.
    """
    return cam_scale(known_top(record.manifest.get("cam_top"))).top


def _sheet(part: Part, record: ModelRecord, patient: Patient, place: int) -> Sheet:
    outcome, score = int(part.outcome[place]), float(part.score[place])
    called = int(score >= part.threshold) if not math.isnan(part.threshold) else None
    cell = next((name for name, pair in CELLS.items() if pair == (outcome, called)), "")
    pictures = _pictures(record, patient)
    shown = sorted(pictures, key=lambda one: -np.nan_to_num(one.share, nan=-1.0))[:_MOST_IMAGES]
    kept = tuple(one for one in pictures if one in shown)
    return Sheet(patient, score, part.threshold, patient.id in part.uncertain, cell, kept, len(patient.bag))


def _pictures(record: ModelRecord, patient: Patient) -> list[Picture]:
    """Every image of the bag that can be read and that the model has read."""
    found: list[Picture] = []
    if record.findings is None:
        return found
    shares = read_shares(record.findings, [one.id for one in patient.bag])
    for instance in patient.bag:
        prediction = read_instance(record.findings, instance.id, record.scorer.key)
        if prediction is None:
            continue
        with suppress(BadFile):
            image = images.read(instance.image)
            found.append(
                Picture(instance, image, _drawn(instance, image), prediction, shares.get(instance.id, math.nan))
            )
    return found


def _drawn(instance: Instance, image: Rgb) -> tuple[tuple[tuple[float, float], ...], ...]:
    with suppress(BadFile):
        return tuple(outlines(class_mask(current_annotation(instance), *image.shape[:2]) > 0))
    return ()


def in_common(one: Sheet, other: Sheet) -> tuple[Picture, Picture] | None:
    """The first image that both models have read, a tumour before a node."""
    second = {picture.instance.id: picture for picture in other.pictures}
    both = [(picture, second[picture.instance.id]) for picture in one.pictures if picture.instance.id in second]
    return min(both, key=lambda pair: pair[0].instance.view is View.NODE, default=None)


def _words(figure: Figure, one: Sheet, down: float, verdict: bool = True) -> None:
    """Who this is and what was said of it, at the left."""
    lines = [(_NAMES.get(one.cell, "Patient"), BODY, "bold"), (one.patient.id, BODY, "normal")]
    outcome = {0: "node negative", 1: "node positive"}.get(one.patient.outcome if one.patient.outcome in (0, 1) else -1)
    told = [f"Pathology: {outcome or 'unknown'}"]
    if verdict:
        called = "positive" if one.score >= one.threshold else "negative"
        told += [f"Score {words.number(one.score)}", f"Threshold {words.number(one.threshold)}"]
        told += [f"Called {called}"] if not math.isnan(one.threshold) else []
        told += ["Verdict left open"] if one.uncertain else []
        told += [f"{len(one.pictures)} of {one.images} images"] if len(one.pictures) < one.images else []
    lines += [(line, SMALL, "normal") for line in told]
    down += 2.6
    for text, size, weight in lines:
        room = _LEFT - 6.5
        kept = shortened(text, room, size, "bold" if weight == "bold" else "normal")
        write_at(figure, 5.2, down, kept, size, GREY if size == SMALL else "#1a1a1a", va="baseline", fontweight=weight)
        down += 3.2 if size == BODY else 2.7


def _outlined(
    figure: Figure, picture: Picture, left: float, top: float, side: float, tall: float, predicted: bool = True
) -> None:
    """The image with the drawn outline (solid) and the predicted one (dashed)."""
    axes = _show(figure, outlined(picture.image, None, None, _pixels(picture)), picture, left, top, side, tall)
    for ring in picture.drawn:
        _trace(axes, ring, DRAWN)
    if predicted and picture.found is not None:
        for ring in outlines(picture.found.mask):
            _trace(axes, ring, PREDICTED, (0, (2.4, 1.4)))


def _heated(
    figure: Figure, picture: Picture, found: InstancePrediction | None, scale: float, left: float, top: float,
    side: float, tall: float,
) -> None:  # fmt: skip
    """The image under the CAM; without findings a grey sentence."""
    if found is None:
        area = board(figure, left, top, side, tall)
        area.text(side / 2, tall / 2, wrapped("not read", side - 2, SMALL), fontsize=SMALL, color=GREY, ha="center")
        return
    _show(figure, heated(picture.image, found, scale, _pixels(picture)), picture, left, top, side, tall)


def _show(figure: Figure, shown: Rgb, picture: Picture, left: float, top: float, side: float, tall: float) -> Axes:
    """What is ``shown`` of an image as wide as ``side``, at the top; the image's own pixels are the coordinates."""
    area = board(figure, left, top, side, tall)
    height, width = picture.image.shape[:2]
    scale = min(side / width, tall / height)
    area.imshow(shown, extent=(0, width, height, 0), interpolation="none", aspect="auto")
    area.set(xlim=(0, side / scale), ylim=(tall / scale, 0))
    return area


def _pixels(picture: Picture) -> int:
    """How wide an image is shown, in pixels."""
    return min(_PIXELS, int(picture.image.shape[1]))


def _trace(
    axes: Axes, ring: Sequence[tuple[float, float]], colour: tuple[int, int, int], dashes: object = "solid"
) -> None:
    rgb = tuple(part / 255 for part in colour)
    axes.add_patch(Polygon(np.asarray(ring), closed=True, fill=False, edgecolor=rgb, linewidth=0.8, linestyle=dashes))


def _caption(figure: Figure, picture: Picture, left: float, down: float, width: float) -> None:
    share = "" if math.isnan(picture.share) else f", share {words.number(100 * picture.share, 0)} %"
    text = f"{_VIEWS[picture.instance.view]}: score {words.number(_score(picture), 2)}{share}"
    write_at(figure, left, down + 0.8, shortened(text, width, SMALL), SMALL, GREY)


def _score(picture: Picture) -> float:
    return math.nan if picture.found is None else picture.found.status_score


def _key(figure: Figure, bars: Sequence[tuple[float, float]], predicted: bool = True) -> None:
    """What the lines mean and, at each place from the left (millimetres), a bar of the CAM's colours to its top."""
    width, height = size_of(figure)
    line = height - 3.2
    area = board(figure, 0, line - 2.0, width, 5.0)
    entries = [(DRAWN, "drawn", "solid"), *([(PREDICTED, "predicted", (0, (2.4, 1.4)))] if predicted else [])]
    for place, (colour, name, dashes) in enumerate(entries):
        left = 5.2 + 20.0 * place
        area.plot([left, left + 5], [2, 2], color=tuple(part / 255 for part in colour), linewidth=1, linestyle=dashes)
        _say(area, left + 6, name)
    for left, top in bars:
        _say(area, left, f"CAM −{top:g}")
        bar = board(figure, left + 12.5, line - 1.2, 14, 2.4)
        bar.imshow(cam_bar(200, 2), extent=(0, 14, 2.4, 0), interpolation="none", aspect="auto")
        _say(area, left + 27.5, f"+{top:g} logits")


def _say(area: Axes, left: float, text: str) -> None:
    area.text(left, 2, text, fontsize=SMALL, color=GREY, va="center_baseline")


def _aspect(picture: Picture) -> float:
    height, width = picture.image.shape[:2]
    return float(height / width)
