"""Files of published parameters as the tests make them, and the networks that read them."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from aln_desk.domain.errors import BadModel
from aln_desk.models.build import StageOne, build_mtl
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.pretrained import load_pretrained

State = dict[str, Tensor]
SIZE = 64


def network(backbone: str = "segformer-b0", **options: object) -> StageOne:
    return build_mtl(MtlConfig(backbone=backbone, size=SIZE, **options))  # type: ignore[arg-type]


def saved(folder: Path, state: State, name: str = "published") -> str:
    path = folder / f"{name}.safetensors"
    save_file({key: value.clone().contiguous() for key, value in state.items()}, path)
    return str(path)


def shaken(net: nn.Module) -> nn.Module:
    """Away from its start, where every bias is 0 and every norm 1, so that each parameter matters."""
    for parameter in net.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return net.eval()


@functools.cache
def segformer() -> nn.Module:
    """transformers' SegFormer B0 with a classifier, as NVIDIA's encoders are published."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    return shaken(transformers.SegformerForImageClassification(transformers.SegformerConfig(drop_path_rate=0.0)))


@functools.cache
def segformer_state() -> State:
    """Its state as transformers itself writes it: in the names of the published files."""
    with tempfile.TemporaryDirectory() as folder:
        segformer().save_pretrained(folder)
        return {key: value.clone() for key, value in load_file(Path(folder) / "model.safetensors").items()}


def original_names(state: State) -> State:
    """The same in the authors' names, keys and values packed in one layer."""
    state = {key.removeprefix("segformer.encoder."): value for key, value in state.items()}
    found = {"head.weight": state["classifier.weight"], "head.bias": state["classifier.bias"]}
    rules = [
        (r"patch_embeddings\.(\d)\.proj", "patch_embed{n}.proj"),
        (r"patch_embeddings\.(\d)\.layer_norm", "patch_embed{n}.norm"),
        (r"layer_norm\.(\d)", "norm{n}"),
        (r"block\.(\d)\.(\d+)\.layer_norm_1", "block{n}.{j}.norm1"),
        (r"block\.(\d)\.(\d+)\.layer_norm_2", "block{n}.{j}.norm2"),
        (r"block\.(\d)\.(\d+)\.attention\.self\.query", "block{n}.{j}.attn.q"),
        (r"block\.(\d)\.(\d+)\.attention\.self\.sr", "block{n}.{j}.attn.sr"),
        (r"block\.(\d)\.(\d+)\.attention\.self\.layer_norm", "block{n}.{j}.attn.norm"),
        (r"block\.(\d)\.(\d+)\.attention\.output\.dense", "block{n}.{j}.attn.proj"),
        (r"block\.(\d)\.(\d+)\.mlp\.dense1", "block{n}.{j}.mlp.fc1"),
        (r"block\.(\d)\.(\d+)\.mlp\.dense2", "block{n}.{j}.mlp.fc2"),
        (r"block\.(\d)\.(\d+)\.mlp\.dwconv\.dwconv", "block{n}.{j}.mlp.dwconv.dwconv"),
    ]
    for key, value in state.items():
        for pattern, name in rules:
            if match := re.fullmatch(pattern + r"\.(weight|bias)", key):
                i, *j, leaf = match.groups()
                found[f"{name.format(n=int(i) + 1, j=''.join(j))}.{leaf}"] = value
        if match := re.fullmatch(r"block\.(\d)\.(\d+)\.attention\.self\.key\.(weight|bias)", key):
            i, block, leaf = match.groups()
            packed = torch.cat([value, state[key.replace("self.key", "self.value")]])
            found[f"block{int(i) + 1}.{block}.attn.kv.{leaf}"] = packed
    return found


def mmseg_names(state: State) -> State:
    """The same in mmsegmentation's names: query, key and value packed, linear layers of the FFN as convolutions."""
    found: State = {}
    plain = original_names(state)
    for key, value in plain.items():
        name = re.sub(r"^patch_embed(\d)\.", lambda m: f"layers.{int(m[1]) - 1}.0.", key)
        name = re.sub(r"^block(\d)\.", lambda m: f"layers.{int(m[1]) - 1}.1.", name)
        name = re.sub(r"^norm(\d)\.", lambda m: f"layers.{int(m[1]) - 1}.2.", name)
        name = re.sub(r"(\.0)\.proj\.", r"\1.projection.", name) if key.startswith("patch_embed") else name
        name = name.replace("attn.proj.", "attn.attn.out_proj.")
        if ".attn.kv." in name:
            continue
        if ".attn.q." in name:
            name, value = (
                name.replace("attn.q.", "attn.attn.in_proj_"),
                torch.cat([value, plain[key.replace(".q.", ".kv.")]]),
            )
        if ".mlp.fc" in name and value.dim() == 2:
            value = value[:, :, None, None]
        for old, new in (
            ("mlp.fc1.", "ffn.layers.0."),
            ("mlp.dwconv.dwconv.", "ffn.layers.1."),
            ("mlp.fc2.", "ffn.layers.4."),
        ):
            name = name.replace(old, new)
        found[f"backbone.{name}"] = value
    return found


def check_features(net: StageOne) -> None:
    image = torch.randn(2, 3, SIZE, SIZE)
    with torch.no_grad():
        maps = net.backbone(image)
        expected = segformer()(image, output_hidden_states=True).hidden_states
    for one, two in zip(maps, expected, strict=True):
        assert (one - two).abs().max() < 1e-5 * max(1.0, float(two.abs().max()))


def check_refused(net: StageOne, state: State, folder: Path, what: str) -> None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(BadModel, match=what):
        load_pretrained(net, saved(folder, state))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
