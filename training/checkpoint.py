"""Where a loop stands, on disk, without pickles: parameters and optimiser moments as safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from aln_desk.domain.errors import BadModel
from aln_desk.io.checkpoint import load_tensors, save_tensors

_MOMENTS = ("exp_avg", "exp_avg_sq")


def save(path: Path, net: nn.Module, optimiser: Optimizer, step: int, more: Mapping[str, NDArray[Any]]) -> None:
    """Write parameters, Adam's moments, the number of finished steps and ``more`` arrays by name; the old file stays
    until this one is whole.
    """
    tensors: dict[str, NDArray[np.generic]] = {f"net.{name}": _array(value) for name, value in net.state_dict().items()}
    for name, parameter in net.named_parameters():
        for moment in _MOMENTS:
            if moment in optimiser.state[parameter]:
                tensors[f"{moment}.{name}"] = _array(optimiser.state[parameter][moment])
    tensors["step"] = np.array([step], dtype=np.int64)
    save_tensors(path, {**tensors, **{f"more.{name}": value for name, value in more.items()}})


def restore(path: Path, net: nn.Module, optimiser: Optimizer) -> tuple[int, dict[str, NDArray[Any]]]:
    """Put back what `save` wrote; give the number of finished steps and the other arrays. (0, {}) without a file.

    `BadModel` where the file belongs to another network.
    """
    if not path.exists():
        return 0, {}
    tensors = load_tensors(path)
    step = int(tensors["step"][0])
    load_net(path, net, tensors)
    for name, parameter in net.named_parameters():
        if f"exp_avg.{name}" in tensors:
            optimiser.state[parameter] = {
                "step": torch.tensor(float(step)),
                **{m: torch.from_numpy(tensors[f"{m}.{name}"]).to(parameter.device) for m in _MOMENTS},
            }
            if optimiser.defaults.get("fused"):  # fused AdamW counts its steps on the parameter's device
                optimiser.state[parameter]["step"] = torch.tensor(float(step), device=parameter.device)
    return step, {name.removeprefix("more."): v for name, v in tensors.items() if name.startswith("more.")}


def save_net(path: Path, net: nn.Module) -> None:
    """Write the parameters and buffers alone."""
    save_tensors(path, {f"net.{name}": _array(value) for name, value in net.state_dict().items()})


def load_net(path: Path, net: nn.Module, tensors: Mapping[str, NDArray[np.generic]] | None = None) -> None:
    """Put back parameters and buffers of `save_net` or `save`; `BadModel` where they are another network's."""
    tensors = load_tensors(path) if tensors is None else tensors
    try:
        net.load_state_dict({k[4:]: torch.from_numpy(v) for k, v in tensors.items() if k.startswith("net.")})
    except RuntimeError as error:
        raise BadModel(f"{path} was saved by another network; start a new run instead of resuming.") from error


def _array(value: Tensor) -> NDArray[np.generic]:
    return value.detach().cpu().contiguous().numpy()
