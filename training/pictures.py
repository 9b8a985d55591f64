"""Held-out images as the network sees them while it learns: a snapshot at every validation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from aln_desk.domain.messages import SnapshotTaken
from aln_desk.io import snapshots
from aln_desk.io.snapshots import Snapshot
from aln_desk.models.build import StageOne, precision
from aln_desk.models.preprocess import Preprocess
from training.data import ImageSet
from training.pace import Emit

COUNT = 6


def taker(net: StageOne, data: ImageSet, preprocess: Preprocess, run: Path, emit: Emit) -> Callable[[int], None]:
    """Called with a step, writes what ``net`` then makes of the same few images into the run's folder, and tells."""
    shown = choose(data)

    @torch.inference_mode()
    def take(step: int) -> None:
        device = next(net.parameters()).device
        image = np.array(data.image[shown])
        was_training = net.training
        net.eval()
        with precision(device):
            output = net(preprocess.normalise(torch.from_numpy(image).to(device).permute(0, 3, 1, 2)))
        net.train(was_training)
        path = snapshots.path_of(run, "mtl", step)
        snapshots.write(
            path,
            Snapshot(
                step=step,
                instance=[data.taught[i].instance.id for i in shown],
                image=image,
                drawn=np.array(data.mask[shown]),
                mask=(output.lesion_mask_logits.float().sigmoid() * 255).byte().cpu().numpy(),
                cam=output.cam.float().cpu().numpy(),
                status=output.status_logit.float().sigmoid().cpu().numpy(),
                outcome=data.status[shown].astype(np.int8),
            ),
        )
        emit(SnapshotTaken("mtl", step, path.relative_to(run).as_posix()))

    return take


def choose(data: ImageSet) -> NDArray[np.int64]:
    """Indices of up to `COUNT` images, evenly spaced over those with a lesion, else over all."""
    pool = np.flatnonzero(data.lesion >= 0)
    pool = pool if len(pool) else np.arange(len(data))
    places = np.unique(np.linspace(0, len(pool) - 1, min(COUNT, len(pool))).round()).astype(np.int64)
    return np.asarray(pool[places], np.int64)
