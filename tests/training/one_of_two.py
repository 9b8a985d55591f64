"""One of several processes that train together: ``python one_of_two.py FOLDER``, started with torchrun's environment.

Its findings go to ``FOLDER/<rank>.npz``; what a loop writes goes to ``FOLDER/run``, as all processes see one folder.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from plain_stage_one import PREPROCESS, RECIPE, draw_images, plain_net

from aln_desk.io.checkpoint import save_tensors
from training import checkpoint, distributed, mtl_loop
from training.distributed import World, gradients
from training.feed import Feed
from training.measure import measure_images

CPU = torch.device("cpu")
BATCH = replace(RECIPE, iterations=4, batch=7, micro_batch=2, warmup=1, validate_every=2, ema=0.5, keep="best")


def findings(world: World, folder: Path) -> dict[str, Any]:
    """Gradients of one step, figures of a set, parameters after a few steps, and how often pictures were taken."""
    images, taken, wrote = draw_images(21), list[int](), list[str]()
    found = step_of(world, norm=False) | measured(world)
    net = plain_net()
    tune, state = draw_images(9, seed=1), folder / "state.safetensors"
    arguments = (PREPROCESS, BATCH, 3, state, lambda message: None, lambda: False, world, taken.append)
    with mock.patch.object(checkpoint, "save_tensors", _noted(wrote)):
        assert mtl_loop.train(net, images, tune, *arguments)
    found |= {f"trained.{name}": value.numpy() for name, value in net.state_dict().items()}
    found |= {f"norm.{name}": value for name, value in step_of(world, norm=True).items() if "running" in name}
    return found | {
        "taken": np.array(taken),
        "wrote": np.array(wrote),
        "same": world.same("lead" if world.first else "", CPU),
    }


def _noted(names: list[str]) -> Callable[[Path, Mapping[str, Any]], None]:
    def save(path: Path, tensors: Mapping[str, Any]) -> None:
        names.append(path.name)
        save_tensors(path, tensors)

    return save


def step_of(world: World, norm: bool) -> dict[str, Any]:
    net, images = plain_net(norm=norm), draw_images(21)
    with Feed(images, CPU, partial(mtl_loop.draw, images, BATCH, 3)) as feed:
        losses = mtl_loop.Learner(net, images, feed, PREPROCESS, BATCH, 3, world, lambda message: None)(0)
    found = {f"loss.{name}": value.numpy() for name, value in losses.items()}
    found |= {f"gradient.{k}": value.numpy() for k, value in enumerate(gradients(list(net.parameters())))}
    return found | {name: value.numpy() for name, value in net.named_buffers()}


def measured(world: World) -> dict[str, float]:
    figures = measure_images(plain_net(), draw_images(70), PREPROCESS, world)
    return {f"figure.{name}": value for name, value in figures.items()}


if __name__ == "__main__":
    own = distributed.join(CPU)
    assert own.any(own.rank == 1, CPU) and not own.any(False, CPU)
    out = Path(sys.argv[1])
    np.savez(out / f"{own.rank}.npz", **findings(own, out / "run"))
