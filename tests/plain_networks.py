"""The networks as the papers' formulas read, on the parameters of ours: slow, obvious, and without our short cuts.

The reference of the tests (same outputs, same gradients) and of the benchmarks (how much faster). Maps are
(B, C, h, w), tokens (B, N, C), and every attention is written out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from aln_desk.models.mask_decoder import MaskDecoder
from aln_desk.models.mit import Block, EfficientAttention, MixTransformer, Stage
from aln_desk.models.mtl import MtlOutput, MultiTaskNet
from aln_desk.models.neck import NECK_STRIDE, Neck
from aln_desk.models.two_way import Attention, TwoWayBlock


def mtl(net: MultiTaskNet, image: Tensor) -> MtlOutput:
    """Stage 1 on a SegFormer backbone, pooling by area or attention, without lesion-type vectors."""
    assert isinstance(net.backbone, MixTransformer) and not net.config.type_tokens
    features = neck(net.neck, mit(net.backbone, image), image.shape[-1])
    mask_logits, segmentation = mask_decoder(net.decoder, features)
    attention = torch.sigmoid(mask_logits.amax(1, keepdim=True) / net.config.temperature).detach()
    coarse = _resize(attention, features.shape[-1])
    if net.config.pooling == "attention":
        attention = attention / attention.mean((2, 3), keepdim=True).clamp_min(1e-6)
        coarse = coarse / coarse.mean((2, 3), keepdim=True).clamp_min(1e-6)
    attended = features * coarse
    token = attended.mean((2, 3))
    head = net.status_head
    return MtlOutput(
        mask_logits=_resize(mask_logits, image.shape[-1]),
        lesion_logit=net.lesion_head((segmentation * attention).mean((2, 3))).squeeze(1),
        status_logit=head(token).squeeze(1),
        cam=(attended * head.weight[0][:, None, None]).sum(1) + head.bias,
        token=token,
    )


def neck(net: Neck, maps: Sequence[Tensor], size: int) -> Tensor:
    """All maps side by side on the stride-8 grid, then the 1x1 convolution."""
    mixed: Tensor = net.mix(torch.cat([_resize(m, size // NECK_STRIDE) for m in maps], dim=1))
    return mixed


def mit(net: MixTransformer, image: Tensor) -> list[Tensor]:
    """The four maps of SegFormer's encoder."""
    maps = []
    for stage in net.stages:
        assert isinstance(stage, Stage)
        grid = stage.embed(image)
        tokens = stage.embed_norm(_tokens(grid))
        for block in stage.blocks:
            tokens = _mit_block(block, tokens, *grid.shape[2:])
        image = _grid(stage.norm(tokens), *grid.shape[2:])
        maps.append(image)
    return maps


def _mit_block(block: Block, tokens: Tensor, height: int, width: int) -> Tensor:
    tokens = tokens + _mit_attention(block.attention, block.attention_norm(tokens), height, width)
    hidden = block.ffn.expand(block.ffn_norm(tokens))
    hidden = F.gelu(_tokens(block.ffn.depthwise(_grid(hidden, height, width))))
    mixed: Tensor = tokens + block.ffn.shrink(hidden)
    return mixed


def _mit_attention(net: EfficientAttention, tokens: Tensor, height: int, width: int) -> Tensor:
    source = tokens
    if net.reduce is not None:
        source = net.reduce_norm(_tokens(net.reduce(_grid(tokens, height, width))))
    seen = _softmax_attention(net.query(tokens), net.key(source), net.value(source), net.heads)
    attended: Tensor = net.out(seen)
    return attended


def mask_decoder(net: MaskDecoder, features: Tensor) -> tuple[Tensor, Tensor]:
    """Mask logits (B, K, 4h, 4w) and the segmentation feature (B, C / 8, 4h, 4w)."""
    batch, _, height, width = features.shape
    positions = net.positions(height, width).expand(batch, -1, -1)
    start = net.mask_tokens.expand(batch, -1, -1)
    tokens, pixels = start, _tokens(features + net.no_mask[:, None, None])
    for at, block in enumerate(net.transformer.layers):
        tokens, pixels = _two_way_block(block, tokens, pixels, start, positions, first=at == 0)
    final = net.transformer.final_attn_token_to_image
    tokens = tokens + _projected(final, tokens + start, pixels + positions, pixels)
    tokens = net.transformer.norm_final_attn(tokens)
    first, norm, _, second, _ = net.upscale
    maps = first(_grid(pixels, height, width))
    maps = F.gelu(norm(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
    segmentation = F.gelu(second(maps))
    kernels = torch.stack([mlp(tokens[:, i]) for i, mlp in enumerate(net.hyper)], dim=1)
    return torch.einsum("bkc,bchw->bkhw", kernels, segmentation), segmentation


def _two_way_block(
    block: TwoWayBlock, tokens: Tensor, pixels: Tensor, start: Tensor, positions: Tensor, first: bool
) -> tuple[Tensor, Tensor]:
    if first:
        tokens = block.norm1(_projected(block.self_attn, tokens, tokens, tokens))
    else:
        asking = tokens + start
        tokens = block.norm1(tokens + _projected(block.self_attn, asking, asking, tokens))
    seen = _projected(block.cross_attn_token_to_image, tokens + start, pixels + positions, pixels)
    tokens = block.norm2(tokens + seen)
    tokens = block.norm3(tokens + block.mlp(tokens))
    told = _projected(block.cross_attn_image_to_token, pixels + positions, tokens + start, tokens)
    return tokens, block.norm4(pixels + told)


def _projected(net: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    seen = _softmax_attention(net.q_proj(query), net.k_proj(key), net.v_proj(value), net.heads)
    out: Tensor = net.out_proj(seen)
    return out


def _softmax_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Scaled dot-product attention of projected tokens (B, N, C) and (B, M, C), in ``heads`` parts of C."""
    query, key, value = (t.unflatten(2, (heads, -1)).transpose(1, 2) for t in (query, key, value))
    weight = (query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])).softmax(-1)
    return (weight @ value).transpose(1, 2).flatten(2)


def _tokens(grid: Tensor) -> Tensor:
    return grid.flatten(2).transpose(1, 2).contiguous()


def _grid(tokens: Tensor, height: int, width: int) -> Tensor:
    return tokens.transpose(1, 2).unflatten(2, (height, width)).contiguous()


def _resize(maps: Tensor, side: int) -> Tensor:
    return F.interpolate(maps, (side, side), mode="bilinear", align_corners=False)
