"""Stage 1's loop: partial labels, exact resume, batches that depend on seed and step alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aln_desk.domain import presets
from aln_desk.domain.messages import Curve, Message
from aln_desk.io.project import Project
from aln_desk.models.build import build_mtl
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from training import data, mtl_loop

RECIPE = replace(presets.preset("tiny").recipe.mtl, iterations=6, batch=4, warmup=2, validate_every=3)
PREPROCESS = Preprocess(size=64)


@pytest.fixture
def images(study: Path) -> data.ImageSet:
    with Project.open(study) as project:
        return data.load(project.patients(), PREPROCESS, project.cache)


def fresh() -> MultiTaskNet:
    torch.manual_seed(0)
    return build_mtl(MtlConfig(size=64))


def run(net: MultiTaskNet, images: data.ImageSet, state: Path, stop_after: int = 0) -> tuple[bool, list[Message]]:
    """Train; ask to stop once that many training losses were told (0: never)."""
    told: list[Message] = []
    everyone = np.arange(len(images))
    steps = 0

    def should_stop() -> bool:
        nonlocal steps
        steps += 1
        return bool(stop_after) and steps >= 2 * stop_after  # asked twice a step

    finished = mtl_loop.train(
        net, images, everyone[:-6], everyone[-6:], PREPROCESS, RECIPE, 1, state, told.append, should_stop
    )
    return finished, told


def test_a_resumed_run_ends_exactly_where_an_uninterrupted_one_does(images: data.ImageSet, tmp_path: Path) -> None:
    whole = fresh()
    assert run(whole, images, tmp_path / "whole.safetensors")[0]
    halves = fresh()
    assert not run(halves, images, tmp_path / "halves.safetensors", stop_after=3)[0]
    again = fresh()
    finished, told = run(again, images, tmp_path / "halves.safetensors")
    assert finished
    assert max(m.step for m in told if isinstance(m, Curve)) == RECIPE.iterations
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_batch_depends_on_seed_and_step_alone(images: data.ImageSet) -> None:
    everyone = np.arange(len(images))
    cpu = torch.device("cpu")
    first, same = (mtl_loop.draw(images, everyone, 3, PREPROCESS, RECIPE, 5, cpu) for _ in range(2))
    other = mtl_loop.draw(images, everyone, 4, PREPROCESS, RECIPE, 5, cpu)
    assert torch.equal(first.x, same.x)
    assert not torch.equal(first.x, other.x)


def test_every_image_is_seen_once_an_epoch(images: data.ImageSet) -> None:
    indices = np.arange(10)
    seen = np.concatenate([mtl_loop._chosen(indices, step, 5, 0) for step in range(4)])
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert list(seen[:10]) != list(seen[10:])


def test_without_augmentation_the_network_sees_the_image_as_at_inference(images: data.ImageSet) -> None:
    recipe = replace(RECIPE, augment=False, batch=1)
    batch = mtl_loop.draw(images, np.array([2]), 0, PREPROCESS, recipe, 0, torch.device("cpu"))
    pixels = torch.from_numpy(np.array(images.image[2:3])).permute(0, 3, 1, 2)
    assert torch.equal(batch.x, PREPROCESS.normalise(pixels))
    assert np.array_equal(batch.mask[0].numpy(), images.mask[2])


@pytest.mark.parametrize(("part", "other"), [("status", ("mask", "lesion")), ("mask", ("status",))])
def test_what_is_not_taught_gives_no_loss(images: data.ImageSet, part: str, other: tuple[str, ...]) -> None:
    batch = mtl_loop.draw(images, np.arange(8), 0, PREPROCESS, RECIPE, 0, torch.device("cpu"))
    unknown = torch.full_like(batch.status, data.UNKNOWN)
    if part == "status":
        batch = replace(batch, outlined=torch.zeros_like(batch.outlined), lesion=unknown)
    else:
        batch = replace(batch, status=unknown)
    losses = mtl_loop.losses(fresh()(batch.x), batch, dice=1.0)
    assert losses[part] > 0
    assert all(losses[name] == 0 for name in other)


def test_validation_of_untaught_images_is_nan_not_a_number(images: data.ImageSet) -> None:
    mute = replace(images, taught=tuple(replace(t, status=data.UNKNOWN) for t in images.taught))
    found = mtl_loop.validate(fresh(), mute, np.arange(4), PREPROCESS)
    assert np.isnan(found["status_auc"])
    assert 0 <= found["dice"] <= 1


def test_validation_leaves_the_network_training(images: data.ImageSet) -> None:
    net = fresh().train()
    mtl_loop.validate(net, images, np.arange(2), PREPROCESS)
    assert net.training
