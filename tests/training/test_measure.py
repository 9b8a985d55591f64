"""The figures of stage 1, against plain counting."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from plain_stage_one import PREPROCESS, PlainNet, draw_images, plain_net

from aln_desk.stats.roc import auc
from training import measure
from training.data import UNKNOWN, ImageSet
from training.measure import measure_images


def plainly(net: PlainNet, data: ImageSet) -> dict[str, float]:
    """All images at once, in loops over images and classes."""
    net.eval()
    with torch.no_grad():
        output = net(PREPROCESS.normalise(torch.from_numpy(data.image).permute(0, 3, 1, 2)))
    mask = (output.lesion_mask_logits > 0).numpy()
    kind = np.where(output.lesion_logit.numpy() > 0, 2, 1)
    dice, right, overlap, union = [], [], np.zeros(3), np.zeros(3)
    for k, entry in enumerate(data.taught):
        if entry.lesion != UNKNOWN:
            right.append(kind[k] == entry.lesion + 1)
        if not entry.outlined:
            continue
        if entry.lesion != UNKNOWN:
            drawn = data.mask[k] > 0
            dice.append(2 * (mask[k] & drawn).sum() / (mask[k].sum() + drawn.sum()))
        for each in range(3):
            found, wanted = mask[k] * kind[k] == each, data.mask[k] == each
            overlap[each] += (found & wanted).sum()
            union[each] += (found | wanted).sum()
    known = data.status != UNKNOWN
    status = auc(data.status[known], output.status_logit.double().numpy()[known])
    shares = overlap[union > 0] / union[union > 0]
    return {"dice": np.mean(dice), "miou": shares.mean(), "lesion_accuracy": np.mean(right), "status_auc": status}


@pytest.mark.parametrize("mask_tokens", [1, 2])
@pytest.mark.parametrize("at_once", [7, 32])
def test_the_figures_are_those_of_plain_counting(
    monkeypatch: pytest.MonkeyPatch, mask_tokens: int, at_once: int
) -> None:
    monkeypatch.setattr(measure, "BATCH", at_once)
    net, images = plain_net(mask_tokens=mask_tokens), draw_images(40)
    assert measure_images(net, images, PREPROCESS) == pytest.approx(plainly(net, images), abs=1e-6)


def test_what_nobody_drew_or_knows_is_not_defined() -> None:
    images = draw_images(12)
    mute = replace(images, taught=tuple(replace(t, status=UNKNOWN) for t in images.taught))
    found = measure_images(plain_net(), mute, PREPROCESS)
    assert math.isnan(found["status_auc"])
    assert 0 <= found["dice"] <= 1
    blank = replace(images, taught=tuple(replace(t, outlined=False, lesion=UNKNOWN) for t in images.taught))
    found = measure_images(plain_net(), blank, PREPROCESS)
    assert all(math.isnan(found[name]) for name in ("dice", "miou", "lesion_accuracy"))
    assert 0 <= found["status_auc"] <= 1


def test_a_class_that_occurs_nowhere_does_not_count() -> None:
    images = draw_images(1)  # one tumour, and a network that finds no node in it
    net = plain_net()
    torch.nn.init.constant_(net.lesion_head.bias, -50.0)
    assert measure_images(net, images, PREPROCESS)["miou"] == pytest.approx(plainly(net, images)["miou"])


def test_of_a_network_that_learns_the_status_alone_nothing_else_is_measured() -> None:
    found = measure_images(plain_net(tasks="status"), draw_images(12), PREPROCESS)
    assert all(math.isnan(found[name]) for name in ("dice", "miou", "lesion_accuracy"))
    assert found["status_auc"] == measure_images(plain_net(), draw_images(12), PREPROCESS)["status_auc"]


def test_the_network_is_left_as_it_was() -> None:
    net = plain_net(norm=True).train()
    before = net.norm.running_mean.clone()
    measure_images(net, draw_images(5), PREPROCESS)
    assert net.training
    assert torch.equal(net.norm.running_mean, before)
    net.eval()
    measure_images(net, draw_images(5), PREPROCESS)
    assert not net.training


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_process_measures_its_own_part_alone(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    images, seen = draw_images(10), list[int]()

    def rows(net: object, data: ImageSet, part: slice, preprocess: object, as_used: bool) -> np.ndarray:
        seen.extend(range(len(data))[part])
        return np.zeros((part.stop - part.start, 9), np.float32)

    monkeypatch.setattr(measure, "_rows", rows)
    monkeypatch.setattr(measure, "BATCH", 2)
    parts = [slice(0, 3), slice(3, 6), slice(6, 10)]
    world = SimpleNamespace(part=lambda count: parts[rank], add_up=lambda tensors: None)
    measure_images(plain_net(), images, PREPROCESS, world)  # type: ignore[arg-type]
    assert seen == list(range(10))[parts[rank]]
