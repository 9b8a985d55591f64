"""Segment Anything (Kirillov et al. 2023) from a safetensors file: the networks of the `segment_anything` package.

A file's shapes tell how large its network is. Its names are those of segment_anything itself, or of transformers.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from segment_anything.modeling.image_encoder import get_rel_pos
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.domain.errors import BadModel
from aln_desk.models.key_styles import SAM_STYLES
from aln_desk.models.sam_decoder import SamDecoder

_SIZES = {768: "ViT-B", 1024: "ViT-L", 1280: "ViT-H"}
_HEADS = 8
"""Attention heads of the mask decoder, which no shape tells; all published files have so many."""
_ROWS = 4
"""Rows of the grid whose attention to all places is computed at once."""
_FRACTIONAL = {"F64", "F32", "F16", "BF16"}
_NAMED = 3
"""Names that an error tells."""

_WHERE = "model.safetensors of facebook/sam-vit-base, sam-vit-large or sam-vit-huge from huggingface.co"
_PICKLES = {".pth", ".pt", ".bin", ".ckpt", ".pkl"}
_CONVERT = (
    'python -c "import sys, torch, safetensors.torch as s; '
    "s.save_file({k: v.contiguous() for k, v in torch.load(sys.argv[1], weights_only=True, map_location='cpu')"
    '.items()}, sys.argv[2])"'
)

_IN_TRANSFORMERS = (
    (r"image_encoder\.patch_embed\.proj\.", "vision_encoder.patch_embed.projection."),
    (r"image_encoder\.blocks\.(\d+)\.norm(\d)\.", r"vision_encoder.layers.\1.layer_norm\2."),
    (r"image_encoder\.blocks\.", "vision_encoder.layers."),
    (r"image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"image_encoder\.", "vision_encoder."),
    (r"prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"mask_decoder\.iou_prediction_head\.layers\.0\.", "mask_decoder.iou_prediction_head.proj_in."),
    (r"mask_decoder\.iou_prediction_head\.layers\.1\.", "mask_decoder.iou_prediction_head.layers.0."),
    (r"mask_decoder\.iou_prediction_head\.layers\.2\.", "mask_decoder.iou_prediction_head.proj_out."),
)
_DECODER_IN_TRANSFORMERS = SAM_STYLES[1]
_KNOWN_TWICE = "prompt_encoder.shared_embedding.positional_embedding"
"""Some files of transformers hold the positions' frequencies under this name too."""


@dataclass(frozen=True, slots=True, eq=False)
class SamModel:
    """The networks in evaluation mode on ``device``: segment_anything's, with our `RowwiseAttention` and `SamDecoder`.

    ``name``: ViT-B, ViT-L or ViT-H. ``digest`` names the file by its content. ``size``: side in pixels of the square
    that the encoder reads. ``places`` (1, C, g, g): the positions of the image's grid, as the decoder wants them.
    """

    net: Any
    name: str
    digest: str
    device: torch.device
    size: int
    places: Tensor


def load_sam(path: Path, device: torch.device) -> SamModel:
    """The network that a safetensors file holds, of whatever size; numbers become float32.

    Raises `BadModel`, in a sentence that names the file, for a pickle, which could hide a program, for a file of other
    networks, and for one that lacks parameters, has more of them, or has them in shapes that do not belong together.
    """
    with _opened(path) as handle:
        file = _File(path, handle)
        net = _network(file)
        target = net.state_dict()
        _check(file, target)
        state = {name: handle.get_tensor(file.name(name)).float() for name in target}
    net.load_state_dict(state, strict=True, assign=True)
    net.mask_decoder = SamDecoder(net.mask_decoder)
    for block in net.image_encoder.blocks:
        if block.window_size == 0:
            block.attn = RowwiseAttention(block.attn)
    net.eval().requires_grad_(False).to(device)
    width = int(net.image_encoder.pos_embed.shape[-1])
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:12]
    return SamModel(
        net=net,
        name=_SIZES.get(width, f"ViT of width {width}"),
        digest=digest,
        device=device,
        size=int(net.image_encoder.img_size),
        places=net.prompt_encoder.get_dense_pe(),
    )


class RowwiseAttention(nn.Module):
    """segment_anything's attention from every place to every place, some rows of the grid at a time.

    The same numbers in a third of the time: the table of all pairs, 0.8 GB in ViT-B, is never whole in the memory.
    """

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self._whole = attention

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> the same shape."""
        whole: Any = self._whole
        batch, height, width, channels = x.shape
        qkv = whole.qkv(x).reshape(batch, height * width, 3, whole.num_heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, H * W, C / heads)
        across = get_rel_pos(width, width, whole.rel_pos_w).to(query.dtype)  # (W, W, C / heads)
        down = get_rel_pos(height, height, whole.rel_pos_h).to(query.dtype)
        found = []
        for top in range(0, height, _ROWS):
            some = query[:, :, top * width : (top + _ROWS) * width]
            grid = some.unflatten(2, (-1, width))
            by_row = torch.einsum("bnhwc,hkc->bnhwk", grid, down[top : top + _ROWS])
            by_column = torch.einsum("bnhwc,wkc->bnhwk", grid, across)
            bias = (by_row[..., :, None] + by_column[..., None, :]).flatten(4).flatten(2, 3)
            found.append(F.scaled_dot_product_attention(some, key, value, attn_mask=bias, scale=whole.scale))
        joined: Tensor = whole.proj(torch.cat(found, dim=2).transpose(1, 2).reshape(batch, height, width, channels))
        return joined


class _File:
    """A file's names and shapes, asked for by segment_anything's names."""

    def __init__(self, path: Path, handle: Any) -> None:
        self.path = path
        self.keys = set(handle.keys())
        self._handle = handle
        self._renamed = any(key.startswith("vision_encoder.") for key in self.keys)
        if not self._renamed and not any(key.startswith("image_encoder.") for key in self.keys):
            found = f"begin with {_first(sorted(self.keys))}" if self.keys else "are none"
            raise BadModel(f"{path}: this is no file of Segment Anything, its names {found}; fetch {_WHERE}.")

    def name(self, ours: str) -> str:
        """What the file calls a parameter."""
        return _in_transformers(ours) if self._renamed else ours

    def shape(self, ours: str) -> tuple[int, ...]:
        """Raises `BadModel` where the file lacks it."""
        if self.name(ours) not in self.keys:
            raise BadModel(f"{self.path} lacks {self.name(ours)}; fetch {_WHERE}.")
        return tuple(self._slice(ours).get_shape())

    def holds(self, ours: str, like: Tensor) -> bool:
        """Whether it is a tensor of fractional numbers in that shape."""
        return self.shape(ours) == tuple(like.shape) and self._slice(ours).get_dtype() in _FRACTIONAL

    def count(self, ours: str) -> int:
        """How many of the numbered parameters there are, from 0 on; ``ours`` has ``{}`` for the number."""
        return next(i for i in itertools.count() if self.name(ours.format(i)) not in self.keys)

    def _slice(self, ours: str) -> Any:
        return self._handle.get_slice(self.name(ours))


def _in_transformers(ours: str) -> str:
    for pattern, replacement in _IN_TRANSFORMERS:
        renamed, count = re.subn("^" + pattern, replacement, ours)
        if count:
            return renamed
    return _DECODER_IN_TRANSFORMERS.origin(ours).name  # names of the decoder, which `key_styles` knows


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise BadModel(f"There is no file {path}; choose another checkpoint of Segment Anything.")
    if path.suffix.lower() in _PICKLES:
        raise BadModel(
            f"{path} is a pickle, which can hide a program and is not opened; fetch {_WHERE}, or if you trust who made "
            f'it, convert it once and choose the new file: {_CONVERT} "{path}" "{path.with_suffix(".safetensors")}"'
        )
    try:
        with safe_open(path, framework="pt") as handle:
            yield handle
    except (SafetensorError, OSError) as error:
        raise BadModel(f"{path}: this is no safetensors file that can be read ({error}); fetch {_WHERE}.") from error


def _network(file: _File) -> Any:
    """A network of the file's shapes, without memory for its parameters."""
    try:
        with torch.device("meta"):
            parts = _encoder(file), _prompt_encoder(file), _decoder(file)
    except (ValueError, TypeError, IndexError, ZeroDivisionError, AssertionError, RuntimeError) as error:
        raise BadModel(
            f"{file.path}: its shapes are those of no network of Segment Anything; fetch {_WHERE}."
        ) from error
    return Sam(*parts)  # here, not above: its mean and deviation are no part of the file


def _encoder(file: _File) -> Any:
    _, grid, _, width = file.shape("image_encoder.pos_embed")
    depth = file.count("image_encoder.blocks.{}.norm1.weight")
    tables = [file.shape(f"image_encoder.blocks.{i}.attn.rel_pos_h") for i in range(depth)]
    reach = [(rows + 1) // 2 for rows, _ in tables]  # of an attention: the whole grid or a window
    patch = file.shape("image_encoder.patch_embed.proj.weight")[-1]
    return ImageEncoderViT(
        img_size=grid * patch,
        patch_size=patch,
        embed_dim=width,
        depth=depth,
        num_heads=width // tables[0][1],
        mlp_ratio=file.shape("image_encoder.blocks.0.mlp.lin1.weight")[0] / width,
        out_chans=_channels(file),
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=next((side for side in reach if side != grid), 0),
        global_attn_indexes=tuple(i for i, side in enumerate(reach) if side == grid),
    )


def _prompt_encoder(file: _File) -> Any:
    grid = file.shape("image_encoder.pos_embed")[1]
    size = grid * file.shape("image_encoder.patch_embed.proj.weight")[-1]
    between = file.shape("prompt_encoder.mask_downscaling.3.weight")[0]
    return PromptEncoder(_channels(file), (grid, grid), (size, size), between)


def _decoder(file: _File) -> Any:
    channels = _channels(file)
    layers = "mask_decoder.transformer.layers"
    transformer = TwoWayTransformer(
        depth=file.count(layers + ".{}.norm1.weight"),
        embedding_dim=channels,
        num_heads=_HEADS,
        mlp_dim=file.shape(f"{layers}.0.mlp.lin1.weight")[0],
    )
    return MaskDecoder(
        transformer_dim=channels,
        transformer=transformer,
        num_multimask_outputs=file.shape("mask_decoder.mask_tokens.weight")[0] - 1,
        iou_head_hidden_dim=file.shape("mask_decoder.iou_prediction_head.layers.0.weight")[0],
    )


def _channels(file: _File) -> int:
    return file.shape("image_encoder.neck.0.weight")[0]


def _check(file: _File, target: dict[str, Tensor]) -> None:
    wanted = {file.name(name): tuple(value.shape) for name, value in target.items()}
    if absent := sorted(set(wanted) - file.keys):
        raise BadModel(f"{file.path} lacks {_first(absent)}; fetch {_WHERE}.")
    if surplus := sorted(file.keys - set(wanted) - {_KNOWN_TWICE}):
        raise BadModel(f"{file.path} has more than Segment Anything, {_first(surplus)}; fetch {_WHERE}.")
    if unfit := sorted(file.name(name) for name, value in target.items() if not file.holds(name, value)):
        raise BadModel(f"{file.path}: {_first(unfit)} do not fit the other parameters; fetch {_WHERE}.")


def _first(names: list[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest
