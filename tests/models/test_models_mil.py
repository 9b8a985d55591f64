from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.models.mil import BagTransformer, MilConfig, MilOutput, attention_rollout
from aln_desk.models.shares import shapley_shares, shapley_values, shares_of


def small_net(**options: object) -> BagTransformer:
    """Random parameters large enough that every image matters."""
    torch.manual_seed(0)
    net = BagTransformer(MilConfig(dim=16, layers=2, mlp=24, **options))  # type: ignore[arg-type]
    for parameter in net.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return net.eval()


def full(tokens: Tensor) -> Tensor:
    return torch.ones(tokens.shape[:2], dtype=torch.bool)


def assert_close(one: MilOutput, two: MilOutput) -> None:
    for name in ("logit", "instance_score", "weight"):
        assert (getattr(one, name) - getattr(two, name)).abs().max() < 1e-6, name


@pytest.mark.parametrize("count", [1, 2, 7])
def test_shapes_and_ranges(count: int) -> None:
    tokens = torch.randn(3, count, 16)
    out = small_net()(tokens, full(tokens))
    assert out.logit.shape == (3,)
    assert out.instance_score.shape == out.weight.shape == (3, count)
    assert (out.instance_score > 0).all() and (out.instance_score < 1).all()
    assert torch.allclose(out.weight.sum(dim=1), torch.ones(3))


def test_the_paper_size_takes_tokens_of_256() -> None:
    net = BagTransformer(MilConfig())
    assert net(torch.randn(2, 3, 256), torch.ones(2, 3, dtype=torch.bool)).logit.shape == (2,)
    assert sum(p.numel() for p in net.parameters()) == 3_947_009


def test_order_of_images_does_not_matter() -> None:
    net, tokens, order = small_net(), torch.randn(2, 5, 16), torch.tensor([3, 0, 4, 1, 2])
    base = net(tokens, full(tokens))
    moved = MilOutput(base.logit, base.instance_score[:, order], base.weight[:, order])
    assert_close(net(tokens[:, order], full(tokens)), moved)


@pytest.mark.parametrize("rubbish", [0.0, 1e6, float("nan"), float("inf")])
def test_absent_slots_have_no_influence(rubbish: float) -> None:
    net, tokens = small_net(), torch.randn(2, 3, 16)
    base = net(tokens, full(tokens))
    padded = torch.full((2, 6, 16), rubbish)
    padded[:, [0, 2, 5]] = tokens
    present = torch.zeros(2, 6, dtype=torch.bool)
    present[:, [0, 2, 5]] = True
    out = net(padded, present)
    assert not out.weight[~present].any() and not out.instance_score[~present].any()
    kept = MilOutput(out.logit, out.instance_score[:, [0, 2, 5]], out.weight[:, [0, 2, 5]])
    assert_close(kept, base)


def test_absent_slots_receive_no_gradient() -> None:
    net, tokens = small_net(), torch.full((1, 3, 16), float("nan"))
    tokens[:, 0] = 1.0
    tokens.requires_grad_()
    net.logit(tokens, torch.tensor([[True, False, False]])).sum().backward()
    assert tokens.grad is not None
    assert tokens.grad[0, 0].any() and not tokens.grad[0, 1:].any()


def test_bags_of_a_batch_do_not_mix() -> None:
    net, tokens = small_net(), torch.randn(3, 4, 16)
    present = torch.tensor([[True] * 4, [True, False, False, False], [True, True, False, False]])
    together = net(tokens, present)
    for i, count in enumerate((4, 1, 2)):
        alone = net(tokens[i : i + 1, :count], full(tokens[i : i + 1, :count]))
        assert (together.logit[i] - alone.logit[0]).abs() < 1e-6
        assert (together.weight[i, :count] - alone.weight[0]).abs().max() < 1e-6


def test_bag_of_one_is_its_own_instance_score() -> None:
    net, tokens = small_net(), torch.randn(2, 3, 16)
    out = net(tokens, full(tokens))
    single = net(tokens[:, 1:2], full(tokens[:, 1:2]))
    assert torch.allclose(out.instance_score[:, 1], torch.sigmoid(single.logit))
    assert torch.equal(single.weight, torch.ones(2, 1))


def test_logit_alone_is_that_of_the_whole_output() -> None:
    net, tokens = small_net(), torch.randn(2, 3, 16)
    assert torch.equal(net.logit(tokens, full(tokens)), net(tokens, full(tokens)).logit)


@pytest.mark.parametrize("view_embedding", [False, True])
def test_gradients_reach_every_parameter(view_embedding: bool) -> None:
    net, tokens = small_net(view_embedding=view_embedding).train(), torch.randn(4, 3, 16)
    view = torch.tensor([[0, 0, 1]] * 4)
    net(tokens, full(tokens), view).logit.square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_starts_from_a_cls_of_zeros() -> None:
    assert not BagTransformer(MilConfig()).cls.any()


def test_view_counts_only_with_its_embedding() -> None:
    tokens, view = torch.randn(1, 3, 16), torch.tensor([[0, 1, 1]])
    plain, seeing = small_net(), small_net(view_embedding=True)
    assert torch.equal(plain.logit(tokens, full(tokens), view), plain.logit(tokens, full(tokens)))
    assert not torch.allclose(seeing.logit(tokens, full(tokens), view), seeing.logit(tokens, full(tokens), 1 - view))
    with pytest.raises(ValueError, match="view"):
        seeing.logit(tokens, full(tokens))


def test_rollout_follows_attention_through_the_layers() -> None:
    """CLS looks at image 1 only, and image 1 took half of what it holds from image 2 a layer before."""
    first = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 0, 1]])
    second = torch.tensor([[0.0, 1, 0], [0, 1, 0], [0, 0, 1]])
    weight = attention_rollout([first[None, None], second[None, None]], torch.ones(1, 2, dtype=torch.bool))
    assert torch.allclose(weight, torch.tensor([[0.5, 0.5]]))


def test_learns_that_one_positive_image_makes_a_positive_patient() -> None:
    torch.manual_seed(0)
    net = BagTransformer(MilConfig(dim=16, layers=2, mlp=32, dropout=0.0))
    tokens, present = torch.randn(64, 4, 16), torch.rand(64, 4) < 0.8
    present[:, 0] = True
    outcome = torch.tensor([0.0, 1.0] * 32)
    tokens[::2, :, 0], tokens[1::2, :, 0] = -1.0, -1.0
    tokens[1::2, 0, 0] = 2.0
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(80):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net.logit(tokens, present), outcome)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert ((net.logit(tokens, present) > 0) == (outcome > 0)).all()


def test_config_survives_json() -> None:
    config = MilConfig(dim=32, layers=3, heads=2, mlp=64, dropout=0.2, view_embedding=True)
    assert MilConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "record",
    [{"depth": 3}, {"heads": 3}, {"layers": 0}, {"dropout": 1.0}, {"dropout": float("nan")}, {"dim": "wide"}],
)
def test_config_that_cannot_be_used_is_a_sentence(record: dict[str, object]) -> None:
    with pytest.raises(BadModel, match="MilConfig"):
        MilConfig.from_dict(record)


def test_bad_options_from_a_user_are_settings() -> None:
    with pytest.raises(BadSetting, match="heads"):
        MilConfig(heads=3)


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
