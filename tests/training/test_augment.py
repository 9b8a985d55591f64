"""Augmentation in batch: equal to a plain one image by image, its ranges, its determinism."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from plain_stage_one import RECIPE
from scipy import ndimage
from scipy.spatial.transform import Rotation
from torch import Tensor

from aln_desk.domain.recipe import MtlRecipe
from aln_desk.models.preprocess import Preprocess
from training import augment
from training.augment import Variation
from training.data import COARSE

SIZE, COUNT = 48, 12
PREPROCESS = Preprocess(size=SIZE)
CONTENT = torch.tensor([[48.0, 48.0], [48.0, 33.0], [21.0, 48.0]]).repeat(COUNT // 3, 1)
WIDE = replace(RECIPE, rotate=40.0, gamma=0.5, elastic=0.02, scale_low=0.5, scale_high=2.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(recipe: MtlRecipe = WIDE, count: int = COUNT, seed: int = 0) -> Variation:
    coarse = torch.randint(0, 3, (count, COARSE, COARSE), generator=generator(), dtype=torch.uint8)
    content = CONTENT.repeat(-(-count // COUNT), 1)[:count]
    return augment.draw(coarse, content, SIZE, recipe, generator(seed))


def batch() -> tuple[Tensor, Tensor]:
    """Images with coarse structure, and masks of a tumour and a node side by side."""
    coarse = torch.rand(COUNT, 3, 8, 8, generator=generator(1)) * 255
    pixels = torch.nn.functional.interpolate(coarse, (SIZE, SIZE), mode="bilinear").byte().permute(0, 2, 3, 1)
    mask = torch.zeros(COUNT, SIZE, SIZE, dtype=torch.uint8)
    mask[:, 14:30, 10:24], mask[:, 18:36, 24:40] = 1, 2
    return pixels.contiguous(), mask


def plainly(
    pixels: NDArray[np.uint8], mask: NDArray[np.uint8], content: NDArray[np.float32], variation: Variation
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One image (S,S,3) varied in double precision, and the share (2,S,S) of tumour and node in every pixel."""
    x = (lit_plainly(pixels, variation) - PREPROCESS.mean) / PREPROCESS.std
    place = PREPROCESS.place(*(int(side) for side in content))
    inside = np.zeros((SIZE, SIZE, 1))
    top, left = int(place.top), int(place.left)
    inside[top : top + int(content[0]), left : left + int(content[1])] = 1
    layers = [*np.moveaxis(x * inside, 2, 0), mask == 1, mask == 2]
    centre = (2 * np.arange(SIZE) + 1) / SIZE - 1
    points = np.stack([*np.meshgrid(centre, centre), np.ones((SIZE, SIZE))])
    source = np.tensordot(variation.matrix.double().numpy(), points, axes=1)
    source += [cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for part in variation.bend.numpy()]
    columns, rows = ((source + 1) * SIZE - 1) / 2
    moved = [
        ndimage.map_coordinates(np.asarray(layer, float), [rows, columns], order=1, mode="grid-constant")
        for layer in layers
    ]
    return np.stack(moved[:3]), np.stack(moved[3:])


def lit_plainly(pixels: NDArray[np.uint8], variation: Variation) -> NDArray[np.float64]:
    one = {entry.name: float(getattr(variation, entry.name)) for entry in fields(variation)[:5]}
    lit = (pixels.astype(float) + one["brightness"]) * one["contrast"]
    grey = lit.mean(axis=2, keepdims=True)
    lit = grey + (lit - grey) * one["saturation"]
    turn = Rotation.from_rotvec(np.ones(3) / math.sqrt(3) * one["hue"])
    lit = turn.apply(lit.reshape(-1, 3)).reshape(pixels.shape).clip(0, 255)
    return np.asarray(255 * (lit / 255) ** one["gamma"])


def one_of(variation: Variation, k: int) -> Variation:
    return Variation(*(getattr(variation, entry.name)[k] for entry in fields(variation)))


def test_a_batch_is_varied_as_each_of_its_images_plainly() -> None:
    (pixels, mask), variation = batch(), drawn()
    x, moved = augment.apply(pixels, mask, CONTENT, variation, PREPROCESS)
    assert (variation.matrix[:, 0, 0] < 0).any() and (variation.matrix[:, 0, 0] > 0).any()
    for k in range(COUNT):
        wanted, share = plainly(pixels[k].numpy(), mask[k].numpy(), CONTENT[k].numpy(), one_of(variation, k))
        assert np.allclose(x[k].numpy(), wanted, atol=2e-3), k
        clear = (np.abs(share - 0.5) > 1e-4).all(axis=0)
        classes = np.where(share[1] >= 0.5, 2, share[0] >= 0.5)
        assert clear.mean() > 0.95
        assert np.array_equal(moved[k].numpy()[clear], classes[clear]), k


def test_light_alone_is_the_plain_light() -> None:
    (pixels, _), variation = batch(), drawn()
    lit = augment.light(pixels.permute(0, 3, 1, 2).float(), variation)
    for k in range(COUNT):
        wanted = lit_plainly(pixels[k].numpy(), one_of(variation, k))
        assert np.allclose(lit[k].permute(1, 2, 0).numpy(), wanted, atol=0.05), k


def test_parts_of_a_variation_give_the_whole() -> None:
    (pixels, mask), variation = batch(), drawn()
    whole_x, whole_mask = augment.apply(pixels, mask, CONTENT, variation, PREPROCESS)
    for rows in (slice(0, 5), slice(5, 6), slice(6, COUNT)):
        x, moved = augment.apply(pixels[rows], mask[rows], CONTENT[rows], variation.part(rows), PREPROCESS)
        assert torch.allclose(x, whole_x[rows], atol=1e-4)
        assert torch.equal(moved, whole_mask[rows])


def test_what_is_not_to_vary_does_not() -> None:
    pixels, mask = batch()
    still = replace(RECIPE, scale_low=1.0, scale_high=1.0)
    variation = replace(
        drawn(still),
        brightness=torch.zeros(COUNT),
        contrast=torch.ones(COUNT),
        saturation=torch.ones(COUNT),
        hue=torch.zeros(COUNT),
        matrix=torch.eye(2, 3).expand(COUNT, 2, 3),
        bend=torch.zeros(COUNT, 2, augment.BEND, augment.BEND),
    )
    x, moved = augment.apply(pixels, mask, torch.full((COUNT, 2), float(SIZE)), variation, PREPROCESS)
    assert torch.allclose(x, PREPROCESS.normalise(pixels.permute(0, 3, 1, 2)), atol=1e-3)
    assert torch.equal(moved, mask)


@pytest.mark.parametrize(("mirror", "turned"), [(1, lambda p: p.rot90(1, (2, 3))), (-1, lambda p: p.flip(3))])
def test_a_matrix_turns_and_mirrors(mirror: int, turned: object) -> None:
    pixels = torch.rand(1, 1, 8, 8)
    matrix = torch.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]]) if mirror == 1 else torch.diag(torch.tensor([-1.0, 1]))
    matrix = matrix if mirror == 1 else torch.cat([matrix, torch.zeros(2, 1)], dim=1)[None]
    assert torch.allclose(augment.resample(pixels, matrix), turned(pixels), atol=1e-5)  # type: ignore[operator]


def test_outside_the_image_is_nothing_whatever_the_light() -> None:
    pixels, mask = batch()
    bright = replace(drawn(RECIPE), brightness=torch.full((COUNT,), 30.0), matrix=torch.eye(2, 3).expand(COUNT, 2, 3))
    x, _ = augment.apply(pixels, mask, CONTENT, bright, PREPROCESS)
    for k, (height, width) in enumerate(CONTENT.int().tolist()):
        place = PREPROCESS.place(height, width)
        outside = torch.ones(SIZE, SIZE, dtype=torch.bool)
        top, left = int(place.top), int(place.left)
        outside[top : top + height, left : left + width] = False
        assert (x[k][:, outside].abs() < 1e-5).all()


def test_a_smaller_image_stays_whole_and_a_larger_one_fills_the_square() -> None:
    count = 200
    content, ones = torch.full((count, 2), float(SIZE)), torch.ones(count, 1, SIZE, SIZE)
    coarse = torch.randint(0, 3, (count, COARSE, COARSE), generator=generator(), dtype=torch.uint8)

    def shown(scale: float) -> Tensor:
        recipe = replace(RECIPE, scale_low=scale, scale_high=scale)
        return augment.resample(ones, augment.draw(coarse, content, SIZE, recipe, generator()).matrix)

    assert (shown(0.5).sum((1, 2, 3)) - (SIZE / 2) ** 2).abs().max() < 0.1
    assert shown(1.25).min() > 0.89  # at its very border it is mixed with what lies outside


def test_all_kinds_of_variation_occur_within_their_ranges() -> None:
    variation = drawn(count=600)
    for values, low, high, neutral in (
        (variation.brightness, -32, 32, 0),
        (variation.contrast, 0.5, 1.5, 1),
        (variation.saturation, 0.5, 1.5, 1),
        (variation.hue, -math.pi / 5, math.pi / 5, 0),
        (variation.gamma, 1 / 1.5, 1.5, 1),
    ):
        assert low - 1e-5 <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high + 1e-5
        assert 0.4 < (values == neutral).float().mean() < 0.6
    zoom = torch.linalg.det(variation.matrix[:, :, :2])
    assert 0.4 < (zoom < 0).float().mean() < 0.6
    assert ((zoom.abs() >= 1 / 2.0**2 - 1e-5) & (zoom.abs() <= 1 / 0.5**2 + 1e-5)).all()
    turn = torch.rad2deg(torch.atan2(variation.matrix[:, 1, 0], variation.matrix[:, 0, 0].abs())).abs()
    assert 35 < turn.max() <= 40 + 1e-3
    assert 0.95 * 0.04 < variation.bend.std() < 1.05 * 0.04


def test_as_published_nothing_turns_and_no_gamma_changes() -> None:
    variation = drawn(RECIPE)
    assert (variation.gamma == 1).all() and not variation.bend.any()
    assert (variation.matrix[:, 0, 1] == 0).all() and (variation.matrix[:, 1, 0] == 0).all()


def test_the_same_generator_gives_the_same_batch() -> None:
    first, second, other = drawn(seed=7), drawn(seed=7), drawn(seed=8)
    for entry in fields(Variation):
        assert torch.equal(getattr(first, entry.name), getattr(second, entry.name))
    assert not torch.equal(first.matrix, other.matrix)


def test_a_crop_of_one_class_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # Left half lesion, right half background: a crop of either half alone holds one class only.
    count = 400
    coarse = torch.zeros(count, COARSE, COARSE, dtype=torch.uint8)
    coarse[:, :, : COARSE // 2] = 1
    content, recipe = torch.full((count, 2), float(SIZE)), replace(RECIPE, scale_low=2.0, scale_high=2.0)

    def dull() -> float:
        matrix = augment.draw(coarse, content, SIZE, recipe, generator()).matrix
        return float((augment._largest_share(coarse, matrix) > augment.LARGEST_SHARE).float().mean())

    again = dull()
    monkeypatch.setattr(augment, "CROP_TRIES", 1)
    assert again < 0.02 < 0.4 < dull()


def test_an_image_of_one_class_is_drawn_all_the_same() -> None:
    coarse = torch.zeros(3, COARSE, COARSE, dtype=torch.uint8)
    assert torch.isfinite(augment.draw(coarse, CONTENT[:3], SIZE, RECIPE, generator()).matrix).all()


def test_a_turned_hue_keeps_grey_grey() -> None:
    grey = torch.rand(COUNT, 1, 8, 8).expand(-1, 3, -1, -1) * 255
    changed = augment.light(grey, drawn())
    assert changed.min() >= 0 and changed.max() <= 255
    assert (changed - changed.mean(1, keepdim=True)).abs().max() < 2e-2
