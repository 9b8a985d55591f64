"""What a scanner draws onto an ultrasound image: found, and filled so that a network cannot read it.

Text, calipers and rulers tell what a sonographer thought, and borders which scanner was used; both are shortcuts past
the tissue. What is found is the sharpness of drawing: a stroke falls to its surroundings within one pixel, beside it
as well as below it, where the point spread of ultrasound blurs tissue over several pixels, sideways above all.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_ROW, _COLUMN = np.ones((1, 3), np.uint8), np.ones((3, 1), np.uint8)

_SEEN = 20
"""Grey level from which a pixel counts when an image's own sharpness is measured."""
_SIDEWAYS, _SIDEWAYS_LIMITS = 6.0, (40.0, 120.0)
_ANYWAY, _ANYWAY_LIMITS = 3.8, (55.0, 120.0)
"""A stroke's fall in grey levels, sideways and in any direction: so many times what 95 % of the image stays under,
within limits. Shrinking an image sharpens its tissue."""
_AGAIN = 0.6
"""Share of the sideways fall that does within `_WORD`."""
_WORD = (21, 61)
"""Height and width in pixels of the surroundings of a mark in which another one is likely: the rest of the word."""
_INSIDE = 0.75
"""Share of the fall by which the inside of a stroke exceeds what is around it."""
_HAIR = 60.0
"""Fall in grey levels on both sides of a level line of one or two pixels; tissue has hardly any."""
_STROKE = 9
"""Strokes are thinner than this, in pixels."""
_CROWD, _SURE, _SURE_HAIR = 15, 7, 4
"""Side of a square in pixels, and how many sharp pixels of either kind lie there around a mark."""
_COLOUR = 60
"""Levels by which a channel leaves the image's own tint."""
_MOST = 0.25
"""More marks than this share: no ultrasound image with marks on it, but something sharp all over."""
_DARK = 3
"""Grey level of what shows nothing."""
_ECHOES = 0.02
"""Share of bright pixels in the shadow below an image that is still tissue."""
_COARSE = 256
"""The region is found on an image whose long edge has this many pixels."""


def cleaned(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB -> the same shape: 0 outside `region`, `marks` filled from their surroundings.

    A new array. Deterministic; an image without marks or border comes back all but unchanged.
    """
    filled = _filled(image, marks(image))
    filled[~_lit_region(filled)] = 0
    return filled


def region(image: NDArray[np.uint8]) -> Mask:
    """(H, W, 3) uint8 RGB -> (H, W) bool: where the ultrasound image itself lies, without the scanner's border, bars
    and logos beside it.

    The convex hull of each large part that is neither dark nor flat (a sector, a rectangle or two of them) with the
    dark below it. All True where nothing like an image is found.
    """
    return _lit_region(_filled(image, marks(image)))


def marks(image: NDArray[np.uint8]) -> Mask:
    """(H, W, 3) uint8 RGB -> (H, W) bool: strokes of text, calipers, arrows, ticks and symbols.

    Bright and thin strokes with sharp edges, and thin coloured ones in an otherwise grey or evenly tinted image. All
    False for an image that is sharp all over.
    """
    grey = _brightest(image)
    found = _strokes(grey) | _coloured(image, grey)
    return found if found.mean() <= _MOST else np.zeros_like(found)


def _strokes(grey: Grey) -> Mask:
    """Strokes start from pixels that are sharp sideways, as tissue hardly is, and go on along those that are sharp in
    any direction.
    """
    hat = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, _square(_STROKE))
    sideways = np.minimum(_fall(grey, _ROW), hat)
    sharp = np.maximum(sideways, np.minimum(_fall(grey, _COLUMN), hat))
    seen = grey > _SEEN
    sure = _least_fall(sideways[seen], _SIDEWAYS, _SIDEWAYS_LIMITS)
    least = _least_fall(sharp[seen], _ANYWAY, _ANYWAY_LIMITS)
    hairs = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, _COLUMN) >= max(_HAIR, least)
    seeds = _crowds(sideways >= sure, _SURE) | _crowds(hairs, _SURE_HAIR)
    seeds |= _dilated(_crowds(seeds, _SURE), *_WORD) & _crowds(sideways >= _AGAIN * sure, _SURE)
    strokes = _reached(seeds, seeds | (sharp >= least))
    gaps = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, _square(_STROKE))
    body = np.asarray(np.maximum(hat, gaps) >= _INSIDE * least, np.bool_)
    return strokes | (_dilated(strokes, 5, 5) & body)


def _fall(grey: Grey, neighbours: NDArray[np.uint8]) -> Grey:
    """By how much each pixel exceeds the darkest of its neighbours."""
    return np.asarray(cv2.subtract(grey, cv2.erode(grey, neighbours)), np.uint8)


def _least_fall(falls: Grey, times: float, limits: tuple[float, float]) -> float:
    """The fall that tells a stroke from this image's tissue."""
    usual = float(np.percentile(falls, 95)) if falls.size else 0.0
    return float(np.clip(times * usual, *limits))


def _crowds(chosen: Mask, least: int) -> Mask:
    """The chosen pixels with at least so many of them, themselves included, in the square around."""
    count = cv2.boxFilter(
        chosen.view(np.uint8), cv2.CV_16U, (_CROWD, _CROWD), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return chosen & np.asarray(count >= least, np.bool_)


def _reached(seeds: Mask, strokes: Mask) -> Mask:
    """Strokes that hang together with a seed over gaps of up to six pixels, such as those of a dotted line."""
    _, parts = cv2.connectedComponents(_dilated(strokes, 7, 7).view(np.uint8))
    kept = np.zeros(int(parts.max()) + 1, np.bool_)
    kept[parts[seeds]] = True
    return np.asarray(strokes & kept[parts], np.bool_)


def _coloured(image: NDArray[np.uint8], brightest: Grey) -> Mask:
    """Thin strokes whose colour is not the image's own tint."""
    missing = [np.asarray(cv2.subtract(brightest, channel), np.uint8) for channel in cv2.split(image)]
    strange = np.zeros(brightest.shape, np.bool_)
    if max(int(channel.max()) for channel in missing) < _COLOUR:
        return strange
    for channel in missing:
        strange |= cv2.subtract(channel, _tint(channel, brightest)) >= _COLOUR
    thick = cv2.morphologyEx(strange.view(np.uint8), cv2.MORPH_OPEN, _square(_CROWD))
    return strange & ~np.asarray(thick, np.uint8).view(np.bool_)


def _tint(missing: Grey, brightest: Grey) -> Grey:
    """What a channel lacks to the brightest one at each pixel where the whole image has one tint, such as sepia."""
    missing_some, brightest_some = missing[::4, ::4].astype(np.float32), brightest[::4, ::4]
    seen = brightest_some > 2 * _SEEN
    share = float(np.median(missing_some[seen] / brightest_some[seen])) if seen.any() else 0.0
    return np.asarray(cv2.convertScaleAbs(brightest, alpha=share), np.uint8)


def _filled(image: NDArray[np.uint8], marked: Mask) -> NDArray[np.uint8]:
    """The image with the marks and their soft or dark outlines replaced by what surrounds them."""
    if not marked.any():
        return image.copy()
    return np.asarray(cv2.inpaint(image, _dilated(marked, 3, 3).view(np.uint8), 3, cv2.INPAINT_NS), np.uint8)


def _lit_region(image: NDArray[np.uint8]) -> Mask:
    grey = _brightest(image)
    inside = np.zeros(grey.shape, np.uint8)
    for hull in _lit_hulls(grey):
        cv2.fillConvexPoly(inside, hull, 1)
    if not inside.any():
        return np.ones(grey.shape, np.bool_)
    return inside.view(np.bool_) | _shadow(grey, inside.view(np.bool_))


def _shadow(grey: Grey, inside: Mask) -> Mask:
    """What lies below the bright part of an image, as far as it is dark: tissue too deep for the beam. Empty where
    something large and bright lies there, which is then the scanner's.
    """
    below = np.maximum.accumulate(inside, axis=0) & ~inside
    bright = np.count_nonzero(grey[below] > 3 * _SEEN)
    return below if bright <= _ECHOES * np.count_nonzero(below) else np.zeros_like(below)


def _lit_hulls(grey: Grey) -> list[NDArray[np.int32]]:
    """Convex outlines (n, 1, 2) in pixels of the large parts that are neither dark nor flat."""
    small = _coarse(grey)
    lit = (cv2.medianBlur(small, 5) > _DARK) & ~_flat(small)
    lit = cv2.morphologyEx(lit.view(np.uint8), cv2.MORPH_CLOSE, _square(5))
    lit = cv2.morphologyEx(lit, cv2.MORPH_OPEN, _square(7))
    outlines, _ = cv2.findContours(lit, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hulls = [cv2.convexHull(outline) for outline in outlines]
    areas = [cv2.contourArea(hull) for hull in hulls]
    least = max(max(areas, default=0) / 4, small.size / 20)
    larger = np.array(grey.shape[::-1]) / small.shape[::-1]
    return [_enlarged(hull, larger) for hull, area in zip(hulls, areas, strict=True) if area >= least]


def _coarse(grey: Grey) -> Grey:
    scale = min(1.0, _COARSE / max(grey.shape))
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _flat(grey: Grey) -> Mask:
    """Areas of one even colour, such as a panel of the scanner's screen; tissue has speckle."""
    spread = cv2.subtract(cv2.dilate(grey, _square(3)), cv2.erode(grey, _square(3)))
    even = cv2.threshold(spread, 1, 1, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.morphologyEx(even, cv2.MORPH_OPEN, _square(9)), np.uint8).view(np.bool_)


def _enlarged(hull: NDArray[np.int32], factor: NDArray[np.float64]) -> NDArray[np.int32]:
    """The outline around whole pixels that are ``factor`` (x, y) times as large."""
    corners = np.concatenate([hull + offset for offset in ((0, 0), (1, 0), (0, 1), (1, 1))])
    return np.asarray(cv2.convexHull(np.rint(corners * factor).astype(np.int32)))


def _brightest(image: NDArray[np.uint8]) -> Grey:
    """The largest of each pixel's channels."""
    red, green, blue = cv2.split(image)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _square(side: int) -> NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)


def _dilated(mask: Mask, height: int, width: int) -> Mask:
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((height, width), np.uint8)), np.uint8).view(np.bool_)
