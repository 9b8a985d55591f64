"""A Segment Anything of 128 px, untrained and half a megabyte small, and its file in both styles of names."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from torch import Tensor, nn

State = dict[str, Tensor]
GRID, SIDE = 8, 128

TRANSFORMERS = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"vision_encoder\.patch_embed\.proj", "vision_encoder.patch_embed.projection"),
    (r"vision_encoder\.blocks\.(\d+)\.norm", r"vision_encoder.layers.\1.layer_norm"),
    (r"vision_encoder\.blocks", "vision_encoder.layers"),
    (r"vision_encoder\.neck\.0", "vision_encoder.neck.conv1"),
    (r"vision_encoder\.neck\.1", "vision_encoder.neck.layer_norm1"),
    (r"vision_encoder\.neck\.2", "vision_encoder.neck.conv2"),
    (r"vision_encoder\.neck\.3", "vision_encoder.neck.layer_norm2"),
    (r"prompt_encoder\.pe_layer\..*", "shared_image_embedding.positional_embedding"),
    (r"point_embeddings", "point_embed"),
    (r"mask_downscaling\.0", "mask_embed.conv1"),
    (r"mask_downscaling\.1", "mask_embed.layer_norm1"),
    (r"mask_downscaling\.3", "mask_embed.conv2"),
    (r"mask_downscaling\.4", "mask_embed.layer_norm2"),
    (r"mask_downscaling\.6", "mask_embed.conv3"),
    (r"output_upscaling\.0", "upscale_conv1"),
    (r"output_upscaling\.1", "upscale_layer_norm"),
    (r"output_upscaling\.3", "upscale_conv2"),
    (r"(mlps\.\d|iou_prediction_head)\.layers\.0", r"\1.proj_in"),
    (r"(mlps\.\d|iou_prediction_head)\.layers\.1", r"\1.layers.0"),
    (r"(mlps\.\d|iou_prediction_head)\.layers\.2", r"\1.proj_out"),
    (r"(transformer\.layers\.\d)\.norm(\d)", r"\1.layer_norm\2"),
    (r"norm_final_attn", "layer_norm_final_attn"),
)


def tiny_sam(seed: int = 0, width: int = 32, depth: int = 3, grid: int = GRID) -> Any:
    """Its parameters are away from their start, where biases are 0 and norms are 1, so that each of them matters."""
    torch.manual_seed(seed)
    encoder = ImageEncoderViT(
        img_size=grid * 16,
        embed_dim=width,
        depth=depth,
        num_heads=2,
        mlp_ratio=0.5,
        out_chans=32,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=3,
        global_attn_indexes=(1,),
    )
    transformer = TwoWayTransformer(depth=2, embedding_dim=32, num_heads=8, mlp_dim=48)
    net = Sam(
        encoder,
        PromptEncoder(32, (grid, grid), (grid * 16, grid * 16), 16),
        MaskDecoder(transformer_dim=32, transformer=transformer, iou_head_hidden_dim=24),
    )
    for parameter in net.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return net.eval()


def renamed(state: State) -> State:
    """In the names of transformers."""
    found = {}
    for name, value in state.items():
        for pattern, replacement in TRANSFORMERS:
            name = re.sub(pattern, replacement, name)
        found[name] = value
    return found


def written(path: Path, state: State) -> Path:
    """The file of a state."""
    save_file({name: value.clone().contiguous() for name, value in state.items()}, path)
    return path


def tiny_file(folder: Path, seed: int = 0) -> Path:
    """A checkpoint as a user has one; another seed gives other masks and another digest."""
    return written(folder / f"tiny {seed}.safetensors", dict(tiny_sam(seed).state_dict()))
