from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.models.mil import BagTransformer, MilConfig, attention_rollout


def small_net(**options: object) -> BagTransformer:
    """Random parameters large enough that every image matters."""
    torch.manual_seed(0)
    net = BagTransformer(MilConfig(dim=16, layers=2, mlp=24, **options))  # type: ignore[arg-type]
    for parameter in net.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return net.eval()


def full(tokens: Tensor) -> Tensor:
    return torch.ones(tokens.shape[:2], dtype=torch.bool)


def test_the_paper_size_takes_tokens_of_256() -> None:
    net = BagTransformer(MilConfig())
    assert net(torch.randn(2, 3, 256), torch.ones(2, 3, dtype=torch.bool)).logit.shape == (2,)
    assert sum(p.numel() for p in net.parameters()) == 3_947_009


def test_the_attention_shown_is_the_attention_used() -> None:
    """The fused kernel mixes values as the written-out attention says, absent keys and all."""
    layer = small_net().layers[0]
    state = torch.randn(2, 4, 16)
    mask = torch.zeros(2, 1, 1, 4)
    mask[0, ..., 2:] = float("-inf")
    attention = layer.attention(state, mask)
    mixed = layer.out((attention @ layer._heads(state)[2]).transpose(1, 2).flatten(2))
    assert not attention[0, ..., 2:].any() and torch.allclose(attention.sum(dim=3), torch.ones(2, 4, 4))
    expected = state + mixed
    expected = expected + layer.mlp(layer.mlp_norm(expected))
    assert (layer(state, mask) - expected).abs().max() < 1e-6


def test_a_layer_asked_for_one_state_gives_the_first() -> None:
    layer, state, mask = small_net().layers[0], torch.randn(2, 4, 16), torch.zeros(2, 1, 1, 4)
    assert (layer(state, mask, wanted=1) - layer(state, mask)[:, :1]).abs().max() < 1e-6


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
    flow = attention_rollout([first[None, None], second[None, None]])
    assert torch.allclose(flow, torch.tensor([[0.25, 0.25]]))


def test_config_survives_json() -> None:
    config = MilConfig(dim=32, layers=3, heads=2, mlp=64, dropout=0.2, view_embedding=True, members=3, views="tumour")
    assert MilConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "record",
    [
        {"depth": 3},
        {"heads": 3},
        {"layers": 0},
        {"layers": 2.5},
        {"dropout": 1.0},
        {"dropout": float("nan")},
        {"dropout": "much"},
        {"dim": "wide"},
        {"kind": "oracle"},
        {"kind": ["max"]},
        {"views": "node"},
        {"members": 0},
        {"kind": "abmil", "view_embedding": True},
        {"kind": "noisy-or", "members": 2},
    ],
)
def test_config_that_cannot_be_used_is_a_sentence(record: dict[str, object]) -> None:
    with pytest.raises(BadModel, match="MilConfig"):
        MilConfig.from_dict(record)


def test_bad_options_from_a_user_are_settings() -> None:
    with pytest.raises(BadSetting, match="heads"):
        MilConfig(heads=3)
    with pytest.raises(BadSetting, match="no kind 'oracle'; choose one of transformer, abmil"):
        MilConfig(kind="oracle")


@given(st.dictionaries(st.sampled_from([*MilConfig().to_dict(), "depth"]), st.none() | st.integers() | st.text()))
def test_any_record_is_a_config_or_a_sentence(record: dict[str, object]) -> None:
    try:
        assert MilConfig.from_dict(record).dim > 0
    except BadModel as error:
        assert "MilConfig" in str(error)


def test_an_old_record_is_the_transformer_of_the_paper() -> None:
    record = {"dim": 256, "layers": 6, "heads": 4, "mlp": 768, "dropout": 0.1, "view_embedding": False}
    assert MilConfig.from_dict(record) == MilConfig()
