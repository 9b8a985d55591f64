"""Published parameters into a network: from a local safetensors file, or downloaded when the user allows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.models.build import StageOne
from aln_desk.models.key_styles import MIT_STYLES, OWN_BACKBONE, SAM_STYLES, TIMM_STYLES, WHOLE, KeyStyle, Origin
from aln_desk.models.mit import MixTransformer
from aln_desk.models.mtl import MultiTaskNet
from aln_desk.models.published import HUB_FILE, SEGMENT_ANYTHING, licence, published, sentence
from aln_desk.models.timm_backbone import TimmBackbone

__all__ = ["licence", "load_pretrained"]

DOWNLOAD = "timm"
"""The source that stands for timm's own files."""

_PICKLES = {".pth", ".pt", ".bin", ".ckpt", ".pkl", ".tar"}
_CONVERT = (
    'python -c "import sys, torch, safetensors.torch as s; '
    "p = torch.load(sys.argv[1], map_location='cpu', weights_only=True); "
    "p = p.get('state_dict', p.get('model', p)); "
    's.save_file({k: v.clone().contiguous() for k, v in p.items() if torch.is_tensor(v)}, sys.argv[2])"'
)


def load_pretrained(net: StageOne, source: str, *, allow_download: bool = False) -> str:
    """Fill ``net`` in place; returns what was filled and under which licence it was published.

    ``source``: a safetensors file of published parameters, or ``timm`` for those that timm would take, which needs
    ``allow_download``: without, no connection is opened. Several, separated by commas, are read in turn, such as a
    backbone and a mask decoder.

    A file's names tell what it is: ``mtl.safetensors`` of a model of ours (read whole where the networks have the same
    parts, else its backbone), SegFormer's encoder (in the names of transformers, of its authors or of mmsegmentation),
    a network of timm, or Segment Anything, of which the mask decoder is taken. Its other tensors, such as a
    classifier, are left out.

    Raises `BadSetting` for a source that cannot be read as it is, `BadModel` for a file that does not fit the network;
    the network is then as it was before that file.
    """
    sources = [source] if Path(source).exists() else [part.strip() for part in source.split(",")]
    return " ".join(_load(net, one, allow_download) for one in sources)


def _load(net: StageOne, source: str, allow_download: bool) -> str:
    path = _downloaded(net.config.backbone, allow_download) if source == DOWNLOAD else Path(source).expanduser()
    with _opened(path) as file:
        keys = set(file.keys())
        style, prefix = _recognised(net, path, keys)
        target = _target(net, style)
        origins = {name: style.origin(name).under(prefix) for name in target}
        _check_names(path, style, {origin.name for origin in origins.values()}, keys)
        values = {name: _cut(file.get_tensor(origin.name), origin, target[name]) for name, origin in origins.items()}
    _check_shapes(path, origins, values, target)
    with torch.no_grad():
        for name, value in values.items():
            target[name].copy_(value.reshape(target[name].shape))
    return f"{len(values)} parameters were read from {path}, named as in {style.title}. {_terms(net, style)}"


def _target(net: StageOne, style: KeyStyle) -> dict[str, Tensor]:
    """The parameters and buffers that a file of that style fills, by our names; not the counts of batches in norms,
    which older files lack and nothing reads.
    """
    part = net.get_submodule(style.part).state_dict()
    return {name: value for name, value in part.items() if not name.endswith("num_batches_tracked")}


def _downloaded(backbone: str, allowed: bool) -> Path:
    found = published(backbone)
    if found is None or found.hub is None:
        raise BadSetting(f"timm has no parameters for {backbone}; give a file. {licence(backbone)}")
    fetch = f"fetch {HUB_FILE} from {found.where} and give it with --set pretrained=FILE"
    if not allowed:
        raise BadSetting(f"Downloading parameters needs your permission; allow it, or {fetch}. {licence(backbone)}")
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(found.hub, HUB_FILE))
    except Exception as error:  # each version of the client has errors of its own for a network that fails
        reason = str(error).partition("\n")[0]
        raise BadSetting(
            f"The parameters could not be downloaded ({reason}); where there is a network, {fetch}."
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The open safetensors file: tensors are read when asked for, which of a large file are few."""
    if not path.is_file():
        raise BadSetting(f"There is no file {path}; give a safetensors file, or '{DOWNLOAD}' to download one.")
    if path.suffix.lower() in _PICKLES:
        wanted = path.with_suffix(".safetensors")
        raise BadSetting(
            f"{path} is a pickle, which can hide a program and is not opened; if you trust who made it, convert it "
            f'once and give the new file: {_CONVERT} "{path}" "{wanted}"'
        )
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise BadModel(f"{path}: this is no safetensors file that can be read ({error}); fetch it again.") from error


def _recognised(net: StageOne, path: Path, keys: set[str]) -> tuple[KeyStyle, str]:
    """The style that explains the largest share of a part of the network, and the prefix of the file's names."""
    best: tuple[KeyStyle, str] | None = None
    largest = 0.0
    for style in _styles(net, keys):
        names = [style.origin(name).name for name in _target(net, style)]
        for prefix in _prefixes(names[0], keys):
            share = sum(prefix + name in keys for name in names) / len(names)
            if share > largest:
                best, largest = (style, prefix), share
    if best is None:
        raise BadModel(
            f"{path}: its names are those of no published parameters for {net.config.backbone}; choose another."
        )
    return best


def _styles(net: StageOne, keys: set[str]) -> list[KeyStyle]:
    """Those that could fill a part of the network; where two explain as much, the first is meant. Of a model of ours
    with other heads, the backbone is taken.
    """
    styles = [WHOLE if keys == set(net.state_dict()) else OWN_BACKBONE]
    if isinstance(net.backbone, MixTransformer):
        styles += MIT_STYLES
    if isinstance(net.backbone, TimmBackbone):
        styles += TIMM_STYLES
    if isinstance(net, MultiTaskNet):
        styles += SAM_STYLES
    return styles


def _prefixes(name: str, keys: set[str]) -> list[str]:
    """What stands before ``name`` in the keys that end with it as a whole."""
    found = {key.removesuffix(name) for key in keys if key.endswith(name)}
    return sorted(prefix for prefix in found if not prefix or prefix.endswith("."))


def _check_names(path: Path, style: KeyStyle, wanted: set[str], keys: set[str]) -> None:
    """Nothing is absent, and of what is numbered there is not more than the network has: a deeper network's file holds
    every name of a shallower one.
    """
    absent = sorted(wanted - keys)
    if absent:
        raise BadModel(f"{path} lacks {_first(absent)}; choose the file that was published for this network.")
    numbered = {_without_numbers(name) for name in wanted}
    surplus = sorted(key for key in keys - wanted if _without_numbers(key) in numbered)
    if surplus and style not in SAM_STYLES:  # which has more mask tokens than we
        raise BadModel(f"{path} is of a larger network, with {_first(surplus)}; choose the file of this one's size.")


def _without_numbers(name: str) -> str:
    return ".".join("#" if part.isdigit() else part for part in name.split("."))


def _cut(tensor: Tensor, origin: Origin, like: Tensor) -> Tensor:
    if origin.run is None or tensor.dim() == 0:
        return tensor
    rows = len(like)
    return tensor[origin.run * rows : (origin.run + 1) * rows]


def _check_shapes(
    path: Path, origins: Mapping[str, Origin], values: Mapping[str, Tensor], target: Mapping[str, Tensor]
) -> None:
    unfit = [n for n, v in values.items() if _sides(v) != _sides(target[n]) or not v.is_floating_point()]
    if unfit:
        first = unfit[0]
        raise BadModel(
            f"{path}: {origins[first].name} is {_described(values[first])}, where the network has "
            f"{_described(target[first])} ({len(unfit)} do not fit in all); choose the file that was published for "
            "this network and 3 colours."
        )


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of the shape {tuple(tensor.shape)}"


def _sides(tensor: Tensor) -> list[int]:
    """The shape without sides of 1: a linear layer may be kept as a 1x1 convolution, a vector as a table of one row."""
    return [side for side in tensor.shape if side != 1]


def _first(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def _terms(net: StageOne, style: KeyStyle) -> str:
    if style in SAM_STYLES:
        return sentence("Segment Anything", SEGMENT_ANYTHING)
    if style in (WHOLE, OWN_BACKBONE):
        return "The licence is that of the model they come from."
    return licence(net.config.backbone)
