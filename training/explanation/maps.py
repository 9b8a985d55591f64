"""Stage 1's evidence maps, of the network as it is used, without its mask attention, and with parameters drawn anew."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aln_desk.models import looks
from aln_desk.models.build import StageOne, build_mtl, precision
from aln_desk.models.mtl import MtlOutput, MultiTaskNet
from aln_desk.models.preprocess import Preprocess

BATCH = 16
_LEAST_PARTS = 4

Pixels = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Of N images: ``logit`` (N,) of the status, ``evidence`` (N, h, w) in logits, ``token`` (N, D); float32.

    The evidence is the CAM without what comes from no place, the bias and the lesion type's vector, which the CAM
    spreads evenly: that says nothing of where.
    """

    logit: Map
    evidence: Map
    token: Map


@torch.inference_mode()
def read(net: StageOne, preprocess: Preprocess, squares: Pixels) -> Maps:
    """Maps of (N, S, S, 3) uint8 RGB squares, N >= 1, by a network in evaluation mode, on its device."""
    device = next(net.parameters()).device
    parts: list[tuple[Map, Map, Map]] = []
    for start in range(0, len(squares), BATCH):
        pixels = torch.from_numpy(np.array(squares[start : start + BATCH])).to(device).permute(0, 3, 1, 2)
        with precision(device):
            found = _look(net, preprocess.normalise(pixels))
        logit, local, token = map(_array, found)
        parts.append((logit, local, token))
    return Maps(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _look(net: StageOne, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Status logits, evidence and tokens of normalised images, over both looks where the network is used so."""
    output = net(image)
    local = output.cam - _from_nowhere(net, output)[:, None, None]
    if not looks.averages(net):
        return output.status_logit, local, output.token
    other = net(image.flip(3))
    mirrored = (other.cam - _from_nowhere(net, other)[:, None, None]).flip(2)
    return (
        (output.status_logit + other.status_logit) / 2,
        (local + mirrored) / 2,
        (output.token + other.token) / 2,
    )


def without_attention(net: StageOne) -> StageOne | None:
    """The same network with an attention that is even over the image; None for one that has no attention.

    An infinite temperature takes every mask logit to 0. The parameters are shared, not copied.
    """
    if not isinstance(net, MultiTaskNet):
        return None
    twin = copy.copy(net)
    twin.config = replace(net.config, temperature=math.inf)
    return twin


def cascade(net: StageOne, seed: int) -> Iterator[tuple[str, StageOne]]:
    """The network with its blocks drawn anew as before a training, one after another from the output to the input
    (cascading randomisation, Adebayo et al. 2018): the block drawn last, and the network so far, changed further by
    the next step.

    ``net`` itself stays as it is. The last one, ``everything``, has no trained parameter left.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = build_mtl(net.config)
    changed = copy.deepcopy(net)
    for name in blocks(net):
        changed.get_submodule(name).load_state_dict(fresh.get_submodule(name).state_dict())
        yield name, changed
    changed.load_state_dict(fresh.state_dict())
    yield "everything", changed


def blocks(net: StageOne) -> list[str]:
    """Names of the submodules on the way from the CAM back to the image: the backbone's first block comes last."""
    heads = [name for name in ("status_head", "decoder", "neck") if hasattr(net, name)]
    return heads + _parts(net.backbone, "backbone")[::-1]


def _parts(module: nn.Module, name: str) -> list[str]:
    """The parts with parameters of a backbone, in the order of computation; lists of parts are taken apart, and
    sequences too where there would be fewer than four.
    """
    children = [(f"{name}.{key}", one) for key, one in module.named_children() if any(True for _ in one.parameters())]
    if len(children) == 1:
        return _parts(children[0][1], children[0][0])
    for lists in ((nn.ModuleList, nn.ModuleDict), (nn.ModuleList, nn.ModuleDict, nn.Sequential)):
        found = [_parts(child, key) if isinstance(child, lists) else [key] for key, child in children]
        parts = [key for keys in found for key in keys]
        if len(parts) >= _LEAST_PARTS:
            break
    return parts or [name]


def _from_nowhere(net: StageOne, output: MtlOutput) -> Tensor:
    """(B,) what the CAM spreads evenly over each image, in logits."""
    if isinstance(net, MultiTaskNet):
        vector = net.from_no_place(output.lesion_logit, output.mask_logits)
        even: Tensor = net.status_head(vector).squeeze(1)
        return even
    return net.status_head.bias.expand(len(output.cam))


def _array(values: Tensor) -> Map:
    return values.float().cpu().numpy()
