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
from aln_desk.io import checkpoint
from aln_desk.models.mil import BagTransformer, MilConfig
from aln_desk.models.mtl import TOKEN_DIM, MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess

DEVICES = ("auto", "cpu", "cuda", "mps")
StoredDtype = Literal["float32", "float16"]
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """Both networks in evaluation mode on ``device``, and all else a verdict needs.

    ``threshold``: score from which a patient is positive. ``digest`` names the model everywhere; ``name`` is
    for people. ``manifest`` is the model's own description, whole.
    """

    mtl: MultiTaskNet
    mil: BagTransformer
    preprocess: Preprocess
    threshold: float
    manifest: Mapping[str, Any]
    digest: str
    name: str
    device: torch.device

    @property
    def threshold_logit(self) -> float:
        """The threshold in logits (kept within +-14): the baseline of the images' shares."""
        score = min(max(self.threshold, 1e-6), 1 - 1e-6)
        return math.log(score / (1 - score))


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


def save_model(
    folder: Path,
    mtl: MultiTaskNet,
    mil: BagTransformer,
    preprocess: Preprocess,
    threshold: float,
    fields: Mapping[str, Any],
    dtype: StoredDtype = "float32",
) -> str:
    """Write a model to ``folder`` (made if absent, files there replaced) and return its digest.

    ``fields`` join the manifest: name (default: the folder's), threshold_rule, data_digest, created,
    training, figures, simulated. ``float16`` halves the files; the parameters are rounded to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save_tensors(folder / checkpoint.MTL_FILE, _arrays(mtl, dtype), {"network": "mtl"})
    checkpoint.save_tensors(folder / checkpoint.MIL_FILE, _arrays(mil, dtype), {"network": "mil"})
    manifest = {
        "name": folder.name,
        **fields,
        "mtl": mtl.config.to_dict(),
        "mil": mil.config.to_dict(),
        "preprocess": preprocess.to_dict(),
        "threshold": float(threshold),
        "code_version": __version__,
    }
    checkpoint.write_manifest(folder, manifest)
    return checkpoint.model_digest(folder)


def load_model(folder: Path, device: torch.device) -> LoadedModel:
    """The model in ``folder``. Raises `BadModel` where files are absent, changed or do not fit together."""
    checkpoint.verify(folder)
    manifest = checkpoint.read_manifest(folder)
    with torch.device("meta"):  # no memory and no random numbers for parameters that the file replaces
        mtl = build_mtl(MtlConfig.from_dict(_record(folder, manifest, "mtl")))
        mil = build_mil(MilConfig.from_dict(_record(folder, manifest, "mil")))
    preprocess = Preprocess.from_dict(_record(folder, manifest, "preprocess"))
    _check_joints(folder, mtl.config, mil.config, preprocess)
    return LoadedModel(
        mtl=_filled(mtl, folder / checkpoint.MTL_FILE).to(device),
        mil=_filled(mil, folder / checkpoint.MIL_FILE).to(device),
        preprocess=preprocess,
        threshold=_threshold(folder, manifest),
        manifest=manifest,
        digest=str(manifest["digest"]),
        name=str(manifest.get("name", folder.name)),
        device=device,
    )


def load_parameters(net: nn.Module, arrays: Mapping[str, NDArray[Any]], where: Path) -> None:
    """Replace every parameter and buffer of ``net`` in place, as float32 on the CPU.

    Raises `BadModel`, naming ``where``, unless the names and shapes are exactly those of the network.
    """
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
    try:
        net.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as error:
        raise BadModel(
            f"{where}: the parameters do not fit the network that the manifest describes."
        ) from error


def _filled(net: Net, path: Path) -> Net:
    load_parameters(net, checkpoint.load_tensors(path), path)
    net.eval()
    return net


def _check_joints(folder: Path, mtl: MtlConfig, mil: MilConfig, preprocess: Preprocess) -> None:
    """Each part may be sound and yet not fit the next."""
    if mtl.size != preprocess.size:
        raise BadModel(
            f"{folder}: the network reads {mtl.size} pixels but gets {preprocess.size}; train it again."
        )
    if mil.dim != TOKEN_DIM:
        raise BadModel(
            f"{folder}: the bag network reads tokens of {mil.dim}, not {TOKEN_DIM}; train it again."
        )


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
    return {
        name: value.detach().float().cpu().numpy().astype(dtype) for name, value in net.state_dict().items()
    }
