"""What published files call the parameters of our networks.

A style answers one question: under which name, and where in it, does a file hold the parameter that we call so?
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file holds one parameter.

    ``run``: None where the tensor ``name`` is the parameter; else the parameter is the ``run``-th run (from 0) of as
    many rows as it has itself, of a tensor that packs several.
    """

    name: str
    run: int | None = None

    def under(self, prefix: str) -> Origin:
        """The same in a file that puts ``prefix`` before its names."""
        return Origin(prefix + self.name, self.run)


@dataclass(frozen=True, slots=True)
class KeyStyle:
    """``title`` completes "named as in ...". ``origin`` takes our name within the part that is filled, and gives the
    file's without its prefix. ``part``: ``backbone``, ``decoder``, or "" for the whole network.
    """

    title: str
    part: str
    origin: Callable[[str], Origin]


@dataclass(frozen=True, slots=True)
class MitNames:
    """Names in a MiT for stage {i} (from 0), {n} (from 1) and its block {j}; the leaf (weight or bias) follows after a
    dot, or at once after an underscore. ``packed``: the parts of ``parts`` that share a tensor, with their run.
    """

    embed: str
    embed_norm: str
    norm: str
    block: str
    parts: Mapping[str, str]
    packed: Mapping[str, int]

    def origin(self, ours: str) -> Origin:
        """Of ``stages.1.blocks.0.attention.query.weight`` and the like."""
        _, stage, *module, leaf = ours.split(".")
        i = int(stage)
        if module[0] == "blocks":
            part = ".".join(module[2:])
            stem = f"{self.block.format(i=i, n=i + 1, j=module[1])}.{self.parts[part]}"
            return Origin(_with_leaf(stem, leaf), self.packed.get(part))
        stem = {"embed": self.embed, "embed_norm": self.embed_norm, "norm": self.norm}[module[0]]
        return Origin(_with_leaf(stem.format(i=i, n=i + 1), leaf))


def _with_leaf(stem: str, leaf: str) -> str:
    return stem + leaf if stem.endswith("_") else f"{stem}.{leaf}"


_TRANSFORMERS = MitNames(
    embed="patch_embeddings.{i}.proj",
    embed_norm="patch_embeddings.{i}.layer_norm",
    norm="layer_norm.{i}",
    block="block.{i}.{j}",
    parts={
        "attention_norm": "layer_norm_1",
        "attention.query": "attention.self.query",
        "attention.key": "attention.self.key",
        "attention.value": "attention.self.value",
        "attention.out": "attention.output.dense",
        "attention.reduce": "attention.self.sr",
        "attention.reduce_norm": "attention.self.layer_norm",
        "ffn_norm": "layer_norm_2",
        "ffn.expand": "mlp.dense1",
        "ffn.depthwise": "mlp.dwconv.dwconv",
        "ffn.shrink": "mlp.dense2",
    },
    packed={},
)
_TRANSFORMERS_5 = MitNames(
    embed="stages.{i}.patch_embeddings.proj",
    embed_norm="stages.{i}.patch_embeddings.layer_norm",
    norm="stages.{i}.layer_norm",
    block="stages.{i}.blocks.{j}",
    parts={
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
    },
    packed={},
)
_ORIGINAL = MitNames(
    embed="patch_embed{n}.proj",
    embed_norm="patch_embed{n}.norm",
    norm="norm{n}",
    block="block{n}.{j}",
    parts={
        "attention_norm": "norm1",
        "attention.query": "attn.q",
        "attention.key": "attn.kv",
        "attention.value": "attn.kv",
        "attention.out": "attn.proj",
        "attention.reduce": "attn.sr",
        "attention.reduce_norm": "attn.norm",
        "ffn_norm": "norm2",
        "ffn.expand": "mlp.fc1",
        "ffn.depthwise": "mlp.dwconv.dwconv",
        "ffn.shrink": "mlp.fc2",
    },
    packed={"attention.key": 0, "attention.value": 1},
)
_MMSEG = MitNames(
    embed="layers.{i}.0.projection",
    embed_norm="layers.{i}.0.norm",
    norm="layers.{i}.2",
    block="layers.{i}.1.{j}",
    parts={
        "attention_norm": "norm1",
        "attention.query": "attn.attn.in_proj_",
        "attention.key": "attn.attn.in_proj_",
        "attention.value": "attn.attn.in_proj_",
        "attention.out": "attn.attn.out_proj",
        "attention.reduce": "attn.sr",
        "attention.reduce_norm": "attn.norm",
        "ffn_norm": "norm2",
        "ffn.expand": "ffn.layers.0",
        "ffn.depthwise": "ffn.layers.1",
        "ffn.shrink": "ffn.layers.4",
    },
    packed={"attention.query": 0, "attention.key": 1, "attention.value": 2},
)

_SAM_NAMES = (
    (r"upscale\.", "mask_decoder.output_upscaling."),
    (r"hyper\.(\d+)\.0\.", r"mask_decoder.output_hypernetworks_mlps.\1.layers.0."),
    (r"hyper\.(\d+)\.2\.", r"mask_decoder.output_hypernetworks_mlps.\1.layers.1."),
    (r"hyper\.(\d+)\.4\.", r"mask_decoder.output_hypernetworks_mlps.\1.layers.2."),
    (r"mask_tokens$", "mask_decoder.mask_tokens.weight"),
    (r"no_mask$", "prompt_encoder.no_mask_embed.weight"),
    (r"frequencies$", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    (r"transformer\.", "mask_decoder.transformer."),
)
_SAM_IN_TRANSFORMERS = (
    (r"mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
    (r"(mask_decoder\.output_hypernetworks_mlps\.\d+)\.layers\.0\.", r"\1.proj_in."),
    (r"(mask_decoder\.output_hypernetworks_mlps\.\d+)\.layers\.1\.", r"\1.layers.0."),
    (r"(mask_decoder\.output_hypernetworks_mlps\.\d+)\.layers\.2\.", r"\1.proj_out."),
    (r"prompt_encoder\.pe_layer\..*", "shared_image_embedding.positional_embedding"),
    (r"(mask_decoder\.transformer\.layers\.\d+)\.norm(\d)\.", r"\1.layer_norm\2."),
    (r"mask_decoder\.transformer\.norm_final_attn\.", "mask_decoder.transformer.layer_norm_final_attn."),
)


def _sam(ours: str) -> Origin:
    # Of SAM's four mask tokens we take the first as many as we have.
    return Origin(_renamed(ours, _SAM_NAMES), 0 if ours == "mask_tokens" else None)


def _sam_in_transformers(ours: str) -> Origin:
    original = _sam(ours)
    return Origin(_renamed(original.name, _SAM_IN_TRANSFORMERS), original.run)


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    """The name after the first rule that fits its beginning."""
    for pattern, replacement in rules:
        renamed, count = re.subn("^" + pattern, replacement, name)
        if count:
            return renamed
    return name


def _whole_timm(ours: str) -> Origin:
    """Of names in timm's feature networks: they write ``stages_0.`` for ``stages.0.``, or put all under ``model.``"""
    return Origin(re.sub(r"^(?:model\.)?([A-Za-z]\w*?)_(\d+)\.", r"\1.\2.", ours).removeprefix("model."))


def _ours(name: str) -> Origin:
    return Origin(name)


WHOLE = KeyStyle("a model of ALN Desk", "", _ours)
OWN_BACKBONE = KeyStyle("the backbone of a model of ALN Desk", "backbone", _ours)
MIT_STYLES = (
    KeyStyle("SegFormer of transformers", "backbone", _TRANSFORMERS.origin),
    KeyStyle("SegFormer of transformers 5", "backbone", _TRANSFORMERS_5.origin),
    KeyStyle("the authors' SegFormer", "backbone", _ORIGINAL.origin),
    KeyStyle("SegFormer of mmsegmentation", "backbone", _MMSEG.origin),
)
TIMM_STYLES = (
    KeyStyle("timm", "backbone.body", _whole_timm),
    KeyStyle("timm's feature networks", "backbone.body", _ours),
)
SAM_STYLES = (
    KeyStyle("Segment Anything", "decoder", _sam),
    KeyStyle("Segment Anything of transformers", "decoder", _sam_in_transformers),
)
