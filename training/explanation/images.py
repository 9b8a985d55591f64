"""What every image's evidence map is worth: pointing, energy, curves, and whether it depends on what was learned."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from aln_desk.models.build import LoadedModel, StageOne
from aln_desk.stats.explanation import energy_inside, hit, rank_correlation
from aln_desk.stats.ranks import Floats
from training.data import ImageSet, Taught
from training.explanation.curves import Box, Curves, content_box, curves
from training.explanation.maps import Map, Maps, Pixels, cascade, read, without_attention

TOLERANCE = 0.03
"""Of the image's side: the 15 pixels that Zhang et al. 2018 allow on photographs about 500 pixels wide."""
LARGE = 0.5
"""From this share of the image on a lesion is hard to miss, and where the evidence lies says little."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pointing:
    """``hit`` and ``near`` (within `TOLERANCE`): whether the largest positive evidence is in the lesion, 1 or 0;
    ``energy``: the share of the positive evidence there. nan without any."""

    hit: float
    near: float
    energy: float


@dataclass(frozen=True, slots=True, eq=False)
class ImageFinding:
    """One image with its lesion's share of the ``area``.

    ``uniform``: of the map without mask attention, None where the network has none. ``signed`` and ``absolute``: by the
    block drawn anew last, for each draw (draws,) Spearman's correlation with the true map, of the values and of sizes.
    """

    taught: Taught
    logit: float
    area: float
    pointing: Pointing
    uniform: Pointing | None
    curves: Curves | None = None
    signed: dict[str, Floats] = field(default_factory=dict)
    absolute: dict[str, Floats] = field(default_factory=dict)

    @property
    def large(self) -> bool:
        """Whether the lesion covers most of the image."""
        return self.area > LARGE


def lesions_of(data: ImageSet) -> NDArray[np.int64]:
    """Rows of the images with a lesion in their outlines: those that can be measured."""
    return np.array([row for row, one in enumerate(data.taught) if one.outlined and data.mask[row].any()], np.int64)


def measure(model: LoadedModel, data: ImageSet, maps: Maps, steps: int, draws: int, told: Told) -> list[ImageFinding]:
    """Findings on the images with a lesion, in order. ``maps`` are those of all of ``data``.

    ``steps`` of the deletion and insertion curves and ``draws`` of random parameters, 0 for none; ``told`` gets images
    done and images in all.
    """
    rows = lesions_of(data)
    twin = without_attention(model.mtl)
    randomised = _randomised(model, data, maps, rows, draws)
    found = []
    for done, row in enumerate(rows.tolist(), start=1):
        square, lesion = np.array(data.image[row]), np.array(data.mask[row]) > 0
        box = content_box(len(square), data.content[row])
        other = read(twin, model.preprocess, square[None]).evidence[0] if twin is not None else None
        found.append(
            ImageFinding(
                data.taught[row],
                float(maps.logit[row]),
                float(lesion[box].mean()),
                point(maps.evidence[row], lesion, box),
                point(other, lesion, box) if other is not None else None,
                _curves(model, square, maps.evidence[row], box, steps, data.taught[row]) if steps else None,
                {name: pairs[:, done - 1, 0] for name, pairs in randomised.items()},
                {name: pairs[:, done - 1, 1] for name, pairs in randomised.items()},
            )
        )
        told(done, len(rows))
    return found


def point(evidence: Map, lesion: NDArray[np.bool_], box: Box) -> Pointing:
    """How a map (h, w) agrees with a lesion (S, S) on the part of the square that is image."""
    side = lesion.shape[0]
    grid = torch.from_numpy(np.ascontiguousarray(evidence))[None, None]
    fine = F.interpolate(grid, lesion.shape, mode="bilinear", align_corners=False)[0, 0].numpy()
    near = hit(fine[box], lesion[box], TOLERANCE * side)
    return Pointing(hit(fine[box], lesion[box]), near, energy_inside(fine[box], lesion[box]))


def _curves(model: LoadedModel, square: Pixels, evidence: Map, box: Box, steps: int, one: Taught) -> Curves:
    def logits(squares: Pixels) -> Map:
        return read(model.mtl, model.preprocess, squares).logit

    return curves(logits, square, evidence, box, steps, zlib.crc32(one.instance.id.encode()))


def _randomised(
    model: LoadedModel, data: ImageSet, maps: Maps, rows: NDArray[np.int64], draws: int
) -> dict[str, Floats]:
    """By block, correlations (draws, rows, 2), of values and of sizes, with the true maps."""
    found: dict[str, list[list[tuple[float, float]]]] = {}
    for seed in range(draws if len(rows) else 0):
        for name, net in cascade(model.mtl, seed):
            found.setdefault(name, []).append(list(_correlations(net.eval(), model, data, maps, rows)))
    return {name: np.array(pairs) for name, pairs in found.items()}


def _correlations(
    net: StageOne, model: LoadedModel, data: ImageSet, maps: Maps, rows: NDArray[np.int64]
) -> Iterator[tuple[float, float]]:
    found = read(net, model.preprocess, data.image[rows]).evidence
    for row, other in zip(rows.tolist(), found, strict=True):
        true = maps.evidence[row]
        pair = rank_correlation(true, other), rank_correlation(np.abs(true), np.abs(other))
        # A map that has become even says nothing any more: no correlation.
        yield 0.0 if math.isnan(pair[0]) else pair[0], 0.0 if math.isnan(pair[1]) else pair[1]
