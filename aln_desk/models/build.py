"""Networks from their configurations, a whole model to and from its folder, and the device to run on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aln_desk import __version__
from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.domain.presets import DEVICES
from aln_desk.io import checkpoint
from aln_desk.models.mil import BagTransformer, MilConfig
from aln_desk.models.mtl import TOKEN_DIM, MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess

StoredDtype = Literal["float32", "float16"]
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """Both networks in evaluation mode on ``device``, and all else a verdict needs.

    ``threshold``: score from which a patient is positive. A model of stage 1 alone has neither ``mil`` nor
    ``threshold``: it finds lesions and gives no verdict. ``digest`` names the model everywhere; ``name`` is
    for people. ``manifest`` is the model's own description, whole.
    """

    mtl: MultiTaskNet
    mil: BagTransformer | None
    preprocess: Preprocess
    threshold: float | None
    manifest: Mapping[str, Any]
    digest: str
    name: str
    device: torch.device


def to_logit(score: float) -> float:
    """The logit of a score, kept within +-14; of the threshold, it is the baseline of the images' shares."""
    kept = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def build_mtl(config: MtlConfig) -> MultiTaskNet:
    """Stage 1 with fresh parameters, drawn from torch's global generator."""
    return MultiTaskNet(config)


def build_mil(config: MilConfig) -> BagTransformer:
    """Stage 2 with fresh parameters, drawn from torch's global generator."""
    return BagTransformer(config)


def choose_device(name: str) -> torch.device:
    """``auto`` is CUDA, else Apple's MPS, else the CPU. Raises `BadSetting` for an absent device."""
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if present[kind])
    if name not in present:
        raise BadSetting(f"There is no device '{name}'; choose one of {', '.join(DEVICES)}.")
    if not present[name]:
        raise BadSetting(f"This computer has no '{name}' device that can be used; choose auto or cpu.")
    return torch.device(name)


def precision(device: torch.device) -> torch.autocast:
    """bfloat16 autocast where the device is fast at it (CUDA), else full precision; the same in training and use."""
    enabled = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def round_to(net: nn.Module, dtype: StoredDtype) -> None:
    """Round parameters and buffers in place to what ``dtype`` holds: the saved network is then the one measured."""
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.to(getattr(torch, dtype)))


def save_model(
    folder: Path,
    mtl: MultiTaskNet,
    mil: BagTransformer | None,
    preprocess: Preprocess,
    threshold: float | None,
    fields: Mapping[str, Any],
    dtype: StoredDtype = "float32",
) -> str:
    """Write a model to ``folder`` (made if absent, files there replaced) and return its digest.

    ``mil`` and ``threshold`` are None for a model of stage 1 alone. ``fields`` join the manifest: name (default: the
    folder's), threshold_rule, data_digest, created, training, figures, simulated. ``float16`` halves the files; the
    parameters are rounded to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save_tensors(folder / checkpoint.MTL_FILE, _arrays(mtl, dtype), {"network": "mtl"})
    (folder / checkpoint.MIL_FILE).unlink(missing_ok=True)
    if mil is not None:
        checkpoint.save_tensors(folder / checkpoint.MIL_FILE, _arrays(mil, dtype), {"network": "mil"})
    manifest = {
        "name": folder.name,
        **fields,
        "mtl": mtl.config.to_dict(),
        "mil": mil.config.to_dict() if mil is not None else None,
        "preprocess": preprocess.to_dict(),
        "threshold": threshold,
        "code_version": __version__,
    }
    checkpoint.write_manifest(folder, manifest)
    return checkpoint.model_digest(folder)


def load_model(folder: Path, device: torch.device) -> LoadedModel:
    """The model in ``folder``. Raises `BadModel` where files are absent, changed or do not fit together."""
    checkpoint.verify(folder)
    manifest = checkpoint.read_manifest(folder)
    preprocess = Preprocess.from_dict(_record(folder, manifest, "preprocess"))
    with torch.device("meta"):  # no memory and no random numbers for parameters that the file replaces
        mtl = build_mtl(MtlConfig.from_dict(_record(folder, manifest, "mtl")))
    if mtl.config.size != preprocess.size:
        raise BadModel(
            f"{folder}: the network reads {mtl.config.size} pixels but gets {preprocess.size}; train it again."
        )
    has_mil = manifest.get("mil") is not None
    return LoadedModel(
        mtl=_filled(mtl, folder / checkpoint.MTL_FILE).to(device),
        mil=_load_mil(folder, manifest).to(device) if has_mil else None,
        preprocess=preprocess,
        threshold=_threshold(folder, manifest) if has_mil else None,
        manifest=manifest,
        digest=str(manifest["digest"]),
        name=str(manifest.get("name", folder.name)),
        device=device,
    )


def _load_mil(folder: Path, manifest: Mapping[str, Any]) -> BagTransformer:
    with torch.device("meta"):
        mil = build_mil(MilConfig.from_dict(_record(folder, manifest, "mil")))
    if mil.config.dim != TOKEN_DIM:
        raise BadModel(f"{folder}: the bag network reads tokens of {mil.config.dim}, not {TOKEN_DIM}; train it again.")
    return _filled(mil, folder / checkpoint.MIL_FILE)


def _filled(net: Net, path: Path) -> Net:
    """The network in evaluation mode with the file's parameters and buffers, as float32 on the CPU."""
    arrays = checkpoint.load_tensors(path)
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
    try:
        net.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as error:
        raise BadModel(f"{path}: the parameters do not fit the network that the manifest describes.") from error
    net.eval()
    return net


def _threshold(folder: Path, manifest: Mapping[str, Any]) -> float:
    value = manifest.get("threshold")
    if isinstance(value, bool) or not isinstance(value, float | int) or not 0 <= value <= 1:
        raise BadModel(f"{folder}: the model has no threshold between 0 and 1; train it again.")
    return float(value)


def _record(folder: Path, manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    record = manifest.get(key)
    if not isinstance(record, dict):
        raise BadModel(f"{folder}: the model's description lacks '{key}'; copy or train the model again.")
    return record


def _arrays(net: nn.Module, dtype: StoredDtype) -> dict[str, NDArray[Any]]:
    return {name: value.detach().float().cpu().numpy().astype(dtype) for name, value in net.state_dict().items()}
