"""Table S2: how well every model outlines tumours and lymph nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from aln_desk.domain.patient import View
from aln_desk.evaluation.results import Floats
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.overlap import TOLERANCE, Overlap
from aln_desk.evaluation.tables.table import Table
from aln_desk.stats import bootstrap
from aln_desk.stats.bootstrap import RESAMPLES, Estimate
from aln_desk.stats.segmentation import CLASSES

_COLUMNS = ("Model and class", "Images (patients)", "IoU", "Dice, mean (SD)", "HD95, median (IQR)", "Boundary F1")
_VIEWS = {View.TUMOUR: "Tumour", View.NODE: "Lymph node"}
_METHODS = (
    "In brackets: 95 % percentile interval of {resamples} bootstrap resamples of patients, each with all images. IoU: "
    "intersection over union of all pixels of the cohort, at a model's name the mean of background, tumour and lymph "
    "node (mIoU); a lesion of the wrong predicted type counts for nothing. Dice, HD95 (95th centile of the Hausdorff "
    "distance, in pixels) and boundary F1 (tolerance {tolerance:g} pixels) are of single images, whatever the "
    "predicted type."
)
_EMPTY = "HD95 leaves out images in which a mask is empty"


def table_s2(
    overlaps: Iterable[Overlap], cohorts: Sequence[str], models: Sequence[str] = (), resamples: int = RESAMPLES
) -> Table:
    """A row for each model on each of ``cohorts``, and one for each class drawn there.

    ``overlaps`` are read once. ``models`` give the order (default: of appearance); others do not count. Models without
    an image in a cohort have no row there.
    """
    groups: dict[tuple[str, str], list[Overlap]] = {}
    for one in overlaps:
        groups.setdefault((one.cohort, one.model), []).append(one)
    names = models or list(dict.fromkeys(model for _, model in groups))
    sheet = _Sheet(resamples)
    for cohort in cohorts:
        found = [(model, groups[cohort, model]) for model in names if (cohort, model) in groups]
        if found:
            sheet.add(0, (cohort, *[""] * (len(_COLUMNS) - 1)))
        for model, images in found:
            sheet.model(model, images)
    return Table(
        "table_s2",
        "Segmentation against the drawn outlines",
        _COLUMNS,
        tuple(sheet.rows),
        (_METHODS.format(resamples=resamples, tolerance=TOLERANCE), *sheet.notes()),
        depths=tuple(sheet.depths),
        label="Table S2",
    )


class _Sheet:
    """Rows as they come, and what the notes must tell of them."""

    def __init__(self, resamples: int) -> None:
        self.resamples = resamples
        self.rows: list[tuple[str, ...]] = []
        self.depths: list[int] = []
        self.undefined: list[tuple[str, str, str]] = []
        self.empty: list[str] = []

    def add(self, depth: int, row: Iterable[str]) -> None:
        """A row of cells."""
        self.rows.append(tuple(row))
        self.depths.append(depth)

    def model(self, name: str, images: Sequence[Overlap]) -> None:
        """A model's row over all images of a cohort, and its rows by class."""
        self.add(1, (name, *self.figures(name, images, self.iou(images, range(len(CLASSES))))))
        for place, (view, word) in enumerate(_VIEWS.items(), 1):
            drawn = [image for image in images if image.view == view]
            if drawn:
                # Of all images: the class is predicted on those of the other class too.
                iou = self.iou(images, (place,))
                self.add(2, (word, *self.figures(f"{name} ({word.lower()})", drawn, iou)))
        lost = sum(math.isnan(image.hd95) for image in images)
        if lost:
            self.empty.append(f"{name} on {images[0].cohort} {lost} of {len(images)}")

    def figures(self, name: str, images: Sequence[Overlap], iou: Estimate) -> Iterator[str]:
        """The cells of a row of these images."""
        dice = _known((image, image.dice) for image in images)
        hd95 = _known((image, image.hd95) for image in images)
        boundary = _known((image, image.boundary_f1) for image in images)
        found = {
            "IoU": (iou, "", 3),
            "Dice": (self.mean(*dice), f" ({words.number(_sd(dice[1]))})", 3),
            "HD95": (self.median(*hd95), f" ({_quartiles(hd95[1])})", 1),
            "boundary F1": (self.mean(*boundary), "", 3),
        }
        reasons = {what: one.reason for what, (one, _, _) in found.items()}
        if not hd95[0]:
            reasons["HD95"] = "all predicted masks are empty"
        self.undefined += [(f"{what} of {name}", images[0].cohort, reason) for what, reason in reasons.items()]
        yield f"{len(images)} ({len({image.patient for image in images})})"
        for estimate, spread, digits in found.values():
            yield _cell(estimate, spread, digits)

    def iou(self, images: Sequence[Overlap], classes: Iterable[int]) -> Estimate:
        """Mean over these classes, where they occur, of the IoU of all pixels."""
        sums = np.array([[*image.common, *image.union] for image in images], dtype=np.float64)
        patients = [image.patient for image in images]
        return bootstrap.interval_of_sums(_mean_iou(list(classes)), sums, patients, resamples=self.resamples)

    def mean(self, patients: Sequence[str], values: Floats) -> Estimate:
        """Mean over images, with its interval."""
        sums = np.column_stack([values, np.ones_like(values)])
        return bootstrap.interval_of_sums(
            lambda each: each[..., 0] / each[..., 1], sums, patients, resamples=self.resamples
        )

    def median(self, patients: Sequence[str], values: Floats) -> Estimate:
        """Median over images, with its interval."""
        return bootstrap.interval(lambda rows: float(np.median(values[rows])), patients, resamples=self.resamples)

    def notes(self) -> Iterator[str]:
        """Why figures are missing."""
        if self.empty:
            yield f"{_EMPTY}: {'; '.join(self.empty)}."
        yield from words.reasons(self.undefined)


def _known(values: Iterable[tuple[Overlap, float]]) -> tuple[list[str], Floats]:
    """Patients and values (k,) of the images whose value is defined."""
    known = [(image.patient, value) for image, value in values if not math.isnan(value)]
    return [patient for patient, _ in known], np.array([value for _, value in known], dtype=np.float64)


def _mean_iou(classes: Sequence[int]) -> Callable[[Floats], Floats]:
    """From sums (..., 6) of common pixels and unions by class."""

    def figure(sums: Floats) -> Floats:
        common, union = sums[..., : len(CLASSES)][..., classes], sums[..., len(CLASSES) :][..., classes]
        there = union > 0
        share = np.where(there, common / np.where(there, union, 1), 0)
        mean: Floats = share.sum(axis=-1) / there.sum(axis=-1)
        return mean

    return figure


def _cell(found: Estimate, spread: str, digits: int) -> str:
    """``0.874 (0.081) [0.861–0.887]``."""
    if math.isnan(found.value):
        return words.DASH
    between = "–".join(words.number(limit, digits) for limit in (found.low, found.high))
    limits = words.DASH if math.isnan(found.low) or math.isnan(found.high) else between
    return f"{words.number(found.value, digits)}{spread} [{limits}]"


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else math.nan


def _quartiles(values: Floats) -> str:
    if not values.size:
        return words.DASH
    return "–".join(words.number(float(quartile), 1) for quartile in np.quantile(values, [0.25, 0.75]))
