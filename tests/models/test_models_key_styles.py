from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from published_files import (
    SIZE,
    State,
    check_features,
    check_refused,
    mmseg_names,
    network,
    original_names,
    saved,
    segformer,
    segformer_state,
    shaken,
)
from torch import nn

from aln_desk.models.mtl import MultiTaskNet
from aln_desk.models.pretrained import load_pretrained
from aln_desk.models.timm_backbone import TIMM_NETWORKS, TimmBackbone

STYLES: dict[str, Callable[[State], State]] = {
    "SegFormer of transformers": lambda state: state,
    "SegFormer of transformers, encoder alone": lambda state: {
        key.removeprefix("segformer."): value for key, value in state.items() if "encoder" in key
    },
    "the authors' SegFormer": original_names,
    "SegFormer of mmsegmentation": mmseg_names,
}


@pytest.mark.parametrize("style", STYLES)
def test_a_segformer_of_every_name_style_gives_the_same_features(style: str, tmp_path: Path) -> None:
    net = network().eval()
    sentence = load_pretrained(net, saved(tmp_path, STYLES[style](segformer_state())))
    assert style.partition(",")[0] in sentence
    assert "NVIDIA" in sentence and "non-commercial" in sentence
    check_features(net)


def test_the_names_within_transformers_5_are_read_too(tmp_path: Path) -> None:
    net = network().eval()
    load_pretrained(net, saved(tmp_path, dict(segformer().state_dict())))
    check_features(net)


# -- timm --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", TIMM_NETWORKS)
def test_a_whole_network_of_timm_is_read_as_timm_reads_it(backbone: str, tmp_path: Path) -> None:
    import timm

    known = TIMM_NETWORKS[backbone]
    torch.manual_seed(5)
    whole = dict(timm.create_model(known.name).state_dict())
    sized = {"img_size": SIZE} if known.sized else {}
    theirs = timm.create_model(
        known.name,
        features_only=True,
        pretrained=True,
        pretrained_cfg_overlay={"state_dict": dict(whole)},
        **known.options,
        **sized,
    ).eval()
    net = network(backbone, tasks="status").eval()
    sentence = load_pretrained(net, saved(tmp_path, whole))
    assert "named as in timm" in sentence and "licence" in sentence
    assert isinstance(net.backbone, TimmBackbone)
    image = torch.randn(1, 3, SIZE, SIZE)
    with torch.no_grad():
        for one, two in zip(net.backbone.body(image), theirs(image), strict=True):
            assert torch.equal(one, two)


@pytest.mark.parametrize("backbone", ["convnext_atto", "vit_tiny_patch16_224", "efficientnet_b0"])
def test_other_networks_of_timm_are_read(backbone: str, tmp_path: Path) -> None:
    import timm

    net = network(backbone, tasks="status")
    sized = {"img_size": SIZE} if backbone.startswith("vit") else {}
    load_pretrained(net, saved(tmp_path, dict(timm.create_model(backbone, **sized).state_dict())))
    check_refused(network(backbone, tasks="status"), {"head.fc.weight": torch.zeros(2, 2)}, tmp_path, "names are those")


def test_a_deeper_network_is_not_cut_to_fit(tmp_path: Path) -> None:
    """As ResNet-152 holds every name of ResNet-101, in the same shapes."""
    import timm

    whole = dict(timm.create_model("pvt_v2_b0").state_dict())
    whole["stages.2.blocks.2.norm1.weight"] = whole["stages.2.blocks.1.norm1.weight"]
    net = network("pvt-v2-b0", tasks="status")
    check_refused(net, whole, tmp_path, r"larger network, with stages\.2\.blocks\.2\.norm1\.weight")


# -- Segment Anything --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sam() -> tuple[nn.Module, nn.Module, State]:
    """The prompt encoder and mask decoder of segment_anything, and their state as its checkpoints hold it."""
    from segment_anything.modeling import MaskDecoder, PromptEncoder, TwoWayTransformer

    torch.manual_seed(7)
    prompts = PromptEncoder(embed_dim=256, image_embedding_size=(8, 8), input_image_size=(64, 64), mask_in_chans=16)
    decoder = MaskDecoder(transformer_dim=256, transformer=TwoWayTransformer(2, 256, 8, 2048))
    shaken(prompts)
    shaken(decoder)
    state = {f"prompt_encoder.{key}": value for key, value in prompts.state_dict().items()}
    state |= {f"mask_decoder.{key}": value for key, value in decoder.state_dict().items()}
    return prompts, decoder, {"image_encoder.pos_embed": torch.zeros(1, 4, 4, 8), **state}


@pytest.mark.parametrize("mask_tokens", [1, 2])
def test_the_decoder_of_segment_anything_decodes_the_same(
    mask_tokens: int, sam: tuple[nn.Module, nn.Module, State], tmp_path: Path
) -> None:
    prompts, decoder, state = sam
    net = network(mask_tokens=mask_tokens).eval()
    assert isinstance(net, MultiTaskNet)
    sentence = load_pretrained(net, saved(tmp_path, state))
    assert "Meta" in sentence and "Apache-2.0" in sentence
    features = torch.randn(1, 256, 8, 8)
    with torch.no_grad():
        # Their own parts on our tokens: they have a quality token and more mask tokens, which we leave out.
        tokens = decoder.mask_tokens.weight[None, :mask_tokens]
        dense = prompts.no_mask_embed.weight.reshape(1, -1, 1, 1)
        tokens, pixels = decoder.transformer(features + dense, prompts.get_dense_pe(), tokens)
        upscaled = decoder.output_upscaling(pixels.transpose(1, 2).reshape(1, 256, 8, 8))
        kernels = [decoder.output_hypernetworks_mlps[i](tokens[:, i]) for i in range(mask_tokens)]
        expected = torch.einsum("bkc,bchw->bkhw", torch.stack(kernels, dim=1), upscaled)
        logits, segmentation = net.decoder(features)
    assert (segmentation - upscaled).abs().max() < 1e-5 * upscaled.abs().max()
    assert (logits - expected).abs().max() < 1e-5 * expected.abs().max()


def test_segment_anything_of_transformers_is_the_same_file_in_other_names(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    vision = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "mlp_dim": 8, "image_size": 64}
    config = transformers.SamConfig(
        vision_config={**vision, "global_attn_indexes": []},
        mask_decoder_config={"layer_norm_eps": 1e-5},  # segment_anything's; 1e-6 there by default
    )
    theirs = shaken(transformers.SamModel(config))
    theirs.save_pretrained(tmp_path)
    net = network().eval()
    assert isinstance(net, MultiTaskNet)
    load_pretrained(net, str(tmp_path / "model.safetensors"))
    features = torch.randn(1, 256, 8, 8)
    decoder, positions = theirs.mask_decoder, theirs.shared_image_embedding
    with torch.no_grad():
        grid = (torch.arange(8) + 0.5) / 8
        encoded = positions(torch.stack(torch.meshgrid(grid, grid, indexing="xy"), dim=-1)).permute(2, 0, 1)[None]
        dense = theirs.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        tokens = decoder.mask_tokens.weight[None, None, :1]
        tokens, pixels = decoder.transformer(tokens, features + dense, encoded, attention_similarity=None)[:2]
        pixels = pixels.transpose(2, 3).reshape(1, 256, 8, 8)
        pixels = decoder.activation(decoder.upscale_layer_norm(decoder.upscale_conv1(pixels)))
        upscaled = decoder.activation(decoder.upscale_conv2(pixels))
        kernel = decoder.output_hypernetworks_mlps[0](tokens[:, 0, 0])
        expected = torch.einsum("bc,bchw->bhw", kernel, upscaled)
        logits, _ = net.decoder(features)
    assert (logits[:, 0] - expected).abs().max() < 1e-5 * expected.abs().max()


def test_backbone_and_decoder_may_come_from_two_files(sam: tuple[nn.Module, nn.Module, State], tmp_path: Path) -> None:
    net = network().eval()
    two = f"{saved(tmp_path, segformer_state(), 'mit')}, {saved(tmp_path, sam[2], 'sam')}"
    sentence = load_pretrained(net, two)
    assert "NVIDIA" in sentence and "Meta" in sentence
    check_features(net)
    assert torch.equal(net.state_dict()["decoder.mask_tokens"], sam[1].mask_tokens.weight[:1])


def test_a_network_without_a_mask_decoder_refuses_segment_anything(
    sam: tuple[nn.Module, nn.Module, State], tmp_path: Path
) -> None:
    check_refused(network(tasks="status"), sam[2], tmp_path, "names are those of no published parameters")
