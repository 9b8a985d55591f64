"""Our networks, with their short cuts, against the same networks as the papers' formulas read."""

from __future__ import annotations

from collections.abc import Callable

import plain_networks
import pytest
import torch
from torch import Tensor

from aln_desk.models.mtl import MtlConfig, MtlOutput, MultiTaskNet
from aln_desk.models.neck import Neck

OUTPUTS = ("mask_logits", "lesion_logit", "status_logit", "cam", "token")
CONFIGS = [(1, "area"), (1, "attention"), (2, "attention")]


def trained_net(mask_tokens: int, pooling: str) -> MultiTaskNet:
    """Parameters away from their start, where biases are 0 and norms are 1, so that each of them matters."""
    torch.manual_seed(0)
    net = MultiTaskNet(MtlConfig(size=64, mask_tokens=mask_tokens, pooling=pooling))  # type: ignore[arg-type]
    for parameter in net.parameters():
        parameter.data += 0.03 * torch.randn_like(parameter)
    return net


def gradients(net: MultiTaskNet, forward: Callable[[Tensor], MtlOutput], image: Tensor) -> dict[str, Tensor]:
    """Of a loss in which every output takes part."""
    net.zero_grad()
    out = forward(image)
    parts = [getattr(out, name) for name in OUTPUTS]
    sum(((part + part.square()).mean() for part in parts), torch.zeros(())).backward()
    return {name: parameter.grad.clone() for name, parameter in net.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize(("mask_tokens", "pooling"), CONFIGS)
@pytest.mark.parametrize("batch", [1, 3])
def test_every_output_is_that_of_the_formulas(mask_tokens: int, pooling: str, batch: int) -> None:
    net = trained_net(mask_tokens, pooling).eval()
    image = torch.randn(batch, 3, 64, 64)
    with torch.no_grad():
        ours, plain = net(image), plain_networks.mtl(net, image)
    for name in OUTPUTS:
        found, expected = getattr(ours, name), getattr(plain, name)
        assert found.shape == expected.shape
        assert (found - expected).abs().max() < 1e-5


@pytest.mark.parametrize(("mask_tokens", "pooling"), CONFIGS)
def test_every_gradient_is_that_of_the_formulas(mask_tokens: int, pooling: str) -> None:
    net = trained_net(mask_tokens, pooling)
    image = torch.randn(2, 3, 64, 64)
    ours = gradients(net, net, image)
    plain = gradients(net, lambda x: plain_networks.mtl(net, x), image)
    assert ours.keys() == plain.keys() == dict(net.named_parameters()).keys()
    assert {name for name in ours if not ours[name].any()} == {name for name in plain if not plain[name].any()}
    for name, expected in plain.items():
        # A bias of a key moves all logits of a softmax alike: its gradient is rounding in both.
        assert (ours[name] - expected).norm() < 1e-4 * expected.norm() + 1e-6, name


def test_channels_last_in_memory_changes_nothing() -> None:
    net = trained_net(1, "area").eval()
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        plain, last = net(image), net(image.contiguous(memory_format=torch.channels_last))
    assert all(torch.equal(getattr(plain, name), getattr(last, name)) for name in OUTPUTS)


def test_neck_mixes_scales_finer_and_coarser_than_its_grid() -> None:
    torch.manual_seed(0)
    neck = Neck((2, 3, 4), 5)
    torch.nn.init.normal_(neck.mix.get_parameter("bias"))
    maps = [torch.randn(2, 2, 32, 32), torch.randn(2, 3, 8, 8), torch.randn(2, 4, 2, 2)]
    assert (neck(maps, 64) - plain_networks.neck(neck, maps, 64)).abs().max() < 1e-5
