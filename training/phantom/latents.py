"""Who the simulated patients are: hidden signs, outcome, clinical variables, scanner, cohort. No image is drawn here.

`risk` states how the outcome follows from the signs, `clinical` how the clinical variables do. A sign's visible
strength is Phi(z) in [0, 1]; the drawing is monotone in it. Whether a node image exists depends on the cohort alone:
in about 30 % of the patients there is none. Scanner and number of images follow hospital and cohort, never the
outcome. Every patient has three best possible scores, each P(outcome = 1) for a reader who knows the cohort's make-up
(its shift) and of the patient

* ``best_clinical``: the clinical variables;
* ``best_tumour``: the tumour's signs, being shown no node and not told whether one was seen (which would not help);
* ``best_score``: the signs that the images show, so without a node image the same as ``best_tumour``.

No score made of the same things can rank patients better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from scipy.special import ndtr

from training.phantom import risk
from training.phantom.clinical import best_clinical, draw_clinical

Shortcut = Literal["none", "text", "calipers"]
SHORTCUTS: tuple[Shortcut, ...] = ("none", "text", "calipers")
"""Kinds of mark that may go with the outcome, in the training cohort only."""

SCANNERS = {"A": ("A1", "A2", "A3", "A4"), "B": ("B1", "B2")}
"""Names of the looks of each hospital's scanners, as `scanner.LOOKS` draws them."""

_MOST_TUMOUR_IMAGES, _MOST_NODE_IMAGES = 4, 3
_MARKED_WHEN_POSITIVE, _MARKED_WHEN_NEGATIVE, _MARKED_ELSEWHERE = 0.9, 0.1, 0.5


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
        return float(np.dot(risk.TUMOUR_WEIGHTS, (self.size, self.spiculation, self.shadow, self.heterogeneity)))


@dataclass(frozen=True, slots=True)
class NodeSigns:
    """Standard normal signs of one axillary node; larger is more suspicious."""

    cortex: float
    hilum_loss: float
    roundness: float

    @property
    def logit(self) -> float:
        """The node's part of the outcome's logit."""
        return float(np.dot(risk.NODE_WEIGHTS, (self.cortex, self.hilum_loss, self.roundness)))


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """One cohort of the study: how it is called, where and between which days its patients were admitted.

    ``share`` is its size in the paper, ``shift`` what the common factors of its patients' signs are moved by,
    ``tumour_images`` and ``node_images`` the means over the patients who have any, ``node_seen`` the share of those
    with a node image.
    """

    name: str
    hospital: str
    first_day: date
    last_day: date
    share: int
    shift: float
    node_seen: float
    tumour_images: float
    node_images: float


def _plan(
    name: str, hospital: str, days: tuple[date, date], size: tuple[int, int, int], shift: float, node_seen: float
) -> CohortPlan:
    """The plan whose patients and images are, in expectation, as many as ``size`` says: patients, tumours, nodes."""
    patients, tumours, nodes = size
    images = (tumours / patients, nodes / (patients * node_seen))
    return CohortPlan(name, hospital, *days, patients, shift, node_seen, *images)


COHORTS = (
    _plan("training", "A", (date(2019, 1, 1), date(2021, 6, 30)), (1144, 1875, 970), shift=0.0, node_seen=0.70),
    _plan("internal test", "A", (date(2021, 7, 1), date(2022, 6, 30)), (273, 405, 183), shift=0.0744, node_seen=0.64),
    _plan("external test", "B", (date(2020, 1, 1), date(2022, 6, 30)), (140, 221, 126), shift=0.0674, node_seen=0.74),
)
"""Sizes, images and (by the shifts) positive shares as in the paper; hospital A is split by admission date."""

ENOUGH = 12
"""Patients of a test cohort that a small study affords before the paper's proportions hold."""


@dataclass(frozen=True, slots=True)
class SimulatedPatient:
    """One patient with everything the drawing needs. ``node`` is None where no node image exists.

    ``seed`` is the patient's own `numpy.random.SeedSequence` for the images, ``scanner`` one of the hospital's
    `SCANNERS`, ``mark`` the kind of mark to be drawn, empty for none. ``clinical`` holds `clinical.COLUMNS` as text.
    """

    id: str
    cohort: str
    hospital: str
    scanner: str
    admission_date: str
    tumour: TumourSigns
    node: NodeSigns | None
    tumour_images: int
    node_images: int
    outcome: int
    best_clinical: float
    best_tumour: float
    best_score: float
    clinical: Mapping[str, str]
    mark: str
    seed: np.random.SeedSequence


def visible(sign: float) -> float:
    """Strength in [0, 1] at which a standard normal sign is drawn."""
    return float(ndtr(sign))


def cohort_sizes(patients: int) -> tuple[int, int, int]:
    """Patients of `COHORTS` in order, in the paper's proportions; but each test has at least a fifth of a small study,
    up to `ENOUGH`, so that its figures mean something. Fewer than 3 patients all train.
    """
    if patients < 3:
        return patients, 0, 0
    whole, least = sum(plan.share for plan in COHORTS), max(1, min(ENOUGH, patients // 5))
    internal, external = (max(least, round(patients * plan.share / whole)) for plan in COHORTS[1:])
    return patients - internal - external, internal, external


def draw_patients(patients: int, seed: int, shortcut: Shortcut = "none") -> list[SimulatedPatient]:
    """The study's patients in cohort order, each from its own child of ``SeedSequence(seed)``.

    With a ``shortcut`` 9 of 10 positive and 1 of 10 negative patients of the training cohort bear that mark, and half
    of all patients in the two test cohorts. Nothing else about the patients changes.
    """
    plans = [plan for plan, count in zip(COHORTS, cohort_sizes(patients), strict=True) for _ in range(count)]
    children = np.random.SeedSequence(seed).spawn(patients)
    width = max(4, len(str(patients)))
    return [
        _draw_patient(f"P{number:0{width}d}", plan, child, shortcut)
        for number, (plan, child) in enumerate(zip(plans, children, strict=True), start=1)
    ]


def _draw_patient(name: str, plan: CohortPlan, seed: np.random.SeedSequence, shortcut: Shortcut) -> SimulatedPatient:
    facts, images, marks = seed.spawn(3)
    rng = np.random.default_rng(facts)
    signs = _signs(rng, len(risk.TUMOUR_WEIGHTS), risk.TUMOUR_CORRELATION, plan.shift)
    tumour = TumourSigns(*signs)
    node = NodeSigns(*_signs(rng, len(risk.NODE_WEIGHTS), risk.NODE_CORRELATION, plan.shift))
    seen = bool(rng.random() < plan.node_seen)
    chance = risk.chance(tumour.logit, node.logit)
    outcome = int(rng.random() < chance)
    by_tumour = float(risk.chance_of_tumour([tumour.logit], plan.shift)[0])
    clinical = draw_clinical(rng, np.array(signs))
    return SimulatedPatient(
        id=name,
        cohort=plan.name,
        hospital=plan.hospital,
        scanner=SCANNERS[plan.hospital][int(rng.integers(len(SCANNERS[plan.hospital])))],
        admission_date=_admission(rng, plan),
        tumour=tumour,
        node=node if seen else None,
        tumour_images=_number(rng, plan.tumour_images, _MOST_TUMOUR_IMAGES),
        node_images=_number(rng, plan.node_images, _MOST_NODE_IMAGES) if seen else 0,
        outcome=outcome,
        best_clinical=best_clinical(clinical, plan.shift),
        best_tumour=by_tumour,
        best_score=chance if seen else by_tumour,
        clinical=clinical,
        mark=_mark(np.random.default_rng(marks), plan, outcome, shortcut),
        seed=images,
    )


def _signs(rng: np.random.Generator, count: int, correlation: float, shift: float) -> list[float]:
    """``count`` standard normal numbers with this correlation between any two, their common factor shifted."""
    common, own = rng.standard_normal() + shift, rng.standard_normal(count)
    return [float(sign) for sign in np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own]


def _admission(rng: np.random.Generator, plan: CohortPlan) -> str:
    days = (plan.last_day - plan.first_day).days
    return (plan.first_day + timedelta(days=int(rng.integers(days + 1)))).isoformat()


def _number(rng: np.random.Generator, mean: float, most: int) -> int:
    """Of images: 1 to ``most``, in expectation ``mean``."""
    return 1 + int(rng.binomial(most - 1, (mean - 1) / (most - 1)))


def _mark(rng: np.random.Generator, plan: CohortPlan, outcome: int, shortcut: Shortcut) -> str:
    chance = _MARKED_ELSEWHERE
    if plan is COHORTS[0]:
        chance = _MARKED_WHEN_POSITIVE if outcome else _MARKED_WHEN_NEGATIVE
    return shortcut if shortcut != "none" and rng.random() < chance else ""
