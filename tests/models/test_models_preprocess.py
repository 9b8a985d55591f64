from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.io import burned_in
from aln_desk.models.preprocess import Preprocess

SIDES = st.one_of(st.integers(1, 40), st.integers(1, 2000))
GEOMETRIES = st.sampled_from(["letterbox", "stretch"])


def ramp(length: int, axis: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The coordinate of each pixel's centre along ``axis``."""
    centres = np.arange(length, dtype=np.float32) + 0.5
    return np.ascontiguousarray(np.broadcast_to(centres[:, None] if axis == 0 else centres[None], shape))


@given(SIDES, SIDES, st.sampled_from([32, 64, 256]), GEOMETRIES)
@settings(max_examples=80, deadline=None)
def test_placement_maps_the_image_to_the_square(height: int, width: int, size: int, geometry: str) -> None:
    place = Preprocess(size=size, geometry=geometry).place(height, width)  # type: ignore[arg-type]
    right, bottom = place.left + width * place.scale_x, place.top + height * place.scale_y
    assert place.left >= 0 and place.top >= 0
    assert right <= size + 1e-6 and bottom <= size + 1e-6
    assert max(right - place.left, bottom - place.top) == pytest.approx(size)
    if geometry == "stretch":
        assert (place.left, place.top, right, bottom) == pytest.approx((0, 0, size, size))
    else:  # centred, and the aspect kept to a pixel
        assert abs(place.left - (size - right)) <= 1 + 1e-6 and abs(place.top - (size - bottom)) <= 1 + 1e-6
        scale = size / max(height, width)
        assert abs(right - place.left - width * scale) <= 1 and abs(bottom - place.top - height * scale) <= 1


@given(SIDES, SIDES, GEOMETRIES)
@settings(max_examples=60, deadline=None)
def test_a_mask_comes_back_to_where_the_placement_says(height: int, width: int, geometry: str) -> None:
    """A map of its own columns (rows) tells each image pixel where in the square it lies."""
    preprocess = Preprocess(size=64, geometry=geometry)  # type: ignore[arg-type]
    place = preprocess.place(height, width)
    for axis, length, scale, start in (
        (1, width, place.scale_x, place.left),
        (0, height, place.scale_y, place.top),
    ):
        back = preprocess.mask_to_image(ramp(64, axis, (64, 64)), height, width)
        assert back.shape == (height, width) and back.dtype == np.float32
        expected = ramp(length, axis, (height, width)) * scale + start
        # Beyond the centre of the outermost pixel there is nothing to interpolate with: half a pixel at most.
        limit = start + length * scale
        expected = np.clip(expected, start + 0.5, limit - 0.5)
        assert np.abs(back - expected).max() < 0.01


@given(SIDES, SIDES, GEOMETRIES)
@settings(max_examples=60, deadline=None)
def test_image_fills_its_place_and_nothing_else(height: int, width: int, geometry: str) -> None:
    preprocess = Preprocess(size=64, geometry=geometry)  # type: ignore[arg-type]
    place = preprocess.place(height, width)
    columns = slice(round(place.left), round(place.left + width * place.scale_x))
    rows = slice(round(place.top), round(place.top + height * place.scale_y))
    square = preprocess.apply(np.full((height, width, 3), (250, 10, 200), np.uint8))
    classes = preprocess.apply_mask(np.full((height, width), 2, np.uint8))
    assert square.shape == (64, 64, 3) and classes.shape == (64, 64)
    assert (square[rows, columns] == (250, 10, 200)).all() and (classes[rows, columns] == 2).all()
    outside = np.ones((64, 64), bool)
    outside[rows, columns] = False
    assert (square[outside] == preprocess.padding).all() and not classes[outside].any()


@pytest.mark.parametrize("geometry", ["letterbox", "stretch"])
@pytest.mark.parametrize(("height", "width"), [(300, 500), (41, 97), (600, 201)])
def test_a_mask_survives_the_round_trip(height: int, width: int, geometry: str) -> None:
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 3 : 3 * width // 4] = 1
    preprocess = Preprocess(size=256, geometry=geometry)  # type: ignore[arg-type]
    back = preprocess.mask_to_image(preprocess.apply_mask(mask).astype(np.float32), height, width) > 0.5
    assert (back & (mask > 0)).sum() / (back | (mask > 0)).sum() > 0.95


def test_mask_classes_are_never_blended() -> None:
    mask = np.random.default_rng(0).choice(np.array([0, 2], np.uint8), (77, 131))
    assert set(np.unique(Preprocess(size=64).apply_mask(mask))) <= {0, 2}


def test_image_and_mask_lie_on_each_other() -> None:
    """The same edge in an image and in its mask falls on the same column of the square."""
    mask = np.zeros((120, 512), np.uint8)
    mask[:, 200:] = 1
    preprocess = Preprocess(size=256)
    square = preprocess.apply(np.repeat(mask[..., None] * 255, 3, axis=2))
    classes = preprocess.apply_mask(mask)
    assert np.array_equal((square[100:150, :, 0] > 127), classes[100:150] == 1)


def test_padding_is_zero_once_normalised() -> None:
    preprocess = Preprocess(size=64)
    square = preprocess.apply(np.full((8, 64, 3), 255, np.uint8))
    batch = preprocess.normalise(torch.from_numpy(square).permute(2, 0, 1)[None])
    assert batch.shape == (1, 3, 64, 64) and batch.dtype == torch.float32
    assert batch[..., 0, :].abs().max() < 0.01
    assert batch[0, :, 32, 32].tolist() == pytest.approx(
        [(255 - 39.02) / 54.45, (255 - 39.34) / 53.53, (255 - 41.44) / 53.74]
    )


def test_cleaning_blanks_the_marks_before_the_image_is_resized() -> None:
    image = np.random.default_rng(0).normal(90, 6, (200, 300, 3)).astype(np.uint8)
    image[:] = cv2.GaussianBlur(image.max(axis=2), (0, 0), 2)[..., None]
    plain = image.copy()
    cv2.putText(image, "AXILLA", (100, 120), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    cleaning = Preprocess(size=128, clean=True)
    assert np.array_equal(cleaning.apply(image), Preprocess(size=128).apply(burned_in.cleaned(image)))
    expected = Preprocess(size=128).apply(plain).astype(int)
    assert (
        np.abs(cleaning.apply(image) - expected).max() < 20 < np.abs(Preprocess(size=128).apply(image) - expected).max()
    )
    assert cleaning.place(200, 300) == Preprocess(size=128).place(200, 300)


def test_a_record_of_the_first_models_does_not_clean() -> None:
    record = {"size": 64, "mean": [1.0, 2.0, 3.0], "std": [4.0, 5.0, 6.0], "geometry": "letterbox"}
    assert Preprocess.from_dict(record).clean is False


def test_config_survives_json() -> None:
    preprocess = Preprocess(size=96, mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), geometry="stretch", clean=True)
    assert Preprocess.from_dict(json.loads(json.dumps(preprocess.to_dict()))) == preprocess


@pytest.mark.parametrize(
    "record",
    [
        {"scale": 2},
        {"size": 0},
        {"size": "big"},
        {"geometry": "crop"},
        {"clean": "yes"},
        {"mean": [1, 2]},
        {"mean": 3},
        {"mean": ["a", "b", "c"]},
        {"std": [1, 0, 1]},
        {"std": [1, 1, float("nan")]},
        {"mean": [1, 1, float("inf")]},
        {"std": None},
    ],
)
def test_record_that_cannot_be_used_is_a_sentence(record: dict[str, object]) -> None:
    with pytest.raises(BadModel, match="Preprocess"):
        Preprocess.from_dict(record)


def test_unknown_geometry_is_a_setting() -> None:
    with pytest.raises(BadSetting, match="letterbox or stretch"):
        Preprocess(geometry="crop")  # type: ignore[arg-type]
