"""One bag through stage 1: findings per image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain.patient import Instance
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.io import images
from aln_desk.models.build import LoadedModel, precision

BATCH = 8


@torch.inference_mode()
def read_instances(model: LoadedModel, bag: Sequence[Instance]) -> list[InstancePrediction]:
    """Stage 1 on every image of ``bag``, in order. Images are read from disk, `BATCH` at a time."""
    found: list[InstancePrediction] = []
    for at in range(0, len(bag), BATCH):
        part = bag[at : at + BATCH]
        pixels = [images.read(Path(instance.image)) for instance in part]
        square = np.stack([model.preprocess.apply(image) for image in pixels])
        x = torch.from_numpy(square).to(model.device).permute(0, 3, 1, 2)
        with precision(model.device):
            output = model.mtl(model.preprocess.normalise(x))
        masks = output.lesion_mask_logits.float().cpu().numpy()
        cams = output.cam.float().cpu().numpy()
        tokens = output.token.float().cpu().numpy()
        lesion, status = output.lesion_logit.tolist(), output.status_logit.tolist()
        for k, (instance, image) in enumerate(zip(part, pixels, strict=True)):
            height, width = image.shape[:2]
            found.append(
                InstancePrediction(
                    instance=instance.id,
                    mask=model.preprocess.mask_to_image(masks[k], height, width) > 0,
                    cam=cams[k],
                    placement=model.preprocess.place(height, width),
                    lesion_logit=float(lesion[k]),
                    status_logit=float(status[k]),
                    token=tokens[k],
                    image_digest=images.digest(Path(instance.image)),
                )
            )
    return found
