"""How well predicted masks and drawn ones agree, over a data set (mIoU) and by their outlines (Hausdorff, boundary F1).

`agreement.dice` and `agreement.iou` are the figures of one pair of masks by area.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats.ranks import Floats

CLASSES = ("background", "tumour", "lymph node")
"""The class numbers 0, 1 and 2 of a class map, in words."""


@dataclass(frozen=True, slots=True)
class MeanIou:
    """``value``: mean of those of ``iou`` (one of each of `CLASSES`) that are defined.

    ``iou`` is nan for a class that is in no image, drawn or predicted; ``reason`` names these. All nan without images.
    """

    value: float
    iou: tuple[float, float, float]
    images: int
    reason: str = ""


def class_map(mask: ArrayLike, lesion: Literal["tumour", "lymph node"]) -> NDArray[np.uint8]:
    """The classes (H, W) of a mask (H, W), any value but 0 being inside, of an image with this lesion type."""
    return np.where(np.asarray(mask, dtype=bool), np.uint8(CLASSES.index(lesion)), np.uint8(0))


def miou(pairs: Iterable[tuple[ArrayLike, ArrayLike]]) -> MeanIou:
    """Mean intersection over union of background, tumour and lymph node, over all pixels of a data set.

    ``pairs`` are the predicted and the drawn classes of an image (H, W), 0, 1 or 2, as `class_map` makes them; the
    predicted lesion's class is the predicted lesion type, so that a well outlined lesion of the wrong type counts for
    nothing (as in the paper's published code). Pixels of intersection and union are added up over the images before
    they are divided: large lesions weigh more, and no image is undefined by itself. Images are looked at one by one.

    ValueError where the shapes of a pair differ or a class is none of the three.
    """
    confusion = np.zeros((3, 3), dtype=np.int64)
    images = 0
    for predicted, drawn in pairs:
        confusion += _confusion(np.asarray(predicted), np.asarray(drawn))
        images += 1
    common = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - common
    shares = [float(c / u) if u else math.nan for c, u in zip(common, union, strict=True)]
    defined = [share for share in shares if not math.isnan(share)]
    nowhere = [name for name, u in zip(CLASSES, union, strict=True) if not u]
    return MeanIou(
        math.fsum(defined) / len(defined) if defined else math.nan,
        (shares[0], shares[1], shares[2]),
        images,
        f"nowhere drawn or predicted: {', '.join(nowhere)}" if nowhere else "",
    )


def _confusion(predicted: NDArray[np.generic], drawn: NDArray[np.generic]) -> NDArray[np.int64]:
    """Pixels (3, 3) by predicted and drawn class."""
    _refuse(predicted, drawn)
    for classes in (predicted, drawn):
        if not np.isin(classes, (0, 1, 2)).all():
            raise ValueError("a class is none of 0, 1 and 2")
    both = 3 * predicted.astype(np.uint8).ravel() + drawn.astype(np.uint8).ravel()
    return np.bincount(both, minlength=9).reshape(3, 3).astype(np.int64)


@dataclass(frozen=True, slots=True)
class BorderDistances:
    """How far two outlines lie apart, in the unit of the spacing; all nan where a mask is empty."""

    hausdorff: float
    hausdorff95: float
    mean: float


def border_distances(first: ArrayLike, second: ArrayLike, spacing: tuple[float, float] = (1.0, 1.0)) -> BorderDistances:
    """Distances of the outlines of two masks (H, W), any value but 0 being inside; symmetric.

    Taken from each outline pixel of one mask to the nearest outline pixel of the other, and the reverse. ``hausdorff``
    is the largest of all (Hausdorff distance), ``hausdorff95`` the larger of the two 95th centiles (linear between
    neighbours; Huttenlocher et al., IEEE PAMI 15:850, 1993; the larger, not the centile of both together, as in MONAI),
    ``mean`` the mean of all of both together (average symmetric surface distance, Heimann et al., IEEE TMI 28:1251,
    2009). Outline pixels are inside and have a side neighbour that is outside the mask or the image. Pixel centres
    count, ``spacing`` being the height and width of a pixel: in millimetres where these are known, else in pixels.

    There is no distance to an empty mask. Who averages must say how many images that leaves out. ValueError where the
    shapes differ or the spacing is not above 0.
    """
    there, back = _distances(first, second, spacing)
    if not (there.size and back.size):
        return BorderDistances(math.nan, math.nan, math.nan)
    return BorderDistances(
        max(float(there.max()), float(back.max())),
        max(float(np.quantile(there, 0.95)), float(np.quantile(back, 0.95))),
        float(np.concatenate([there, back]).mean()),
    )


def hd95(first: ArrayLike, second: ArrayLike, spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    """The 95th centile of the Hausdorff distance of two masks, as `border_distances` has it."""
    return border_distances(first, second, spacing).hausdorff95


def boundary_f1(first: ArrayLike, second: ArrayLike, tolerance: float = 2.0) -> float:
    """The F1 of two outlines, a pixel of one being found where the other is at most ``tolerance`` pixels away.

    2 p r / (p + r), p being the share of the first mask's outline pixels that are found in the second's, r the reverse
    (Csurka et al., BMVC 2013). Masks (H, W) and outlines as for `border_distances`. 0 where one mask is empty; nan
    where both are, as for `agreement.dice`. ValueError where the shapes differ or the tolerance is below 0 or not a
    number.
    """
    if not tolerance >= 0:
        raise ValueError(f"a tolerance of {tolerance} pixels finds nothing")
    there, back = _distances(first, second, (1.0, 1.0))
    if not (there.size and back.size):
        return 0.0 if there.size + back.size else math.nan
    precision, recall = (float((part <= tolerance).mean()) for part in (there, back))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _distances(first: ArrayLike, second: ArrayLike, spacing: tuple[float, float]) -> tuple[Floats, Floats]:
    """From each outline pixel of one mask to the nearest of the other, and the reverse; infinite to an empty mask."""
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    _refuse(a, b)
    if not all(math.isfinite(side) and side > 0 for side in spacing):
        raise ValueError(f"a pixel of {spacing} has no size")
    crop = _box(a | b)
    one, other = _outline(a[crop]), _outline(b[crop])
    return _to_nearest(one, other, spacing), _to_nearest(other, one, spacing)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest rectangle around what is inside."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_erosion

    inner: NDArray[np.bool_] = binary_erosion(mask)
    return mask & ~inner


def _to_nearest(start: NDArray[np.bool_], goal: NDArray[np.bool_], spacing: tuple[float, float]) -> Floats:
    """From each pixel in ``start`` to the nearest in ``goal``; infinite where there is none."""
    from scipy.ndimage import distance_transform_edt

    if not goal.any():
        return np.full(np.count_nonzero(start), math.inf)
    distance = np.asarray(distance_transform_edt(~goal, sampling=spacing), dtype=np.float64)
    return distance[start]


def _refuse(first: NDArray[np.generic], second: NDArray[np.generic]) -> None:
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(f"masks of shapes {first.shape} and {second.shape} do not lie on one image")
