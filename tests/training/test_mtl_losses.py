"""Stage 1's losses against plain means over the images that teach each part."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from plain_stage_one import PREPROCESS, draw_images, plain_net

from aln_desk.domain.recipe import MtlRecipe
from aln_desk.models.mtl import MtlOutput
from training import mtl_loop
from training.data import UNKNOWN
from training.mtl_loop import Batch, Counts


def output_of(batch: Batch, mask_tokens: int = 1) -> MtlOutput:
    output: MtlOutput = plain_net(mask_tokens=mask_tokens)(batch.x)
    return output


def batch_of(count: int = 8) -> Batch:
    images = draw_images(count)
    x = PREPROCESS.normalise(torch.from_numpy(images.image).permute(0, 3, 1, 2))
    labels = (torch.from_numpy(values) for values in (images.outlined, images.lesion, images.status))
    return Batch(x, torch.from_numpy(images.mask), *labels)


def counts_of(batch: Batch) -> Counts:
    known = (batch.lesion != UNKNOWN, batch.status != UNKNOWN)
    return Counts(int(batch.outlined.sum()), *(int(part.sum()) for part in known))


def test_each_loss_is_the_plain_mean_over_the_images_that_teach_it() -> None:
    batch = batch_of(12)
    output = output_of(batch)
    found = mtl_loop.losses(output, batch, counts_of(batch), MtlRecipe(dice=0.5))
    mask, lesion, status, dice = [], [], [], []
    for k in range(12):
        target = (batch.mask[k] > 0).float()
        if batch.outlined[k]:
            mask.append(F.binary_cross_entropy_with_logits(output.mask_logits[k, 0], target))
            probability = output.mask_logits[k, 0].sigmoid()
            overlap = (probability * target).sum()
            dice.append(1 - (2 * overlap + 1) / (probability.sum() + target.sum() + 1))
        if batch.lesion[k] >= 0:
            lesion.append(F.binary_cross_entropy_with_logits(output.lesion_logit[k], batch.lesion[k].float()))
        if batch.status[k] >= 0:
            status.append(F.binary_cross_entropy_with_logits(output.status_logit[k], batch.status[k].float()))
    assert 0 < len(mask) < 12 and 0 < len(status) < 12
    for name, values in (("mask", mask), ("lesion", lesion), ("status", status)):
        assert torch.isclose(found[name], torch.stack(values).mean(), rtol=1e-5), name
    assert torch.isclose(found["dice"], 0.5 * torch.stack(dice).mean(), rtol=1e-5)
    assert "dice" not in mtl_loop.losses(output, batch, counts_of(batch), MtlRecipe(dice=0.0))


def test_the_recipe_weighs_the_parts() -> None:
    batch = batch_of(12)
    output, counts = output_of(batch), counts_of(batch)
    even = mtl_loop.losses(output, batch, counts, MtlRecipe(dice=1.0))
    found = mtl_loop.losses(output, batch, counts, MtlRecipe(dice=0.5, lesion=0.3, status=2.0))
    for name, weight in (("mask", 1.0), ("dice", 0.5), ("lesion", 0.3), ("status", 2.0)):
        assert torch.isclose(found[name], weight * even[name], rtol=1e-5), name


def test_with_two_mask_tokens_each_learns_its_own_type() -> None:
    batch = batch_of(12)
    output = output_of(batch, mask_tokens=2)
    found = mtl_loop.losses(output, batch, counts_of(batch), MtlRecipe(dice=1.0))
    mask, dice = [], []
    for k in range(12):
        if batch.outlined[k]:
            target = torch.stack([batch.mask[k] == 1, batch.mask[k] == 2]).float()
            assert target.sum((1, 2)).count_nonzero() == 1  # of tumour or node: the other's mask is empty
            mask.append(F.binary_cross_entropy_with_logits(output.mask_logits[k], target))
            probability = output.mask_logits[k].sigmoid()
            overlap = (probability * target).sum()
            dice.append(1 - (2 * overlap + 1) / (probability.sum() + target.sum() + 1))
    assert torch.isclose(found["mask"], torch.stack(mask).mean(), rtol=1e-5)
    assert torch.isclose(found["dice"], torch.stack(dice).mean(), rtol=1e-5)


@pytest.mark.parametrize(("part", "other"), [("status", ("mask", "lesion", "dice")), ("mask", ("status",))])
def test_what_is_not_taught_gives_no_loss_and_no_gradient(part: str, other: tuple[str, ...]) -> None:
    batch = batch_of()
    unknown = torch.full_like(batch.status, UNKNOWN)
    if part == "status":
        batch = replace(batch, outlined=torch.zeros_like(batch.outlined), lesion=unknown)
    else:
        batch = replace(batch, status=unknown)
    net = plain_net()
    losses = mtl_loop.losses(net(batch.x), batch, counts_of(batch), MtlRecipe(dice=1.0))
    assert losses[part] > 0
    assert all(losses[name] == 0 for name in other)
    sum(losses.values()).backward()
    untaught = net.decoder if part == "status" else net.status_head
    assert all((value.grad == 0).all() for value in untaught.parameters())
