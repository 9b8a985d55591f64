"""Several processes that train one network together, as torchrun starts them; a lone process is a world of one.

Gradients are added up by one call after the backward pass instead of by DistributedDataParallel during it: a process
that runs out of memory can then repeat its part of a step with smaller batches while the others simply wait.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor
from torch import distributed as dist

PATIENCE = timedelta(hours=12)
"""How long the others wait while the first one decodes images, or measures."""


@dataclass(frozen=True, slots=True)
class World:
    """This process is number ``rank`` of ``size``. Only the first one writes files and tells of progress."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This process's part of ``count`` things, contiguous; the parts differ by one at most and miss nothing."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Replace every tensor, in place, by its sum over all processes. All must be float32 on one device."""
        if self.size == 1:
            return
        parts = list(tensors)
        flat = torch.cat([part.reshape(-1) for part in parts])
        dist.all_reduce(flat)
        for part, total in zip(parts, torch.split(flat, [part.numel() for part in parts]), strict=True):
            part.copy_(total.view_as(part))

    def average(self, tensors: list[Tensor]) -> None:
        """Replace every tensor, in place, by its mean over all processes, under the terms of `add_up`."""
        if self.size > 1 and tensors:
            self.add_up(tensors)
            torch._foreach_div_(tensors, self.size)

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is set in any process: all of them must decide alike."""
        if self.size == 1:
            return flag
        seen = torch.tensor([float(flag)], device=device)
        dist.all_reduce(seen, op=dist.ReduceOp.MAX)
        return bool(seen)

    def same(self, text: str, device: torch.device) -> str:
        """The first process's text, in every process."""
        if self.size == 1:
            return text
        data = torch.zeros(4096, dtype=torch.uint8, device=device)
        encoded = torch.tensor(list(text.encode()), dtype=torch.uint8, device=device)
        data[: len(encoded)] = encoded
        dist.broadcast(data, 0)
        return bytes(data.tolist()).rstrip(b"\0").decode()


def started_by_torchrun() -> bool:
    """Whether the environment says that this process is one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def join(device: torch.device) -> World:
    """Meet the other processes that torchrun started, through NCCL on CUDA and gloo elsewhere.

    They stay together until they end: a second meeting could take the traces of the first for its own.
    """
    if not started_by_torchrun():
        return World()
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
        atexit.register(dist.destroy_process_group)
    return World(dist.get_rank(), dist.get_world_size())


def local_device(device: torch.device) -> torch.device:
    """This process's own card of its machine."""
    if device.type != "cuda" or not started_by_torchrun():
        return device
    own = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(own)
    return own


def gradients(parameters: Sequence[torch.nn.Parameter]) -> list[Tensor]:
    """The gradient of each trainable parameter, zeros where it has none, so that every process has the same list."""
    found = []
    for parameter in parameters:
        if parameter.requires_grad:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            found.append(parameter.grad)
    return found


def statistics(net: torch.nn.Module) -> list[Tensor]:
    """The running means and variances of the batch norms, which each process gathers from its own images alone."""
    norms = [part for part in net.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    found = [value for norm in norms for value in (norm.running_mean, norm.running_var)]
    return [value for value in found if value is not None]
