"""Who the simulated patients are: hidden signs, outcome, clinical variables, cohort. No image is drawn here.

Every sign is a standard normal number z. Signs of one lesion share a common factor (correlation 0.3 among the
tumour's, 0.5 among the node's), because malignant looks come together. A sign's visible strength is Phi(z) in
[0, 1]; the drawing is monotone in it. The outcome is drawn from ::

    logit = B
          + 0.90 size + 0.90 spiculation + 0.80 shadow + 0.55 heterogeneity          (tumour)
          + node seen * (1.60 cortex + 1.45 hilum loss + 0.95 roundness)             (node)
    outcome ~ Bernoulli(1 / (1 + exp(-logit)))

with the numbers of `TUMOUR_WEIGHTS`, `NODE_WEIGHTS` and `INTERCEPT`. A third of the patients have no node
image and hence no node term. ``best_score`` is that probability: no reader of the images can rank patients
better. The clinical variables follow the tumour's signs with noise and add nothing once the signs are known;
age is noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.special import expit, ndtr

from aln_desk.stats.roc import auc

INTERCEPT = 1.35
TUMOUR_WEIGHTS = (0.90, 0.90, 0.80, 0.55)
NODE_WEIGHTS = (1.60, 1.45, 0.95)
TUMOUR_CORRELATION = 0.3
NODE_CORRELATION = 0.5

BIRADS = ("4A", "4B", "4C", "5")
"""The paper's categories, from least to most suspicious."""

_NODE_SEEN = 2 / 3
_TUMOUR_IMAGES = (0.35, 0.30, 0.20, 0.15)
_NODE_IMAGES = (0.45, 0.35, 0.20)
_T_LIMITS = (-0.1, 1.2, 1.8)
_BIRADS_LIMITS = (-1.0, -0.2, 0.7)


@dataclass(frozen=True, slots=True)
class TumourSigns:
    """Standard normal signs of one tumour; larger is more suspicious."""

    size: float
    spiculation: float
    shadow: float
    heterogeneity: float

    @property
    def logit(self) -> float:
        """The tumour's part of the outcome's logit."""
        signs = (self.size, self.spiculation, self.shadow, self.heterogeneity)
        return float(np.dot(TUMOUR_WEIGHTS, signs))


@dataclass(frozen=True, slots=True)
class NodeSigns:
    """Standard normal signs of one axillary node; larger is more suspicious."""

    cortex: float
    hilum_loss: float
    roundness: float

    @property
    def logit(self) -> float:
        """The node's part of the outcome's logit."""
        return float(np.dot(NODE_WEIGHTS, (self.cortex, self.hilum_loss, self.roundness)))


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """One cohort of the study: how it is called, where and between which days its patients were admitted."""

    name: str
    hospital: str
    first_day: date
    last_day: date
    share: int


COHORTS = (
    CohortPlan("training", "A", date(2019, 1, 1), date(2021, 6, 30), 1144),
    CohortPlan("internal test", "A", date(2021, 7, 1), date(2022, 6, 30), 273),
    CohortPlan("external test", "B", date(2020, 1, 1), date(2022, 6, 30), 140),
)
"""Sizes in the paper's proportions; hospital A is split by admission date."""


@dataclass(frozen=True, slots=True)
class SimulatedPatient:
    """One patient with everything the drawing needs. ``node`` is None where no node was seen.

    ``seed`` is the patient's own `numpy.random.SeedSequence` for the images; ``best_score`` is P(outcome = 1)
    given all signs.
    """

    id: str
    cohort: str
    hospital: str
    admission_date: str
    tumour: TumourSigns
    node: NodeSigns | None
    tumour_images: int
    node_images: int
    best_score: float
    outcome: int
    age: int
    t_stage: int
    birads: str
    seed: np.random.SeedSequence


@dataclass(frozen=True, slots=True)
class LatentReport:
    """What the best possible reader of a drawn study reaches (areas under the ROC curve)."""

    positive_share: float
    best: float
    tumour: float
    t_stage: float
    birads: float
    clinical: float


def visible(sign: float) -> float:
    """Strength in [0, 1] at which a standard normal sign is drawn."""
    return float(ndtr(sign))


def cohort_sizes(patients: int) -> tuple[int, int, int]:
    """Patients of `COHORTS` in order; each at least 1 when ``patients`` >= 3, else all train."""
    if patients < 3:
        return patients, 0, 0
    whole = sum(plan.share for plan in COHORTS)
    internal, external = (max(1, round(patients * plan.share / whole)) for plan in COHORTS[1:])
    return patients - internal - external, internal, external


def draw_patients(patients: int, seed: int) -> list[SimulatedPatient]:
    """The study's patients in cohort order, each from its own child of ``SeedSequence(seed)``."""
    plans = [plan for plan, count in zip(COHORTS, cohort_sizes(patients), strict=True) for _ in range(count)]
    children = np.random.SeedSequence(seed).spawn(patients)
    width = max(4, len(str(patients)))
    return [
        _draw_patient(f"P{number:0{width}d}", plan, child)
        for number, (plan, child) in enumerate(zip(plans, children, strict=True), start=1)
    ]


def latent_report(patients: int, seed: int) -> LatentReport:
    """Areas under the curve of the signs and of the clinical variables in one drawn study; draws no image.

    ``clinical`` adds both variables after dividing each by its standard deviation.
    """
    drawn = draw_patients(patients, seed)
    outcome = np.array([p.outcome for p in drawn])
    stage = np.array([p.t_stage for p in drawn], dtype=float)
    birads = np.array([BIRADS.index(p.birads) for p in drawn], dtype=float)
    return LatentReport(
        positive_share=float(outcome.mean()),
        best=auc(outcome, np.array([p.best_score for p in drawn])),
        tumour=auc(outcome, np.array([p.tumour.logit for p in drawn])),
        t_stage=auc(outcome, stage),
        birads=auc(outcome, birads),
        clinical=auc(outcome, stage / stage.std() + birads / birads.std()),
    )


def _draw_patient(name: str, plan: CohortPlan, seed: np.random.SeedSequence) -> SimulatedPatient:
    facts, images = seed.spawn(2)
    rng = np.random.default_rng(facts)
    tumour = TumourSigns(*_signs(rng, len(TUMOUR_WEIGHTS), TUMOUR_CORRELATION))
    node = NodeSigns(*_signs(rng, len(NODE_WEIGHTS), NODE_CORRELATION)) if rng.random() < _NODE_SEEN else None
    best_score = float(expit(INTERCEPT + tumour.logit + (node.logit if node else 0.0)))
    suspicion = 0.4 * tumour.spiculation + 0.4 * tumour.shadow + 0.8 * rng.standard_normal()
    days = (plan.last_day - plan.first_day).days
    return SimulatedPatient(
        id=name,
        cohort=plan.name,
        hospital=plan.hospital,
        admission_date=(plan.first_day + timedelta(days=int(rng.integers(days + 1)))).isoformat(),
        tumour=tumour,
        node=node,
        tumour_images=1 + int(rng.choice(4, p=_TUMOUR_IMAGES)),
        node_images=1 + int(rng.choice(3, p=_NODE_IMAGES)) if node else 0,
        best_score=best_score,
        outcome=int(rng.random() < best_score),
        age=int(np.clip(round(rng.normal(52, 11)), 24, 88)),
        t_stage=1 + _category(0.7 * tumour.size + 0.7 * rng.standard_normal(), _T_LIMITS),
        birads=BIRADS[_category(suspicion, _BIRADS_LIMITS)],
        seed=images,
    )


def _signs(rng: np.random.Generator, count: int, correlation: float) -> list[float]:
    """``count`` standard normal numbers with this correlation between any two."""
    common, own = rng.standard_normal(), rng.standard_normal(count)
    return [float(sign) for sign in np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own]


def _category(value: float, limits: tuple[float, ...]) -> int:
    return sum(value > limit for limit in limits)
