"""One labelled outline, in LabelMe's words (the file format's own names for kinds and keys)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Point = tuple[float, float]
"""(x, y) in image pixels; (0, 0) is the outer corner of the top-left pixel, x to the right, y down."""

SHAPE_TYPES = (
    "polygon",
    "rectangle",
    "oriented_rectangle",
    "point",
    "line",
    "circle",
    "linestrip",
    "points",
    "mask",
)

TUMOUR_LABEL = "tumor"
NODE_LABEL = "lymph_node"
LABELS = (TUMOUR_LABEL, NODE_LABEL)

_CLASS_OF_LABEL = {
    "tumor": 1,
    "tumour": 1,
    "lesion": 1,
    "mass": 1,
    "t": 1,
    "lymph_node": 2,
    "lymph node": 2,
    "lymphnode": 2,
    "node": 2,
    "l": 2,
}


def class_of(label: str) -> int:
    """Class index of a label: 1 tumour, 2 lymph node, 0 for a word that names neither.

    Case, surrounding space and ``-`` against ``_`` do not matter.
    """
    return _CLASS_OF_LABEL.get(label.strip().lower().replace("-", "_"), 0)


@dataclass(frozen=True, slots=True)
class Shape:
    """One labelled outline of an image.

    ``points`` are (x, y) image pixels. ``shape_type`` is one of `SHAPE_TYPES`; its number of points is fixed for
    point 1, rectangle 2 (opposite corners), line 2, circle 2 (centre, rim), mask 2 (corners of the box),
    oriented_rectangle 4, and at least 1 for polygon, linestrip and points. ``mask`` is a base64 PNG, only with
    shape_type ``mask``. ``extra`` holds every key of the file that is not ours, kept verbatim.
    """

    label: str
    points: tuple[Point, ...]
    shape_type: str = "polygon"
    group_id: int | None = None
    description: str = ""
    flags: Mapping[str, bool] = field(default_factory=dict)
    mask: str | None = None
    locked: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def with_points(self, points: tuple[Point, ...]) -> Shape:
        """The same shape through other points."""
        return replace(self, points=points)
