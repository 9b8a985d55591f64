"""What the best possible readers of a simulated study reach: ``python -m training.phantom --patients 20000``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aln_desk.stats.roc import auc
from training.phantom.latents import COHORTS, SimulatedPatient, draw_patients

ALL = "all"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The patients of one cohort: how many, the shares of positive ones and of those with a node image, images a
    patient, and the best possible areas under the ROC curve (nan where only one outcome occurs).
    """

    cohort: str
    patients: int
    positive_share: float
    node_share: float
    tumour_images: float
    node_images: float
    clinical: float
    tumour: float
    best: float


@dataclass(frozen=True, slots=True)
class LatentReport:
    """A `Ceiling` for each cohort that has patients and, last, one for `ALL`."""

    rows: tuple[Ceiling, ...]

    def __getitem__(self, cohort: str) -> Ceiling:
        return next(row for row in self.rows if row.cohort == cohort)

    def __str__(self) -> str:
        """A Markdown table."""
        head = "| cohort | patients | positive | with node | tumour images | node images | best AUC: clinical | tumour "
        lines = [f"{head}| all signs shown |", "|---" * 9 + "|"]
        for row in self.rows:
            shares = f"{row.positive_share:.1%} | {row.node_share:.1%}"
            figures = (row.tumour_images, row.node_images, row.clinical, row.tumour, row.best)
            lines.append(f"| {row.cohort} | {row.patients} | {shares} | {' | '.join(f'{n:.3f}' for n in figures)} |")
        return "\n".join(lines)


def latent_report(patients: int, seed: int) -> LatentReport:
    """Shares and best possible areas in one drawn study; draws no image."""
    drawn = draw_patients(patients, seed)
    groups = {plan.name: [p for p in drawn if p.cohort == plan.name] for plan in COHORTS}
    return LatentReport(tuple(_ceiling(name, group) for name, group in {**groups, ALL: drawn}.items() if group))


def _ceiling(name: str, patients: Sequence[SimulatedPatient]) -> Ceiling:
    outcome = np.array([p.outcome for p in patients])
    return Ceiling(
        cohort=name,
        patients=len(patients),
        positive_share=float(outcome.mean()),
        node_share=float(np.mean([p.node is not None for p in patients])),
        tumour_images=float(np.mean([p.tumour_images for p in patients])),
        node_images=float(np.mean([p.node_images for p in patients])),
        clinical=auc(outcome, np.array([p.best_clinical for p in patients])),
        tumour=auc(outcome, np.array([p.best_tumour for p in patients])),
        best=auc(outcome, np.array([p.best_score for p in patients])),
    )
