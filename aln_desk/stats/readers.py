"""How well two readers agree on one image: by class, and shape by shape."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aln_desk.stats.agreement import dice, iou
from aln_desk.stats.segmentation import border_distances

LEAST_OVERLAP = 0.1
"""Intersection over union from which two readers' shapes are one thing.

Low, since lesions lie apart: two outlines that overlap mean the same one, however badly they agree, and the distances
say how badly. Above 0, so that neighbours whose borders touch stay apart.
"""


@dataclass(frozen=True, slots=True)
class ReaderAgreement:
    """Two readers on one class of one image; distances are in ``unit`` and nan where only one outlined the class.

    Dice = 2 |A and B| / (|A| + |B|) (Dice 1945), Jaccard = |A and B| / |A or B| (Jaccard 1912); the distances are those
    of `segmentation.border_distances`, which names their sources.
    """

    dice: float
    jaccard: float
    hausdorff: float
    hausdorff95: float
    mean_distance: float
    unit: str


@dataclass(frozen=True, slots=True)
class ShapeMatch:
    """The index of a shape of each reader, None where the other has none like it, and their intersection over union."""

    first: int | None
    second: int | None
    overlap: float


def by_class(
    first: ArrayLike, second: ArrayLike, spacing: tuple[float, float] | None = None
) -> dict[int, ReaderAgreement]:
    """The agreement on each class but 0 (background) that occurs in either of two label masks (H, W) of whole numbers.

    ``spacing`` is the width and height (dx, dy) of a pixel in mm; without it distances are in pixels. ValueError where
    the shapes differ or the spacing is not above 0.
    """
    one, other = np.asarray(first), np.asarray(second)
    classes = sorted({int(value) for mask in (one, other) for value in np.unique(mask)} - {0})
    return {value: agreement(one == value, other == value, spacing) for value in classes}


def agreement(first: ArrayLike, second: ArrayLike, spacing: tuple[float, float] | None = None) -> ReaderAgreement:
    """The agreement on one pair of masks (H, W), any value but 0 being inside; the rest as for `by_class`."""
    dx, dy = spacing or (1.0, 1.0)
    apart = border_distances(first, second, (dy, dx))
    return ReaderAgreement(
        dice(first, second),
        iou(first, second),
        apart.hausdorff,
        apart.hausdorff95,
        apart.mean,
        "mm" if spacing else "px",
    )


def matched(first: Sequence[ArrayLike], second: Sequence[ArrayLike], least: float = LEAST_OVERLAP) -> list[ShapeMatch]:
    """Which shape (a mask (H, W)) of the second reader is which of the first's: one to one, the most overlap in all.

    The assignment of the largest summed intersection over union (Kuhn, Naval Research Logistics 2:83, 1955) among
    pairs of at least ``least``. The first reader's shapes come in order, then those that only the second has.
    """
    from scipy.optimize import linear_sum_assignment

    overlap = np.array([[_overlap(one, other) for other in second] for one in first]).reshape(len(first), len(second))
    overlap[overlap < least] = 0
    chosen = {
        int(row): int(column)
        for row, column in zip(*linear_sum_assignment(overlap, maximize=True), strict=True)
        if overlap[row, column] > 0
    }
    found = [
        ShapeMatch(row, chosen[row], float(overlap[row, chosen[row]])) if row in chosen else ShapeMatch(row, None, 0.0)
        for row in range(len(first))
    ]
    alone = sorted(set(range(len(second))) - set(chosen.values()))
    return found + [ShapeMatch(None, column, 0.0) for column in alone]


def label_pairs(
    matches: Sequence[ShapeMatch], first: Sequence[Hashable], second: Sequence[Hashable], absent: Hashable = None
) -> list[tuple[Hashable, Hashable]]:
    """Both readers' labels of each matched shape, for `kappa.kappa`; ``first`` and ``second`` are one label a shape.

    Shapes of one reader only are left out, as kappa is about things that both labelled; with ``absent`` (a label that
    stands for having drawn nothing) they are pairs too, and kappa then also falls where readers find different things.
    """
    pairs: list[tuple[Hashable, Hashable]] = []
    for match in matches:
        one = absent if match.first is None else first[match.first]
        other = absent if match.second is None else second[match.second]
        if absent is not None or (match.first is not None and match.second is not None):
            pairs.append((one, other))
    return pairs


def _overlap(first: ArrayLike, second: ArrayLike) -> float:
    """0 for two empty masks, which are nowhere."""
    share = iou(first, second)
    return 0.0 if math.isnan(share) else share
