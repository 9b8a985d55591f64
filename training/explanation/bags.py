"""What moved a patient's verdict: each image's Shapley value and its attention weight, beside the known truth.

The truth of a simulated patient is the part of each lesion's signs in the outcome's logit, which the study's
``signs.csv`` tells, in equal parts for the images of that lesion, which all show the same signs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Patient, View
from aln_desk.models.build import LoadedModel
from aln_desk.models.shares import shapley_values, shares_of
from aln_desk.stats.ranks import Floats
from training import tables
from training.explanation.maps import Map


@dataclass(frozen=True, slots=True)
class Signs:
    """The parts of a patient's lesions in the outcome's logit, 0 for a usual lesion; ``node`` None without a node."""

    tumour: float
    node: float | None


@dataclass(frozen=True, slots=True, eq=False)
class BagFinding:
    """A patient's N images: ``node`` (N,) bool, ``value`` (N,) their signed Shapley values in logits, ``weight`` (N,)
    where the network looks, 1 in sum, ``truth`` (N,) the signed parts of their lesions in the outcome's logit.
    """

    patient: Patient
    node: Floats
    value: Floats
    weight: Floats
    truth: Floats

    @property
    def share(self) -> Floats:
        """(N,) sizes of the Shapley values, 1 in sum: what Review shows."""
        return shares_of(self.value)

    @property
    def true_share(self) -> Floats:
        """(N,) sizes of the truth, 1 in sum."""
        return shares_of(self.truth)


def read_signs(path: Path) -> dict[str, Signs]:
    """The signs by patient. Raises `BadFile` for a file that is absent or is no such table."""
    try:
        return {row["patient"]: _signs(row) for row in tables.read(path)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadFile(path, f"no signs of simulated patients can be read here ({error})", "Simulate anew") from error


@torch.inference_mode()
def measure(
    model: LoadedModel, patients: Sequence[Patient], tokens: Mapping[str, Map], signs: Mapping[str, Signs]
) -> list[BagFinding]:
    """Findings on the patients whose signs and whose tokens, by instance id, are all known; none for a model without
    stage 2. Patients in whose verdict the images have no part, by the model's fusion, are left out.
    """
    found = []
    for patient in patients:
        known = patient.id in signs and bool(patient.bag) and all(one.id in tokens for one in patient.bag)
        if not known or model.mil is None or model.rule is None:
            continue
        tipping = model.rule.tipping_logit(patient.clinical)
        if math.isfinite(tipping):
            found.append(_measure(model, patient, tokens, signs[patient.id], tipping))
    return found


def _measure(
    model: LoadedModel, patient: Patient, tokens: Mapping[str, Map], signs: Signs, tipping: float
) -> BagFinding:
    assert model.mil is not None
    bag = torch.from_numpy(np.stack([tokens[one.id] for one in patient.bag])).to(model.device)
    node = np.array([one.view is View.NODE for one in patient.bag])
    view = torch.from_numpy(node).long().to(model.device)
    present = torch.ones((1, len(bag)), dtype=torch.bool, device=model.device)
    weight = model.mil(bag[None], present, view[None]).weight[0].double().cpu().numpy()
    return BagFinding(patient, node, shapley_values(model.mil, bag, tipping, view), weight, truth_of(patient, signs))


def truth_of(patient: Patient, signs: Signs) -> Floats:
    """(N,) each image's part in the outcome's logit: its lesion's, divided by that lesion's images."""
    parts = {View.TUMOUR: signs.tumour, View.NODE: signs.node or 0.0}
    return np.array([parts[one.view] / patient.count(one.view) for one in patient.bag])


def _signs(row: Mapping[str, str]) -> Signs:
    node = float(row["node_logit"]) if row["node_logit"] else None
    found = Signs(float(row["tumour_logit"]), node)
    if not all(math.isfinite(part) for part in (found.tumour, found.node or 0.0)):
        raise ValueError(f"patient {row['patient']} has a sign that is no number")
    return found
