"""Where a loop stands, on disk, without pickles: parameters and optimiser moments as safetensors, the step as JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from aln_desk.domain.errors import BadModel
from aln_desk.io.checkpoint import load_tensors, save_tensors

_MOMENTS = ("exp_avg", "exp_avg_sq")


def save(path: Path, net: nn.Module, optimiser: Optimizer, step: int) -> None:
    """Write parameters, Adam's moments and the number of finished steps; the old file stays until this one is whole."""
    tensors = {f"net.{name}": _array(value) for name, value in net.state_dict().items()}
    for name, parameter in net.named_parameters():
        for moment in _MOMENTS:
            if moment in optimiser.state[parameter]:
                tensors[f"{moment}.{name}"] = _array(optimiser.state[parameter][moment])
    tensors["step"] = np.array([step], dtype=np.int64)
    save_tensors(path, tensors)


def restore(path: Path, net: nn.Module, optimiser: Optimizer) -> int:
    """Put back what `save` wrote and give the number of finished steps; 0 where there is no file.

    `BadModel` where the file belongs to another network.
    """
    if not path.exists():
        return 0
    tensors = load_tensors(path)
    step = int(tensors["step"][0])
    try:
        net.load_state_dict({k[4:]: torch.from_numpy(v) for k, v in tensors.items() if k.startswith("net.")})
    except RuntimeError as error:
        raise BadModel(f"{path} was saved by another network; start a new run instead of resuming.") from error
    for name, parameter in net.named_parameters():
        if f"exp_avg.{name}" in tensors:
            optimiser.state[parameter] = {
                "step": torch.tensor(float(step)),
                **{m: torch.from_numpy(tensors[f"{m}.{name}"]).to(parameter.device) for m in _MOMENTS},
            }
    return step


def _array(value: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return value.detach().cpu().contiguous().numpy()
