from __future__ import annotations

import pytest
import torch

from aln_desk.models.build import build_mtl
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.single_t import StatusNet


def small_net() -> StatusNet:
    torch.manual_seed(0)
    net = build_mtl(MtlConfig(size=64, tasks="status"))
    assert isinstance(net, StatusNet)
    return net


def test_the_tasks_name_the_network() -> None:
    assert isinstance(build_mtl(MtlConfig(size=64)), MultiTaskNet)


@pytest.mark.parametrize(("batch", "size"), [(1, 64), (3, 96)])
def test_shapes_for_any_batch_and_size(batch: int, size: int) -> None:
    net = small_net()
    out = net(torch.randn(batch, 3, size, size))
    assert net.token_dim == net.status_head.in_features == 256
    assert out.token.shape == (batch, 256)
    assert out.cam.shape == (batch, size // 32, size // 32)
    assert out.status_logit.shape == (batch,)


def test_it_finds_no_lesion_and_leaves_its_type_open() -> None:
    out = small_net()(torch.randn(2, 3, 64, 64))
    assert torch.equal(out.mask_logits, torch.full((2, 1, 64, 64), -20.0))
    assert torch.equal(out.lesion_mask_logits, torch.full((2, 64, 64), -20.0))
    assert torch.equal(out.lesion_logit, torch.zeros(2))


@pytest.mark.parametrize("autocast", [False, True])
def test_status_is_the_head_of_the_token_and_the_mean_of_the_cam(autocast: bool) -> None:
    net = small_net()
    torch.nn.init.normal_(net.status_head.weight)
    torch.nn.init.constant_(net.status_head.bias, -0.7)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = net(torch.randn(3, 3, 64, 64))
    assert out.cam.dtype == out.token.dtype == out.mask_logits.dtype == torch.float32
    assert out.status_logit.std() > 0.01
    assert torch.allclose(net.status_head(out.token).squeeze(1), out.status_logit)
    assert (out.cam.mean(dim=(1, 2)) - out.status_logit).abs().max() < 1e-5


def test_the_token_is_the_mean_of_the_last_map() -> None:
    net, image = small_net().eval(), torch.randn(2, 3, 64, 64)
    assert torch.equal(net(image).token, net.backbone(image)[-1].mean(dim=(2, 3)))


def test_every_parameter_learns_from_the_status() -> None:
    net = small_net()
    net(torch.randn(2, 3, 64, 64)).status_logit.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_compiles_to_one_graph() -> None:
    net, image = small_net().eval(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found, expected = torch.compile(net, fullgraph=True, backend="eager")(image), net(image)
    assert torch.allclose(found.cam, expected.cam, atol=1e-6) and torch.allclose(found.token, expected.token)
