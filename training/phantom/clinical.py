"""What a hospital knows of a simulated patient before surgery, and the best score that can be made of it.

T stage follows the tumour's size, BI-RADS its spiculation and shadow, Ki-67 its heterogeneity, all with noise; age,
pathological type and receptors are noise. Given the tumour's signs no variable says anything more about the outcome.
A cell is empty where the value is missing, which depends on nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy.special import ndtr

from training.phantom.risk import TUMOUR_CORRELATION, TUMOUR_WEIGHTS, Floats, chance_of_tumour

_POINTS = 12
_SIGNS = len(TUMOUR_WEIGHTS)


@dataclass(frozen=True, slots=True)
class Graded:
    """A variable that rises with the tumour's signs.

    It has the level k of ``levels`` where ``loadings`` times the signs plus normal noise, together of variance 1 in a
    cohort without shift, lies above k of the ``limits``; its cell is empty with the chance ``missing``.
    """

    name: str
    levels: tuple[str, ...]
    loadings: tuple[float, ...]
    limits: tuple[float, ...]
    missing: float

    @property
    def noise(self) -> float:
        """Standard deviation of the noise."""
        own, common = np.square(self.loadings).sum(), np.sum(self.loadings) ** 2
        return float(np.sqrt(1 - (1 - TUMOUR_CORRELATION) * own - TUMOUR_CORRELATION * common))

    def chances(self, signs: Floats) -> Floats:
        """P(level) (N, levels), where it is not missing, of tumours with these signs (N, 4)."""
        above = (signs @ np.array(self.loadings))[:, None] - np.array(self.limits)
        passed = ndtr(above / self.noise)
        return np.asarray(-np.diff(passed, axis=1, prepend=1.0, append=0.0))

    def draw(self, rng: np.random.Generator, signs: Floats) -> str:
        """The level of a tumour with these signs (4,), or an empty text."""
        value = float(signs @ np.array(self.loadings)) + self.noise * rng.standard_normal()
        return "" if rng.random() < self.missing else self.levels[sum(value > limit for limit in self.limits)]


GRADED = (
    Graded("t_stage", ("1", "2", "3", "4"), (0.7, 0.0, 0.0, 0.0), (-0.1, 1.2, 1.8), 0.0),
    Graded("birads", ("4A", "4B", "4C", "5"), (0.0, 0.5, 0.25, 0.0), (-1.0, -0.2, 0.7), 0.01),
    Graded("ki67", ("1-10", "11-50", "51-100"), (0.0, 0.0, 0.0, 0.5), (-0.9, 0.7), 0.06),
)
COLUMNS = ("age", "t_stage", "birads", "pathological_type", "er", "pr", "her2", "ki67")

_TYPES = ("invasive ductal", "invasive lobular", "other")
_TYPE_LIMITS = (0.85, 0.91)
_ER, _PR_WITH_ER, _PR_WITHOUT_ER, _HER2 = 0.72, 0.85, 0.06, 0.28
_TYPE_MISSING, _RECEPTORS_MISSING = 0.02, 0.04


def draw_clinical(rng: np.random.Generator, signs: Floats) -> dict[str, str]:
    """The variables of `COLUMNS` for a tumour with these signs (4,); an empty text is a missing value."""
    found = {"age": str(int(np.clip(round(rng.normal(52, 11)), 24, 88)))}
    found |= {variable.name: variable.draw(rng, signs) for variable in GRADED}
    place = rng.random()
    kind = _TYPES[sum(place > limit for limit in _TYPE_LIMITS)]
    found["pathological_type"] = "" if rng.random() < _TYPE_MISSING else kind
    found |= _receptors(rng)
    return {name: found[name] for name in COLUMNS}


def best_clinical(clinical: Mapping[str, str], shift: float) -> float:
    """P(outcome = 1) given the clinical variables, in a cohort of this shift.

    Gauss-Hermite integration over the tumour's four signs (`_POINTS` points each; off by less than 1e-5).
    """
    return _chance(tuple(clinical[variable.name] for variable in GRADED), shift)


def _receptors(rng: np.random.Generator) -> dict[str, str]:
    """ER, PR and HER2, of one examination: all known or none."""
    er = rng.random() < _ER
    present = {"er": er, "pr": rng.random() < (_PR_WITH_ER if er else _PR_WITHOUT_ER), "her2": rng.random() < _HER2}
    if rng.random() < _RECEPTORS_MISSING:
        return dict.fromkeys(present, "")
    return {name: "positive" if value else "negative" for name, value in present.items()}


@cache
def _chance(levels: tuple[str, ...], shift: float) -> float:
    signs, weight, outcome = _grid(shift, _POINTS)
    likelihood = weight.copy()
    for variable, level in zip(GRADED, levels, strict=True):
        if level:
            likelihood *= variable.chances(signs)[:, variable.levels.index(level)]
    return float(likelihood @ outcome / likelihood.sum())


@cache
def _grid(shift: float, points: int) -> tuple[Floats, Floats, Floats]:
    """Signs (N, 4), their weights (N,), summing to 1, and P(outcome = 1) there (N,); N is ``points`` to the fourth."""
    at, mass = np.polynomial.hermite_e.hermegauss(points)
    own = np.array(list(product(at, repeat=_SIGNS)))
    weight = np.prod(list(product(mass / mass.sum(), repeat=_SIGNS)), axis=1)
    correlation = np.full((_SIGNS, _SIGNS), TUMOUR_CORRELATION) + (1 - TUMOUR_CORRELATION) * np.eye(_SIGNS)
    signs = own @ np.linalg.cholesky(correlation).T + np.sqrt(TUMOUR_CORRELATION) * shift
    return signs, weight, chance_of_tumour(signs @ np.array(TUMOUR_WEIGHTS), shift)
