"""Augmentation in batch: its geometry against plain indexing, its ranges, its determinism."""

from __future__ import annotations

import torch

from training import augment


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_identity_changes_nothing() -> None:
    pixels = torch.rand(2, 3, 16, 16)
    warp = augment.Warp(torch.ones(2, 2), torch.zeros(2, 2))
    assert torch.allclose(augment.resample(pixels, warp, "bilinear"), pixels, atol=1e-5)


def test_a_negative_x_zoom_is_the_mirror_image() -> None:
    pixels = torch.rand(1, 1, 8, 8)
    warp = augment.Warp(torch.tensor([[-1.0, 1.0]]), torch.zeros(1, 2))
    assert torch.allclose(augment.resample(pixels, warp, "bilinear"), pixels.flip(3), atol=1e-5)


def test_zooming_in_by_two_shows_the_centre() -> None:
    pixels = torch.arange(64.0).view(1, 1, 8, 8)
    warp = augment.Warp(torch.tensor([[0.5, 0.5]]), torch.zeros(1, 2))
    shown = augment.resample(pixels, warp, "nearest")
    assert set(shown.unique().tolist()) == set(pixels[0, 0, 2:6, 2:6].flatten().tolist())


def test_a_smaller_image_stays_whole_and_a_larger_one_fills_the_square() -> None:
    size, count = 64, 200
    content = torch.full((count, 2), float(size))
    ones = torch.ones(count, 1, size, size)
    small = augment.resample(ones, augment.draw_warp(content, size, 0.5, 0.5, generator()), "nearest")
    assert (small.sum((1, 2, 3)) - 32 * 32).abs().max() <= 2 * 64
    large = augment.resample(ones, augment.draw_warp(content, size, 1.25, 1.25, generator()), "nearest")
    assert large.min() == 1.0


def test_both_orientations_and_many_places_occur() -> None:
    warp = augment.draw_warp(torch.full((300, 2), 64.0), 64, 0.8, 1.25, generator())
    mirrored = (warp.zoom[:, 0] < 0).float().mean()
    assert 0.4 < mirrored < 0.6
    assert warp.shift.std() > 0.05
    scale = 1 / warp.zoom.abs()
    assert scale.min() >= 0.8 - 1e-6
    assert scale.max() <= 1.25 + 1e-6


def test_the_same_generator_gives_the_same_batch() -> None:
    mask = torch.randint(0, 3, (4, 32, 32), dtype=torch.uint8)
    content = torch.full((4, 2), 32.0)
    first, second = (augment.varied_warp(mask, content, 0.8, 1.25, generator(7)) for _ in range(2))
    assert torch.equal(first.zoom, second.zoom)
    assert torch.equal(first.shift, second.shift)


def test_a_crop_of_one_class_is_drawn_again() -> None:
    # Left half lesion, right half background: a crop of either half alone holds one class only.
    size, count = 64, 400
    mask = torch.zeros(count, size, size, dtype=torch.uint8)
    mask[:, :, : size // 2] = 1
    content = torch.full((count, 2), float(size))
    plain = augment._largest_share(mask, augment.draw_warp(content, size, 4.0, 4.0, generator()))
    varied = augment._largest_share(mask, augment.varied_warp(mask, content, 4.0, 4.0, generator()))
    assert (varied > 0.75).float().mean() < 0.5 * (plain > 0.75).float().mean()


def test_photometric_distortion_stays_in_range_and_keeps_grey_grey() -> None:
    grey = torch.rand(64, 1, 8, 8).expand(-1, 3, -1, -1) * 255
    changed = augment.photometric(grey, generator())
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert (changed - changed.mean(1, keepdim=True)).abs().max() < 1e-2
    assert ((changed - grey).abs().amax((1, 2, 3)) > 1).float().mean() > 0.6


def test_a_full_turn_of_the_hue_is_the_identity() -> None:
    pixels = torch.rand(1, 3, 4, 4) * 255
    turned = augment._turn_hue(pixels, torch.tensor([2 * torch.pi]))
    assert torch.allclose(turned, pixels, atol=1e-2)
