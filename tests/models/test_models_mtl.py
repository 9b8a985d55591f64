from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional as F

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.models.mtl import MtlConfig, MultiTaskNet

POOLINGS = ["area", "attention"]


def small_net(**options: object) -> MultiTaskNet:
    torch.manual_seed(0)
    return MultiTaskNet(MtlConfig(size=64, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(("batch", "size", "masks"), [(1, 64, 1), (3, 96, 2)])
def test_shapes_for_any_batch_and_size(batch: int, size: int, masks: int) -> None:
    out = small_net(mask_tokens=masks)(torch.randn(batch, 3, size, size))
    assert out.mask_logits.shape == (batch, masks, size, size)
    assert out.lesion_mask_logits.shape == (batch, size, size)
    assert out.lesion_logit.shape == out.status_logit.shape == (batch,)
    assert out.cam.shape == (batch, size // 8, size // 8)
    assert out.token.shape == (batch, 256)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("autocast", [False, True])
def test_mean_of_the_cam_is_the_status_logit(pooling: str, autocast: bool) -> None:
    net = small_net(pooling=pooling)
    torch.nn.init.normal_(net.status_head.weight)
    torch.nn.init.constant_(net.status_head.bias, -0.7)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = net(torch.randn(3, 3, 64, 64))
    assert out.cam.dtype == out.token.dtype == out.mask_logits.dtype == torch.float32
    assert out.status_logit.std() > 0.01
    assert (out.cam.mean(dim=(1, 2)) - out.status_logit).abs().max() < 1e-5


@pytest.mark.parametrize("pooling", POOLINGS)
def test_status_is_the_head_of_the_token(pooling: str) -> None:
    net = small_net(pooling=pooling)
    out = net(torch.randn(2, 3, 64, 64))
    assert torch.allclose(net.status_head(out.token).squeeze(1), out.status_logit)


def test_status_loss_teaches_neck_and_backbone_but_not_the_decoder() -> None:
    net = small_net()
    net(torch.randn(2, 3, 64, 64)).status_logit.sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in net.decoder.parameters())
    for part in (net.backbone, net.neck, net.status_head):
        assert all(p.grad is not None and p.grad.any() for p in part.parameters())
    assert all(p.grad is None for p in net.lesion_head.parameters())


def test_lesion_loss_teaches_the_decoder_through_the_features_only() -> None:
    net = small_net()
    net(torch.randn(2, 3, 64, 64)).lesion_logit.sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in net.decoder.upscale.parameters())
    assert all(p.grad is None for p in net.decoder.hyper.parameters())


def constant_mask(net: MultiTaskNet, logit: float) -> None:
    """Make the decoder answer ``logit`` everywhere and the same features as before."""
    decoder = net.decoder.forward
    net.decoder.forward = lambda z: (torch.full_like(decoder(z)[0], logit), decoder(z)[1])  # type: ignore[method-assign]


def test_area_pooling_shrinks_with_the_lesion_and_attention_pooling_does_not() -> None:
    image = torch.randn(1, 3, 64, 64)
    tokens = {}
    for pooling in POOLINGS:
        for logit in (-8.0, 8.0):
            net = small_net(pooling=pooling).eval()
            constant_mask(net, logit)
            tokens[pooling, logit] = net(image).token
    scale = torch.sigmoid(torch.tensor(-4.0)) / torch.sigmoid(torch.tensor(4.0))  # temperature 2
    assert torch.allclose(tokens["area", -8.0], tokens["area", 8.0] * scale, rtol=1e-4)
    assert torch.allclose(tokens["attention", -8.0], tokens["attention", 8.0], rtol=1e-4)


def test_lesion_mask_is_the_largest_of_the_mask_tokens() -> None:
    out = small_net(mask_tokens=2)(torch.randn(1, 3, 64, 64))
    assert torch.equal(out.lesion_mask_logits, torch.maximum(out.mask_logits[:, 0], out.mask_logits[:, 1]))


def test_same_seed_same_network() -> None:
    one, two = small_net(), small_net()
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_config_survives_json() -> None:
    config = MtlConfig(backbone="segformer-b2", size=512, mask_tokens=2, temperature=1.5, pooling="attention")
    assert MtlConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "record",
    [
        {"colour": "red"},
        {"size": "big"},
        {"size": 100},
        {"size": None},
        {"backbone": "vgg"},
        {"backbone": ["segformer-b0"]},
        {"pooling": "max"},
        {"pooling": ["area"]},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"mask_tokens": 0},
        {"mask_tokens": "two"},
    ],
)
def test_config_that_cannot_be_used_is_a_sentence(record: dict[str, object]) -> None:
    with pytest.raises(BadModel, match="MtlConfig"):
        MtlConfig.from_dict(record)


def test_bad_options_from_a_user_are_settings_not_models() -> None:
    with pytest.raises(BadSetting, match="temperature"):
        MtlConfig(temperature=-1)


def test_overfits_eight_images() -> None:
    """Discs and squares, at random places, on speckle: mask, lesion type and a status told by the echo."""
    torch.manual_seed(0)
    image, mask, lesion, status = eight_images()
    net = MultiTaskNet(MtlConfig(size=64, pooling="attention"))
    slow = [*net.backbone.parameters(), *net.neck.parameters()]
    fast = [*net.decoder.parameters(), *net.lesion_head.parameters(), *net.status_head.parameters()]
    optimiser = torch.optim.AdamW([{"params": slow, "lr": 3e-4}, {"params": fast, "lr": 3e-3}])
    for _ in range(75):
        out = net(image)
        loss = (
            F.binary_cross_entropy_with_logits(out.lesion_mask_logits, mask)
            + F.binary_cross_entropy_with_logits(out.lesion_logit, lesion)
            + F.binary_cross_entropy_with_logits(out.status_logit, status)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    out = net.eval()(image)
    found, drawn = out.lesion_mask_logits > 0, mask > 0
    assert (found & drawn).sum() / (found | drawn).sum() > 0.8
    assert torch.equal(out.lesion_logit > 0, lesion > 0)
    assert torch.equal(out.status_logit > 0, status > 0)


def eight_images() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """(8, 3, 64, 64) images, (8, 64, 64) masks, (8,) lesion types, (8,) statuses; all float."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    lesion = torch.tensor([0.0, 1.0] * 4)
    status = torch.tensor([0.0, 0.0, 1.0, 1.0] * 2)
    masks = []
    for kind in lesion:
        centre = 20 + 24 * torch.rand(2)
        dx, dy = (x - centre[0]).abs(), (y - centre[1]).abs()
        masks.append((torch.maximum(dx, dy) < 12) if kind else (dx.square() + dy.square() < 144))
    mask = torch.stack(masks).float()
    depth = 1.0 + status[:, None, None]
    image = 0.5 * torch.randn(8, 64, 64) - depth * mask
    return image[:, None].expand(-1, 3, -1, -1), mask, lesion, status
