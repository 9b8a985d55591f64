from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aln_desk.domain.errors import BadSetting
from aln_desk.models.backbones import MIT_SIZES, backbone_names, build_backbone
from aln_desk.models.neck import Neck

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


@pytest.mark.parametrize("name", backbone_names())
def test_channels_and_strides_are_those_of_the_maps(name: str) -> None:
    backbone = build_backbone(name, 64)
    maps: list[Tensor] = backbone(torch.zeros(1, 3, 64, 64))
    sides = [64 // stride for stride in backbone.strides]
    assert [tuple(m.shape) for m in maps] == [(1, c, s, s) for c, s in zip(backbone.channels, sides, strict=True)]


def test_published_number_of_parameters() -> None:
    """Xie et al. 2021 give the encoders of B0 and B2 3.4 and 24.2 million."""
    millions = [
        sum(p.numel() for p in build_backbone(n, 64).parameters()) / 1e6 for n in ("segformer-b0", "segformer-b2")
    ]
    assert millions == pytest.approx([3.4, 24.2], abs=0.1)


def test_signal_survives_all_stages_at_the_start() -> None:
    torch.manual_seed(0)
    maps = build_backbone("segformer-b0", 64)(torch.randn(4, 3, 64, 64))
    assert all(m.std(dim=(0, 2, 3)).mean() > 0.3 for m in maps)


def test_unknown_backbone_names_those_that_exist() -> None:
    with pytest.raises(BadSetting, match=r"no backbone 'vgg'; choose one of segformer-b0, segformer-b2"):
        build_backbone("vgg", 64)


@pytest.mark.parametrize("size", [0, 31, 100])
def test_size_that_does_not_fit_is_refused(size: int) -> None:
    with pytest.raises(BadSetting, match="multiple of 32"):
        build_backbone("segformer-b0", size)


def test_neck_brings_every_scale_to_the_stride_8_grid() -> None:
    neck = Neck((2, 3), 5)
    fine, coarse = torch.randn(2, 2, 16, 16), torch.randn(2, 3, 2, 2)
    base = neck([fine, coarse], 64)
    assert base.shape == (2, 5, 8, 8)
    assert not torch.allclose(base, neck([fine + 1, coarse], 64))
    assert not torch.allclose(base, neck([fine, coarse + 1], 64))
