"""What every bag network promises, kind by kind, and what each rule computes."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain.errors import BadModel
from aln_desk.domain.recipe import AGGREGATORS
from aln_desk.io import checkpoint
from aln_desk.models.aggregators import majority_logit, max_logit, mean_logit, noisy_or_logit
from aln_desk.models.build import build_mil, build_mtl, load_model, save_model
from aln_desk.models.mil import RULES, BagNetwork, MilConfig, MilOutput
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.preprocess import Preprocess
from aln_desk.models.shares import shapley_values

CPU = torch.device("cpu")
LEARNED = [kind for kind in AGGREGATORS if kind not in RULES]
DIM = 16


def small_net(kind: str, **options: object) -> BagNetwork:
    """Random parameters large enough that every image matters."""
    torch.manual_seed(0)
    net = build_mil(MilConfig(kind, dim=DIM, layers=2, mlp=24, **options), nn.Linear(DIM, 1))  # type: ignore[arg-type]
    for value in net.state_dict().values():
        value += 0.3 * torch.randn_like(value)
    return net.eval()


NETS = {kind: small_net(kind) for kind in AGGREGATORS}
NETS |= {"ensemble": small_net("dual-stream", members=3), "tumour only": small_net("abmil", views="tumour")}
each_net = pytest.mark.parametrize("name", NETS)
each_kind = pytest.mark.parametrize("kind", AGGREGATORS)


def bags(count: int, images: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, all present, and views of either kind."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(count, images, DIM, generator=generator)
    view = torch.randint(0, 2, (count, images), generator=generator)
    return tokens, torch.ones(count, images, dtype=torch.bool), view


def assert_close(one: MilOutput, two: MilOutput) -> None:
    for name in ("logit", "instance_score", "weight"):
        assert (getattr(one, name) - getattr(two, name)).abs().max() < 1e-5, name


@given(st.sampled_from(sorted(NETS)), st.permutations(range(6)), st.integers(1, 6), st.integers(0, 99), st.data())
@settings(max_examples=150)
def test_neither_order_nor_padding_changes_anything(
    name: str, places: list[int], images: int, seed: int, data: st.DataObject
) -> None:
    """A bag answers as before with its images at any places of a larger bag whose other slots hold rubbish."""
    tokens, present, view = bags(2, images, seed)
    base = NETS[name](tokens, present, view)
    at = places[:images]
    wide = torch.full((2, 6, DIM), data.draw(st.sampled_from([0.0, 1e6, float("nan"), float("-inf")])))
    wide_present, wide_view = torch.zeros(2, 6, dtype=torch.bool), torch.ones(2, 6, dtype=torch.long)
    wide[:, at], wide_present[:, at], wide_view[:, at] = tokens, True, view
    out = NETS[name](wide, wide_present, wide_view)
    assert not out.weight[~wide_present].any() and not out.instance_score[~wide_present].any()
    assert_close(MilOutput(out.logit, out.instance_score[:, at], out.weight[:, at]), base)


@each_net
def test_bags_of_a_batch_do_not_mix(name: str) -> None:
    tokens, _, view = bags(3, 4)
    present = torch.tensor([[True] * 4, [True, False, False, False], [False, True, True, False]])
    together = NETS[name](tokens, present, view)
    for i in range(3):
        alone = NETS[name](tokens[i : i + 1], present[i : i + 1], view[i : i + 1])
        assert_close(MilOutput(*(getattr(together, k)[i : i + 1] for k in MilOutput.__slots__)), alone)


@each_net
@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize("views", ["tumour images", "node images", "both"])
def test_every_bag_has_a_logit_and_weights_that_sum_to_one(name: str, images: int, views: str) -> None:
    tokens, present, view = bags(4, images)
    view = {"tumour images": view * 0, "node images": view * 0 + 1, "both": view}[views]
    out = NETS[name](tokens, present, view)
    assert out.logit.shape == (4,) and out.logit.isfinite().all() and out.logit.std() > 0
    assert out.instance_score.shape == out.weight.shape == (4, images)
    assert (out.weight >= 0).all() and torch.allclose(out.weight.sum(dim=1), torch.ones(4))
    assert (out.instance_score > 0).all() and (out.instance_score < 1).all()
    assert not out.weight.requires_grad and not out.instance_score.requires_grad


@each_net
def test_an_image_alone_is_its_own_instance_score(name: str) -> None:
    tokens, present, view = bags(3, 4)
    out = NETS[name](tokens, present, view)
    alone = NETS[name](tokens[:, 2:3], present[:, 2:3], view[:, 2:3])
    assert torch.allclose(out.instance_score[:, 2], alone.logit.sigmoid())
    assert torch.allclose(alone.instance_score[:, 0], alone.logit.sigmoid())
    assert torch.allclose(alone.weight, torch.ones(3, 1))


@each_net
def test_a_bag_without_any_image_is_finite(name: str) -> None:
    tokens, present, view = torch.full((2, 3, DIM), float("nan")), torch.zeros(2, 3, dtype=torch.bool), bags(2, 3)[2]
    out = NETS[name](tokens, present, view)
    assert out.logit.isfinite().all() and not out.weight.any() and not out.instance_score.any()
    assert torch.allclose(NETS[name].logit(tokens[:, :1], present[:, :1], view[:, :1]), out.logit)
    if name in RULES:
        assert not out.logit.any()


@pytest.mark.parametrize("name", [name for name in NETS if name not in RULES])
def test_gradients_reach_every_parameter_and_no_absent_image(name: str) -> None:
    tokens, present, view = bags(8, 3)
    present[0, 1:], view[:3] = False, torch.tensor([[0, 0, 1], [0, 0, 0], [1, 1, 1]])
    tokens[0, 1:] = float("nan")
    tokens.requires_grad_()
    net = NETS[name]
    net.zero_grad()
    net.logit(tokens, present, view).square().sum().backward()
    for parameter_name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), parameter_name
        assert parameter.grad.any(), parameter_name
    assert tokens.grad is not None and tokens.grad[0, 0].any() and not tokens.grad[0, 1:].any()


@pytest.mark.parametrize("kind", LEARNED)
def test_learns_that_one_positive_image_makes_a_positive_patient(kind: str) -> None:
    torch.manual_seed(0)
    net = build_mil(MilConfig(kind, dim=DIM, layers=2, mlp=32, dropout=0.0))
    tokens, present, view = bags(64, 4)
    view[:, 0], view[:, 1:] = 0, 1
    outcome = torch.tensor([0.0, 1.0] * 32)
    tokens[..., 0] = -1.0
    tokens[1::2, 0, 0] = 2.0
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for _ in range(80):
        loss = F.binary_cross_entropy_with_logits(net.logit(tokens, present, view), outcome)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert ((net.logit(tokens, present, view) > 0) == (outcome > 0)).all()


@each_kind
def test_half_precision_on_the_way_changes_little(kind: str) -> None:
    tokens, present, view = bags(4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        rough = NETS[kind].logit(tokens, present, view)
    exact = NETS[kind].logit(tokens, present, view)
    assert torch.equal(rough, exact) if kind in RULES else (rough - exact).abs().max() < 0.1


@each_net
def test_logit_is_one_graph_of_static_shapes(name: str) -> None:
    """A trace on the meta device has no data to look at: nothing in `logit` may wait for values."""
    tokens, present, view = bags(2, 3)
    net = build_mil(NETS[name].config, nn.Linear(DIM, 1)).to("meta")
    assert net.logit(tokens.to("meta"), present.to("meta"), view.to("meta")).shape == (2,)


@each_net
def test_shapley_values_of_every_kind_add_up(name: str) -> None:
    tokens, present, view = bags(1, 4)
    values = shapley_values(NETS[name], tokens[0], 0.2, view[0])
    assert values.sum() == pytest.approx(NETS[name].logit(tokens, present, view).item() - 0.2, abs=1e-5)


def test_an_ensemble_is_the_mean_of_different_members() -> None:
    net, images = NETS["ensemble"], bags(3, 4)
    outputs = [member(*images) for member in net.members]
    assert len(outputs) == 3 and not torch.allclose(outputs[0].logit, outputs[1].logit)
    out = net(*images)
    assert torch.allclose(out.logit, torch.stack([o.logit for o in outputs]).mean(dim=0))
    assert torch.allclose(out.weight, torch.stack([o.weight for o in outputs]).mean(dim=0))
    torch.manual_seed(1)
    fresh = build_mil(net.config)
    assert not torch.equal(fresh.members[0].query.weight, fresh.members[1].query.weight)


def test_an_ensemble_holds_single_networks_of_its_kind() -> None:
    single, net = small_net("transformer"), small_net("transformer", members=2, views="tumour")
    assert {member.config for member in net.members} == {MilConfig(dim=DIM, layers=2, mlp=24, views="tumour")}
    assert set(net.state_dict()) == {f"members.{i}.{name}" for i in (0, 1) for name in single.state_dict()}


def test_tumour_only_does_not_see_nodes_beside_tumours() -> None:
    net = NETS["tumour only"]
    tokens, present, _ = bags(2, 3)
    view = torch.tensor([[0, 1, 0], [1, 1, 1]])
    out = net(tokens, present, view)
    seen = net(tokens[:1, [0, 2]], present[:1, [0, 2]], view[:1, [0, 2]])
    assert torch.allclose(out.logit[0], seen.logit[0]) and out.weight[0, 1] == 0
    everything = net(tokens[1:], present[1:], view[1:] * 0)
    assert torch.allclose(out.logit[1], everything.logit[0]) and (out.weight[1] > 0).all()


@pytest.mark.parametrize("options", [{"kind": "view-pool"}, {"kind": "mean", "views": "tumour"}])
def test_a_network_that_reads_views_asks_for_them(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="view"):
        small_net(**options).logit(*bags(1, 2)[:2])


@pytest.mark.parametrize("kind", [kind for kind in AGGREGATORS if kind != "view-pool"])
def test_other_networks_do_not(kind: str) -> None:
    tokens, present, view = bags(2, 3)
    assert torch.equal(NETS[kind].logit(tokens, present), NETS[kind].logit(tokens, present, view))


def test_a_rule_needs_the_head_of_stage_one() -> None:
    with pytest.raises(ValueError, match="head"):
        build_mil(MilConfig("max"))


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_copies_the_head_and_learns_nothing(kind: str) -> None:
    head = nn.Linear(DIM, 1)
    net = build_mil(MilConfig(kind, dim=DIM), head)
    tokens, present, view = bags(2, 1)
    before, score = net.logit(tokens, present, view), head(tokens).flatten().detach()
    nn.init.zeros_(head.weight)
    assert torch.equal(before, net.logit(tokens, present, view))
    expected = torch.where(score > 0, log(3), -log(3)) if kind == "majority" else score
    assert torch.allclose(before, expected, atol=1e-5)
    assert not list(net.parameters()) and set(net.state_dict()) == {"weight", "bias"}


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=6))
def test_rules_are_the_logits_of_their_formulas(values: list[float]) -> None:
    score = torch.tensor([values], dtype=torch.float64)
    p, present = score.sigmoid(), torch.ones(1, len(values), dtype=torch.bool)
    assert torch.allclose(max_logit(score, present), p.amax(dim=1).logit())
    assert torch.allclose(mean_logit(score, present), p.mean(dim=1).logit())
    assert torch.allclose(noisy_or_logit(score, present), (1 - (1 - p).prod(dim=1)).logit(), rtol=1e-4)
    votes = sum(value > 0 for value in values)
    assert majority_logit(score, present).item() == pytest.approx(log((votes + 0.5) / (len(values) - votes + 0.5)))


@pytest.mark.parametrize("value", [-80.0, -40.0, -15.0, 15.0, 40.0, 80.0])
def test_rules_keep_what_a_probability_would_round_away(value: float) -> None:
    score, present = torch.full((1, 3), value), torch.ones(1, 3, dtype=torch.bool)
    assert mean_logit(score, present).item() == pytest.approx(value, rel=1e-6)
    expected = 3 * value if value > 0 else value + log(3)
    assert noisy_or_logit(score, present).item() == pytest.approx(expected, rel=1e-6)


def test_noisy_or_has_a_lowest_logit() -> None:
    present = torch.ones(1, 2, dtype=torch.bool)
    assert noisy_or_logit(torch.full((1, 2), -1e6), present).item() == pytest.approx(-87, abs=1)


def test_weights_of_rules_and_pools() -> None:
    tokens, present, _ = bags(1, 3)
    view = torch.tensor([[0, 1, 1]])
    net = NETS["max"]
    score = (tokens @ net.weight[0] + net.bias)[0]
    assert net(tokens, present, view).weight[0].tolist() == (score == score.max()).float().tolist()
    for kind in ("mean", "majority", "mean-pool"):
        assert NETS[kind](tokens, present, view).weight[0].tolist() == pytest.approx([1 / 3] * 3)
    blame = -torch.log(1 - score.sigmoid())
    assert torch.allclose(NETS["noisy-or"](tokens, present, view).weight[0], blame / blame.sum(), atol=1e-5)
    assert NETS["view-pool"](tokens, present, view).weight[0].tolist() == [0.5, 0.25, 0.25]
    assert NETS["view-pool"](tokens[:, 1:], present[:, 1:], view[:, 1:]).weight[0].tolist() == [0.5, 0.5]


def test_equal_images_share_the_maximum() -> None:
    tokens = torch.ones(1, 2, DIM)
    for kind in ("max", "max-pool", "dual-stream"):
        assert NETS[kind](tokens, torch.ones(1, 2, dtype=torch.bool)).weight[0].tolist() == pytest.approx([0.5, 0.5])


def test_gated_attention_has_a_gate() -> None:
    plain, gated = (set(NETS[kind].state_dict()) for kind in ("abmil", "gated-abmil"))
    assert gated - plain == {"gate.weight", "gate.bias"} and plain < gated


def test_dual_stream_is_the_mean_of_both_streams() -> None:
    """By hand, from the paper's equations."""
    net, (tokens, present, view) = NETS["dual-stream"], bags(1, 4)
    images = net.embedding(tokens)[0]
    critical = net.critical_head(images).argmax()
    query = net.query(images)
    attention = torch.softmax(query @ query[critical] / query.shape[1] ** 0.5, dim=0)
    logit = (net.critical_head(images).max() + net.bag_head(attention @ net.value(images))) / 2
    out = net(tokens, present, view)
    assert torch.allclose(out.logit, logit) and torch.allclose(out.weight[0], attention)


@each_net
def test_saved_and_loaded(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    mtl = build_mtl(MtlConfig(size=64))
    mil = build_mil(MilConfig.from_dict({**NETS[name].config.to_dict(), "dim": mtl.token_dim}), mtl.status_head)
    save_model(tmp_path, mtl, mil, Preprocess(size=64), 0.4, {})
    loaded = load_model(tmp_path, CPU).mil
    tokens, present, view = torch.randn(2, 3, 256), torch.ones(2, 3, dtype=torch.bool), bags(2, 3)[2]
    assert loaded is not None and loaded.config == mil.config and not loaded.training
    assert torch.equal(loaded.logit(tokens, present, view), mil.eval().logit(tokens, present, view))


def test_another_kind_does_not_read_these_parameters(tmp_path: Path) -> None:
    mtl = build_mtl(MtlConfig(size=64))
    save_model(tmp_path, mtl, build_mil(MilConfig("abmil")), Preprocess(size=64), 0.4, {})
    manifest = checkpoint.read_manifest(tmp_path)
    checkpoint.write_manifest(tmp_path, {**manifest, "mil": {**manifest["mil"], "kind": "mean-pool"}})
    with pytest.raises(BadModel, match="do not fit"):
        load_model(tmp_path, CPU)


def test_the_embedded_model_still_loads() -> None:
    folder = Path(__file__).parents[2] / "resources" / "model"
    config = MilConfig.from_dict(checkpoint.read_manifest(folder)["mil"])
    net = build_mil(config).eval()
    arrays = checkpoint.load_tensors(folder / checkpoint.MIL_FILE)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    tokens = torch.randn(8, 3, config.dim)
    view = torch.tensor([[0, 0, 1]]).expand(8, 3) if config.reads_view else None
    assert net.logit(tokens, torch.ones(8, 3, dtype=torch.bool), view).std() > 0.01
