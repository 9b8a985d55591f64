from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from aln_desk.models.build import build_mil
from aln_desk.models.mil import BagNetwork, MilConfig
from aln_desk.models.shares import shapley_shares, shapley_values, shares_of


def small_net(**options: object) -> BagNetwork:
    """Random parameters large enough that every image matters."""
    torch.manual_seed(0)
    net = build_mil(MilConfig(dim=16, layers=2, mlp=24, **options))  # type: ignore[arg-type]
    for parameter in net.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return net.eval()


def full(tokens: Tensor) -> Tensor:
    return torch.ones(tokens.shape[:2], dtype=torch.bool)


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_shapley_values_add_up_to_the_logit_above_the_baseline(count: int) -> None:
    net, tokens = small_net(), torch.randn(count, 16)
    values = shapley_values(net, tokens, baseline=0.4)
    assert values.sum() == pytest.approx(net.logit(tokens[None], full(tokens[None])).item() - 0.4, abs=1e-5)


def test_shapley_values_of_two_images_by_hand() -> None:
    net, tokens = small_net(), torch.randn(2, 16)

    def logit(*images: int) -> float:
        bag = tokens[list(images)][None]
        return net.logit(bag, full(bag)).item()

    first = ((logit(0) - 0.1) + (logit(0, 1) - logit(1))) / 2
    assert shapley_values(net, tokens, baseline=0.1)[0] == pytest.approx(first, abs=1e-5)


def test_sampled_values_agree_with_the_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    net, tokens = small_net(), torch.randn(6, 16)
    exact = shapley_values(net, tokens, baseline=0.0)
    monkeypatch.setattr("aln_desk.models.shares.EXACT_UP_TO", 3)
    sampled = shapley_values(net, tokens, baseline=0.0)
    assert np.abs(exact - sampled).max() < 0.1 * np.abs(exact).max()
    assert np.array_equal(sampled, shapley_values(net, tokens, baseline=0.0))


def test_identical_images_have_identical_shares() -> None:
    tokens = torch.randn(1, 16).expand(4, -1)
    assert shapley_shares(small_net(), tokens, baseline=0.0) == pytest.approx([0.25] * 4, abs=1e-5)


def test_shares_read_the_view_where_the_network_does() -> None:
    net, tokens = small_net(view_embedding=True), torch.randn(3, 16)
    one = shapley_shares(net, tokens, 0.0, torch.tensor([0, 1, 1]))
    assert not np.allclose(one, shapley_shares(net, tokens, 0.0, torch.tensor([1, 0, 0])))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(max_examples=50)
def test_shares_are_not_negative_and_sum_to_one(values: list[float]) -> None:
    shares = shares_of(np.array(values))
    assert (shares >= 0).all() and shares.sum() == pytest.approx(1.0)


def test_shares_are_equal_when_nothing_moved_the_verdict() -> None:
    assert shares_of(np.zeros(4)).tolist() == [0.25] * 4
