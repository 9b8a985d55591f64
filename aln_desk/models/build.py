"""Networks from their configurations, a whole model to and from its folder, and the device to run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from numpy.typing import NDArray
from torch import nn

from aln_desk import __version__
from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.domain.presets import DEVICES
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import checkpoint
from aln_desk.io import trained_on as training_images
from aln_desk.models.aggregators import AttentionPool, DualStream, FixedRule, MaxPool, MeanPool, ViewPool
from aln_desk.models.mil import BagEnsemble, BagNetwork, BagTransformer, MilConfig
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from aln_desk.models.single_t import StatusNet
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.calibration import Calibration
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import LogisticModel

StoredDtype = Literal["float32", "float16"]
StageOne = MultiTaskNet | StatusNet
Net = TypeVar("Net", bound=nn.Module)

_LEARNED: dict[str, type[BagNetwork]] = {
    "transformer": BagTransformer,
    "abmil": AttentionPool,
    "gated-abmil": AttentionPool,
    "dual-stream": DualStream,
    "mean-pool": MeanPool,
    "max-pool": MaxPool,
    "view-pool": ViewPool,
}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """Both networks in evaluation mode on ``device``, and all else a verdict needs.

    ``rule`` makes the verdict of stage 2's logit. A model of stage 1 alone has neither ``mil`` nor ``rule``: it finds
    lesions and gives no verdict. ``digest`` names the model everywhere; ``name`` is for people. ``manifest`` is the
    model's own description, whole. ``trained_on``: its record of training images, None for a model without one.
    """

    mtl: StageOne
    mil: BagNetwork | None
    preprocess: Preprocess
    rule: VerdictRule | None
    manifest: Mapping[str, Any]
    digest: str
    name: str
    device: torch.device
    trained_on: TrainedOn | None = None

    @property
    def threshold(self) -> float | None:
        """Score from which a patient is positive."""
        return self.rule.threshold if self.rule is not None else None


def build_mtl(config: MtlConfig) -> StageOne:
    """Stage 1 with fresh parameters, drawn from torch's global generator: the network of ``config.tasks``."""
    return StatusNet(config) if config.tasks == "status" else MultiTaskNet(config)


def build_mil(config: MilConfig, head: nn.Linear | None = None) -> BagNetwork:
    """Stage 2 with fresh parameters, drawn from torch's global generator.

    ``head``: stage 1's status head, which a fixed rule copies; `ValueError` where a rule gets none.
    """
    if not config.learned:
        if head is None:
            raise ValueError(f"'{config.kind}' scores images by stage 1's status head; give `head`")
        return FixedRule(config, head)
    if config.members > 1:
        alone = replace(config, members=1)
        return BagEnsemble(config, [build_mil(alone) for _ in range(config.members)])
    return _LEARNED[config.kind](config)


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


def learning_precision(device: torch.device) -> torch.autocast:
    """Like `precision`, and bfloat16 on a CPU with tiles for it (AMX), where a step takes about half the time. In use
    a CPU keeps full precision: there OpenVINO runs the networks.
    """
    if device.type == "cpu" and torch.cpu.get_capabilities().get("amx_bf16", False):
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return precision(device)


def round_to(net: nn.Module, dtype: StoredDtype) -> None:
    """Round parameters and buffers in place to what ``dtype`` holds: the saved network is then the one measured."""
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.to(getattr(torch, dtype)))


def save_model(
    folder: Path,
    mtl: StageOne,
    mil: BagNetwork | None,
    preprocess: Preprocess,
    threshold: float | None,
    fields: Mapping[str, Any],
    dtype: StoredDtype = "float32",
    calibration: Calibration | None = None,
    conformal: Conformal | None = None,
    fusion: LogisticModel | None = None,
    trained_on: TrainedOn | None = None,
) -> str:
    """Write a model to ``folder`` (made if absent, files there replaced) and return its digest.

    ``mil`` and ``threshold`` are None for a model of stage 1 alone. ``fields`` join the manifest: name (default: the
    folder's), threshold_rule, data_digest, created, training, figures, simulated. ``float16`` halves the files; the
    parameters are rounded to it. ``calibration``, ``conformal`` and ``fusion`` belong to the verdict (`VerdictRule`).
    ``trained_on`` is kept in a file of its own (`io.trained_on`).
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
        "kind": "image" if fusion is None else "fusion",
        **_verdict_keys(threshold, calibration, conformal, fusion),
        **training_images.write(folder, trained_on),
        "code_version": __version__,
    }
    checkpoint.write_manifest(folder, manifest)
    return checkpoint.model_digest(folder)


def load_model(folder: Path, device: torch.device) -> LoadedModel:
    """The model in ``folder``. Raises `BadModel` where files are absent, changed or do not fit together."""
    checkpoint.verify(folder)
    manifest = checkpoint.read_manifest(folder)
    if manifest.get("kind") == "clinical":
        raise BadModel(f"{folder}: this model reads clinical variables only, no images; choose another model.")
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
        mil=_load_mil(folder, manifest, mtl.token_dim).to(device) if has_mil else None,
        preprocess=preprocess,
        rule=VerdictRule.from_manifest(manifest, folder) if has_mil else None,
        manifest=manifest,
        digest=str(manifest["digest"]),
        name=str(manifest.get("name", folder.name)),
        device=device,
        trained_on=training_images.read(folder, manifest),
    )


def _load_mil(folder: Path, manifest: Mapping[str, Any], token_dim: int) -> BagNetwork:
    config = MilConfig.from_dict(_record(folder, manifest, "mil"))
    if config.dim != token_dim:
        raise BadModel(f"{folder}: the bag network reads tokens of {config.dim}, not {token_dim}; train it again.")
    with torch.device("meta"):
        mil = build_mil(config, nn.Linear(token_dim, 1))
    return _filled(mil, folder / checkpoint.MIL_FILE)


def _filled(net: Net, path: Path) -> Net:
    """The network in evaluation mode with the file's parameters and buffers, on the CPU; numbers as float32."""
    arrays = checkpoint.load_tensors(path)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    tensors = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
    try:
        net.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as error:
        raise BadModel(f"{path}: the parameters do not fit the network that the manifest describes.") from error
    net.eval()
    return net


def _verdict_keys(
    threshold: float | None,
    calibration: Calibration | None,
    conformal: Conformal | None,
    fusion: LogisticModel | None,
) -> dict[str, Any]:
    if threshold is None:
        return {"threshold": None}
    return VerdictRule(threshold, calibration or Calibration.none, conformal, fusion).to_manifest()


def _record(folder: Path, manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    record = manifest.get(key)
    if not isinstance(record, dict):
        raise BadModel(f"{folder}: the model's description lacks '{key}'; copy or train the model again.")
    return record


def _arrays(net: nn.Module, dtype: StoredDtype) -> dict[str, NDArray[Any]]:
    """Parameters and buffers; counts (of a batch norm) keep their type."""
    state = {name: value.detach().cpu() for name, value in net.state_dict().items()}
    stored = {
        name: value.to(getattr(torch, dtype)) if value.is_floating_point() else value for name, value in state.items()
    }
    return {name: value.numpy() for name, value in stored.items()}
