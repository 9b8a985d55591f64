"""Deletion and insertion: what becomes of a score as the pixels that an explanation calls important go or come.

Petsiuk et al., "RISE: randomized input sampling for explanation of black-box models", BMVC 2018 (arXiv 1806.07421).
Pixels go by giving way to a blurred image: unlike grey patches that leaves no edges that a network has never seen.
They go cell by cell of the CAM's grid, so that a random order, the reference, has the same grain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.stats.ranks import Floats
from training.explanation.maps import Map, Pixels

BLUR = 1 / 16
"""Deviation of the Gaussian blur as a share of the image's side: at it, no lesion keeps its border or its texture."""
RANDOM_ORDERS = 3

Box = tuple[slice, slice]
Grid = NDArray[np.bool_]
ReadLogits = Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Scores in [0, 1] of the outcome that the image is called by, at even shares (steps + 1,) of its cells.

    ``deletion``: the most important cells blurred. ``insertion``: only they are sharp. ``random``: cells blurred in a
    random order, mean over some; its reverse is the reference of the insertion.
    """

    deletion: Floats
    insertion: Floats
    random: Floats


def curves(read: ReadLogits, square: Pixels, evidence: Map, content: Box, steps: int, seed: int) -> Curves:
    """Curves of one (S, S, 3) square whose image lies in ``content``, explained by ``evidence`` (h, w); S is a
    multiple of h and w.

    ``read`` gives status logits (k,) of squares (k, S, S, 3). Important is what speaks for the outcome that the whole
    image is called by: the evidence's sign is turned where its logit is negative.
    """
    sharp = read(square[None])[0]
    sign = 1.0 if sharp > 0 else -1.0
    cells = _cells_inside(evidence.shape, square.shape[0], content)
    important = sign * evidence[cells]
    cuts = np.rint(np.linspace(0, important.size, steps + 1)).astype(int)
    ranks = [np.argsort(np.argsort(-important, kind="stable"), kind="stable")]
    random = np.random.default_rng(seed)
    ranks += [random.permutation(important.size) for _ in range(RANDOM_ORDERS)]
    gone = np.stack([rank < cut for rank in ranks for cut in cuts] + [ranks[0] >= cut for cut in cuts])
    distinct, place = np.unique(gone, axis=0, return_inverse=True)  # all curves share their ends
    logits = read(_squares(square, blurred(square, content), cells, distinct)).astype(np.float64)[place.ravel()]
    score = (1 / (1 + np.exp(-np.clip(sign * logits, -60, 60)))).reshape(len(ranks) + 1, steps + 1)
    return Curves(score[0], score[-1], score[1:-1].mean(axis=0))


def blurred(square: Pixels, content: Box) -> Pixels:
    """The square with its image, not the padding round it, blurred."""
    found = square.copy()
    found[content] = cv2.GaussianBlur(np.ascontiguousarray(square[content]), (0, 0), BLUR * square.shape[0])
    return found


def content_box(size: int, content: NDArray[np.float32]) -> Box:
    """Where an image of ``content`` (height, width) pixels lies in its square: in the middle, as letterboxed."""
    height, width = (min(size, max(1, round(float(side)))) for side in content)
    top, left = (size - height) // 2, (size - width) // 2
    return slice(top, top + height), slice(left, left + width)


def _cells_inside(grid: tuple[int, ...], size: int, content: Box) -> Grid:
    """(h, w) bool: cells whose centre lies on the image."""
    rows, columns = (((np.arange(count) + 0.5) * size / count) for count in grid)
    down, across = content
    inside: Grid = np.outer(
        (rows >= down.start) & (rows < down.stop), (columns >= across.start) & (columns < across.stop)
    )
    return inside


def _squares(square: Pixels, soft: Pixels, cells: Grid, gone: Grid) -> Pixels:
    """(k, S, S, 3): the square with the cells that are ``gone`` (k, of those in ``cells``) from the blurred one."""
    grid = np.zeros((len(gone), *cells.shape), np.bool_)
    grid[:, cells] = gone
    down, across = square.shape[0] // cells.shape[0], square.shape[1] // cells.shape[1]
    pixels = grid.repeat(down, axis=1).repeat(across, axis=2)
    return np.where(pixels[..., None], soft, square)
