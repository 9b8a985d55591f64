"""Several looks at an image: against looks by hand, what left and right must not change, networks without a mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from aln_desk.models import looks
from aln_desk.models.build import build_mtl
from aln_desk.models.mtl import MtlConfig, MtlOutput

SIDE = 160
CONFIG = MtlConfig(backbone="resnet10t", size=SIDE, mask_tokens=2, shape_tokens=True)


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_the_mask_is_the_mean_of_four_looks(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = build_mtl(CONFIG).eval()
    plain = net(image)
    net.config = replace(CONFIG, average_looks=True)
    found = looks.read(net, image)

    def probability(seen: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(net(seen).mask_logits)

    smaller, larger = (F.interpolate(image, (side, side), mode="bilinear") for side in (128, 192))
    own = probability(image), probability(image.flip(-1)).flip(-1)
    scaled = [
        F.interpolate(net(seen).mask_logits, (SIDE, SIDE), mode="bilinear").sigmoid() for seen in (smaller, larger)
    ]
    expected = (own[0] + own[1] + scaled[0] + scaled[1]) / 4
    assert torch.allclose(found.mask_logits.sigmoid(), expected, atol=1e-5)
    assert not torch.allclose(found.mask_logits, plain.mask_logits, atol=1e-2)
    other = net(image.flip(-1))
    for name in ("token", "status_logit", "lesion_logit"):
        assert torch.allclose(getattr(found, name), (getattr(plain, name) + getattr(other, name)) / 2, atol=1e-5), name
    assert torch.allclose(found.cam, (plain.cam + other.cam.flip(-1)) / 2, atol=1e-5)


@torch.inference_mode()
def test_the_evidence_stays_exact(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = build_mtl(replace(CONFIG, average_looks=True)).eval()
    found = looks.read(net, image)
    assert torch.allclose(found.cam.mean((1, 2)), found.status_logit, atol=1e-5)
    assert torch.allclose(net.status_head(found.token)[:, 0], found.status_logit, atol=1e-5)


@torch.inference_mode()
def test_without_masks_all_else_is_the_same(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = build_mtl(replace(CONFIG, average_looks=True, mask_threshold=0.4)).eval()
    whole, less = looks.read(net, image), looks.read(net, image, masks=False)
    for name in ("token", "status_logit", "lesion_logit", "cam"):
        assert torch.equal(getattr(whole, name), getattr(less, name)), name
    assert torch.equal(less.mask_logits, net(image).mask_logits)


@torch.inference_mode()
def test_left_and_right_do_not_matter(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = build_mtl(replace(CONFIG, average_looks=True)).eval()
    straight, mirrored = looks.read(net, image), looks.read(net, image.flip(-1))
    assert torch.allclose(straight.token, mirrored.token, atol=1e-5)
    assert torch.allclose(straight.cam, mirrored.cam.flip(-1), atol=1e-5)
    assert not torch.allclose(net(image).token, net(image.flip(-1)).token, atol=1e-3)


@torch.inference_mode()
def test_a_mirrored_image_has_nearly_the_mirrored_mask(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    net = build_mtl(replace(CONFIG, average_looks=True)).eval()

    def asymmetry(read: Callable[[torch.Tensor], MtlOutput]) -> float:
        straight, mirrored = (torch.sigmoid(read(seen).mask_logits) for seen in (image, image.flip(-1)))
        return float((straight - mirrored.flip(-1)).abs().mean())

    assert asymmetry(lambda seen: looks.read(net, seen)) < 0.8 * asymmetry(net)


@torch.inference_mode()
@pytest.mark.parametrize("threshold", [0.3, 0.7])
@pytest.mark.parametrize("average", [False, True])
def test_above_zero_is_above_the_threshold(image: torch.Tensor, threshold: float, average: bool) -> None:
    torch.manual_seed(0)
    net = build_mtl(replace(CONFIG, average_looks=average)).eval()
    probability = looks.read(net, image).mask_logits.sigmoid()
    net.config = replace(net.config, mask_threshold=threshold)
    moved = looks.read(net, image).mask_logits > 0
    sure = (probability - threshold).abs() > 1e-4
    assert torch.equal(moved[sure], (probability > threshold)[sure])


@torch.inference_mode()
def test_without_either_it_is_the_network_itself(image: torch.Tensor) -> None:
    net = build_mtl(CONFIG).eval()
    assert torch.equal(looks.read(net, image).mask_logits, net(image).mask_logits)


@torch.inference_mode()
def test_a_network_that_finds_no_lesion_looks_once(image: torch.Tensor) -> None:
    net = build_mtl(MtlConfig(backbone="resnet10t", size=SIDE, tasks="status", average_looks=True)).eval()
    assert torch.equal(looks.read(net, image).mask_logits, net(image).mask_logits)
