from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from aln_desk.domain.errors import BadSetting
from aln_desk.models.backbone import Backbone
from aln_desk.models.backbones import MIT_SIZES, backbone_names, build_backbone, check_backbone
from aln_desk.models.neck import Neck
from aln_desk.models.unet import Join

FACTS = {
    "segformer-b0": ((32, 64, 160, 256), (4, 8, 16, 32)),
    "segformer-b1": ((64, 128, 320, 512), (4, 8, 16, 32)),
    "segformer-b2": ((64, 128, 320, 512), (4, 8, 16, 32)),
    "segformer-b3": ((64, 128, 320, 512), (4, 8, 16, 32)),
    "segformer-b4": ((64, 128, 320, 512), (4, 8, 16, 32)),
    "segformer-b5": ((64, 128, 320, 512), (4, 8, 16, 32)),
    "swin-t": ((96, 192, 384, 768), (4, 8, 16, 32)),
    "hrnet-w18": ((18, 36, 72, 144), (4, 8, 16, 32)),
    "resnet-50c": ((256, 512, 1024, 2048), (4, 8, 8, 8)),
    "resnet-101": ((256, 512, 1024, 2048), (4, 8, 16, 32)),
    "unet": ((64, 128, 256, 512, 1024), (1, 2, 4, 8, 16)),
    "mobilenetv3-large": ((16, 24, 960), (2, 4, 8)),
    "pvt-v2-b0": ((32, 64, 160, 256), (4, 8, 16, 32)),
    "pvt-v2-b2": ((64, 128, 320, 512), (4, 8, 16, 32)),
}
BLOCK_NAMES = {
    "attention_norm": "layernorm_before",
    "attention.query": "attention.q_proj",
    "attention.key": "attention.k_proj",
    "attention.value": "attention.v_proj",
    "attention.out": "attention.o_proj",
    "attention.reduce": "attention.sequence_reduction.sequence_reduction",
    "attention.reduce_norm": "attention.sequence_reduction.layer_norm",
    "ffn_norm": "layernorm_after",
    "ffn.expand": "mlp.fc1",
    "ffn.depthwise": "mlp.dwconv.dwconv",
    "ffn.shrink": "mlp.fc2",
}
STAGE_NAMES = {
    "embed": "patch_embeddings.proj",
    "embed_norm": "patch_embeddings.layer_norm",
    "norm": "layer_norm",
}


SAME_CODE = {"segformer-b1", "segformer-b3", "segformer-b4", "segformer-b5"}
"""As B2, with other numbers of blocks."""


@pytest.fixture(scope="module", params=[name for name in FACTS if name not in SAME_CODE])
def named(request: pytest.FixtureRequest) -> Iterator[tuple[str, Backbone]]:
    """A name and its backbone for 64 px, away from its start, where some norms are 0 and hide what lies before."""
    torch.manual_seed(0)
    backbone = build_backbone(request.param, 64)
    for parameter in backbone.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    yield request.param, backbone


def evaluated(backbone: Backbone, image: Tensor) -> list[Tensor]:
    with torch.no_grad():
        return backbone.eval()(image)


def test_the_facts_are_of_all_names() -> None:
    assert sorted(FACTS) == sorted(backbone_names())


def test_channels_and_strides_are_those_of_the_maps(named: tuple[str, Backbone]) -> None:
    name, backbone = named
    assert (tuple(backbone.channels), tuple(backbone.strides)) == FACTS[name]
    maps = evaluated(backbone, torch.randn(2, 3, 64, 64))
    channels, strides = FACTS[name]
    assert [tuple(m.shape) for m in maps] == [(2, c, 64 // s, 64 // s) for c, s in zip(channels, strides, strict=True)]


@pytest.mark.parametrize("name", sorted(SAME_CODE))
def test_every_segformer_has_the_maps_of_its_size(name: str) -> None:
    with torch.device("meta"):
        backbone = build_backbone(name, 64)
        maps = backbone(torch.zeros(1, 3, 64, 64))
    assert (tuple(backbone.channels), tuple(backbone.strides)) == FACTS[name]
    assert [tuple(m.shape) for m in maps] == [(1, c, 64 // s, 64 // s) for c, s in zip(*FACTS[name], strict=True)]


def test_an_image_does_not_see_its_batch(named: tuple[str, Backbone]) -> None:
    images = torch.randn(2, 3, 64, 64)
    together = evaluated(named[1], images)
    alone = evaluated(named[1], images[1:])
    for one, two in zip(together, alone, strict=True):
        assert (one[1] - two[0]).abs().max() < 1e-4 * two.abs().max()


def test_columns_are_columns(named: tuple[str, Backbone]) -> None:
    """A spot at the right changes the right half of the finest map more than the left."""
    plain, spotted = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    spotted[..., 8:16, 48:56] = 3.0
    change = (evaluated(named[1], spotted)[0] - evaluated(named[1], plain)[0]).abs().sum(dim=1)[0]
    middle = change.shape[0] // 2
    assert change[:, middle:].sum() > change[:, :middle].sum()
    assert change[:middle].sum() > change[middle:].sum()


def test_gradient_reaches_every_parameter(named: tuple[str, Backbone]) -> None:
    backbone = named[1].train()
    backbone.zero_grad()
    maps = backbone(torch.randn(2, 3, 64, 64))
    torch.stack([(m * torch.randn_like(m)).sum() for m in maps]).sum().backward()
    assert [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_laid_out_without_memory_and_filled_it_is_the_same(named: tuple[str, Backbone]) -> None:
    """As a model is read from its folder; windows of a Swin must not be left behind."""
    name, backbone = named
    with torch.device("meta"):
        other = build_backbone(name, 64)
    other.load_state_dict(backbone.state_dict(), assign=True)
    image = torch.randn(1, 3, 64, 64)
    for one, two in zip(evaluated(backbone, image), evaluated(other, image), strict=True):
        assert torch.equal(one, two)


def their_name(name: str) -> str:
    """`stages.1.blocks.0.ffn.expand.weight` in the words of transformers' SegformerModel."""
    module, leaf = name.rsplit(".", 1)
    stage, inner = module.split(".", 2)[1:]
    if inner.startswith("blocks."):
        _, block, part = inner.split(".", 2)
        return f"stages.{stage}.blocks.{block}.{BLOCK_NAMES[part]}.{leaf}"
    return f"stages.{stage}.{STAGE_NAMES[inner]}.{leaf}"


def reference(name: str) -> torch.nn.Module:
    transformers = pytest.importorskip("transformers")
    size = MIT_SIZES[name]
    config = transformers.SegformerConfig(
        hidden_sizes=list(size.channels), depths=list(size.depths), drop_path_rate=0.0
    )
    return transformers.SegformerModel(config).eval()


@pytest.mark.parametrize("name", ["segformer-b0", "segformer-b2"])
def test_equals_the_transformers_implementation_on_shared_parameters(name: str) -> None:
    torch.manual_seed(1)
    theirs = reference(name)
    # Away from its start, where every bias is 0 and every norm 1, so that each parameter matters.
    for parameter in theirs.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    ours = build_backbone(name, 96).eval()
    state = theirs.state_dict()
    renamed = {key: state.pop(their_name(key)) for key in ours.state_dict()}
    assert not state
    ours.load_state_dict(renamed)
    image = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        maps = ours(image)
        expected = theirs(image, output_hidden_states=True).hidden_states
    assert len(maps) == len(expected) == 4
    for ours_map, their_map in zip(maps, expected, strict=True):
        assert ours_map.shape == their_map.shape
        assert (ours_map - their_map).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("name", "millions"),
    [("segformer-b0", 3.4), ("segformer-b2", 24.2), ("swin-t", 27.5), ("resnet-101", 42.5), ("unet", 31.0)],
)
def test_published_number_of_parameters(name: str, millions: float) -> None:
    """Of the encoders in Xie et al. 2021 and Liu et al. 2021, the ResNet without its classifier, and the U-Net."""
    counted = sum(p.numel() for p in build_backbone(name, 64).parameters()) / 1e6
    assert counted == pytest.approx(millions, abs=0.1)


def test_signal_survives_all_stages_at_the_start() -> None:
    torch.manual_seed(0)
    maps = build_backbone("segformer-b0", 64)(torch.randn(4, 3, 64, 64))
    assert all(m.std(dim=(0, 2, 3)).mean() > 0.3 for m in maps)


def test_the_finest_map_of_the_unet_sees_what_its_deepest_level_sees() -> None:
    """The finest map sees what only the deepest level can: a spot further away than its own convolutions reach."""
    torch.manual_seed(0)
    unet = build_backbone("unet", 128).eval()
    image = torch.zeros(1, 3, 128, 128)
    before = evaluated(unet, image)[0][0, :, 8, 8]
    image[..., 72:80, 8:16] = 5.0
    assert (evaluated(unet, image)[0][0, :, 8, 8] - before).abs().max() > 0


def test_a_join_of_the_unet_reads_both_sides() -> None:
    torch.manual_seed(0)
    join = Join(4, 8).eval()
    skipped, below = torch.randn(1, 4, 8, 8), torch.randn(1, 8, 4, 4)
    joined = join(skipped, below)
    assert joined.shape == (1, 4, 8, 8)
    assert not torch.allclose(joined, join(skipped + 1, below))
    assert not torch.allclose(joined, join(skipped, below + 1))


def test_maps_of_a_swin_are_normalised() -> None:
    maps = build_backbone("swin-t", 64)(torch.randn(1, 3, 64, 64))
    for grid in maps:
        assert grid.mean(dim=1).abs().max() < 1e-4
        assert (grid.var(dim=1, unbiased=False) - 1).abs().max() < 0.02


def test_parameters_of_a_swin_have_the_same_shapes_at_every_size() -> None:
    shapes = [{n: p.shape for n, p in build_backbone("swin-t", size).state_dict().items()} for size in (64, 256)]
    assert shapes[0] == shapes[1]


def test_manifests_of_the_first_models_name_their_backbones_otherwise() -> None:
    shapes = [
        {n: p.shape for n, p in build_backbone(name, 64).state_dict().items()} for name in ("mit-b1", "segformer-b1")
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("name", "strides"),
    [
        ("convnext_tiny", (4, 8, 16, 32)),
        ("resnet18.a1_in1k", (2, 4, 8, 16, 32)),
        ("swinv2_tiny_window8_256", (4, 8, 16, 32)),
        ("vit_tiny_patch16_224", (16, 16, 16)),
    ],
)
def test_other_networks_of_timm_by_their_names(name: str, strides: tuple[int, ...]) -> None:
    backbone = build_backbone(name, 96)
    assert backbone.training
    maps = evaluated(backbone, torch.randn(2, 3, 96, 96))
    assert tuple(backbone.strides) == strides
    expected = [(2, c, 96 // s, 96 // s) for c, s in zip(backbone.channels, strides, strict=True)]
    assert [tuple(m.shape) for m in maps] == expected


@pytest.mark.parametrize(
    ("name", "size", "what"),
    [
        ("levit_128", 96, "do not fit 96 pixels"),
        ("vit_tiny_patch14_dinov2", 96, "no backbone"),
        ("vit_small_patch14_dinov2", 96, "96 pixels"),
        ("hf-hub:timm/resnet18.a1_in1k", 96, "no backbone"),
        ("local-dir:/tmp", 96, "no backbone"),
        ("", 96, "no backbone"),
    ],
)
def test_what_timm_cannot_give_is_refused(name: str, size: int, what: str) -> None:
    with pytest.raises(BadSetting, match=what):
        build_backbone(name, size)


def test_building_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    for name in ("swin-t", "pvt-v2-b0", "convnext_atto"):
        build_backbone(name, 64)


def test_known_names_are_checked_without_timm() -> None:
    """timm takes seconds to import; every command reads a configuration."""
    code = (
        "import sys; from aln_desk.models.backbones import backbone_names, check_backbone; "
        "[check_backbone(name, 512) for name in backbone_names()]; sys.exit('timm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_backbone_names_those_that_exist() -> None:
    with pytest.raises(BadSetting, match=r"no backbone 'vgg'; choose one of segformer-b0, .*unet, or a timm network"):
        check_backbone("vgg", 64)


@pytest.mark.parametrize("size", [0, 31, 100])
@pytest.mark.parametrize("name", ["segformer-b0", "swin-t", "unet", "convnext_tiny"])
def test_size_that_does_not_fit_is_refused(name: str, size: int) -> None:
    with pytest.raises(BadSetting, match="multiple of 32"):
        build_backbone(name, size)


@pytest.mark.parametrize("name", ["swin-t", "unet", "mobilenetv3-large"])
def test_neck_takes_the_maps_of_any_strides(name: str) -> None:
    backbone = build_backbone(name, 64).eval()
    neck = Neck(backbone.channels, 5)
    assert neck(backbone(torch.randn(2, 3, 64, 64)), 64).shape == (2, 5, 8, 8)


def test_neck_brings_every_scale_to_the_stride_8_grid() -> None:
    neck = Neck((2, 3), 5)
    fine, coarse = torch.randn(2, 2, 16, 16), torch.randn(2, 3, 2, 2)
    base = neck([fine, coarse], 64)
    assert base.shape == (2, 5, 8, 8)
    assert not torch.allclose(base, neck([fine + 1, coarse], 64))
    assert not torch.allclose(base, neck([fine, coarse + 1], 64))


@pytest.mark.parametrize("name", ["resnet10t", "convnext_atto"])
def test_any_other_network_of_timm_is_laid_out_and_filled_too(name: str) -> None:
    backbone = build_backbone(name, 64)
    with torch.device("meta"):
        other = build_backbone(name, 64)
    other.load_state_dict(backbone.state_dict(), assign=True)
    image = torch.randn(1, 3, 64, 64)
    for one, two in zip(evaluated(backbone, image), evaluated(other, image), strict=True):
        assert torch.equal(one, two)
