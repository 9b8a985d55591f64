"""From a trained stage 1 to the tokens that stage 2 learns from: one pass over the images, no augmentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain.errors import BadProject, Stopped
from aln_desk.domain.messages import Progress
from aln_desk.domain.patient import Patient
from aln_desk.io import images
from aln_desk.io.tokens import Tokens
from aln_desk.models import looks
from aln_desk.models.build import StageOne, precision
from aln_desk.models.preprocess import Preprocess
from training.pace import Emit

BATCH = 16
_EXTRACTION = 2
"""Changes whenever `extract` gives other tokens for the same network and image."""


@torch.inference_mode()
def extract(
    net: StageOne,
    patients: Sequence[Patient],
    preprocess: Preprocess,
    digest: str,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> Tokens:
    """Tokens of every image of these patients, preprocessed exactly as at inference; marked with ``digest``."""
    bag = [instance for patient in patients for instance in patient.bag]
    if not bag:
        raise BadProject("The chosen patients have no images.")
    device = next(net.parameters()).device
    net.eval()
    parts: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]] = {"t": [], "s": [], "l": [], "p": []}
    with ThreadPoolExecutor(4) as pool:
        for at in range(0, len(bag), BATCH):
            if should_stop():
                raise Stopped("Stopped while tokens were being extracted.")
            read = pool.map(lambda i: preprocess.apply(images.read(Path(i.image))), bag[at : at + BATCH])
            x = torch.from_numpy(np.stack(list(read))).to(device).permute(0, 3, 1, 2)
            with precision(device):
                output = looks.read(net, preprocess.normalise(x), masks=False)
            peak = output.cam.amax((1, 2))
            for name, value in zip("tslp", (output.token, output.status_logit, output.lesion_logit, peak), strict=True):
                parts[name].append(value.float().cpu().numpy())
            emit(Progress("tokens", min(at + BATCH, len(bag)), len(bag)))
    return Tokens(
        instance=[i.id for i in bag],
        patient=[i.patient for i in bag],
        view=[str(i.view) for i in bag],
        token=np.concatenate(parts["t"]),
        status_logit=np.concatenate(parts["s"]),
        lesion_logit=np.concatenate(parts["l"]),
        cam_peak=np.concatenate(parts["p"]),
        model=digest,
    )


def source_digest(net: StageOne, preprocess: Preprocess) -> str:
    """12 hex digits that name everything the tokens of an image depend on: parameters, network, preprocessing, code."""
    record = [_EXTRACTION, parameters_digest(net), net.config.to_dict(), preprocess.to_dict()]
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:12]


def parameters_digest(net: torch.nn.Module) -> str:
    """First 12 hex digits of the SHA-256 over names and values of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, value in net.state_dict().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.detach().float().cpu().numpy()).tobytes())
    return digest.hexdigest()[:12]
