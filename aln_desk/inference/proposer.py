"""Outlines proposed by a model's own stage 1, on a whole image or inside a box."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL
from aln_desk.inference.proposals import Polygons, mostly_within, polygons
from aln_desk.io import images
from aln_desk.models.build import choose_device, load_model
from aln_desk.models.reading_images import TorchNetwork

_MARGIN = 0.25
"""Of a box's sides, on each side of it: the network learned lesions with their surroundings."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """``polygons`` in image pixels, the largest first; ``label`` what kind of lesion; ``score`` the mean probability
    inside them, 0 where there is none.
    """

    polygons: Polygons
    label: str
    score: float


class Proposer:
    """One model's stage 1 by torch: single images do not repay exporting the network."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        """Raises `BadModel` and `BadSetting` as `load_model` and `choose_device` do, and for a model that draws no
        outlines.
        """
        model = load_model(folder, choose_device(device))
        if "mask" not in model.manifest.get("taught", ["mask"]):
            raise BadModel(f"{folder}: this model was not taught to outline lesions; choose another model.")
        self.digest = model.digest
        self._preprocess = model.preprocess
        self._network = TorchNetwork(model.mtl, model.preprocess, 1)

    def propose(self, file: Path, box: list[float] | None) -> Proposal:
        """Outlines of lesions in an image file, or of those that lie mostly in the ``box`` (left, top, right, bottom).

        Raises `BadFile` where the image cannot be read, `BadSetting` for a box that holds no pixel of it.
        """
        image = images.read(file)
        height, width = image.shape[:2]
        inner = _pixels(box, height, width) if box is not None else (0, 0, width, height)
        left, top, right, bottom = _widened(inner, height, width) if box is not None else inner
        crop = np.ascontiguousarray(image[top:bottom, left:right])
        found = self._network(self._preprocess.apply(crop)[None])[0]
        logits = self._preprocess.mask_to_image(found.mask_logits, *crop.shape[:2])
        mask = logits > 0
        if box is not None:
            mask = mostly_within(mask, (inner[0] - left, inner[1] - top, inner[2] - left, inner[3] - top))
        label = NODE_LABEL if found.lesion_logit > 0 else TUMOUR_LABEL
        return Proposal(polygons(mask, left, top), label, _probability(logits[mask]))


def _pixels(box: list[float], height: int, width: int) -> tuple[int, int, int, int]:
    """The pixels of the image that a box touches."""
    left, right = sorted((box[0], box[2]))
    top, bottom = sorted((box[1], box[3]))
    first_x, first_y = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    stop_x, stop_y = min(width, int(np.ceil(right))), min(height, int(np.ceil(bottom)))
    if first_x >= stop_x or first_y >= stop_y:
        raise BadSetting("The box holds nothing of the image; draw it round a lesion.")
    return first_x, first_y, stop_x, stop_y


def _widened(box: tuple[int, int, int, int], height: int, width: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    across, down = round(_MARGIN * (right - left)), round(_MARGIN * (bottom - top))
    return max(0, left - across), max(0, top - down), min(width, right + across), min(height, bottom + down)


def _probability(logits: NDArray[np.float32]) -> float:
    return float(np.mean(1 / (1 + np.exp(-logits)))) if len(logits) else 0.0
