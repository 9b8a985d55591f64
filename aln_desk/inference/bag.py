"""One bag through both stages: findings per image, then the verdict over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain.patient import Instance, View
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.io import images
from aln_desk.models.build import LoadedModel, precision, to_logit
from aln_desk.models.shares import shapley_shares

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


@torch.inference_mode()
def judge(model: LoadedModel, patient: str, bag: Sequence[InstancePrediction]) -> Verdict | None:
    """Stage 2 over the findings of a whole bag; None for an empty bag or a model without stage 2.

    The share of each image is its part in the verdict by exact Shapley values (`aln_desk.models.shares`). The order
    of ``bag`` does not change the verdict.
    """
    if model.mil is None or model.threshold is None or not bag:
        return None
    tokens = torch.from_numpy(np.stack([p.token for p in bag])).to(model.device)[None]
    present = torch.ones(tokens.shape[:2], dtype=torch.bool, device=model.device)
    view = torch.tensor([[p.view is View.NODE for p in bag]], device=model.device).long()
    score = float(model.mil.logit(tokens, present, view).double().sigmoid())
    shares = shapley_shares(model.mil, tokens[0], to_logit(model.threshold), view[0])
    return Verdict(
        patient=patient,
        score=score,
        threshold=model.threshold,
        model=model.digest,
        shares={p.instance: float(share) for p, share in zip(bag, shares, strict=True)},
    )
