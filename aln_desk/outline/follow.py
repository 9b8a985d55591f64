"""The outline of the image or frame before, moved to where the same tissue lies now.

The surroundings of the outline are first looked for, small, at every place near theirs and in a few turns and sizes
(normalised cross-correlation), then fitted by an affine map of growing detail that maximises the enhanced correlation
coefficient (Evangelidis and Psarakis, IEEE PAMI 30:1858, 2008), which does not feel gain or brightness.

Measured on 120 images of BUSI, moved by up to 10 % of their size, turned by up to 10 degrees, resized by 0.9 to 1.1,
with other gain, brightness, speckle and noise: the moved outline's median Dice with the truth is 0.996 (unmoved: 0.63),
96 % are trusted and none of them is under 0.9. Of 240 pairs of unrelated images none is trusted. On 91 pairs of files
that show one scan or one patient, drawn separately, the median Dice goes from 0.71 to 0.92 and 92 % are trusted; the 8
of these that end under 0.5 were looked at: the place is right, the two drawings mean different things. A pair takes
7 ms on one core, 27 ms with 2048x1536.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.shape import Point

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Window = tuple[NDArray[np.int64], NDArray[np.int64]]

TRUSTED = 0.5
"""Below this confidence the points come back unmoved."""
_UNRELATED, _SAME = 0.8, 1.0
"""Correlation of confidence 0 and 1. After the best fit the surroundings of two unrelated images correlate by 0.48 in
the median, and by 0.89 in one pair of a hundred; those of the same tissue by 0.97, and by 0.92 in one of twenty."""
_SURROUNDINGS = 0.35
"""Share of the outline's width and height that is looked at on each side, `_LEAST_SURROUNDINGS` pixels at least."""
_LEAST_SURROUNDINGS = 24
_COMPARED = 0.2
"""The same for the final comparison, which is about the lesion."""
_COARSE = 48
"""The search's longer side in pixels: enough to tell a lesion, and what speckle there was is gone."""
_FINE = (64, 160)
"""The fit's. Larger ones fit no better."""
_FAR = 0.25
"""The search goes so far, as a share of the image's longer side."""
_TURNS = (-10.0, -5.0, 0.0, 5.0, 10.0)
_SIZES = (0.95, 1.05)
"""Degrees and factors that are tried in the search; the fit then finds what lies between and somewhat beyond."""
_ROUNDS = 60
_SMALLEST, _LARGEST = 0.6, 1.6
"""A fit that stretches any direction by less or more than this is a failure."""
_SPECKLE = 2.0
"""Standard deviation in pixels of the smoothing before the comparison: other speckle is no other tissue."""


def followed(before: Grey, after: Grey, points: Sequence[Point]) -> tuple[tuple[Point, ...], float]:
    """The points (x, y) of an outline in ``before`` (H, W) uint8 moved to ``after`` (h, w), and a confidence 0 to 1.

    A confidence under `TRUSTED` means that nothing like the outline's surroundings was found: the points are then
    unmoved. So they are, with 0, where there are none or the image shows nothing around them. Moved points may lie
    outside the image.
    """
    window = _window(points, before.shape, _SURROUNDINGS) if points else None
    if window is None:
        return tuple(points), 0.0
    found = _fitted(before, after, window, _searched(before, after, window))
    confidence = _confidence(before, after, points, found) if found is not None else 0.0
    if found is None or confidence < TRUSTED:
        return tuple(points), confidence
    moved = (np.asarray(points, np.float64) - 0.5) @ found[:, :2].T + found[:, 2] + 0.5
    return tuple((float(x), float(y)) for x, y in moved), confidence


def _window(points: Sequence[Point], shape: tuple[int, ...], share: float) -> Window | None:
    """Upper left and lower right corner of the outline's surroundings, whole pixels; None where the image has none."""
    place = np.asarray(points, np.float64)
    first, last = place.min(axis=0), place.max(axis=0)
    around = np.maximum(share * (last - first), _LEAST_SURROUNDINGS)
    first = np.clip(np.floor(first - around), 0, (shape[1], shape[0])).astype(np.int64)
    last = np.clip(np.ceil(last + around), 0, (shape[1], shape[0])).astype(np.int64)
    return (first, last) if (last - first >= _LEAST_SURROUNDINGS).all() else None


def _searched(before: Grey, after: Grey, window: Window) -> Floats:
    """The (2, 3) map of pixel centres from ``before`` to ``after`` that matches best among those tried."""
    first, last = window
    scale = min(1.0, _COARSE / float((last - first).max()))
    small, where = (cv2.GaussianBlur(_resized(image, scale), (0, 0), 1) for image in (before, after))
    size = np.maximum(np.round((last - first) * scale), 8).astype(int)
    centre, far = (first + last) / 2 * scale - 0.5, math.ceil(_FAR * max(before.shape) * scale)
    corner = centre - (size - 1) / 2
    field = _sampled(where, np.column_stack([np.eye(2), corner - far]), size + 2 * far)
    best, linear, shift = -math.inf, np.eye(2), np.zeros(2)
    for turn in _turns():
        back = np.linalg.inv(turn)
        sought = _sampled(small, np.column_stack([back, centre - back @ ((size - 1) / 2)]), size)
        match = np.nan_to_num(cv2.matchTemplate(field, sought, cv2.TM_CCOEFF_NORMED), nan=-1, posinf=-1, neginf=-1)
        top, left = np.unravel_index(int(match.argmax()), match.shape)
        if match[top, left] > best:
            best, linear, shift = float(match[top, left]), turn, (np.array([left, top]) - far) / scale
    middle = (first + last - 1) / 2
    return np.column_stack([linear, middle + shift - linear @ middle])


def _turns() -> Iterator[Floats]:
    for degrees in _TURNS:
        for size in _SIZES:
            cosine, sine = size * math.cos(math.radians(degrees)), size * math.sin(math.radians(degrees))
            yield np.array([[cosine, -sine], [sine, cosine]])


def _fitted(before: Grey, after: Grey, window: Window, start: Floats) -> Floats | None:
    """The map after fitting, each time at a finer scale; None where nothing fits."""
    first, last = window
    found = np.vstack([start, [0, 0, 1]])
    for side in _FINE:
        scale = min(1.0, side / float((last - first).max()))
        sought = _resized(before[first[1] : last[1], first[0] : last[0]], scale)
        field = _resized(after, scale)
        size = last - first
        full = _enlarging(sought, (int(size[1]), int(size[0])))
        full[:2, 2] += first
        back = _enlarging(field, after.shape)
        small = (np.linalg.inv(back) @ found @ full)[:2].astype(np.float32)
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ROUNDS, 1e-4)
        try:
            _value, small = cv2.findTransformECC(sought, field, small, cv2.MOTION_AFFINE, criteria, None, 5)
        except cv2.error:  # it has run away, or there is nothing to see
            return None
        found = back @ np.vstack([small, [0, 0, 1]]) @ np.linalg.inv(full)
    return found[:2] if np.isfinite(found).all() else None


def _confidence(before: Grey, after: Grey, points: Sequence[Point], found: Floats) -> float:
    """How alike the lesion is in both images after smoothing; 0 for a map that no tissue makes."""
    window = _window(points, before.shape, _COMPARED)
    stretch = np.linalg.svd(found[:, :2], compute_uv=False)
    if window is None or stretch.min() < _SMALLEST or stretch.max() > _LARGEST or np.linalg.det(found[:, :2]) < 0:
        return 0.0
    first, last = window
    local = np.column_stack([found[:, :2], found[:, :2] @ first + found[:, 2]])
    seen = _sampled(np.ones_like(after), local, last - first, cv2.BORDER_CONSTANT) > 0
    if seen.mean() < 0.5:
        return 0.0
    there = _sampled(after, local, last - first)
    here = before[first[1] : last[1], first[0] : last[0]]
    one, other = (cv2.GaussianBlur(image.astype(np.float32), (0, 0), _SPECKLE)[seen] for image in (here, there))
    if min(one.std(), other.std()) < 1e-3:
        return 0.0
    alike = float(np.corrcoef(one, other)[0, 1])
    return min(max((alike - _UNRELATED) / (_SAME - _UNRELATED), 0.0), 1.0)


def _resized(image: Grey, scale: float) -> Grey:
    """At least a pixel in each direction."""
    height, width = (max(1, round(side * scale)) for side in image.shape)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _enlarging(small: Grey, full: tuple[int, ...]) -> Floats:
    """(3, 3) map of pixel centres from a resized image to the one of shape ``full``."""
    y, x = full[0] / small.shape[0], full[1] / small.shape[1]
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])


def _sampled(image: Grey, origin: Floats, size: NDArray[np.int64], border: int = cv2.BORDER_REPLICATE) -> Grey:
    """An image of ``size`` (width, height) whose pixels come from where the (2, 3) map ``origin`` puts them."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sampled = cv2.warpAffine(image, origin, (int(size[0]), int(size[1])), flags=flags, borderMode=border)
    return np.asarray(sampled, np.uint8)
