"""Hypothesis strategies for annotations as they may come from anywhere."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from hypothesis import strategies as st

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import SHAPE_TYPES, Shape

POINT_COUNT = {"point": 1, "rectangle": 2, "line": 2, "circle": 2, "mask": 2, "oriented_rectangle": 4}
OWN_KEYS = {
    *("version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"),
    *("label", "points", "group_id", "description", "shape_type", "mask", "locked"),
}

words = st.text(max_size=12)
coordinates = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-50, 2000)
points = st.tuples(coordinates, coordinates)
flags = st.dictionaries(words, st.booleans(), max_size=3)
sides = st.integers(1, 10**6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
foreign = st.dictionaries(words.filter(lambda key: key not in OWN_KEYS), json_values, max_size=3)


@st.composite
def masks(draw: st.DrawFn) -> str:
    """A base64 PNG of one channel."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    pixels = np.frombuffer(draw(st.binary(min_size=height * width, max_size=height * width)), np.uint8) & 1
    return base64.b64encode(cv2.imencode(".png", pixels.reshape(height, width))[1].tobytes()).decode()


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """A shape of any kind with as many points as its kind wants."""
    kind = draw(st.sampled_from(SHAPE_TYPES))
    count = POINT_COUNT.get(kind)
    return Shape(
        label=draw(words),
        points=tuple(draw(st.lists(points, min_size=count or 1, max_size=count or 8))),
        shape_type=kind,
        group_id=draw(st.none() | st.integers()),
        description=draw(words),
        flags=draw(flags),
        mask=draw(masks()) if kind == "mask" else None,
        locked=draw(st.booleans()),
        extra=draw(foreign),
    )


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    """An annotation that names a version, of an image that is not there."""
    return Annotation(
        image_path=draw(words.map(lambda name: name.replace("\\", "/"))),
        image_height=draw(st.none() | sides),
        image_width=draw(st.none() | sides),
        shapes=tuple(draw(st.lists(shapes(), max_size=4))),
        flags=draw(flags),
        image_data=draw(st.none() | st.binary(min_size=1, max_size=20).map(lambda b: base64.b64encode(b).decode())),
        version=draw(st.text(min_size=1, max_size=8)),
        extra=draw(foreign),
    )
