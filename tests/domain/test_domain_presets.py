"""The presets: the numbers they promise, and that each can be trained."""

from __future__ import annotations

import pytest

from aln_desk.domain import presets, recipe
from aln_desk.domain.errors import BadSetting


def test_an_unknown_preset_names_those_that_exist() -> None:
    with pytest.raises(BadSetting, match="fast, small, paper, single-t, tiny"):
        presets.preset("big")


@pytest.mark.parametrize("name", list(presets.PRESETS))
def test_a_preset_is_a_recipe_that_can_be_used_and_kept(name: str) -> None:
    found = presets.preset(name)
    assert found.name == name
    assert found.title and found.description
    recipe.check(found.recipe)
    assert recipe.from_dict(recipe.to_dict(found.recipe)) == found.recipe
    assert found.recipe.backbone in presets.BACKBONES


def test_the_paper_preset_has_the_published_numbers() -> None:
    found = presets.preset("paper").recipe
    assert (found.backbone, found.size, found.mask_tokens, found.pooling) == ("segformer-b2", 512, 1, "area")
    assert (found.geometry, found.tasks, found.views, found.clean, found.type_tokens) == (
        "released",
        "all",
        "all",
        False,
        False,
    )
    assert (found.mtl.iterations, found.mtl.batch, found.mtl.learning_rate) == (10_000, 16, 6e-5)
    assert (found.mtl.warmup, found.mtl.head_rate, found.mtl.clip, found.mtl.dice) == (1_500, 10, 0, 0)
    assert (found.mtl.rotate, found.mtl.gamma, found.mtl.ema, found.mtl.balanced, found.mtl.keep) == (
        0,
        0,
        0,
        False,
        "last",
    )
    assert (found.mil.kind, found.mil.layers, found.mil.epochs, found.mil.batch) == ("transformer", 6, 100, 4)
    assert (found.mil.warmup, found.mil.clip, found.mil.learning_rate, found.mil.node_dropout) == (10_000, 1, 6e-5, 0)
    assert (found.calibration, found.error) == ("none", 0)


def test_fast_is_the_same_in_training_and_in_use_with_our_improvements() -> None:
    found = presets.preset("fast").recipe
    assert (found.backbone, found.size, found.geometry) == ("segformer-b2", 512, "letterbox")
    assert found.mask_tokens == 2 and found.mtl.dice > 0 and found.mtl.ema > 0 and found.mil.node_dropout > 0
    assert found.calibration != "none" and found.error > 0


def test_single_t_learns_the_status_of_tumour_images() -> None:
    found = presets.preset("single-t").recipe
    assert (found.backbone, found.tasks, found.views, found.mil.kind) == ("resnet-101", "status", "tumour", "mean")


@pytest.mark.parametrize(("device", "name"), [("cuda", "fast"), ("cpu", "small"), ("mps", "small")])
def test_the_preset_that_suits_a_device(device: str, name: str) -> None:
    assert presets.default_preset(device) == name


def test_what_can_be_downloaded_can_be_chosen() -> None:
    assert set(presets.DOWNLOADS) <= set(presets.BACKBONES)
    assert all("licence" in words for words in presets.DOWNLOADS.values())
