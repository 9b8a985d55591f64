"""Lesions of the real images beside the checkout, where these are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.domain import geometry
from aln_desk.domain.shape import Point
from aln_desk.io import images, labelme_json
from aln_desk.io.rasterize import polygon_mask

BUSI = Path(__file__).parents[2] / "shared" / "data" / "busi"


@dataclass(frozen=True, slots=True)
class Lesion:
    """An image (H, W) with the outline of its largest lesion and its mask."""

    grey: NDArray[np.uint8]
    outline: tuple[Point, ...]
    mask: NDArray[np.bool_]


def lesions(count: int) -> list[Lesion]:
    """``count`` lesions spread evenly over the data set."""
    with_lesions = [path for path in sorted(BUSI.glob("*.json")) if not path.stem.startswith("normal")]
    chosen = with_lesions[:: len(with_lesions) // count][:count]
    return [_lesion(path) for path in chosen]


def _lesion(path: Path) -> Lesion:
    grey = np.asarray(cv2.cvtColor(images.read(path.with_suffix(".jpg")), cv2.COLOR_RGB2GRAY), np.uint8)
    outline = max(
        (shape.points for shape in labelme_json.read(path).shapes), key=lambda p: abs(geometry.signed_area(p))
    )
    return Lesion(grey, outline, polygon_mask(outline, *grey.shape))
