"""From the findings on a patient's images to the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from aln_desk.domain.patient import View
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.models.build import LoadedModel, to_logit
from aln_desk.models.shares import shapley_shares


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
