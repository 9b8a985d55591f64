"""From the findings on a patient's images to the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import torch

from aln_desk.domain.patient import Patient, View
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.models.build import LoadedModel
from aln_desk.models.shares import shapley_shares


@torch.inference_mode()
def judge(model: LoadedModel, patient: Patient, bag: Sequence[InstancePrediction]) -> Verdict | None:
    """Stage 2 over the findings of a whole bag; None for an empty bag or a model without stage 2.

    ``patient`` gives its name and, to a fusion, its clinical variables. The share of each image is its part in the
    verdict by exact Shapley values (`aln_desk.models.shares`); there are none where a fusion gives the images no
    weight. The order of ``bag`` does not change the verdict.
    """
    if model.mil is None or model.rule is None or not bag:
        return None
    tokens = torch.from_numpy(np.stack([p.token for p in bag])).to(model.device)[None]
    present = torch.ones(tokens.shape[:2], dtype=torch.bool, device=model.device)
    view = torch.tensor([[p.view is View.NODE for p in bag]], device=model.device).long()
    score = model.rule.score(float(model.mil.logit(tokens, present, view)), patient.clinical)
    tipping = model.rule.tipping_logit(patient.clinical)
    shares = {}
    if isfinite(tipping):
        found = shapley_shares(model.mil, tokens[0], tipping, view[0])
        shares = {p.instance: float(share) for p, share in zip(bag, found, strict=True)}
    return Verdict(
        patient=patient.id,
        score=score,
        threshold=model.rule.threshold,
        model=model.digest,
        shares=shares,
        uncertain=model.rule.decide(score) == "uncertain",
        seen=model.trained_on.patient(p.image_digest for p in bag) if model.trained_on else Seen.UNKNOWN,
        simulated=bool(model.manifest.get("simulated")),
    )
