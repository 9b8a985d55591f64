from __future__ import annotations

import json
import shutil

import pytest
import torch
from torch.nn import functional as F

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.models.mask_shape import describe
from aln_desk.models.mtl import MtlConfig, MtlOutput, MultiTaskNet

POOLINGS = ["area", "attention"]
OUTPUTS = ["mask_logits", "lesion_logit", "status_logit", "cam", "token"]


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
    assert out.token.shape == (batch, MultiTaskNet.token_dim) == (batch, 256)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("type_tokens", [False, True])
@pytest.mark.parametrize("autocast", [False, True])
def test_mean_of_the_cam_is_the_status_logit(pooling: str, type_tokens: bool, autocast: bool) -> None:
    net = small_net(pooling=pooling, type_tokens=type_tokens)
    torch.nn.init.normal_(net.status_head.weight)
    torch.nn.init.constant_(net.status_head.bias, -0.7)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = net(torch.randn(3, 3, 64, 64))
    assert out.cam.dtype == out.token.dtype == out.mask_logits.dtype == torch.float32
    assert out.status_logit.std() > 0.01
    assert (out.cam.mean(dim=(1, 2)) - out.status_logit).abs().max() < 1e-5


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("type_tokens", [False, True])
def test_status_is_the_head_of_the_token(pooling: str, type_tokens: bool) -> None:
    net = small_net(pooling=pooling, type_tokens=type_tokens)
    out = net(torch.randn(2, 3, 64, 64))
    assert torch.allclose(net.status_head(out.token).squeeze(1), out.status_logit)


def with_type_vectors(lesion_bias: float) -> tuple[MultiTaskNet, MultiTaskNet]:
    """A network without and one with type vectors (1 for a tumour, 3 for a node), otherwise the same."""
    plain, typed = small_net().eval(), small_net(type_tokens=True).eval()
    typed.load_state_dict(plain.state_dict(), strict=False)
    assert typed.type_vectors is not None
    with torch.no_grad():
        typed.type_vectors.copy_(torch.tensor([[1.0], [3.0]]).expand(-1, 256))
    for net in (plain, typed):
        torch.nn.init.constant_(net.lesion_head.bias, lesion_bias)
    return plain, typed


@pytest.mark.parametrize(("lesion_bias", "expected"), [(-20.0, 1.0), (20.0, 3.0)])
def test_the_token_gains_the_vector_of_its_type(lesion_bias: float, expected: float) -> None:
    image = torch.randn(2, 3, 64, 64)
    plain, typed = (net(image) for net in with_type_vectors(lesion_bias))
    assert torch.equal(typed.lesion_logit, plain.lesion_logit)
    assert torch.allclose(typed.token - plain.token, torch.tensor(expected), atol=1e-5)


def test_the_type_adds_evenly_to_the_cam() -> None:
    image = torch.randn(2, 3, 64, 64)
    plain, typed = (net(image) for net in with_type_vectors(0.3))
    added = (typed.status_logit - plain.status_logit)[:, None, None]
    assert added.abs().min() > 0.01
    assert torch.allclose(typed.cam - plain.cam, added.expand_as(plain.cam), atol=1e-5)


def test_status_loss_teaches_the_type_vectors_but_not_the_type() -> None:
    net = small_net(type_tokens=True)
    net(torch.randn(2, 3, 64, 64)).status_logit.sum().backward()
    assert net.type_vectors is not None and net.type_vectors.grad is not None
    assert (net.type_vectors.grad != 0).all()
    assert all(p.grad is None for p in net.lesion_head.parameters())


def test_the_token_gains_the_vectors_of_its_shape() -> None:
    image = torch.randn(2, 3, 64, 64)
    plain, shaped = small_net().eval(), small_net(shape_tokens=True).eval()
    shaped.load_state_dict(plain.state_dict(), strict=False)
    assert shaped.shape_vectors is not None
    without, found = plain(image), shaped(image)
    form = describe(found.lesion_mask_logits.sigmoid())
    assert torch.allclose(found.token - without.token, form @ shaped.shape_vectors, atol=1e-5)
    assert (found.cam.mean(dim=(1, 2)) - found.status_logit).abs().max() < 1e-5


def test_status_loss_teaches_the_shape_vectors_but_not_the_mask() -> None:
    net = small_net(shape_tokens=True)
    net(torch.randn(2, 3, 64, 64)).status_logit.sum().backward()
    assert net.shape_vectors is not None and net.shape_vectors.grad is not None
    assert all(p.grad is None for p in net.decoder.parameters())


def test_networks_without_options_have_the_parameters_of_the_first_models() -> None:
    """So that their files load: an option's parameters exist only where it is on."""
    plain, full = small_net().state_dict(), small_net(type_tokens=True, shape_tokens=True).state_dict()
    assert set(full) - set(plain) == {"type_vectors", "shape_vectors"}


def largest_difference(one: MtlOutput, other: MtlOutput) -> float:
    return max(float((getattr(one, name) - getattr(other, name)).detach().abs().max()) for name in OUTPUTS)


@pytest.mark.parametrize(
    "backend",
    ["eager", pytest.param("inductor", marks=pytest.mark.slow)],  # what Python becomes, and machine code
)
def test_compiles_to_one_graph(backend: str) -> None:
    if backend == "inductor" and not (shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("no C++ compiler")
    net = small_net(mask_tokens=2, pooling="attention", type_tokens=True, shape_tokens=True).eval()
    compiled = torch.compile(net, fullgraph=True, backend=backend)
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert largest_difference(compiled(image), net(image)) < 1e-5


def test_the_layout_in_memory_does_not_matter() -> None:
    net, image = small_net(pooling="attention").eval(), torch.randn(2, 3, 64, 64)
    expected = net(image)
    net.to(memory_format=torch.channels_last)
    assert largest_difference(net(image.contiguous(memory_format=torch.channels_last)), expected) < 1e-5


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
    config = MtlConfig(
        backbone="segformer-b2", size=512, mask_tokens=2, temperature=1.5, pooling="attention", type_tokens=True
    )
    assert MtlConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_config_of_the_first_models() -> None:
    record = {"backbone": "mit-b0", "size": 256, "mask_tokens": 1, "temperature": 2.0, "pooling": "area"}
    assert MtlConfig.from_dict(record) == MtlConfig(backbone="mit-b0", tasks="all", type_tokens=False)


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
        {"mask_tokens": 3},
        {"mask_tokens": "two"},
        {"tasks": "mask"},
        {"tasks": ["all"]},
        {"type_tokens": 1},
        {"shape_tokens": "yes"},
        {"average_looks": 1},
        {"mask_threshold": 0},
        {"mask_threshold": 1.0},
        {"mask_threshold": float("nan")},
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
